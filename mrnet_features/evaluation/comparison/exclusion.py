"""Effect of leaving flagged exams out on the AUCs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mrnet_features.evaluation.comparison.excluded_exams import read_excluded
from mrnet_features.evaluation.metrics.auc import logit_interval, standard_error, t_quantile
from mrnet_features.evaluation.metrics.scored_sets import take_rows
from mrnet_features.evaluation.metrics.scores import Scores, score_predictions
from mrnet_features.evaluation.metrics.within_folds import (
    has_pair_in_folds,
    measure_within_folds,
)
from mrnet_features.evaluation.results import Result
from mrnet_features.evaluation.score_plots import plot_exclusion

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from mrnet_features.tables import ByExam

__all__ = ["Exclusion", "estimate_error", "measure_exclusion"]

SELECTION = (
    "Leaving out exams because the model is wrong about them raises the AUC whatever their "
    "quality. Flag exams without looking at predictions, and report both AUCs."
)
READER = (
    "Some exams were flagged by a reader. If the predictions were shown while reading, the "
    "difference is too high."
)
FITTED = (
    "The fitted models are taken as given: the exams that are left out were among their training "
    "exams. To leave them out of the fits as well, evaluate again without them."
)


@dataclass(frozen=True, eq=False, repr=False)
class Exclusion(Result):
    """AUCs with and without flagged exams, and their paired difference.

    Attributes
    ----------
    codes : dict of exam id to list of str
        Excluded exams and why.
    measured : DataFrame of shape (n_tasks + 1, 11)
        Index task. Columns n_exams, n_excluded, n_excluded_positive; auc_all, auc_kept,
        difference, se, degrees (of freedom of the difference); auc_excluded, excluded_se,
        excluded_degrees.
    changes : DataFrame of shape (n_excluded, n_tasks + 1), float64
        Change of each AUC if that exam alone is left out, to first order.
    labels : DataFrame of shape (n_excluded, n_tasks)
    """

    codes: Mapping[Any, list[str]]
    measured: pd.DataFrame
    changes: pd.DataFrame
    labels: pd.DataFrame

    def __repr__(self) -> str:
        name, row = self.measured.index[-1], self.measured.iloc[-1]
        return (
            f"Exclusion({len(self.codes)} of {row['n_exams']:.0f} exams, {name} AUC "
            f"{row['auc_all']:.3f} with and {row['auc_kept']:.3f} without them)"
        )

    @property
    def notes(self) -> list[str]:
        """How to read the table.

        Returns
        -------
        list of str
            One or two sentences each.
        """
        reader = any("reader" in codes for codes in self.codes.values())
        return [SELECTION, *([READER] if reader else []), FITTED]

    def summary(self, confidence: float = 0.95) -> pd.DataFrame:
        """AUC with and without the flagged exams, for each task and their mean.

        Parameters
        ----------
        confidence : float, default 0.95
            Coverage of the intervals.

        Returns
        -------
        DataFrame of shape (n_tasks + 1, 12)
            Index task; the last row is ``mean`` if there are several tasks. Columns:

            - n_exams, n_excluded, n_excluded_positive: exams with a label; the last is missing
              for the mean;
            - auc_all, auc_kept: AUC of all exams, and without the flagged ones;
            - difference: auc_kept minus auc_all, with se, ci_low and ci_high;
            - auc_excluded, excluded_low, excluded_high: AUC of the flagged exams alone, from
              pairs of the same fold; NaN if there are too few.
        """
        table = self.measured.drop(columns=["degrees", "excluded_se", "excluded_degrees"])
        z = [t_quantile(0.5 + confidence / 2, degrees) for degrees in self.measured["degrees"]]
        alone = table.pop("auc_excluded")
        table["ci_low"] = table["difference"] - z * table["se"]
        table["ci_high"] = table["difference"] + z * table["se"]
        table["auc_excluded"] = alone
        ends = [self._bound_excluded(str(task), confidence) for task in table.index]
        table["excluded_low"], table["excluded_high"] = zip(*ends, strict=True)
        return table

    def _bound_excluded(self, task: str, confidence: float) -> tuple[float, float]:
        auc = float(self.measured["auc_excluded"].loc[task])
        se = float(self.measured["excluded_se"].loc[task])
        if np.isnan(auc):
            return auc, auc
        tasks = list(self.labels.columns) if task not in self.labels.columns else [task]
        n_positive = int((self.labels[tasks] == 1).sum().min())
        n_negative = int((self.labels[tasks] == 0).sum().min())
        degrees = float(self.measured["excluded_degrees"].loc[task])
        return logit_interval(auc, se, n_positive, n_negative, confidence, degrees)

    def by_code(self) -> pd.DataFrame:
        """Number of excluded exams by code.

        Returns
        -------
        DataFrame of shape (n_codes, n_tasks + 2)
            Index code, the most frequent first. n_exams: exams with the code; n_alone: those
            with no other code; and the number of positive exams of each task.
        """
        pairs = pd.DataFrame(
            [(code, exam, len(codes) == 1) for exam, codes in self.codes.items() for code in codes],
            columns=["code", "exam", "alone"],
        )
        counts = pairs.groupby("code").agg(n_exams=("exam", "size"), n_alone=("alone", "sum"))
        positive = (self.labels.loc[pairs["exam"]] == 1).set_axis(pd.Index(pairs["code"]))
        table = counts.join(positive.groupby(level=0).sum().add_prefix("n_positive_"))
        return table.sort_values("n_exams", ascending=False, kind="stable")

    def frame(self) -> pd.DataFrame:
        """Each excluded exam: why it is excluded, its labels, and what it alone changes.

        Returns
        -------
        DataFrame of shape (n_excluded * n_tasks, 5)
            Columns exam, codes (with commas between them), task, label, and change: what leaving
            out that exam alone adds to the AUC, to first order. Exams in the order of their id.
        """
        tasks = list(self.labels.columns)
        return pd.DataFrame(
            {
                "exam": np.repeat(np.asarray(self.labels.index, dtype=object), len(tasks)),
                "codes": np.repeat([", ".join(codes) for codes in self.codes.values()], len(tasks)),
                "task": tasks * len(self.labels),
                "label": self.labels.to_numpy().ravel(),
                "change": self.changes[tasks].to_numpy().ravel(),
            }
        ).astype({"exam": self.labels.index.dtype})

    def plot(self, axes: Axes | None = None) -> Axes:
        """Forest plot: difference of each task with its interval, and the two AUCs as text.

        Parameters
        ----------
        axes : matplotlib Axes, optional

        Returns
        -------
        matplotlib Axes
        """
        return plot_exclusion(self.summary(), len(self.codes), axes)

    def _list_notes(self) -> list[str]:
        return self.notes


def measure_exclusion(
    model: Any,
    exclude: pd.DataFrame | Iterable[Any],
    labels: pd.DataFrame | pd.Series[Any] | None = None,
    *,
    severity: str | Iterable[str] | None = "reject",
    groups: ByExam | None = None,
    positive: Any = None,
    fewest: int = 5,
) -> Exclusion:
    r"""Effect of leaving flagged exams out on the AUCs.

    Leaving out exams because the model is wrong about them raises the AUC whatever their quality.
    Flag exams without looking at predictions, and report both AUCs.

    Parameters
    ----------
    model : Evaluation, HoldOut or DataFrame
        See `measure_subgroups`.
    exclude : DataFrame, list of dict, or iterable of exam ids
        Findings of `audit` or a reader's marks, with the columns exam, code and severity; or the
        ids of the exams.
    labels : DataFrame of shape (n_exams, n_tasks), Series or None
        None for the labels of the Evaluation or HoldOut.
    severity : str, iterable of str or None, default "reject"
        Severities of the findings that exclude an exam; None for all.
    groups : Series or mapping of exam id to group, optional
        Exams of a group are not taken as independent. By default the groups that the model was
        evaluated with.
    positive : value or mapping of task to value, optional
        Value of a positive exam if the labels are not 0 and 1.
    fewest : int, default 5
        Fewest excluded exams of each class for an AUC of their own, at least 2.

    Returns
    -------
    Exclusion

    Raises
    ------
    TypeError, ValueError
        As `read_excluded` and `score_predictions`; if a class of a fold is left with fewer than
        two exams.

    Notes
    -----
    Both AUCs are of the same models and share the exams that are kept, so their difference is
    much less uncertain than either. Its influence value is that of the AUC without the flagged
    exams, which is 0 for those, minus that of the AUC of all exams; the standard error is the root
    of their sum of squares. Being flagged counts as a random property of an exam, like its label.
    A few exams can make up most of that sum, so the interval is by the t distribution with
    :math:`(\sum d^2)^2 / \sum d^4 - 1` degrees of freedom, at least 1. In simulations (120 to 1,130
    exams, 2 to 20 % of them flagged; ``benchmarks/bench_exclusion.py``) 95 % intervals covered the
    true difference in .92 to 1.00 of the cases, by the normal distribution in .81 to 1.00. The
    fitted models are taken as given: in simulated cross-validations the standard error was .88 to
    1.00 of the standard deviation of the difference.

    Examples
    --------
    >>> exams = [f"{k:02d}" for k in range(24)]
    >>> labels = pd.DataFrame({"acl": [0, 1] * 12}, index=exams)
    >>> scores = labels * 0.5
    >>> scores.loc[["00", "02", "04"]] = 0.9
    >>> found = measure_exclusion(scores, ["00", "02", "04"], labels)
    >>> found.summary()[["n_excluded", "auc_all", "auc_kept"]].values.tolist()
    [[3.0, 0.75, 1.0]]
    """
    if not fewest >= 2:
        raise ValueError(f"`fewest` must be at least 2, for a standard error, got {fewest}.")
    truth, rows, owner = take_rows(model, labels, groups, positive=positive)
    codes = read_excluded(exclude, truth.index, severity)
    out = truth.index.isin(list(codes))
    everyone = score_predictions(truth, rows, owner)
    kept = _score_kept(truth[~out], rows, owner)
    names = list(everyone.influence.columns)
    changes = kept.influence.reindex(truth.index, fill_value=0.0) - everyone.influence
    aucs = {name: (_mean_auc(everyone, name), _mean_auc(kept, name)) for name in names}
    alone = {task: _measure_alone(truth[out], rows, task, fewest) for task in truth.columns}
    if len(names) > len(alone):
        parts = list(alone.values())
        influence = np.mean([part[1] for part in parts], axis=0)
        alone["mean"] = float(np.mean([part[0] for part in parts])), influence
    table = pd.DataFrame(index=pd.Index(names, name="task"))
    labelled = truth.notna().assign(mean=truth.notna().any(axis=1))
    table["n_exams"] = labelled[names].sum()
    table["n_excluded"] = labelled.loc[out, names].sum()
    table["n_excluded_positive"] = (truth[out] == 1).sum().reindex(names).astype("Int64")
    table["auc_all"] = [aucs[name][0] for name in names]
    table["auc_kept"] = [aucs[name][1] for name in names]
    table["difference"] = table["auc_kept"] - table["auc_all"]
    errors = [estimate_error(changes[name].to_numpy(), owner) for name in names]
    table["se"], table["degrees"] = zip(*errors, strict=True)
    table["auc_excluded"] = [alone[name][0] for name in names]
    own = None if owner is None else owner[out]
    table["excluded_se"] = [
        standard_error(alone[name][1], own) if np.isfinite(alone[name][0]) else np.nan
        for name in names
    ]
    degrees = {task: _count_degrees(truth.loc[out, task], own) for task in truth.columns}
    table["excluded_degrees"] = [degrees.get(name, min(degrees.values())) for name in names]
    return Exclusion(codes, table, -everyone.influence[out], truth[out])


def _count_degrees(labels: pd.Series[Any], groups: pd.Series[Any] | None) -> int:
    """Exams of the smaller class, or groups if they are fewer, minus 1; at least 1."""
    counts = [int((labels == 0).sum()), int((labels == 1).sum())]
    if groups is not None:
        counts.append(groups[labels.notna()].nunique())
    return max(min(counts) - 1, 1)


def _score_kept(labels: pd.DataFrame, rows: pd.DataFrame, groups: pd.Series[Any] | None) -> Scores:
    own = None if groups is None else groups.loc[labels.index]
    try:
        return score_predictions(labels, rows[rows["exam"].isin(labels.index)], own, warn=False)
    except ValueError as error:
        error.add_note("That is without the exams of `exclude`. Leave out fewer.")
        raise


def _mean_auc(scores: Scores, name: str) -> float:
    return float(scores.fold_scores.groupby("repeat")[name].mean().mean())


def _measure_alone(
    labels: pd.DataFrame, rows: pd.DataFrame, task: str, fewest: int
) -> tuple[float, NDArray[np.float64]]:
    """AUC of the excluded exams of one task, NaN if there are too few, and their influence."""
    influence = np.zeros(len(labels))
    known = labels[task].notna().to_numpy()
    truth = labels[task].to_numpy()[known].astype(np.int8)
    if min(truth.sum(), len(truth) - truth.sum()) < fewest:
        return float("nan"), influence
    own = rows[rows["exam"].isin(labels.index[known])].sort_values(["repeat", "exam"])
    scores = own[task].to_numpy(np.float64).reshape(-1, len(truth))
    folds = own["fold"].to_numpy(np.int64).reshape(-1, len(truth))
    if not has_pair_in_folds(truth, folds):
        return float("nan"), influence
    found = measure_within_folds(truth, scores, folds)
    influence[known] = found.influence
    return found.auc, influence


def estimate_error(
    changes: NDArray[np.float64], groups: pd.Series[Any] | None = None
) -> tuple[float, float]:
    r"""Standard error of a difference of two AUCs, and its degrees of freedom.

    Parameters
    ----------
    changes : ndarray of shape (n_exams,), float64
        Influence values of the difference.
    groups : Series of shape (n_exams,), optional
        Group of each exam.

    Returns
    -------
    error, degrees : float
        The degrees are :math:`(\sum d^2)^2 / \sum d^4 - 1`, at least 1.

    Examples
    --------
    >>> estimate_error(np.array([0.3, 0.4]))
    (0.5, 1.0)
    """
    error = standard_error(changes, groups)
    if groups is not None:
        _, codes = np.unique(groups.to_numpy(), return_inverse=True)
        changes = np.bincount(codes, weights=changes)
    squares = changes**2
    total = float((squares**2).sum())
    effective = float(squares.sum() ** 2 / total) if total > 0 else 1.0
    return error, max(effective - 1, 1.0)
