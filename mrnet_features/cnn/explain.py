"""What networks say about one exam: the part of each series, and where it comes from."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd

from mrnet_features.cnn.evaluation import NetworkEvaluation
from mrnet_features.cnn.occlusion import occlude_tasks
from mrnet_features.cnn.pictures import read_pictures
from mrnet_features.cnn.scoring import score_pictures
from mrnet_features.data.exam import Exam
from mrnet_features.messages import quote
from mrnet_features.stacks.mark import FeatureMark

__all__ = ["NetworkExplanation", "explain_exam"]


class NetworkExplanation(NamedTuple):
    """Parts of a network's prediction of one exam.

    Attributes
    ----------
    contributions : DataFrame
        Columns task, series, column (that of the mark), log_odds (of the network of the series) and
        contribution (to the log-odds of all series combined, which it raises or lowers from that of
        a mean exam).
    marks : dict of str to FeatureMark
        By column: the pixels whose hiding lowers the prediction most; see `occlude`.
    """

    contributions: pd.DataFrame
    marks: dict[str, FeatureMark]


def explain_exam(evaluation: NetworkEvaluation, exam: Exam, repeat: int = 0) -> NetworkExplanation:
    """Parts of a network's prediction of an exam, by the networks that were not trained on it.

    Parameters
    ----------
    evaluation : NetworkEvaluation
    exam : Exam
        One of those of the evaluation.
    repeat : int, default 0
        Repeat whose fold is taken.

    Returns
    -------
    NetworkExplanation

    Raises
    ------
    KeyError
        If the evaluation has no prediction of the exam.
    """
    rows = evaluation.predictions
    own = rows[(rows["exam"] == exam.id) & (rows["repeat"] == repeat)]
    if own.empty:
        raise KeyError(
            f"The networks have no prediction of exam {quote(exam.id)} in repeat {repeat}. Pass an "
            "exam that they were evaluated on."
        )
    tasks = list(evaluation.labels.columns)
    networks = evaluation.models[tasks[0], repeat, int(own["fold"].iloc[0])].networks
    settings = networks.settings
    odds = {
        series: score_pictures(
            networks.load(series),
            read_pictures([exam], series, settings.resolution, 1),
            [0],
            settings,
        )
        for series in networks.states
    }
    falls = occlude_tasks(networks, exam)
    found: list[dict[str, Any]] = []
    marks = {}
    for k, task in enumerate(tasks):
        _, parts = networks.split_odds(odds)[task]
        for number, series in enumerate(networks.states):
            if series not in falls[task]:
                continue
            mark = falls[task][series].mark(task)
            marks[mark.column] = mark
            found.append(
                {
                    "task": task,
                    "series": series,
                    "column": mark.column,
                    "log_odds": float(odds[series][0, k]),
                    "contribution": float(parts[0, number]),
                }
            )
    return NetworkExplanation(pd.DataFrame(found), marks)
