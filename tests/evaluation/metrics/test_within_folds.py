"""AUC from pairs of the same fold equals pair counts, and DeLong's with a single fold."""

import numpy as np
import pytest

from mrnet_features.evaluation.metrics.auc import measure_auc
from mrnet_features.evaluation.metrics.within_folds import measure_within_folds


def draw(n_exams=40, n_repeats=3, n_folds=4, seed=0, ties=True):
    rng = np.random.default_rng(seed)
    labels = (rng.random(n_exams) < 0.4).astype(int)
    scores = labels + rng.normal(size=(n_repeats, n_exams))
    folds = rng.integers(n_folds, size=(n_repeats, n_exams))
    return labels, np.round(scores, 1) if ties else scores, folds


def list_pairs(labels, scores, folds):
    """Every pair of the same fold: positive, negative, share in the right order."""
    return [
        (i, j, float(scores[i] > scores[j]) + 0.5 * float(scores[i] == scores[j]))
        for i in np.flatnonzero(labels == 1)
        for j in np.flatnonzero(labels == 0)
        if folds[i] == folds[j]
    ]


@pytest.mark.parametrize("seed", range(5))
def test_auc_is_the_share_of_right_pairs_of_the_same_fold(seed):
    labels, scores, folds = draw(seed=seed)
    shares = [
        np.mean([order for _, _, order in list_pairs(labels, row, part)])
        for row, part in zip(scores, folds, strict=True)
    ]
    found = measure_within_folds(labels, scores, folds)
    assert found.auc == pytest.approx(np.mean(shares), abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_variance_equals_its_definition_over_pairs(seed):
    labels, scores, folds = draw(seed=seed)
    n_positive, n_negative = labels.sum(), (1 - labels).sum()
    terms = np.zeros((len(labels), len(labels)))
    n_pairs = []
    for row, part in zip(scores, folds, strict=True):
        pairs = list_pairs(labels, row, part)
        auc = np.mean([order for _, _, order in pairs])
        n_pairs.append(len(pairs))
        for i, j, order in pairs:
            terms[i, j] += (order - auc) / len(pairs) / len(scores)
    by_exam = (terms.sum(axis=1) ** 2).sum() * n_positive / (n_positive - 1)
    by_exam += (terms.sum(axis=0) ** 2).sum() * n_negative / (n_negative - 1)
    share = 1 - np.mean(n_pairs) / (n_positive * n_negative)
    found = measure_within_folds(labels, scores, folds)
    assert found.se**2 == pytest.approx(by_exam - share * (terms**2).sum(), abs=1e-12)


def test_one_fold_gives_delongs_standard_error():
    labels, scores, _ = draw()
    one = np.zeros_like(scores[:1], dtype=int)
    found, delong = measure_within_folds(labels, scores[:1], one), measure_auc(labels, scores[0])
    assert found.auc == delong.auc
    np.testing.assert_array_equal(found.influence, delong.influence)


def test_equal_folds_in_every_repeat_count_once():
    labels, scores, folds = draw(n_repeats=1)
    once = measure_within_folds(labels, scores, folds)
    thrice = measure_within_folds(labels, scores.repeat(3, axis=0), folds.repeat(3, axis=0))
    np.testing.assert_allclose(thrice.influence, once.influence, atol=1e-14)


def test_scores_of_different_folds_are_never_compared():
    labels, scores, folds = draw(ties=False)
    shifted = measure_within_folds(labels, scores + 100 * folds, folds)
    found = measure_within_folds(labels, scores, folds)
    assert shifted.auc == pytest.approx(found.auc, abs=1e-15)
    np.testing.assert_allclose(shifted.influence, found.influence, atol=1e-15)


def test_standard_error_is_the_spread_over_test_sets_with_few_exams_per_fold():
    rng = np.random.default_rng(0)
    labels = np.repeat([1, 0], [10, 30])
    aucs, variances = [], []
    for _ in range(800):
        scores = labels + rng.normal(size=(1, 40))
        folds = np.r_[rng.permutation(10), rng.permutation(30)][None] % 5
        found = measure_within_folds(labels, scores, folds)
        aucs.append(found.auc)
        variances.append(found.se**2)
    assert np.sqrt(np.mean(variances)) == pytest.approx(np.std(aucs), rel=0.07)


def test_folds_without_a_pair_are_refused():
    with pytest.raises(ValueError, match="a positive and a negative exam in one fold"):
        measure_within_folds([1, 1, 0, 0], [[1.0, 2, 3, 4]], [[0, 0, 1, 1]])


def test_shapes_must_agree():
    with pytest.raises(ValueError, match=r"shape \(n_repeats, n_exams\)"):
        measure_within_folds([1, 1, 0, 0], [1.0, 2, 3, 4], [0, 0, 1, 1])
