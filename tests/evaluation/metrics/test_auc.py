"""AUC and standard error equal definitions, scikit-learn and simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from mrnet_features.evaluation.metrics.auc import logit_interval, measure_auc, standard_error


def compare_pairs(labels, scores):
    """1, 1/2 or 0 for each (positive, negative) pair: the definition."""
    positive, negative = scores[labels == 1], scores[labels == 0]
    difference = positive[:, None] - negative[None, :]
    return (difference > 0) + 0.5 * (difference == 0)


def delong_covariance(labels, *columns):
    """DeLong 1988, equations 4 to 6, from placements."""
    pairs = [compare_pairs(labels, scores) for scores in columns]
    by_positive = np.array([table.mean(axis=1) for table in pairs])
    by_negative = np.array([table.mean(axis=0) for table in pairs])
    m, n = pairs[0].shape
    return np.atleast_2d(np.cov(by_positive)) / m + np.atleast_2d(np.cov(by_negative)) / n


def random_case(seed, n_exams=80, n_values=None):
    rng = np.random.default_rng(seed)
    labels = np.zeros(n_exams, dtype=int)
    labels[: rng.integers(2, n_exams - 2)] = 1
    scores = rng.normal(size=n_exams) + labels
    if n_values:
        scores = np.round(scores * n_values) / n_values
    return labels, scores


@pytest.mark.parametrize("n_values", [None, 4, 1])
@pytest.mark.parametrize("seed", range(20))
def test_auc_and_variance_follow_the_definitions(seed, n_values):
    labels, scores = random_case(seed, n_values=n_values)
    estimate = measure_auc(labels, scores)
    assert estimate.auc == pytest.approx(compare_pairs(labels, scores).mean(), abs=1e-12)
    assert estimate.auc == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    assert estimate.se**2 == pytest.approx(delong_covariance(labels, scores)[0, 0], abs=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_influence_carries_the_covariance_of_two_models(seed):
    labels, scores = random_case(seed)
    other = scores + np.random.default_rng(seed + 100).normal(size=len(scores))
    first, second = measure_auc(labels, scores), measure_auc(labels, other)
    expected = delong_covariance(labels, scores, other)
    assert first.influence @ second.influence == pytest.approx(expected[0, 1], abs=1e-12)
    difference = standard_error(first.influence - second.influence)
    assert difference**2 == pytest.approx(
        expected[0, 0] + expected[1, 1] - 2 * expected[0, 1], abs=1e-12
    )


cases = st.lists(
    st.tuples(st.booleans(), st.integers(-5, 5).map(float)), min_size=4, max_size=60
).filter(lambda rows: 2 <= sum(label for label, _ in rows) <= len(rows) - 2)


@given(cases)
def test_identities(rows):
    labels = np.array([int(label) for label, _ in rows])
    scores = np.array([score for _, score in rows])
    estimate = measure_auc(labels, scores)
    assert estimate.auc == pytest.approx(compare_pairs(labels, scores).mean(), abs=1e-12)
    assert estimate.influence.sum() == pytest.approx(0, abs=1e-12)
    assert measure_auc(labels, np.exp(scores)).auc == estimate.auc
    assert measure_auc(labels, -scores).auc == pytest.approx(1 - estimate.auc, abs=1e-12)
    swapped = measure_auc(1 - labels, -scores)
    assert swapped.auc == pytest.approx(estimate.auc, abs=1e-12)
    assert swapped.se == pytest.approx(estimate.se, abs=1e-12)


@given(cases, st.randoms(use_true_random=False))
def test_order_of_exams_does_not_matter(rows, random):
    order = list(range(len(rows)))
    random.shuffle(order)
    labels = np.array([int(label) for label, _ in rows])
    scores = np.array([score for _, score in rows])
    there = measure_auc(labels, scores).influence[order]
    np.testing.assert_allclose(
        measure_auc(labels[order], scores[order]).influence, there, atol=1e-12
    )


def test_stratified_bootstrap_gives_the_same_error():
    labels, scores = random_case(3, n_exams=300)
    rng = np.random.default_rng(0)
    sides = [np.flatnonzero(labels == side) for side in (0, 1)]
    draws = [np.concatenate([rng.choice(side, len(side)) for side in sides]) for _ in range(2000)]
    spread = np.std([measure_auc(labels[draw], scores[draw]).auc for draw in draws])
    assert measure_auc(labels, scores).se == pytest.approx(spread, rel=0.06)


def test_interval_covers_the_true_auc():
    # Two unit normals one apart: AUC = Phi(1 / sqrt(2)).
    rng = np.random.default_rng(0)
    truth, labels, hits = 0.7602499389, np.repeat([0, 1], [80, 40]), 0
    for _ in range(2000):
        estimate = measure_auc(labels, rng.normal(size=120) + labels)
        low, high = logit_interval(estimate.auc, estimate.se, 40, 80)
        hits += low <= truth <= high
    assert 0.935 < hits / 2000 < 0.965


def test_clusters_of_copies_count_once():
    labels, scores = random_case(5, n_exams=60)
    once = measure_auc(labels, scores)
    doubled = measure_auc(np.tile(labels, 2), np.tile(scores, 2))
    naive = doubled.se
    clustered = standard_error(doubled.influence, np.tile(np.arange(60), 2))
    assert clustered == pytest.approx(once.se, rel=0.02)
    assert naive < 0.75 * once.se


def test_groups_whose_influence_cancels_give_no_standard_error():
    influence = np.concatenate(
        [measure_auc([0, 1] * 9, np.arange(18) % k).influence for k in (5, 7)]
    )
    assert 0 < abs(influence[:18].sum()) + abs(influence[18:].sum()) < 1e-14
    assert np.isnan(standard_error(influence, np.repeat([0, 1], 18)))
    assert np.isnan(standard_error([0.3, 0.4], ["one", "one"]))
    assert np.isnan(logit_interval(0.8, np.nan, 9, 9)).all()
    assert standard_error([0.0, 0.0], ["one", "two"]) == 0


@given(st.floats(0, 1), st.floats(0, 0.5), st.integers(1, 500), st.integers(1, 500), st.data())
def test_interval_stays_inside_and_holds_the_estimate(auc, se, n_positive, n_negative, data):
    low, high = logit_interval(auc, se, n_positive, n_negative)
    assert 0 <= low <= auc * (1 + 1e-9) + 1e-12
    assert auc * (1 - 1e-9) - 1e-12 <= high <= 1
    wider = logit_interval(auc, se, n_positive, n_negative, confidence=0.99)
    assert wider[0] <= low
    assert high <= wider[1]


@given(st.floats(0.01, 0.99), st.floats(0, 0.2))
def test_interval_mirrors_at_one_half(auc, se):
    low, high = logit_interval(auc, se, 10, 10)
    mirrored = logit_interval(1 - auc, se, 10, 10)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-9)


def test_perfect_separation_is_not_certainty():
    few, many = logit_interval(1.0, 0.0, 5, 5), logit_interval(1.0, 0.0, 100, 400)
    assert few[1] == many[1] == 1.0
    assert 0.4 < few[0] < 0.8 < 0.95 < many[0] < 1.0
    assert logit_interval(0.0, 0.0, 5, 5) == pytest.approx((0.0, 1 - few[0]), abs=1e-12)


def test_perfect_separation_bound_is_a_score_interval():
    # At the bound A: (1 - A)^2 = z^2 Var(A), Hanley and McNeil's variance with equal numbers.
    bound, _ = logit_interval(1.0, 0.0, 12, 30)
    weight = (12 + 30) / 2 - 1
    variance = (
        bound
        * (1 - bound)
        * (1 + weight * (1 - bound) / (2 - bound) + weight * bound / (1 + bound))
        / (12 * 30)
    )
    assert (1 - bound) ** 2 == pytest.approx(1.959963984540054**2 * variance, rel=1e-9)


def test_constant_score_has_no_spread():
    estimate = measure_auc([0, 1, 0, 1, 1], [0.3] * 5)
    assert (estimate.auc, estimate.se) == (0.5, 0.0)
    assert logit_interval(0.5, 0.0, 3, 2) == (0.5, 0.5)


@pytest.mark.parametrize(
    ("labels", "scores", "message"),
    [
        ([0, 1, 1, 0], [1.0, np.nan, 2.0, 3.0], "NaN or infinity for 1 of 4 exams"),
        ([0, 1, 1, 0], [1.0, np.inf, np.nan, 3.0], "NaN or infinity for 2 of 4 exams"),
        ([1, 1, 1], [1.0, 2.0, 3.0], "got 3 positive and 0 negative"),
        ([0, 0, 0, 1], [1.0, 2.0, 3.0, 4.0], "got 1 positive and 3 negative"),
        ([0, 1, 2, 1], [1.0, 2.0, 3.0, 4.0], "must be 0 or 1, got 2"),
        ([0, 1], [1.0, 2.0, 3.0], r"got shapes \(2,\) and \(3,\)"),
    ],
)
def test_invalid_labels_and_scores_are_refused(labels, scores, message):
    with pytest.raises(ValueError, match=message):
        measure_auc(labels, scores)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1.2, 0.1, 5, 5), "got 1.2, 0.1 and 0.95"),
        ((0.8, -0.1, 5, 5), "got 0.8, -0.1"),
        ((0.8, 0.1, 0, 5), "got 0 and 5"),
        ((0.8, 0.1, 5, 5, 95), "and 95"),
    ],
)
def test_interval_refuses_values_out_of_range(arguments, message):
    with pytest.raises(ValueError, match=message):
        logit_interval(*arguments)
