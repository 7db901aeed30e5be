"""How well each stack agrees with its group: a classifier learned from the other exams.

The names of the series teach what each group looks like, so the set is its own standard. A few
wrong names hardly change what is learned, and no exam is judged by a classifier that has seen it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from mrnet_features.arrays import Float64Array
from mrnet_features.quality.similarity import MAD_TO_SD

N_FOLDS = 10
MOST_SDS = 5.0  # a single value counts no more than this
LEAST_AGREEMENT = 0.9  # fraction of stacks; with fewer, the pictures do not tell the groups apart
CONTRADICTION = -0.7  # agreement from which a stack belongs to another group


def score_agreement(
    rows: Float64Array, groups: Sequence[str], exams: Sequence[str]
) -> tuple[Float64Array, list[str]]:
    """Agreement of each stack with its group, by a classifier without its exam.

    Linear discriminant analysis with shrunk covariance (Ledoit and Wolf) and equal priors, on
    values in robust SDs, in ten folds of exams.

    Parameters
    ----------
    rows : ndarray of shape (n_stacks, n_values), float64
        Descriptions of the stacks.
    groups : sequence of str
        Group of each stack, at least two in all.
    exams : sequence of str
        Exam of each stack.

    Returns
    -------
    agreement : ndarray of shape (n_stacks,), float64
        Lead of the stack's own group over the next one, relative to the median lead in the group:
        1 is as clear as usual, 0 is undecided, -1 is as clearly another group.
    likest : list of str
        Of the other groups, the one that the stack is most like.
    """
    names = sorted(set(groups))
    label = np.array([names.index(group) for group in groups])
    order = {exam: k for k, exam in enumerate(sorted(set(exams)))}
    shuffled = np.random.default_rng(0).permutation(len(order)) % N_FOLDS
    fold = np.array([shuffled[order[exam]] for exam in exams])
    scores = np.zeros((len(rows), len(names)))
    for k in np.unique(fold):
        train = fold != k
        middle = np.median(rows[train], axis=0)
        spread = MAD_TO_SD * np.median(np.abs(rows[train] - middle), axis=0)
        scaled = (rows - middle) / np.where(spread > 0, spread, np.inf)
        scaled = np.clip(scaled, -MOST_SDS, MOST_SDS)
        model = LinearDiscriminantAnalysis(
            solver="lsqr", shrinkage="auto", priors=np.full(len(names), 1 / len(names))
        )
        model.fit(scaled[train], label[train])
        lead = model.decision_function(scaled[~train])
        scores[~train] = lead if lead.ndim > 1 else np.column_stack([-lead, lead]) / 2
    own = scores[np.arange(len(rows)), label]
    scores[np.arange(len(rows)), label] = -np.inf
    lead = own - scores.max(axis=1)
    usual = np.array([np.median(lead[label == k]) for k in range(len(names))])[label]
    return lead / np.where(usual > 0, usual, np.inf), [names[k] for k in scores.argmax(axis=1)]


def can_be_judged(agreement: Float64Array) -> bool:
    """Whether the pictures tell the groups apart.

    Parameters
    ----------
    agreement : ndarray of shape (n_stacks,), float64
        As from `score_agreement`.

    Returns
    -------
    bool
    """
    return bool(np.mean(agreement > 0) >= LEAST_AGREEMENT)
