"""Labels of a set: prevalence, co-occurrence, pairs of tasks, and measurements that tell labels."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from mrnet_features.arrays import Float64Array, Int64Array
from mrnet_features.data.dataset import Dataset
from mrnet_features.evaluation.metrics.auc import logit_interval, measure_auc
from mrnet_features.evaluation.metrics.calibration import wilson_interval
from mrnet_features.labels import check_labels
from mrnet_features.messages import name_some
from mrnet_features.models.implications import TEAR_IMPLIES_ABNORMAL

__all__ = [
    "choose_tasks",
    "find_conflicts",
    "measure_cooccurrence",
    "measure_pairs",
    "measure_prevalence",
    "measure_shortcut",
    "measure_tears",
    "say_ratio",
    "take_labels",
]

MOST_TASKS = 4
"""Most tasks whose combinations are counted: 16."""
FEWEST_OF_CLASS = 2  # exams of each class that a standard error of an AUC needs


def take_labels(dataset: Dataset, tasks: Sequence[str] | None = None) -> pd.DataFrame:
    """Labels of the exams of a dataset, in their order.

    Parameters
    ----------
    dataset : Dataset
    tasks : sequence of str, optional
        Default: all.

    Returns
    -------
    DataFrame of shape (n_exams, n_tasks), float64
        0, 1, or NaN without a label. Without columns if the dataset has no labels.

    Raises
    ------
    TypeError, ValueError
        As from `check_labels`, except that labels may be missing; or if a task does not exist, or
        the labels hold exams that the dataset does not.
    """
    table = dataset.labels
    index = pd.Index(dataset.ids, name="exam")
    if not table.shape[0] or not table.shape[1]:
        if tasks:
            raise ValueError(
                f"`tasks` must name labels of the dataset, got {name_some(list(tasks))}, but it "
                "has no labels."
            )
        return pd.DataFrame(index=index)
    chosen = list(table.columns) if tasks is None else list(tasks)
    unknown = [task for task in chosen if task not in table.columns]
    if unknown or not chosen:
        raise ValueError(
            f"`tasks` must be some of {name_some(list(table.columns))}, got "
            f"{name_some(unknown) if unknown else 'none'}."
        )
    others = [exam for exam in table.index if exam not in dataset]
    if others:
        raise ValueError(
            f"The labels of a dataset must be those of its exams, got {name_some(others)} without "
            "an exam. Drop these rows."
        )
    labelled = [task for task in chosen if table[task].notna().any()]
    checked = check_labels(table[labelled], missing=True) if labelled else table[[]]
    return checked.reindex(index=index, columns=chosen).astype(np.float64)


def choose_tasks(labels: pd.DataFrame) -> list[str]:
    """Up to four tasks with the most positive exams, in the order of their columns.

    Parameters
    ----------
    labels : DataFrame of shape (n_exams, n_tasks)
        0, 1 or NaN.

    Returns
    -------
    list of str

    Examples
    --------
    >>> choose_tasks(pd.DataFrame([[1, 0, 1, 1, 1], [1, 0, 1, None, 0]], columns=list("abcde")))
    ['a', 'c', 'd', 'e']
    """
    n_positive = (labels == 1).sum().to_numpy()
    chosen = np.argsort(-n_positive, kind="stable")[:MOST_TASKS]
    return [str(labels.columns[k]) for k in np.sort(chosen)]


def measure_prevalence(labels: pd.DataFrame) -> pd.DataFrame:
    """Fraction of positive exams of each task.

    Parameters
    ----------
    labels : DataFrame of shape (n_exams, n_tasks)
        0, 1 or NaN.

    Returns
    -------
    DataFrame
        Index: task. Columns: n_positive, n_negative, n_missing, prevalence, ci_low, ci_high
        (Wilson's 95 % interval). NaN if no exam has a label.

    Examples
    --------
    >>> measure_prevalence(pd.DataFrame({"acl": [1, 0, 0, None]})).loc["acl", "prevalence"].round(2)
    np.float64(0.33)
    """
    rows = []
    for task in labels.columns:
        known = labels[task].dropna()
        n_positive = int(known.sum())
        low, high = wilson_interval(n_positive, len(known)) if len(known) else (np.nan, np.nan)
        rows.append(
            {
                "n_positive": n_positive,
                "n_negative": len(known) - n_positive,
                "n_missing": len(labels) - len(known),
                "prevalence": n_positive / len(known) if len(known) else np.nan,
                "ci_low": low,
                "ci_high": high,
            }
        )
    columns = ["n_positive", "n_negative", "n_missing", "prevalence", "ci_low", "ci_high"]
    return pd.DataFrame(rows, index=pd.Index(labels.columns, name="task"), columns=columns)


def measure_cooccurrence(labels: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    r"""Number of exams with each combination of labels, against independent tasks.

    With n exams that have all labels, independent tasks would give
    :math:`n \prod_t p_t` exams of a combination, where :math:`p_t` is the fraction of exams with
    its label of task t. The interval of the ratio R of the two follows from the multinomial
    distribution of the combinations: the logarithm of R has the influence values

    .. math:: \psi_i = \frac{1[i \in c]}{p_c} - \sum_t \frac{1[y_{it} = c_t]}{p_t} + T - 1

    of T tasks. The interval, but not R, is computed with half an exam more in each combination:
    without it, an empty combination makes the intervals of the others far too short. Without an
    exam of a combination, R is 0 and the upper end that of Clopper and Pearson over the expected
    fraction.

    Parameters
    ----------
    labels : DataFrame of shape (n_exams, n_tasks)
        0, 1 or NaN; exams that lack a label are left out.
    confidence : float, default 0.95

    Returns
    -------
    DataFrame
        One row per combination. Columns: one per task (0 or 1), observed, expected, ratio,
        ci_low, ci_high. The ratio is NaN if no exam is expected; the interval of a single task,
        whose ratio is 1 by definition, too.

    References
    ----------
    Agresti 2013, Categorical Data Analysis, section 16.1, for the delta method, and section 3.1
    for the added half.

    Examples
    --------
    Two tasks that always agree, in half of the exams each:

    >>> measure_cooccurrence(pd.DataFrame({"a": [0, 0, 1, 1], "b": [0, 0, 1, 1]}))["ratio"].tolist()
    [2.0, 0.0, 0.0, 2.0]
    """
    names = ["observed", "expected", "ratio", "ci_low", "ci_high"]
    known = labels.dropna().to_numpy()
    n, n_tasks = known.shape
    if not n_tasks:
        return pd.DataFrame(columns=names)
    cells = np.array(list(itertools.product((0, 1), repeat=n_tasks)))
    observed = (known[:, None] == cells).all(axis=2).sum(axis=0)
    shares = known.mean(axis=0) if n else np.full(n_tasks, np.nan)
    expected = n * np.where(cells, shares, 1 - shares).prod(axis=1)
    ends = np.full((2, len(cells)), np.nan)
    if n and n_tasks > 1:
        error = (1 - confidence) / 2
        ends = _bound_ratios(cells, observed, float(ndtri(1 - error)))
        most = n * (1 - error ** (1 / n))
        for k in np.flatnonzero(observed == 0):
            ends[:, k] = (0.0, most / expected[k]) if expected[k] > 0 else (np.nan, np.nan)
    table = pd.DataFrame(cells, columns=labels.columns)
    ratio = np.divide(observed, expected, where=expected > 0, out=np.full(len(cells), np.nan))
    return table.assign(
        observed=observed, expected=expected, ratio=ratio, ci_low=ends[0], ci_high=ends[1]
    )


def _bound_ratios(cells: Int64Array, observed: Int64Array, z: float) -> Float64Array:
    """Both ends of the interval of each ratio, with half an exam more in each combination."""
    counts = observed + 0.5
    p = counts / counts.sum()
    agree = cells[:, None] == cells
    shares = (agree * p[:, None]).sum(axis=1)
    psi = np.eye(len(p)) / p - (agree / shares[:, None]).sum(axis=2) + cells.shape[1] - 1
    half = z * np.sqrt(psi**2 @ p / observed.sum())
    ratio = p / shares.prod(axis=1)
    return np.stack([ratio * np.exp(-half), ratio * np.exp(half)])


def say_ratio(row: Mapping[Any, Any], text: str) -> str:
    """Text of a ratio, unless a tear without abnormal makes the combination impossible.

    Parameters
    ----------
    row : mapping
        Row of `measure_cooccurrence`.
    text : str
        The ratio, as it would be shown.

    Returns
    -------
    str

    Examples
    --------
    >>> say_ratio({"abnormal": 0, "acl": 1, "observed": 0}, "0.00")
    '0, as it must be'
    >>> say_ratio({"abnormal": 0, "acl": 1, "observed": 2}, "0.30")
    'must be 0'
    >>> say_ratio({"abnormal": 1, "acl": 1, "observed": 2}, "1.30")
    '1.30'
    """
    implied = [abnormal for tear, abnormal in TEAR_IMPLIES_ABNORMAL if row.get(tear) == 1]
    if all(row.get(abnormal) != 0 for abnormal in implied):
        return text
    return "must be 0" if row["observed"] else "0, as it must be"


def measure_tears(labels: pd.DataFrame) -> pd.DataFrame:
    """Combinations of tears among the abnormal exams, as from `measure_cooccurrence`.

    A tear makes a knee abnormal, so only there can tears be independent.

    Parameters
    ----------
    labels : DataFrame of shape (n_exams, n_tasks)
        0, 1 or NaN.

    Returns
    -------
    DataFrame
        Without rows unless the labels have a task "abnormal" and two or more tears.

    Examples
    --------
    >>> labels = pd.DataFrame({"abnormal": [1, 1, 0], "acl": [1, 0, 0], "meniscus": [1, 0, 0]})
    >>> measure_tears(labels)["observed"].tolist()
    [1, 0, 0, 1]
    """
    pairs = [pair for pair in TEAR_IMPLIES_ABNORMAL if set(pair) <= set(labels.columns)]
    if len(pairs) < 2:
        return measure_cooccurrence(pd.DataFrame(index=labels.index))
    chosen = [tear for tear, _ in pairs]
    return measure_cooccurrence(labels.loc[labels[pairs[0][1]] == 1, chosen])


def measure_pairs(labels: pd.DataFrame) -> pd.DataFrame:
    """How often exams that are positive for one task are positive for another.

    Parameters
    ----------
    labels : DataFrame of shape (n_exams, n_tasks)
        0, 1 or NaN.

    Returns
    -------
    DataFrame
        One row per ordered pair of tasks. Columns: task, other, n_exams (positive for the task,
        with a label of the other), n_both, fraction, ci_low, ci_high (Wilson's 95 % interval).
        NaN without such exams.

    Examples
    --------
    >>> labels = pd.DataFrame({"acl": [1, 1, 0, 0], "meniscus": [1, 0, 0, None]})
    >>> measure_pairs(labels)[["task", "other", "n_exams", "n_both"]].values.tolist()
    [['acl', 'meniscus', 2, 1], ['meniscus', 'acl', 1, 1]]
    """
    rows: list[tuple[Any, ...]] = []
    for task, other in itertools.permutations(labels.columns, 2):
        known = labels.loc[labels[task] == 1, other].dropna()
        n_exams, n_both = len(known), int(known.sum())
        low, high = wilson_interval(n_both, n_exams) if n_exams else (np.nan, np.nan)
        fraction = n_both / n_exams if n_exams else np.nan
        rows.append((task, other, n_exams, n_both, fraction, low, high))
    names = ["task", "other", "n_exams", "n_both", "fraction", "ci_low", "ci_high"]
    return pd.DataFrame(rows, columns=names)


def find_conflicts(labels: pd.DataFrame) -> dict[tuple[str, str], list[str]]:
    """Exams with a tear that are labelled not abnormal, by pair of tasks.

    Parameters
    ----------
    labels : DataFrame of shape (n_exams, n_tasks)
        0, 1 or NaN.

    Returns
    -------
    dict of (str, str) to list of str
        Pairs of `TEAR_IMPLIES_ABNORMAL` whose tasks the labels have.

    Examples
    --------
    >>> find_conflicts(pd.DataFrame({"abnormal": [0, 1], "acl": [1, 1]}, index=["0", "1"]))
    {('acl', 'abnormal'): ['0']}
    """
    return {
        (tear, abnormal): list(labels.index[(labels[tear] == 1) & (labels[abnormal] == 0)])
        for tear, abnormal in TEAR_IMPLIES_ABNORMAL
        if {tear, abnormal} <= set(labels.columns)
    }


def measure_shortcut(stacks: pd.DataFrame, labels: pd.DataFrame, measure: str) -> pd.DataFrame:
    """How well one measurement alone tells the labels, on each plane.

    Parameters
    ----------
    stacks : DataFrame
        As from `tabulate_stacks`.
    labels : DataFrame of shape (n_exams, n_tasks)
        0, 1 or NaN. Index: exam.
    measure : str
        Column of `stacks`.

    Returns
    -------
    DataFrame
        One row per plane and task. Columns: plane, task, n_positive, n_negative, five quantiles of
        each class (positive_05, positive_25, positive_50, ... negative_95), auc, ci_low, ci_high
        (DeLong's 95 % interval on the logit scale). An AUC above 0.5 means that positive exams have
        higher values. NaN with fewer than two exams of a class.
    """
    rows: list[dict[str, Any]] = []
    shares = (0.05, 0.25, 0.5, 0.75, 0.95)
    for plane in stacks["plane"].unique():
        values = stacks[stacks["plane"] == plane].set_index("exam")[measure].dropna()
        for task in labels.columns:
            known = labels[task].reindex(values.index).dropna()
            row: dict[str, Any] = {"plane": plane, "task": task}
            classes = {"positive": known.index[known == 1], "negative": known.index[known == 0]}
            row |= {f"n_{name}": len(ids) for name, ids in classes.items()}
            for name, ids in classes.items():
                found = values[ids].quantile(list(shares)) if len(ids) else [np.nan] * len(shares)
                row |= {
                    f"{name}_{round(100 * share):02d}": value
                    for share, value in zip(shares, found, strict=True)
                }
            row |= dict.fromkeys(("auc", "ci_low", "ci_high"), np.nan)
            if min(len(ids) for ids in classes.values()) >= FEWEST_OF_CLASS:
                found_auc = measure_auc(known, values[known.index])
                ends = logit_interval(found_auc.auc, found_auc.se, *map(len, classes.values()))
                row |= {"auc": found_auc.auc, "ci_low": ends[0], "ci_high": ends[1]}
            rows.append(row)
    names = [
        *("plane", "task", "n_positive", "n_negative"),
        *(f"{name}_{round(100 * s):02d}" for name in ("positive", "negative") for s in shares),
        *("auc", "ci_low", "ci_high"),
    ]
    return pd.DataFrame(rows, columns=names)
