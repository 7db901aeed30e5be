"""L2 logistic regression on standardised columns, as one scikit-learn classifier."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from mrnet_features.models.targets import encode_two_classes
from mrnet_features.models.two_classes import TwoClassClassifier

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray
    from sklearn.pipeline import Pipeline

__all__ = ["ScaledLogistic"]


class ScaledLogistic(TwoClassClassifier):
    """Binary L2 logistic regression whose penalty grows with the number of columns.

    NaN is replaced by the median of the column, then each column is scaled to mean 0 and variance
    1. Constant and empty columns become 0. The inverse penalty is `C` over the number of columns,
    so `C` is the prior variance of the log-odds of a typical row for any number of columns, and
    the same value fits 60 columns and 1,500 without an inner search.

    Parameters
    ----------
    C : float, default 1.0
        Prior variance of the log-odds, above 0.

    Attributes
    ----------
    pipeline_ : sklearn.pipeline.Pipeline
        Fitted imputer, scaler and logistic regression.
    classes_ : ndarray of shape (2,)
        The two class labels, sorted.
    n_features_in_ : int
        Number of columns seen by `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,), object
        Names of those columns if `fit` got a DataFrame. `predict_proba` refuses other names and
        another order.

    References
    ----------
    Hoerl and Kennard 1970, Technometrics 12(1):55-67, for the penalty; le Cessie and van
    Houwelingen 1992, Applied Statistics 41(1):191-201, for logistic regression with it.

    Examples
    --------
    One symmetric column; a row at its centre has probability .5:

    >>> model = ScaledLogistic().fit([[-1.0], [1.0]], [0, 1])
    >>> model.predict_proba([[0.0]]).round(6).tolist()
    [[0.5, 0.5]]
    """

    def __init__(self, C: float = 1.0) -> None:
        self.C = C

    def fit(
        self,
        X: pd.DataFrame | ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
    ) -> ScaledLogistic:
        """Fit medians, scales and coefficients.

        Parameters
        ----------
        X : DataFrame or array of shape (n_rows, n_columns), float
            Feature table; NaN allowed, infinity not.
        y : array of shape (n_rows,)
            Two classes; the second in sorted order is positive.
        sample_weight : array of shape (n_rows,), optional
            Weight of each row in the scaler and the regression, at least 0. The medians are not
            weighted.

        Returns
        -------
        ScaledLogistic
            This classifier.

        Raises
        ------
        ValueError
            If `y` does not hold exactly two classes, or `C` is not above 0.
        """
        # here: a user of other models does not wait for them
        from sklearn.impute import SimpleImputer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        if not self.C > 0:
            raise ValueError(f"`C` must be above 0, got {self.C}.")
        X, y = validate_data(self, X, y, dtype=np.float64, ensure_all_finite="allow-nan")
        self.classes_, codes = encode_two_classes(y)
        self.pipeline_: Pipeline = make_pipeline(
            SimpleImputer(strategy="median", keep_empty_features=True),
            StandardScaler(),
            LogisticRegression(C=self.C / np.shape(X)[1], tol=1e-6, max_iter=1000),
        )
        weights = {}
        if sample_weight is not None:
            checked = _check_sample_weight(sample_weight, X)
            steps = ("standardscaler", "logisticregression")
            weights = {f"{step}__sample_weight": checked for step in steps}
        self.pipeline_.fit(X, codes, **weights)
        return self

    def predict_proba(self, X: pd.DataFrame | ArrayLike) -> NDArray[np.float64]:
        """Probability of each class.

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
        X = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False)
        probabilities: NDArray[np.float64] = self.pipeline_.predict_proba(X)
        return probabilities
