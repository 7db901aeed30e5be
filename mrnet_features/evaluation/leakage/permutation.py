"""Permutation test of one model; null hypothesis: features and labels are not associated."""

from __future__ import annotations

import contextlib
import inspect
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from joblib import delayed
from scipy.stats import rankdata

from mrnet_features.evaluation.alignment import align_groups, check_predictions
from mrnet_features.evaluation.comparison.holm import adjust_holm
from mrnet_features.evaluation.exam_values import share_groups
from mrnet_features.evaluation.leakage.exam_permutations import draw_permutations
from mrnet_features.evaluation.leakage.rounds import align_rounds, run_round
from mrnet_features.evaluation.metrics.auc import measure_auc
from mrnet_features.evaluation.metrics.few_exams import FewExamsWarning
from mrnet_features.evaluation.plots import shorten
from mrnet_features.evaluation.protocol.cross_validation import Evaluation, cross_validate
from mrnet_features.evaluation.results import Result, choose_task, name_headline
from mrnet_features.evaluation.score_plots import plot_permutations
from mrnet_features.ids.checks import require_same_exams
from mrnet_features.jobs import run_jobs, show_progress
from mrnet_features.tables import choose_labels

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from mrnet_features.tables import ByExam, FeatureTable, LabelTable

__all__ = ["PermutationTest", "permutation_test"]

# Equal AUCs may differ in their last bits.
ROUNDING = 1e-12


@dataclass(frozen=True, eq=False, repr=False)
class PermutationTest(Result):
    """AUCs of a model, and the AUCs with the exams permuted.

    Attributes
    ----------
    observed : Series of shape (n_tasks + 1,), float64
        AUC of each task; the last one is the mean if there are several tasks.
    null : DataFrame of shape (n_permutations, n_tasks + 1), float64
        AUCs of each permutation.
    refitted : bool
        Whether the model was fitted again for each permutation.
    """

    observed: pd.Series[float]
    null: pd.DataFrame
    refitted: bool

    def __repr__(self) -> str:
        p = float(self.summary()["p"].iloc[-1])
        return f"PermutationTest({len(self.null)} permutations, {self.headline}: p = {p:.3g})"

    @property
    def headline(self) -> str:
        """Label of the main result: "mean", or the task if there is only one."""
        return str(self.observed.index[-1])

    def summary(self) -> pd.DataFrame:
        """AUC and p of each task, and of the mean if there are several tasks.

        Returns
        -------
        DataFrame of shape (n_tasks + 1, 6)
            Index task. Columns auc; null_mean, null_95: mean and 95th percentile over the
            permutations; p, one-sided: fraction of the permutations, the observed one included,
            with at least the observed AUC; p_holm: the same for the mean, Holm's correction over
            the single tasks; n_permutations.

        Notes
        -----
        p is one-sided: an AUC far below .5 has p near 1. With n permutations it can't be below
        1 / (1 + n): .01 with the default of 99.
        """
        exceeding = (self.null >= self.observed - ROUNDING).sum()
        table = pd.DataFrame(
            {
                "auc": self.observed,
                "null_mean": self.null.mean(),
                "null_95": self.null.quantile(0.95),
                "p": (1 + exceeding) / (1 + len(self.null)),
            }
        )
        table["p_holm"] = table["p"]
        tasks = [name for name in table.index if name != self.headline]
        table.loc[tasks, "p_holm"] = adjust_holm(table.loc[tasks, "p"].to_numpy())
        table["n_permutations"] = len(self.null)
        return table.rename_axis(index="task")

    def frame(self) -> pd.DataFrame:
        """AUCs of every permutation.

        Returns
        -------
        DataFrame of shape (n_permutations, n_tasks + 2)
            Columns permutation (from 1), one per task, and mean if there are several tasks.
        """
        table = self.null.copy()
        table.insert(0, "permutation", np.arange(1, len(table) + 1))
        return table

    def plot(self, axes: Axes | None = None, task: str | None = None) -> Axes:
        """Histogram of the AUCs of the permutations, and the observed AUC.

        Parameters
        ----------
        axes : matplotlib Axes, optional
        task : str, optional
            By default the mean, or the only task.

        Returns
        -------
        matplotlib Axes
        """
        chosen = choose_task(task, self.observed.index, self.headline)
        p = float(self.summary()["p"].loc[chosen])
        title = f"{shorten(chosen)}: p = {p:.3g}"
        return plot_permutations(self.null[chosen], float(self.observed[chosen]), title, axes)


