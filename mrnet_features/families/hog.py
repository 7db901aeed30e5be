"""Histograms of oriented gradients: direction of edges in each part of the knee."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from mrnet_features.arrays import Array, namespace
from mrnet_features.counts.oriented_gradients import STEPS, oriented_gradients
from mrnet_features.families.base import Counts, Family, Statistics, Words
from mrnet_features.formulas.histogram import as_float, divide
from mrnet_features.stacks.stack import Stack

_CELL = " in row {0:+1} of {n_rows} from the top and column {1:+1} from either side to the middle"


@dataclass(frozen=True)
class Hog(Family):
    """Histograms of oriented gradients (Dalal 2005), folded about the middle of the knee.

    The bounding box of the region, less the lines at each side that hold together at most 1 % of
    its pixels, is divided into cells. As left and right are unknown, a cell is added to its mirror
    image, and an orientation to its mirror image. m(k) is the sum of the magnitudes of gradients at
    an angle of k steps, give or take half a step, to the row.

    ========================== ========================== =========== =====
    statistic                  formula                    unit        range
    ========================== ========================== =========== =====
    row*_column*_orientation*  m(k) / sum(m) of the cell  fraction    0..1
    row*_column*_magnitude     sum(m) / (2 n) of the cell grey levels 0..
    ========================== ========================== =========== =====

    Rows count from the top, columns from the outside to the middle, orientations in steps of
    ``180 / n_orientations`` degrees; n is the number of pixels of the cell whose four neighbours
    lie in the region. NaN where the cell has no such pixel, orientations also where it has no
    gradient. For the stack, cells are summed over slices. As scikit-image's ``hog`` with one
    cell per block, except that orientation 0 is centred on the row direction.

    Parameters
    ----------
    n_rows, n_columns : int, default 3
        Number of cells; `n_columns` must be odd, so that there is a middle column.
    n_orientations : int, default 9
        An odd number or a multiple of four, so that no gradient lies between two.

    References
    ----------
    .. [1] Dalal N, Triggs B. Histograms of oriented gradients for human detection. CVPR
       2005;1:886-893.

    Examples
    --------
    >>> import numpy as np
    >>> ones = np.ones((1, 3, 4), np.uint8)
    >>> grey = np.arange(4, dtype=np.uint8) * ones
    >>> family, stack = Hog(1, 1), Stack(grey, ones, ones, n_levels=1)
    >>> float(family.describe(family.count(stack))["row0_column0_magnitude"][0, 0])
    1.0
    """

    name: ClassVar[str] = "hog"
    words: ClassVar[Mapping[str, Words]] = {
        "row*_column*_orientation0": Words(
            "upright edges, row {0:+1}, column {1:+1}",
            "more upright edges",
            "share of upright edges" + _CELL,
        ),
        "row*_column*_orientation*": Words(
            "edges {2:*180/{n_orientations}}° off upright, row {0:+1}, column {1:+1}",
            "more edges in this direction",
            "share of edges {2:*180/{n_orientations}} degrees off upright" + _CELL,
        ),
        "row*_column*_magnitude": Words(
            "strength of edges, row {0:+1}, column {1:+1}",
            "stronger edges",
            "mean strength of edges" + _CELL,
        ),
    }
    n_rows: int = 3
    n_columns: int = 3
    n_orientations: int = 9

    def __post_init__(self) -> None:
        if self.n_rows < 1 or self.n_columns < 1 or self.n_columns % 2 == 0:
            raise ValueError(
                "`n_rows` must be at least 1 and `n_columns` an odd number, got "
                f"{self.n_rows} and {self.n_columns}."
            )
        if not 1 <= self.n_orientations <= 180 or self.n_orientations % 4 == 2:
            raise ValueError(
                "`n_orientations` must be an odd number or a multiple of four up to 180, got "
                f"{self.n_orientations}."
            )

    def count(self, stack: Stack) -> Counts:
        """Gradients by cell and orientation."""
        return oriented_gradients(
            stack,
            n_rows=self.n_rows,
            n_columns=self.n_columns,
            n_orientations=self.n_orientations,
        )

    def describe(self, counts: Counts) -> Statistics:
        """Statistics of the table in the class docstring."""
        xp = namespace(counts.magnitude)
        magnitude = _fold_orientations(_fold_columns(as_float(counts.magnitude), axis=-2))
        number = _fold_columns(as_float(counts.number), axis=-1)
        total = xp.sum(magnitude, axis=-1)
        shares = divide(magnitude, total[..., None])
        mean_magnitude = divide(total, 2 * STEPS * number)
        statistics: dict[str, Array] = {}
        for row in range(number.shape[-2]):
            for column in range(number.shape[-1]):
                cell = f"row{row}_column{column}"
                for k in range(shares.shape[-1]):
                    statistics[f"{cell}_orientation{k}"] = shares[..., row, column, k]
                statistics[f"{cell}_magnitude"] = mean_magnitude[..., row, column]
        return statistics


def _fold_columns(cells: Array, axis: int) -> Array:
    """Sum of cells and their mirror images, from the outer to the middle column."""
    xp = namespace(cells)
    n_parts = (cells.shape[axis] + 1) // 2
    folded = cells + xp.flip(cells, axis=axis)
    return folded[..., :n_parts, :] if axis == -2 else folded[..., :n_parts]


def _fold_orientations(magnitude: Array) -> Array:
    """Sum of each orientation and its mirror image, by their angle to the row."""
    xp = namespace(magnitude)
    n = magnitude.shape[-1]
    first = magnitude[..., :1]
    rest = magnitude[..., 1:]
    folded = xp.concat([first, rest + xp.flip(rest, axis=-1)], axis=-1)[..., : n // 2 + 1]
    if n % 2:
        return folded
    upright = folded[..., n // 2 :] / 2  # its own mirror image, so counted twice
    return xp.concat([folded[..., : n // 2], upright], axis=-1)
