"""A task without the labels of some exams equals the task on its labelled exams alone."""

import warnings

import numpy as np
import pandas as pd
import pytest

from mrnet_features.evaluation import (
    Folds,
    apply_thresholds,
    check_leakage,
    choose_thresholds,
    compare,
    cross_validate,
    evaluate,
    importance,
    make_folds,
    measure_added_value,
    measure_calibration,
    measure_operating_points,
    null_importance,
    plant_leak,
    score_predictions,
    shuffle_labels,
)
from mrnet_features.evaluation.comparison.column_order import warn_of_columns
from mrnet_features.models import TunedClassifier, fit_bundle, lightgbm_baseline, logistic_baseline
from mrnet_features.models.logistic import ScaledLogistic

FAST = lightgbm_baseline(n_seeds=1, n_estimators=10)
TUNED = TunedClassifier(ScaledLogistic(), {"C": [0.01]}, n_candidates=1, n_splits=2)
KEYS = ["auc", "se", "ci_low", "ci_high", "pooled"]


def make_tables(n_exams=150, seed=0):
    """Features, complete labels, and labels where a third of task acl is missing."""
    rng = np.random.default_rng(seed)
    exams = [f"{k:04d}" for k in range(n_exams)]
    X = rng.normal(size=(n_exams, 4))
    noisy = X[:, :2] + 0.7 * rng.normal(size=(n_exams, 2))
    labels = pd.DataFrame((noisy > 0.2).astype(int), exams, ["acl", "meniscus"])
    partly = labels.astype(float)
    partly.loc[rng.random(n_exams) < 0.35, "acl"] = np.nan
    return pd.DataFrame(X, exams, [f"x{k}" for k in range(4)]), labels, partly


FEATURES, LABELS, PARTLY = make_tables()
KNOWN = PARTLY.index[PARTLY["acl"].notna()]
ALONE = LABELS.loc[KNOWN, ["acl"]]


def restrict(folds):
    """The same folds of the labelled exams alone."""
    return Folds(folds.frame[folds.frame["exam"].isin(KNOWN)])


