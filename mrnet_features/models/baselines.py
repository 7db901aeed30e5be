"""Baseline classifiers: LightGBM, logistic regression, constant prior."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from mrnet_features.models.lightgbm import SeedAveragedLightGBM
from mrnet_features.models.logistic import ScaledLogistic

if TYPE_CHECKING:
    from sklearn.dummy import DummyClassifier

__all__ = ["lightgbm_baseline", "logistic_baseline", "prior_baseline"]


def lightgbm_baseline(seed: int = 0, n_seeds: int = 3, **overrides: Any) -> SeedAveragedLightGBM:
    """LightGBM with small trees, averaged over seeds, for about a thousand rows.

    Parameters
    ----------
    seed : int, default 0
        Seed of the sampling of rows and columns.
    n_seeds : int, default 3
        Number of boosters whose probabilities are averaged.
    **overrides
        Other values for the parameters of `SeedAveragedLightGBM`, such as ``n_estimators=100``.

    Returns
    -------
    SeedAveragedLightGBM
        An unfitted classifier for one task.

    Raises
    ------
    TypeError
        If an override is not a parameter of `SeedAveragedLightGBM`. LightGBM itself ignores
        misspelt ones.

    Examples
    --------
    >>> lightgbm_baseline().num_leaves, lightgbm_baseline(num_leaves=15).num_leaves
    (7, 15)
    """
    named = {"n_seeds", "random_state"}
    known = sorted(inspect.signature(SeedAveragedLightGBM).parameters.keys() - named)
    unknown = sorted(overrides.keys() - set(known))
    if unknown:
        raise TypeError(f"Unknown parameter {', '.join(unknown)}. Known: {', '.join(known)}.")
    return SeedAveragedLightGBM(n_seeds=n_seeds, random_state=seed, **overrides)


def logistic_baseline(C: float = 1.0) -> ScaledLogistic:
    """L2 logistic regression on imputed, standardised columns.

    Parameters
    ----------
    C : float, default 1.0
        Prior variance of the log-odds; the penalty is divided among the columns.

    Returns
    -------
    ScaledLogistic
        An unfitted classifier for one task.

    Examples
    --------
    One symmetric column; a row at its centre has probability .5:

    >>> model = logistic_baseline().fit([[-1.0], [1.0]], [0, 1])
    >>> model.predict_proba([[0.0]]).round(6).tolist()
    [[0.5, 0.5]]
    """
    return ScaledLogistic(C=C)


def prior_baseline() -> DummyClassifier:
    """Constant classifier: the fraction of positives in the training rows, AUC .5.

    Returns
    -------
    sklearn.dummy.DummyClassifier
        An unfitted classifier for one task.

    Examples
    --------
    >>> model = prior_baseline().fit([[5.0], [6.0], [7.0], [8.0]], [0, 0, 0, 1])
    >>> model.predict_proba([[9.0]]).tolist()
    [[0.75, 0.25]]
    """
    from sklearn.dummy import DummyClassifier

    return DummyClassifier(strategy="prior")
