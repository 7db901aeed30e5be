"""Paired comparison of models on the same exams, adjusted for multiple tests."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mrnet_features.evaluation.alignment import check_predictions
from mrnet_features.evaluation.comparison.holm import adjust_holm
from mrnet_features.evaluation.exam_values import share_groups
from mrnet_features.evaluation.metrics.auc_covariance import estimate_covariance
from mrnet_features.evaluation.metrics.auc_tests import Difference, minimum_detectable_difference
from mrnet_features.evaluation.metrics.scored_folds import ScoredFolds, weigh_tasks
from mrnet_features.evaluation.metrics.scores import Scores, score_predictions, stack_predictions
from mrnet_features.evaluation.protocol.folds import Folds
from mrnet_features.evaluation.results import Result
from mrnet_features.evaluation.score_plots import plot_differences
from mrnet_features.ids.checks import require_same_exams
from mrnet_features.messages import list_names, quote
from mrnet_features.tables import choose_labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from mrnet_features.tables import ByExam

__all__ = ["Comparison", "compare"]


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Result):
    """Differences of AUCs between models.

    Attributes
    ----------
    pairs : DataFrame of shape (n_pairs * (n_tasks + 1), 7)
        Columns first, second, task, difference, se, degrees, interval.
    scores : dict of str to Scores
        AUCs of each model with the same labels and, if there are folds, in the same folds.
    nested : bool
        Whether p values are omitted.
    """

    pairs: pd.DataFrame
    scores: Mapping[str, Scores]
    nested: bool = False

    def __repr__(self) -> str:
        scores = next(iter(self.scores.values()))
        size = f"{len(scores.influence)} exams, tasks {list_names(scores.n_positive.index)}"
        return f"Comparison({len(self.scores)} models: {list_names(self.scores)}; {size})"

    @property
    def headline(self) -> str:
        """Label of the main result: "mean", or the task if there is only one."""
        return next(iter(self.scores.values())).headline

    def summary(self, confidence: float = 0.95) -> pd.DataFrame:
        """Difference of each pair and task, and of the mean if there are several tasks.

        Parameters
        ----------
        confidence : float, default 0.95
            Coverage of the intervals.

        Returns
        -------
        DataFrame of shape (n_pairs * (n_tasks + 1), 11)
            Columns first, second, task; difference: first AUC minus second; se, ci_low, ci_high;
            interval: what the error allows for, see `ErrorEstimate`; p, two-sided; p_holm; and
            minimum_detectable_difference: true difference that a test at 5 % with this se finds
            with 80 % power; NaN where the difference has no variance. p, p_holm and
            minimum_detectable_difference are NaN for a cross-validation on one partition, se and
            interval as well if all exams are of one group.

        Notes
        -----
        The mean is the primary end point: its p values are adjusted for the number of pairs,
        those of the single tasks for the number of pairs and tasks. Intervals are not adjusted.

        Two AUCs of 1, or of 0, have a difference of 0 and no variance. Their interval is that of
        two such AUCs on different exams, see `unpaired_interval`: it is wide if there are few
        exams.
        """
        table = self.pairs.copy()
        found = [
            Difference(*row)
            for row in table[["difference", "se", "degrees"]].itertuples(index=False, name=None)
        ]
        ends = [difference.interval(confidence) for difference in found]
        table["ci_low"], table["ci_high"] = [end[0] for end in ends], [end[1] for end in ends]
        self._widen_perfect(table, confidence)
        # One repeat doesn't show the variance of the training exams: its p is up to .2 on noise.
        tested = table["interval"].str.startswith("test").to_numpy()
        p = np.array([difference.p for difference in found])
        table["p"] = np.where(tested & (not self.nested), p, np.nan)
        primary = table["task"] == self.headline
        table["p_holm"] = np.nan
        for rows in (primary, ~primary):
            table.loc[rows, "p_holm"] = adjust_holm(table.loc[rows, "p"].to_numpy())
        table["minimum_detectable_difference"] = [
            minimum_detectable_difference(row.se, row.degrees) if known else np.nan
            for row, known in zip(found, tested, strict=True)
        ]
        columns = ["difference", "se", "ci_low", "ci_high", "interval", "p", "p_holm"]
        kept = ["first", "second", "task", *columns, "minimum_detectable_difference"]
        return table[kept]

    def _widen_perfect(self, table: pd.DataFrame, confidence: float) -> None:
        """Interval where both AUCs are 1, or 0: without variance it would have no width."""
        aucs = self.frame(confidence)[["auc", "ci_low", "ci_high"]]
        for k, row in table.iterrows():
            one, two = (aucs.loc[(row[name], row["task"])] for name in ("first", "second"))
            if row["se"] == 0 and one["auc"] == two["auc"] and one["auc"] in (0, 1):
                below = np.hypot(one["auc"] - one["ci_low"], two["ci_high"] - two["auc"])
                above = np.hypot(one["ci_high"] - one["auc"], two["auc"] - two["ci_low"])
                table.loc[k, ["ci_low", "ci_high"]] = -below, above

    def frame(self, confidence: float = 0.95) -> pd.DataFrame:
        """AUCs of each model.

        Parameters
        ----------
        confidence : float, default 0.95
            Coverage of the intervals.

        Returns
        -------
        DataFrame of shape (n_models * (n_tasks + 1), 8)
            Index model and task; columns as `Scores.summary`.
        """
        tables = {name: scores.summary(confidence) for name, scores in self.scores.items()}
        return pd.concat(tables, names=["model"])

    def plot(self, axes: Axes | None = None) -> Axes:
        """Difference of each pair and task with its interval.

        Parameters
        ----------
        axes : matplotlib Axes, optional

        Returns
        -------
        matplotlib Axes
        """
        return plot_differences(self.summary(), axes)


@dataclass(frozen=True, eq=False)
class _Entry:
    """Predictions of one model: columns exam, repeat, fold and tasks."""

    name: str
    rows: pd.DataFrame
    folded: bool

    @property
    def folds(self) -> Folds | None:
        return Folds(self.rows[["exam", "repeat", "fold"]]) if self.folded else None


def compare(
    models: Mapping[str, Any],
    labels: pd.DataFrame | pd.Series[Any] | None = None,
    *,
    groups: ByExam | None = None,
    positive: Any = None,
    subset: bool = False,
    nested: bool = False,
) -> Comparison:
    """Compare the AUCs of models on the same exams.

    The difference is tested on the exams that both models scored, see `AucCovariance`. For one
    test set this is DeLong's paired test, extended to the mean over the tasks, with the t
    distribution. Models that were cross-validated on the same folds are compared fold by fold; a
    fixed set of predictions, such as the file of a CNN, is scored within the folds of the others;
    compare two such files in a call of their own.

    Parameters
    ----------
    models : mapping of str to Evaluation, HoldOut or DataFrame
        At least two. A DataFrame is indexed by exam id with one column per task, or has the
        columns exam, repeat, fold and one per task; see `read_predictions`.
    labels : DataFrame of shape (n_exams, n_tasks), Series or None
        Index exam id; 0 or 1. None for the labels of the first Evaluation or HoldOut.
    groups : Series or mapping of exam id to group, optional
        For example the patient. Exams of a group are not taken as independent.
        By default the groups that the models were evaluated with.
    positive : value or mapping of task to value, optional
        Value of a positive exam if the labels are not 0 and 1.
    subset : bool, default False
        Compare on the exams that all models have. By default different exams are an error.
    nested : bool, default False
        Whether the columns of one model contain those of the other, as in an ablation. Then p is
        omitted, because its null distribution is not the usual one.

    Returns
    -------
    Comparison
        Differences of every pair and task, and the AUCs behind them.

    Raises
    ------
    TypeError
        If `models` is not a mapping or holds something else.
    ValueError
        If exams, folds or groups differ, an id is repeated, a score is NaN, a task has only one
        class, or a model was evaluated with other labels.

    Warns
    -----
    UserWarning
        If the models were cross-validated on one partition into folds: there is then no p.
    FewExamsWarning
        If a class or the groups are few.

    References
    ----------
    DeLong, DeLong and Clarke-Pearson 1988, Biometrics 44(3):837-845, for the paired test; Demler,
    Pencina and D'Agostino 2012, Statistics in Medicine 31(23):2577-2587, on nested models.

    Examples
    --------
    One model ranks three of four pairs correctly, the other all four:

    >>> exams = ["a", "b", "c", "d"]
    >>> labels = pd.DataFrame({"acl": [0, 1, 0, 1]}, index=exams)
    >>> good = pd.DataFrame({"acl": [0.1, 0.6, 0.5, 0.9]}, index=exams)
    >>> poor = pd.DataFrame({"acl": [0.1, 0.3, 0.5, 0.9]}, index=exams)
    >>> compare({"good": good, "poor": poor}, labels).summary()["difference"].tolist()
    [0.25]
    """
    if not isinstance(models, Mapping):
        raise TypeError(
            f"`models` must be a mapping of names to predictions, got {type(models).__name__}. Use "
            "{'first': ..., 'second': ...}."
        )
    if len(models) < 2:
        raise ValueError(f"`models` must hold at least two models, got {len(models)}.")
    truth = choose_labels(labels, positive, *models.values())
    entries = [_enter(name, model, truth) for name, model in models.items()]
    entries, truth = _share_exams(entries, truth, subset)
    for task in truth.columns:
        known = truth[task].dropna()
        if known.nunique() < 2:
            raise ValueError(
                f"`labels` must hold both classes of task {quote(task)}, got "
                f"{f'only {known.iloc[0]:g}' if len(known) else 'none'} in {len(known)} exams with "
                "a label. Leave the task out."
            )
    folds = _share_folds(entries)
    named = {_name(name): model for name, model in models.items()}
    grouping = share_groups(groups, named, truth.index)
    if folds is not None:
        entries = [_put_into_folds(entry, folds) for entry in entries]
    # the folds of all entries are equal: one warning is enough
    scores = {
        entry.name: score_predictions(truth, entry.rows, grouping, warn=entry is entries[0])
        for entry in entries
    }
    pairs = _compare_pairs(entries, truth, grouping)
    if not nested and pairs["interval"].str.startswith("fitted").any():
        warnings.warn(
            "There is no p for models that were cross-validated on one partition into folds: its "
            "error is too small. Cross-validate all models on the same folds, made with "
            "`n_repeats=2` or more.",
            stacklevel=2,
        )
    return Comparison(pairs=pairs, scores=scores, nested=nested)


def _name(name: str) -> str:
    return f"{quote(name)} of `models`"


def _enter(name: str, model: Any, labels: pd.DataFrame) -> _Entry:
    rows = check_predictions(model, labels, _name(name))
    folded = "exam" in rows.columns
    if not folded:
        rows = rows.reset_index().assign(repeat=0, fold=0)
    kept = rows[["exam", "repeat", "fold", *labels.columns]]
    return _Entry(name, kept.reset_index(drop=True), folded)


def _share_exams(
    entries: Sequence[_Entry], labels: pd.DataFrame, subset: bool
) -> tuple[list[_Entry], pd.DataFrame]:
    exams = {entry.name: set(entry.rows["exam"]) for entry in entries}
    shared = set(labels.index).intersection(*exams.values())
    union = set(labels.index).union(*exams.values())
    if shared == union:
        return list(entries), labels
    if not shared:
        # One of them shares no exam with the labels: the message names it and the reason.
        for name, own in exams.items():
            require_same_exams(name, own, "labels", labels.index)
    if not subset or not shared:
        holders = {**exams, "labels": set(labels.index)}
        lost = ", ".join(
            f"{len(own - shared)} of {name}" for name, own in holders.items() if own - shared
        )
        raise ValueError(
            f"`models` and `labels` must hold the same exams; {len(shared)} of {len(union)} "
            f"are in all of them, so a comparison would drop {lost}. Pass subset=True to drop "
            "them."
        )
    kept = [replace(e, rows=e.rows[e.rows["exam"].isin(shared)]) for e in entries]
    return kept, labels[labels.index.isin(shared)]


def _share_folds(entries: Sequence[_Entry]) -> Folds | None:
    """Folds shared by all models that have any; None if all predictions are fixed."""
    found = {entry.name: entry.folds for entry in entries if entry.folded}
    hashes = {name: folds.hash[:12] for name, folds in found.items() if folds is not None}
    if len(set(hashes.values())) > 1:
        listed = ", ".join(f"{name} {digest}" for name, digest in hashes.items())
        raise ValueError(
            f"Cross-validated `models` must share their folds, got the hashes {listed}. Run them "
            "again with the same `folds`, or the same exams, labels, groups, `n_repeats` and seed."
        )
    return next(iter(found.values()), None)


def _put_into_folds(entry: _Entry, folds: Folds) -> _Entry:
    if entry.folded:
        return entry
    fixed = entry.rows.drop(columns=["repeat", "fold"])
    return replace(entry, rows=folds.frame.merge(fixed, on="exam", validate="many_to_one"))


def _compare_pairs(
    entries: Sequence[_Entry], labels: pd.DataFrame, groups: pd.Series[Any] | None
) -> pd.DataFrame:
    stacked = [stack_predictions(labels, entry.rows) for entry in entries]
    data = ScoredFolds(
        labels=np.concatenate([one.labels for one in stacked]),
        scores=np.concatenate([one.scores for one in stacked]),
        folds=stacked[0].folds,
        names=tuple(name for one in stacked for name in one.names),
    )
    codes = None if groups is None else groups.to_numpy(dtype=np.intp)
    found = estimate_covariance(data, codes)
    tasks = list(labels.columns)
    shares = weigh_tasks(tasks)
    aucs = found.fold_aucs.reshape(*found.fold_aucs.shape[:2], len(entries), len(tasks))
    rows = []
    for first, second in itertools.combinations(range(len(entries)), 2):
        for task, share in shares.items():
            weights = np.zeros((len(entries), len(tasks)))
            weights[first], weights[second] = share, -share
            error = found.combine(weights.ravel())
            gaps = aucs[:, :, first] - aucs[:, :, second]
            by_repeat = np.nanmean(gaps @ share, axis=1)
            rows.append(
                {
                    "first": entries[first].name,
                    "second": entries[second].name,
                    "task": task,
                    "difference": float(by_repeat.mean()),
                    "se": error.se,
                    "degrees": error.degrees,
                    "interval": error.source,
                }
            )
    return pd.DataFrame(rows)
