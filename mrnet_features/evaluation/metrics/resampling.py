"""Standard errors of any measure of fixed predictions by reweighting exams, and intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mrnet_features.evaluation.metrics.auc import t_quantile
from mrnet_features.evaluation.metrics.calibration import wilson_interval
from mrnet_features.evaluation.metrics.scored_sets import average_folds

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from mrnet_features.evaluation.metrics.scored_sets import ScoredSets

__all__ = [
    "area_interval",
    "bootstrap",
    "count_called",
    "count_degrees",
    "draw_weights",
    "fraction_intervals",
    "jackknife",
]

LARGEST_BLOCK = 1000

KINDS = (1, 2, 3)
"""Groups with positive exams alone, with negative exams alone, and with both."""


def draw_weights(
    truth: ArrayLike, groups: ArrayLike | None = None, n_draws: int = 1000, seed: int = 0
) -> NDArray[np.float64]:
    r"""Bootstrap weights of exams, drawn within each class.

    Of the n exams of a class, n - 1 are drawn with replacement, and each counts n / (n - 1) times
    as often as it was drawn. The variance of a weighted sum over the draws is then unbiased; that
    of n draws is too small by the factor (n - 1) / n.

    With groups, whole groups are drawn: within those without positive exams, those without
    negative exams, and those with both. If only one group is all-positive (or all-negative), it is
    drawn together with the mixed groups.

    Parameters
    ----------
    truth : array of shape (n_exams,)
        0 or 1.
    groups : array of shape (n_exams,), optional
        Group of each exam.
    n_draws : int, default 1000
    seed : int, default 0

    Returns
    -------
    ndarray of shape (n_draws, n_exams), float64
        Weights. A class or kind with a single member has weight 1 in every draw.

    References
    ----------
    Efron and Tibshirani 1993, An introduction to the bootstrap, chapter 8; Rao and Wu 1988,
    Journal of the American Statistical Association 83(401):231-241, for n - 1 draws.

    Examples
    --------
    Two exams of a class: one is drawn, and counts twice.

    >>> draw_weights([0, 0], n_draws=3).sum(axis=1).tolist()
    [2.0, 2.0, 2.0]
    """
    codes, kinds = _sort_groups(truth, groups)
    rng = np.random.default_rng(seed)
    weights = np.ones((n_draws, len(kinds)))
    for kind in KINDS:
        members = np.flatnonzero(kinds == kind)
        n = len(members)
        if n > 1:
            drawn = rng.multinomial(n - 1, np.full(n, 1 / n), size=n_draws)
            weights[:, members] = drawn * (n / (n - 1))
    return weights[:, codes]


def _sort_groups(
    truth: ArrayLike, groups: ArrayLike | None
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Group number of each exam, and kind of each group; an exam without group is its own."""
    positive = np.asarray(truth) == 1
    own = np.arange(len(positive)) if groups is None else np.asarray(groups)
    names, codes = np.unique(own, return_inverse=True)
    kinds = np.zeros(len(names), dtype=np.intp)
    np.bitwise_or.at(kinds, codes, np.where(positive, 1, 2))
    if groups is not None:
        for kind in (1, 2):
            if (kinds == kind).sum() == 1:
                kinds[kinds == kind] = 3
    return codes.ravel(), kinds


