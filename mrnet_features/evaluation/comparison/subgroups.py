"""AUC within subgroups of the exams, such as sites, sexes or vendors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from mrnet_features.evaluation.alignment import check_predictions
from mrnet_features.evaluation.comparison.holm import adjust_holm
from mrnet_features.evaluation.comparison.subgroup_levels import read_levels
from mrnet_features.evaluation.exam_values import share_groups
from mrnet_features.evaluation.metrics.auc import logit_interval, standard_error
from mrnet_features.evaluation.metrics.unpaired_difference import (
    MeasuredAuc,
    unpaired_interval,
    unpaired_p,
)
from mrnet_features.evaluation.metrics.within_folds import (
    has_pair_in_folds,
    measure_within_folds,
)
from mrnet_features.evaluation.results import Result, choose_task, name_headline
from mrnet_features.evaluation.score_plots import plot_subgroups
from mrnet_features.ids.checks import require_same_exams
from mrnet_features.messages import list_names, name_some
from mrnet_features.tables import choose_labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from mrnet_features.tables import ByExam

__all__ = ["Subgroups", "measure_subgroups"]

ENOUGH_OF_A_CLASS = 10
MEASURED = ("auc", "se", "fewest_positive", "fewest_negative", "degrees")
"""Columns of a level, as the fields of `MeasuredAuc`."""

MULTIPLICITY = (
    "With many subgroups some differ by chance alone: read `p_holm`, which allows for their number."
)
FAIRNESS = (
    "A different AUC does not by itself show that a model is unfair, since the exams of one "
    "subgroup may be harder to tell apart than those of another."
)


@dataclass(frozen=True, eq=False, repr=False)
class Subgroups(Result):
    """AUCs within subgroups, and their differences from the rest of the exams.

    Attributes
    ----------
    measured : DataFrame of shape (n_levels * (n_tasks + 1), 17)
        Columns factor, level, task, n_exams, n_positive; auc, se, fewest_positive,
        fewest_negative, degrees (of freedom) of the level, and the same with ``rest_`` in front
        for the other exams with a known level; covariance of the two AUCs; note.
    overall : Series of shape (n_tasks + 1,), float64
        AUC of all exams, from pairs of the same fold.
    """

    measured: pd.DataFrame
    overall: pd.Series[float]

    def __repr__(self) -> str:
        factors = self.measured.drop_duplicates(["factor", "level"])["factor"].value_counts(
            sort=False
        )
        listed = list_names(f"{factor} ({n} levels)" for factor, n in factors.items())
        return f"Subgroups({listed})"

    @property
    def headline(self) -> str:
        """Label of the main result: "mean", or the task if there is only one."""
        return str(self.overall.index[-1])

    @property
    def notes(self) -> list[str]:
        """How to read the table.

        Returns
        -------
        list of str
            One sentence each.
        """
        return [MULTIPLICITY, FAIRNESS]

    def _list_notes(self) -> list[str]:
        return self.notes

    def summary(self, confidence: float = 0.95) -> pd.DataFrame:
        """AUC of each level and task, and its difference from the rest.

        Parameters
        ----------
        confidence : float, default 0.95
            Coverage of the intervals.

        Returns
        -------
        DataFrame of shape (n_levels * (n_tasks + 1), 15)
            Columns factor, level, task; n_exams, n_positive (missing for the mean); auc, se,
            ci_low, ci_high; difference: AUC of the level minus that of the other exams with a
            known level, difference_low, difference_high; p, two-sided; p_holm; note: why a number
            is missing, or why to mistrust it, else empty.

        Notes
        -----
        With many subgroups some differ by chance alone, so read `p_holm`: Holm's correction over
        all levels of all factors, for the mean by itself and for the single tasks together. A
        factor of two levels is one test, with equal p in both rows. Intervals are not adjusted.
        """
        rows = []
        for row in self.measured.to_dict("records"):
            level, rest = _take(row, ""), _take(row, "rest_")
            ends = ends_of_difference = float("nan"), float("nan")
            difference = p = float("nan")
            if level:
                ends = logit_interval(*level[:4], confidence, level.degrees)
            if level and rest:
                covariance = row["covariance"]
                difference = level.auc - rest.auc
                ends_of_difference = unpaired_interval(level, rest, covariance, confidence)
                p = unpaired_p(level, rest, covariance)
            rows.append((*ends, difference, *ends_of_difference, p))
        first = ["factor", "level", "task", "n_exams", "n_positive", "auc", "se"]
        names = ["ci_low", "ci_high", "difference", "difference_low", "difference_high", "p"]
        table = pd.concat([self.measured[first], pd.DataFrame(rows, columns=names)], axis=1)
        table["p_holm"] = _adjust(table, self.headline)
        table["note"] = self.measured["note"]
        return table

    def frame(self) -> pd.DataFrame:
        """AUC and standard error of each level and of the rest.

        Returns
        -------
        DataFrame of shape (n_levels * (n_tasks + 1), 17)
            A copy of `measured`.
        """
        return self.measured.copy()

    def plot(self, axes: Axes | None = None, task: str | None = None) -> Axes:
        """Forest plot: AUC of each level with its interval, and a line at that of all exams.

        Parameters
        ----------
        axes : matplotlib Axes, optional
        task : str, optional
            By default the mean, or the only task.

        Returns
        -------
        matplotlib Axes
        """
        table, chosen = self.summary(), choose_task(task, self.overall.index, self.headline)
        rows = table[table["task"] == chosen]
        return plot_subgroups(rows, float(self.overall[chosen]), axes)


def measure_subgroups(
    model: Any,
    subgroups: pd.DataFrame | pd.Series[Any],
    labels: pd.DataFrame | pd.Series[Any] | None = None,
    *,
    groups: ByExam | None = None,
    positive: Any = None,
    fewest: int = 5,
) -> Subgroups:
    """AUC by site, sex, field strength, vendor, age band and the like.

    A different AUC does not by itself show that a model is unfair, since the exams of one subgroup
    may be harder to tell apart than those of another.

    Parameters
    ----------
    model : Evaluation, HoldOut or DataFrame
        A DataFrame is indexed by exam id with one column per task, or has the columns exam,
        repeat, fold and one per task; see `read_predictions`.
    subgroups : DataFrame of shape (n_exams, n_factors) or Series of shape (n_exams,)
        Index exam id; one column per factor with the level of each exam. An exam without a level
        (NaN) is left out for that factor. Further exams are ignored. Cut numbers such as ages
        into bands first, for example with ``pd.cut``.
    labels : DataFrame of shape (n_exams, n_tasks), Series or None
        Index exam id; 0 or 1. None for the labels of the Evaluation or HoldOut.
    groups : Series or mapping of exam id to group, optional
        For example the patient. Exams of a group are not taken as independent. By default the
        groups that the model was evaluated with.
    positive : value or mapping of task to value, optional
        Value of a positive exam if the labels are not 0 and 1.
    fewest : int, default 5
        Fewest positive and negative exams of a level, and of the rest, at least 2. With fewer,
        numbers are missing and `note` says so.

    Returns
    -------
    Subgroups

    Raises
    ------
    TypeError, ValueError
        If exams are missing or repeated, a factor holds many different numbers, the model was
        evaluated with other labels, or a score is NaN.

    Notes
    -----
    For a cross-validated model only exams of the same fold are compared, since scores of
    different folds come from different models; see `measure_within_folds`. The AUC of a level can
    therefore differ a little from one that ranks all its exams together.

    Intervals and p take the fitted models as given, and come from Newcombe's method with a t
    distribution; see `unpaired_interval`. Its degrees of freedom are the exams of the smaller
    class, or the groups if they are fewer, minus 1. In simulations with 10 exams of the smaller
    class in a level, 95 % intervals covered the AUC in .96 to .99 of the cases, the difference in
    .97 to .99; with 5, in .99 to 1.00; with 3 to 15 groups per level, the difference in .96 to
    .98. In cross-validations both were covered in at least .91 of the cases if the model learns,
    the AUC of a level in at least .88 if there is nothing to learn.

    Examples
    --------
    >>> exams = [f"{k:02d}" for k in range(24)]
    >>> labels = pd.DataFrame({"acl": [0, 1] * 12}, index=exams)
    >>> scores = labels.where(pd.Series(range(24), exams) < 12, 1 - labels)
    >>> site = pd.Series(["north"] * 12 + ["south"] * 12, index=exams, name="site")
    >>> found = measure_subgroups(scores, site, labels)
    >>> found.summary()[["level", "n_exams", "auc"]].values.tolist()
    [['north', 12, 1.0], ['south', 12, 0.0]]
    """
    if not fewest >= 2:
        raise ValueError(f"`fewest` must be at least 2, for a standard error, got {fewest}.")
    truth = choose_labels(labels, positive, model)
    rows = check_predictions(model, truth)
    if "exam" not in rows.columns:
        rows = rows.reset_index().assign(repeat=0, fold=0)
    grouping = share_groups(groups, {"`model`": model}, truth.index)
    data = _Data(truth, *_stack(rows, truth), grouping, fewest)
    everyone = np.ones(len(truth), dtype=bool)
    overall = {name: part.auc for name, part in _measure(data, everyone).items()}
    records = []
    for factor, levels in read_levels(subgroups, truth.index).items():
        known = np.any(list(levels.values()), axis=0)
        for level, inside in levels.items():
            own, rest = _measure(data, inside), _measure(data, known & ~inside)
            for name in overall:
                row = _describe(own[name], rest[name], grouping, len(levels) > 1)
                records.append({"factor": factor, "level": level, "task": name, **row})
    measured = pd.DataFrame(records).astype({"n_positive": "Int64"})
    return Subgroups(measured=measured, overall=pd.Series(overall, dtype=np.float64))


class _Data(NamedTuple):
    """Labels and scores, and folds of shape (n_repeats, n_exams)."""

    labels: pd.DataFrame
    scores: dict[str, NDArray[np.float64]]
    folds: NDArray[np.int64]
    groups: pd.Series[Any] | None
    fewest: int


class _Part(NamedTuple):
    """One task, or the mean, of some of the exams; `problem` says why there is no AUC."""

    n_exams: int
    n_positive: int | None
    fewest_positive: int
    fewest_negative: int
    n_groups: int
    degrees: int
    auc: float
    influence: NDArray[np.float64]
    problem: str


def _stack(
    rows: pd.DataFrame, labels: pd.DataFrame
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.int64]]:
    parts = []
    for repeat, part in rows.groupby("repeat"):
        name = "model" if rows["repeat"].nunique() == 1 else f"repeat {repeat} of model"
        require_same_exams(name, part["exam"], "labels", labels.index)
        parts.append(part.set_index("exam").loc[labels.index])
    scores = {
        task: np.stack([part[task].to_numpy(dtype=np.float64) for part in parts])
        for task in labels.columns
    }
    return scores, np.stack([part["fold"].to_numpy(dtype=np.int64) for part in parts])


def _measure(data: _Data, inside: NDArray[np.bool_]) -> dict[str, _Part]:
    """Each task, and the mean if there are several, of the exams inside."""
    tasks = list(data.labels.columns)
    found = {task: _measure_task(data, task, inside) for task in tasks}
    if name_headline(tasks) == "mean":
        missing = [task for task, part in found.items() if part.problem]
        parts = list(found.values())
        labelled = inside & data.labels.notna().any(axis=1).to_numpy()
        found["mean"] = _Part(
            n_exams=int(labelled.sum()),
            n_positive=None,
            fewest_positive=min(part.fewest_positive for part in parts),
            fewest_negative=min(part.fewest_negative for part in parts),
            n_groups=max(part.n_groups for part in parts),
            degrees=min(part.degrees for part in parts),
            auc=float("nan") if missing else float(np.mean([part.auc for part in parts])),
            influence=np.mean([part.influence for part in parts], axis=0),
            problem=f"not measured for {name_some(missing)}" if missing else "",
        )
    return found


def _measure_task(data: _Data, task: str, inside: NDArray[np.bool_]) -> _Part:
    kept = np.flatnonzero(inside & data.labels[task].notna().to_numpy())
    truth = data.labels[task].to_numpy()[kept].astype(np.int8)
    n_positive, n_negative = int(truth.sum()), int(len(truth) - truth.sum())
    influence, auc, problem = np.zeros(len(inside)), float("nan"), ""
    if min(n_positive, n_negative) < data.fewest:
        problem = (
            f"{n_positive} positive and {n_negative} negative exams, at least {data.fewest} of "
            "each are needed"
        )
    elif not has_pair_in_folds(truth, data.folds[:, kept]):
        problem = "no positive and negative exam in one fold of a repeat"
    else:
        found = measure_within_folds(truth, data.scores[task][:, kept], data.folds[:, kept])
        auc, influence[kept] = found.auc, found.influence
    n_groups = len(kept) if data.groups is None else int(data.groups.iloc[kept].nunique())
    # As for the AUC of all exams: those of the smaller class, or of the groups.
    degrees = max(min(n_positive, n_negative, n_groups) - 1, 1)
    return _Part(
        len(kept), n_positive, n_positive, n_negative, n_groups, degrees, auc, influence, problem
    )


def _describe(
    own: _Part, rest: _Part, groups: pd.Series[Any] | None, several: bool
) -> dict[str, Any]:
    """Numbers of one level and task, and what to know about them."""
    errors = [_find_error(part, groups) for part in (own, rest)]
    notes = [own.problem]
    if not own.problem:
        notes = []
        if own.n_groups < 2:
            notes.append("one group, so no standard error")
        if min(own.fewest_positive, own.fewest_negative) < ENOUGH_OF_A_CLASS:
            notes.append(f"fewer than {ENOUGH_OF_A_CLASS} exams of a class")
        if not several:
            notes.append("the only level, so no difference")
        elif rest.problem:
            notes.append(f"no difference: the other levels have {rest.problem}")
    covariance = 0.0
    if groups is not None and not (own.problem or rest.problem):
        influence = pd.DataFrame({"own": own.influence, "rest": rest.influence})
        totals = influence.groupby(groups.to_numpy()).sum()
        covariance = float(np.sum(totals["own"].to_numpy() * totals["rest"].to_numpy()))
    row: dict[str, Any] = {"n_exams": own.n_exams, "n_positive": own.n_positive}
    for prefix, part, se in (("", own, errors[0]), ("rest_", rest, errors[1])):
        numbers = (part.auc, se, part.fewest_positive, part.fewest_negative, part.degrees)
        row |= {prefix + name: number for name, number in zip(MEASURED, numbers, strict=True)}
    return {**row, "covariance": covariance, "note": "; ".join(notes)}


def _find_error(part: _Part, groups: pd.Series[Any] | None) -> float:
    if part.problem or part.n_groups < 2:
        return float("nan")
    return standard_error(part.influence, None if groups is None else groups.to_numpy())


def _take(row: dict[Any, Any], prefix: str) -> MeasuredAuc | None:
    numbers = [row[prefix + name] for name in MEASURED]
    return None if np.isnan(numbers[0]) else MeasuredAuc(*numbers)


def _adjust(table: pd.DataFrame, headline: str) -> pd.Series[float]:
    """Holm's p; the two rows of a factor of two levels are one test."""
    order = table.groupby(["factor", "task"], sort=False).cumcount()
    n_levels = table.groupby(["factor", "task"], sort=False)["level"].transform("size")
    repeated = (n_levels == 2) & (order == 1)
    adjusted = pd.Series(np.nan, index=table.index)
    primary = table["task"] == headline
    for rows in (primary, ~primary):
        tests = rows & ~repeated
        adjusted[tests] = adjust_holm(table.loc[tests, "p"].to_numpy())
    first = adjusted.where(~repeated).groupby([table["factor"], table["task"]]).transform("first")
    return adjusted.where(~repeated, first).where(table["p"].notna())
