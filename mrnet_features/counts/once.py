"""Counts that several families share, counted once a stack."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from mrnet_features.stacks.prepare import Stack

R = TypeVar("R")


def count_once(stack: Stack, count: Callable[..., R], of: str, **options: Any) -> R:
    """What `count` returns for a stack, remembered as long as the stack lives.

    Histogram, grey levels and neighbours serve several families each; this spares the second pass
    over the pixels without tying the families to each other.

    Parameters
    ----------
    stack : Stack
    count : callable
        A function of ``mrnet_features.counts``.
    of : {"grey", "levels"}
        Array of the stack to count.
    **options
        Passed on; `n_regions` is added. They must be hashable.

    Returns
    -------
    counts
        Not to be written to.

    Examples
    --------
    >>> import numpy as np
    >>> from mrnet_features.counts.histogram import histogram
    >>> ones = np.ones((1, 2, 2), np.uint8)
    >>> stack = Stack(ones, ones, ones, n_levels=1)
    >>> first = count_once(stack, histogram, "grey", n_values=2)
    >>> first is count_once(stack, histogram, "grey", n_values=2)
    True
    """
    key = (count, of, *sorted(options.items()))
    if key not in stack.counted:
        stack.counted[key] = count(
            getattr(stack, of), stack.regions, n_regions=stack.n_regions, **options
        )
    found: R = stack.counted[key]
    return found
