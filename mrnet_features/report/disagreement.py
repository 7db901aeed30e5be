"""Exams where the probabilities of a model and the labels differ most."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["rank_disagreements"]


def rank_disagreements(labels: pd.DataFrame, predictions: pd.DataFrame) -> pd.DataFrame:
    """Largest difference between label and probability of each exam, the largest first.

    Such an exam is not an error of the model: often the label is doubtful.

    Parameters
    ----------
    labels : DataFrame of shape (n_exams, n_tasks)
        Index: exam id; 0 or 1, or NaN where there is no label.
    predictions : DataFrame
        Probabilities of the tasks: one row per exam with the id as index, or, as from
        `read_predictions` and `cross_validate`, the columns exam, repeat and fold too.

    Returns
    -------
    DataFrame
        Index: exam id. Columns task (the one that differs most), label, probability (mean over
        the repeats) and difference, 0 to 1. Exams without a label or a prediction are left out.

    Examples
    --------
    >>> labels = pd.DataFrame({"acl": [1, 0]}, index=["0003", "0007"])
    >>> predictions = pd.DataFrame({"acl": [0.9, 0.8]}, index=["0003", "0007"])
    >>> rank_disagreements(labels, predictions).round(2).to_dict("index")["0007"]
    {'task': 'acl', 'label': 0.0, 'probability': 0.8, 'difference': 0.8}
    """
    if "exam" in predictions.columns:
        predictions = predictions.set_index("exam")
    tasks = [task for task in labels.columns if task in predictions.columns]
    chances = predictions[tasks].groupby(level=0).mean().reindex(labels.index)
    difference = (chances - labels[tasks]).abs().dropna(how="all")
    largest = difference.max(axis=1).sort_values(ascending=False, kind="stable")
    task = difference.loc[largest.index].fillna(-1.0).idxmax(axis=1)
    rows, columns = (
        labels.index.get_indexer(largest.index),
        labels.columns.get_indexer(pd.Index(task)),
    )
    known = labels.to_numpy(np.float64)[rows, columns]
    chance = chances.reindex(columns=labels.columns).to_numpy(np.float64)[rows, columns]
    return pd.DataFrame(
        {"task": task, "label": known, "probability": chance, "difference": largest}
    )
