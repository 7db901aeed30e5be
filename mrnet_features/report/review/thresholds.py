"""Operating points of the model of a report, at thresholds that were chosen on other exams."""

from __future__ import annotations

import functools
from typing import Any

import pandas as pd

from mrnet_features.evaluation.metrics.operating_points import (
    apply_thresholds,
    choose_thresholds,
    measure_operating_points,
)
from mrnet_features.evaluation.protocol.cross_validation import Evaluation
from mrnet_features.evaluation.protocol.holdout import HoldOut
from mrnet_features.report.review.attempt import Refusal, attempt
from mrnet_features.report.review.inputs import Inputs

__all__ = ["TARGET", "find_training_evaluation", "measure_points"]

TARGET = 0.9
"""Sensitivity that the second threshold was chosen for."""

RULES = {"balance": ("youden", TARGET), "90 % sensitivity": ("sensitivity", TARGET)}
"""Rule and target by the words of the page."""


def measure_points(inputs: Inputs) -> dict[str, pd.DataFrame] | Refusal:
    """Sensitivity, specificity and predictive values of the model at two thresholds.

    Parameters
    ----------
    inputs : Inputs

    Returns
    -------
    dict of str to DataFrame, or Refusal
        Tables of `measure_operating_points` or `apply_thresholds` by what the threshold was
        chosen for. Empty for a HoldOut without an Evaluation of its training exams.
    """
    found = {}
    for words, (rule, target) in RULES.items():
        if inputs.evaluation is not None:
            measure = functools.partial(measure_operating_points, inputs.evaluation, rule, target)
        else:
            training = find_training_evaluation(inputs)
            if training is None:
                return {}
            measure = functools.partial(_carry_over, inputs.model, training, rule, target)
        table = attempt(measure)
        if isinstance(table, Refusal):
            return table
        found[words] = table
    return found


def _carry_over(model: Any, training: Evaluation, rule: str, target: float) -> pd.DataFrame:
    return apply_thresholds(model, None, choose_thresholds(training, rule, target))


def find_training_evaluation(inputs: Inputs) -> Evaluation | None:
    """Cross-validation of the model of a HoldOut on its training exams.

    Parameters
    ----------
    inputs : Inputs

    Returns
    -------
    Evaluation or None
        The first among the models and the results that were computed before, with the same exams,
        labels, kind of model and settings. None if the model of the report is no HoldOut.
    """
    holdout = inputs.model
    if not isinstance(holdout, HoldOut):
        return None
    candidates = [model for model in inputs.models.values() if isinstance(model, Evaluation)]
    for candidate in [*candidates, *inputs.find(Evaluation)]:
        own = candidate.labels if candidate.fit_labels is None else candidate.fit_labels
        same_labels = own.sort_index(axis=1).equals(
            holdout.train_labels.sort_index().sort_index(axis=1)
        )
        if same_labels and _fit_alike(candidate, holdout):
            return candidate
    return None


def _fit_alike(evaluation: Evaluation, holdout: HoldOut) -> bool:
    """Whether both fitted the same kind of model with the same settings for each task."""
    if evaluation.implications != holdout.implications:
        return False
    first = {task: model for (task, _, _), model in reversed(list(evaluation.models.items()))}
    return first.keys() == holdout.models.keys() and all(
        _describe_model(first[task]) == _describe_model(holdout.models[task]) for task in first
    )


def _describe_model(model: Any) -> dict[str, str]:
    """Kind and settings of a model, without seeds and numbers of threads."""
    settings = model.get_params(deep=True) if hasattr(model, "get_params") else {}
    kept = {"": type(model).__qualname__}
    for name, value in settings.items():
        if name.rpartition("__")[2] in ("random_state", "n_jobs", "verbose"):
            continue
        if hasattr(value, "get_params"):
            kept[name] = type(value).__qualname__
        elif not isinstance(value, list | tuple):  # of steps, which are listed one by one
            kept[name] = repr(value)
    return kept
