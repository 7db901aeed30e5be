"""Checks of a feature table for label leakage."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from math import exp, lgamma, log
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from mrnet_features.evaluation.protocol.cross_validation import cross_validate
from mrnet_features.evaluation.protocol.folds import FEWEST_OF_A_CLASS
from mrnet_features.messages import quote
from mrnet_features.models.logistic import ScaledLogistic
from mrnet_features.names import PART
from mrnet_features.tables import align_tables, check_features

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mrnet_features.evaluation.protocol.cross_validation import Evaluation
    from mrnet_features.tables import FeatureTable, LabelTable

__all__ = ["LeakageFinding", "check_leakage", "find_repeated_rows", "list_family"]

CODES = {
    "single-column": "One column alone separates a task; value: its AUC, at least .98.",
    "exam-order": "A column follows the order of the exam ids; value: |rank correlation|, at least "
    ".98.",
    "acquisition": "The acquisition columns alone explain a task; value: ratio (AUC of these - "
    ".5) / (AUC of all columns - .5), at least .8.",
    "duplicate-rows": "Exams have equal rows; value: number of pairs.",
    "not-run": "A check could not run, for example for lack of exams; value: NaN.",
}
"""Codes of `LeakageFinding` and the meaning of its value."""

# Above what a statistic of an image reaches; a copy of the label reaches 1.
SUSPECT_AUC = 0.98
SUSPECT_ORDER = 0.98
SUSPECT_SHARE = 0.8
# Expected number of columns of noise from which a finding says that it may be chance.
LEVEL = 0.05

N_SPLITS = 5
"""Folds of the check "acquisition"."""


@dataclass(frozen=True)
class LeakageFinding:
    """One sign of label leakage.

    Attributes
    ----------
    code : str
        A key of `CODES`.
    subject : str
        Column, task or exams; for "not-run" the code of the check.
    value : float
        See `CODES`.
    text : str
        Finding and advice.
    """

    code: str
    subject: str
    value: float
    text: str


def check_leakage(
    features: FeatureTable,
    labels: LabelTable,
    *,
    family: str = "acquisition",
    positive: Any = None,
    seed: int = 0,
    whole: Evaluation | None = None,
) -> list[LeakageFinding]:
    """Find columns that predict the label from something other than the image.

    Parameters
    ----------
    features : DataFrame or array of shape (n_exams, n_features)
        Index exam id.
    labels : DataFrame of shape (n_exams, n_tasks), Series or array
        The same exams; 0 or 1. An exam with NaN is left out for that task.
    family : str, default "acquisition"
        Family of the columns that describe the scanner and not the knee.
    positive : value or mapping of task to value, optional
        Value of a positive exam if the labels are not 0 and 1.
    seed : int, default 0
        Seed of the folds for "acquisition".
    whole : Evaluation, optional
        Cross-validation of all columns and the same labels, which "acquisition" is compared with.
        By default one of logistic regression is computed, which takes long for wide tables.

    Returns
    -------
    list of LeakageFinding
        Empty if nothing was found. A check that can't run on this table, for example because a
        task has too few exams of a class, is a finding with the code ``not-run`` that says why;
        the findings of the other checks are kept.

    Notes
    -----
    The codes are ``single-column``: one column with an AUC of at least .98 for a task;
    ``exam-order``: one column in the order of the exam ids, which nearly sorts the labels of
    MRNet's valid split; ``acquisition``: `family` alone reaches at least four fifths of the AUC
    above .5 of all columns, in cross-validated logistic regression; ``duplicate-rows``: exams
    with equal rows; ``not-run``: a check that could not run.

    Examples
    --------
    >>> exams = [f"{k:04d}" for k in range(30)]
    >>> labels = pd.DataFrame({"acl": [0, 1, 0] * 10}, index=exams)
    >>> table = pd.DataFrame({"number": range(30), "copy": [0.5, 0.75, 0.5] * 10}, index=exams)
    >>> [(found.code, found.subject) for found in check_leakage(table, labels)]
    [('single-column', 'copy'), ('exam-order', 'number')]
    """
    table, truth = align_tables(features, labels, positive, missing=True)
    found = [*_find_single_columns(table, truth), *_find_exam_order(table)]
    found += _find_acquisition(table, truth, family, seed, whole)
    rows = find_repeated_rows({"the table": table})
    if len(rows):
        found.append(
            LeakageFinding(
                "duplicate-rows",
                ", ".join(map(str, rows.iloc[0][["exam", "other_exam"]])),
                float(len(rows)),
                f"{len(rows)} pairs of exams have equal rows. Copies on both sides of a split "
                "leak the label: put them in one group, or leave one out.",
            )
        )
    return found


def find_repeated_rows(tables: Mapping[str, pd.DataFrame], decimals: int = 6) -> pd.DataFrame:
    """Pairs of exams with equal rows, within and across splits.

    Parameters
    ----------
    tables : mapping of str to DataFrame of shape (n_exams, n_features)
        Tables of the same columns, such as train and valid.
    decimals : int, default 6
        Significant digits in which the values must agree.

    Returns
    -------
    DataFrame of shape (n_pairs, 4)
        Columns split, exam, other_split, other_exam: each later exam with the first exam that
        has the same row. Such exams have the same pixels, or all columns are constant.

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
    first: dict[str, tuple[str, Any]] = {}
    rows: list[tuple[str, Any, str, Any]] = []
    columns: Sequence[str] | None = None
    for split, frame in tables.items():
        table = check_features(frame)
        columns = list(table.columns) if columns is None else columns
        if set(columns) != set(table.columns):
            raise ValueError(
                f"`tables` must have the same columns, got others in {quote(split)}. Extract all "
                "tables with one recipe."
            )
        values = _round(table[columns].to_numpy(dtype=np.float64), decimals)
        for exam, row in zip(table.index, values, strict=True):
            digest = hashlib.sha256(np.ascontiguousarray(row).tobytes()).hexdigest()
            if digest in first:
                rows.append((*first[digest], split, exam))
            else:
                first[digest] = (split, exam)
    return pd.DataFrame(rows, columns=["split", "exam", "other_split", "other_exam"])


