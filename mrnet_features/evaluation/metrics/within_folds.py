"""AUC from pairs of exams of the same fold, for a subset of the exams of a cross-validation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mrnet_features.evaluation.metrics.auc import AucEstimate, measure_auc

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["has_pair_in_folds", "measure_within_folds"]

ROWS_AT_A_TIME = 256


def measure_within_folds(labels: ArrayLike, scores: ArrayLike, folds: ArrayLike) -> AucEstimate:
    r"""AUC from pairs of a positive and a negative exam that one model scored.

    Scores of different folds come from different models and are never compared. All pairs count
    equally, so a fold with few of the exams counts little, and one with a single class not at all.

    Parameters
    ----------
    labels : array of shape (n_exams,)
        0 or 1, at least two exams of each class.
    scores : array of shape (n_repeats, n_exams), float
        Higher means more likely positive.
    folds : array of shape (n_repeats, n_exams), int
        Fold of each exam.

    Returns
    -------
    AucEstimate
        The AUC, averaged over the repeats, and one influence value per exam.

    Raises
    ------
    ValueError
        As `measure_auc`, or if a repeat has no pair in one fold.

    Notes
    -----
    With :math:`h_{ij}` 1 for a pair in the right order (one half for a tie), P pairs, M positives
    and N negatives,

    .. math:: A = \frac1P \sum_{ij} h_{ij}, \quad
              \psi_i = \frac{c}{P} \sqrt{\frac{M}{M - 1}} \sum_j (h_{ij} - A)

    and likewise for negatives, each sum over the exams of the same fold. Deviations are from the
    AUC of all folds, so the difference between folds is part of the error, and a fold with one
    exam of a class adds to it. Without c, :math:`\sum \psi^2` counts the variance that belongs to
    single pairs twice, once for each exam. DeLong's variance does so too, but with few pairs per
    exam it matters: c scales the sum to
    :math:`\sum \psi^2 - (1 - P / M N) \sum_{ij} (h_{ij} - A)^2 / P^2`, which with a single fold is
    DeLong's variance.

    Examples
    --------
    One pair in each fold, one of the two in the right order:

    >>> measure_within_folds([0, 1, 0, 1], [[0.1, 0.3, 0.8, 0.6]], [[0, 0, 1, 1]]).auc
    0.5
    """
    truth = np.asarray(labels)
    values = np.asarray(scores, dtype=np.float64)
    parts = np.asarray(folds)
    if values.ndim != 2 or values.shape != parts.shape or values.shape[1:] != truth.shape:
        raise ValueError(
            "`scores` and `folds` must have shape (n_repeats, n_exams) and `labels` (n_exams,), "
            f"got {values.shape}, {parts.shape} and {truth.shape}."
        )
    if len(values) == 1 and len(np.unique(parts)) == 1:
        return measure_auc(truth, values[0])
    for row in values:
        measure_auc(truth, row)  # checks
    if not has_pair_in_folds(truth, parts):
        raise ValueError(
            "`folds` must have a positive and a negative exam in one fold of every repeat, but "
            "a repeat has none. Use fewer folds."
        )
    positive = truth == 1
    aucs, n_pairs, influence = [], [], np.zeros(len(truth))
    for row, part in zip(values, parts, strict=True):
        wins, counts = _count_wins(positive, row, part)
        pairs = int(counts[positive].sum())
        aucs.append(float(wins[positive].sum()) / pairs)
        n_pairs.append(pairs)
        influence += (wins - aucs[-1] * counts) / (pairs * len(values))
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    per_class = np.where(positive, n_positive, n_negative)
    influence *= np.sqrt(per_class / (per_class - 1))
    total = float(np.sum(influence**2))
    if total > 0:
        twice = _sum_squares(positive, values, parts, aucs, n_pairs)
        share = 1 - float(np.mean(n_pairs)) / (n_positive * n_negative)
        # Half remains if all variance belongs to single pairs.
        influence *= np.sqrt(max(0.5, 1 - share * twice / total))
    return AucEstimate(auc=float(np.mean(aucs)), influence=influence)


def has_pair_in_folds(labels: NDArray[Any], folds: NDArray[np.int64]) -> bool:
    """Whether every repeat has a positive and a negative exam in one fold.

    Parameters
    ----------
    labels : ndarray of shape (n_exams,)
        0 or 1.
    folds : ndarray of shape (n_repeats, n_exams), int64
        Fold of each exam.

    Returns
    -------
    bool

    Examples
    --------
    >>> has_pair_in_folds(np.array([0, 1]), np.array([[0, 0], [0, 1]]))
    False
    """
    return all(bool(np.isin(row[labels == 1], row[labels == 0]).any()) for row in folds)


def _count_wins(
    positive: NDArray[np.bool_], scores: NDArray[np.float64], folds: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pairs of each exam in the right order, and all its pairs, within its fold."""
    wins, counts = np.zeros(len(scores)), np.zeros(len(scores))
    for fold in np.unique(folds):
        high, low = (np.flatnonzero((folds == fold) & kind) for kind in (positive, ~positive))
        order = _order(scores[high], scores[low])
        wins[high], wins[low] = order.sum(axis=1), order.sum(axis=0)
        counts[high], counts[low] = len(low), len(high)
    return wins, counts


def _order(high: NDArray[np.float64], low: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 where a score of `high` is above one of `low`, one half for a tie."""
    above: NDArray[np.float64] = (np.sign(high[:, None] - low) + 1) / 2
    return above


def _sum_squares(
    positive: NDArray[np.bool_],
    scores: NDArray[np.float64],
    folds: NDArray[np.int64],
    aucs: list[float],
    n_pairs: list[int],
) -> float:
    """Sum of squares of the terms of single pairs, averaged over the repeats first."""
    low = np.flatnonzero(~positive)
    total = 0.0
    rows = np.flatnonzero(positive)
    for start in range(0, len(rows), ROWS_AT_A_TIME):
        high = rows[start : start + ROWS_AT_A_TIME]
        terms = np.zeros((len(high), len(low)))
        for row, part, auc, pairs in zip(scores, folds, aucs, n_pairs, strict=True):
            together = part[high][:, None] == part[low]
            terms += np.where(together, _order(row[high], row[low]) - auc, 0.0) / pairs
        total += float(np.sum((terms / len(scores)) ** 2))
    return total