def permutation_test(
    model: Any,
    features: FeatureTable | None = None,
    labels: LabelTable | None = None,
    *,
    n_permutations: int = 99,
    procedure: Callable[..., Evaluation] = cross_validate,
    groups: ByExam | None = None,
    positive: Any = None,
    seed: int = 0,
    n_jobs: int | None = None,
    progress: bool | None = None,
    **options: Any,
) -> PermutationTest:
    """Permutation test of one model; null hypothesis: features and labels are not associated.

    The rows of the features are permuted over the exams, and the whole procedure is run again.
    Labels, folds, groups and weights stay where they are, so every permutation has the same
    folds, and the tasks stay correlated. Predictions of a model that was fitted on other exams
    are permuted without a refit.

    Parameters
    ----------
    model : classifier, mapping, None, HoldOut or DataFrame
        A classifier, a mapping or None is passed to the procedure, with `features` and `labels`. A
        HoldOut, or a DataFrame of fixed predictions indexed by exam id, is tested without
        `features`. The DataFrame must come from a model that was fitted on other exams. A table
        of out-of-fold predictions is refused by its columns repeat and fold; without them it
        can't be recognised, and p would be wrong.
    features : DataFrame or array of shape (n_exams, n_features), optional
        See `cross_validate`.
    labels : DataFrame of shape (n_exams, n_tasks), Series or array, optional
        See `cross_validate`. Not needed for a HoldOut.
    n_permutations : int, default 99
        The smallest possible p is ``1 / (1 + n_permutations)``. Each one with a refit takes as
        long as the cross-validation.
    procedure : callable, default `cross_validate`
        See `shuffle_labels`. It must contain every step that uses the labels, such as a selection
        of columns.
    groups : Series or mapping of exam id to group, or array, optional
        For example the patient of each exam. Groups of equal size are exchanged as a whole, and
        the exams within a group are permuted: see the notes.
    positive : value or mapping of task to value, optional
        Value of a positive exam if the labels are not 0 and 1.
    seed : int, default 0
        Seed of the permutations and the procedure.
    n_jobs : int, optional
        Permutations at a time, as in joblib. The result is the same for any number.
    progress : bool, optional
        Show a progress bar. By default only if standard error is a terminal.
    **options
        Passed to the procedure, for example ``folds=evaluation.folds``.

    Returns
    -------
    PermutationTest

    Raises
    ------
    TypeError
        If out-of-fold predictions are passed with their folds: their models were fitted on the
        labels, so they have to be fitted again.
    ValueError
        As the procedure does, or if the groups allow fewer than 20 arrangements.

    Notes
    -----
    p is one-sided and exact: without association every arrangement is as likely as the observed
    one. With groups that holds if groups of one size are exchangeable, and exams within a group
    too, such as the knees of a patient. A group of a size that no other group has, such as a site,
    is permuted within itself; then the question is whether features and labels are associated
    within sites.

    References
    ----------
    Ojala and Garriga 2010, Journal of Machine Learning Research 11:1833-1863, test 1; Phipson and
    Smyth 2010, Statistical Applications in Genetics and Molecular Biology 9(1):39, for p.

    Examples
    --------
    Of the 70 ways to assign four positives to eight exams, one separates them:

    >>> labels = pd.DataFrame({"acl": [0, 0, 0, 0, 1, 1, 1, 1]}, index=list("abcdefgh"))
    >>> scores = pd.DataFrame({"acl": range(8)}, index=list("abcdefgh"))
    >>> found = permutation_test(scores, labels=labels, n_permutations=999)
    >>> round(float(found.summary().loc["acl", "p"]), 2)
    0.01
    """
    if n_permutations < 1:
        raise ValueError(f"`n_permutations` must be at least 1, got {n_permutations}.")
    fixed = model if isinstance(model, pd.DataFrame) else getattr(model, "predictions", None)
    if isinstance(fixed, pd.DataFrame):
        if features is not None:
            raise TypeError(
                "`features` go with a classifier, not with predictions. Pass labels as `labels=`; "
                "for a cross-validated model pass the classifier, features and labels, and "
                "`folds=evaluation.folds`."
            )
        truth = choose_labels(labels, positive, model)
        grouping = share_groups(groups, {"`model`": model}, truth.index)
        return _permute_predictions(model, truth, grouping, n_permutations, seed, progress)
    if features is None or labels is None:
        raise TypeError("`features` and `labels` must be given for a classifier.")
    options = {**options, "groups": groups} if groups is not None else options
    data, options = align_rounds(model, features, labels, positive, options, "permutation_test")
    if "progress" in inspect.signature(procedure).parameters:
        options = {"progress": False, **options}
    permutations = [None, *draw_permutations(data.groups, len(data.labels), n_permutations, seed)]
    calls = (
        delayed(_run)(
            procedure, data.features, data.labels, data.order, permutation, model, seed, options
        )
        for permutation in permutations
    )
    rows = []
    with (
        contextlib.closing(run_jobs(calls, n_jobs)) as results,
        show_progress(len(permutations), "permutation test", "run", progress) as bar,
    ):
        for row in results:
            bar.update()
            rows.append(row)
    return PermutationTest(rows[0], pd.DataFrame(rows[1:]).reset_index(drop=True), refitted=True)


