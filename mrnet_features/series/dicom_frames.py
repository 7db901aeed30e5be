"""Frames of DICOM files: where each picture lies, and how its pixels are stored."""

from __future__ import annotations

import math
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from mrnet_features.series.dicom_files import (
    ADVICE,
    SUFFIXES,
    DicomFile,
    NotDicomError,
    read_dicom_header,
)
from mrnet_features.series.dicom_tags import DamagedSequenceError, TagValues
from mrnet_features.series.orientation import make_directions
from mrnet_features.series.side import read_side
from mrnet_features.series.volume import Directions, find_size_problem, find_spacing_problem
from mrnet_features.series.weighting import Tags

GREY = ("MONOCHROME1", "MONOCHROME2")

MR_PICTURES = {
    "1.2.840.10008.5.1.4.1.1.4": "MR Image Storage",
    "1.2.840.10008.5.1.4.1.1.4.1": "Enhanced MR Image Storage",
    "1.2.840.10008.5.1.4.1.1.4.4": "Legacy Converted Enhanced MR Image Storage",
}
"""Kinds of files that always hold a picture."""

LARGEST = 1e12
"""Largest slope and intercept."""


class Storage(NamedTuple):
    """How the pixels of a file are stored.

    Attributes
    ----------
    rows, columns, n_frames : int
    bits_allocated, bits_stored : int
        8 or 16, and 1 to 16.
    high_bit : int
        Position of the highest bit of a value.
    is_signed : bool
    is_inverted : bool
        Whether low values are bright (MONOCHROME1).
    padding : tuple of 2 ints, or None
        Range of stored values outside the scanned area.
    """

    rows: int
    columns: int
    n_frames: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    is_signed: bool
    is_inverted: bool
    padding: tuple[int, int] | None


class Frame(NamedTuple):
    """One picture.

    Attributes
    ----------
    file : DicomFile
    storage : Storage
    order : int
        Position in the file.
    directions : Directions or None
    position : tuple of 3 floats, or None
    pixel_mm : tuple of 2 floats, or None
        Distance of rows, and of columns.
    gap_mm : float
        Distance of slices as stated, NaN if not.
    slope, intercept : float
    number : float
        InstanceNumber, infinite if missing.
    sequence : Tags
    sides : frozenset of str
    """

    file: DicomFile
    storage: Storage
    order: int
    directions: Directions | None
    position: tuple[float, float, float] | None
    pixel_mm: tuple[float, float] | None
    gap_mm: float
    slope: float
    intercept: float
    number: float
    sequence: Tags
    sides: frozenset[str]


def has_picture(file: DicomFile) -> bool:
    """Whether a file holds a picture, and not a report or a directory.

    Parameters
    ----------
    file : DicomFile

    Returns
    -------
    bool
    """
    return file.tags.has("Rows") and file.pixel_start >= 0


def read_picture(path: Path, more_tags: Collection[int] = ()) -> DicomFile | None:
    """Header of a file with a picture, or None for a file of another kind.

    Parameters
    ----------
    path : Path
    more_tags : collection of int, default ()
        As for `read_dicom_header`.

    Returns
    -------
    DicomFile or None
        None for files that are not DICOM, reports and directories.

    Raises
    ------
    OSError, ValueError, ModuleNotFoundError
        As `read_dicom_header`. Also if a file is named as DICOM and is not, or is of a kind that
        has a picture and lacks it: without an error, a slice would be missing.
    """
    try:
        file = read_dicom_header(path, more_tags)
    except NotDicomError:
        if path.suffix.lower() in SUFFIXES:
            raise
        return None
    if has_picture(file):
        return file
    kind = MR_PICTURES.get(file.tags.word("SOPClassUID"))
    if kind:
        raise ValueError(f"'{path}' must hold a picture ({kind}), but ends before it. {ADVICE}")
    return None


def list_frames(file: DicomFile) -> list[Frame]:
    """Frames of a file, in stored order.

    Parameters
    ----------
    file : DicomFile

    Returns
    -------
    list of Frame

    Raises
    ------
    ValueError
        If its pictures are in colour, too large, or stored in a way that is not read.
    """
    try:
        return _list_frames(file)
    except DamagedSequenceError as error:
        raise ValueError(f"'{file.path}' can't be read as DICOM ({error}). {ADVICE}") from None


def _list_frames(file: DicomFile) -> list[Frame]:
    storage = read_storage(file)
    per_frame = file.tags.items("PerFrameFunctionalGroupsSequence")
    shared = file.tags.items("SharedFunctionalGroupsSequence")[:1]
    if per_frame and len(per_frame) != storage.n_frames:
        raise ValueError(
            f"'{file.path}' must describe each of its {storage.n_frames} pictures, got "
            f"{len(per_frame)} descriptions. Copy it again from its source."
        )
    top = file.tags
    frames = []
    for index in range(storage.n_frames):
        own = per_frame[index : index + 1] or shared[:0]
        frames.append(_read_frame(file, storage, index, [*own, *shared], top))
    return frames


