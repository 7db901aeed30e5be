"""Page with the viewer beside a report: its exams, and links that open them."""

import json
import re

import pytest
from sklearn.naive_bayes import GaussianNB

import mrnet_features as mf
from mrnet_features.report.review.disagreements import describe_disagreements
from mrnet_features.report.review.earlier import FORMAT
from mrnet_features.report.review.inputs import collect_inputs
from mrnet_features.report.review.viewer_page import is_viewable, write_viewer
from mrnet_features.report.review.write import write_report
from tests.support.browser import Watched, open_browser
from tests.support.dicom_files import draw_stack, write_series
from tests.support.viewed_exams import evaluate_exams, write_exams
from tests.support.viewer_page import read_position, settle


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return write_exams(tmp_path_factory.mktemp("exams"), 20)


@pytest.fixture(scope="module")
def study(dataset):
    return evaluate_exams(dataset)


def test_a_click_on_a_picture_opens_its_exam_plane_and_slice(study, dataset, tmp_path):
    out = tmp_path / "my report.html"
    report = write_report(study[0], dataset, study[1], out=out, viewer=True)
    (part,) = [part for part in report.parts if part.name == "disagreements"]
    wanted = part.tables["pictures"].iloc[1]
    with open_browser() as browser:
        watched = Watched(browser.new_page())
        page = watched.page
        page.goto(out.as_uri())
        page.locator(f"a[href*='exam={wanted['exam']}&'] img").click()
        page.wait_for_selector(f"#mv-root[data-exam='{wanted['exam']}']", timeout=20_000)
        settle(page)
        shown = read_position(page, wanted["plane"])
        assert shown == f"{wanted['slice']} / {wanted['n_slices']}"
        assert page.locator(".mv-active").get_attribute("data-plane") == wanted["plane"]
        assert page.locator(".mv-contributions [aria-pressed=true]").count() == 1
        assert watched.complaints == []


def test_the_viewer_has_the_listed_exams_that_can_be_read(study, dataset, tmp_path):
    evaluation, table = study
    broken = tmp_path / "broken.npy"
    broken.write_bytes(b"none")
    exams = [
        mf.Exam(exam.id, {"axial": broken} if exam.id == "0003" else exam.paths) for exam in dataset
    ]
    changed = mf.Dataset(tuple(exams), dataset.labels)
    inputs = collect_inputs(evaluation, changed, table)
    (part,) = describe_disagreements(inputs)
    file = tmp_path / "viewer.html"
    write_viewer(file, inputs, [part])
    listed = [exam for exam in part.tables["exams"]["exam"] if exam != "0003"]
    ids = re.findall(r'"id":"([0-9]+)","labels"', file.read_text())
    assert ids == listed
    write_viewer(file, inputs, [])
    assert not file.exists()


def test_models_that_can_not_be_explained_have_a_viewer_too(study, dataset, tmp_path):
    evaluation = mf.cross_validate(GaussianNB(), study[1], dataset.labels, n_splits=4, n_repeats=1)
    inputs = collect_inputs(evaluation, dataset, study[1])
    (part,) = describe_disagreements(inputs)
    assert "got GaussianNB" in part.facts["no_reasons"]
    file = tmp_path / "viewer.html"
    write_viewer(file, inputs, [part])
    assert part.tables["exams"]["exam"].iloc[0] in file.read_text()


def test_without_a_viewer_no_picture_links_and_an_old_page_goes(study, dataset, tmp_path):
    out = tmp_path / "report.html"
    old = tmp_path / "report-files" / "viewer.html"
    old.parent.mkdir()
    old.write_text("old")
    out.with_suffix(".json").write_text(json.dumps({"format": FORMAT}))
    write_report(study[0], dataset, out=out)
    assert not old.exists()
    assert "viewer.html" not in out.read_text()


def test_an_own_page_is_linked_and_left_alone(study, dataset, tmp_path):
    out = tmp_path / "report.html"
    own = tmp_path / "report-files" / "viewer.html"
    own.parent.mkdir()
    own.write_text("own")
    write_report(study[0], dataset, out=out, viewer="report-files/viewer.html")
    assert own.read_text() == "own"
    assert 'href="report-files/viewer.html#exam=' in out.read_text()


def test_an_exam_of_scans_can_be_viewed_and_one_with_a_damaged_series_not(tmp_path):
    pytest.importorskip("pydicom", reason="pydicom is not installed")
    folder = write_series(tmp_path / "a", "coronal", draw_stack(6))
    assert is_viewable(mf.Exam("1", {"coronal_fluid": folder}))
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "IM1").write_bytes(b"none")
    assert not is_viewable(mf.Exam("1", {"coronal_fluid": folder, "axial": tmp_path / "b"}))
