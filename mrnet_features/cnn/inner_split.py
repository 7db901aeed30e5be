"""The part of the training exams that chooses the epoch and combines the series."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mrnet_features.arrays import Float64Array, Int64Array
from mrnet_features.evaluation.protocol.stratify import count_possible_folds, make_folds

__all__ = ["split_training_part"]

MOST_PARTS = 5
"""One of so many parts is held back, or of fewer if there are few exams of a class."""


def split_training_part(
    targets: Float64Array, rows: Int64Array, groups: Int64Array | None, seed: int
) -> tuple[Int64Array, Int64Array]:
    """Split training exams into those to fit and those to tune on, stratified.

    Parameters
    ----------
    targets : ndarray of shape (n_exams, n_tasks), float64
        0 to 1, or NaN; labels between 0 and 1 are rounded here.
    rows : ndarray of int64
        Training exams.
    groups : ndarray of shape (n_exams,), int64, optional
        Exams of a group stay together.
    seed : int

    Returns
    -------
    train, tuning : ndarray of int64
        Sorted.

    Raises
    ------
    ValueError
        If a task has fewer than four exams of a class.

    Examples
    --------
    >>> targets = np.tile([[0.0], [1.0]], (10, 1))
    >>> train, tuning = split_training_part(targets, np.arange(20), None, 0)
    >>> len(train), len(tuning)
    (16, 4)
    """
    states = pd.DataFrame(np.round(targets[rows] + 1e-9), index=rows.astype(int))
    states.columns = [f"task {k}" for k in range(states.shape[1])]
    n_parts = min(MOST_PARTS, max(2, count_possible_folds(states)))
    try:
        own = None if groups is None else pd.Series(groups[rows], index=states.index)
        folds = make_folds(states, n_parts, 1, own, seed)
    except ValueError as error:
        error.add_note("while holding back a part of the training exams to tune the network on")
        raise
    frame = folds.frame
    held = frame.loc[frame["fold"] == 0, "exam"].to_numpy(np.int64)
    return np.setdiff1d(rows, held).astype(np.int64), np.sort(held)
