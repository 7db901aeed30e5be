"""What tissues look like on T1, T2 and PD sequences, and their grey levels measured in an exam."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from mrnet_features.arrays import BoolArray, Int64Array, UInt8Array
from mrnet_features.messages import name_some, quote
from mrnet_features.names import is_series, parse_series
from mrnet_features.stacks.atlas import KneeFrame, draw_region_set
from mrnet_features.stacks.exam_slices import index_slices
from mrnet_features.stacks.pixel_passes import count_grey
from mrnet_features.stacks.region_sets import REGION_SETS, RegionBox, RegionSet

__all__ = [
    "MRNET_SEQUENCES",
    "SEQUENCES",
    "SIGNALS",
    "SOURCES",
    "Source",
    "check_sequences",
    "describe_sequence",
    "find_sequences",
    "find_signal",
    "list_signals",
    "list_sources",
    "measure_tissues",
]

LEVELS = ("dark", "dark to intermediate", "intermediate", "intermediate to bright", "bright")
"""Signals from dark to bright."""

SEQUENCES = ("T1", "T1 fs", "T2", "T2 fs", "PD", "PD fs")
"""Spin-echo sequences; PD is proton density, fs is with fat saturation."""

SIGNALS: Mapping[str, tuple[str, str, str, str, str, str]] = {
    "fat": ("bright", "dark", "intermediate to bright", "dark", "bright", "dark"),
    "marrow": ("bright", "dark", "intermediate to bright", "dark", "bright", "dark"),
    "fluid": (
        "dark to intermediate",
        "dark to intermediate",
        "bright",
        "bright",
        "intermediate to bright",
        "bright",
    ),
    "muscle": (
        "intermediate",
        "intermediate",
        "dark to intermediate",
        "intermediate",
        "intermediate",
        "intermediate",
    ),
    "cortical bone": ("dark",) * 6,
    "ligament": ("dark",) * 6,
    "meniscus": ("dark",) * 6,
    "air": ("dark",) * 6,
}
"""Signal of each tissue, a word of `LEVELS`, on each of `SEQUENCES`."""

MRNET_SEQUENCES: Mapping[str, str] = {"axial": "PD fs", "coronal": "T1", "sagittal": "T2 fs"}
"""Sequence of each plane of MRNet."""

WEIGHTED_SEQUENCES: Mapping[str, tuple[str, ...]] = {
    "fluid": ("T2 fs", "PD fs"),
    "structural": ("T1", "PD"),
}
"""Sequences that a series with a weighting in its name may have; as a sequence, the name of the
weighting stands for what they have in common."""

SHOWS_FLUID = ("T2 fs", "PD fs", "fluid")
"""Sequences on which fluid is the brightest tissue, so that it can be found by its brightness."""


class Source(NamedTuple):
    """Pixels that stand for a tissue on a plane.

    Attributes
    ----------
    tissue : str
        A key of `SIGNALS`.
    where : str
        Region in words.
    sure : {"good", "fair", "weak"}
        How surely these pixels are of that tissue.
    quantile : float, default 0.5
        Quantile of the grey levels in the region. Other than 0.5 where the tissue fills only a
        part of the region and is chosen because it is dark or bright there.
    boxes : tuple of RegionBox, default ()
        Boxes of the region. None for fat and air, which are measured at the edge of the leg and in
        the corners of the picture.
    """

    tissue: str
    where: str
    sure: str
    quantile: float = 0.5
    boxes: tuple[RegionBox, ...] = ()


_RIM = (3, 7)  # pixels inside the outline, beneath the skin: 2 to 4 mm
_RIM_DEPTH = 0.3  # of the stack, left out at both ends: the outline is oblique to the slices there
_CORNER = 8  # pixels
_FLUID, _BONE, _FIBROUS = 0.995, 0.02, 0.1  # quantiles

_MUSCLES: Mapping[str, tuple[str, str, RegionBox]] = {
    "axial": (
        "behind the joint on both sides: heads of gastrocnemius, hamstrings",
        "fair",
        RegionBox("muscle", (0.70, 0.90), (0.22, 0.44), (0.1, 0.9), "columns"),
    ),
    "coronal": (
        "beside the shaft of the femur: vastus medialis and lateralis",
        "fair",
        RegionBox("muscle", (-0.54, -0.34), (0.11, 0.29), (0.35, 0.65), "columns"),
    ),
    "sagittal": (
        "behind the tibia: gastrocnemius",
        "good",
        RegionBox("muscle", (0.08, 0.34), (0.67, 0.89), (0.25, 0.75)),
    ),
}


def _list_sources(plane: str) -> tuple[Source, ...]:
    """Sources of the tissues on one plane, those of `SIGNALS` in its order."""

    def take(name: str, *regions: str) -> tuple[RegionBox, ...]:
        boxes = REGION_SETS[name][plane].boxes
        return tuple(box for box in boxes if not regions or box.name in regions)

    where, sure, box = _MUSCLES[plane]
    recess, recesses = {
        "axial": ("in front of the joint", ("front",)),
        "coronal": ("above the kneecap and beside the femur", ()),
        "sagittal": ("above the kneecap and in the joint", ("suprapatellar", "joint")),
    }[plane]
    sources = [
        Source("fat", "under the skin: 3 to 7 pixels inside the outline of the leg", "fair"),
        Source("marrow", "inside femur and tibia", "good", 0.5, take("bones")),
        Source("fluid", f"brightest 0.5 % {recess}", "fair", _FLUID, take("recesses", *recesses)),
        Source("muscle", where, sure, 0.5, (box,)),
        Source("cortical bone", "darkest 2 % of femur and tibia", "weak", _BONE, take("bones")),
    ]
    if plane != "axial":
        sources += [
            Source("ligament", "darkest tenth of the notch", "weak", _FIBROUS, take("notch")),
            Source("meniscus", "darkest tenth at the menisci", "fair", _FIBROUS, take("menisci")),
        ]
    return (*sources, Source("air", "darkest corner of the picture", "good"))


SOURCES: Mapping[str, tuple[Source, ...]] = {
    plane: _list_sources(plane) for plane in MRNET_SEQUENCES
}
"""Sources of the tissues by plane."""


def list_sources(series: str) -> tuple[Source, ...]:
    """Sources of the tissues on a series, those of its plane.

    Examples
    --------
    >>> [source.tissue for source in list_sources("axial_fluid")][:3]
    ['fat', 'marrow', 'fluid']
    """
    return SOURCES[parse_series(series).plane]


def list_signals(sequence: str | None = None) -> pd.DataFrame:
    """Table of what tissues look like on spin-echo sequences.

    Parameters
    ----------
    sequence : str, optional
        One of "T1", "T1 fs", "T2", "T2 fs", "PD" and "PD fs"; default: all. PD is proton density,
        fs is with fat saturation.

    Returns
    -------
    DataFrame
        Index: tissue. One column per sequence with "dark", "dark to intermediate",
        "intermediate", "intermediate to bright" or "bright".

    Raises
    ------
    ValueError
        If there is no such sequence.

    Examples
    --------
    >>> list_signals("T2 fs").loc[["fat", "fluid", "muscle"], "T2 fs"].tolist()
    ['dark', 'bright', 'intermediate']
    """
    index = pd.Index(list(SIGNALS), name="tissue")
    table = pd.DataFrame(list(SIGNALS.values()), index=index, columns=list(SEQUENCES))
    return table if sequence is None else table[[_check_sequence(sequence)]]


def describe_sequence(sequence: str) -> str:
    """Name of a sequence in words.

    Examples
    --------
    >>> describe_sequence("T2 fs"), describe_sequence("PD")
    ('T2 with fat saturation', 'proton density')
    >>> describe_sequence("fluid"), describe_sequence("structural")
    ('T2 or proton density with fat saturation', 'T1 or proton density')
    """
    if sequence in WEIGHTED_SEQUENCES:
        names = [name.removesuffix(" fs") for name in WEIGHTED_SEQUENCES[sequence]]
        words = " or ".join(map(describe_sequence, names))
        return f"{words} with fat saturation" if sequence == "fluid" else words
    weighting = sequence.removesuffix(" fs").replace("PD", "proton density")
    return f"{weighting} with fat saturation" if sequence.endswith(" fs") else weighting


def find_signal(tissue: str, sequence: str) -> str:
    """Signal of a tissue on a sequence.

    Parameters
    ----------
    tissue : str
        A key of `SIGNALS`.
    sequence : str
        One of `SEQUENCES`, or a key of `WEIGHTED_SEQUENCES`.

    Returns
    -------
    str
        A word of `LEVELS`; empty if the sequences of a weighting differ.

    Examples
    --------
    >>> find_signal("fat", "PD fs"), find_signal("fat", "structural")
    ('dark', 'bright')
    >>> find_signal("fluid", "structural")
    ''
    """
    names = WEIGHTED_SEQUENCES.get(sequence, (sequence,))
    words = {SIGNALS[tissue][SEQUENCES.index(name)] for name in names}
    return words.pop() if len(words) == 1 else ""


def check_sequences(sequences: Mapping[str, str | None] | None) -> dict[str, str]:
    """Sequence of each plane and of other series that are given; planes not given are MRNet's.

    Parameters
    ----------
    sequences : mapping of series to str or None, optional
        None as the sequence of a series: unknown, nothing is expected there.

    Returns
    -------
    dict of str to str
        Without the series whose sequence is unknown.

    Raises
    ------
    ValueError
        If a plane or a sequence does not exist.

    Examples
    --------
    >>> check_sequences({"sagittal": "PD", "axial": None})
    {'coronal': 'T1', 'sagittal': 'PD'}
    """
    given = dict(sequences or {})
    unknown = [series for series in given if not is_series(series)]
    if unknown:
        raise ValueError(
            f"`sequences` must name some of the planes {', '.join(MRNET_SEQUENCES)}, or series of "
            f"them such as 'sagittal_fluid', got {name_some(unknown)}."
        )
    chosen = {**MRNET_SEQUENCES, **given}
    return {plane: _check_sequence(name) for plane, name in chosen.items() if name is not None}


def find_sequences(
    series: Iterable[str], sequences: Mapping[str, str | None] | None
) -> dict[str, str]:
    """Sequence of each series of a set, as given, else by the weighting in its name.

    Parameters
    ----------
    series : iterable of str
    sequences : mapping of series to str or None, optional
        As for `check_sequences`.

    Returns
    -------
    dict of str to str
        One of `SEQUENCES` or a key of `WEIGHTED_SEQUENCES`; without the series whose sequence is
        unknown.

    Examples
    --------
    >>> find_sequences(["axial", "axial_dess", "sagittal_fluid"], None)
    {'axial': 'PD fs', 'sagittal_fluid': 'fluid'}
    >>> find_sequences(["coronal_fluid", "sagittal_fluid"], {"coronal_fluid": None})
    {'sagittal_fluid': 'fluid'}
    """
    checked, given = check_sequences(sequences), sequences or {}
    found: dict[str, str] = {}
    for name in series:
        of_name = "" if name in given else parse_series(name).known_weighting
        sequence = checked.get(name, of_name if name not in MRNET_SEQUENCES else "")
        if sequence:
            found[name] = sequence
    return found


def _check_sequence(sequence: str) -> str:
    if sequence not in SEQUENCES:
        raise ValueError(
            f"A sequence must be one of {', '.join(SEQUENCES)}, got {quote(sequence)}. fs stands "
            "for fat saturation."
        )
    return sequence


def measure_tissues(
    grey: UInt8Array, foreground: UInt8Array, frame: KneeFrame, plane: str
) -> dict[str, float]:
    """Grey level of each tissue of a stack.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8
        Grey levels 0 to 255.
    foreground : ndarray of the same shape, uint8
        0 outside the leg.
    frame : KneeFrame
    plane : str
        Plane, or a series of it.

    Returns
    -------
    dict of str to float
        By tissue; NaN where its region has no pixel.
    """
    owner = index_slices((0,), grey).owner
    levels: dict[str, float] = {}
    counted: dict[tuple[RegionBox, ...], Int64Array] = {}
    for source in list_sources(plane):
        if source.tissue == "air":
            levels[source.tissue] = _measure_air(grey)
            continue
        if source.boxes not in counted:
            inside = (
                draw_region_set(RegionSet(source.boxes), foreground, frame)
                if source.boxes
                else _find_rim(foreground).view(np.uint8)
            )
            counted[source.boxes] = count_grey(grey, inside, owner, 1)[0]
        levels[source.tissue] = quantile_of(counted[source.boxes], source.quantile)
    return levels


def quantile_of(counts: Int64Array, share: float) -> float:
    """Grey level below which a share of the pixels of a histogram lies; NaN without pixels.

    Examples
    --------
    >>> quantile_of(np.bincount([5, 7, 7, 9], minlength=256), 0.5)
    7.0
    """
    total = int(counts.sum())
    if total == 0:
        return float("nan")
    return float(np.searchsorted(np.cumsum(counts), share * total))


def _find_rim(foreground: UInt8Array) -> BoolArray:
    """Pixels just inside the left and right outline of the leg, on slices about the middle."""
    n_slices, _, width = foreground.shape
    rim = np.zeros(foreground.shape, dtype=bool)
    cut = min(round(_RIM_DEPTH * n_slices), (n_slices - 1) // 2)  # from both ends
    slices = slice(cut, n_slices - cut)
    inside = foreground[slices] > 0
    left = inside.argmax(axis=2)
    right = width - 1 - inside[..., ::-1].argmax(axis=2)
    # where the leg reaches the edge of the picture, there is no skin
    at = np.nonzero((left > 0) & (right < width - 1))
    for step in range(*_RIM):
        for columns in (left[at] + step, right[at] - step):
            rim[slices][*at, columns % width] = inside[*at, columns % width]
    return rim


def _measure_air(grey: UInt8Array) -> float:
    """Lowest of the medians of the four corners: the leg rarely fills all of them."""
    side = min(_CORNER, grey.shape[1], grey.shape[2])
    ends = (slice(None, side), slice(-side, None))
    return float(min(np.median(grey[:, rows, columns]) for rows in ends for columns in ends))
