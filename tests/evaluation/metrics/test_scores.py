"""Scores of predictions: means over folds, repeats and tasks, and their standard errors."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from mrnet_features.evaluation.metrics.auc import measure_auc, standard_error
from mrnet_features.evaluation.metrics.scores import score_predictions
from mrnet_features.evaluation.protocol.stratify import make_folds


def make_case(seed=0, n_exams=200, n_splits=4, n_repeats=2, tasks=("one", "two", "three")):
    rng = np.random.default_rng(seed)
    exams = [f"{i:04d}" for i in range(n_exams)]
    hidden = rng.normal(size=n_exams)
    labels = pd.DataFrame(
        {task: (hidden + rng.normal(size=n_exams) > 0.3).astype(int) for task in tasks}, index=exams
    )
    predictions = make_folds(labels, n_splits, n_repeats).frame
    for task in tasks:
        signal = labels.loc[predictions["exam"], task].to_numpy()
        predictions[task] = signal + rng.normal(size=len(predictions))
    return labels, predictions


def test_auc_is_the_mean_over_folds_of_scikit_learns_auc():
    labels, predictions = make_case()
    summary = score_predictions(labels, predictions).summary()
    for task in labels:
        folds = [
            roc_auc_score(labels.loc[part["exam"], task], part[task])
            for _, part in predictions.groupby(["repeat", "fold"])
        ]
        pooled = [
            roc_auc_score(labels.loc[part["exam"], task], part[task])
            for _, part in predictions.groupby("repeat")
        ]
        assert summary.loc[task, "auc"] == pytest.approx(np.mean(folds), abs=1e-12)
        assert summary.loc[task, "pooled"] == pytest.approx(np.mean(pooled), abs=1e-12)
    assert summary.loc["mean", "auc"] == pytest.approx(summary["auc"].iloc[:-1].mean(), abs=1e-12)
    assert summary.index.tolist() == [*labels, "mean"]
    assert summary["n_positive"].iloc[:-1].tolist() == labels.sum().tolist()
    assert (summary["n_exams"] == 200).all()


def test_one_test_set_gives_delongs_error():
    labels, predictions = make_case(n_repeats=1)
    predictions["fold"] = 0
    scores = score_predictions(labels, predictions)
    for task in labels:
        truth = labels.loc[predictions["exam"], task]
        estimate = measure_auc(truth, predictions[task])
        assert scores.summary().loc[task, "se"] == pytest.approx(estimate.se, abs=1e-12)
        assert scores.pooled[task] == pytest.approx(estimate.auc, abs=1e-12)


def test_variance_over_folds_is_the_mean_fold_variance_over_their_number():
    labels, predictions = make_case(n_repeats=1)
    variances = [
        measure_auc(labels.loc[part["exam"], "one"], part["one"]).se ** 2
        for _, part in predictions.groupby("fold")
    ]
    se = score_predictions(labels, predictions).summary().loc["one", "se"]
    assert se**2 == pytest.approx(np.mean(variances) / len(variances), abs=1e-12)


def test_an_identical_repeat_does_not_narrow_the_interval():
    labels, predictions = make_case(n_repeats=1)
    twice = pd.concat([predictions, predictions.assign(repeat=1)])
    once = score_predictions(labels, predictions).summary()
    pd.testing.assert_frame_equal(score_predictions(labels, twice).summary(), once)


def test_mean_of_equal_tasks_has_their_standard_error():
    labels, predictions = make_case()
    copies = labels.assign(two=labels["one"], three=labels["one"])
    same = predictions.assign(two=predictions["one"], three=predictions["one"])
    summary = score_predictions(copies, same).summary()
    assert summary.loc["mean", "se"] == pytest.approx(summary.loc["one", "se"], abs=1e-12)
    assert score_predictions(labels, predictions).summary()["se"].idxmin() == "mean"


def test_interval_of_the_mean_covers_correlated_tasks():
    rng = np.random.default_rng(0)
    exams = pd.Index([f"{i:03d}" for i in range(120)])
    truth, hits, n_draws = 0.7602499389, 0, 200
    for _ in range(n_draws):
        shared = rng.normal(size=120)
        labels = pd.DataFrame({t: rng.permutation([0, 1] * 60) for t in "abc"}, index=exams)
        noise = {t: np.sqrt(0.7) * shared + np.sqrt(0.3) * rng.normal(size=120) for t in "abc"}
        predictions = (labels + pd.DataFrame(noise, index=exams)).rename_axis("exam").reset_index()
        summary = score_predictions(labels, predictions.assign(repeat=0, fold=0)).summary()
        hits += summary.loc["mean", "ci_low"] <= truth <= summary.loc["mean", "ci_high"]
    assert 0.9 < hits / n_draws < 0.985


def test_groups_widen_the_interval_when_their_exams_agree():
    labels, predictions = make_case(n_exams=100, n_repeats=1)
    predictions["fold"] = 0
    copy = predictions.assign(exam="copy of " + predictions["exam"])
    copied = labels.set_axis("copy of " + labels.index)
    labels, predictions = pd.concat([labels, copied]), pd.concat([predictions, copy])
    groups = {exam: exam.removeprefix("copy of ") for exam in labels.index}
    apart = score_predictions(labels, predictions).summary()["se"]
    together = score_predictions(labels, predictions, groups).summary()["se"]
    np.testing.assert_allclose(together / apart, np.sqrt(2), rtol=1e-9)


def test_influence_is_a_table_of_exams_and_tasks():
    labels, predictions = make_case(n_repeats=1)
    scores = score_predictions(labels, predictions.sample(frac=1, random_state=0))
    assert scores.influence.index.tolist() == labels.index.tolist()
    assert scores.influence.columns.tolist() == [*labels, "mean"]
    se = scores.summary()["se"]
    for name in scores.influence:
        assert standard_error(scores.influence[name]) == pytest.approx(se[name], abs=1e-15)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p.drop(columns="two"), "but has no 'two'"),
        (lambda p: p.drop(columns="exam"), "but has no 'exam'"),
        (lambda p: p.iloc[1:], "199 in both, 1 only in `labels`"),
        (lambda p: pd.concat([p, p.iloc[:1]]), "each exam once per repeat, got '0000' more"),
        (lambda p: p.iloc[:0], "at least one exam, got none"),
    ],
)
def test_incomplete_predictions_are_refused(change, message):
    labels, predictions = make_case()
    with pytest.raises(ValueError, match=message):
        score_predictions(labels, change(predictions))


def test_note_names_the_fold_that_can_not_be_scored():
    labels, predictions = make_case(n_repeats=1)
    predictions.loc[predictions.index[0], "two"] = np.nan
    with pytest.raises(ValueError, match="NaN or infinity for 1 of") as caught:
        score_predictions(labels, predictions)
    assert "task 'two' in repeat 0" in caught.value.__notes__[0]


def test_a_single_test_set_has_no_repeat_in_messages():
    labels, predictions = make_case(n_repeats=1)
    predictions.loc[predictions.index[0], "two"] = np.nan
    with pytest.raises(ValueError, match="NaN or infinity") as caught:
        score_predictions(labels, predictions.assign(fold=0))
    assert caught.value.__notes__ == ["while scoring task 'two'"]


def test_an_exam_without_a_label_is_left_out_of_that_task_alone():
    labels, predictions = make_case(n_repeats=1)
    partial = labels.astype(float)
    partial.iloc[::3, 0] = np.nan
    known = partial.index[partial["one"].notna()]
    found = score_predictions(partial, predictions)
    alone = score_predictions(
        labels.loc[known, ["one"]], predictions[predictions["exam"].isin(known)]
    )
    columns = ["auc", "se", "ci_low", "ci_high", "pooled", "n_exams", "n_positive"]
    np.testing.assert_allclose(
        found.summary().loc["one", columns].astype(float),
        alone.summary().loc["one", columns].astype(float),
        rtol=1e-12,
    )
    assert (found.influence.loc[partial["one"].isna(), "one"] == 0).all()
    assert found.summary().loc["two", "n_exams"] == 200


@pytest.mark.parametrize("n_tasks", [2, 7, 9, 11, 25])
def test_the_mean_of_perfect_tasks_is_perfect(n_tasks):
    exams = [f"{k:02d}" for k in range(24)]
    labels = pd.DataFrame({f"t{k}": [0, 1] * 12 for k in range(n_tasks)}, exams)
    rows = labels.astype(float).rename_axis("exam").reset_index().assign(repeat=0, fold=0)
    mean = score_predictions(labels, rows).summary().loc["mean"]
    assert (mean["auc"], mean["pooled"], mean["ci_high"]) == (1.0, 1.0, 1.0)
    assert mean["ci_low"] < 0.95


def test_exams_without_any_label_are_not_counted():
    labels, predictions = make_case(n_repeats=1)
    partial = labels.astype(float)
    partial.iloc[:50] = np.nan
    assert (score_predictions(partial, predictions).summary()["n_exams"] == 150).all()
