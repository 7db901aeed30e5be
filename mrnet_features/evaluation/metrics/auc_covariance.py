"""Covariance of cross-validated AUCs: what test exams, training exams and groups add to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mrnet_features.evaluation.metrics.auc import ROUNDING, t_quantile
from mrnet_features.evaluation.metrics.scored_folds import (
    ScoredFolds,
    find_partitions,
    is_one_group_per_fold,
    list_folds,
    measure_term,
)
from mrnet_features.evaluation.metrics.training_covariance import measure_training

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.intp]

__all__ = ["AucCovariance", "ErrorEstimate", "estimate_covariance", "estimate_gap"]


class ErrorEstimate(NamedTuple):
    """Standard error of an AUC, a mean of AUCs or a difference.

    Attributes
    ----------
    se : float
        Standard error; NaN if all exams are of one group.
    degrees : float
        Degrees of freedom of its t distribution.
    source : str
        What the error allows for: "test exams" for one test set; "fitted models given" for a
        cross-validation on one partition; "test and training exams" for several partitions, or if
        each fold is one group. Ends in ", by group" if the groups make the interval wider.
    """

    se: float
    degrees: float
    source: str


@dataclass(frozen=True, eq=False)
class AucCovariance:
    """Covariance matrices of AUCs, from which the error of any weighted sum follows.

    Attributes
    ----------
    influence : ndarray of shape (n_exams, n_terms), float64
        Influence values, averaged over folds and repeats.
    fold_aucs : ndarray of shape (n_repeats, n_folds, n_terms), float64
        NaN where a repeat has fewer folds.
    shows_training : bool
        Whether the folds show what the training exams add: the repeats are different partitions, or
        each fold is one group, so that the spread of the folds is that of training groups too.
    training : ndarray of shape (n_terms, n_terms), float64
        Extra covariance because exams train the models that score each other.
    group_training : ndarray of shape (n_terms, n_terms), float64
        The same with groups in place of exams.
    groups : ndarray of shape (n_exams,), intp, or None
        Number of the group of each exam.
    n_groups : ndarray of shape (n_terms,), int64
        Groups with labelled exams of each term.
    fewest : ndarray of shape (n_terms,), int64
        Exams of the smaller class of each term.
    """

    influence: Floats
    fold_aucs: Floats
    shows_training: bool
    training: Floats
    group_training: Floats
    groups: Integers | None
    n_groups: NDArray[np.int64]
    fewest: NDArray[np.int64]

    def combine(self, weights: Floats) -> ErrorEstimate:
        r"""Standard error of a weighted sum of the AUCs.

        The variance is :math:`B + \min(B, E)`: B is the sum of squared influence values, E what
        the training exams add. The cap keeps the seed noise of a learner out of E. The degrees of
        freedom are the exams of the smaller class minus 1.

        With groups, B and E are taken over groups, the variance is at least that of the folds of
        a repeat over their number, and the degrees of freedom are the groups minus 1 if those are
        fewer. The interval is never narrower than without groups.

        Parameters
        ----------
        weights : ndarray of shape (n_terms,), float64
            1 for a single AUC, 1 and -1 for a difference, 1 / n_tasks each for a mean.

        Returns
        -------
        ErrorEstimate
        """
        values = self.influence @ weights
        # Equal models do not differ: what is left of their sum is rounding.
        values[np.abs(values) <= ROUNDING * (np.abs(self.influence) @ np.abs(weights))] = 0
        fewest = int(self.fewest[weights != 0].min())
        variance = _add_training(values, weights @ self.training @ weights)
        source = "test exams"
        if self.fold_aucs.shape[1] > 1:
            source = "test and training exams" if self.shows_training else "fitted models given"
        alone = ErrorEstimate(float(np.sqrt(variance)), fewest - 1, source)
        if self.groups is None:
            return alone
        n_groups = int(self.n_groups[weights != 0].min())
        if n_groups < 2:
            return ErrorEstimate(float("nan"), float("nan"), source)
        sums = np.bincount(self.groups, weights=values)
        grouped = _add_training(sums, weights @ self.group_training @ weights)
        if self.fold_aucs.shape[1] > 1:
            grouped = max(grouped, _spread_of_folds(self.fold_aucs @ weights))
        degrees = min(n_groups, fewest) - 1
        found = ErrorEstimate(float(np.sqrt(grouped)), degrees, f"{source}, by group")
        wider = found.se * t_quantile(0.975, degrees) > alone.se * t_quantile(0.975, alone.degrees)
        return found if wider else alone


def estimate_covariance(data: ScoredFolds, groups: Integers | None = None) -> AucCovariance:
    r"""Measure AUCs in each fold, and what their errors have in common.

    For exam i with q exams of the other class in its fold, the placement value :math:`v_{ir}` in
    repeat r is the fraction of them that it is ranked correctly against. Over the repeats it
    varies with the exams it is compared with, and with the exams its model was trained on. The
    first part is known: the variance of the comparisons over q, times one minus the fraction of
    the other class in the fold. The rest, :math:`s_i^2 - p_i`, is that of the training exams. It
    shows how much another exam j changes the placement of i. If i changes that of j as much, the
    two errors are correlated, and all pairs together add

    .. math::
        E = \frac{f}{1 - f} \max\left(0, \sum_i w_i^2 (s_i^2 - p_i)\right), \quad
        f = \left(1 - \frac{1}{K}\right) \frac{n}{n - 1}

    for K folds, n exams and :math:`w_i` one over the exams of the class of i.

    Parameters
    ----------
    data : ScoredFolds
    groups : ndarray of shape (n_exams,), intp, optional
        Number of the group of each exam, from 0.

    Returns
    -------
    AucCovariance

    Raises
    ------
    ValueError
        As `measure_auc`; a note names term, repeat and fold.

    Notes
    -----
    The derivation is our own: see "Why repeats are needed" in the documentation of the statistics,
    and ``benchmarks/bench_statistics.py`` for its coverage in simulations.

    Examples
    --------
    Two folds of two exams per class, one repeat:

    >>> labels = np.array([[0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0]])
    >>> scores = np.array([[[0.1, 0.3, 0.5, 0.9, 0.2, 0.8, 0.4, 0.3]]])
    >>> folds = np.array([[0, 0, 0, 0, 1, 1, 1, 1]])
    >>> found = estimate_covariance(ScoredFolds(labels, scores, folds, ("acl",)))
    >>> found.fold_aucs[0, :, 0].tolist()
    [0.75, 0.75]
    >>> found.combine(np.array([1.0])).source
    'fitted models given'
    """
    n_terms, n_repeats, n_exams = data.scores.shape
    n_folds = [len(np.unique(numbers)) for numbers in data.folds]
    fold_aucs = np.full((n_repeats, max(n_folds), n_terms), np.nan)
    influence = np.zeros((n_exams, n_terms))
    for repeat, fold, members in list_folds(data):
        share = n_folds[repeat] * n_repeats
        for term in range(n_terms):
            known = members[~np.isnan(data.labels[term, members])]
            where = f" in repeat {repeat}, fold {fold}" if share > 1 else ""
            found = measure_term(data, term, repeat, known, where)
            fold_aucs[repeat, fold, term] = found.auc
            influence[known, term] += found.influence / share
    positive = (data.labels == 1).sum(axis=1)
    negative = (data.labels == 0).sum(axis=1)
    training = np.zeros((n_terms, n_terms))
    by_group = training
    different = find_partitions(data.folds)
    if len(different) > 1 and max(n_folds) > 1:
        once_each = data._replace(scores=data.scores[:, different], folds=data.folds[different])
        training = by_group = measure_training(once_each, np.arange(n_exams))
        if groups is not None:
            by_group = measure_training(once_each, groups)
    owners = np.arange(n_exams) if groups is None else groups
    return AucCovariance(
        influence=influence,
        fold_aucs=fold_aucs,
        shows_training=len(different) > 1 or is_one_group_per_fold(data.folds[0], groups),
        training=training,
        group_training=by_group,
        groups=groups,
        n_groups=np.array([len(np.unique(owners[~np.isnan(row)])) for row in data.labels]),
        fewest=np.minimum(positive, negative),
    )


def estimate_gap(
    random: ScoredFolds, grouped: ScoredFolds, groups: Integers, weights: Floats
) -> Floats:
    """Difference of AUCs in random folds and in folds of groups, on the same exams.

    Parameters
    ----------
    random, grouped : ScoredFolds
        The same terms and exams in the same order.
    groups : ndarray of shape (n_exams,), intp
        Number of the group of each exam, from 0.
    weights : ndarray of shape (n_sums, n_terms), float64
        Weighted sums of the terms.

    Returns
    -------
    ndarray of shape (n_sums, 3), float64
        Difference, its standard error and degrees of freedom. The variance is that of the paired
        difference, by exam or by group, whichever is larger, plus what the training groups add. On
        one partition, which can't show that, it is at least that of the grouped folds over their
        number.
    """
    one, two = estimate_covariance(random), estimate_covariance(grouped, groups)
    rows = []
    for weight in weights:
        values = (one.influence - two.influence) @ weight
        sums = np.bincount(groups, weights=values)
        variance = max(float(values @ values), float(sums @ sums))
        if len(find_partitions(grouped.folds)) > 1:
            own = two.influence @ weight
            training = weight @ two.group_training @ weight
            variance += _add_training(own, training) - float(own @ own)
        else:
            variance = max(variance, _spread_of_folds(two.fold_aucs @ weight))
        means = [np.nanmean(found.fold_aucs @ weight, axis=1).mean() for found in (one, two)]
        used = weight != 0
        degrees = min(int(two.n_groups[used].min()), int(one.fewest[used].min())) - 1
        rows.append([means[0] - means[1], np.sqrt(variance), degrees])
    return np.array(rows)


def _add_training(influence: Floats, training: Any) -> float:
    test = float(influence @ influence)
    return test + min(test, max(0.0, float(training)))


def _spread_of_folds(aucs: Floats) -> float:
    """Variance over the folds of a repeat, over their number; mean of the repeats."""
    counts = np.isfinite(aucs).sum(axis=1)
    return float(np.mean(np.nanvar(aucs, axis=1, ddof=1) / counts))
