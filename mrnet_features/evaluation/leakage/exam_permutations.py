"""Random permutations of exams that keep groups, such as patients, together."""

from __future__ import annotations

from math import exp, lgamma
from typing import TYPE_CHECKING, Any

import numpy as np

from mrnet_features.evaluation.protocol.stratify import derive_seed

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["draw_permutations", "permute_exams"]

# With fewer arrangements p can't be below .05.
FEWEST_ARRANGEMENTS = 20


def draw_permutations(
    groups: pd.Series[Any] | None, n_exams: int, n_permutations: int, seed: int
) -> list[NDArray[np.int64]]:
    """Independent permutations of exams, the same on every machine.

    Parameters
    ----------
    groups : Series of shape (n_exams,), int64, or None
        Group of each exam.
    n_exams, n_permutations, seed : int

    Returns
    -------
    list of ndarray of shape (n_exams,), int64
        See `permute_exams`.

    Raises
    ------
    ValueError
        If there are fewer than 20 arrangements, so that p can't be below .05.

    Examples
    --------
    >>> [sorted(order.tolist()) for order in draw_permutations(None, 4, 2, seed=0)]
    [[0, 1, 2, 3], [0, 1, 2, 3]]
    """
    codes = None if groups is None else groups.to_numpy()
    stacks = [np.zeros((n_exams, 1))] if codes is None else _stack_groups(codes)
    arrangements = sum(
        lgamma(len(members) + 1) + len(members) * lgamma(members.shape[1] + 1) for members in stacks
    )
    if arrangements < np.log(FEWEST_ARRANGEMENTS - 0.5):
        raise ValueError(
            f"There must be at least {FEWEST_ARRANGEMENTS} arrangements of the exams, got "
            f"{round(exp(arrangements))}, so p can't be small. Use more exams, or groups of equal "
            "size."
        )
    return [
        permute_exams(codes, n_exams, derive_seed(seed, "permutation", number))
        for number in range(n_permutations)
    ]


def permute_exams(groups: NDArray[np.int64] | None, n_exams: int, seed: int) -> NDArray[np.int64]:
    """Random permutation of exams that keeps the groups together.

    Parameters
    ----------
    groups : ndarray of shape (n_exams,), int64, or None
        Group of each exam.
    n_exams : int
    seed : int

    Returns
    -------
    ndarray of shape (n_exams,), int64
        Row that takes the place of each row. With groups, all rows of a group are taken from one
        group of the same size, in random order.

    Examples
    --------
    >>> order = permute_exams(np.array([0, 0, 1, 1]), 4, seed=0)
    >>> (order // 2).tolist() in ([0, 0, 1, 1], [1, 1, 0, 0])
    True
    """
    random = np.random.default_rng(seed)
    if groups is None:
        return random.permutation(n_exams)
    order = np.empty(n_exams, dtype=np.int64)
    for members in _stack_groups(groups):
        source = random.permuted(members[random.permutation(len(members))], axis=1)
        order[members] = source
    return order


def _stack_groups(groups: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Rows of the groups of each size, one array of shape (n_groups, size) for each."""
    codes, sizes = np.unique(groups, return_counts=True)
    return [
        np.stack([np.flatnonzero(groups == code) for code in codes[sizes == size]])
        for size in np.unique(sizes)
    ]
