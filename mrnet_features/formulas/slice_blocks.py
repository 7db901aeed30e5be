"""Describe large matrices some slices at a time, so that they stay in the cache of a processor."""

from __future__ import annotations

import math
from collections.abc import Callable

from mrnet_features.arrays import Array, is_on_gpu, namespace

_CPU_CELLS = 2**16
_GPU_CELLS = 2**26  # a GPU prefers few large operations, but its memory is bounded too


def describe_in_blocks(
    describe: Callable[..., dict[str, Array]], *arrays: Array, n_cells: int | None = None
) -> dict[str, Array]:
    """Statistics of a function that describes each slice by itself.

    Parameters
    ----------
    describe : callable
        From some slices of the arrays to statistics by name, with one value per slice at least.
    *arrays : arrays of shape (n_slices, ...)
        At least one.
    n_cells : int, optional
        Number of values per slice that `describe` works on. Default: those of the first array.

    Returns
    -------
    dict of str to array of shape (n_slices, ...)

    Examples
    --------
    >>> import numpy as np
    >>> describe_in_blocks(lambda rows: {"sum": rows.sum(axis=1)}, np.ones((3, 2)))["sum"]
    array([2., 2., 2.])
    """
    n_slices = arrays[0].shape[0]
    cells = n_cells or math.prod(arrays[0].shape[1:])
    most = _GPU_CELLS if is_on_gpu(arrays[0]) else _CPU_CELLS
    step = max(most // max(cells, 1), 1)
    if step >= n_slices:
        return describe(*arrays)
    blocks = [
        describe(*(array[begin : begin + step, ...] for array in arrays))
        for begin in range(0, n_slices, step)
    ]
    xp = namespace(*arrays)
    return {name: xp.concat([block[name] for block in blocks]) for name in blocks[0]}