def read_storage(file: DicomFile) -> Storage:
    """How the pixels of a file are stored.

    Parameters
    ----------
    file : DicomFile

    Returns
    -------
    Storage

    Raises
    ------
    ValueError
        If they are not grey values of 8 to 16 bits, too many, or incomplete.
    """
    tags, path = file.tags, file.path
    if not has_picture(file):
        raise ValueError(f"'{path}' holds no picture. Leave it out.")
    kind, samples = tags.word("PhotometricInterpretation"), tags.number("SamplesPerPixel", 1)
    if kind not in GREY or samples != 1:
        raise ValueError(
            f"'{path}' must hold grey values (MONOCHROME1 or MONOCHROME2, one sample a pixel), "
            "got colours or another kind. Leave it out."
        )
    allocated = int(tags.number("BitsAllocated", 0))
    stored = int(tags.number("BitsStored", allocated))
    high = int(tags.number("HighBit", stored - 1))
    if allocated not in (8, 16) or not 1 <= stored <= high + 1 <= allocated:
        raise ValueError(
            f"'{path}' must hold values of 8 or 16 bits, got {allocated} bits allocated, {stored} "
            f"stored and {high} as the highest. Leave it out, or convert it."
        )
    if tags.has("ModalityLUTSequence"):
        raise ValueError(
            f"'{path}' stores its values by a table (Modality LUT), which is not read. Leave it "
            "out, or convert it."
        )
    rows, columns = (int(tags.number(name, 0)) for name in ("Rows", "Columns"))
    n_frames = int(min(tags.number("NumberOfFrames", 1), 1e9)) or 1
    problem = find_size_problem(n_frames, rows, columns)
    if problem:
        raise ValueError(f"'{path}' {problem}. Leave it out.")
    is_signed = tags.number("PixelRepresentation", 0) == 1
    padding = None
    if tags.has("PixelPaddingValue") and tags.numbers("PixelPaddingValue"):
        ends = [_sign(tags.number("PixelPaddingValue"), is_signed)]
        ends.append(_sign(tags.number("PixelPaddingRangeLimit", ends[0]), is_signed))
        padding = (min(ends), max(ends))
    inverted = kind == GREY[0]
    return Storage(rows, columns, n_frames, allocated, stored, high, is_signed, inverted, padding)


def _sign(value: float, is_signed: bool) -> int:
    """Value of 16 bits as the pixels have it; files state its kind wrongly."""
    whole = int(value) % 2**16
    return whole - 2**16 if is_signed and whole >= 2**15 else whole


def _read_frame(
    file: DicomFile, storage: Storage, index: int, groups: list[TagValues], top: TagValues
) -> Frame:
    """One frame: its own functional groups count first, then shared ones, then the file's tags."""

    def find(sequence: str, name: str) -> TagValues:
        for group in groups:
            for item in group.items(sequence)[:1]:
                if item.has(name):
                    return item
        return top

    place = find("PlanePositionSequence", "ImagePositionPatient").numbers("ImagePositionPatient")
    facing = find("PlaneOrientationSequence", "ImageOrientationPatient")
    spacing = find("PixelMeasuresSequence", "PixelSpacing").numbers("PixelSpacing")
    position = (place[0], place[1], place[2]) if len(place) == 3 else None
    if not groups and storage.n_frames > 1:
        position = None  # the place of the first frame alone
    pixel_mm = (spacing[0], spacing[1]) if len(spacing) == 2 else None
    problem = find_spacing_problem(pixel_mm) if pixel_mm else None
    if problem:
        raise ValueError(f"'{file.path}' {problem}. Leave it out, or correct PixelSpacing.")
    scaling = find("PixelValueTransformationSequence", "RescaleSlope")
    slope = scaling.number("RescaleSlope", 1.0)
    intercept = scaling.number("RescaleIntercept", 0.0)
    if not 1 / LARGEST < abs(slope) < LARGEST or abs(intercept) > LARGEST:
        raise ValueError(
            f"'{file.path}' must have a RescaleSlope other than 0 and no huge RescaleIntercept, "
            f"got {slope:g} and {intercept:g}. Correct them, or leave it out."
        )
    measures = find("PixelMeasuresSequence", "SpacingBetweenSlices")
    gap = abs(measures.number("SpacingBetweenSlices"))
    if not gap > 0:
        gap = abs(find("PixelMeasuresSequence", "SliceThickness").number("SliceThickness"))
    sides = {read_side(top.word(name)) for name in ("Laterality", "ImageLaterality")}
    sides.add(read_side(find("FrameAnatomySequence", "FrameLaterality").word("FrameLaterality")))
    return Frame(
        file=file,
        storage=storage,
        order=index,
        directions=make_directions(facing.numbers("ImageOrientationPatient")),
        position=position,
        pixel_mm=pixel_mm,
        gap_mm=gap if gap > 0 else math.nan,
        slope=slope,
        intercept=intercept,
        number=top.number("InstanceNumber", math.inf),
        sequence=_read_sequence(find, top),
        sides=frozenset(sides - {""}),
    )


def _read_sequence(find: object, top: TagValues) -> Tags:
    """What the tags say of the sequence."""
    assert callable(find)
    echo = find("MREchoSequence", "EffectiveEchoTime").number("EffectiveEchoTime")
    timing = find("MRTimingAndRelatedParametersSequence", "RepetitionTime")
    inversion = find("MRModifierSequence", "InversionTimes").number("InversionTimes")
    suppression = find("MRModifierSequence", "SpectrallySelectedSuppression")
    return Tags(
        echo=echo if echo > 0 else top.number("EchoTime"),
        repetition=timing.number("RepetitionTime"),
        inversion=inversion if inversion > 0 else top.number("InversionTime"),
        scan_options=top.text("ScanOptions"),
        suppression=suppression.word("SpectrallySelectedSuppression"),
        is_gradient_echo="GR" in top.text("ScanningSequence"),
        words=" ".join(top.word(name) for name in ("SeriesDescription", "ProtocolName")),
    )
