"""Scores of a feature table: cross-validation of a named baseline, and feature importance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from mrnet_features.evaluation.importance.feature_groups import group_columns
from mrnet_features.evaluation.importance.importance import Importance, importance
from mrnet_features.evaluation.importance.per_fold import VIEWS
from mrnet_features.evaluation.protocol.coherence import make_coherent
from mrnet_features.evaluation.protocol.cross_validation import Evaluation, cross_validate
from mrnet_features.evaluation.protocol.folds import Folds
from mrnet_features.files.csv_format import format_csv
from mrnet_features.files.writing import explain_write_errors, write_text
from mrnet_features.messages import quote, suggest_name
from mrnet_features.workflows.named_models import load_model

FILES = ("summary.csv", "predictions.csv", "folds.csv")
"""Files of an evaluation."""


def score_table(
    features: pd.DataFrame,
    labels: pd.DataFrame,
    *,
    model: str = "lightgbm",
    n_splits: int = 5,
    n_repeats: int = 3,
    folds: Folds | None = None,
    groups: pd.Series[Any] | None = None,
    seed: int = 0,
    n_jobs: int | None = None,
    coherent: bool = False,
) -> Evaluation:
    """Cross-validation of a model by name.

    Parameters
    ----------
    features : DataFrame of shape (n_exams, n_features)
    labels : DataFrame of shape (n_exams, n_tasks)
    model : str, default "lightgbm"
        "lightgbm", "logistic", "prior", or ``module:object``; see `load_model`.
    n_splits, n_repeats, folds, groups, seed, n_jobs
        See `cross_validate`.
    coherent : bool, default False
        Use "a tear implies abnormal" where the labels obey it; see `make_coherent`.

    Returns
    -------
    Evaluation

    Raises
    ------
    ValueError, TypeError, ImportError
        As `load_model` and `cross_validate`.
    """
    evaluation = cross_validate(
        model=load_model(model),
        features=features,
        labels=labels,
        n_splits=n_splits,
        n_repeats=n_repeats,
        folds=folds,
        groups=groups,
        seed=seed,
        n_jobs=n_jobs,
    )
    return make_coherent(evaluation) if coherent else evaluation


def refuse_evaluation(folder: str | Path) -> None:
    """Raise if a folder holds an evaluation, which another one would replace.

    Parameters
    ----------
    folder : path

    Raises
    ------
    FileExistsError
        If it has a file of `write_evaluation`.
    """
    present = [name for name in FILES if (Path(folder) / name).exists()]
    if present:
        raise FileExistsError(
            f"'{folder}' holds the results of an earlier run ({', '.join(present)}). Choose "
            "another folder with `out`, or pass overwrite=True to replace them."
        )


def write_evaluation(evaluation: Evaluation, folder: str | Path) -> None:
    """Write ``summary.csv``, ``predictions.csv`` and ``folds.csv``; old ones are replaced.

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
    n_splits: int = 5,
    groups: pd.Series[Any] | None = None,
    seed: int = 0,
    n_jobs: int | None = None,
) -> Importance:
    """Importance of groups of columns to LightGBM, in a cross-validation.

    Parameters
    ----------
    features : DataFrame of shape (n_exams, n_features)
    labels : DataFrame of shape (n_exams, n_tasks)
    by, views
        See `importance`.
    n_splits : int, default 5
        Folds of the cross-validation.
    groups : Series, optional
        See `cross_validate`.
    seed : int, default 0
        Seeds folds, models and shuffles.
    n_jobs : int, optional
        Parallel processes.

    Returns
    -------
    Importance

    Raises
    ------
    ValueError
        As `importance`, and before anything is fitted.
    """
    check_views(views)
    if by != "cluster":  # all other groupings are quick, and `importance` makes them again
        group_columns(features, by)
    evaluation = score_table(
        features, labels, n_splits=n_splits, groups=groups, seed=seed, n_jobs=n_jobs
    )
    return importance(evaluation, features, by, views=views, seed=seed, n_jobs=n_jobs)


def check_views(views: Sequence[str]) -> None:
    """Raise unless all views of an importance are known; call it before a long fit.

    Parameters
    ----------
    views : sequence of str

    Raises
    ------
    ValueError
        If a view is unknown, or there is none.
    """
    unknown = [view for view in views if view not in VIEWS]
    if unknown or not views:
        got = f"{quote(unknown[0])}.{suggest_name(unknown[0], VIEWS)}" if unknown else "none."
        raise ValueError(f"`views` must be one or more of {', '.join(VIEWS)}, got {got}")
