"""What in a table looks too good to be true, before any model is fitted."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from mrnet_features.evaluation.alignment import align_tables
from mrnet_features.evaluation.protocol.cross_validation import cross_validate
from mrnet_features.evaluation.tables import check_features
from mrnet_features.models.logistic import ScaledLogistic
from mrnet_features.names import PART

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["LeakageFinding", "check_leakage", "find_repeated_rows"]

# No statistic of an image tells a diagnosis apart like this; a copy of the label does.
SUSPECT_AUC = 0.98
# Rank correlation with the order of the ids.
SUSPECT_ORDER = 0.98
# `acquisition` reaches this share of what all columns reach above chance.
SUSPECT_SHARE = 0.8


@dataclass(frozen=True)
class LeakageFinding:
    """One thing to look at.

    Attributes
    ----------
    kind : {"single column", "id", "acquisition", "duplicate"}
    subject : str
        Column, task or exams.
    value : float
        AUC, correlation, share or number of exams.
    text : str
        What it means and what to do.
    """

    kind: str
    subject: str
    value: float
    text: str


def check_leakage(
    features: Any,
    labels: Any,
    *,
    family: str = "acquisition",
    positive: Any = None,
    seed: int = 0,
) -> list[LeakageFinding]:
    """Look for columns that betray the label by something else than the image.

    Parameters
    ----------
    features : DataFrame of shape (n_exams, n_features)
        Index exam id as text.
    labels : DataFrame of shape (n_exams, n_tasks)
        The same exams; 0 or 1.
    family : str, default "acquisition"
        Family of the columns that tell of the scanner and not of the knee.
    seed : int, default 0
        Seeds the folds that `family` is tried on.

    Returns
    -------
    list of LeakageFinding
        Columns with an AUC of .98 for a task by themselves; columns in the order of the ids
        (whose order nearly sorts the labels of MRNet's valid split); tasks that `family` alone
        explains as well as four fifths of what all columns do, by cross-validated logistic
        regression; exams with the same row. Empty where nothing looks odd.

    Examples
    --------
    >>> exams = [f"{k:04d}" for k in range(30)]
    >>> labels = pd.DataFrame({"acl": [0, 1, 0] * 10}, index=exams)
    >>> table = pd.DataFrame({"place": range(30), "copy": [0.5, 0.75, 0.5] * 10}, index=exams)
    >>> [(s.kind, s.subject) for s in check_leakage(table, labels) if s.kind != "duplicate"]
    [('single column', 'copy'), ('id', 'place')]
    """
    table, truth = align_tables(features, labels, positive)
    found = [*_find_single_columns(table, truth), *_find_ids(table)]
    found += _find_acquisition(table, truth, family, seed)
    rows = find_repeated_rows({"the table": table})
    if len(rows):
        found.append(
            LeakageFinding(
                "duplicate",
                ", ".join(rows.iloc[0][["exam", "other_exam"]]),
                float(len(rows)),
                f"{len(rows)} pairs of exams have the same row. Copies on both sides of a split "
                "are a leak: give them one group, or leave one out.",
            )
        )
    return found


def find_repeated_rows(tables: Mapping[str, pd.DataFrame], decimals: int = 6) -> pd.DataFrame:
    """Find exams with equal rows, within and across splits.

    Parameters
    ----------
    tables : mapping of str to DataFrame of shape (n_exams, n_features)
        Tables of the same columns, such as train and valid.
    decimals : int, default 6
        Significant digits in which values must agree.

    Returns
    -------
    DataFrame of shape (n_pairs, 4)
        Columns split, exam, other_split, other_exam: each further exam with the first that has
        its row. Two such exams are one by their pixels, or all their columns are constant.

    Raises
    ------
    ValueError
        If the tables have different columns.

    Examples
    --------
    >>> train = pd.DataFrame({"size": [1.0, 2.0]}, index=["a", "b"])
    >>> valid = pd.DataFrame({"size": [2.0]}, index=["c"])
    >>> find_repeated_rows({"train": train, "valid": valid}).values.tolist()
    [['train', 'b', 'valid', 'c']]
    """
    first: dict[str, tuple[str, str]] = {}
    rows: list[tuple[str, str, str, str]] = []
    columns: Sequence[str] | None = None
    for split, frame in tables.items():
        table = check_features(frame)
        columns = list(table.columns) if columns is None else columns
        if set(columns) != set(table.columns):
            raise ValueError(
                f"`tables` must have the same columns, got others in {split!r}. Extract all of "
                "them by one recipe."
            )
        values = _round(table[columns].to_numpy(dtype=np.float64), decimals)
        for exam, row in zip(table.index, values, strict=True):
            digest = hashlib.sha256(np.ascontiguousarray(row).tobytes()).hexdigest()
            if digest in first:
                rows.append((*first[digest], split, str(exam)))
            else:
                first[digest] = (split, str(exam))
    return pd.DataFrame(rows, columns=["split", "exam", "other_split", "other_exam"])


def _round(values: NDArray[np.float64], decimals: int) -> NDArray[np.float64]:
    """Round to significant digits, so that the last bits of another machine don't matter."""
    size = np.abs(np.nan_to_num(values, nan=0.0))
    scale = 10.0 ** (decimals - 1 - np.floor(np.log10(np.where(size > 0, size, 1.0))))
    rounded = np.round(values * scale) / scale
    return np.asarray(rounded + 0.0)  # -0.0 becomes 0.0


def _find_single_columns(features: pd.DataFrame, labels: pd.DataFrame) -> list[LeakageFinding]:
    values = features.to_numpy(dtype=np.float64)
    # NaN is a value of its own to a tree; here it is put first.
    ranks = rankdata(np.where(np.isnan(values), -np.inf, values), axis=0)
    names = list(features.columns)
    found: list[LeakageFinding] = []
    for task in labels.columns:
        positive = labels[task].to_numpy() == 1
        m, n = int(positive.sum()), int((~positive).sum())
        if not m or not n:
            continue
        auc = (ranks[positive].sum(axis=0) - m * (m + 1) / 2) / (m * n)
        best = np.maximum(auc, 1 - auc)
        found.extend(
            LeakageFinding(
                "single column",
                names[k],
                float(best[k]),
                f"By itself it has an AUC of {best[k]:.3f} for {task!r}. Make sure that it was "
                "not made from the label.",
            )
            for k in np.flatnonzero(best >= SUSPECT_AUC)
        )
    return found


def _find_ids(features: pd.DataFrame) -> list[LeakageFinding]:
    values = features.to_numpy(dtype=np.float64)
    place = np.arange(len(values)) - (len(values) - 1) / 2
    ranks = rankdata(np.where(np.isnan(values), -np.inf, values), axis=0)
    ranks -= ranks.mean(axis=0)
    scale = np.sqrt((ranks**2).sum(axis=0) * (place**2).sum())
    order = np.abs(place @ ranks) / np.where(scale > 0, scale, 1)
    names = list(features.columns)
    return [
        LeakageFinding(
            "id",
            names[k],
            float(order[k]),
            f"It follows the order of the exam ids (rank correlation {order[k]:.3f}). Ids carry "
            "how the data were put together, not the knee: leave it out.",
        )
        for k in np.flatnonzero(order >= SUSPECT_ORDER)
    ]


def _find_acquisition(
    features: pd.DataFrame, labels: pd.DataFrame, family: str, seed: int
) -> list[LeakageFinding]:
    own = [column for column in features.columns if _family_of(column) == family]
    if not own or len(own) == len(features.columns):
        return []
    model = ScaledLogistic()
    whole = cross_validate(model, features, labels, seed=seed, progress=False)
    part = cross_validate(
        model, features[own], labels, folds=whole.folds, seed=seed, progress=False
    )
    table = part.summary().loc[list(labels.columns)]
    reach = table["auc"] - 0.5
    share = reach / (whole.summary()["auc"] - 0.5).clip(lower=1e-9)
    return [
        LeakageFinding(
            "acquisition",
            str(task),
            float(share[task]),
            f"The {len(own)} columns of {family!r} alone reach an AUC of "
            f"{table.loc[task, 'auc']:.3f} for {task!r}, all columns "
            f"{whole.summary().loc[task, 'auc']:.3f}. The score may be one of protocol and year; "
            "report it with and without that family.",
        )
        for task in table.index
        if table.loc[task, "ci_low"] > 0.5 and share[task] >= SUSPECT_SHARE
    ]


def _family_of(column: str) -> str | None:
    parts = column.split("__")
    return parts[2] if len(parts) == 5 and all(map(PART.fullmatch, parts)) else None
