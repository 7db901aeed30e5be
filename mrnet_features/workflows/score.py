"""Scores of a feature table: cross-validation of a named baseline, and feature importance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from mrnet_features.csv_files import format_csv
from mrnet_features.evaluation.importance.importance import Importance, importance
from mrnet_features.evaluation.protocol.coherence import make_coherent
from mrnet_features.evaluation.protocol.cross_validation import Evaluation, cross_validate
from mrnet_features.evaluation.protocol.folds import Folds
from mrnet_features.files import explain_write_errors, write_text
from mrnet_features.messages import quote
from mrnet_features.models.baselines import (
    lightgbm_baseline,
    logistic_baseline,
    prior_baseline,
)

MODELS: dict[str, Callable[[], Any]] = {
    "lightgbm": lightgbm_baseline,
    "logistic": logistic_baseline,
    "prior": prior_baseline,
}
"""Baselines by name."""


def score_table(
    features: pd.DataFrame,
    labels: pd.DataFrame,
    *,
    model: str = "lightgbm",
    n_splits: int = 5,
    n_repeats: int = 3,
    folds: Folds | None = None,
    seed: int = 0,
    n_jobs: int | None = None,
    coherent: bool = False,
) -> Evaluation:
    """Cross-validation of a baseline.

    Parameters
    ----------
    features : DataFrame of shape (n_exams, n_features)
    labels : DataFrame of shape (n_exams, n_tasks)
    model : {"lightgbm", "logistic", "prior"}, default "lightgbm"
    n_splits, n_repeats, folds, seed, n_jobs
        See `cross_validate`.
    coherent : bool, default False
        Use "a tear implies abnormal" where the labels obey it; see `make_coherent`.

    Returns
    -------
    Evaluation

    Raises
    ------
    ValueError
        If there is no such baseline.
    """
    if model not in MODELS:
        raise ValueError(f"`model` must be one of {', '.join(MODELS)}, got {quote(model)}.")
    evaluation = cross_validate(
        model=MODELS[model](),
        features=features,
        labels=labels,
        n_splits=n_splits,
        n_repeats=n_repeats,
        folds=folds,
        seed=seed,
        n_jobs=n_jobs,
    )
    return make_coherent(evaluation) if coherent else evaluation


def write_evaluation(evaluation: Evaluation, folder: str | Path) -> None:
    """Write ``summary.csv``, ``predictions.csv`` and ``folds.csv``.

    Parameters
    ----------
    evaluation : Evaluation
    folder : path
        Made if it does not exist.
    """
    folder = Path(folder)
    with explain_write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / "summary.csv", format_csv(evaluation.summary(), index=True))
        write_text(folder / "predictions.csv", format_csv(evaluation.predictions))
        evaluation.folds.save(folder / "folds.csv")


def measure_importance(
    features: pd.DataFrame,
    labels: pd.DataFrame,
    *,
    by: str | Mapping[str, str] = "family",
    views: Sequence[str] = ("shap", "permutation"),
    seed: int = 0,
    n_jobs: int | None = None,
) -> Importance:
    """Importance of groups of columns to LightGBM, in a 5-fold cross-validation.

    Parameters
    ----------
    features : DataFrame of shape (n_exams, n_features)
    labels : DataFrame of shape (n_exams, n_tasks)
    by, views
        See `importance`.
    seed : int, default 0
        Seeds folds, models and shuffles.
    n_jobs : int, optional
        Parallel processes.

    Returns
    -------
    Importance
    """
    evaluation = score_table(features, labels, seed=seed, n_jobs=n_jobs)
    return importance(evaluation, features, by, views=views, seed=seed, n_jobs=n_jobs)