def bootstrap(
    sets: ScoredSets,
    measure: Callable[
        [NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]
    ],
    n_draws: int = 1000,
    seed: int = 0,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Measure of fixed predictions and its standard error.

    The predictions are taken as given: nothing is fitted again. An exam has one weight per draw,
    the same in every repeat, so that repeats do not count as new exams.

    Parameters
    ----------
    sets : ScoredSets
    measure : callable
        See `average_folds`.
    n_draws : int, default 1000
    seed : int, default 0

    Returns
    -------
    value : ndarray
        Mean over the folds of each repeat, then over the repeats.
    se : ndarray
        Standard deviation over the draws. NaN if the exams or groups allow none.

    Examples
    --------
    >>> import pandas as pd
    >>> from mrnet_features.evaluation.metrics.scored_sets import take_scored_sets
    >>> labels = pd.DataFrame({"acl": [0, 0, 1, 1]}, index=list("abcd"))
    >>> sets = take_scored_sets(labels / 2, labels)["acl"]
    >>> value, se = bootstrap(sets, lambda truth, scores, weights: weights @ scores)
    >>> float(value), float(se)
    (1.0, 0.0)
    """
    if n_draws < 2:
        raise ValueError(f"`n_draws` must be at least 2, got {n_draws}. 1000 is enough.")
    value = average_folds(sets, measure, np.ones((1, len(sets.truth))))[0]
    if not sets.has_error:
        return value, np.full_like(value, np.nan)
    draws = average_folds(sets, measure, draw_weights(sets.truth, sets.groups, n_draws, seed))
    return value, np.nanstd(draws, axis=0, ddof=1)


def jackknife(
    sets: ScoredSets,
    measure: Callable[
        [NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]
    ],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Measure of fixed predictions and its standard error, each exam left out in turn.

    With the values :math:`\theta_i` without exam i of the n exams of a class, the variance is the
    sum over the classes of :math:`\frac{n - 1}{n} \sum_i (\theta_i - \overline{\theta})^2`. The
    predictions are taken as given. With groups, whole groups are left out; see `draw_weights`.

    For areas under curves. In folds with few positive exams, the bootstrap error of an average
    precision is too small (.8 of the true one with 5 positives per fold in simulations, against
    .99), since a draw holds few distinct ones. For points on curves, as for other quantiles, the
    jackknife does not hold; use `bootstrap`.

    Parameters
    ----------
    sets : ScoredSets
    measure : callable
        See `average_folds`.

    Returns
    -------
    value, se : ndarray
        As `bootstrap`.

    References
    ----------
    Efron and Stein 1981, Annals of Statistics 9(3):586-596.

    Examples
    --------
    >>> import pandas as pd
    >>> from mrnet_features.evaluation.metrics.scored_sets import take_scored_sets
    >>> labels = pd.DataFrame({"acl": [0, 0, 1, 1]}, index=list("abcd"))
    >>> sets = take_scored_sets(labels / 2, labels)["acl"]
    >>> value, se = jackknife(sets, lambda truth, scores, weights: weights @ scores)
    >>> float(value), float(se)
    (1.0, 0.0)
    """
    value = average_folds(sets, measure, np.ones((1, len(sets.truth))))[0]
    if not sets.has_error:
        return value, np.full_like(value, np.nan)
    codes, kinds = _sort_groups(sets.truth, sets.groups)
    # Block by block, since there are as many draws as exams.
    blocks = np.array_split(np.arange(len(kinds)), 1 + len(kinds) // LARGEST_BLOCK)
    found = np.concatenate(
        [average_folds(sets, measure, 1.0 - (block[:, None] == codes)) for block in blocks]
    )
    variance = np.zeros_like(value)
    for kind in KINDS:
        own = found[kinds == kind]
        if len(own) > 1:
            spread = ((own - own.mean(axis=0)) ** 2).sum(axis=0)
            variance = variance + spread * (len(own) - 1) / len(own)
    return value, np.sqrt(variance)


def fraction_intervals(
    values: ArrayLike,
    errors: ArrayLike,
    n_exams: ArrayLike,
    confidence: float = 0.95,
    degrees: float = float("inf"),
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Wilson's intervals of fractions with known standard errors.

    A fraction p with standard error s is as uncertain as a plain fraction of p (1 - p) / s^2
    exams, which is the sample size that Wilson's interval is given. The quantile is that of
    Student's t, since the standard error is itself uncertain where there are few exams of a class
    or few groups.

    Parameters
    ----------
    values, errors : array
        Fractions and their standard errors.
    n_exams : int or array
        Number of exams behind each fraction: the largest sample size, and that of a fraction
        without error.
    confidence : float, default 0.95
        Coverage.
    degrees : float, default infinity
        Degrees of freedom of the standard errors; see `count_degrees`.

    Returns
    -------
    ci_low, ci_high : ndarray
        Between 0 and 1; NaN where the standard error is.

    References
    ----------
    Korn and Graubard 1998, Survey Methodology 24(2):193-201, for the effective sample size; Dean
    and Pagano 2015, Journal of Survey Statistics and Methodology 3(4):484-503, for Wilson's
    interval with it.

    Examples
    --------
    A plain fraction of 50 of 100 exams:

    >>> low, high = fraction_intervals([0.5], [0.05], 100)
    >>> round(float(low[0]), 4), round(float(high[0]), 4)
    (0.4038, 0.5962)
    """
    value, error, most = np.broadcast_arrays(values, errors, n_exams)
    rows = np.column_stack([value.ravel(), error.ravel(), most.ravel()]).tolist()
    factor = _shrink(confidence, degrees)
    found = [
        _interval(v, factor * min(_count_effective(v, e, n), n), confidence) for v, e, n in rows
    ]
    low, high = np.array(found).reshape(-1, 2).T
    return low.reshape(value.shape), high.reshape(value.shape)


def area_interval(
    value: float, se: float, n_positive: int, degrees: float, confidence: float = 0.95
) -> tuple[float, float]:
    """Wilson's interval of an area between 0 and 1 with Student's t.

    As `fraction_intervals`, but without a largest sample size.

    Parameters
    ----------
    value, se : float
        Area and its standard error.
    n_positive : int
        Sample size of an area without error.
    degrees : float
        Degrees of freedom; see `count_degrees`.
    confidence : float, default 0.95
        Coverage.

    Returns
    -------
    ci_low, ci_high : float
        Between 0 and 1; NaN if the standard error is.

    Examples
    --------
    >>> low, high = area_interval(0.5, 0.05, 100, 49)
    >>> round(low, 4), round(high, 4)
    (0.4015, 0.5985)
    """
    factor = _shrink(confidence, degrees)
    return _interval(value, factor * _count_effective(value, se, n_positive), confidence)


def _shrink(confidence: float, degrees: float) -> float:
    """Factor of the sample size that turns the normal quantile into that of Student's t.

    Wilson's interval depends on quantile^2 / size alone: a larger quantile is a smaller size.
    """
    tail = 0.5 + confidence / 2
    return (t_quantile(tail) / t_quantile(tail, degrees)) ** 2


def _count_effective(value: float, error: float, n_exams: float) -> float:
    """Sample size at which a plain fraction has this standard error; NaN without one."""
    if 0 < value < 1 and error != 0:
        return value * (1 - value) / error**2
    return np.nan if np.isnan(error) else n_exams


def _interval(value: float, size: float, confidence: float) -> tuple[float, float]:
    if np.isnan(value) or np.isnan(size):
        return np.nan, np.nan
    return wilson_interval(value * size, size, confidence)


def count_degrees(sets: ScoredSets) -> int:
    """Degrees of freedom of a standard error: those of the smaller class, or of the groups.

    Parameters
    ----------
    sets : ScoredSets

    Returns
    -------
    int
        Exams of the smaller class, or groups, minus 1; at least 1.

    Examples
    --------
    >>> import pandas as pd
    >>> from mrnet_features.evaluation.metrics.scored_sets import take_scored_sets
    >>> labels = pd.DataFrame({"acl": [0, 0, 0, 1, 1]}, index=list("abcde"))
    >>> count_degrees(take_scored_sets(labels, labels)["acl"])
    1
    """
    members = min(sets.n_positive, sets.n_negative)
    if sets.groups is not None:
        members = min(members, len(np.unique(sets.groups)))
    return max(members - 1, 1)


def count_called(
    truth: NDArray[np.bool_], scores: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weight of the exams called positive as the threshold falls from one score to the next.

    Parameters
    ----------
    truth : ndarray of shape (n_exams,), bool
    scores : ndarray of shape (n_exams,), float64
    weights : ndarray of shape (n_draws, n_exams), float64

    Returns
    -------
    hits, alarms : ndarray of shape (n_draws, 1 + n_distinct_scores), float64
        Positive and negative exams at or above each threshold; first none, last all.

    Examples
    --------
    >>> hits, alarms = count_called(
    ...     np.array([False, True, True]), np.array([0.1, 0.1, 0.9]), np.ones((1, 3))
    ... )
    >>> hits.tolist(), alarms.tolist()
    ([[0.0, 1.0, 2.0]], [[0.0, 0.0, 1.0]])
    """
    order = np.argsort(-scores, kind="stable")
    last = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    ordered = weights[:, order]
    positive = truth[order]
    counts = []
    for members in (positive, ~positive):
        summed = np.cumsum(np.where(members, ordered, 0.0), axis=1)[:, last]
        counts.append(np.concatenate([np.zeros((len(weights), 1)), summed], axis=1))
    return counts[0], counts[1]
