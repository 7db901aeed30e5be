"""A saved LightGBM model with thresholds, from a feature table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from mrnet_features.evaluation.metrics.operating_points import check_rule, choose_thresholds
from mrnet_features.evaluation.protocol.cross_validation import Evaluation
from mrnet_features.models.baselines import lightgbm_baseline
from mrnet_features.models.bundle import Bundle, check_bundle_folder, fit_bundle
from mrnet_features.workflows.score import score_table


@dataclass(frozen=True, eq=False)
class FittedTable:
    """A model fitted on a whole table, and the cross-validation of the same settings.

    Attributes
    ----------
    bundle : Bundle
        Models and thresholds, as saved.
    evaluation : Evaluation
        Cross-validation that the thresholds were chosen on.
    """

    bundle: Bundle
    evaluation: Evaluation


def fit_table(
    features: pd.DataFrame,
    labels: pd.DataFrame,
    out: str | Path,
    *,
    rule: str = "youden",
    target: float = 0.9,
    n_splits: int = 5,
    groups: pd.Series[Any] | None = None,
    seed: int = 0,
    n_jobs: int | None = None,
    coherent: bool = False,
) -> FittedTable:
    """Fit LightGBM on all exams of a table and save it with its thresholds.

    Parameters
    ----------
    features : DataFrame of shape (n_exams, n_features)
    labels : DataFrame of shape (n_exams, n_tasks)
    out : path
        Folder; see `Bundle.save`.
    rule, target
        How thresholds are chosen on the out-of-fold predictions; see `choose_threshold`.
    n_splits : int, default 5
        Folds of the cross-validation.
    groups : Series, optional
        Group of each exam, kept in one fold; see `cross_validate`.
    seed : int, default 0
        Seeds folds and models.
    n_jobs : int, optional
        Parallel processes.
    coherent : bool, default False
        Use "a tear implies abnormal" where the labels obey it, in the cross-validation and in the
        saved model; see `make_coherent` and `fit_bundle`. A pair that no fold uses is not saved.

    Returns
    -------
    FittedTable

    Raises
    ------
    FileExistsError, NotADirectoryError
        If `out` can't hold a bundle; before anything is fitted.
    TypeError, ValueError
        As `cross_validate`.
    """
    check_rule(rule, target)
    check_bundle_folder(out)
    evaluation = score_table(
        features,
        labels,
        n_splits=n_splits,
        groups=groups,
        seed=seed,
        n_jobs=n_jobs,
        coherent=coherent,
    )
    thresholds = choose_thresholds(evaluation, rule, target)
    bundle = fit_bundle(
        lightgbm_baseline(seed), features, labels, thresholds=thresholds, coherent=coherent
    )
    if coherent:  # the thresholds are for probabilities with the pairs of the cross-validation
        used = [pair for pair in bundle.implications if pair in evaluation.implications]
        bundle = replace(bundle, implications=tuple(used))
    bundle.save(out)
    return FittedTable(bundle, evaluation)
