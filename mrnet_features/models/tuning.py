"""Tuning by random search over a small published grid, within the training exams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import ParameterGrid
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from mrnet_features.models.estimators import fit_classifier, take_rows
from mrnet_features.models.inner_folds import split_inner_folds
from mrnet_features.models.lightgbm import SeedAveragedLightGBM
from mrnet_features.models.targets import encode_two_classes
from mrnet_features.models.two_classes import TwoClassClassifier

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

__all__ = ["LIGHTGBM_GRID", "TunedClassifier"]

LIGHTGBM_GRID: Mapping[str, Sequence[Any]] = {
    "num_leaves": (4, 7, 15),
    "n_estimators": (150, 300, 600),
    "colsample_bytree": (0.1, 0.2, 0.5),
    "reg_lambda": (1.0, 5.0, 20.0),
}
"""Default grid of `TunedClassifier`: around the values of `lightgbm_baseline`."""


class TunedClassifier(TwoClassClassifier):
    """Classifier whose parameters are chosen by an inner cross-validation.

    `fit` uses only its own rows: in an outer cross-validation the test fold is never used. The
    values that the classifier was created with are always among the candidates.

    Parameters
    ----------
    estimator : classifier, optional
        With `predict_proba`. By default ``SeedAveragedLightGBM(n_seeds=1)``.
    grid : mapping of str to sequence, optional
        Values of each parameter, for nested ones ``step__parameter``. By default `LIGHTGBM_GRID`.
    n_candidates : int, default 8
        Points of the grid to try, besides the values of `estimator`.
    n_splits : int, default 4
        Inner folds, stratified and shuffled. They keep the rows of a group together if `fit` gets
        `groups`, as `cross_validate` passes them.
    random_state : int, RandomState instance or None, default 0
        Seed of the choice of points and of the inner folds.

    Attributes
    ----------
    best_estimator_ : classifier
        Fitted on all rows.
    best_params_ : dict
        Chosen parameters; empty if the values of `estimator` were best.
    candidates_ : list of (dict, float)
        Every point and its mean inner AUC, weighted by the sample weights.
    classes_ : ndarray of shape (2,)

    References
    ----------
    Bergstra and Bengio 2012, Journal of Machine Learning Research 13:281-305, for random search;
    Varma and Simon 2006, BMC Bioinformatics 7:91, for tuning inside the folds.

    Examples
    --------
    >>> from mrnet_features.models import ScaledLogistic
    >>> model = TunedClassifier(ScaledLogistic(), {"C": [0.1, 10.0]}, n_splits=2)
    >>> fitted = model.fit([[0.0], [1.0]] * 8, [0, 1] * 8)
    >>> sorted(point.get("C", 1.0) for point, _ in fitted.candidates_)
    [0.1, 1.0, 10.0]
    """

    def __init__(
        self,
        estimator: Any = None,
        grid: Mapping[str, Sequence[Any]] | None = None,
        *,
        n_candidates: int = 8,
        n_splits: int = 4,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.estimator = estimator
        self.grid = grid
        self.n_candidates = n_candidates
        self.n_splits = n_splits
        self.random_state = random_state

    def fit(
        self,
        X: pd.DataFrame | ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> TunedClassifier:
        """Choose the parameters on inner folds, then fit on all rows.

        Parameters
        ----------
        X : DataFrame or array of shape (n_rows, n_columns), float
        y : array of shape (n_rows,)
            Two classes.
        sample_weight : array of shape (n_rows,), optional
            Weight of each row in every fit and in the inner AUCs, at least 0.
        groups : array of shape (n_rows,), optional
            Group of each row, such as the patient.

        Returns
        -------
        TunedClassifier
            This classifier.

        Raises
        ------
        ValueError
            If `n_candidates` is below 1, or a class has fewer rows or groups than `n_splits`.
        """
        if self.n_candidates < 1:
            raise ValueError(f"`n_candidates` must be at least 1, got {self.n_candidates}.")
        checked, y = validate_data(
            self, X, y, dtype=[np.float64, np.float32], ensure_all_finite="allow-nan"
        )
        X = X if hasattr(X, "iloc") else checked  # the inner classifier needs the column names
        self.classes_, codes = encode_two_classes(y)
        weights = None if sample_weight is None else _check_sample_weight(sample_weight, checked)
        groups = None if groups is None else np.asarray(groups)
        check_consistent_length(checked, groups)
        random = check_random_state(self.random_state)
        base = SeedAveragedLightGBM(n_seeds=1) if self.estimator is None else self.estimator
        points = list(ParameterGrid(dict(LIGHTGBM_GRID if self.grid is None else self.grid)))
        drawn = random.permutation(len(points))[: self.n_candidates]
        seed = random.randint(2**31 - 1)
        splits = split_inner_folds(codes, self.n_splits, seed, groups, weights)
        self.candidates_: list[tuple[dict[str, Any], float]] = [
            (point, _score_point(base, point, X, codes, splits, weights, groups))
            for point in ({}, *(points[k] for k in drawn))
        ]
        # `max` returns the first of equals: in a tie the values of `estimator` stay.
        self.best_params_ = max(self.candidates_, key=lambda candidate: candidate[1])[0]
        chosen = clone(base).set_params(**self.best_params_)
        self.best_estimator_ = fit_classifier(chosen, X, codes, weights, groups)
        return self

    def predict_proba(self, X: pd.DataFrame | ArrayLike) -> NDArray[np.float64]:
        """Probability of each class.

        Parameters
        ----------
        X : DataFrame or array of shape (n_rows, n_columns), float

        Returns
        -------
        ndarray of shape (n_rows, 2), float64
            Columns in the order of `classes_`.
        """
        check_is_fitted(self)
        validate_data(
            self, X, dtype=[np.float64, np.float32], ensure_all_finite="allow-nan", reset=False
        )
        return np.asarray(self.best_estimator_.predict_proba(X), dtype=np.float64)


def _score_point(
    base: Any,
    point: Mapping[str, Any],
    X: Any,
    codes: NDArray[np.intp],
    splits: Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]],
    weights: NDArray[np.float64] | None,
    groups: NDArray[Any] | None,
) -> float:
    aucs = []
    for train, test in splits:
        own = [None if values is None else values[train] for values in (weights, groups)]
        model = clone(base).set_params(**point)
        fit_classifier(model, take_rows(X, train), codes[train], *own)
        scores = model.predict_proba(take_rows(X, test))[:, 1]
        tested = None if weights is None else weights[test]
        aucs.append(roc_auc_score(codes[test], scores, sample_weight=tested))
    return float(np.mean(aucs))
