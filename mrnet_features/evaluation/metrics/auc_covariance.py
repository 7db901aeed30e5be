"""Covariance of cross-validated AUCs: what test exams, training exams and groups add to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mrnet_features.evaluation.metrics.auc import ROUNDING, AucEstimate, measure_auc, t_quantile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.intp]

__all__ = [
    "AucCovariance",
    "ErrorEstimate",
    "ScoredFolds",
    "estimate_covariance",
    "estimate_gap",
    "measure_term",
]

BLOCK = 2_000_000
"""Most pairs of exams compared at a time."""


class ScoredFolds(NamedTuple):
    """Labels, folds and scores as arrays; a term is one task of one model.

    Attributes
    ----------
    labels : ndarray of shape (n_terms, n_exams), float64
        0, 1, or NaN for an exam without a label.
    scores : ndarray of shape (n_terms, n_repeats, n_exams), float64
    folds : ndarray of shape (n_repeats, n_exams), intp
        Number of the fold that tests an exam, from 0 in each repeat.
    names : tuple of str
        Name of each term in messages.
    """

    labels: Floats
    scores: Floats
    folds: Integers
    names: tuple[str, ...]


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
        cross-validation on one partition; "test and training exams" for several partitions. Ends
        in ", by group" if the groups make the interval wider than the exams would.
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
    n_partitions : int
        Different partitions among the repeats. A single one can't show what training exams add.
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
    n_partitions: int
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
            once = self.n_partitions == 1
            source = "fitted models given" if once else "test and training exams"
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
    for repeat, fold, members in _list_folds(data):
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
    different = _find_partitions(data.folds)
    if len(different) > 1 and max(n_folds) > 1:
        once_each = data._replace(scores=data.scores[:, different], folds=data.folds[different])
        training = by_group = _measure_training(once_each, positive, negative, np.arange(n_exams))
        if groups is not None:
            by_group = _measure_training(once_each, positive, negative, groups)
    owners = np.arange(n_exams) if groups is None else groups
    return AucCovariance(
        influence=influence,
        fold_aucs=fold_aucs,
        n_partitions=len(different),
        training=training,
        group_training=by_group,
        groups=groups,
        n_groups=np.array([len(np.unique(owners[~np.isnan(row)])) for row in data.labels]),
        fewest=np.minimum(positive, negative),
    )


def _find_partitions(folds: Integers) -> list[int]:
    """First repeat of each partition: fits with other seeds on the same folds are one partition."""
    seen: dict[bytes, int] = {}
    for repeat, numbers in enumerate(folds):
        _, first, renamed = np.unique(numbers, return_index=True, return_inverse=True)
        seen.setdefault(first[renamed].tobytes(), repeat)
    return list(seen.values())


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
        if two.n_partitions > 1:
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


def measure_term(
    data: ScoredFolds, term: int, repeat: int, rows: Integers, where: str
) -> AucEstimate:
    """AUC of one term on some exams.

    Parameters
    ----------
    data : ScoredFolds
    term, repeat : int
    rows : ndarray of intp
        Row numbers of exams with a label.
    where : str
        Repeat and fold in notes, with a space before it.

    Returns
    -------
    AucEstimate

    Raises
    ------
    ValueError
        As `measure_auc`; a note names the term.
    """
    try:
        return measure_auc(data.labels[term, rows], data.scores[term, repeat, rows])
    except ValueError as error:
        error.add_note(f"while scoring {data.names[term]}{where}")
        raise


def _add_training(influence: Floats, training: Any) -> float:
    test = float(influence @ influence)
    return test + min(test, max(0.0, float(training)))


def _spread_of_folds(aucs: Floats) -> float:
    """Variance over the folds of a repeat, over their number; mean of the repeats."""
    counts = np.isfinite(aucs).sum(axis=1)
    return float(np.mean(np.nanvar(aucs, axis=1, ddof=1) / counts))


def _list_folds(data: ScoredFolds) -> Iterator[tuple[int, int, Integers]]:
    for repeat, numbers in enumerate(data.folds):
        for fold in range(int(numbers.max()) + 1):
            yield repeat, fold, np.flatnonzero(numbers == fold)


def _measure_training(
    data: ScoredFolds, positive: NDArray[np.int64], negative: NDArray[np.int64], units: Integers
) -> Floats:
    """Covariance added by units (exams or groups) that train each other's models."""
    n_terms, n_repeats, _ = data.scores.shape
    n_units = len(np.unique(units))
    own = np.where(data.labels == 1, 1 / positive[:, None], 1 / negative[:, None])
    weights = np.where(np.isnan(data.labels), 0.0, own)
    opposite = np.where(data.labels == 1, negative[:, None], positive[:, None])
    placements = np.zeros((n_repeats, n_terms, n_units))
    sampling = np.zeros((n_terms, n_terms))
    for repeat, _, members in _list_folds(data):
        order = members[np.argsort(units[members], kind="stable")]
        starts = np.flatnonzero(np.r_[True, np.diff(units[order]) != 0])
        for first, last in _cut_blocks(starts, len(order), len(order) * n_terms):
            rows = order[first:last]
            row_starts = starts[(starts >= first) & (starts < last)] - first
            owner = units[rows[row_starts]]
            deviations = []
            for term in range(n_terms):
                values, parts = _compare(
                    data.labels[term], data.scores[term, repeat], rows, order, opposite[term]
                )
                own_weight = weights[term, rows]
                placements[repeat, term, owner] += np.add.reduceat(own_weight * values, row_starts)
                parts *= own_weight[:, None]
                if len(row_starts) < len(rows) or len(starts) < len(order):
                    parts = np.add.reduceat(np.add.reduceat(parts, row_starts), starts, axis=1)
                # A unit is never drawn against itself: it is in the fold that tests it.
                parts[units[order[starts]] == owner[:, None]] = 0
                deviations.append(parts.reshape(-1))
            stacked = np.stack(deviations)
            sampling += stacked @ stacked.T / n_repeats
    centred = placements - placements.mean(axis=0)
    total = np.einsum("rtu,rsu->ts", centred, centred) / (n_repeats - 1)
    mean_folds = float(np.mean([len(np.unique(numbers)) for numbers in data.folds]))
    labelled = [len(np.unique(units[~np.isnan(column)])) for column in data.labels]
    # If every unit is a fold of its own, all repeats are the same and show nothing.
    odds = [
        (mean_folds - 1) * n_own / (n_own - mean_folds) if n_own > mean_folds else 0.0
        for n_own in labelled  # f / (1 - f)
    ]
    added: Floats = np.sqrt(np.outer(odds, odds)) * (total - sampling)
    return added


