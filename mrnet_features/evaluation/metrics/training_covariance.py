"""What exams add to the error of AUCs because they train each other's models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mrnet_features.evaluation.metrics.scored_folds import ScoredFolds, list_folds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.intp]

__all__ = ["measure_training"]

BLOCK = 2_000_000
"""Most pairs of exams compared at a time."""


def measure_training(data: ScoredFolds, units: Integers) -> Floats:
    """Covariance that units add because they train the models that score each other.

    Parameters
    ----------
    data : ScoredFolds
        At least two repeats, each another partition.
    units : ndarray of shape (n_exams,), intp
        Number of the unit of each exam, from 0: the exam itself, or its group. A unit is tested in
        one fold of a repeat.

    Returns
    -------
    ndarray of shape (n_terms, n_terms), float64
        E of `estimate_covariance`, which may be negative by chance.
    """
    positive = (data.labels == 1).sum(axis=1)
    negative = (data.labels == 0).sum(axis=1)
    n_terms, n_repeats, _ = data.scores.shape
    n_units = len(np.unique(units))
    own = np.where(data.labels == 1, 1 / positive[:, None], 1 / negative[:, None])
    weights = np.where(np.isnan(data.labels), 0.0, own)
    opposite = np.where(data.labels == 1, negative[:, None], positive[:, None])
    placements = np.zeros((n_repeats, n_terms, n_units))
    sampling = np.zeros((n_terms, n_terms))
    for repeat, _, members in list_folds(data):
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
