"""How far each region reaches in each slice."""

from __future__ import annotations

from mrnet_features.arrays import Array, namespace


def extents(regions: Array, *, n_regions: int) -> Array:
    """Pixels, rows and columns that each region takes in each slice, and the slice's own.

    Parameters
    ----------
    regions : array of shape (n_slices, height, width), uint8
        0 outside, r inside region r.
    n_regions : int

    Returns
    -------
    array of shape (n_slices, n_regions, 5), int32
        Number of pixels, of rows with a pixel, of columns with a pixel, of all rows, of all
        columns.

    Examples
    --------
    >>> import numpy as np
    >>> extents(np.uint8([[[0, 1, 1]]]), n_regions=1)
    array([[[2, 1, 2, 1, 3]]], dtype=int32)
    """
    xp = namespace(regions)
    _, height, width = regions.shape
    rows = []
    for region in range(1, n_regions + 1):
        inside = regions == region
        n_pixels = xp.sum(xp.astype(inside, xp.int32), axis=(1, 2), dtype=xp.int32)
        n_rows = xp.sum(xp.astype(xp.any(inside, axis=2), xp.int32), axis=1, dtype=xp.int32)
        n_columns = xp.sum(xp.astype(xp.any(inside, axis=1), xp.int32), axis=1, dtype=xp.int32)
        all_rows, all_columns = (xp.full_like(n_rows, size) for size in (height, width))
        rows.append(xp.stack([n_pixels, n_rows, n_columns, all_rows, all_columns], axis=-1))
    return xp.stack(rows, axis=1)
