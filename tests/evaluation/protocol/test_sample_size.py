"""Sample sizes equal published tables, and achieve their aim in simulation."""

import numpy as np
import pytest
from scipy.special import ndtri

from mrnet_features.evaluation import plan_sample_size
from mrnet_features.evaluation.metrics.auc import logit_interval, measure_auc
from mrnet_features.evaluation.metrics.auc_tests import Difference


def test_riley_2021_a_c_statistic_of_80_percent_with_1_8_percent_events():
    found = plan_sample_size(0.8, prevalence=0.018, half_width=0.05)
    assert (found.n_exams, found.n_positive, found.n_negative) == (4252, 77, 4175)
    assert found.summary().loc[0, "se"] == pytest.approx(0.0255, abs=5e-5)


@pytest.mark.parametrize(("power", "published"), [(0.8, 652), (0.9, 897), (0.95, 1131)])
def test_hanley_and_mcneil_1982_areas_of_70_and_75_percent(power, published):
    """Their table holds exams per class, for a one-sided test at 5 % and separate exams."""
    found = plan_sample_size(0.75, prevalence=0.5, other=0.7, correlation=0, power=power, alpha=0.1)
    assert found.n_positive == pytest.approx(published, abs=3)


def test_hanley_and_mcneil_1982_standard_error_of_their_example():
    """An area of .893 with 51 abnormal and 58 normal images: .032."""
    found = plan_sample_size(0.893, prevalence=51 / 109, half_width=0.05).frame([109])
    assert found.loc[0, "se"] == pytest.approx(0.032, abs=5e-4)


@pytest.mark.parametrize(
    ("ratio", "auc", "n_positive", "n_negative"),
    [
        (1, 0.6, 135, 135),
        (1, 0.7, 33, 33),
        (1, 0.8, 14, 14),
        (2, 0.6, 102, 203),
        (2, 0.7, 25, 50),
        (4, 0.6, 85, 340),
        (4, 0.7, 21, 84),
        (0.25, 0.7, 80, 20),
    ],
)
def test_obuchowski_2004_against_an_area_of_one_half(ratio, auc, n_positive, n_negative):
    """Table 4: power .9, one-sided test at 5 %, `ratio` negatives per positive."""
    found = plan_sample_size(
        auc, prevalence=1 / (1 + ratio), reference=0.5, power=0.9, alpha=0.1, method="obuchowski"
    )
    assert found.n_positive == pytest.approx(n_positive, abs=1)
    assert found.n_negative == pytest.approx(n_negative, abs=1)


def test_power_of_the_example_of_proc():
    """``power.roc.test(ncases=41, ncontrols=72, auc=0.73)``, with 1.414 for the root of 2."""
    found = plan_sample_size(0.73, prevalence=41 / 113, reference=0.5, method="obuchowski")
    assert found.frame([113]).loc[0, "power"] == pytest.approx(0.9897453, abs=2e-6)


@pytest.mark.parametrize("method", ["hanley-mcneil", "obuchowski"])
def test_a_model_has_no_error_against_itself(method):
    """With a correlation near 1 and nearly equal AUCs, nearly nothing is left of the variance."""
    found = plan_sample_size(
        0.8, prevalence=0.3, other=0.7999, correlation=0.999999, method=method
    ).frame([500])
    alone = plan_sample_size(0.8, prevalence=0.3, half_width=0.1, method=method).frame([500])
    assert found.loc[0, "se"] < 0.02 * alone.loc[0, "se"]


def test_separate_exams_add_their_variances():
    alone = [
        plan_sample_size(auc, prevalence=0.3, half_width=0.1).frame([500]).loc[0, "se"]
        for auc in (0.8, 0.7)
    ]
    both = plan_sample_size(0.8, prevalence=0.3, other=0.7, correlation=0.0).frame([500])
    assert both.loc[0, "se"] == pytest.approx(np.hypot(*alone), abs=1e-12)