def _run(
    procedure: Callable[..., Evaluation],
    features: pd.DataFrame,
    labels: pd.DataFrame,
    order: pd.Index[Any],
    permutation: NDArray[np.int64] | None,
    model: Any,
    seed: int,
    options: dict[str, Any],
) -> pd.Series[float]:
    if permutation is None:
        return run_round(procedure, features, labels, order, model, seed, options)
    moved = features.iloc[permutation].set_axis(features.index, axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FewExamsWarning)  # the observed run has warned
        return run_round(procedure, moved, labels, order, model, seed, options)


def _permute_predictions(
    model: Any,
    labels: pd.DataFrame,
    groups: pd.Series[Any] | None,
    n_permutations: int,
    seed: int,
    progress: bool | None,
) -> PermutationTest:
    rows = check_predictions(model, labels)
    if "exam" in rows.columns:
        raise TypeError(
            "Out-of-fold predictions can't be tested without a refit: their models were fitted on "
            "the labels. Pass the classifier, features and labels, and `folds=evaluation.folds`."
        )
    require_same_exams("model", rows.index, "labels", labels.index)
    scores = rows.loc[labels.index].to_numpy(dtype=np.float64)
    grouping = align_groups(groups, labels.index)
    orders = [
        np.arange(len(labels)),
        *draw_permutations(grouping, len(labels), n_permutations, seed),
    ]
    known = labels.notna().to_numpy()
    positive = (labels == 1).to_numpy()
    for k in range(len(labels.columns)):
        measure_auc(positive[known[:, k], k], scores[known[:, k], k])  # checks
    aucs = []
    with show_progress(len(orders), "permutation test", "permutation", progress) as bar:
        for order in orders:
            bar.update()
            aucs.append(_rank(scores[order], positive, known))
    table = pd.DataFrame(aucs, columns=labels.columns)
    headline = name_headline(list(labels.columns))
    if headline not in table:
        table[headline] = table.mean(axis=1)
    return PermutationTest(table.iloc[0], table.iloc[1:].reset_index(drop=True), refitted=False)


def _rank(
    scores: NDArray[np.float64], positive: NDArray[np.bool_], known: NDArray[np.bool_]
) -> list[float]:
    """AUC of each task, from the sum of the ranks of the positive exams."""
    aucs = []
    for values, truth, kept in zip(scores.T, positive.T, known.T, strict=True):
        ranks, high = rankdata(values[kept]), truth[kept]
        m, n = int(high.sum()), int((~high).sum())
        aucs.append(float((ranks[high].sum() - m * (m + 1) / 2) / (m * n)))
    return aucs
