"""ROC curves and partial AUCs equal scikit-learn's in every fold."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr, ndtri
from sklearn.metrics import roc_auc_score, roc_curve

from mrnet_features.evaluation import (
    apply_thresholds,
    measure_partial_auc,
    measure_roc,
    score_predictions,
)
from tests.support.tables import TASKS, add_folds, make_models


@pytest.fixture(scope="module")
def study():
    labels, models = make_models(n_exams=150, n_models=1)
    rows = add_folds(labels, models["model 0"].round(1), n_splits=3, n_repeats=2)
    return labels, rows


def each_fold(labels, rows, task):
    """Mean over the folds, then the repeats, of what scikit-learn makes of a fold."""

    def average(measure):
        found = [
            np.mean(
                [measure(labels.loc[f["exam"], task], f[task]) for _, f in part.groupby("fold")],
                axis=0,
            )
            for _, part in rows.groupby("repeat")
        ]
        return np.mean(found, axis=0)

    return average


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("highest", [0.05, 0.2, 1.0])
def test_partial_auc_equals_scikit_learn(study, task, highest):
    labels, rows = study
    expected = each_fold(labels, rows, task)(lambda y, s: roc_auc_score(y, s, max_fpr=highest))
    found = measure_partial_auc(rows, labels, false_positive_rate=(0, highest)).loc[task]
    if highest < 1:
        assert found["mcclish"] == pytest.approx(expected, abs=1e-12)
    else:  # scikit-learn returns the plain AUC
        assert found["partial_auc"] == pytest.approx(expected, abs=1e-12)
    for name in ("partial_auc", "mean_sensitivity", "mcclish"):
        assert found[f"{name}_low"] < found[name] < found[f"{name}_high"]


def test_partial_areas_add_up_to_the_auc(study):
    labels, rows = study
    ranges = [(0, 0.1), (0.1, 0.35), (0.35, 1)]
    parts = [measure_partial_auc(rows, labels, false_positive_rate=part) for part in ranges]
    total = sum(part["partial_auc"] for part in parts)
    expected = score_predictions(labels, rows).summary().loc[TASKS, "auc"]
    np.testing.assert_allclose(total, expected, atol=1e-12)
    again = measure_partial_auc(rows, labels, specificity=(0.65, 0.9))
    np.testing.assert_allclose(again, parts[1], atol=1e-12)


def test_error_of_the_whole_area_is_delongs(study):
    labels, rows = study
    plain = rows[rows["repeat"] == 0].assign(fold=0)
    found = measure_partial_auc(plain, labels, false_positive_rate=(0, 1))
    expected = score_predictions(labels, plain).summary().loc[TASKS]
    width = found["partial_auc_high"] - found["partial_auc_low"]
    np.testing.assert_allclose(width, expected["ci_high"] - expected["ci_low"], rtol=0.05)


def test_constant_and_perfect_scores():
    labels = pd.DataFrame({"acl": [0, 0, 1, 1] * 10}, index=[f"{k:02d}" for k in range(40)])
    constant = measure_partial_auc(labels * 0, labels, specificity=(0.8, 1)).loc["acl"]
    assert constant["mcclish"] == pytest.approx(0.5)
    assert constant["partial_auc"] == pytest.approx(0.02)
    middle = measure_partial_auc(labels * 0, labels, specificity=(0.5, 0.7)).loc["acl"]
    assert middle["mcclish"] == pytest.approx(0.5)
    perfect = measure_partial_auc(labels, labels, specificity=(0.8, 1)).loc["acl"]
    assert perfect["mcclish"] == pytest.approx(1)
    assert perfect["mcclish_low"] < 0.95
    assert perfect["partial_auc"] == pytest.approx(0.2)


@pytest.mark.parametrize("n_negative", [47, 50, 55, 92])
def test_perfect_curve_fills_its_range(n_negative):
    """Steps of these widths add up to more than .3 in floating point."""
    labels = pd.DataFrame({"acl": [1] * 5 + [0] * n_negative})
    scores = labels + np.linspace(0, 0.5, len(labels))[:, None]
    found = measure_partial_auc(scores, labels, false_positive_rate=(0, 0.3)).loc["acl"]
    assert found["mean_sensitivity"] == found["mean_sensitivity_high"] == 1
    assert 0.2 < found["mean_sensitivity_low"] < 1


def test_ranges_are_checked(study):
    labels, rows = study
    with pytest.raises(TypeError, match="`false_positive_rate` or `specificity` must be given"):
        measure_partial_auc(rows, labels)
    with pytest.raises(ValueError, match="`specificity` must be a range .* got 1 to 0.8"):
        measure_partial_auc(rows, labels, specificity=(1, 0.8))


@pytest.mark.parametrize("task", TASKS)
def test_curve_is_the_mean_of_scikit_learns_curves(study, task):
    labels, rows = study
    grid = np.arange(101) / 100

    def curve(truth, scores):
        rates, hits, _ = roc_curve(truth, scores, drop_intermediate=False)
        return np.interp(grid, rates, hits)

    found = measure_roc(rows, labels, n_draws=20).frame()
    own = found[found["task"] == task]
    np.testing.assert_allclose(own["sensitivity"], each_fold(labels, rows, task)(curve), atol=1e-12)
    assert (own["ci_low"] <= own["sensitivity"]).all()
    assert (own["sensitivity"] <= own["ci_high"]).all()
    assert own["sensitivity"].is_monotonic_increasing


def test_summary_is_that_of_the_scores_and_the_seed_decides(study):
    labels, rows = study[0][["acl"]], study[1]
    one, two, other = (measure_roc(rows, labels, n_draws=5, seed=k) for k in (0, 0, 1))
    expected = score_predictions(labels, rows).summary().loc[["acl"]]
    pd.testing.assert_frame_equal(one.summary(), expected)
    pd.testing.assert_frame_equal(one.frame(), two.frame())
    assert not one.frame().equals(other.frame())
    assert one.frame(0.5)["ci_high"].sum() < one.frame(0.95)["ci_high"].sum()


def test_error_of_the_curve_is_that_of_two_normal_classes():
    """Variance of the sensitivity, plus that of the threshold times the slope of the curve."""
    rng = np.random.default_rng(0)
    labels = pd.DataFrame({"acl": np.repeat([0, 1], 500)}, [f"{k:04d}" for k in range(1000)])
    scores = labels * 1.5 + rng.normal(size=(1000, 1))
    curve = measure_roc(scores, labels, n_draws=300).curves.iloc[10:91]
    rates = curve["false_positive_rate"].to_numpy()
    sensitivity = ndtr(1.5 + ndtri(rates))
    slope = np.exp(-1.5 * ndtri(rates) - 1.5**2 / 2)
    variance = sensitivity * (1 - sensitivity) + slope**2 * rates * (1 - rates)
    ratio = curve["se"].to_numpy() / np.sqrt(variance / 500)
    assert 0.9 < ratio.mean() < 1.15


def test_evaluations_keep_their_scores(study):
    labels, rows = study
    evaluation = SimpleNamespace(
        labels=labels, predictions=rows, groups=None, scores=score_predictions(labels, rows)
    )
    assert measure_roc(evaluation, n_draws=2).scores is evaluation.scores
    fewer = measure_roc(evaluation, labels[["acl"]], n_draws=2)
    assert fewer.summary().index.tolist() == ["acl"]


def test_points_must_be_operating_points(study):
    labels, rows = study
    single = rows[rows["repeat"] == 0].set_index("exam")[TASKS]
    points = apply_thresholds(single, labels, dict.fromkeys(TASKS, 0.5))
    assert list(measure_roc(single, labels, points=points, n_draws=5).points) == [""]
    named = measure_roc(single, labels, points={"half": points}, n_draws=5)
    assert list(named.points) == ["half"]
    with pytest.raises(ValueError, match="`points` must be tables of .* have no column"):
        measure_roc(single, labels, points=points.drop(columns="sensitivity"), n_draws=5)


@pytest.mark.parametrize("seed", range(8))
def test_bands_never_fall(seed):
    labels, models = make_models(seed=seed, n_exams=120, n_models=1)
    for _, rows in measure_roc(models["model 0"], labels, n_draws=50).frame().groupby("task"):
        assert (np.diff(rows["ci_low"]) >= 0).all()
        assert (np.diff(rows["ci_high"]) >= 0).all()
        assert rows["sensitivity"].between(rows["ci_low"] - 1e-12, rows["ci_high"] + 1e-12).all()


def test_where_every_exam_is_called_positive_all_positives_are_found(study):
    ends = measure_roc(study[1], study[0]).frame().query("false_positive_rate == 1")
    assert (ends[["sensitivity", "ci_low", "ci_high"]] == 1).all(axis=None)
