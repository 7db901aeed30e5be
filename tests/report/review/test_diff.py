"""The first cause of a difference between two reports is named; files of strangers are refused."""

import json

import numpy as np
import pandas as pd
import pytest

import mrnet_features as mf
from mrnet_features.report.review.diff import compare_reports
from mrnet_features.report.review.report import make_report
from tests.support.tables import plant_signal

FEATURES, LABELS = plant_signal(60)


def report(model=None, features=FEATURES, labels=LABELS, seed=0, **options):
    model = mf.logistic_baseline() if model is None else model
    evaluation = mf.cross_validate(
        model, features, labels, n_splits=2, n_repeats=1, seed=seed, **options
    )
    return make_report(evaluation, features=features, seed=seed)


@pytest.fixture(scope="module")
def base():
    return report()


@pytest.fixture(scope="module")
def plain(base):
    """Numbers of the report, to be changed."""
    return json.dumps(base.numbers)


def test_equal_reports_differ_in_nothing(base):
    found = compare_reports(base, report())
    assert found.differing == []
    assert found.sentence.startswith("Nothing differs: the predictions are equal to the last bit.")
    assert (found.frame()["difference"] == 0).all()
    assert set(found.summary()["state"]) <= {"equal", "not recorded"}


def flip(labels):
    labels = labels.copy()
    labels.iloc[[3, 5], 0] = 1 - labels.iloc[[3, 5], 0]
    return labels


def shift(features):
    features = features.copy()
    features.iloc[7, 0] += 1.0
    return features


@pytest.mark.parametrize(
    ("changes", "cause", "detail"),
    [
        (
            {"features": FEATURES[2:], "labels": LABELS[2:]},
            "the exams",
            f"2 only in the first ({FEATURES.index[0]!r}, {FEATURES.index[1]!r}); 58 in both",
        ),
        ({"labels": flip(LABELS)}, "the labels", "2 of 60 exams"),
        ({"seed": 1}, "the folds", "Made with seed 0 and 1"),
        ({"features": FEATURES.iloc[:, 1:]}, "the feature columns", "columns against"),
        ({"features": shift(FEATURES)}, "the feature values", "1 of 60 exams"),
        ({"model": mf.prior_baseline()}, "the classifier", "ScaledLogistic against"),
        ({"model": mf.logistic_baseline().set_params(C=9.0)}, "the parameters", "1.0 against 9.0"),
        ({"sample_weight": pd.Series(2.0, FEATURES.index)}, "the weights", ""),
    ],
)
def test_the_first_cause_is_named(base, changes, cause, detail):
    changed = report(**changes)
    for found in (compare_reports(base, changed), compare_reports(changed, base)):
        assert found.differing[0].what == cause
        assert found.sentence.startswith(cause[0].upper() + cause[1:])
    found = compare_reports(base, changed)
    assert detail in found.differing[0].detail
    assert "differ" in found.sentence


def test_folds_that_follow_from_other_exams_are_no_cause_of_their_own(base):
    found = compare_reports(base, report(features=FEATURES[2:], labels=LABELS[2:]))
    assert [cause.what for cause in found.differing] == ["the exams"]
    assert found.summary().loc["the folds", "state"] == "can't be compared"
    assert "All else that both reports record is equal." in found.sentence


def test_another_version_is_named_with_the_size_of_the_difference(plain, tmp_path):
    numbers = json.loads(plain)
    provenance = numbers["parts"]["provenance"]["facts"]
    provenance["versions"]["lightgbm"] = "4.0.0"
    provenance["models"]["model"]["predictions"] = "0" * 16
    row = numbers["parts"]["scores"]["tables"]["summary"][0]
    first = row["auc"]
    row["auc"] = first + 0.003
    paths = write(tmp_path, plain, json.dumps(numbers))
    found = compare_reports(*paths)
    assert [cause.what for cause in found.differing] == ["the versions of packages"]
    assert "against 4.0.0" in found.sentence
    assert f"{first:.3f} against {first + 0.003:.3f}, inside the 95 % interval" in found.sentence
    assert "0 of 2" not in found.sentence
    whole = found.frame().dropna(subset="ci_low").set_index("task")
    assert whole["difference"].max() == pytest.approx(0.003)


def test_cross_validation_and_held_out_exams_are_told_apart(base):
    train, valid = FEATURES[:40], FEATURES[40:]
    holdout = mf.evaluate(mf.logistic_baseline(), (train, LABELS[:40]), (valid, LABELS[40:]))
    found = compare_reports(base, make_report(holdout, features=FEATURES))
    folds = found.summary().loc["the folds"]
    assert folds["detail"] == "cross-validation against held-out exams."


def test_the_figure_shows_differences_with_the_interval_around_zero(base):
    found = compare_reports(base, report(seed=1))
    axes = found.plot()
    assert len(axes.get_yticks()) == found.frame()["fold"].isna().sum()
    low, high = axes.get_xlim()
    assert low < 0 < high


