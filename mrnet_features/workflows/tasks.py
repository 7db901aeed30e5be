"""Tasks of a run: those of the labels that can be scored."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import pandas as pd

from mrnet_features.messages import list_names, quote, suggest_name

__all__ = ["choose_tasks"]

logger = logging.getLogger("mrnet_features")


def choose_tasks(labels: pd.DataFrame, tasks: Sequence[str] | None = None) -> pd.DataFrame:
    """Labels of the tasks that have positive and negative exams.

    Those left out are named in one message of the log: a task without any label, or with one
    class only, can neither be fitted nor scored.

    Parameters
    ----------
    labels : DataFrame of shape (n_exams, n_tasks)
        0 or 1; NaN for an exam without a label.
    tasks : sequence of str, optional
        Tasks to keep; by default all.

    Returns
    -------
    DataFrame of shape (n_exams, n_tasks)
        Columns in the order of `labels`.

    Raises
    ------
    ValueError
        If a task does not exist, or none is left.

    Examples
    --------
    >>> labels = pd.DataFrame({"ACL": [0, 1], "MCL": [1, 1], "Fracture": [None, None]})
    >>> list(choose_tasks(labels))
    ['ACL']
    """
    columns = [str(name) for name in labels.columns]
    asked = columns if tasks is None else list(tasks)
    unknown = [task for task in asked if task not in columns]
    if unknown or not asked:
        got = f"{quote(unknown[0])}.{suggest_name(unknown[0], columns)}" if unknown else "none."
        raise ValueError(
            f"`tasks` must be some of those of the labels ({list_names(columns)}), got {got}"
        )
    classes = {task: labels[task].dropna().unique() for task in columns if task in asked}
    empty = [task for task, found in classes.items() if not len(found)]
    single = [task for task, found in classes.items() if len(found) == 1]
    kept = [task for task, found in classes.items() if len(found) > 1]
    reasons = []
    if empty:
        reasons.append(f"{', '.join(empty)} (no labels)")
    if single:
        reasons.append(f"{', '.join(single)} (labels of one class only)")
    if not kept:
        raise ValueError(
            f"No task has positive and negative exams: {' and '.join(reasons)}. Add labels."
        )
    if reasons:
        logger.warning("Left out, since they can't be scored: %s.", " and ".join(reasons))
    return labels[kept]
