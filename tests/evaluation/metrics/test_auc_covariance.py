"""Covariance of cross-validated AUCs against its definition, pair by pair."""

import numpy as np
import pytest
from MLstatkit import Delong_test

from mrnet_features.evaluation.metrics import training_covariance
from mrnet_features.evaluation.metrics.auc import measure_auc
from mrnet_features.evaluation.metrics.auc_covariance import estimate_covariance
from mrnet_features.evaluation.metrics.scored_folds import ScoredFolds


def draw_folds(rng, labels, n_repeats, n_folds):
    folds = np.empty((n_repeats, len(labels)), dtype=np.intp)
    for row in folds:
        for label in (0, 1):
            members = rng.permutation(np.flatnonzero(labels == label))
            row[members] = np.arange(len(members)) % n_folds
    return folds


def draw_case(seed, n_terms=2, n_exams=60, n_repeats=3, n_folds=3):
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.arange(n_exams) % 5 < 2).astype(float)
    scores = np.round(rng.normal(size=(n_terms, n_repeats, n_exams)) + truth, 1)  # with ties
    folds = draw_folds(rng, truth, n_repeats, n_folds)
    labels = np.tile(truth, (n_terms, 1))
    return ScoredFolds(labels, scores, folds, tuple(map(str, range(n_terms)))), rng


def define_training(data, weights, units):
    """E of `estimate_covariance`, one pair of exams after the other."""
    n_repeats, n_exams = data.folds.shape
    n_units = len(set(units))
    n_folds = data.folds.max() + 1
    scaled = []
    for labels, weight in zip(data.labels, weights, strict=True):
        n_own = len(set(units[~np.isnan(labels)]))
        f = (1 - 1 / n_folds) * n_own / (n_own - 1)
        scaled.append(weight * np.sqrt(f / (1 - f)))
    placements = np.zeros((n_repeats, n_units))
    sampling = np.zeros(n_units)
    for repeat in range(n_repeats):
        added = np.zeros((n_units, n_units))
        for i in range(n_exams):
            for term, weight in enumerate(scaled):
                labels, scores = data.labels[term], data.scores[term, repeat]
                own, other = (labels == labels[i]).sum(), (labels == 1 - labels[i]).sum()
                drawn = [
                    j
                    for j in range(n_exams)
                    if data.folds[repeat, i] == data.folds[repeat, j] and labels[j] == 1 - labels[i]
                ]
                if not drawn:
                    continue
                sign = 1 if labels[i] == 1 else -1
                won = [(np.sign(sign * (scores[i] - scores[j])) + 1) / 2 for j in drawn]
                q = len(drawn)
                placements[repeat, units[i]] += weight / own * np.mean(won)
                scale = np.sqrt(q / (q - 1) * (1 - q / other)) / q
                for j, value in zip(drawn, won, strict=True):
                    added[units[i], units[j]] += weight / own * (value - np.mean(won)) * scale
        np.fill_diagonal(added, 0)
        sampling += (added**2).sum(axis=1) / n_repeats
    return (placements.var(axis=0, ddof=1) - sampling).sum()


@pytest.mark.parametrize("block", [50, 2_000, 10**7])
@pytest.mark.parametrize("seed", range(3))
def test_training_part_equals_its_definition(seed, block, monkeypatch):
    monkeypatch.setattr(training_covariance, "BLOCK", block)
    data, rng = draw_case(seed)
    if seed == 1:
        data.labels[0, ::7] = np.nan  # a task without labels for some exams
    units = np.unique(rng.integers(0, 25, 60), return_inverse=True)[1]
    for row in data.folds:  # a group is tested in one fold
        row[:] = (rng.permutation(units.max() + 1) % 3)[units]
    found = estimate_covariance(data, units)
    for weights in ([1.0, 0.0], [1.0, -1.0], [0.5, 0.5]):
        w = np.array(weights)
        assert w @ found.training @ w == pytest.approx(
            define_training(data, w, np.arange(60)), abs=1e-15
        )
        assert w @ found.group_training @ w == pytest.approx(
            define_training(data, w, units), abs=1e-15
        )


def test_fixed_scores_have_no_training_part():
    """Repeats of fixed scores vary with the folds alone, whose part is subtracted."""
    rng = np.random.default_rng(5)
    sums = []
    for _ in range(40):
        truth = (np.arange(200) % 5 < 2).astype(float)
        scores = np.tile(rng.normal(size=200) + truth, (1, 10, 1))
        data = ScoredFolds(truth[None], scores, draw_folds(rng, truth, 10, 5), ("one",))
        found = estimate_covariance(data)
        sums.append(found.training[0, 0] / (found.influence**2).sum())
    assert abs(np.mean(sums)) < 0.05


