"""Inner folds of a classifier that cross-validates within the rows it is fitted on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["split_inner_folds"]


def split_inner_folds(
    codes: NDArray[np.intp],
    n_splits: int,
    seed: int,
    groups: NDArray[np.generic] | None = None,
    weights: NDArray[np.float64] | None = None,
    advice: str = "Lower `n_splits`.",
) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Shuffled folds, stratified by class, that keep the rows of a group together.

    Parameters
    ----------
    codes : ndarray of shape (n_rows,), intp
        0 or 1.
    n_splits : int
    seed : int
        Seed of the shuffle.
    groups : ndarray of shape (n_rows,), optional
        Group of each row.
    weights : ndarray of shape (n_rows,), float64, optional
        Rows of weight 0 do not count as members of a class.
    advice : str
        What to do if there are too few rows.

    Returns
    -------
    list of (ndarray, ndarray)
        Row numbers of the training and test rows of each fold.

    Raises
    ------
    ValueError
        If a class has fewer rows, or rows of fewer groups, than `n_splits`, or a fold lacks a
        class.

    Examples
    --------
    >>> folds = split_inner_folds(np.array([0, 1] * 4), 2, seed=0, groups=np.arange(8) // 2)
    >>> [set(train // 2) & set(test // 2) for train, test in folds]
    [set(), set()]
    """
    counted = np.ones(len(codes), dtype=bool) if weights is None else weights > 0
    members = [np.flatnonzero(counted & (codes == code)) for code in (0, 1)]
    rarest = min(map(len, members))
    if rarest < n_splits:
        raise ValueError(
            f"`y` must hold at least {n_splits} rows of each class for the inner folds, got "
            f"{rarest}. {advice}"
        )
    if groups is None:
        plain = StratifiedKFold(n_splits, shuffle=True, random_state=seed)
        splits = list(plain.split(codes, codes))
    else:
        fewest = min(len(np.unique(groups[rows])) for rows in members)
        if fewest < n_splits:
            raise ValueError(
                f"`groups` must hold at least {n_splits} groups with rows of each class for the "
                f"inner folds, got {fewest}. {advice}"
            )
        grouped = StratifiedGroupKFold(n_splits, shuffle=True, random_state=seed)
        splits = list(grouped.split(codes, codes, groups))
    if groups is not None or weights is not None:
        for side in (side for split in splits for side in split):
            if len(np.unique(codes[side][counted[side]])) < 2:
                raise ValueError(
                    "Every inner fold must hold both classes, but one of them has rows of one "
                    f"class only{'' if groups is None else ', because groups stay together'}. "
                    f"{advice}"
                )
    return splits
