"""Values of an allow-list of DICOM tags, decoded from their bytes.

Only tags of `TAGS` are kept when a file is read; name, birth date, patient id and accession number
are not among them. `series.header_fields` also reads `HEADER_TAGS` and `HASHED_TAGS`; of the latter
nothing but a keyed hash leaves it. Values are decoded here, so that no message of another library
quotes one.
"""

from __future__ import annotations

import math
import struct
from typing import Any

TAGS = {
    "SOPClassUID": 0x00080016,
    "Modality": 0x00080060,
    "Manufacturer": 0x00080070,
    "SeriesDescription": 0x0008103E,
    "ScanningSequence": 0x00180020,
    "ScanOptions": 0x00180022,
    "SliceThickness": 0x00180050,
    "RepetitionTime": 0x00180080,
    "EchoTime": 0x00180081,
    "InversionTime": 0x00180082,
    "SpacingBetweenSlices": 0x00180088,
    "ProtocolName": 0x00181030,
    "StudyInstanceUID": 0x0020000D,
    "SeriesInstanceUID": 0x0020000E,
    "SeriesNumber": 0x00200011,
    "InstanceNumber": 0x00200013,
    "ImagePositionPatient": 0x00200032,
    "ImageOrientationPatient": 0x00200037,
    "Laterality": 0x00200060,
    "ImageLaterality": 0x00200062,
    "SamplesPerPixel": 0x00280002,
    "PhotometricInterpretation": 0x00280004,
    "NumberOfFrames": 0x00280008,
    "Rows": 0x00280010,
    "Columns": 0x00280011,
    "PixelSpacing": 0x00280030,
    "BitsAllocated": 0x00280100,
    "BitsStored": 0x00280101,
    "HighBit": 0x00280102,
    "PixelRepresentation": 0x00280103,
    "PixelPaddingValue": 0x00280120,
    "PixelPaddingRangeLimit": 0x00280121,
    "RescaleIntercept": 0x00281052,
    "RescaleSlope": 0x00281053,
    "ModalityLUTSequence": 0x00283000,
    "SharedFunctionalGroupsSequence": 0x52009229,
    "PerFrameFunctionalGroupsSequence": 0x52009230,
    "ExtendedOffsetTable": 0x7FE00001,
    "ExtendedOffsetTableLengths": 0x7FE00002,
}
"""Tags that are read from the top of a file."""

GROUP_TAGS = {
    "FrameAnatomySequence": 0x00209071,
    "FrameLaterality": 0x00209072,
    "PlanePositionSequence": 0x00209113,
    "PlaneOrientationSequence": 0x00209116,
    "PixelMeasuresSequence": 0x00289110,
    "PixelValueTransformationSequence": 0x00289145,
    "MRTimingAndRelatedParametersSequence": 0x00189112,
    "MREchoSequence": 0x00189114,
    "MRModifierSequence": 0x00189115,
    "EffectiveEchoTime": 0x00189082,
    "SpectrallySelectedSuppression": 0x00189025,
    "InversionTimes": 0x00189079,
    "MRImagingModifierSequence": 0x00189006,
}
"""Tags that are read from the functional groups of enhanced multi-frame files."""

HEADER_TAGS = {
    "SpecificCharacterSet": 0x00080005,
    "ImageType": 0x00080008,
    "BodyPartExamined": 0x00180015,
    "SequenceVariant": 0x00180021,
    "MRAcquisitionType": 0x00180023,
    "NumberOfAverages": 0x00180083,
    "ImagingFrequency": 0x00180084,
    "MagneticFieldStrength": 0x00180087,
    "EchoTrainLength": 0x00180091,
    "PercentSampling": 0x00180093,
    "PercentPhaseFieldOfView": 0x00180094,
    "PixelBandwidth": 0x00180095,
    "AcquisitionMatrix": 0x00181310,
    "FlipAngle": 0x00181314,
    "PatientPosition": 0x00185100,
}
"""Further tags for the table of header fields: numbers, and words of a list of DICOM."""

HASHED_TAGS = {
    "InstitutionName": 0x00080080,
    "StationName": 0x00081010,
    "ManufacturerModelName": 0x00081090,
    "PatientID": 0x00100020,
    "DeviceSerialNumber": 0x00181000,
    "SoftwareVersions": 0x00181020,
    "ReceiveCoilName": 0x00181250,
}
"""Tags of free text for the table of header fields, of which only a keyed hash is passed on."""

ALL_TAGS = TAGS | GROUP_TAGS | HEADER_TAGS

FORMATS = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d"}
"""Format of each binary kind of number, for `struct`."""

