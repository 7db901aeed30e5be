"""Widget of the viewer without a browser: messages, marks, page and picture."""

import base64
import io
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import mrnet_features as mf
from tests.support.viewed_exams import make_stack, write_exams

pytest.importorskip("anywidget", reason="anywidget is not installed")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return write_exams(tmp_path_factory.mktemp("exams"), 14)


def ask(viewer, exam, monkeypatch):
    """Answer of the widget to a browser that asks for an exam."""
    sent = []
    monkeypatch.setattr(viewer, "send", lambda content, buffers=(): sent.append((content, buffers)))
    viewer._handle_custom_msg({"kind": "exam", "id": exam}, [])
    viewer._worker.shutdown()  # waits for the answer
    return sent[0]


def test_an_exam_crosses_once_and_lossless(dataset, monkeypatch):
    viewer = mf.view(dataset)
    content, buffers = ask(viewer, "0002", monkeypatch)
    assert (content["kind"], content["id"]) == ("exam", "0002")
    for plane in content["detail"]["planes"]:
        sheet = np.asarray(Image.open(io.BytesIO(buffers[plane["picture"]])).convert("L"))
        stack = dataset["0002"].load(plane["plane"])
        np.testing.assert_array_equal(sheet[: plane["height"], : plane["width"]], stack[0])
    # the state that a notebook saves has no pixels
    assert len(str(viewer.get_state())) < 100_000


def test_an_exam_that_cannot_be_read_is_named(monkeypatch, tmp_path, caplog):
    broken = tmp_path / "axial.npy"
    broken.write_bytes(b"no stack")
    content, _ = ask(mf.view(mf.Exam("0042", {"axial": broken})), "0042", monkeypatch)
    assert content["kind"] == "failed"
    assert "axial.npy" in content["text"]
    assert "Exam 0042 can't be shown" in caplog.text


def test_marks_are_a_table_that_load_mrnet_excludes_by(dataset):
    viewer = mf.view(dataset)
    row = {"exam": "0003", "plane": "", "code": "reader", "severity": "reject", "value": None}
    rows = [{**row, "advice": "moved"}]
    viewer._handle_custom_msg({"kind": "marks", "by": "a view", "rows": rows}, [])
    marks = viewer.marks
    assert marks.loc[0, ["exam", "severity", "advice"]].tolist() == ["0003", "reject", "moved"]
    again = mf.view(dataset, marks=marks)
    assert again.marked["rows"] == rows
    assert repr(again) == "ExamViewer(14 exams, 1 marked)"
    again.marks = marks[:0]
    assert again.marks.empty
    with pytest.raises(ValueError, match="got 'bad'"):
        again.marks = marks.assign(severity="bad")


def test_a_page_has_all_exams_of_the_viewer(dataset, tmp_path):
    viewer = mf.view(dataset)
    viewer.save_as_html(tmp_path / "all.html")
    assert "Knee MRI: 14 exams" in (tmp_path / "all.html").read_text()
    viewer.save_as_html(tmp_path / "one.html", ids=["0007"])
    assert "Knee MRI: 1 of 14 exams<" in (tmp_path / "one.html").read_text()


def test_a_page_of_many_exams_that_nobody_named_is_cut_with_a_warning(dataset, tmp_path):
    stack = {"axial": dataset["0000"].paths["axial"]}
    many = mf.Dataset(tuple(mf.Exam(f"{k:04d}", stack) for k in range(51)), pd.DataFrame())
    with pytest.warns(UserWarning, match="first 50 of the viewer's 51 exams.*ids="):
        mf.view(many).save_as_html(tmp_path / "cut.html")
    assert "Knee MRI: 50 of 51 exams" in (tmp_path / "cut.html").read_text()
    mf.view(many, ids=many.ids).save_as_html(tmp_path / "all.html")
    assert "Knee MRI: 51 exams" in (tmp_path / "all.html").read_text()


def test_marks_made_in_the_notebook_go_into_the_page(dataset, tmp_path):
    viewer = mf.view(dataset)
    row = {"exam": "0001", "plane": "", "code": "reader", "severity": "agree", "value": None}
    viewer.marks = pd.DataFrame([{**row, "advice": "clear tear"}])
    viewer.save_as_html(tmp_path / "one.html", ids=["0001"])
    assert "clear tear" in (tmp_path / "one.html").read_text()


def test_without_anywidget_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.delitem(sys.modules, "mrnet_features.report.viewer.widget", raising=False)
    monkeypatch.setitem(sys.modules, "anywidget", None)
    expected = r"needs anywidget: pip install 'mrnet-features\[view\]'"
    with pytest.raises(ImportError, match=expected) as caught:
        mf.view({"sagittal": make_stack((5, 64, 64))})
    exec(str(caught.value).rpartition("pillow: ")[2].rstrip("."), {})  # the import it names works


def test_places_that_run_no_widgets_get_a_picture(monkeypatch):
    data, _ = mf.view({"sagittal": make_stack((5, 64, 64))})._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert picture.width > 200
    monkeypatch.setattr("mrnet_features.report.viewer.widget.find_spec", lambda _: None)
    without, _ = mf.view({"sagittal": make_stack((5, 64, 64))})._repr_mimebundle_()
    assert "image/png" not in without


def test_the_picture_is_drawn_once_and_of_the_first_readable_exam(dataset, tmp_path, monkeypatch):
    (tmp_path / "axial.npy").write_bytes(b"no stack")
    broken = mf.Exam("0042", {"axial": tmp_path / "axial.npy"})
    viewer = mf.view(mf.Dataset((broken, *dataset.exams[:2]), pd.DataFrame()))
    data, _ = viewer._repr_mimebundle_()
    alone, _ = mf.view(dataset.exams[0])._repr_mimebundle_()
    assert data["image/png"] == alone["image/png"]
    monkeypatch.setattr("mrnet_features.report.viewer.widget.plot_exam", None)
    again, _ = viewer._repr_mimebundle_()
    assert again["image/png"] == data["image/png"]


def test_a_viewer_without_a_readable_exam_is_shown_without_a_picture(tmp_path):
    (tmp_path / "axial.npy").write_bytes(b"no stack")
    data, _ = mf.view(mf.Exam("0042", {"axial": tmp_path / "axial.npy"}))._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert "image/png" not in data