def _round(values: NDArray[np.float64], decimals: int) -> NDArray[np.float64]:
    """Round to significant digits: the last bits may differ between machines."""
    size = np.abs(np.nan_to_num(values, nan=0.0))
    exponent = decimals - 1 - np.floor(np.log10(np.where(size > 0, size, 1.0)))
    scale = 10.0 ** np.minimum(exponent, 300.0)  # the smallest numbers would overflow
    rounded = np.round(values * scale) / scale
    return np.asarray(rounded + 0.0)  # -0.0 becomes 0.0


def _find_single_columns(features: pd.DataFrame, labels: pd.DataFrame) -> list[LeakageFinding]:
    values = features.to_numpy(dtype=np.float64)
    values = np.where(np.isnan(values), -np.inf, values)  # a tree can split off NaN
    ranks_of_all = rankdata(values, axis=0)
    names = list(features.columns)
    found: list[LeakageFinding] = []
    for task in labels.columns:
        known = labels[task].notna().to_numpy()
        ranks = ranks_of_all if known.all() else rankdata(values[known], axis=0)
        positive = labels[task].to_numpy()[known] == 1
        m, n = int(positive.sum()), int((~positive).sum())
        if not m or not n:
            which = "positive" if m else "negative"
            found.append(_skip("single-column", f"all {m + n} exams are {which} for {quote(task)}"))
            continue
        auc = (ranks[positive].sum(axis=0) - m * (m + 1) / 2) / (m * n)
        best = np.maximum(auc, 1 - auc)
        n_orders = lgamma(m + n + 1) - lgamma(m + 1) - lgamma(n + 1)
        chance = _describe_chance(n_orders, len(names), m + n)
        found.extend(
            LeakageFinding(
                "single-column",
                names[k],
                float(best[k]),
                f"Column {quote(names[k])} alone has an AUC of {best[k]:.3f} for "
                f"{quote(task)}. Check that it was not computed from the label.{chance}",
            )
            for k in np.flatnonzero(best >= SUSPECT_AUC)
        )
    return found


def _describe_chance(n_orders: float, n_columns: int, n_exams: int) -> str:
    """Sentence on the columns of noise that few exams put into one of the two perfect orders.

    The number of orders is given as its logarithm.
    """
    expected = exp(log(2 * n_columns) - n_orders)
    if expected < LEVEL:
        return ""
    return (
        f" With only {n_exams} exams, chance alone gives this to {expected:.2g} of {n_columns} "
        "columns of noise on average."
    )


