"""First section: it says what the figures say, and no more."""

import re

import numpy as np
import pandas as pd
import pytest

import mrnet_features as mf
from mrnet_features.report.page import Bullets, Text
from mrnet_features.report.review import comparison
from mrnet_features.report.review.calibration import describe_calibration
from mrnet_features.report.review.comparison import describe_comparison
from mrnet_features.report.review.data import describe_data
from mrnet_features.report.review.inputs import collect_inputs
from mrnet_features.report.review.leakage import describe_leakage
from mrnet_features.report.review.part import Part
from mrnet_features.report.review.scores import describe_scores
from mrnet_features.report.review.verdict import describe_verdict
from tests.support.tables import plant_signal

FEATURES, LABELS = plant_signal(160)
MODEL = mf.logistic_baseline()
SECTIONS = (describe_data, describe_scores, describe_comparison, describe_leakage)
PRAISE = re.compile(r"excellent|outstanding|good|strong|poor|promising|accura|significant")


@pytest.fixture(scope="module")
def evaluation():
    return mf.cross_validate(MODEL, FEATURES, LABELS, n_splits=3, n_repeats=2)


def describe(evaluation, sections=SECTIONS, **options):
    inputs = collect_inputs(evaluation, **options)
    found = [item for section in sections for item in section(inputs)]
    parts = {item.name: item for item in found if isinstance(item, Part)}
    return describe_verdict(inputs, parts)


def read(part):
    return " ".join(block.text for block in part.blocks if isinstance(block, Text))


def list_limits(part):
    return next(block.items for block in part.blocks if isinstance(block, Bullets))


def test_auc_exams_and_validation_are_those_of_the_evaluation(evaluation):
    part = describe(evaluation, features=FEATURES)
    row = evaluation.summary().loc["mean"]
    text = read(part)
    assert f"{row['auc']:.3f} (95 % CI {row['ci_low']:.3f} to {row['ci_high']:.3f})" in text
    assert "160 exams" in text
    assert "3 folds, repeated 2 times" in text
    for task in LABELS:
        assert f"{task} {evaluation.summary().loc[task, 'auc']:.3f}" in text
    assert not PRAISE.search(text + " ".join(list_limits(part)))


def test_without_another_model_nothing_is_said_to_be_better(evaluation):
    text = read(describe(evaluation))
    assert "not compared with another model or with radiologists" in text
    assert "every task lies above 0.5" in text


def test_tasks_that_may_be_guessed_are_named():
    labels = LABELS.assign(two=np.random.default_rng(0).permutation(LABELS["two"]))
    text = read(describe(mf.cross_validate(MODEL, FEATURES, labels, n_splits=3, n_repeats=2)))
    assert "For two it was not shown that the model is better than guessing" in text


def test_a_difference_and_its_lack_are_told_apart(evaluation, monkeypatch):
    monkeypatch.setattr(comparison, "describe_added_value", lambda *_: [])  # slow, and not read
    rng = np.random.default_rng(0)
    own = evaluation.predictions.groupby("exam")[list(LABELS)].mean()
    noise = own * 0 + rng.uniform(size=own.shape)
    alike = own + rng.normal(0, 0.01, own.shape)
    worse = describe(evaluation, compare={"cnn": noise})
    assert "reaches a higher mean AUC than cnn" in read(worse)
    assert any("fair if cnn was trained" in item for item in list_limits(worse))
    equal = describe(evaluation, compare={"cnn": alike.clip(0, 1)})
    assert "No difference in mean AUC" in read(equal)
    assert any("equal" in item for item in list_limits(equal))
    both = read(describe(evaluation, compare={"cnn": noise, "other": alike.clip(0, 1)}))
    assert "2 other models" in both
    assert re.search(r"higher mean AUC was shown than that of cnn .*no difference .* other", both)


def test_an_alarm_comes_first():
    table = FEATURES.assign(copy=LABELS["one"])
    leaking = mf.cross_validate(MODEL, table, LABELS, n_splits=3, n_repeats=2)
    first = describe(leaking, features=table).blocks[0]
    assert first.is_warning
    assert first.text.startswith("Do not believe")
    assert "One column separates a task" in first.text


def test_checks_that_did_not_run_are_not_counted_as_clean(evaluation):
    assert "found nothing wrong" not in read(describe(evaluation))
    text = read(describe(evaluation, features=FEATURES))
    assert (
        "3 leakage checks found nothing wrong. Checks that did not run: “Size of the scan" in text
    )
    assert "“Shuffled labels”" in text


def test_few_exams_wide_intervals_and_missing_labels_are_named():
    labels = LABELS.astype(float).iloc[:60]
    labels.iloc[:3, 0] = np.nan
    positive = labels.index[labels["two"] == 1]
    labels.loc[positive[8:], "two"] = 0
    run = mf.cross_validate(MODEL, FEATURES.iloc[:60], labels, n_splits=2, n_repeats=2)
    text = read(describe(run))
    assert "8 exams (positive for two), fewer than 10" in text
    assert "another study of this size" in text
    assert "3 exams lack the label of a task." in text


