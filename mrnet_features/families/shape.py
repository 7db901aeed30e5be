"""Shape: area, perimeter, Euler number and fractal dimension of thresholded masks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from mrnet_features.arrays import Array, namespace
from mrnet_features.counts.threshold_masks import threshold_masks
from mrnet_features.families.base import Counts, Family, Statistics, Words
from mrnet_features.families.documentation import fill_nouns
from mrnet_features.formulas.histogram import as_float, divide
from mrnet_features.stacks.stack import Stack


@dataclass(frozen=True)
class Shape(Family):
    """Area, perimeter, Euler number and fractal dimension of thresholded masks.

    A mask is the pixels of the region with a level above ``*`` percent of the number of levels. A
    is the number of pixels of the mask, P the number of their sides next to a pixel outside it, E
    its Euler number: 8-connected components minus holes. n is the number of pixels of the region,
    b(k) the number of boxes of side k = 1, 2, 4, ... pixels that contain a pixel of the mask,
    averaged over a grid from the left and one from the right.

    ============ ===================================== ========== =========
    statistic    formula                               unit       range
    ============ ===================================== ========== =========
    area_*       A                                     pixels     0..
    perimeter_*  P                                     pixels     0..
    euler_*      E                                     1          real
    fraction_*   A / n                                 fraction   0..1
    roughness_*  P / A                                 1/pixel    0..4
    scatter_*    E / A                                 1/pixel    -1..1
    fractal_*    slope of log b(k) over log(1 / k)     1          0..2
    ============ ===================================== ========== =========

    NaN where the region has no pixel; ``roughness``, ``scatter`` and ``fractal`` also where the
    mask has none. The slope is a least-squares fit over boxes up to the first that is at least a
    quarter as long as the slice's longer side, NaN where that has one pixel. ``area``,
    ``perimeter`` and ``euler`` are extensive. Bit quads as Gray (1971).

    Parameters
    ----------
    percents : tuple of int, default (25, 50, 75)
        Levels of the masks, in percent of the number of levels.

    References
    ----------
    .. [1] Gray SB. Local properties of binary images in two dimensions. IEEE Trans Comput
       1971;C-20(5):551-561.

    Examples
    --------
    >>> import numpy as np
    >>> ones = np.ones((1, 1, 4), np.uint8)
    >>> family, stack = Shape((50,)), Stack(ones, np.uint8([[[1, 2, 2, 1]]]), ones, n_levels=2)
    >>> float(family.describe(family.count(stack))["roughness_50"][0, 0])  # 6 sides, 2 pixels
    3.0
    """

    name: ClassVar[str] = "shape"
    words: ClassVar[Mapping[str, Words]] = fill_nouns(
        {
            "area_*": Words("area @", "more bright pixels"),
            "perimeter_*": Words("perimeter @", "longer edge of bright areas"),
            "euler_*": Words("pieces minus holes @", "more separate bright pieces"),
            "fraction_*": Words("share @", "more bright pixels"),
            "roughness_*": Words(
                "ragged edge @",
                "bright areas are more ragged or smaller",
                "perimeter over area of the mask @",
            ),
            "scatter_*": Words(
                "scattered pieces @",
                "more separate bright pieces",
                "pieces minus holes over area of the mask @",
            ),
            "fractal_*": Words("fractal dimension @", "bright areas fill the picture more evenly"),
        },
        {"": ("above {0} % of levels", "above {0} % of levels")},
    )
    percents: tuple[int, ...] = (25, 50, 75)

    @property
    def extensive(self) -> frozenset[str]:  # type: ignore[override]
        """Statistics that grow with the number of pixels."""
        sizes = ("area", "perimeter", "euler")
        return frozenset(f"{size}_{percent}" for size in sizes for percent in self.percents)

    def __post_init__(self) -> None:
        if not self.percents or not all(0 < percent < 100 for percent in self.percents):
            raise ValueError(f"`percents` must lie between 0 and 100, got {self.percents}.")
        if len(set(self.percents)) < len(self.percents):
            raise ValueError(f"`percents` must not repeat a value, got {self.percents}.")

    def count(self, stack: Stack) -> Counts:
        """Bit quads and boxes of each mask."""
        # lowest level above the given percentage
        thresholds = tuple(stack.n_levels * percent // 100 + 1 for percent in self.percents)
        return threshold_masks(stack, thresholds=thresholds)

    def describe(self, counts: Counts) -> Statistics:
        """Statistics of the table in the class docstring."""
        xp = namespace(counts.quads)
        n_pixels = as_float(counts.n_pixels)[..., None]
        q = as_float(counts.quads)
        q1, q2, q3, q4, diagonal = (q[..., k] for k in range(1, 6))
        unknown = 0 * divide(n_pixels, n_pixels)  # NaN without pixels, else 0
        area = (q1 + 2 * q2 + 3 * q3 + 4 * q4 + 2 * diagonal) / 4 + unknown
        perimeter = q1 + q2 + q3 + 2 * diagonal + unknown
        euler = (q1 - q3 - 2 * diagonal) / 4 + unknown
        found = {
            "area": area,
            "perimeter": perimeter,
            "euler": euler,
            "fraction": divide(area, n_pixels),
            "roughness": divide(perimeter, area),
            "scatter": divide(euler, area),
            "fractal": _fractal_dimension(as_float(counts.boxes)) + unknown,
        }
        return {
            f"{name}_{percent}": xp.asarray(values[..., k], copy=True)
            for name, values in found.items()
            for k, percent in enumerate(self.percents)
        }


def _fractal_dimension(boxes: Array) -> Array:
    """Slope of log(number of boxes) over log(1 / side)."""
    xp = namespace(boxes)
    n_sizes = max(boxes.shape[-1] - 2, 1)
    boxes = boxes[..., :n_sizes]
    nan = xp.full_like(boxes[..., 0], float("nan"))
    if n_sizes < 2:
        return nan
    logs = xp.log2(xp.maximum(boxes, 1.0))
    steps = xp.arange(n_sizes, dtype=xp.float64)
    weights = steps - (n_sizes - 1) / 2
    slope = -xp.sum(weights * logs, axis=-1) / xp.sum(weights**2)
    return xp.where(boxes[..., 0] > 0, slope, nan)