def _find_exam_order(features: pd.DataFrame) -> list[LeakageFinding]:
    values = features.to_numpy(dtype=np.float64)
    position = np.arange(len(values)) - (len(values) - 1) / 2
    ranks = rankdata(np.where(np.isnan(values), -np.inf, values), axis=0)
    ranks -= ranks.mean(axis=0)
    scale = np.sqrt((ranks**2).sum(axis=0) * (position**2).sum())
    order = np.abs(position @ ranks) / np.where(scale > 0, scale, 1)
    names = list(features.columns)
    chance = _describe_chance(lgamma(len(values) + 1), len(names), len(values))
    return [
        LeakageFinding(
            "exam-order",
            names[k],
            float(order[k]),
            f"Column {quote(names[k])} follows the order of the exam ids (rank correlation "
            f"{order[k]:.3f}). The order reflects how the data were collected. Leave this "
            f"column out.{chance}",
        )
        for k in np.flatnonzero(order >= SUSPECT_ORDER)
    ]


def _find_acquisition(
    features: pd.DataFrame,
    labels: pd.DataFrame,
    family: str,
    seed: int,
    whole: Evaluation | None,
) -> list[LeakageFinding]:
    own = list_family(features, family)
    if not own or len(own) == len(features.columns):
        return []
    if whole is not None:
        return _compare_acquisition(features, whole, own, family, seed)
    fewest = FEWEST_OF_A_CLASS * N_SPLITS
    n_positive = labels.sum().astype(int)
    n_negative = labels.count() - n_positive
    rarest = n_positive.where(n_positive <= n_negative, n_negative)
    skipped = [
        _skip(
            "acquisition",
            f"{quote(task)} has {n_exams} exams of one class, but {N_SPLITS} folds need {fewest}",
        )
        for task, n_exams in rarest[rarest < fewest].items()
    ]
    labels = labels[list(rarest[rarest >= fewest].index)]
    if not len(labels.columns):
        return skipped
    try:
        computed = cross_validate(
            ScaledLogistic(), features, labels, n_splits=N_SPLITS, seed=seed, progress=False
        )
        return skipped + _compare_acquisition(features, computed, own, family, seed)
    except ValueError as error:
        return [*skipped, _skip("acquisition", " ".join(str(error).split()))]


def _skip(code: str, reason: str) -> LeakageFinding:
    return LeakageFinding(
        "not-run", code, float("nan"), f"Check {code!r} could not run: {reason.rstrip('.')}."
    )


def _compare_acquisition(
    features: pd.DataFrame, whole: Evaluation, own: list[str], family: str, seed: int
) -> list[LeakageFinding]:
    labels = whole.labels
    part = cross_validate(
        ScaledLogistic(), features[own], labels, folds=whole.folds, seed=seed, progress=False
    )
    table = part.summary().loc[list(labels.columns)]
    reach = table["auc"] - 0.5
    share = reach / (whole.summary()["auc"] - 0.5).clip(lower=1e-9)
    return [
        LeakageFinding(
            "acquisition",
            str(task),
            float(share[task]),
            f"The {len(own)} columns of {quote(family)} alone reach an AUC of "
            f"{table.loc[task, 'auc']:.3f} for {quote(task)}, all columns "
            f"{whole.summary().loc[task, 'auc']:.3f}. The model may recognise the scan "
            "protocol or year instead of the disease; report the AUC with and without that family.",
        )
        for task in table.index
        if table.loc[task, "ci_low"] > 0.5 and share[task] >= SUSPECT_SHARE
    ]


def list_family(features: pd.DataFrame, family: str) -> list[str]:
    """Columns of a family.

    Parameters
    ----------
    features : DataFrame
    family : str

    Returns
    -------
    list of str

    Examples
    --------
    >>> list_family(pd.DataFrame(columns=["axial__knee__glcm__energy__mean", "age"]), "glcm")
    ['axial__knee__glcm__energy__mean']
    """
    return [column for column in features.columns if _family_of(column) == family]


def _family_of(column: str) -> str | None:
    parts = column.split("__")
    return parts[2] if len(parts) == 5 and all(map(PART.fullmatch, parts)) else None