@pytest.mark.parametrize("seed", range(6))
def test_one_test_set_gives_delongs_test(seed):
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.arange(90) % 3 == 0).astype(float)
    scores = truth + rng.normal(size=(2, 1, 90))
    if seed % 2:
        scores = np.round(scores, 1)
    data = ScoredFolds(np.tile(truth, (2, 1)), scores, np.zeros((1, 90), dtype=int), ("a", "b"))
    found = estimate_covariance(data)
    error = found.combine(np.array([1.0, -1.0]))
    z, *_ = Delong_test(
        truth.astype(int), scores[0, 0], scores[1, 0], return_ci=False, return_auc=False
    )
    difference = found.fold_aucs[0, 0] @ [1, -1]
    assert abs(difference / error.se) == pytest.approx(abs(z), abs=1e-9)
    assert error.degrees == 29
    assert error.source == "test exams"


def test_training_part_is_at_most_that_of_the_test_exams():
    data, _ = draw_case(0, n_exams=40, n_repeats=2)
    found = estimate_covariance(data)
    test = (found.influence[:, 0] ** 2).sum()
    found.training[:] = 100.0
    assert found.combine(np.array([1.0, 0.0])).se ** 2 == pytest.approx(2 * test)
    found.training[:] = -100.0
    assert found.combine(np.array([1.0, 0.0])).se ** 2 == pytest.approx(test)


def test_source_names_what_the_error_allows_for():
    data, _ = draw_case(1)
    weights = np.array([1.0, 0.0])
    assert estimate_covariance(data).combine(weights).source == "test and training exams"
    once = data._replace(scores=data.scores[:, :1], folds=data.folds[:1])
    assert estimate_covariance(once).combine(weights).source == "fitted models given"


def test_note_names_term_repeat_and_fold():
    data, _ = draw_case(2)
    data.labels[1, data.folds[2] == 1] = 0
    with pytest.raises(ValueError, match="at least two exams of each class") as caught:
        estimate_covariance(data)
    assert caught.value.__notes__ == ["while scoring 1 in repeat 2, fold 1"]


def test_influence_is_that_of_the_folds_over_their_number():
    data, _ = draw_case(3, n_repeats=1)
    found = estimate_covariance(data)
    for fold in range(3):
        rows = data.folds[0] == fold
        alone = measure_auc(data.labels[0, rows], data.scores[0, 0, rows])
        np.testing.assert_allclose(found.influence[rows, 0], alone.influence / 3, rtol=1e-14)
        assert found.fold_aucs[0, fold, 0] == alone.auc


def test_seeds_on_the_same_folds_are_one_partition():
    data, _ = draw_case(4)
    renamed = (data.folds[0] + 1) % 3
    same = data._replace(folds=np.stack([data.folds[0], data.folds[0], renamed]))
    found = estimate_covariance(same)
    assert not found.shows_training
    assert not found.training.any()
    assert found.combine(np.array([1.0, 0.0])).source == "fitted models given"
    two = data._replace(folds=np.stack([data.folds[0], data.folds[1], renamed]))
    without = data._replace(scores=data.scores[:, :2], folds=data.folds[:2])
    found = estimate_covariance(two)
    assert found.shows_training
    np.testing.assert_array_equal(found.training, estimate_covariance(without).training)


def test_groups_without_a_labelled_exam_do_not_count():
    truth = (np.arange(60) % 5 < 2).astype(float)
    rng = np.random.default_rng(0)
    groups = np.arange(60) // 5
    labels = np.stack(
        [truth, np.where(groups < 2, truth, np.nan), np.where(groups < 1, truth, np.nan)]
    )
    scores = rng.normal(size=(3, 1, 60)) + truth
    data = ScoredFolds(labels, scores, np.zeros((1, 60), dtype=int), ("a", "b", "c"))
    found = estimate_covariance(data, groups)
    weights = np.eye(3)
    assert found.n_groups.tolist() == [12, 2, 1]
    assert found.combine(weights[1]).degrees == 1
    assert np.isnan(found.combine(weights[2]).se)
    assert np.isnan(found.combine(np.full(3, 1 / 3)).se)


def test_folds_of_one_group_each_show_training_groups():
    data, _ = draw_case(5, n_repeats=1)
    weights = np.array([1.0, 0.0])
    sites = data.folds[0]
    assert estimate_covariance(data, sites).combine(weights).source.startswith("test and training")
    finer = sites + 3 * (np.arange(60) % 2)
    assert estimate_covariance(data, finer).combine(weights).source.startswith("fitted models")
