"""Warnings for predictions whose columns look swapped or are constant."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

from mrnet_features.evaluation.metrics.auc import measure_auc, standard_error
from mrnet_features.labels import check_labels
from mrnet_features.messages import name_some, quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

__all__ = ["warn_of_columns"]

# Tasks are correlated: an order of the columns that is better by less may be chance.
SWAP_GAIN = 0.05
# In simulations on 12 to 120 exams, a gain of this many standard errors was found in 2 to 4 % of
# the tables of noise, and in under 1 % of the tables of models that rank better than chance.
EVIDENCE = 2.5
# Mean of another column minus the mean of `abnormal` from which the columns look swapped.
SWAP_GAP = 0.1
# In fewer exams the means differ by chance.
ENOUGH_EXAMS = 50


def warn_of_columns(
    frame: pd.DataFrame,
    tasks: Sequence[str],
    labels: pd.DataFrame | None,
    where: str,
    *,
    named: bool,
) -> None:
    """Warn of columns that are constant or look swapped.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        Index exam id; the tasks are columns.
    tasks : sequence of str
        Columns to look at.
    labels : DataFrame of shape (n_exams, n_tasks), optional
        With labels, an order of the columns is judged by its AUCs; without them, by the means: a
        tear is an abnormality, so its probability can't be the larger one.
    where : str
        Name of the file in the message, with its quotes.
    named : bool
        Whether the file names its columns; otherwise `read_predictions` names them by their order.

    Warns
    -----
    UserWarning
        If a column holds one value, or the other columns look swapped.

    Examples
    --------
    >>> import pandas as pd, warnings
    >>> frame = pd.DataFrame({"abnormal": [0.5, 0.5], "acl": [0.1, 0.8]}, index=["a", "b"])
    >>> with warnings.catch_warnings(record=True) as found:
    ...     warnings.simplefilter("always")
    ...     warn_of_columns(frame, ["abnormal", "acl"], None, "'a.csv'", named=True)
    >>> print(found[0].message)
    Constant columns in 'a.csv': 'abnormal = 0.5'. A constant score ranks no exam; its AUC is 0.5.
    """
    spans = frame[list(tasks)].agg(["min", "max"])
    constant = [task for task in tasks if len(frame) > 1 and spans[task].nunique() == 1]
    if constant:
        shown = [f"{task} = {spans[task].iloc[0]:g}" for task in constant]
        warnings.warn(
            f"Constant columns in {where}: {name_some(shown)}. A constant score ranks no exam; its "
            "AUC is 0.5.",
            stacklevel=3,
        )
    varying = [task for task in tasks if task not in constant]
    if len(varying) < 2:
        return
    if labels is not None:
        better = _find_better_order(frame, varying, check_labels(labels, missing=True))
        if better:
            order = dict(zip(varying, better, strict=True))
            whole = [order.get(task, task) for task in tasks]
            warnings.warn(
                f"The columns {name_some(list(tasks))} of {where} look swapped: read as "
                f"{name_some(whole)} they agree better with the labels. If they are, "
                f"{_advise(tasks, whole, named=named)}",
                stacklevel=3,
            )
    elif "abnormal" in varying and frame.index.nunique() >= ENOUGH_EXAMS:
        gaps = frame[varying].sub(frame["abnormal"], axis=0)
        top = gaps.mean().idxmax()
        noise = float(gaps[top].std()) / frame.index.nunique() ** 0.5
        if gaps[top].mean() > max(SWAP_GAP, EVIDENCE * noise):
            usual = ["acl", "meniscus", "abnormal"]
            warnings.warn(
                f"The columns {name_some(list(tasks))} of {where} look swapped: "
                f"{quote(top)} has a mean of {frame[top].mean():.2f}, 'abnormal' only "
                f"{frame['abnormal'].mean():.2f}. Some scripts write acl, meniscus, abnormal; if "
                f"this is such a file, {_advise(tasks, usual, named=named)}",
                stacklevel=3,
            )


def _advise(tasks: Sequence[str], order: Sequence[str], *, named: bool) -> str:
    """What to do about swapped columns; `order` is that of the file."""
    if named:
        return "rename the columns in the file (with one file per task, exchange the files)."
    return (
        f"write the columns in the order {', '.join(tasks)}, or pass "
        f"tasks={_format_tuple(order)} to `read_predictions`."
    )


def _find_better_order(
    frame: pd.DataFrame, tasks: list[str], labels: pd.DataFrame
) -> list[str] | None:
    """Order of the columns that agrees better with the labels, if there is one."""
    missing = [task for task in tasks if task not in labels.columns]
    if missing:
        raise ValueError(
            f"`labels` must have a column for every task, got none for {name_some(missing)}. Add "
            "it, or read the predictions without `labels`."
        )
    labelled = labels[labels[tasks].notna().all(axis=1)]
    shared = frame[frame.index.isin(labelled.index)]
    truth = labels.loc[shared.index, tasks].to_numpy(dtype=np.float64)
    n_positive = truth.sum(axis=0)
    if not len(truth) or not ((n_positive > 1) & (n_positive < len(truth) - 1)).all():
        return None
    # The AUC of every task (row) with every column, from the ranks of the positive exams.
    ranks = shared[tasks].rank().to_numpy()
    wins = truth.T @ ranks - (n_positive * (n_positive + 1) / 2)[:, None]
    auc = wins / (n_positive * (len(truth) - n_positive))[:, None]
    rows, columns = linear_sum_assignment(auc, maximize=True)
    gain = auc[rows, columns].mean() - np.trace(auc) / len(tasks)
    if gain <= SWAP_GAIN:
        return None
    scores, influence = shared[tasks].to_numpy(), np.zeros(len(truth))
    for k, column in zip(rows, columns, strict=True):
        better, own = (measure_auc(truth[:, k], scores[:, c]) for c in (column, k))
        influence += (better.influence - own.influence) / len(tasks)
    # an exam has a row in each repeat
    if not gain > EVIDENCE * standard_error(influence, shared.index):
        return None
    # the names for the columns as they stand in the file
    return [tasks[int(np.flatnonzero(columns == k)[0])] for k in range(len(tasks))]


def _format_tuple(names: Sequence[str]) -> str:
    return f"({', '.join(map(quote, names))})"
