"""Pixels that stand for a tissue on a plane, and their grey levels in an exam."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from mrnet_features.arrays import BoolArray, Int64Array, UInt8Array
from mrnet_features.names import PLANES, parse_series
from mrnet_features.stacks.atlas import KneeFrame, draw_region_set
from mrnet_features.stacks.exam_slices import index_slices
from mrnet_features.stacks.pixel_passes import count_grey
from mrnet_features.stacks.region_sets import REGION_SETS, RegionBox, RegionSet

__all__ = ["SOURCES", "Source", "list_sources", "measure_tissues", "quantile_of"]


class Source(NamedTuple):
    """Pixels that stand for a tissue on a plane.

    Attributes
    ----------
    tissue : str
        A key of `tissues.SIGNALS`.
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


SOURCES: Mapping[str, tuple[Source, ...]] = {plane: _list_sources(plane) for plane in PLANES}
"""Sources of the tissues by plane."""


def list_sources(series: str) -> tuple[Source, ...]:
    """Sources of the tissues on a series, those of its plane.

    Examples
    --------
    >>> [source.tissue for source in list_sources("axial_fluid")][:3]
    ['fat', 'marrow', 'fluid']
    """
    return SOURCES[parse_series(series).plane]


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
