"""Small LightGBM trees averaged over seeds, as a scikit-learn classifier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from mrnet_features.models.targets import encode_two_classes

if TYPE_CHECKING:
    from types import ModuleType

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

__all__ = ["SeedAveragedLightGBM", "import_lightgbm"]


def import_lightgbm() -> ModuleType:
    """Import LightGBM, or say which system package it lacks.

    LightGBM's wheel needs the OpenMP runtime ``libgomp.so.1`` of the system, which slim images
    leave out. That surfaces as a bare ``OSError`` deep inside the import.

    Returns
    -------
    module
        The imported ``lightgbm``.

    Raises
    ------
    ImportError
        If ``libgomp.so.1`` is missing; the message names the package that brings it.
    """
    try:
        import lightgbm
    except OSError as error:
        if "libgomp" not in str(error):
            raise
        raise ImportError(
            "LightGBM needs the system library libgomp.so.1 (GNU OpenMP), which this machine "
            "lacks. Install it: `apt-get install libgomp1` (Debian, Ubuntu), "
            "`dnf install libgomp` (Fedora, RHEL) or `apk add libgomp` (Alpine)."
        ) from error
    return lightgbm  # type: ignore[no-any-return]


class SeedAveragedLightGBM(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Binary LightGBM classifier with small trees, its probabilities averaged over seeds.

    The values are chosen for about a thousand rows and more columns than rows: little trees on
    few columns each, a fixed number of them. Nothing stops early, so no row is spent on that and
    none is looked at twice. Each fit runs on one thread and gives the same bits for the same
    rows, columns and `random_state`.

    The columns are binned once for all seeds: binning looks at no seed, so the trees equal those
    of separate fits.

    Parameters
    ----------
    n_seeds : int, default 3
        Number of boosters whose probabilities are averaged.
    n_estimators : int, default 300
        Trees a booster.
    num_leaves : int, default 7
        Leaves a tree.
    learning_rate : float, default 0.03
        Shrinkage of each tree.
    colsample_bytree : float, default 0.2
        Fraction of the columns a tree may use.
    subsample : float, default 0.8
        Fraction of the rows a tree is grown on, drawn anew every `subsample_freq` trees.
    subsample_freq : int, default 1
        Trees between two draws of rows; with 0 `subsample` does nothing.
    min_child_samples : int, default 20
        Rows a leaf must hold; lowered to a tenth of the rows where there are fewer than 200.
    reg_lambda : float, default 5.0
        L2 penalty on leaf values.
    max_bin : int, default 63
        Bins a column.
    random_state : int, RandomState instance or None, default 0
        Seeds the draws of rows and columns.

    Attributes
    ----------
    boosters_ : list of lightgbm.Booster
        One a seed.
    classes_ : ndarray of shape (2,)
        The two class labels, sorted.
    n_features_in_ : int
        Number of columns seen by `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,), object
        Names of those columns, where `fit` was given a frame. `predict_proba` refuses other
        names and another order.

    References
    ----------
    Ke et al. 2017, LightGBM: a highly efficient gradient boosting decision tree, NeurIPS 30.

    Examples
    --------
    A column that never varies leaves the share of positives, one in four:

    >>> import numpy as np
    >>> model = SeedAveragedLightGBM(n_estimators=5).fit(np.ones((20, 1)), [0, 0, 0, 1] * 5)
    >>> model.predict_proba([[1.0]]).round(6).tolist()
    [[0.75, 0.25]]
    """

    def __init__(
        self,
        n_seeds: int = 3,
        *,
        n_estimators: int = 300,
        num_leaves: int = 7,
        learning_rate: float = 0.03,
        colsample_bytree: float = 0.2,
        subsample: float = 0.8,
        subsample_freq: int = 1,
        min_child_samples: int = 20,
        reg_lambda: float = 5.0,
        max_bin: int = 63,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.n_seeds = n_seeds
        self.n_estimators = n_estimators
        self.num_leaves = num_leaves
        self.learning_rate = learning_rate
        self.colsample_bytree = colsample_bytree
        self.subsample = subsample
        self.subsample_freq = subsample_freq
        self.min_child_samples = min_child_samples
        self.reg_lambda = reg_lambda
        self.max_bin = max_bin
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn: two classes only, NaN welcome."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        return tags

    def fit(
        self,
        X: pd.DataFrame | ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
    ) -> SeedAveragedLightGBM:
        """Grow `n_seeds` boosters.

        Parameters
        ----------
        X : DataFrame or array of shape (n_rows, n_columns), float
            The table. NaN is a value of its own to LightGBM; infinities are refused.
        y : array of shape (n_rows,)
            Two classes; the larger label in sorted order is the positive one.
        sample_weight : array of shape (n_rows,), optional
            Weight of each row, at least 0.

        Returns
        -------
        SeedAveragedLightGBM
            This classifier.

        Raises
        ------
        ValueError
            If `y` does not hold exactly two classes, or `n_seeds` is below 1.
        ImportError
            If the system lacks libgomp.
        """
        if self.n_seeds < 1:
            raise ValueError(f"`n_seeds` must be at least 1, got {self.n_seeds}.")
        X, y = validate_data(
            self, X, y, dtype=[np.float64, np.float32], ensure_all_finite="allow-nan"
        )
        self.classes_, codes = encode_two_classes(y)
        lightgbm = import_lightgbm()
        parameters = self._lightgbm_parameters(len(codes))
        seeds = check_random_state(self.random_state).randint(2**31 - 1, size=self.n_seeds)
        # The booster gets no column names: LightGBM forbids some characters in them, and the
        # names are checked here, before it ever sees a table.
        weight = None if sample_weight is None else _check_sample_weight(sample_weight, X)
        table = lightgbm.Dataset(X, codes, weight=weight, params=parameters)
        self.boosters_ = [
            lightgbm.train({**parameters, "seed": int(seed)}, table, self.n_estimators)
            for seed in seeds
        ]
        return self

    def predict_proba(self, X: pd.DataFrame | ArrayLike) -> NDArray[np.float64]:
        """Probability of each class, averaged over the seeds.

        Parameters
        ----------
        X : DataFrame or array of shape (n_rows, n_features_in_), float
            The same columns in the same order as in `fit`.

        Returns
        -------
        ndarray of shape (n_rows, 2), float64
            Columns in the order of `classes_`.

        Raises
        ------
        ValueError
            If columns are missing, added, renamed or in another order.
        """
        check_is_fitted(self)
        X = validate_data(
            self, X, dtype=[np.float64, np.float32], ensure_all_finite="allow-nan", reset=False
        )
        scores = [booster.predict(X, num_threads=1) for booster in self.boosters_]
        positive = np.mean(scores, axis=0)
        return np.column_stack([1.0 - positive, positive])

    def predict(self, X: pd.DataFrame | ArrayLike) -> NDArray[Any]:
        """Likelier class of each row.

        Parameters
        ----------
        X : DataFrame or array of shape (n_rows, n_features_in_), float
            The same columns in the same order as in `fit`.

        Returns
        -------
        ndarray of shape (n_rows,)
            Members of `classes_`.
        """
        positive = self.predict_proba(X)[:, 1]
        labels: NDArray[Any] = self.classes_[(positive > 0.5).astype(int)]
        return labels

    def shap_values(self, X: pd.DataFrame | ArrayLike) -> NDArray[np.float64]:
        """Contribution of each column to the log-odds of each row, averaged over the seeds.

        Parameters
        ----------
        X : DataFrame or array of shape (n_rows, n_features_in_), float
            The same columns in the same order as in `fit`.

        Returns
        -------
        ndarray of shape (n_rows, n_features_in_ + 1), float64
            TreeSHAP values, in log-odds of the second class; the last column is what every row
            starts from. A row adds up to the mean over the seeds of the booster's log-odds
            (`predict_proba` averages probabilities, which is nearly but not quite the same).

        References
        ----------
        Lundberg et al. 2020, Nature Machine Intelligence 2:56-67.
        """
        check_is_fitted(self)
        X = validate_data(
            self, X, dtype=[np.float64, np.float32], ensure_all_finite="allow-nan", reset=False
        )
        shares = [b.predict(X, pred_contrib=True, num_threads=1) for b in self.boosters_]
        return np.asarray(np.mean(shares, axis=0), dtype=np.float64)

    def _lightgbm_parameters(self, n_rows: int) -> dict[str, Any]:
        return {
            "objective": "binary",
            "num_leaves": self.num_leaves,
            "learning_rate": self.learning_rate,
            "feature_fraction": self.colsample_bytree,
            "bagging_fraction": self.subsample,
            "bagging_freq": self.subsample_freq,
            "min_data_in_leaf": max(1, min(self.min_child_samples, n_rows // 10)),
            "lambda_l2": self.reg_lambda,
            "max_bin": self.max_bin,
            # LightGBM heeds neither OMP_NUM_THREADS nor joblib's limit on inner threads.
            "num_threads": 1,
            "deterministic": True,
            "force_col_wise": True,
            "verbose": -1,
        }
