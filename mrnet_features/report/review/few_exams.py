"""Sentence on what few exams of a class, or few groups, can't tell."""

from __future__ import annotations

from typing import Any

from mrnet_features.evaluation.metrics.few_exams import ENOUGH
from mrnet_features.report.page import Text
from mrnet_features.report.review.inputs import Inputs

__all__ = ["warn_of_few"]


def warn_of_few(inputs: Inputs, facts: dict[str, Any]) -> list[Text]:
    """Sentence that names tasks with few exams of a class, and few groups.

    Parameters
    ----------
    inputs : Inputs
    facts : dict
        Its numbers are added.

    Returns
    -------
    list of Text
        Empty if there are enough.
    """
    labels = inputs.labels
    few = {}
    for task, column in labels.items():
        n_positive, n_negative = int((column == 1).sum()), int((column == 0).sum())
        if min(n_positive, n_negative) < ENOUGH:
            few[str(task)] = [n_positive, n_negative]
    groups = inputs.model.groups
    n_groups = None if groups is None else int(groups.loc[labels.index].nunique())
    words = [f"{task}: {one:,} positive and {two:,} negative" for task, (one, two) in few.items()]
    if n_groups is not None and n_groups < ENOUGH:
        words.append(f"groups: {n_groups}")
    if not words:
        return []
    facts["few"] = {"enough": ENOUGH, "exams": few, "groups": n_groups}
    return [
        Text(
            f"Intervals are rough with fewer than {ENOUGH} exams of a class, or groups, and a "
            f"difference is easily missed. Here are {'; '.join(words)}.",
            is_warning=True,
        )
    ]