BINARY = {
    "SamplesPerPixel": "US",
    "Rows": "US",
    "Columns": "US",
    "BitsAllocated": "US",
    "BitsStored": "US",
    "HighBit": "US",
    "PixelRepresentation": "US",
    "PixelPaddingValue": "US",
    "PixelPaddingRangeLimit": "US",
    "EffectiveEchoTime": "FD",
    "InversionTimes": "FD",
    "AcquisitionMatrix": "US",
}
"""Kind of the tags that are not text, where a file does not state it."""

MOST_CHARACTERS = 4096
"""Most bytes of a text value that are looked at."""


class DamagedSequenceError(ValueError):
    """A sequence of a file can't be read."""


class TagValues:
    """Values of the tags of a file, or of an item of a sequence.

    Parameters
    ----------
    dataset : pydicom.Dataset
    """

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        self._elements = dict(dataset.items())  # as they were read, not converted

    def text(self, name: str) -> tuple[str, ...]:
        """Values of a text tag; empty if it is missing or empty.

        Parameters
        ----------
        name : str
            One of `TAGS` or `GROUP_TAGS`.

        Returns
        -------
        tuple of str
        """
        raw = self._find_bytes(name)[0][:MOST_CHARACTERS].decode("latin1").strip(" \0")
        return tuple(part.strip(" \0") for part in raw.split("\\")) if raw else ()

    def word(self, name: str) -> str:
        """First value of a text tag, or empty text.

        Parameters
        ----------
        name : str

        Returns
        -------
        str
        """
        values = self.text(name)
        return values[0] if values else ""

    def numbers(self, name: str) -> tuple[float, ...]:
        """Values of a tag of numbers; empty if one of them is no finite number.

        Parameters
        ----------
        name : str

        Returns
        -------
        tuple of float
        """
        raw, kind, endian = self._find_bytes(name)
        raw = raw[:MOST_CHARACTERS]
        kind = kind if kind in FORMATS else BINARY.get(name, "")
        try:
            if kind:
                form = FORMATS[kind]
                size = struct.calcsize(form)
                values = struct.unpack(f"{endian}{len(raw) // size}{form}", raw)
            else:
                text = raw.decode("ascii").strip(" \0")
                values = tuple(float(part) for part in text.split("\\")) if text else ()
        except (ValueError, struct.error):
            return ()
        return tuple(map(float, values)) if all(map(math.isfinite, values)) else ()

    def number(self, name: str, default: float = math.nan) -> float:
        """First value of a tag of numbers.

        Parameters
        ----------
        name : str
        default : float, default NaN
            What is returned if it is missing or no number.

        Returns
        -------
        float
        """
        values = self.numbers(name)
        return values[0] if values else default

    def items(self, name: str) -> list[TagValues]:
        """Items of a sequence; empty if it is missing.

        Parameters
        ----------
        name : str

        Returns
        -------
        list of TagValues

        Raises
        ------
        DamagedSequenceError
            If it can't be read.
        """
        tag = ALL_TAGS[name]
        value: Any = None
        if tag not in self._elements:
            return []
        try:
            value = self._dataset[tag].value
        except Exception:  # noqa: BLE001 (a damaged file raises almost anything)
            is_damaged = True
        else:
            is_damaged = False
        if is_damaged:  # without the traceback of pydicom, which can quote values
            raise DamagedSequenceError("a sequence can't be read")
        return [TagValues(item) for item in value] if hasattr(value, "pop") else []

    def has(self, name: str) -> bool:
        """Whether a tag is there.

        Parameters
        ----------
        name : str

        Returns
        -------
        bool
        """
        return ALL_TAGS[name] in self._elements

    def raw(self, name: str) -> bytes:
        """Bytes of a tag.

        Parameters
        ----------
        name : str
            One of `TAGS`, `GROUP_TAGS`, `HEADER_TAGS` or `HASHED_TAGS`.

        Returns
        -------
        bytes
        """
        return self._find_bytes(name)[0]

    def _find_bytes(self, name: str) -> tuple[bytes, str, str]:
        """Bytes of a tag, its kind as the file states it, and the order of bytes."""
        tag = HASHED_TAGS[name] if name in HASHED_TAGS else ALL_TAGS[name]
        element: Any = self._elements.get(tag)
        value = getattr(element, "value", None)
        if name == "SpecificCharacterSet" and value and not isinstance(value, bytes):
            values = [value] if isinstance(value, str) else value  # pydicom has converted it
            value = "\\".join(map(str, values)).encode("latin1", "replace")
        if not isinstance(value, bytes):
            return b"", "", "<"
        order = "<" if getattr(element, "is_little_endian", True) else ">"
        return value, str(element.VR or ""), order
