"""Side of the knee below the exam: as tags, positions and users say, and never guessed."""

import numpy as np
import pandas as pd
import pytest

import mrnet_features as mf
from mrnet_features.report.viewer.exam import describe_exam
from mrnet_features.report.viewer.side_words import find_side, say_side
from tests.support.dicom_files import draw_stack, write_series

pytest.importorskip("pydicom", reason="pydicom is not installed")


def say_it(exam):
    return say_side(find_side(exam))


def make_exam(folder, **options):
    write_series(folder, "coronal", draw_stack(5), **options)
    return mf.Exam("1", {"coronal_fluid": folder})


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"side_mm": 0.0, "Laterality": "L"}, "Left knee, by a tag of the files."),
        ({"side_mm": -80.0, "Laterality": ""}, "Probably the right knee, by its position"),
        ({"side_mm": 0.0}, "Side of the knee unknown."),
    ],
)
def test_the_side_is_said_with_its_source(tmp_path, options, said):
    assert say_it(make_exam(tmp_path / "a", **options)).startswith(said)


def test_a_side_as_given_is_said_for_arrays_too_and_nothing_else(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((3, 64, 64), np.uint8))
    paths = {"coronal": tmp_path / "a.npy"}
    assert say_it(mf.Exam("1", paths, side="right")) == "Right knee, as given."
    assert say_it(mf.Exam("1", paths)) == ""
    assert say_it({"coronal": np.zeros((3, 64, 64), np.uint8)}) == ""


def test_the_viewer_gets_the_side_and_contact_sheets_say_it(tmp_path):
    exam = make_exam(tmp_path / "a", side_mm=0.0, Laterality="L")
    names = ["task", "column", "value", "contribution", "n_columns", "total"]
    empty = pd.DataFrame(columns=names)
    findings = pd.DataFrame(columns=["plane", "code", "severity", "advice"])
    detail = describe_exam("1", exam, empty, findings, "minimal").detail
    assert detail["side"] == "Left knee, by a tag of the files."
    caption = " ".join(mf.plot_exam(exam, n_slices=2).texts[0].get_text().split())
    assert caption.endswith("Left knee, by a tag of the files.")
