"""Tasks of a run: those of the labels that can be scored."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import pandas as pd

from mrnet_features.evaluation.protocol.folds import FEWEST_OF_A_CLASS, list_shortages
from mrnet_features.evaluation.protocol.stratify import count_possible_folds
from mrnet_features.messages import list_names, quote, suggest_name

__all__ = ["choose_tasks"]

logger = logging.getLogger("mrnet_features")


def choose_tasks(
    labels: pd.DataFrame, tasks: Sequence[str] | None = None, *, n_splits: int | None = None
) -> pd.DataFrame:
    """Labels of the tasks that have positive and negative exams, enough for the folds.

    Those left out are named in one message of the log: a task without any label, or with one
    class only, can neither be fitted nor scored, and one with fewer than two exams of a class
    per fold has no folds.

    Parameters
    ----------
    labels : DataFrame of shape (n_exams, n_tasks)
        0 or 1; NaN for an exam without a label.
    tasks : sequence of str, optional
        Tasks to keep; by default all.
    n_splits : int, optional
        Folds of a cross-validation. Tasks that are named in `tasks` are not left out for want of
        exams, but an error.

    Returns
    -------
    DataFrame of shape (n_exams, n_tasks)
        Columns in the order of `labels`.

    Raises
    ------
    ValueError
        If a task does not exist, none is left, or one that is named has too few exams of a class
        for the folds.

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
    fewest = FEWEST_OF_A_CLASS * (n_splits or 0)
    rare = [task for task in kept if list_shortages(labels[[task]], fewest)]
    if rare and (tasks is not None or rare == kept):
        raise ValueError(_say_rare(labels[kept], rare, n_splits, fewest))
    kept = [task for task in kept if task not in rare]
    reasons = []
    if empty:
        reasons.append(f"{', '.join(empty)} (no labels)")
    if single:
        reasons.append(f"{', '.join(single)} (labels of one class only)")
    if rare:
        few = f"fewer than {fewest} exams of a class, which {n_splits} folds need"
        reasons.append(f"{', '.join(rare)} ({few})")
    if not kept:
        raise ValueError(
            f"No task has positive and negative exams: {' and '.join(reasons)}. Add labels."
        )
    if reasons:
        said = " and ".join([", ".join(reasons[:-1]), reasons[-1]] if reasons[1:] else reasons)
        logger.warning("Left out, since they can't be scored: %s.", said)
    return labels[kept]


def _say_rare(labels: pd.DataFrame, rare: Sequence[str], n_splits: int | None, fewest: int) -> str:
    """Error about tasks with too few exams of a class, and what can be done."""
    n_possible = count_possible_folds(labels[list(rare)])
    others = [task for task in labels if task not in rare]
    advice = [f"pass n_splits={n_possible}"] if n_possible >= 2 else []
    advice += [f"name only {list_names(others)} in `tasks`"] if others else []
    if not others and len(rare) > 1:
        best = {task: count_possible_folds(labels[[task]]) for task in rare}
        most = max(best.values())
        if n_possible < most and most >= 2:
            enough = [task for task, count in best.items() if count == most]
            advice.append(f"pass n_splits={most} and name only {list_names(enough)} in `tasks`")
    choice = ", or ".join(advice or ["add exams"])
    return (
        f"Each task must have at least {fewest} exams of each class for {n_splits} folds (two per "
        f"fold), got {list_shortages(labels, fewest)}. {choice[0].upper()}{choice[1:]}."
    )