def test_the_number_is_the_smallest_that_reaches_the_aim():
    for aim in ({"half_width": 0.04}, {"reference": 0.75}, {"other": 0.8, "correlation": 0.5}):
        plan = plan_sample_size(0.85, prevalence=0.3, **aim)
        before, reached = plan.frame([plan.n_exams - 1, plan.n_exams]).to_dict("records")
        if "half_width" in aim:
            assert reached["half_width"] <= 0.04 < before["half_width"]
        else:
            assert before["power"] < 0.8 <= reached["power"]


def test_simulated_half_width_of_an_interval():
    plan = plan_sample_size(0.85, prevalence=0.2, half_width=0.05)
    rng = np.random.default_rng(0)
    labels = np.repeat([1, 0], [plan.n_positive, plan.n_negative])
    shift, widths = np.sqrt(2) * ndtri(0.85), []
    for _ in range(200):
        found = measure_auc(labels, shift * labels + rng.normal(size=len(labels)))
        low, high = logit_interval(found.auc, found.se, plan.n_positive, plan.n_negative)
        widths.append((high - low) / 2)
    assert np.mean(widths) == pytest.approx(0.05, rel=0.06)


def test_simulated_power_of_delongs_test():
    plan = plan_sample_size(0.8, prevalence=0.4, other=0.7, correlation=0.6)
    rng = np.random.default_rng(0)
    labels = np.repeat([1, 0], [plan.n_positive, plan.n_negative])
    shift, found = np.sqrt(2) * ndtri([0.8, 0.7]), []
    for _ in range(500):
        noise = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], len(labels))
        one, two = (measure_auc(labels, column) for column in (noise + np.outer(labels, shift)).T)
        se = np.linalg.norm(one.influence - two.influence)
        found.append(Difference(one.auc - two.auc, se).p < 0.05)
    assert 0.77 <= np.mean(found) <= 0.89


def test_words_and_figure():
    plan = plan_sample_size(0.85, prevalence=0.3, other=0.8, correlation=0.5)
    assert "against a model of AUC 0.8 with power 0.8" in repr(plan)
    words = " ".join(plan.assumptions)
    for part in ("Newcombe", "correlation of 0.5", "fixed before the test exams", "patient"):
        assert part in words
    axes = plan.plot()
    assert axes.lines[2].get_xydata().tolist() == [[plan.n_exams, 0.8]]
    assert axes.get_ylabel() == "Power"
    interval = plan_sample_size(0.85, prevalence=0.3, half_width=0.04)
    assert interval.plot().get_ylabel() == "Half width of the interval"
    assert interval.summary()["power"].isna().all()


@pytest.mark.parametrize(
    ("aim", "error", "message"),
    [
        ({}, TypeError, "Pass one of"),
        ({"half_width": 0.1, "reference": 0.7}, TypeError, "got 2"),
        ({"other": 0.7}, TypeError, "`other` and `correlation` go together"),
        ({"reference": 0.7, "correlation": 0.5}, TypeError, "go together"),
        ({"reference": 0.8}, ValueError, "`auc` must differ from `reference`"),
        ({"other": 1.2, "correlation": 0.5}, ValueError, "`other` must be above 0 and below 1"),
        ({"other": 0.7, "correlation": 1.0}, ValueError, "`correlation` must be at least 0"),
        ({"half_width": 0.1, "method": "bamber"}, ValueError, "got 'bamber'"),
        ({"half_width": float("nan")}, ValueError, "`half_width` must be above 0"),
        ({"half_width": 1e-6}, ValueError, "More than 100,000,000 exams"),
    ],
)
def test_refusals(aim, error, message):
    with pytest.raises(error, match=message):
        plan_sample_size(0.8, prevalence=0.3, **aim)


def test_too_few_exams_for_two_of_a_class():
    with pytest.raises(ValueError, match="`n_exams` must be at least 20"):
        plan_sample_size(0.8, prevalence=0.1, half_width=0.1).frame([19])
