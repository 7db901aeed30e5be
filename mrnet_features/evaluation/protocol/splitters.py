"""Folds from what `cross_validate` is given: Folds, a number, a scikit-learn splitter or pairs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mrnet_features.evaluation.protocol.folds import Folds
from mrnet_features.evaluation.protocol.stratify import make_folds
from mrnet_features.messages import quote

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mrnet_features.evaluation.alignment import AlignedData

__all__ = ["choose_folds", "number_folds"]

PARTITION = (
    "`folds` must test every exam exactly once per repeat and train on all others, as "
    "StratifiedKFold and RepeatedStratifiedKFold do"
)


def choose_folds(folds: Any, data: AlignedData, n_splits: int, n_repeats: int, seed: int) -> Folds:
    """Make or check the folds of a cross-validation.

    Parameters
    ----------
    folds : Folds, int, splitter, iterable of (train, test), or None
        See `cross_validate`.
    data : AlignedData
    n_splits, n_repeats, seed
        See `make_folds`. A number given as `folds` replaces `n_splits`.

    Returns
    -------
    Folds

    Raises
    ------
    TypeError
        If `folds` is of another kind.
    ValueError
        If the folds are no partition in each repeat, or do not suit the labels or groups.
    """
    if isinstance(folds, Integral):
        n_splits, folds = int(folds), None
    if folds is None:
        return make_folds(data.labels, n_splits, n_repeats, data.groups, seed)
    if isinstance(folds, Folds):
        chosen = folds
    elif hasattr(folds, "split") and not isinstance(folds, str):
        labels = data.labels.loc[data.order]
        groups = None if data.groups is None else data.groups.loc[data.order].to_numpy()
        # A splitter takes one target: several tasks are stratified by their combination.
        states = labels.fillna(-1).to_numpy()  # a missing label is one more state
        target = np.unique(states, axis=0, return_inverse=True)[1].reshape(-1)
        table = data.features.loc[data.order]
        chosen = number_folds(folds.split(table, target, groups), data.order)
    elif isinstance(folds, Iterable) and not isinstance(folds, str | Mapping | pd.DataFrame):
        chosen = number_folds(folds, data.order)
    else:
        raise TypeError(
            "`folds` must be Folds, a number of folds, a scikit-learn splitter or pairs of train "
            f"and test row numbers, got {type(folds).__name__}. Load a file with `Folds.read`."
        )
    chosen.check(data.labels, data.groups)
    return chosen


def number_folds(pairs: Iterable[Any], exams: pd.Index[Any]) -> Folds:
    """Folds from pairs of train and test row numbers.

    Parameters
    ----------
    pairs : iterable of (array, array)
        Row numbers of the training and test exams of each fold. A repeat ends where every exam
        has been tested.
    exams : Index of shape (n_exams,)
        Exam id of each row.

    Returns
    -------
    Folds

    Raises
    ------
    ValueError
        If an exam is tested twice or never in a repeat, or is neither in train nor in test.

    Examples
    --------
    >>> folds = number_folds([([1], [0]), ([0], [1])], pd.Index(["a", "b"]))
    >>> folds.frame["fold"].tolist()
    [0, 1]
    """
    n_exams = len(exams)
    fold_of = np.full(n_exams, -1)
    frames: list[pd.DataFrame] = []
    fold = 0
    for number, pair in enumerate(pairs):
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise ValueError(
                f"`folds` must hold pairs of train and test row numbers, got "
                f"{type(pair).__name__} as item {number}."
            )
        train, test = (_read_rows(rows, n_exams) for rows in pair)
        again = test[fold_of[test] >= 0]
        if len(again):
            raise ValueError(
                f"{PARTITION}; split {number} tests exam {quote(exams[again[0]])} again before "
                "every exam was tested."
            )
        if len(train) + len(test) != n_exams or len(np.intersect1d(train, test)):
            raise ValueError(
                f"{PARTITION}; split {number} has {len(train)} training and {len(test)} test exams "
                f"of {n_exams}, {len(np.intersect1d(train, test))} in both."
            )
        fold_of[test] = fold
        fold += 1
        if (fold_of >= 0).all():
            rows = {"exam": exams, "repeat": len(frames), "fold": fold_of.copy()}
            frames.append(pd.DataFrame(rows))
            fold_of[:] = -1
            fold = 0
    if fold or not frames:
        raise ValueError(
            f"{PARTITION}; {int((fold_of < 0).sum())} of {n_exams} exams are never tested in "
            f"repeat {len(frames)}."
        )
    return Folds(pd.concat(frames, ignore_index=True))


def _read_rows(rows: Any, n_exams: int) -> NDArray[np.intp]:
    values = np.asarray(rows)
    if values.dtype == bool and values.shape == (n_exams,):
        values = np.flatnonzero(values)
    whole = values.ndim == 1 and (np.issubdtype(values.dtype, np.integer) or not len(values))
    if not whole or (len(values) and (values.min() < 0 or values.max() >= n_exams)):
        raise ValueError(
            f"`folds` must hold row numbers from 0 to {n_exams - 1}, got an array of shape "
            f"{values.shape} and dtype {values.dtype}."
        )
    return np.unique(values).astype(np.intp)
