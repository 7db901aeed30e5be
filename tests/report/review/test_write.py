"""`write_report` replaces reports only, refuses misspelt options, and says what it needs."""

import inspect
import json

import pandas as pd
import pytest

import mrnet_features as mf
from mrnet_features.evaluation.comparison.group_gap import GroupGap
from mrnet_features.report.review import write
from mrnet_features.report.review.earlier import FORMAT, VIEWER
from mrnet_features.report.review.report import make_report
from mrnet_features.report.review.write import check_place, write_report
from tests.support.tables import plant_signal


@pytest.fixture(scope="module")
def evaluation():
    features, labels = plant_signal(40)
    return mf.cross_validate(mf.prior_baseline(), features, labels, n_splits=2, n_repeats=1)


def test_every_option_of_a_report_is_an_argument_of_its_own():
    ours, theirs = (inspect.signature(f).parameters for f in (write_report, make_report))
    assert set(ours) == {*theirs, "out"}
    for name in set(theirs) - {"viewer"}:  # an address there, and whether to write it here
        assert ours[name].default == theirs[name].default
    assert not [p for p in ours.values() if p.kind is inspect.Parameter.VAR_KEYWORD]


def test_a_misspelt_option_is_refused(evaluation, tmp_path):
    with pytest.raises(TypeError, match="feature"):
        write_report(evaluation, feature=None, out=tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []


def test_page_numbers_and_tables_lie_beside_each_other(evaluation, tmp_path):
    (tmp_path / "report-files").mkdir()
    (tmp_path / "report-files" / VIEWER).write_text("of an earlier report, with other exams")
    (tmp_path / "report.json").write_text(json.dumps({"format": FORMAT}))
    report = write_report(evaluation, out=tmp_path / "report.html", title="Mine", command="typed")
    assert {path.name for path in tmp_path.iterdir()} == {
        "report.html",
        "report.json",
        "report-files",
    }
    assert not (tmp_path / "report-files" / VIEWER).exists()
    numbers = json.loads((tmp_path / "report.json").read_text())
    assert numbers["title"] == report.title == "Mine"
    assert "typed" in json.dumps(numbers["parts"]["provenance"])


def test_the_viewer_needs_exams(evaluation, tmp_path):
    with pytest.raises(ValueError, match="Pass `dataset`, or leave viewer=True out"):
        write_report(evaluation, out=tmp_path / "report.html", viewer=True)


@pytest.mark.parametrize("text", ["{}", "[]", "no JSON", '{"format": "another"}'])
def test_a_file_that_is_no_report_is_not_replaced(evaluation, tmp_path, text):
    (tmp_path / "audit.json").write_text(text)
    with pytest.raises(FileExistsError, match=r"audit\.json' is no report"):
        write_report(evaluation, out=tmp_path / "audit.html")
    assert (tmp_path / "audit.json").read_text() == text
    assert not (tmp_path / "audit.html").exists()


def test_the_page_has_the_ending_of_a_page(tmp_path):
    said = r"must be a file that ends in \.html, got 'report\.json'\. Name it 'report\.html'\."
    with pytest.raises(ValueError, match=said):
        check_place("report.json")
    check_place(tmp_path / "report.HTML")


def test_packages_that_are_not_installed_are_named_first(evaluation, tmp_path, monkeypatch):
    packages = {"jinja2": "jinja2", "no_such_module": "Pillow", "nor_this": "matplotlib"}
    monkeypatch.setattr(write, "PACKAGES", packages)
    monkeypatch.setattr(write, "collect_inputs", pytest.fail)
    message = r"needs Pillow, matplotlib: pip install 'mrnet-features\[report\]'"
    with pytest.raises(ImportError, match=message):
        write_report(evaluation, out=tmp_path / "report.html")


def test_a_viewer_page_of_the_user_is_kept(evaluation, tmp_path):
    mine = tmp_path / "report-files" / VIEWER
    mine.parent.mkdir()
    mine.write_text("mine")
    write_report(evaluation, out=tmp_path / "report.html")
    assert mine.read_text() == "mine"


def test_results_of_other_exams_are_refused(evaluation, tmp_path):
    features, labels = plant_signal(60)
    other = mf.cross_validate(mf.prior_baseline(), features, labels, n_splits=2, n_repeats=1)
    gap = GroupGap(other, other, pd.DataFrame())
    with pytest.raises(ValueError, match="results of the 40 exams of the evaluation"):
        write_report(evaluation, also=[gap], out=tmp_path / "report.html")
    with pytest.raises(TypeError, match="`also` must hold results, got str"):
        write_report(evaluation, also=["gap"], out=tmp_path / "report.html")