def _cut_blocks(starts: Integers, n_rows: int, row_size: int) -> Iterator[tuple[int, int]]:
    """Ranges of whole units of at most BLOCK pairs, or of one unit."""
    ends = np.r_[starts[1:], n_rows]
    first = 0
    for end, following in zip(ends, np.r_[ends[1:], n_rows + BLOCK], strict=True):
        if end == n_rows or (following - first) * row_size > BLOCK:
            yield first, int(end)
            first = int(end)


def _compare(
    labels: Floats, scores: Floats, rows: Integers, members: Integers, opposite: NDArray[np.int64]
) -> tuple[Floats, Floats]:
    """Placement of each row among the members of the other class, and what each member adds.

    The squares of a row's parts sum to the variance of its placement over draws of the members
    without replacement.
    """
    sign = np.where(labels[rows] == 1, 1.0, -1.0)
    gap = (scores[rows, None] - scores[members]) * sign[:, None]
    against = labels[members] == 1 - labels[rows, None]
    won = np.where(gap > 0, 1.0, np.where(gap == 0, 0.5, 0.0))
    n_drawn = against.sum(axis=1)
    drawn = np.maximum(n_drawn, 2)  # unlabelled rows have none; their weight is 0
    placement = (won * against).sum(axis=1) / drawn
    fraction = n_drawn / np.maximum(opposite[rows], 1)
    scale = np.sqrt(np.maximum(0, 1 - fraction) * drawn / (drawn - 1)) / drawn
    return placement, (won - placement[:, None]) * against * scale[:, None]
