"""scikit-learn's threshold classifiers are accepted as models, and made from thresholds."""

import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMClassifier
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    TunedThresholdClassifierCV,
)

from mrnet_features.evaluation import (
    apply_thresholds,
    as_classifier,
    choose_threshold,
    choose_thresholds,
    cross_validate,
    measure_operating_points,
    read_threshold,
)
from tests.support.tables import plant_signal


@pytest.fixture(scope="module")
def study():
    features, labels = plant_signal(80)
    return features.filter(like="fluid"), labels[["two"]]


@pytest.fixture(scope="module")
def plain(study):
    return cross_validate(LogisticRegression(), *study, n_splits=2, n_repeats=1)


TUNED = TunedThresholdClassifierCV(
    LogisticRegression(), scoring="balanced_accuracy", thresholds=5, cv=2
)


@pytest.mark.parametrize("model", [FixedThresholdClassifier(LogisticRegression()), TUNED])
def test_probabilities_pass_through_a_threshold_classifier(study, plain, model):
    found = cross_validate(model, *study, n_splits=2, n_repeats=1)
    pd.testing.assert_frame_equal(found.predictions, plain.predictions, check_exact=True)


def test_threads_and_seeds_are_set_inside_a_threshold_classifier(study):
    model = FixedThresholdClassifier(
        LGBMClassifier(n_estimators=2, min_child_samples=2, verbose=-1)
    )
    found = cross_validate(model, *study, n_splits=2, n_repeats=1)
    fitted = [wrapped.estimator_ for wrapped in found.models.values()]
    assert [one.n_jobs for one in fitted] == [1, 1]
    assert fitted[0].random_state != fitted[1].random_state


@pytest.mark.parametrize("model", [FixedThresholdClassifier(LogisticRegression()), TUNED])
def test_sample_weights_that_would_be_refused_later_are_refused_with_a_way_out(study, model):
    features, labels = study
    weights = pd.Series(1.0, labels.index)
    with pytest.raises(TypeError, match="not passed on by scikit-learn's .*ThresholdClassifier"):
        cross_validate(model, features, labels, sample_weight=weights)


def test_a_chosen_threshold_becomes_a_classifier(study, plain):
    features, labels = study
    truth = labels["two"]
    model = LogisticRegression().fit(features, truth)
    scores = model.predict_proba(features)[:, 1]
    cut = choose_threshold(truth, scores, "sensitivity", 0.9)
    fitted = as_classifier(model, cut)
    assert np.array_equal(fitted.predict(features), scores >= cut)
    assert fitted.estimator is model
    unfitted = as_classifier(LogisticRegression(), cut).fit(features, truth)
    assert np.array_equal(unfitted.predict(features), fitted.predict(features))
    chosen = choose_thresholds(plain)
    every = as_classifier(model, chosen)
    assert list(every) == ["two"]
    assert read_threshold(every["two"]) == chosen["two"]
    assert as_classifier({"two": model}, chosen)["two"].estimator is model
    assert as_classifier(every, 0.5)["two"].estimator is model


def test_a_score_at_the_threshold_is_positive_in_both():
    labels = pd.DataFrame({"two": [0, 1]}, index=["a", "b"])
    scores = pd.DataFrame({"two": [0.25, 0.5]}, index=["a", "b"])
    found = apply_thresholds(scores, labels, as_classifier(LogisticRegression(), 0.5))
    assert found.loc["two", ["threshold", "sensitivity", "specificity"]].tolist() == [0.5, 1, 1]


def test_thresholds_are_read_as_scikit_learn_uses_them(study):
    features, labels = study
    tuned = clone(TUNED).fit(features, labels["two"])
    assert read_threshold(tuned) == tuned.best_threshold_
    assert read_threshold(FixedThresholdClassifier(LogisticRegression())) == 0.5
    margin = FixedThresholdClassifier(LogisticRegression(), response_method="decision_function")
    assert read_threshold(margin) == 0.0
    assert read_threshold(FixedThresholdClassifier(RidgeClassifier())) == 0.0
    search = GridSearchCV(FixedThresholdClassifier(LogisticRegression()), {"threshold": [0.3]})
    assert read_threshold(search.fit(features, labels["two"])) == 0.3
    assert read_threshold(np.float32(0.25)) == 0.25