def test_findings_of_the_audit_are_told(evaluation):
    def tell(*rows):
        names = ["exam", "plane", "code", "severity", "advice", "split"]
        found = pd.DataFrame(rows, columns=names).assign(value=np.nan, unit="")
        return read(describe(evaluation, findings=found))

    exam, other = LABELS.index[:2]
    rows = [
        (exam, "axial", "ghosting", "reject", "A.", "train"),
        (exam, "axial", "noise", "check", "B.", "train"),
        (other, "axial", "noise", "check", "C.", "train"),
        ("none", "axial", "stack-file", "reject", "D.", "train"),
    ]
    assert "The audit marks 1 scored exam to reject and 1 more to look at." in tell(*rows)
    assert "1 exam with findings was not scored." in tell(*rows)
    assert "The audit marks no scored exam to reject and 1 to look at." in tell(rows[2])
    assert "The audit marks no scored exam to reject." in tell()
    assert "audit" not in read(describe(evaluation))


def test_one_task_counts_its_labelled_exams_only():
    labels = LABELS[["one"]].astype(float)
    labels.iloc[:20] = np.nan
    part = describe(mf.cross_validate(MODEL, FEATURES, labels, n_splits=3, n_repeats=1))
    assert "an AUC for one of" in read(part)
    assert "140 exams, in cross-validation with 3 folds:" in read(part)
    assert any("one partition" in item for item in list_limits(part))


def test_held_out_exams_name_the_training_exams():
    halves = (FEATURES[:100], LABELS[:100]), (FEATURES[100:], LABELS[100:])
    part = describe(mf.evaluate(MODEL, *halves), features=FEATURES)
    assert "on 60 exams that were held out" in read(part)
    assert "fitted on 100 other exams" in read(part)
    assert "does not know where exams come from" in list_limits(part)[0]


def test_without_an_auc_the_rest_is_said():
    labels = LABELS.copy()
    labels.iloc[:30, 1] = [1] + [0] * 29
    held = mf.evaluate(MODEL, (FEATURES[30:], labels[30:]), (FEATURES[:30], labels[:30]))
    text = read(describe(held, sections=(describe_scores,)))
    assert "No AUC could be measured" in text
    assert "1 exam (positive for two)" in text


def test_limits_fit_the_study(evaluation, tmp_path):
    groups = pd.Series(range(160), LABELS.index) // 2
    grouped = mf.cross_validate(MODEL, FEATURES, LABELS, n_splits=3, n_repeats=2, groups=groups)
    assert any("patient ids" in item for item in list_limits(describe(evaluation)))
    assert not any("patient ids" in item for item in list_limits(describe(grouped)))
    several = describe({"a": evaluation, "b": grouped})
    assert any("best of 2 models" in item for item in list_limits(several))
    calibrated = describe(evaluation, sections=(describe_scores, describe_calibration))
    assert any("risk of a patient" in item for item in list_limits(calibrated))
    (tmp_path / "knees.json").write_text("{}")  # as `write_knees` leaves it
    axial = tmp_path / "train" / "axial"
    exams = tuple(mf.Exam(exam, {"axial": axial / f"{exam}.npy"}) for exam in LABELS.index)
    synthetic = describe(evaluation, (describe_scores,), dataset=mf.Dataset(exams, LABELS))
    assert "synthetic" in list_limits(synthetic)[0]
    assert not any("synthetic" in item for item in list_limits(describe(evaluation)))


def test_every_limit_is_short_and_they_are_few(evaluation):
    limits = list_limits(describe(evaluation, features=FEATURES))
    assert 3 <= len(limits) <= 6
    assert max(map(len, limits)) < 200


def test_a_task_in_which_the_other_model_is_better_is_named(evaluation, monkeypatch):
    monkeypatch.setattr(comparison, "describe_added_value", lambda *_: [])
    rng = np.random.default_rng(0)
    knowing = 0.3 * LABELS["one"] + 0.7 * rng.uniform(size=160)
    other = pd.DataFrame({"one": knowing.clip(0, 1) * 0.5 + 0.5 * LABELS["one"]})
    mixed = other.assign(two=rng.uniform(size=160))
    text = read(describe(evaluation, compare={"cnn": mixed}))
    assert "For one alone, the AUC of cnn is higher." in text


def test_a_difference_without_a_p_was_not_tested(monkeypatch):
    monkeypatch.setattr(comparison, "describe_added_value", lambda *_: [])
    once = mf.cross_validate(MODEL, FEATURES, LABELS, n_splits=3, n_repeats=1)
    guess = once.predictions.groupby("exam")[list(LABELS)].mean().sample(frac=1, random_state=0)
    others = {name: guess.set_axis(sorted(guess.index)) for name in ("b", "c")}
    text = read(describe(once, compare=others))
    assert "not tested was the difference from b (by 0." in text
    assert "no difference was shown" not in text
    assert "adjusted for their number" not in text


def test_models_on_other_exams_are_no_rivals(evaluation):
    held_out = mf.evaluate(MODEL, (FEATURES[:120], LABELS[:120]), (FEATURES[120:], LABELS[120:]))
    part = describe({"a": evaluation, "on valid": held_out}, (describe_scores,))
    assert not [limit for limit in list_limits(part) if "the best of" in limit]
