"""SHAP values of one fitted classifier: contributions of the columns to its log-odds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.pipeline import Pipeline

from mrnet_features.messages import name_some
from mrnet_features.models.logistic import ScaledLogistic
from mrnet_features.models.plane_ensemble import PlaneEnsemble

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Explanation", "explain_model"]

CLOSE = 1e-6
"""Largest difference of two probabilities that are the same up to rounding."""

# Nodes and weights of the integral over 0 to 1.
NODES, WEIGHTS = (part / 2 for part in np.polynomial.legendre.leggauss(32))
NODES = NODES + 0.5


class Explanation(NamedTuple):
    """Contributions to the log-odds of class 1.

    Attributes
    ----------
    contributions : ndarray of shape (n_rows, n_columns), float64
    baseline : ndarray of shape (n_rows,), float64
        Log-odds of a typical training row. With the sum of the contributions it gives the
        log-odds of the row.
    """

    contributions: NDArray[np.float64]
    baseline: NDArray[np.float64]

    @property
    def log_odds(self) -> NDArray[np.float64]:
        """Log-odds of each row, shape (n_rows,), float64."""
        total: NDArray[np.float64] = self.baseline + self.contributions.sum(axis=1)
        return total


def explain_model(model: Any, features: Any, background: Any) -> Explanation:
    r"""Contribution of each column to the log-odds of each row.

    - LightGBM and models with a method `shap_values`: TreeSHAP values.
    - Linear models: :math:`\beta_j (x_j - \bar x_j)`, the SHAP value if the columns are taken one
      by one. The mean is that of the training rows, after the steps of the pipeline.
    - A pipeline: contributions of its last step. The steps before it must return columns of the
      features, scaled, imputed or selected, and not mixtures of them.
    - `TunedClassifier` and scikit-learn's searches: the chosen classifier.
    - `PlaneEnsemble`: the contributions of the planes. Logistic regression multiplies them by its
      coefficients; for the mean of the probabilities they are multiplied by the mean slope on
      the straight line from the baselines to the row (integrated gradients).

    Parameters
    ----------
    model : classifier
        Fitted.
    features : DataFrame or array of shape (n_rows, n_columns)
    background : DataFrame or array of shape (n_training_rows, n_columns)
        Rows that the model was fitted on.

    Returns
    -------
    Explanation

    Raises
    ------
    ValueError
        If there is no such explanation for the model.

    References
    ----------
    Lundberg et al. 2020, Nature Machine Intelligence 2:56-67, for TreeSHAP; Štrumbelj and
    Kononenko 2014, Knowledge and Information Systems 41:647-665, for linear models; Sundararajan,
    Taly and Yan 2017, ICML, for integrated gradients.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> model = ScaledLogistic().fit(X, [0, 0, 1, 1])
    >>> found = explain_model(model, X, X)
    >>> np.allclose(expit(found.log_odds), model.predict_proba(X)[:, 1])
    True
    """
    if isinstance(model, FixedThresholdClassifier | TunedThresholdClassifierCV):
        return explain_model(model.estimator_, features, background)
    if hasattr(model, "best_estimator_"):
        return explain_model(model.best_estimator_, features, background)
    if isinstance(model, ScaledLogistic):
        return explain_model(model.pipeline_, np.asarray(features), np.asarray(background))
    if isinstance(model, Pipeline):
        return _explain_pipeline(model, features, background)
    if isinstance(model, PlaneEnsemble):
        return _explain_planes(model, features, background)
    if hasattr(model, "shap_values"):
        shares = np.asarray(model.shap_values(features), dtype=np.float64)
        if shares.shape != (len(features), features.shape[1] + 1):
            raise ValueError(
                f"`shap_values` of {type(model).__name__} must return shape (n_rows, n_columns + "
                f"1), got {shares.shape} for {features.shape[1]} columns. Correct the method."
            )
        return Explanation(shares[:, :-1], shares[:, -1])
    if type(model).__module__.startswith("lightgbm.") and hasattr(model, "booster_"):
        shares = model.booster_.predict(np.asarray(features), pred_contrib=True, num_threads=1)
        return Explanation(shares[:, :-1], shares[:, -1])
    if hasattr(model, "coef_") and hasattr(model, "predict_proba"):
        return _explain_linear(model, features, background)
    raise _no_explanation(type(model).__name__)


def _explain_linear(model: Any, features: Any, background: Any) -> Explanation:
    weights = np.asarray(model.coef_, dtype=np.float64)
    if weights.size != features.shape[1]:
        raise _no_explanation(f"{type(model).__name__} with more than one row of coefficients")
    weights = weights.ravel()
    mean = np.asarray(background, dtype=np.float64).mean(axis=0)
    centre = float(np.ravel(model.intercept_)[0] + mean @ weights)
    shares = (np.asarray(features, dtype=np.float64) - mean) * weights
    found = Explanation(shares, np.full(len(shares), centre))
    if not np.allclose(expit(found.log_odds), model.predict_proba(features)[:, 1], 0, CLOSE):
        raise _no_explanation(f"{type(model).__name__}, whose probability is not logistic")
    return found


def _explain_pipeline(model: Pipeline, features: Any, background: Any) -> Explanation:
    n_columns = features.shape[1]
    origin = np.arange(n_columns)
    for name, step in model.steps[:-1]:
        if step is None or step == "passthrough":
            continue
        origin = origin[_find_origin(step, features, name)]
        features, background = step.transform(features), step.transform(background)
        if len(origin) != features.shape[1]:
            raise _no_explanation(f"a pipeline whose step '{name}' adds columns")
    found = explain_model(model.steps[-1][1], features, background)
    shares = np.zeros((n_columns, len(found.baseline)))
    np.add.at(shares, origin, found.contributions.T)
    return Explanation(np.ascontiguousarray(shares.T), found.baseline)


def _find_origin(step: Any, features: Any, name: str) -> NDArray[np.intp]:
    """Number of the input column that each output column of a transformer is."""
    names: Sequence[Any] = [f"x{k}" for k in range(features.shape[1])]
    if isinstance(features, pd.DataFrame):
        names = list(features.columns)
    try:
        found = step.get_feature_names_out(np.asarray(names, dtype=object))
    except AttributeError as error:
        raise _no_explanation(
            f"a pipeline whose step '{name}' ({type(step).__name__}) does not name its columns"
        ) from error
    numbers = {column: k for k, column in enumerate(names)}
    mixed = [column for column in found if column not in numbers]
    if mixed:
        raise _no_explanation(
            f"a pipeline whose step '{name}' ({type(step).__name__}) makes new columns, such as "
            f"{name_some(mixed[:1])}"
        )
    return np.array([numbers[column] for column in found], dtype=np.intp)


def _explain_planes(model: PlaneEnsemble, features: Any, background: Any) -> Explanation:
    rows, typical = (pd.DataFrame(part) for part in (features, background))
    planes = [
        explain_model(model.models_[plane], rows[columns], typical[columns])
        for plane, columns in model.columns_.items()
    ]
    start = np.column_stack([plane.baseline for plane in planes])
    end = np.column_stack([plane.log_odds for plane in planes])
    if model.combiner_ is not None:
        slopes = np.broadcast_to(model.combiner_.coef_[0], start.shape)
        baseline = start @ model.combiner_.coef_[0] + model.combiner_.intercept_[0]
    else:
        slopes, baseline = _integrate_slopes(start, end), logit(expit(start).mean(axis=1))
    shares = np.zeros(rows.shape)
    for k, (columns, plane) in enumerate(zip(model.columns_.values(), planes, strict=True)):
        places = rows.columns.get_indexer(pd.Index(columns))
        shares[:, places] += plane.contributions * slopes[:, [k]]
    return Explanation(shares, baseline)


def _integrate_slopes(start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean slope of the log-odds of mean probabilities, from `start` to `end`."""
    slopes = np.zeros_like(start)
    for node, weight in zip(NODES, WEIGHTS, strict=True):
        chances = expit(start + node * (end - start))
        mean = chances.mean(axis=1, keepdims=True)
        slopes += weight * chances * (1 - chances) / (mean * (1 - mean) * start.shape[1])
    return slopes


def _no_explanation(kind: str) -> ValueError:
    return ValueError(
        "The models must be LightGBM or logistic regression, alone, at the end of a pipeline that "
        f"scales, imputes or selects columns, tuned, or one per plane, got {kind}. Use "
        "`importance(evaluation, features, views=['permutation'])`, or evaluate "
        "`lightgbm_baseline`."
    )
