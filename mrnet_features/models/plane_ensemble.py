"""One model per plane, combined by the mean or by logistic regression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import logit
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from mrnet_features.messages import name_some
from mrnet_features.models.estimators import fit_classifier
from mrnet_features.models.inner_folds import split_inner_folds
from mrnet_features.models.lightgbm import SeedAveragedLightGBM
from mrnet_features.models.targets import encode_two_classes
from mrnet_features.models.two_classes import TwoClassClassifier
from mrnet_features.names import group_names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = ["PlaneEnsemble"]

COMBINATIONS = ("average", "logistic")
CLIP = 1e-6


class PlaneEnsemble(TwoClassClassifier):
    """Ensemble of one classifier per feature group, such as the plane.

    To concatenate the planes, use any classifier on the whole table.

    Parameters
    ----------
    estimator : classifier, optional
        With `predict_proba`. By default `SeedAveragedLightGBM`.
    combine : {"logistic", "average"}, default "logistic"
        Logistic regression on the log-odds of the planes, or the mean of their probabilities.
        The regression is fitted on out-of-fold scores of the training rows, because scores of
        rows that a model was fitted on are too high or too low.
    by : {"plane", "series", "region", "family"} or callable, default "plane"
        Part of the column names to group by. For other tables, a function of the list of columns
        (names; column numbers if `X` is an array) that returns a mapping of group to columns.
        Other columns are not used.
    n_splits : int, default 5
        Inner folds of the out-of-fold scores, stratified and shuffled. They keep the rows of a
        group together if `fit` gets `groups`, as `cross_validate` passes them.
    random_state : int, RandomState instance or None, default 0
        Seed of the inner folds.

    Attributes
    ----------
    models_ : dict of str to classifier
        One per plane, fitted on all rows.
    combiner_ : LogisticRegression or None
        Regression on the log-odds of the planes.
    columns_ : dict of str to list
        Columns of each group.
    classes_ : ndarray of shape (2,)

    References
    ----------
    Bien et al. 2018, PLoS Medicine 15(11):e1002699, for logistic regression over planes; Wolpert
    1992, Neural Networks 5(2):241-259, for out-of-fold scores.

    Examples
    --------
    >>> from mrnet_features.models import ScaledLogistic
    >>> names = [f"{plane}__knee__glcm__energy__mean" for plane in ("axial", "coronal")]
    >>> table = pd.DataFrame(np.tile([[0.0, 1.0], [1.0, 0.0]], (10, 1)), columns=names)
    >>> model = PlaneEnsemble(ScaledLogistic(), combine="average").fit(table, [0, 1] * 10)
    >>> sorted(model.models_), model.predict(table[:2]).tolist()
    (['axial', 'coronal'], [0, 1])
    """

    def __init__(
        self,
        estimator: Any = None,
        combine: str = "logistic",
        *,
        by: str | Callable[[Sequence[Any]], Mapping[str, Sequence[Any]]] = "plane",
        n_splits: int = 5,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.estimator = estimator
        self.combine = combine
        self.by = by
        self.n_splits = n_splits
        self.random_state = random_state

    def fit(
        self,
        X: pd.DataFrame | ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> PlaneEnsemble:
        """Fit one model per plane, and the regression that combines them, if any.

        Parameters
        ----------
        X : DataFrame of shape (n_rows, n_columns)
            Columns named ``series__region__family__statistic__pool``; any numeric table if `by` is
            a function.
        y : array of shape (n_rows,)
            Two classes.
        sample_weight : array of shape (n_rows,), optional
            Weight of each row in the models of the planes and the regression, at least 0.
        groups : array of shape (n_rows,), optional
            Group of each row, such as the patient.

        Returns
        -------
        PlaneEnsemble
            This classifier.

        Raises
        ------
        TypeError
            If `by` is a part of a name and `X` is not a DataFrame.
        ValueError
            If `combine` is unknown, a name does not parse, `by` returns no group, an empty group or
            a column that `X` lacks, or a class has fewer rows or groups than `n_splits`.
        """
        if self.combine not in COMBINATIONS:
            raise ValueError(
                f"`combine` must be one of {', '.join(COMBINATIONS)}, got {self.combine!r}. To fit "
                "one model on all planes together, use the estimator without PlaneEnsemble."
            )
        if not isinstance(X, pd.DataFrame) and isinstance(self.by, str):
            raise TypeError(
                f"`X` must be a DataFrame with named columns, got {type(X).__name__}. Without "
                "names, pass a function as `by`."
            )
        checked, y = validate_data(
            self, X, y, dtype=[np.float64, np.float32], ensure_all_finite="allow-nan"
        )
        X = X if isinstance(X, pd.DataFrame) else pd.DataFrame(checked)
        self.classes_, codes = encode_two_classes(y)
        self.columns_: dict[str, list[Any]] = self._group_columns(list(X.columns))
        base = SeedAveragedLightGBM() if self.estimator is None else self.estimator
        weights = None if sample_weight is None else _check_sample_weight(sample_weight, checked)
        groups = None if groups is None else np.asarray(groups)
        check_consistent_length(checked, groups)
        self.combiner_: LogisticRegression | None = None
        if self.combine == "logistic":
            seed = check_random_state(self.random_state).randint(2**31 - 1)
            advice = "Lower `n_splits`, or combine by 'average'."
            splits = split_inner_folds(codes, self.n_splits, seed, groups, weights, advice)
            odds = np.empty((len(X), len(self.columns_)))
            for train, test in splits:
                own = [None if values is None else values[train] for values in (weights, groups)]
                fitted = self._fit_planes(base, X.iloc[train], codes[train], *own)
                odds[test] = self._score_planes(fitted, X.iloc[test])
            self.combiner_ = LogisticRegression().fit(odds, codes, sample_weight=weights)
        self.models_ = self._fit_planes(base, X, codes, weights, groups)
        return self

    def predict_proba(self, X: pd.DataFrame | ArrayLike) -> NDArray[np.float64]:
        """Probability of each class.

        Parameters
        ----------
        X : DataFrame of shape (n_rows, n_columns)
            The columns of `fit`, in the same order.

        Returns
        -------
        ndarray of shape (n_rows, 2), float64
            Columns in the order of `classes_`.
        """
        check_is_fitted(self)
        checked = validate_data(
            self, X, dtype=[np.float64, np.float32], ensure_all_finite="allow-nan", reset=False
        )
        X = X if isinstance(X, pd.DataFrame) else pd.DataFrame(checked)
        odds = self._score_planes(self.models_, X)
        if self.combiner_ is not None:
            return np.asarray(self.combiner_.predict_proba(odds), dtype=np.float64)
        positive = (1 / (1 + np.exp(-odds))).mean(axis=1)
        return np.column_stack([1 - positive, positive])

    def _group_columns(self, columns: list[Any]) -> dict[str, list[Any]]:
        if isinstance(self.by, str):
            return group_names(columns, self.by)
        groups = {name: list(members) for name, members in self.by(columns).items()}
        unknown = sorted(
            {str(c) for members in groups.values() for c in members} - set(map(str, columns))
        )
        if not groups or not all(groups.values()) or unknown:
            raise ValueError(
                "`by` must return at least one group, each of columns that `X` has, got "
                f"{len(groups)} groups of {[len(members) for members in groups.values()]} columns"
                f"{f', unknown {name_some(unknown)}' if unknown else ''}. Correct the function."
            )
        return groups

    def _fit_planes(
        self,
        base: Any,
        X: pd.DataFrame,
        codes: NDArray[np.intp],
        weights: NDArray[np.float64] | None,
        groups: NDArray[Any] | None,
    ) -> dict[str, Any]:
        return {
            plane: fit_classifier(clone(base), X[columns], codes, weights, groups)
            for plane, columns in self.columns_.items()
        }

    def _score_planes(self, models: dict[str, Any], X: pd.DataFrame) -> NDArray[np.float64]:
        """Log-odds of each plane, shape (n_rows, n_planes)."""
        chances = [
            models[plane].predict_proba(X[columns])[:, 1]
            for plane, columns in self.columns_.items()
        ]
        return np.asarray(logit(np.clip(np.column_stack(chances), CLIP, 1 - CLIP)))
