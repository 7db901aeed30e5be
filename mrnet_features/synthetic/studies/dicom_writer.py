"""DICOM files of one synthetic series, in the way of its site."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mrnet_features.series.dicom_files import import_pydicom
from mrnet_features.synthetic.studies.placing import SeriesPlace
from mrnet_features.synthetic.studies.sites import Site
from mrnet_features.synthetic.studies.slots import SeriesPlan
from mrnet_features.synthetic.style import Style

UNITS = 11.0
"""Values of a file, before rescaling, per grey level of 8 bits."""

LARGEST = 4095.0
"""Largest value before rescaling; large effusions and cysts reach it."""

SYNTAXES = {
    "": "1.2.840.10008.1.2.1",
    "rle": "1.2.840.10008.1.2.5",
    "jpeg2000": "1.2.840.10008.1.2.4.90",
}
"""Transfer syntaxes: Explicit VR Little Endian, RLE Lossless, JPEG 2000 Lossless."""

MR_IMAGE, ENHANCED_MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.4.1"

WORDS = {"axial": "AX", "coronal": "COR", "sagittal": "SAG"}


@dataclass(frozen=True)
class SeriesFacts:
    """What the headers of one series say beside its pictures.

    Attributes
    ----------
    study, series, frame_of_reference : str
        UIDs.
    number : int
        SeriesNumber.
    patient : str
    side : {"left", "right"}
    plan : SeriesPlan
    site : Site
    """

    study: str
    series: str
    frame_of_reference: str
    number: int
    patient: str
    side: str
    plan: SeriesPlan
    site: Site


def make_uid(*parts: object) -> str:
    """UID that depends on some values alone.

    Parameters
    ----------
    *parts : object
        Values with a text.

    Returns
    -------
    str
        ``2.25.`` and a number of 128 bits.

    Examples
    --------
    >>> make_uid("study", 1) == make_uid("study", 1), len(make_uid("study", 1)) <= 64
    (True, True)
    """
    text = "|".join(map(str, parts))
    return f"2.25.{int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], 'big')}"


def write_series(
    facts: SeriesFacts, pictures: NDArray[np.float32], places: list[SeriesPlace]
) -> Iterator[tuple[str, bytes]]:
    """DICOM files of one series.

    Parameters
    ----------
    facts : SeriesFacts
    pictures : ndarray of shape (n_slices, rows, columns), float32
        Grey levels in units of 8 bits.
    places : list of SeriesPlace
        One, or one per picture.

    Yields
    ------
    name : str
        SOPInstanceUID.
    data : bytes
    """
    positions = np.concatenate([place.positions for place in places])
    values = store_values(pictures, facts.site)
    numbers = number_slices(len(positions), facts.site.numbering)
    if facts.site.is_enhanced and len(places) == 1:
        yield _write_enhanced(facts, values, places[0])
        return
    for k, (picture, position) in enumerate(zip(values, positions, strict=True)):
        place = places[k if len(places) > 1 else 0]
        found = _describe(facts, place, make_uid(facts.series, k), MR_IMAGE)
        found.InstanceNumber = int(numbers[k])
        found.ImagePositionPatient = [_number(value) for value in position]
        found.ImageOrientationPatient = [_number(v) for v in (*place.right, *place.down)]
        found.PixelSpacing = [_number(place.pixel_mm)] * 2
        style = facts.site.fluid if facts.plan.weighting == "fluid" else facts.site.structural
        found.SliceThickness = _number(style.slice_fill * place.gap_mm)
        if facts.site.states_gap:
            found.SpacingBetweenSlices = _number(place.gap_mm)
        yield found.SOPInstanceUID, _to_bytes(found, picture, facts.site)


def store_values(
    pictures: NDArray[np.float32], site: Site
) -> NDArray[np.uint16] | NDArray[np.int16]:
    """Values as the files of a site store them.

    Parameters
    ----------
    pictures : ndarray of shape (n_slices, rows, columns), float32
        Grey levels in units of 8 bits.
    site : Site

    Returns
    -------
    ndarray of the same shape, uint16 or int16
    """
    maker = site.maker
    values = np.minimum(UNITS * pictures, LARGEST)
    values = np.rint((values - maker.intercept) / maker.slope)
    if maker.is_inverted:
        values = LARGEST - values
    stored: NDArray[np.int16] | NDArray[np.uint16]
    stored = values.astype(np.int16) if maker.is_signed else values.astype(np.uint16)
    return stored


def number_slices(n_slices: int, numbering: str) -> NDArray[np.int64]:
    """InstanceNumber of each slice.

    Parameters
    ----------
    n_slices : int
    numbering : {"along", "against", "interleaved"}
        In the order of positions, in the reverse order, or every second slice first.

    Returns
    -------
    ndarray of shape (n_slices,), int64

    Examples
    --------
    >>> number_slices(4, "against").tolist(), number_slices(4, "interleaved").tolist()
    ([4, 3, 2, 1], [1, 3, 2, 4])
    """
    numbers = np.arange(1, n_slices + 1)
    if numbering == "against":
        return numbers[::-1]
    if numbering == "interleaved":
        order = [*range(0, n_slices, 2), *range(1, n_slices, 2)]
        numbers = np.empty(n_slices, dtype=np.int64)
        numbers[order] = np.arange(1, n_slices + 1)
    return numbers


def _number(value: float) -> float:
    """Number in the 16 characters that DICOM allows for one."""
    return float(f"{value:.6g}") if abs(value) < 1e-4 else float(round(float(value), 6))


def _describe(facts: SeriesFacts, place: SeriesPlace, uid: str, kind: str) -> Any:
    """Data set of one file with all tags that are not about its position."""
    dataset = import_pydicom("pydicom.dataset")
    site, plan = facts.site, facts.plan
    found = dataset.Dataset()
    meta = found.file_meta = dataset.FileMetaDataset()
    meta.MediaStorageSOPClassUID = found.SOPClassUID = kind
    meta.MediaStorageSOPInstanceUID = found.SOPInstanceUID = uid
    meta.TransferSyntaxUID = SYNTAXES[""]
    # instead of pydicom's own, whose version would change the bytes
    meta.ImplementationClassUID = make_uid("implementation")
    meta.ImplementationVersionName = "SYNTHETIC"
    found.ImageType = ["DERIVED", "PRIMARY", "SYNTHETIC"]
    found.StudyDate = found.SeriesDate = "20260101"
    found.StudyTime = "000000"
    found.AccessionNumber = ""
    found.Modality = "MR"
    found.Manufacturer = site.maker.manufacturer
    found.ManufacturerModelName = site.maker.model
    found.SoftwareVersions = site.software
    found.PatientName, found.PatientID = "SYNTHETIC^KNEE", facts.patient
    found.PatientBirthDate = found.PatientSex = ""
    found.ImageComments = "Synthetic picture of a drawn knee, of no patient"
    found.BodyPartExamined = "KNEE"
    found.PatientPosition = "FFS"
    found.StudyInstanceUID, found.SeriesInstanceUID = facts.study, facts.series
    found.FrameOfReferenceUID = facts.frame_of_reference
    found.SeriesNumber = facts.number
    found.StudyID = ""
    _describe_sequence(found, site, plan)
    letter = facts.side[0].upper()
    if site.laterality == "empty":
        found.Laterality = ""
    elif site.laterality:
        setattr(found, site.laterality, letter)
    found.SamplesPerPixel = 1
    found.PhotometricInterpretation = f"MONOCHROME{1 if site.maker.is_inverted else 2}"
    found.Rows, found.Columns = place.rows, place.columns
    found.BitsAllocated = 16
    found.BitsStored, found.HighBit = site.maker.bits, site.maker.bits - 1
    found.PixelRepresentation = int(site.maker.is_signed)
    if (site.maker.slope, site.maker.intercept) != (1.0, 0.0):
        found.RescaleIntercept, found.RescaleSlope = site.maker.intercept, site.maker.slope
    return found


def _describe_sequence(found: Any, site: Site, plan: SeriesPlan) -> None:
    """Add the tags of the sequence."""
    is_fluid = plan.weighting == "fluid"
    style: Style = site.fluid if is_fluid else site.structural
    k = list(WORDS).index(plan.plane)
    found.MagneticFieldStrength = site.tesla
    found.ScanningSequence = "SE"
    if site.maker.options[0]:
        found.ScanOptions = site.maker.options[0 if is_fluid else 1].split("\\")
    if site.states_times:
        found.RepetitionTime, found.EchoTime = style.repetition_ms[k], style.echo_ms[k]
    contrast = "PD" if style.repetition_ms[k] > 1500.0 else "T1"
    words = f"{WORDS[plan.plane]} {contrast}{' FS' if is_fluid else ''}"
    if plan.kind != "usual":
        words = {"second": f"{words} 2", "thin": f"{words} THIN"}.get(plan.kind, "SCOUT")
    texts = {"words": words, "placeholder": "SERIES", "empty": ""}
    found.SeriesDescription = texts[site.description]


def _to_bytes(found: Any, values: NDArray[np.generic], site: Site) -> bytes:
    """File of a data set with these values as its pixels."""
    found.PixelData = np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<")).tobytes()
    found["PixelData"].VR = "OW"
    if site.compression:
        import_pydicom("pydicom")
        found.compress(
            SYNTAXES[site.compression], encoding_plugin="pylibjpeg", generate_instance_uid=False
        )
    buffer = io.BytesIO()
    import_pydicom("pydicom").dcmwrite(buffer, found, enforce_file_format=True)
    return buffer.getvalue()


def _write_enhanced(
    facts: SeriesFacts, values: NDArray[np.generic], place: SeriesPlace
) -> tuple[str, bytes]:
    """One file with all pictures of a series, each described by its functional groups."""
    make = import_pydicom("pydicom.dataset").Dataset
    found = _describe(facts, place, make_uid(facts.series, 0), ENHANCED_MR_IMAGE)
    found.InstanceNumber = 1
    found.NumberOfFrames = len(values)
    facing, measures, shared = make(), make(), make()
    facing.ImageOrientationPatient = [_number(v) for v in (*place.right, *place.down)]
    measures.PixelSpacing = [_number(place.pixel_mm)] * 2
    measures.SliceThickness = _number(place.gap_mm)
    shared.PlaneOrientationSequence = [facing]
    shared.PixelMeasuresSequence = [measures]
    if "RescaleSlope" in found:
        scaling = make()
        scaling.RescaleIntercept, scaling.RescaleSlope = found.RescaleIntercept, found.RescaleSlope
        scaling.RescaleType = "US"
        shared.PixelValueTransformationSequence = [scaling]
        del found.RescaleIntercept, found.RescaleSlope
    found.SharedFunctionalGroupsSequence = [shared]
    groups = []
    for position in place.positions:
        spot, group = make(), make()
        spot.ImagePositionPatient = [_number(value) for value in position]
        group.PlanePositionSequence = [spot]
        groups.append(group)
    found.PerFrameFunctionalGroupsSequence = groups
    return found.SOPInstanceUID, _to_bytes(found, values, facts.site)
