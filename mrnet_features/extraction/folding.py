"""Two sides of the knee -> numbers that don't tell which side is which."""

from __future__ import annotations

from collections.abc import Sequence

from mrnet_features.arrays import Array, namespace

FIRST, SECOND = "_one", "_other"


def fold_pairs(region_names: Sequence[str], table: Array) -> dict[str, Array]:
    """Rows of a table by region, with the two rows of a pair of regions made unordered.

    Nobody knows which side of a knee is medial, so a pair ``x_one``, ``x_other`` becomes
    ``x_low``, the smaller value of each column, ``x_high``, the larger, and ``x_difference``, their
    absolute difference.

    Parameters
    ----------
    region_names : sequence of str, length n_regions
    table : array of shape (..., n_regions, n_columns), float64

    Returns
    -------
    dict of str to array of shape (..., n_columns), float64
        NaN where one of a pair is NaN.

    Raises
    ------
    ValueError
        If a region ends in ``_one`` and the next one is not its double.

    Examples
    --------
    >>> import numpy as np
    >>> pair = fold_pairs(["horn_one", "horn_other"], np.array([[1.0, 5.0], [3.0, 2.0]]))
    >>> {name: row.tolist() for name, row in pair.items()}
    {'horn_low': [1.0, 2.0], 'horn_high': [3.0, 5.0], 'horn_difference': [2.0, 3.0]}
    """
    xp = namespace(table)
    folded: dict[str, Array] = {}
    place = 0
    while place < len(region_names):
        name, row = region_names[place], table[..., place, :]
        stem = name.removesuffix(FIRST)
        if stem == name:
            folded[name] = row
            place += 1
            continue
        if list(region_names[place + 1 : place + 2]) != [stem + SECOND]:
            raise ValueError(
                f"Region {name!r} must be followed by {stem + SECOND!r}, its double, got "
                f"{', '.join(region_names)}. Name both, or neither, as a pair."
            )
        double = table[..., place + 1, :]
        folded[f"{stem}_low"] = xp.minimum(row, double)
        folded[f"{stem}_high"] = xp.maximum(row, double)
        folded[f"{stem}_difference"] = xp.abs(row - double)
        place += 2
    return folded
