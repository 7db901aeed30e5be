"""Sums over the cells of matrices of counts: total, largest, squares, and x log2(x)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from mrnet_features.arrays import Array, device_function, namespace
from mrnet_features.compiling import cached_njit

_BLOCK = 128  # cells added before the running sum: then rounding errors hardly grow


class CellSums(NamedTuple):
    """Sums over the last axis of counts.

    Attributes
    ----------
    total, largest, squares : array of shape (...), integer or float64 with whole numbers
        Sum of the counts, the largest one, and the sum of their squares.
    logs : array of shape (...), float64
        Sum of ``x log2(x)`` over the counts x, which is 0 at 0.
    """

    total: Array
    largest: Array
    squares: Array
    logs: Array


@device_function
def sum_cells(counts: Array) -> CellSums:
    """Sums over the last axis of counts.

    NumPy arrays are read once, by a compiled loop: the cells of all co-occurrence matrices of an
    exam with 255 levels take 90 MB. It looks logarithms up in a table, as far fewer counts differ
    than there are. On a GPU logarithms are cheap, and reading the highest count would make the
    host wait.

    Parameters
    ----------
    counts : array of shape (..., n_cells), int32 or int64
        Not negative.

    Returns
    -------
    CellSums

    Examples
    --------
    >>> found = sum_cells(np.array([4, 0, 2]))
    >>> int(found.total), int(found.largest), int(found.squares), float(found.logs)
    (6, 4, 20, 10.0)
    """
    if type(counts) is not np.ndarray:  # of another array-API library
        return _sum_arrays(counts)
    highest = int(counts.max())
    if highest >= counts.size:  # the table would be longer than the counts
        return _sum_arrays(counts)
    lead = counts.shape[:-1]
    rows = np.ascontiguousarray(counts).reshape(-1, counts.shape[-1])
    whole = np.empty((3, len(rows)), np.int64)
    logs = np.empty(len(rows))
    _sum_rows(rows, times_log2(np.arange(highest + 1, dtype=np.float64)), whole, logs)
    total, largest, squares = (part.reshape(lead) for part in whole)
    return CellSums(total, largest, squares, logs.reshape(lead))


@sum_cells.gpu
def _(counts: Array) -> CellSums:
    return _sum_arrays(counts)


def _sum_arrays(counts: Array) -> CellSums:
    """Sums with a logarithm of each count."""
    xp = namespace(counts)
    numbers = xp.astype(counts, xp.float64)
    return CellSums(
        xp.sum(counts, axis=-1),
        xp.max(counts, axis=-1),
        xp.sum(numbers**2, axis=-1),
        xp.sum(times_log2(numbers), axis=-1),
    )


def times_log2(values: Array) -> Array:
    """X log2(x); 0 at 0."""
    xp = namespace(values)
    return values * xp.log2(xp.maximum(values, 1.0))


@cached_njit(nogil=True, error_model="numpy")
def _sum_rows(rows: Any, table: Any, whole: Any, logs: Any) -> None:
    """Write total, largest and squares of each row to `whole`, and its sum of logarithms."""
    n_cells = rows.shape[1]
    for k in range(rows.shape[0]):
        total, largest, squares, log = np.int64(0), np.int64(0), np.int64(0), 0.0
        for begin in range(0, n_cells, _BLOCK):
            cells = rows[k, begin : min(begin + _BLOCK, n_cells)]
            for x in range(cells.shape[0]):
                cell = np.int64(cells[x])
                total += cell
                largest = max(largest, cell)
                squares += cell * cell
            log += _look_up(cells, table)
        whole[0, k], whole[1, k], whole[2, k] = total, largest, squares
        logs[k] = log


@cached_njit(nogil=True, error_model="numpy")
def _look_up(cells: Any, table: Any) -> float:
    """Sum of the values of a table at some cells, in four parts that don't wait for each other."""
    one, two, three, four = 0.0, 0.0, 0.0, 0.0
    end = cells.shape[0] // 4 * 4
    for x in range(0, end, 4):
        one += table[np.uintp(cells[x])]
        two += table[np.uintp(cells[x + 1])]
        three += table[np.uintp(cells[x + 2])]
        four += table[np.uintp(cells[x + 3])]
    for x in range(end, cells.shape[0]):
        one += table[np.uintp(cells[x])]
    return (one + two) + (three + four)