def test_operating_points_at_the_thresholds_of_the_fitted_models(study):
    evaluation = cross_validate(TUNED, *study, n_splits=2, n_repeats=2)
    found = measure_operating_points(evaluation, "model").loc["two"]
    rows = evaluation.predictions
    called = np.concatenate(
        [
            model.predict(study[0].loc[rows.loc[same, "exam"]])
            for (_, repeat, fold), model in evaluation.models.items()
            for same in [(rows["repeat"] == repeat) & (rows["fold"] == fold)]
        ]
    )
    exams = np.concatenate(
        [
            rows.loc[(rows["repeat"] == repeat) & (rows["fold"] == fold), "exam"]
            for _, repeat, fold in evaluation.models
        ]
    )
    truth = study[1].loc[exams, "two"].to_numpy() == 1
    assert found["sensitivity"] == pytest.approx(called[truth].mean())
    assert found["specificity"] == pytest.approx(1 - called[~truth].mean())
    cuts = [model.best_threshold_ for model in evaluation.models.values()]
    assert found["threshold"] == pytest.approx(np.mean(cuts))


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        (
            LogisticRegression(),
            TypeError,
            "A threshold must be a number, .* got LogisticRegression",
        ),
        (TUNED, ValueError, "only after `fit`"),
        (float("nan"), ValueError, "got NaN"),
        ("0.5", TypeError, "got str"),
    ],
)
def test_objects_without_a_threshold_are_refused(model, error, message):
    with pytest.raises(error, match=message):
        read_threshold(model)


def test_classifiers_and_thresholds_must_fit_each_other(plain):
    with pytest.raises(TypeError, match="must have the methods `fit`"):
        as_classifier(plain, 0.5)
    with pytest.raises(TypeError, match="`threshold` must be a number, got str"):
        as_classifier(LogisticRegression(), "auto")
    with pytest.raises(ValueError, match="the same tasks, got 'one' and 'two'"):
        as_classifier({"one": LogisticRegression()}, {"two": 0.5})
    with pytest.raises(TypeError, match="got LogisticRegression"):
        measure_operating_points(plain, "model")


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (FixedThresholdClassifier, {"response_method": "decision_function"}, "a decision function"),
        (FixedThresholdClassifier, {"pos_label": 0, "threshold": 0.7}, "1, but is for 0"),
        (
            TunedThresholdClassifierCV,
            {"scoring": make_scorer(f1_score, pos_label=0), "cv": 2},
            "1, but is for 0",
        ),
        (
            TunedThresholdClassifierCV,
            {"response_method": "decision_function", "cv": 2},
            "a decision function",
        ),
    ],
)
def test_a_threshold_for_another_score_is_refused(study, kind, options, message):
    model = kind(LogisticRegression(), **options)
    evaluation = cross_validate(model, *study, n_splits=2, n_repeats=1)
    with pytest.raises(ValueError, match=message):
        measure_operating_points(evaluation, "model")
    fitted = evaluation.models["two", 0, 0]
    with pytest.raises(ValueError, match=message):
        apply_thresholds(evaluation, None, {"two": fitted})


def test_a_threshold_may_be_for_the_positive_class_by_any_name():
    labels = pd.DataFrame({"two": ["torn", "whole"]}, index=["a", "b"])
    scores = pd.DataFrame({"two": [0.9, 0.2]}, index=["a", "b"])
    # classes are sorted, so that "torn" is the first
    fitted = FixedThresholdClassifier(LogisticRegression(), threshold=0.5, pos_label="torn")
    fitted.fit(scores, labels["two"])
    found = apply_thresholds(scores, labels, fitted, positive="torn").loc["two"]
    assert found[["sensitivity", "specificity"]].tolist() == [1, 1]
    plain = FixedThresholdClassifier(LogisticRegression(), threshold=0.5)
    with pytest.raises(ValueError, match="'torn', but is for 'whole'"):
        apply_thresholds(scores, labels, plain.fit(scores, labels["two"]), positive="torn")


def test_margins_are_compared_with_a_threshold_for_margins(study):
    evaluation = cross_validate(
        FixedThresholdClassifier(RidgeClassifier()), *study, n_splits=2, n_repeats=1
    )
    found = measure_operating_points(evaluation, "model").loc["two"]
    assert found["threshold"] == 0
    assert 0.5 < found["sensitivity"] < 1
