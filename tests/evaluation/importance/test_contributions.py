"""Contributions are out of fold, add up to the log-odds, and name the planted columns."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit
from sklearn.neighbors import KNeighborsClassifier

from mrnet_features.evaluation import (
    cross_validate,
    evaluate,
    explain_predictions,
    make_coherent,
)
from mrnet_features.models import lightgbm_baseline, logistic_baseline
from tests.support.tables import plant_signal


@pytest.fixture(scope="module")
def run():
    features, labels = plant_signal(n_exams=200)
    evaluation = cross_validate(
        logistic_baseline(), features, labels, n_splits=3, n_repeats=2, progress=False
    )
    return features, evaluation, explain_predictions(evaluation, features)


def test_every_exam_is_explained_by_the_models_that_have_not_seen_it(run):
    features, evaluation, found = run
    scores = evaluation.predictions
    for task in evaluation.labels.columns:
        by_repeat = logit(scores.pivot_table(index="exam", columns="repeat", values=task))
        np.testing.assert_allclose(found.log_odds[task], by_repeat.mean(axis=1), atol=1e-5)
    assert list(found.log_odds.index) == sorted(features.index)
    np.testing.assert_allclose(
        found.probability, scores.groupby("exam")[["one", "two"]].mean(), atol=1e-12
    )


def test_the_planted_columns_come_first(planted):
    features, _, evaluation = planted
    summary = explain_predictions(evaluation, features, n_jobs=1).summary(top=2)
    for task, family, sign in (("one", "glcm", 1), ("two", "fluid", -1)):
        rows = summary.loc[task]
        assert set(rows.index) == {f"axial__knee__{family}__s{k}__mean" for k in range(2)}
        assert (sign * rows["direction"] > 0.5).all()
        assert rows["share"].sum() < 1


def test_rows_are_the_largest_contributions(run):
    features, _, found = run
    rows = found.frame(top=3)
    assert rows.columns.tolist() == ["exam", "task", "column", "value", "contribution"]
    assert len(rows) == 200 * 2 * 3
    one = rows[(rows["exam"] == "0007") & (rows["task"] == "two")]
    expected = found.by_task["two"].loc["0007"]
    order = expected.abs().sort_values(ascending=False).index[:3]
    assert one["column"].tolist() == order.tolist()
    np.testing.assert_array_equal(one["contribution"], expected[order])
    np.testing.assert_array_equal(one["value"], features.loc["0007", order])
    whole = found.frame(top=None)
    assert len(whole) == 200 * 2 * 30
    total = whole.groupby(["exam", "task"])["contribution"].sum().unstack()
    np.testing.assert_allclose(total + found.baseline, found.log_odds, atol=1e-5)


def test_some_exams_and_tasks(run):
    features, evaluation, found = run
    some = explain_predictions(evaluation, features, exams=["0005", "0003"], tasks=["two"])
    assert some.features.index.tolist() == ["0005", "0003"]
    assert list(some.by_task) == ["two"]
    rows = ["0005", "0003"]
    pd.testing.assert_frame_equal(some.by_task["two"], found.by_task["two"].loc[rows])
    pd.testing.assert_series_equal(some.baseline["two"], found.baseline["two"].loc[rows])


def test_a_coherent_evaluation_is_explained_by_its_single_models(run):
    features, evaluation, _ = run
    labels = evaluation.labels.assign(two=evaluation.labels.max(axis=1))
    single = cross_validate(logistic_baseline(), features, labels, n_splits=2, n_repeats=1)
    coherent = make_coherent(single, [("one", "two")])
    assert coherent.implications
    first, second = (explain_predictions(e, features) for e in (single, coherent))
    pd.testing.assert_frame_equal(first.by_task["two"], second.by_task["two"])
    assert (second.probability["two"] > first.probability["two"]).any()


@pytest.mark.parametrize("model", [logistic_baseline(), lightgbm_baseline(n_estimators=20)])
def test_a_hold_out_is_explained_with_its_training_exams(model):
    features, labels = plant_signal(n_exams=160)
    train, valid = features[:100], features[100:]
    held_out = evaluate(model, (train, labels[:100]), (valid, labels[100:]))
    found = explain_predictions(held_out, features.sample(frac=1, random_state=0))
    assert found.features.index.equals(valid.index)
    np.testing.assert_allclose(found.log_odds, logit(held_out.predictions), atol=0.02)
    own = held_out.models["one"].predict_proba(train)[:, 1]
    np.testing.assert_allclose(found.baseline["one"], logit(own).mean(), atol=0.1)
    with pytest.raises(ValueError, match="exams") as caught:
        explain_predictions(held_out, valid)
    assert "its training and held-out exams" in caught.value.__notes__[-1]
    with pytest.raises(ValueError, match="`exams` must be some of the 60 exams"):
        explain_predictions(held_out, features, exams=["0000"])


def test_other_features_are_refused(run):
    features, evaluation, _ = run
    with pytest.raises(ValueError, match=r"lacks 1 \('axial__knee__glcm__s0__mean'\) and has 0"):
        explain_predictions(evaluation, features.iloc[:, 1:])
    with pytest.raises(ValueError, match=r"in their order, but lacks 0 \(none\)"):
        explain_predictions(evaluation, features.iloc[:, ::-1])
    with pytest.raises(ValueError, match=r"predict something else for \d+ of 67 exams"):
        explain_predictions(evaluation, features + 1)
    with pytest.raises(ValueError, match="`exams` must be some of the 200 exams"):
        explain_predictions(evaluation, features, exams=["x"])
    with pytest.raises(TypeError, match="must be an Evaluation or a HoldOut, got DataFrame"):
        explain_predictions(features, features)


def test_models_that_can_not_be_explained_are_refused(run):
    features, evaluation, _ = run
    near = cross_validate(
        KNeighborsClassifier(), features, evaluation.labels, n_splits=2, n_repeats=1
    )
    with pytest.raises(ValueError, match="got KNeighborsClassifier"):
        explain_predictions(near, features)


def test_bars_lead_from_the_baseline_to_the_log_odds(run):
    _, _, found = run
    axes = found.plot(exam="0009", task="two", top=4)
    bars = sorted(axes.patches, key=lambda bar: -bar.get_y())
    assert len(bars) == 5
    assert bars[0].get_x() == pytest.approx(found.baseline.loc["0009", "two"])
    end = bars[-1].get_x() + bars[-1].get_width()
    assert end == pytest.approx(found.log_odds.loc["0009", "two"], abs=1e-5)
    assert {bar.get_hatch() or "" for bar in bars if bar.get_width() < 0} <= {"////"}
    assert axes.get_title().startswith("Exam 0009, two\nprobability 0.")
    words = pd.Series("volume of fluid", index=found.features.columns)
    labels = [text.get_text() for text in found.plot(top=2, names=words).get_yticklabels()]
    assert labels[0].startswith("volume of fluid = ")
    with pytest.raises(ValueError, match="`exam` must be one of the 200 that were explained"):
        found.plot(exam="none")
