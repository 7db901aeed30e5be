"""Where in a line the regions begin and end: most of a picture's margin is air."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

_BLOCK = 16  # pixels looked at together


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def find_span(line: Any) -> tuple[int, int]:
    """First pixel of a line that lies in a region, and the one after the last; twice 0 for none.

    Parameters
    ----------
    line : array of shape (width,), uint8

    Returns
    -------
    first, end : int

    Examples
    --------
    >>> find_span(np.uint8([0, 0, 3, 0, 1, 0]))
    (2, 5)
    """
    first, end = 0, line.shape[0]
    while first + _BLOCK <= end:
        seen = np.uint8(0)
        for k in range(_BLOCK):
            seen |= line[first + k]
        if seen > 0:
            break
        first += _BLOCK
    while first < end and line[first] == 0:
        first += 1
    if first == end:
        return 0, 0
    while end - _BLOCK >= first:
        seen = np.uint8(0)
        for k in range(_BLOCK):
            seen |= line[end - _BLOCK + k]
        if seen > 0:
            break
        end -= _BLOCK
    while line[end - 1] == 0:
        end -= 1
    return first, end
