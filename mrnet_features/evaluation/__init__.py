"""Predictions -> knowledge: folds, AUCs with intervals, cross-validation. No pixels here."""

from mrnet_features.evaluation.auc import (
    AucEstimate,
    logit_interval,
    measure_auc,
    standard_error,
)
from mrnet_features.evaluation.crossval import Evaluation, cross_validate
from mrnet_features.evaluation.folds import Folds
from mrnet_features.evaluation.scores import Scores, score_predictions
from mrnet_features.evaluation.splits import make_folds

__all__ = [
    "AucEstimate",
    "Evaluation",
    "Folds",
    "Scores",
    "cross_validate",
    "logit_interval",
    "make_folds",
    "measure_auc",
    "score_predictions",
    "standard_error",
]