@pytest.mark.parametrize("model", [FAST, logistic_baseline(), TUNED])
@pytest.mark.parametrize("options", ["plain", "weights and groups"])
def test_cross_validation_equals_that_of_the_task_alone(model, options):
    given = {}
    if options != "plain":
        weights = pd.Series(np.arange(len(FEATURES)) % 3 + 0.5, FEATURES.index)
        given = {
            "groups": {exam: int(exam) // 2 for exam in FEATURES.index},
            "sample_weight": pd.DataFrame({"meniscus": 1.0, "acl": weights}),
        }
    both = cross_validate(model, FEATURES, PARTLY, n_splits=2, n_repeats=2, **given)
    if given:
        given["sample_weight"] = given["sample_weight"][["acl"]]
    alone = cross_validate(model, FEATURES.loc[KNOWN], ALONE, folds=restrict(both.folds), **given)
    rows = both.predictions[both.predictions["exam"].isin(KNOWN)].reset_index(drop=True)
    np.testing.assert_allclose(rows["acl"], alone.predictions["acl"], rtol=0, atol=1e-12)
    assert np.isfinite(both.predictions["acl"]).all()
    assert len(both.predictions) == 2 * len(FEATURES)
    np.testing.assert_allclose(
        both.summary().loc["acl", KEYS].to_numpy(float),
        alone.summary().loc["acl", KEYS].to_numpy(float),
        rtol=0,
        atol=1e-12,
    )
    whole = cross_validate(model, FEATURES, LABELS[["meniscus"]], folds=both.folds)
    if not given:
        pd.testing.assert_series_equal(
            both.predictions["meniscus"], whole.predictions["meniscus"], check_exact=True
        )


def test_labels_hold_nan_and_complete_ones_integers():
    both = cross_validate(logistic_baseline(), FEATURES, PARTLY, n_splits=2, n_repeats=1)
    assert (both.labels.dtypes == np.float64).all()
    assert both.labels["acl"].isna().sum() == len(FEATURES) - len(KNOWN) > 0
    assert both.frame()["label"].isna().sum() == len(FEATURES) - len(KNOWN)
    whole = cross_validate(
        logistic_baseline(), FEATURES, LABELS.astype(float), n_splits=2, n_repeats=1
    )
    assert (whole.labels.dtypes == np.int8).all()


def test_arrays_may_lack_labels():
    named = cross_validate(
        FAST, FEATURES.set_axis(range(150)), PARTLY.set_axis(range(150)), n_repeats=1
    )
    arrays = cross_validate(
        FAST, FEATURES.to_numpy(), PARTLY.to_numpy(), n_splits=5, seed=0, n_repeats=1
    )
    assert arrays.folds.hash == named.folds.hash
    assert arrays.labels["task_0"].isna().sum() == PARTLY["acl"].isna().sum()


def test_held_out_split_equals_that_of_the_task_alone():
    train, valid = FEATURES.index[:100], FEATURES.index[100:]
    both = evaluate(FAST, *((FEATURES.loc[e], PARTLY.loc[e]) for e in (train, valid)))
    kept = [exams.intersection(KNOWN) for exams in (train, valid)]
    alone = evaluate(FAST, *((FEATURES.loc[e], LABELS.loc[e, ["acl"]]) for e in kept))
    np.testing.assert_array_equal(both.predictions.loc[kept[1], "acl"], alone.predictions["acl"])
    assert both.predictions.shape == (50, 2)
    assert np.isfinite(both.predictions).all(axis=None)
    columns = [*KEYS[:4], "prevalence", "prevalence_train", "minimum_detectable_difference"]
    np.testing.assert_allclose(
        both.summary().loc["acl", columns].to_numpy(float),
        alone.summary().loc["acl", columns].to_numpy(float),
        rtol=0,
        atol=1e-12,
    )
    moved = [PARTLY.loc[train].assign(acl=0.0), PARTLY.loc[valid].assign(acl=1.0)]
    assert (
        "'acl' is 100.0% in the held-out split and 0.0%"
        in both.__class__(moved[1], both.predictions, both.models, moved[0]).notes()[0]
    )


def make_predictions(n_repeats=2):
    both = cross_validate(logistic_baseline(), FEATURES, PARTLY, n_splits=3, n_repeats=n_repeats)
    folds = restrict(both.folds)
    return both, cross_validate(logistic_baseline(), FEATURES.loc[KNOWN], ALONE, folds=folds)


def test_metrics_equal_those_of_the_task_alone():
    both, alone = make_predictions()
    for measure in (
        lambda found: measure_calibration(found).summary(),
        measure_operating_points,
        lambda found: apply_thresholds(found, None, {"acl": 0.4, "meniscus": 0.4}),
    ):
        pd.testing.assert_frame_equal(measure(both).loc[["acl"]], measure(alone), check_exact=True)
    curve = measure_calibration(both).frame()
    curve = curve[curve["task"] == "acl"].reset_index(drop=True)
    pd.testing.assert_frame_equal(curve, measure_calibration(alone).frame())
    assert choose_thresholds(both)["acl"] == choose_thresholds(alone)["acl"]


def test_comparison_equals_that_of_the_task_alone():
    both, alone = make_predictions()
    other = FEATURES[["x0", "x1"]].set_axis(["acl", "meniscus"], axis=1)
    pair = compare({"model": both, "column": other}).summary().set_index("task")
    single = compare({"model": alone, "column": other.loc[KNOWN, ["acl"]]}).summary()
    for name in ("difference", "se"):
        assert pair.loc["acl", name] == pytest.approx(single[name].iloc[0], abs=1e-12)
    mine = compare({"model": both, "column": other}, PARTLY)
    pd.testing.assert_frame_equal(mine.summary(), pair.reset_index()[mine.summary().columns])
    with pytest.raises(ValueError, match="must equal the labels that"):
        compare({"model": both, "column": other}, LABELS)


def test_added_value_leaves_out_what_has_no_label():
    both, alone = make_predictions()
    other = FEATURES[["x0", "x1"]].set_axis(["acl", "meniscus"], axis=1)
    folds = make_folds(PARTLY, 3, seed=1)
    gain = measure_added_value(both, other, folds=folds).weights.loc["acl"]
    found = measure_added_value(alone, other.loc[KNOWN, ["acl"]], folds=restrict(folds))
    np.testing.assert_allclose(gain, found.weights.loc["acl"], rtol=1e-12)


def test_importance_equals_that_of_the_task_alone():
    both, alone = make_predictions(n_repeats=1)
    views = ["drop_group", "single_group"]
    by = {"x0": "signal", "x1": "signal", "x2": "noise", "x3": "noise"}
    table = importance(both, FEATURES, by=by, views=views).table
    table = table[table["task"] == "acl"].reset_index(drop=True)
    single = importance(alone, FEATURES.loc[KNOWN], by=by, views=views).table
    columns = [f"{view}{end}" for view in views for end in ("", "_se")]
    np.testing.assert_allclose(table[columns], single[columns], rtol=0, atol=1e-12)
    shap = cross_validate(FAST, FEATURES, PARTLY, n_splits=2, n_repeats=1)
    values = importance(shap, FEATURES, by=by, n_permutations=1).table
    assert np.isfinite(values[["shap", "permutation", "shap_se"]]).all(axis=None)
    null = null_importance(both, FEATURES, by=by, n_rounds=1, n_permutations=1).summary()
    assert null["observed"].notna().all()


def test_leakage_is_looked_for_in_the_labelled_exams():
    leaking = FEATURES.assign(leak=LABELS["acl"] + 0.01 * FEATURES["x3"])
    leaking.loc[~leaking.index.isin(KNOWN), "leak"] = 0.5
    assert [(f.code, f.subject) for f in check_leakage(leaking, PARTLY)] == [
        ("single-column", "leak")
    ]
    few = PARTLY["acl"].where(PARTLY["acl"].eq(1).cumsum() <= 5)
    named = FEATURES.set_axis([f"axial__knee__{f}__s__mean" for f in "abcd"], axis=1)
    found = check_leakage(named, few, family="a")
    assert [f.text for f in found if f.code == "not-run"] == [
        "Check 'acquisition' could not run: 'acl' has 5 exams of one class, but 5 folds need 10."
    ]


def test_negative_controls_run():
    model = logistic_baseline()
    assert plant_leak(model, FEATURES, PARTLY, n_splits=3, n_repeats=1).passed
    options = {"n_rounds": 3, "n_splits": 3, "n_repeats": 1}
    assert len(shuffle_labels(model, FEATURES, PARTLY, **options).aucs) == 3


def test_swapped_columns_are_judged_on_exams_with_all_labels():
    swapped = FEATURES[["x1", "x0"]].set_axis(["acl", "meniscus"], axis=1)
    with pytest.warns(UserWarning, match="look swapped"):
        warn_of_columns(swapped, ["acl", "meniscus"], PARTLY, "'a.csv'", named=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        right = swapped.set_axis(["meniscus", "acl"], axis=1)
        warn_of_columns(right, ["acl", "meniscus"], PARTLY, "'a.csv'", named=True)


def test_scores_of_a_task_leave_out_its_unlabelled_exams():
    rows = make_folds(PARTLY, 3).frame.join(
        FEATURES[["x0", "x1"]].set_axis(["acl", "meniscus"], axis=1), on="exam"
    )
    influence = score_predictions(PARTLY, rows).influence
    assert (influence.loc[PARTLY["acl"].isna(), "acl"] == 0).all()
    assert (influence.loc[KNOWN, "acl"] != 0).any()


def test_a_bundle_is_fitted_on_labelled_exams():
    small = lightgbm_baseline(n_seeds=1, n_estimators=5)
    both = fit_bundle(small, FEATURES, PARTLY).predict(FEATURES)
    alone = fit_bundle(small, FEATURES.loc[KNOWN], ALONE).predict(FEATURES)
    pd.testing.assert_series_equal(both["acl"], alone["acl"], check_exact=True)
