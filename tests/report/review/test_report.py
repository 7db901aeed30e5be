"""A whole report: every number of the page is in its JSON, texts stay text, nothing is loaded."""

import csv
import html
import json
import re

import numpy as np
import pandas as pd
import pytest

import mrnet_features as mf
from mrnet_features.evaluation.importance.null_importance import NullImportance
from mrnet_features.evaluation.leakage.negative_controls import NegativeControl
from mrnet_features.evaluation.leakage.permutation import PermutationTest
from mrnet_features.evaluation.metrics.stability import compare_tables
from mrnet_features.report.review.earlier import FORMAT
from mrnet_features.report.review.report import make_report
from tests.support.page_numbers import is_known, list_sections, list_unknown
from tests.support.tables import plant_signal

EVIL = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def study():
    features, labels = plant_signal(160)
    labels = labels.rename(columns={"two": EVIL})
    evaluation = mf.cross_validate(None, features, labels, n_repeats=2, n_jobs=1)
    return evaluation, features


@pytest.fixture(scope="module")
def report(study, tmp_path_factory):
    evaluation, features = study
    dataset = write_dataset(tmp_path_factory.mktemp("exams"), evaluation.labels)
    scores = evaluation.predictions.groupby("exam")[list(evaluation.labels.columns)].mean()
    factors = pd.DataFrame({EVIL: [EVIL, "south"] * 80}, index=evaluation.labels.index)
    return make_report(
        {EVIL: evaluation},
        dataset,
        features,
        {f"cnn {EVIL}": scores.round(1)},
        list_findings(evaluation.labels.index),
        subgroups=factors,
        also=list_results(evaluation, features),
        stated={"CLEAR 8": f"{EVIL} exempt since 1998."},
        command=f"mrnet-features report {EVIL}",
    )


def list_results(evaluation, features):
    """Results of tests that would take long, as they are passed in."""
    tasks = list(evaluation.labels.columns)
    groups = [(k, task, name) for k in range(3) for task in tasks for name in ("glcm", "my")]
    rows = [(*group, 0.25 + group[0]) for group in groups]
    null = NullImportance("shap", pd.DataFrame(rows, columns=["round", "task", "group", "value"]))
    aucs = pd.Series([0.47, 0.52, 0.56])
    control = NegativeControl("shuffled labels", aucs, passed=True, text="mean AUC 0.517")
    observed = pd.Series([0.71, 0.82, 0.765], index=[*tasks, "mean"])
    test = PermutationTest(observed, pd.DataFrame([[0.5] * 3] * 9, columns=observed.index), True)
    return null, control, test, compare_tables(features, {EVIL: features * 1.25})


def write_dataset(folder, labels):
    """Small stacks of one plane; one exam more than was scored."""
    exams = []
    for k, exam in enumerate([*labels.index, "9999"]):
        path = folder / f"{exam}.npy"
        np.save(path, np.full((2, 16, 16), k, np.uint8))
        exams.append(mf.Exam(exam, {"axial": path}))
    return mf.Dataset(tuple(exams), labels)


def list_findings(exams):
    """Three findings to reject with text of a user, and one of an exam that was not scored."""
    rows = [
        {"exam": exam, "plane": "axial", "code": EVIL, "severity": "reject", "value": 2.5}
        for exam in [*exams[:3], "9999"]
    ]
    return pd.DataFrame(rows).assign(advice=f"{EVIL} on 17 slices.")


def test_every_number_of_the_page_is_in_the_json(report):
    numbers = json.loads(json.dumps(report.numbers))
    for title, unknown in list_unknown(numbers, report.page.html).items():
        assert not unknown, f"{title}: {unknown}"
    shown = dict(list_sections(report.page.html))
    assert any(re.search(r"0\.\d{3}", text) for text in shown.values())


def test_a_wrong_number_would_be_found():
    assert is_known("0.912", [0.9123])
    assert is_known("91%", [0.9123])
    assert not is_known("0.913", [0.9123])
    assert not is_known("92%", [0.9123])


def test_texts_of_users_stay_text_and_nothing_is_loaded(report):
    page = report.page.html
    assert EVIL not in page
    assert html.escape(EVIL) in page
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)
    assert " style=" not in page


def test_files_are_written_and_old_tables_removed(report, tmp_path):
    out = tmp_path / "mine.html"
    (tmp_path / "mine-files").mkdir()
    earlier = {"format": FORMAT, "parts": {"scores": {"tables": {"old": []}}}}
    (tmp_path / "mine.json").write_text(json.dumps(earlier))
    for name in ("scores-old.csv", "own.csv"):
        (tmp_path / "mine-files" / name).write_text("a\n1\n")
    report.save(out)
    assert out.read_text() == report.page.html
    assert json.loads((tmp_path / "mine.json").read_text()) == report.numbers
    names = {file.name for file in (tmp_path / "mine-files").iterdir()}
    assert "scores-summary.csv" in names
    assert "scores-old.csv" not in names
    assert "own.csv" in names
    file = tmp_path / "mine-files" / "scores-summary.csv"
    header, *rows = csv.reader(file.read_text().splitlines())
    assert [float(row[header.index("auc")]) for row in rows] == [
        row["auc"] for row in report.numbers["parts"]["scores"]["tables"]["summary"]
    ]
