"""Errors by reweighting equal the closed forms, and intervals equal Wilson's."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from mrnet_features.evaluation import (
    FewExamsWarning,
    measure_auc,
    measure_precision_recall,
    measure_roc,
    wilson_interval,
)
from mrnet_features.evaluation.metrics.resampling import (
    area_interval,
    bootstrap,
    count_called,
    draw_weights,
    fraction_intervals,
    jackknife,
)
from mrnet_features.evaluation.metrics.scored_sets import take_scored_sets
from tests.support.tables import add_folds, make_models


def area(truth, scores, weights):
    hits, alarms = count_called(truth, scores, weights)
    steps, heights = np.diff(alarms, axis=1), (hits[:, 1:] + hits[:, :-1]) / 2
    with np.errstate(invalid="ignore"):
        return (steps * heights).sum(axis=1) / (hits[:, -1] * alarms[:, -1])


def mean_score(truth, scores, weights):
    return (weights @ scores) / weights.sum(axis=1)


@pytest.fixture(scope="module")
def one_set():
    labels, models = make_models(n_exams=200, n_models=1)
    labels, scores = labels[["acl"]], models["model 0"][["acl"]].round(1)
    return labels, scores, take_scored_sets(scores, labels)["acl"]


def test_jackknife_and_bootstrap_agree_with_delong(one_set):
    labels, scores, sets = one_set
    expected = measure_auc(labels["acl"], scores["acl"])
    for found, tolerance in ((jackknife(sets, area), 0.01), (bootstrap(sets, area, 2000), 0.05)):
        assert found[0] == pytest.approx(expected.auc, abs=1e-12)
        assert found[1] == pytest.approx(expected.se, rel=tolerance)


def test_repeats_of_the_same_predictions_add_no_exams(one_set):
    labels, scores, sets = one_set
    rows = pd.concat([scores.reset_index().assign(repeat=r, fold=0) for r in range(5)])
    rows.columns = ["exam", "acl", "repeat", "fold"]
    again = take_scored_sets(rows, labels)["acl"]
    for measure in (jackknife, bootstrap):
        np.testing.assert_allclose(measure(again, area), measure(sets, area), rtol=1e-12)


def test_error_of_a_mean_has_its_closed_form_with_few_exams():
    """sum over the classes of (n_c / n)^2 s_c^2 / n_c: no factor (n_c - 1) / n_c is lost."""
    labels = pd.DataFrame({"acl": [1] * 4 + [0] * 6}, index=list("abcdefghij"))
    values = np.random.default_rng(0).normal(size=10)
    sets = take_scored_sets(pd.DataFrame({"acl": values}, labels.index), labels)["acl"]
    expected = np.sqrt(0.4**2 * values[:4].var(ddof=1) / 4 + 0.6**2 * values[4:].var(ddof=1) / 6)
    assert bootstrap(sets, mean_score, 20000)[1] == pytest.approx(expected, rel=0.02)


def test_jackknife_error_of_a_difference_of_means_has_its_closed_form():
    labels = pd.DataFrame({"acl": [1] * 4 + [0] * 6}, index=list("abcdefghij"))
    values = np.random.default_rng(0).normal(size=10)
    sets = take_scored_sets(pd.DataFrame({"acl": values}, labels.index), labels)["acl"]

    def difference(truth, scores, weights):
        return mean_score(truth, scores[truth], weights[:, truth]) - mean_score(
            truth, scores[~truth], weights[:, ~truth]
        )

    expected = np.sqrt(values[:4].var(ddof=1) / 4 + values[4:].var(ddof=1) / 6)
    assert jackknife(sets, difference)[1] == pytest.approx(expected, rel=1e-12)


def test_a_lone_group_is_drawn_with_the_mixed_ones():
    truth = np.array([1, 0, 1, 0, 1, 0, 0, 0])
    weights = draw_weights(truth, np.array([0, 0, 1, 1, 2, 2, 3, 3]), n_draws=50)
    assert len(np.unique(weights[:, 6])) > 1
    np.testing.assert_allclose(weights[:, [0, 2, 4, 6]].sum(axis=1), 4)


def test_each_draw_keeps_the_size_of_each_class(one_set):
    labels, _, _ = one_set
    weights = draw_weights(labels["acl"], n_draws=50)
    positive = labels["acl"].to_numpy() == 1
    np.testing.assert_allclose(weights[:, positive].sum(axis=1), positive.sum())
    np.testing.assert_allclose(weights[:, ~positive].sum(axis=1), (~positive).sum())
    assert np.array_equal(weights, draw_weights(labels["acl"], n_draws=50))
    assert not np.array_equal(weights, draw_weights(labels["acl"], n_draws=50, seed=1))


def test_exams_of_a_group_are_drawn_together():
    truth = np.array([1, 1, 0, 0, 1, 0, 1, 0, 0, 1])
    groups = np.array([0, 0, 1, 1, 2, 2, 3, 4, 4, 3])
    weights = draw_weights(truth, groups, n_draws=30)
    for group in range(5):
        assert (np.ptp(weights[:, groups == group], axis=1) == 0).all()
    # Groups 0 and 3 are positive, 1 and 4 negative; group 2 holds both and is alone.
    assert (weights[:, groups == 2] == 1).all()
    np.testing.assert_allclose(weights[:, [0, 6]].sum(axis=1), 2)
    single = draw_weights(truth, np.arange(10), n_draws=30)
    assert np.array_equal(single, draw_weights(truth, n_draws=30))


def test_copies_of_exams_in_a_group_add_no_information(one_set):
    labels, scores, sets = one_set
    twice = pd.concat([labels, labels.add_prefix("", axis=0).rename(lambda e: f"{e}b")])
    again = pd.DataFrame({"acl": np.tile(scores["acl"], 2)}, twice.index)
    groups = pd.Series(np.tile(np.arange(len(labels)), 2), twice.index)
    copies = take_scored_sets(again, twice, groups)["acl"]
    np.testing.assert_allclose(jackknife(copies, area), jackknife(sets, area), rtol=1e-10)
    naive = jackknife(take_scored_sets(again, twice)["acl"], area)[1]
    assert naive == pytest.approx(jackknife(sets, area)[1] / np.sqrt(2), rel=0.01)


def test_a_class_of_one_exam_has_no_error():
    labels = pd.DataFrame({"acl": [1, 0, 0]}, index=list("abc"))
    sets = take_scored_sets(labels * 0.5, labels)["acl"]
    for measure in (jackknife, bootstrap):
        value, se = measure(sets, area)
        assert (value, np.isnan(se)) == (1.0, True)
    with pytest.raises(ValueError, match="`n_draws` must be at least 2, got 1"):
        bootstrap(sets, area, 1)


@pytest.mark.parametrize("n_hits", [0, 1, 20, 49, 50])
def test_plain_fractions_have_wilsons_interval(n_hits):
    share = n_hits / 50
    found = fraction_intervals([share], [np.sqrt(share * (1 - share) / 50)], 50)
    np.testing.assert_allclose(np.ravel(found), wilson_interval(n_hits, 50), atol=1e-12)
    normal = area_interval(share, np.sqrt(share * (1 - share) / 50), 50, 10**9)
    np.testing.assert_allclose(normal, wilson_interval(n_hits, 50), atol=1e-6)


def test_intervals_stay_inside_and_are_nan_without_error():
    low, high = fraction_intervals([0.99, 0.5, np.nan], [0.2, np.nan, 0.1], 100)
    assert 0 < low[0] < 0.99 < high[0] < 1
    assert np.isnan([low[1:], high[1:]]).all()
    # No fraction is known better than by its own exams.
    tight, plain = fraction_intervals([0.5], [1e-6], 100), wilson_interval(50, 100)
    np.testing.assert_allclose(np.ravel(tight), plain)


def test_few_degrees_of_freedom_take_the_quantile_of_student():
    ends = np.ravel(fraction_intervals([0.7], [0.1], 100, degrees=4))
    # Wilson's ends are where the distance is the quantile times the error at the end itself.
    error = np.sqrt(ends * (1 - ends) / 21)  # 0.7 * 0.3 / 0.1^2 exams
    np.testing.assert_allclose(np.abs(ends - 0.7), t.ppf(0.975, 4) * error, rtol=1e-12)


@pytest.mark.parametrize("measure", [measure_roc, measure_precision_recall])
def test_bands_from_few_groups_have_their_degrees_of_freedom(measure):
    labels, models = make_models(n_exams=120, n_models=1)
    groups = pd.Series(np.arange(120) // 20, labels.index)
    with pytest.warns(FewExamsWarning, match="6 groups"):
        found = measure(models["model 0"][["acl"]], labels[["acl"]], groups=groups, n_draws=50)
    row, band = found.curves.iloc[50], found.frame().iloc[50]
    value = row.iloc[2]  # sensitivity or precision
    size = value * (1 - value) / row["se"] ** 2
    # the lower end alone: the upper one may be lowered to that of a larger false positive rate
    ends = band[["ci_low"]].to_numpy(dtype=float)
    distance = np.abs(ends - value) / np.sqrt(ends * (1 - ends) / size)
    np.testing.assert_allclose(distance, t.ppf(0.975, 5), rtol=1e-9)


def test_a_thousand_draws_of_three_repeats_are_vectorised():
    labels, models = make_models(n_exams=300, n_models=1)
    rows = add_folds(labels, models["model 0"], n_repeats=3)
    sets = take_scored_sets(rows, labels)["acl"]
    calls = []

    def count(truth, scores, weights):
        calls.append(weights.shape[0])
        return area(truth, scores, weights)

    bootstrap(sets, count)
    assert calls == [1] * 15 + [1000] * 15
