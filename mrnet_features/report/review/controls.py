"""Negative controls of a report: those computed before, or new ones if there is time."""

from __future__ import annotations

from typing import Any

from mrnet_features.evaluation.leakage.negative_controls import (
    NegativeControl,
    plant_leak,
    replace_by_noise,
    shuffle_labels,
)
from mrnet_features.models.estimators import copy_classifier
from mrnet_features.report.review.attempt import Refusal, attempt
from mrnet_features.report.review.inputs import Inputs

__all__ = ["CONTROLS", "find_controls"]

N_ROUNDS = 5
"""Rounds of a control, each one cross-validation without repeats."""

CONTROLS = {
    "shuffled labels": (
        "Shuffled labels",
        "A study that scores well though there is nothing to learn: it must find an AUC near 0.5.",
    ),
    "noise features": (
        "Noise in place of features",
        "Labels that reach the model other than through the features: the AUC must be near 0.5.",
    ),
    "planted leak": (
        "Planted leak",
        "A study that can find nothing: with the label as a column, the AUC must be 0.95 or more.",
    ),
}
"""Kinds of `NegativeControl` in words: name, and what it finds."""


def find_controls(inputs: Inputs) -> list[NegativeControl] | Refusal | None:
    """Negative controls of the model.

    Parameters
    ----------
    inputs : Inputs

    Returns
    -------
    list of NegativeControl, Refusal or None
        Those computed before, else new ones if the report is thorough; None if it is not. A
        Refusal if the data don't allow them.
    """
    given = inputs.find(NegativeControl)
    if given or not inputs.thorough:
        return given or None
    evaluation = inputs.evaluation
    if evaluation is None or inputs.features is None:
        return Refusal("It needs a cross-validation and `features=`.")
    if evaluation.fit_labels is not None:
        return Refusal("The models were fitted on other labels than they are scored on.")
    folds = evaluation.folds
    models = {
        task: copy_classifier(evaluation.models[task, 0, 0]) for task in evaluation.labels.columns
    }
    options: dict[str, Any] = {
        "seed": inputs.seed,
        "n_splits": folds.n_splits,
        "n_repeats": 1,
        "groups": evaluation.groups,
        "n_jobs": inputs.n_jobs,
        "progress": False,
    }
    arguments = (models, inputs.features, evaluation.labels)
    return attempt(
        lambda: [
            shuffle_labels(*arguments, n_rounds=N_ROUNDS, **options),
            replace_by_noise(*arguments, n_rounds=N_ROUNDS, **options),
            plant_leak(*arguments, **options),
        ]
    )
