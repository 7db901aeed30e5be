"""Header fields of one DICOM file that are safe to pass on: numbers, known words and codes.

A file may hold anything under any tag. So numbers must lie in a range and are rounded, words are
compared with lists, and of free text only a keyed hash is kept, which tells equal from unequal.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from mrnet_features.series.dicom_files import ADVICE, DicomFile
from mrnet_features.series.dicom_pixels import name_syntax
from mrnet_features.series.dicom_tags import (
    HASHED_TAGS,
    HEADER_TAGS,
    DamagedSequenceError,
    TagValues,
)
from mrnet_features.series.header_words import (
    CHARACTER_SETS,
    DESCRIPTION_WORDS,
    KNEE_WORDS,
    MODEL_WORDS,
    OTHER,
    PLACEHOLDERS,
    TERMS,
)
from mrnet_features.series.side import read_maker

CODE_BYTES = 8
"""Length of a code: two of a million patients share one with a probability of 3e-8."""

KEPT_TAGS = (*HEADER_TAGS.values(), *HASHED_TAGS.values())
"""Tags to keep when a file is read for its fields."""


class Number(NamedTuple):
    """A number of a header.

    Attributes
    ----------
    tag : str
    low, high : float
        Range that is passed on. Numbers outside it are taken as missing.
    decimals : int
        Decimals that are kept.
    position : int
        Position in a tag of several values.
    sequence : str
        Sequence of the functional groups that holds it in enhanced files.
    group_tag : str
        Its tag there, if it is another one.
    """

    tag: str
    low: float
    high: float
    decimals: int
    position: int = 0
    sequence: str = ""
    group_tag: str = ""


TIMING = "MRTimingAndRelatedParametersSequence"

NUMBERS = {
    "field_t": Number("MagneticFieldStrength", 0.05, 12, 1),
    "frequency_mhz": Number("ImagingFrequency", 1, 600, 3),
    "echo_ms": Number("EchoTime", 0, 1000, 1, 0, "MREchoSequence", "EffectiveEchoTime"),
    "repetition_ms": Number("RepetitionTime", 0, 20_000, 0, 0, TIMING),
    "inversion_ms": Number(
        "InversionTime", 0, 10_000, 0, 0, "MRModifierSequence", "InversionTimes"
    ),
    "flip_deg": Number("FlipAngle", 0, 360, 0, 0, TIMING),
    "echo_train": Number("EchoTrainLength", 0, 1000, 0, 0, TIMING),
    "averages": Number("NumberOfAverages", 0, 100, 1),
    "bandwidth_hz": Number("PixelBandwidth", 0, 10_000, 0, 0, "MRImagingModifierSequence"),
    "acquired_rows": Number("AcquisitionMatrix", 1, 4096, 0, 3),
    "acquired_columns": Number("AcquisitionMatrix", 1, 4096, 0, 0),
    "sampling_percent": Number("PercentSampling", 0, 1000, 0),
    "phase_field_percent": Number("PercentPhaseFieldOfView", 0, 1000, 0),
    "rows": Number("Rows", 1, 4096, 0),
    "columns": Number("Columns", 1, 4096, 0),
    "row_mm": Number("PixelSpacing", 0.01, 10, 3, 0, "PixelMeasuresSequence"),
    "column_mm": Number("PixelSpacing", 0.01, 10, 3, 1, "PixelMeasuresSequence"),
    "thickness_mm": Number("SliceThickness", 0.01, 50, 2, 0, "PixelMeasuresSequence"),
    "spacing_mm": Number("SpacingBetweenSlices", 0.01, 100, 2, 0, "PixelMeasuresSequence"),
    "bits_allocated": Number("BitsAllocated", 1, 64, 0),
    "bits_stored": Number("BitsStored", 1, 64, 0),
    "is_signed": Number("PixelRepresentation", 0, 1, 0),
    "frames": Number("NumberOfFrames", 1, 100_000, 0),
}
"""Numbers by their column."""

LISTED = {
    "sequence": ("ScanningSequence", "SequenceVariant"),
    "acquisition": ("MRAcquisitionType",),
    "scan_options": ("ScanOptions",),
    "image_type": ("ImageType",),
    "position": ("PatientPosition",),
    "photometric": ("PhotometricInterpretation",),
}
"""Tags of words that DICOM or the makers list, by their column."""

WORDS = ("maker", "model", *LISTED, "body_part", "character_set", "description", "syntax")
"""Columns of known words."""

CODES = {
    "model_code": ("ManufacturerModelName",),
    "software_code": ("SoftwareVersions",),
    "coil_code": ("ReceiveCoilName",),
    "device_code": ("DeviceSerialNumber", "StationName"),
    "institution_code": ("InstitutionName",),
    "description_code": ("SeriesDescription", "ProtocolName"),
    "patient": ("PatientID",),
}
"""Tags of free text by the column of their code."""


def read_fields(file: DicomFile, salt: bytes) -> dict[str, float | str]:
    """Fields of one file.

    Parameters
    ----------
    file : DicomFile
        Read with `KEPT_TAGS`.
    salt : bytes
        Key of the codes, 1 to 64 bytes.

    Returns
    -------
    dict of str to float or str
        `NUMBERS` (NaN if missing), `WORDS` and `CODES` (empty if missing).

    Raises
    ------
    ValueError
        If a sequence of the file is damaged.
    """
    tags = file.tags
    try:
        groups = [
            *tags.items("PerFrameFunctionalGroupsSequence")[:1],
            *tags.items("SharedFunctionalGroupsSequence")[:1],
        ]
        numbers = {name: _read_number(tags, groups, field) for name, field in NUMBERS.items()}
    except DamagedSequenceError as error:
        raise ValueError(f"'{file.path}' can't be read as DICOM ({error}). {ADVICE}") from None
    numbers["frames"] = 1.0 if math.isnan(numbers["frames"]) else numbers["frames"]
    codes = {
        name: make_code(b"\\".join(tags.raw(tag) for tag in held), salt, name)
        for name, held in CODES.items()
    }
    return {**numbers, **_read_words(file), **codes}


def _read_number(tags: TagValues, groups: Sequence[TagValues], field: Number) -> float:
    """Number in its range, rounded; NaN if it is missing or outside."""
    found = tags.numbers(field.tag)
    for group in groups if field.sequence else ():
        for item in group.items(field.sequence)[:1]:
            found = item.numbers(field.group_tag or field.tag) or found
    value = found[field.position] if len(found) > field.position else math.nan
    return round(value, field.decimals) if field.low <= value <= field.high else math.nan


def _read_words(file: DicomFile) -> dict[str, str]:
    tags = file.tags
    maker = tags.word("Manufacturer")
    words = {
        "maker": read_maker(maker) or (OTHER if maker else ""),
        "model": join_known(_split(tags.raw("ManufacturerModelName")), MODEL_WORDS),
    }
    for name, held in LISTED.items():
        found = [value.upper() for tag in held for value in tags.text(tag) if value]
        words[name] = join_known(found, TERMS[name])
    description = tags.word("SeriesDescription"), tags.word("ProtocolName")
    known_set = tags.text("SpecificCharacterSet")
    words |= {
        "body_part": join_known(_split(tags.raw("BodyPartExamined")), KNEE_WORDS),
        "character_set": join_known([value.upper() for value in known_set], CHARACTER_SETS),
        "description": join_known(_split(" ".join(description).encode()), DESCRIPTION_WORDS),
        "syntax": name_syntax(file.syntax) or OTHER,
    }
    return words


def _split(raw: bytes) -> list[str]:
    """Words of letters and digits of a text, in lower case."""
    return re.findall("[a-z0-9]+", raw[:4096].decode("latin1").lower())


def join_known(words: Iterable[str], known: frozenset[str]) -> str:
    """Known words, sorted, each once; "other" if there are words but no known one.

    Parameters
    ----------
    words : iterable of str
    known : frozenset of str

    Returns
    -------
    str
        Empty if there are no words.

    Examples
    --------
    >>> join_known(["t2", "smith", "fs"], frozenset({"t1", "t2", "fs"}))
    'fs t2'
    >>> join_known(["smith"], frozenset({"t1"})), join_known([], frozenset({"t1"}))
    ('other', '')
    """
    given = {word for word in words if word}
    return " ".join(sorted(given & known)) or (OTHER if given else "")


def make_code(text: bytes, salt: bytes, field: str) -> str:
    """Code of a text: a keyed BLAKE2b hash; equal for texts that differ in case or spaces alone.

    Parameters
    ----------
    text : bytes
    salt : bytes
        Key, 1 to 64 bytes.
    field : str
        Column of the code. The same text has another code in another column.

    Returns
    -------
    str
        16 hexadecimal digits; empty if the text is empty or a placeholder such as "ANONYMOUS".

    Examples
    --------
    >>> make_code(b"Signa  HDxt ", b"salt", "model_code") == make_code(
    ...     b"SIGNA HDXT", b"salt", "model_code")
    True
    >>> make_code(b" ", b"salt", "model_code"), make_code(b"Anonymous", b"salt", "patient")
    ('', '')
    """
    plain = b" ".join(text.replace(b"\\", b" ").replace(b"\0", b" ").lower().split())
    bare = re.sub(rb"[^a-z0-9\x80-\xff]", b"", plain).decode("latin1")
    if not plain or not bare.strip("0x") or bare in PLACEHOLDERS:
        return ""
    made: Any = hashlib.blake2b(
        plain, digest_size=CODE_BYTES, key=salt, person=field.encode("ascii")
    )
    return str(made.hexdigest())
