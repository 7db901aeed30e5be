"""Selection of stable columns inside a pipeline, by a table of ICCs."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from mrnet_features.messages import name_some, quote

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["StableColumns", "select_stable"]

LEAST = "least"
"""Column of a table that holds the least ICC over the perturbations."""

MIN_ICC = 0.75
"""From here on Koo and Li 2016 call agreement good."""


class StableColumns(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Transformer that keeps the columns whose ICC reaches a limit.

    It learns nothing but the names of the columns: neither the values of the exams nor the labels
    are used. So it can't leak, as long as the ICCs were measured without the labels.

    Parameters
    ----------
    table : DataFrame, Series, mapping of column to ICC, or Stability
        See `select_stable`.
    min_icc : float, default .75

    Attributes
    ----------
    columns_ : list of str
        Columns that are kept, in the order of the features.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
    """

    def __init__(self, table: Any, min_icc: float = MIN_ICC) -> None:
        self.table = table
        self.min_icc = min_icc

    def fit(self, X: pd.DataFrame, y: object = None) -> Self:  # noqa: ARG002
        """Find the stable columns among those of `X`.

        Parameters
        ----------
        X : DataFrame of shape (n_exams, n_features)
            Only the names of the columns are read.
        y : ignored

        Returns
        -------
        StableColumns
            This transformer.

        Raises
        ------
        TypeError
            If `X` is not a DataFrame, or `table` is of another kind.
        ValueError
            If a column has no entry in `table`, or none is stable enough.
        """
        _require_frame(X)
        least = _read_least(self.table)
        _check_limit(self.min_icc)
        unknown = [column for column in X.columns if column not in least.index]
        if unknown:
            advice = "Measure the stability with the same extractor, or drop these columns."
            if isinstance(least.index, pd.RangeIndex):
                advice = "Read its file with `pd.read_csv(path, index_col='column')`."
            raise ValueError(
                f"`table` must hold an ICC for each column of the features, but lacks "
                f"{len(unknown)} of {X.shape[1]}, such as {name_some(list(map(str, unknown)))}. "
                f"{advice}"
            )
        # A column without an ICC is constant or unknown, so it is not kept.
        chosen = (least.loc[list(X.columns)] >= self.min_icc).to_numpy()
        self.columns_: list[str] = list(X.columns[chosen])
        if not self.columns_:
            raise ValueError(
                f"`min_icc` must leave a column, but none of {X.shape[1]} has an ICC of "
                f"{self.min_icc:g} or more (the largest is {least.loc[list(X.columns)].max():.3f})."
                " Lower it."
            )
        self.n_features_in_ = X.shape[1]
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """The stable columns.

        Parameters
        ----------
        X : DataFrame of shape (n_exams, n_features)

        Returns
        -------
        DataFrame of shape (n_exams, n_kept)
            Values and names as in `X`; another container if `set_output` asks for one.

        Raises
        ------
        TypeError, ValueError
            If `X` is not a DataFrame, or lacks a column.
        """
        check_is_fitted(self)
        _require_frame(X)
        missing = [column for column in self.columns_ if column not in X.columns]
        if missing:
            raise ValueError(
                f"The features must have the columns of `fit`, but lack {len(missing)}, such as "
                f"{name_some(list(map(str, missing)))}. Extract them with the same recipe."
            )
        return X[self.columns_]

    def get_feature_names_out(self, input_features: object = None) -> NDArray[Any]:  # noqa: ARG002
        """Names of the columns that are kept.

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        ndarray of shape (n_kept,), object
        """
        check_is_fitted(self)
        return np.asarray(self.columns_, dtype=object)


def select_stable(table: Any, min_icc: float = MIN_ICC) -> StableColumns:
    """Transformer for a pipeline that keeps the columns whose ICC is `min_icc` or more.

    Parameters
    ----------
    table : DataFrame, Series, mapping of column to ICC, or Stability
        From `measure_stability`, or its CSV: ``pd.read_csv("stability.csv",
        index_col="column")``. Of a DataFrame the column ``least`` counts, or the least value of
        each row if there is none. Pass ``stability.low`` to ask that the lower limit of the 95 %
        interval reaches `min_icc`. It may hold more columns than the features.
    min_icc : float, default .75
        From here on Koo and Li 2016 call agreement good; .9 is excellent. Columns without an ICC
        are dropped.

    Returns
    -------
    StableColumns
        An unfitted transformer. `fit` raises an error for a column that `table` does not hold.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from mrnet_features.models import logistic_baseline
    >>> exams = pd.DataFrame({"size": [1.0, 2.0, 3.0, 4.0], "edge": [5.0, 1.0, 4.0, 2.0]})
    >>> model = make_pipeline(select_stable({"size": 0.9, "edge": 0.4}), logistic_baseline())
    >>> model.fit(exams, [0, 0, 1, 1])[0].get_feature_names_out().tolist()
    ['size']
    """
    return StableColumns(table, min_icc)


def _require_frame(X: object) -> None:
    if not isinstance(X, pd.DataFrame):
        raise TypeError(
            f"The features must be a DataFrame, whose columns have names, got {type(X).__name__}. "
            "In a pipeline put `select_stable` before steps that return arrays."
        )


def _check_limit(min_icc: Any) -> None:
    if isinstance(min_icc, bool) or not isinstance(min_icc, Real):
        raise TypeError(
            f"`min_icc` must be a number, got {type(min_icc).__name__}. Koo and Li 2016 call .75 "
            "good and .9 excellent."
        )
    if not float(min_icc) <= 1:
        raise ValueError(f"`min_icc` must be at most 1, got {min_icc}. .75 is usual.")


def _read_least(table: Any) -> pd.Series[float]:
    """Least ICC by column."""
    own: Any = table
    if isinstance(table, pd.DataFrame):
        own = table[LEAST] if LEAST in table.columns else _find_least(table)
    elif isinstance(getattr(table, LEAST, None), pd.Series):
        own = table.least
    elif not isinstance(table, pd.Series):
        try:
            own = pd.Series(dict(table), dtype=np.float64)
        except (TypeError, ValueError):
            raise TypeError(
                "`table` must be a Stability, a DataFrame, a Series or a mapping of column to ICC, "
                f"got {type(table).__name__}. Measure it with `measure_stability`."
            ) from None
    if not pd.api.types.is_numeric_dtype(own.dtype):
        raise TypeError(
            "`table` must hold numbers by the name of the column, got other values. Read its file "
            "with `pd.read_csv(path, index_col='column')`."
        )
    if not own.index.is_unique:
        repeated = name_some(list(map(str, own.index[own.index.duplicated()].unique())))
        raise ValueError(
            f"`table` must hold each column once, but repeats {repeated}. Drop the repeated rows."
        )
    least: pd.Series[float] = own
    return least


def _find_least(table: pd.DataFrame) -> pd.Series[float]:
    others = [
        name for name, kind in table.dtypes.items() if not pd.api.types.is_numeric_dtype(kind)
    ]
    if others or not table.shape[1]:
        raise TypeError(
            f"`table` must hold numbers only, got other values in {quote(str(others[0]))}. Read "
            "its file with `pd.read_csv(path, index_col='column')`."
            if others
            else "`table` must hold a column of ICCs, got none."
        )
    return table.min(axis=1, skipna=False)