def write(folder, *texts):
    paths = [folder / f"{k}.json" for k in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    return paths


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "can't be read as JSON"),
        ("[" * 100_000, "can't be read as JSON"),
        ("[1]", "must be the JSON file of a report, .* got another file"),
        ('{"format": "x\\u001b[2J"}', r"got 'x\\x1b\[2J'"),
        ('{"format": "mrnet-features report 1"}', "must hold an object 'parts'"),
        ('{"format": "mrnet-features report 1", "parts": []}', "must hold an object 'parts'"),
    ],
)
def test_other_files_are_refused_by_name(plain, tmp_path, text, message):
    paths = write(tmp_path, plain, text)
    with pytest.raises(ValueError, match=message) as caught:
        compare_reports(*paths)
    assert "1.json" in str(caught.value)
    assert "\x1b" not in str(caught.value)


def change(numbers, path, value):
    *parents, last = path
    for key in parents:
        numbers = numbers[key]
    numbers[last] = value


FACTS = ("parts", "provenance", "facts")
TABLES = ("parts", "scores", "tables")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ((*FACTS, "digests"), {"0001": ["a"]}, "two hashes for each exam"),
        ((*FACTS, "digests"), {"0001": [1, None]}, "two hashes for each exam"),
        ((*FACTS, "versions"), {"numpy": {"a": 1}}, "simple values"),
        ((*FACTS, "models"), [], "an object 'models'"),
        ((*FACTS, "models"), {}, "an object ''"),
        ((*FACTS, "extraction"), {"recipe": {"families": [1]}}, "families with names"),
        ((*TABLES, "summary"), [], "at least one task"),
        ((*TABLES, "summary"), [{"task": "acl", "auc": "a", "ci_low": 0, "ci_high": 1}], "numbers"),
        ((*TABLES, "summary"), [{"task": "acl"}], "a table 'summary'"),
        ((*TABLES, "folds"), {"a": 1}, "a table 'folds'"),
        ((*TABLES, "folds"), [{"repeat": 0, "fold": 10**400}], "numbers in the tables"),
        ((*TABLES, "folds"), [{"repeat": 0, "fold": 0.5}], "whole numbers of repeats and folds"),
        ((*TABLES, "folds"), [{"repeat": 0, "fold": None}], "whole numbers of repeats and folds"),
    ],
)
def test_a_file_with_other_contents_is_refused_by_name(plain, tmp_path, path, value, message):
    numbers = json.loads(plain)
    change(numbers, path, value)
    paths = write(tmp_path, plain, json.dumps(numbers))
    with pytest.raises(ValueError, match=message) as caught:
        compare_reports(*paths)
    assert "1.json" in str(caught.value)
    assert "Make the report again" in str(caught.value)


def test_the_page_is_refused_with_the_name_of_the_json_file(tmp_path):
    with pytest.raises(ValueError, match=r"Pass the JSON file beside it, '.*report\.json'"):
        compare_reports(tmp_path / "report.html", tmp_path / "report.json")
    with pytest.raises(TypeError, match="must be a Report or the path"):
        compare_reports({}, {})


def test_texts_of_strangers_are_cut(plain, tmp_path):
    numbers = json.loads(plain)
    change(numbers, (*FACTS, "versions", "numpy"), "9\x1b[2J" * 1000)
    found = compare_reports(*write(tmp_path, plain, json.dumps(numbers)))
    assert "\x1b" not in found.sentence
    assert len(found.sentence) < 600


def test_missing_features_are_not_recorded():
    evaluation = mf.cross_validate(
        mf.prior_baseline(), FEATURES, LABELS, n_splits=2, n_repeats=1, seed=0
    )
    found = compare_reports(make_report(evaluation), make_report(evaluation))
    assert found.summary().loc["the feature columns", "state"] == "not recorded"
    assert np.isfinite(found.frame()["first"]).all()


def test_without_an_interval_none_is_told(plain, tmp_path):
    changed = json.loads(plain)
    for row in changed["parts"]["scores"]["tables"]["summary"]:
        row |= {"auc": 0.4, "ci_low": None, "ci_high": None}
    file = tmp_path / "report.json"
    file.write_text(json.dumps(changed))
    said = compare_reports(file, report(seed=1)).sentence
    assert "the first has no interval" in said
    assert "nan" not in said


def test_parameters_of_all_tasks_are_compared_with_those_of_each(base):
    models = {"one": mf.logistic_baseline(), "two": mf.logistic_baseline().set_params(C=0.01)}
    causes = compare_reports(base, report(models)).summary()
    assert causes.loc["the parameters", "detail"] == "two: C 1.0 against 0.01."


def test_text_that_can_not_be_printed_is_escaped(plain, tmp_path):
    file = tmp_path / "report.json"
    file.write_text(plain.replace('"one"', '"\\ud800"'))
    found = compare_reports(file, file)
    assert "\\ud800" in str(list(found.frame()["task"]))
    found.sentence.encode()
    found.frame().to_csv().encode()
