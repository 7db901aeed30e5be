"""Hints of the contrast of a series: whether fat is suppressed and fluid is bright."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mrnet_features.series.volume import Weighting

SUPPRESSED = re.compile(
    r"fs|fat ?sat|fatsat|fats|stir|tirm|spair|spir|sfs|fat ?sup\w*|chess|water|dixon ?w|ideal ?w"
)
"""Words of a description that name fat suppression."""

NOT_SUPPRESSED = re.compile(r"non? ?fs|nfs|w ?o ?fs|non? ?fat ?sat|without fs")

SHORT_TE, LONG_TE = 30.0, 60.0
SHORT_TR, LONG_TR = 1000.0, 1500.0
STIR_TI = (80.0, 260.0)
"""Milliseconds. Inversion times in this range null fat at 0.2 to 3 T."""


@dataclass(frozen=True)
class Tags:
    """What the tags say of a sequence; times in ms, NaN or empty where they do not say.

    Attributes
    ----------
    echo, repetition, inversion : float
    scan_options : tuple of str
        Such as "FS".
    suppression : str
        SpectrallySelectedSuppression of enhanced files, such as "FAT" or "NONE".
    is_gradient_echo : bool
    words : str
        Description of series and protocol. Matched with known words; never passed on.
    """

    echo: float = float("nan")
    repetition: float = float("nan")
    inversion: float = float("nan")
    scan_options: tuple[str, ...] = ()
    suppression: str = ""
    is_gradient_echo: bool = False
    words: str = ""


def find_weighting(tags: Tags) -> Weighting:
    """Hints of the contrast.

    Fat is suppressed if SpectrallySelectedSuppression, ScanOptions (FS), an inversion time of 80
    to 260 ms or a word of the description says so. It is not if the first says "NONE", a
    description says so, or ScanOptions has entries and nothing names suppression.

    Fluid is bright if the repetition time is at least 1500 ms, and the echo time at least 60 ms, or
    15 ms where fat is suppressed. It is dark at a repetition time of at most 1000 ms and an echo
    time of at most 30 ms. Gradient echoes are left open, and so is all between.

    Parameters
    ----------
    tags : Tags

    Returns
    -------
    Weighting

    Examples
    --------
    >>> find_weighting(Tags(echo=38, repetition=3000, scan_options=("FS",)))[:2]
    (True, True)
    """
    suppressed, source = _find_suppression(tags)
    sources = [source] if source else []
    bright = None
    if not tags.is_gradient_echo and tags.echo > 0 and tags.repetition > 0:
        least = 15.0 if suppressed else LONG_TE
        if tags.repetition >= LONG_TR and tags.echo >= least:
            bright = True
        elif tags.repetition <= SHORT_TR and tags.echo <= SHORT_TE and not suppressed:
            bright = False
        if bright is not None:
            sources.append("EchoTime, RepetitionTime")
    return Weighting(suppressed, bright, ", ".join(sources))


def _find_suppression(tags: Tags) -> tuple[bool | None, str]:
    """Whether fat is suppressed, and the tag that says so."""
    words = " ".join(re.findall("[a-z]+", tags.words.lower()))
    if tags.suppression:
        return tags.suppression.upper() != "NONE", "SpectrallySelectedSuppression"
    if re.search(rf"\b({NOT_SUPPRESSED.pattern})\b", words):
        return False, "SeriesDescription"
    options = {option.strip().upper() for option in tags.scan_options} - {""}
    if "FS" in options or any(option.startswith(("FATSAT", "FS_")) for option in options):
        return True, "ScanOptions"
    if STIR_TI[0] <= tags.inversion <= STIR_TI[1]:
        return True, "InversionTime"
    if re.search(rf"\b({SUPPRESSED.pattern})\b", words):
        return True, "SeriesDescription"
    return (False, "ScanOptions") if options else (None, "")
