"""Stability of feature columns: agreement of a table with tables of perturbed exams."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mrnet_features.evaluation.metrics.intraclass import intraclass_correlation
from mrnet_features.evaluation.results import Result
from mrnet_features.evaluation.study_plots import plot_stability
from mrnet_features.messages import list_names, name_some
from mrnet_features.models.stable_columns import LEAST, MIN_ICC
from mrnet_features.names import group_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Stability", "compare_tables"]


@dataclass(frozen=True, eq=False, repr=False)
class Stability(Result):
    """ICC(2,1) of each column of a feature table between exams and perturbed exams.

    All tables have shape (n_columns, n_perturbations); the index, named "column", holds the columns
    of the feature table.

    Attributes
    ----------
    icc : DataFrame of float64
        NaN if a column has one value in all exams, or fewer than three exams have a value.
    low, high : DataFrame of float64
        Limits of the 95 % interval.
    n_exams : DataFrame of int64
        Exams with a value before and after, from which the ICC is computed. A perturbation after
        which a column has no value for some exams shows here alone.
    """

    icc: pd.DataFrame
    low: pd.DataFrame
    high: pd.DataFrame
    n_exams: pd.DataFrame

    def __repr__(self) -> str:
        n_exams = int(self.n_exams.to_numpy().max(initial=0))
        names = list_names(self.icc.columns)
        return f"Stability({len(self.icc)} columns, {n_exams} exams; {names})"

    @property
    def least(self) -> pd.Series[float]:
        """Least ICC of each column over the perturbations; NaN if one of them is."""
        return self.icc.min(axis=1, skipna=False).rename(LEAST)

    def table(self) -> pd.DataFrame:
        """ICC of each column under each perturbation, and the least, as `select_stable` takes it.

        Returns
        -------
        DataFrame of shape (n_columns, n_perturbations + 1), float64
            Index: the column's name. The last column is ``least``.
        """
        return self.icc.assign(**{LEAST: self.least})

    def summary(self, min_icc: float = MIN_ICC, by: str | None = "family") -> pd.DataFrame:
        """Share of stable columns per feature group and perturbation.

        Parameters
        ----------
        min_icc : float, default .75
            ICC from which a column counts as stable.
        by : {"family", "region", "series", "plane", "statistic", "pool"} or None, default "family"
            Part of the names that columns are grouped by. None, or names without parts, gives the
            last row alone.

        Returns
        -------
        DataFrame of shape (n_groups + 1, n_perturbations + 2)
            n_columns, a fraction per perturbation, and ``least``: the fraction of columns that are
            stable under all. Columns without an ICC are not counted. The last row, ``all``, is for
            all columns.
        """
        known = self.table().dropna()
        groups = group_names(known.index, by) if by and _have_parts(known.index) else {}
        rows = {
            name: {"n_columns": len(columns), **(known.loc[columns] >= min_icc).mean()}
            for name, columns in {**groups, "all": list(known.index)}.items()
        }
        return pd.DataFrame.from_dict(rows, orient="index").astype({"n_columns": np.int64})

    def frame(self) -> pd.DataFrame:
        """ICC of every column and perturbation, with its 95 % interval.

        Returns
        -------
        DataFrame of shape (n_columns * n_perturbations, 6)
            Columns column, perturbation, icc, ci_low, ci_high and n_exams.
        """
        parts = {"icc": self.icc, "ci_low": self.low, "ci_high": self.high, "n_exams": self.n_exams}
        long = [
            table.melt(ignore_index=False, var_name="perturbation", value_name=name)
            for name, table in parts.items()
        ]
        first, *others = (table.reset_index() for table in long)
        return first.assign(**{table.columns[-1]: table.iloc[:, -1] for table in others})

    def plot(self, axes: Axes | None = None, min_icc: float = MIN_ICC) -> Axes:
        """Share of stable columns per family and perturbation, as a heat map.

        Parameters
        ----------
        axes : matplotlib Axes, optional
        min_icc : float, default .75

        Returns
        -------
        matplotlib Axes
        """
        return plot_stability(self.summary(min_icc), min_icc, axes)


def compare_tables(reference: pd.DataFrame, perturbed: Mapping[str, pd.DataFrame]) -> Stability:
    """Stability of the columns of a table, from tables of the same exams scanned again.

    Parameters
    ----------
    reference : DataFrame of shape (n_exams, n_features)
    perturbed : mapping of str to DataFrame of shape (n_exams, n_features)
        By name, such as "noise" or "second scan". Rows are matched by exam id, columns by name.

    Returns
    -------
    Stability

    Raises
    ------
    ValueError
        If there is no table, or one has other exams or columns.

    Examples
    --------
    >>> table = pd.DataFrame({"size": [1.0, 2.0, 3.0]}, index=["0000", "0001", "0002"])
    >>> compare_tables(table, {"second scan": table + 1}).icc.round(4).loc["size"].to_dict()
    {'second scan': 0.6667}
    """
    if not perturbed:
        raise ValueError("`perturbed` must hold at least one table, got none.")
    found = {}
    for name, table in perturbed.items():
        for what, own, other in (
            ("exams", reference.index, table.index),
            ("columns", reference.columns, table.columns),
        ):
            if not own.is_unique or not other.is_unique or set(own) != set(other):
                odd = sorted(map(str, set(own) ^ set(other)))
                raise ValueError(
                    f"`perturbed` must hold tables with the {what} of `reference`, each once, but "
                    f"'{name}' differs in {name_some(odd) or 'repeats'}. Extract both with the "
                    "same recipe from the same exams."
                )
        same = table.loc[reference.index, reference.columns]
        found[name] = intraclass_correlation(
            np.stack([reference.to_numpy(np.float64), same.to_numpy(np.float64)])
        )
    index = pd.Index(reference.columns, name="column")
    parts = (
        pd.DataFrame({name: agreement[part] for name, agreement in found.items()}, index=index)
        for part in range(4)
    )
    return Stability(*parts)


def _have_parts(columns: pd.Index[str]) -> bool:
    """Whether columns are named by `format_name`."""
    try:
        group_names(columns, "family")
    except ValueError:
        return False
    return True
