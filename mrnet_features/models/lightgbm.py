"""LightGBM with small trees, averaged over seeds, as a scikit-learn classifier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state
from sklearn.utils.validation import (
    _check_sample_weight,
    check_array,
    check_is_fitted,
    validate_data,
)

from mrnet_features.models.targets import encode_two_classes
from mrnet_features.models.two_classes import TwoClassClassifier

if TYPE_CHECKING:
    from types import ModuleType

    from numpy.typing import ArrayLike, NDArray

__all__ = ["SeedAveragedLightGBM", "import_lightgbm", "read_booster", "write_booster"]


def import_lightgbm() -> ModuleType:
    """Import LightGBM, with a clear error if the OpenMP runtime is missing.

    The wheel of LightGBM needs ``libgomp.so.1`` of the system, which slim images lack. Then its
    import raises an ``OSError``.

    Returns
    -------
    module
        ``lightgbm``.

    Raises
    ------
    ImportError
        If ``libgomp.so.1`` is missing. The message names the package to install.
    """
    try:
        import lightgbm
    except OSError as error:
        if "libgomp" not in str(error):
            raise
        raise ImportError(
            "LightGBM needs the system library libgomp.so.1 (GNU OpenMP), which is not "
            "installed. Install it: `apt-get install libgomp1` (Debian, Ubuntu), "
            "`dnf install libgomp` (Fedora, RHEL) or `apk add libgomp` (Alpine)."
        ) from error
    return lightgbm  # type: ignore[no-any-return]


def read_booster(text: str) -> Any:
    """Booster from LightGBM's text format, read on one thread.

    Parameters
    ----------
    text : str
        As `write_booster` returns it. Check text from outside with `check_trees` first.

    Returns
    -------
    lightgbm.Booster
    """
    lightgbm = import_lightgbm()
    _use_one_thread(lightgbm)
    return lightgbm.Booster(model_str=text)


def write_booster(booster: Any) -> str:
    """Text of a booster in LightGBM's format, written on one thread.

    Parameters
    ----------
    booster : lightgbm.Booster

    Returns
    -------
    str
    """
    _use_one_thread(import_lightgbm())
    return str(booster.model_to_string())


def _use_one_thread(lightgbm: ModuleType) -> None:
    """Set LightGBM's default number of threads, which calls without parameters use, to 1.

    In a forked process the threads of the parent do not exist, and OpenMP waits for them for
    ever. With one thread none are needed. Any call with parameters sets the default.
    """
    lightgbm.Dataset(np.zeros((1, 1)), params={"num_threads": 1, "verbose": -1}).construct()


class SeedAveragedLightGBM(TwoClassClassifier):
    """Binary LightGBM classifier with small trees; probabilities are averaged over seeds.

    The defaults are for about a thousand rows and more columns than rows: a fixed number of small
    trees, each on few columns. There is no early stopping, so no rows are needed for it. Each fit
    runs on one thread and gives the same bits for the same rows, columns and `random_state`.

    The columns are binned once for all seeds. Binning does not depend on the seed, so the trees
    equal those of separate fits.

    Parameters
    ----------
    n_seeds : int, default 3
        Number of boosters whose probabilities are averaged.
    n_estimators : int, default 300
        Trees per booster.
    num_leaves : int, default 7
        Leaves per tree.
    learning_rate : float, default 0.03
        Shrinkage of each tree.
    colsample_bytree : float, default 0.2
        Fraction of the columns available to a tree.
    subsample : float, default 0.8
        Fraction of the rows used for a tree, sampled again every `subsample_freq` trees.
    subsample_freq : int, default 1
        Trees between two samples of rows; 0 turns `subsample` off.
    min_child_samples : int, default 20
        Fewest rows of a leaf; lowered to a tenth of the rows if there are fewer than 200.
    reg_lambda : float, default 5.0
        L2 penalty on leaf values.
    max_bin : int, default 63
        Bins per column.
    random_state : int, RandomState instance or None, default 0
        Seed of the sampling of rows and columns.

    Attributes
    ----------
    boosters_ : list of lightgbm.Booster
        One per seed.
    classes_ : ndarray of shape (2,)
        The two class labels, sorted.
    n_features_in_ : int
        Number of columns seen by `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,), object
        Names of those columns if `fit` got a DataFrame. `predict_proba` refuses other names and
        another order.

    References
    ----------
    Ke et al. 2017, LightGBM: a highly efficient gradient boosting decision tree, NeurIPS 30.

    Examples
    --------
    With a constant column only, the probability is the fraction of positives, one in four:

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

    def fit(
        self,
        X: pd.DataFrame | ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
    ) -> SeedAveragedLightGBM:
        """Fit `n_seeds` boosters.

        Parameters
        ----------
        X : DataFrame or array of shape (n_rows, n_columns), float
            Feature table. LightGBM treats NaN as a separate value; infinity is not allowed.
        y : array of shape (n_rows,)
            Two classes; the second in sorted order is positive.
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
            If libgomp is not installed.
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
        # The booster gets no column names: LightGBM forbids some characters in them. The names
        # are checked here instead.
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
        X = self._check_rows(X)
        scores = [booster.predict(X, num_threads=1) for booster in self.boosters_]
        positive = np.mean(scores, axis=0)
        return np.column_stack([1.0 - positive, positive])

    def shap_values(self, X: pd.DataFrame | ArrayLike) -> NDArray[np.float64]:
        """SHAP values: contribution of each column to the log-odds of each row.

        Parameters
        ----------
        X : DataFrame or array of shape (n_rows, n_features_in_), float
            The same columns in the same order as in `fit`.

        Returns
        -------
        ndarray of shape (n_rows, n_features_in_ + 1), float64
            TreeSHAP values in log-odds of the second class, averaged over the seeds; the last
            column is the expected value. The sum of a row is the mean log-odds of the boosters
            (`predict_proba` averages probabilities, which differs slightly).

        References
        ----------
        Lundberg et al. 2020, Nature Machine Intelligence 2:56-67.
        """
        check_is_fitted(self)
        X = self._check_rows(X)
        shares = [b.predict(X, pred_contrib=True, num_threads=1) for b in self.boosters_]
        return np.asarray(np.mean(shares, axis=0), dtype=np.float64)

    def _check_rows(self, X: pd.DataFrame | ArrayLike) -> NDArray[np.floating[Any]]:
        """Rows as an array, with the columns of `fit`.

        For a table of floats with the same columns, scikit-learn's check of one column after the
        other takes longer than the prediction of a few rows.
        """
        options = {"dtype": [np.float64, np.float32], "ensure_all_finite": "allow-nan"}
        names = getattr(self, "feature_names_in_", ())
        if isinstance(X, pd.DataFrame) and np.array_equal(X.columns, names):
            values = X.to_numpy()
            if values.dtype in (np.float64, np.float32):
                return np.asarray(check_array(values, **options))
        return np.asarray(validate_data(self, X, reset=False, **options))

    def __getstate__(self) -> dict[str, Any]:
        """State for pickle, with the boosters as text."""
        state = dict(super().__getstate__())
        if "boosters_" in state:
            state["boosters_"] = [write_booster(booster) for booster in state["boosters_"]]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the state; the boosters are read on one thread."""
        if "boosters_" in state:
            boosters = [read_booster(text) for text in state["boosters_"]]
            state = {**state, "boosters_": boosters}
        super().__setstate__(state)

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
            # LightGBM ignores OMP_NUM_THREADS and the thread limit of joblib.
            "num_threads": 1,
            "deterministic": True,
            "force_col_wise": True,
            "verbose": -1,
        }
