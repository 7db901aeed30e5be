"""The tables of the RSNA layout are read line by line; a line of another width is a problem."""

import math

import pytest

from mrnet_features.data.rsna.files import read_series, read_studies
from tests.support.rsna_folder import HEADER

STUDIES = "StudyInstanceUID,Report,ACL,MCL,Effusion\n"


@pytest.mark.parametrize(
    ("line", "n_cells"),
    [
        ("1.2.1,1,0,1", 4),  # without its report: ACL would be 0 and MCL 1
        ("1.2.1,fine,1", 3),  # cut off
        ("1.2.1,fine", 2),
        ("1.2.1", 1),
        ("1.2.1,mild, effusion,1,0,1", 6),
    ],
)
def test_a_line_of_another_width_than_the_header_is_a_problem(tmp_path, line, n_cells):
    path = tmp_path / "train.csv"
    path.write_text(f"{STUDIES}1.2.9,fine,0,0,0\n{line}\n")
    studies = read_studies(path)
    (problem,) = studies.problems
    assert f"train.csv line 3: a line must have the 5 cells of the header, got {n_cells}." in (
        problem.text
    )
    assert problem.exam == "1.2.1"
    assert list(studies.labels) == ["1.2.9"]


def test_empty_cells_at_the_end_are_labels_that_are_missing(tmp_path):
    path = tmp_path / "train.csv"
    path.write_text(f"{STUDIES}1.2.1,fine,1,,\n,,,,\n\n1.2.2,,,,\n")
    studies = read_studies(path)
    assert not studies.problems
    assert studies.labels["1.2.1"][0] == 1
    assert all(map(math.isnan, (*studies.labels["1.2.1"][1:], *studies.labels["1.2.2"])))
    assert studies.reports == {"1.2.1": "fine", "1.2.2": ""}


def test_empty_columns_of_a_spreadsheet_do_not_matter(tmp_path):
    path = tmp_path / "train.csv"
    path.write_text("StudyInstanceUID,ACL,,\n1.2.1,1,,\n1.2.2,\n1.2.3,0\n")
    studies = read_studies(path)
    assert not studies.problems
    assert studies.findings == ("ACL",)
    assert [cells[0] for cells in studies.labels.values()] == [
        1,
        pytest.approx(math.nan, nan_ok=True),
        0,
    ]


@pytest.mark.parametrize("line", ["1.2.1,1.2.1.2,1,1", "1.2.1,1,0,Axial", "1.2.1"])
def test_a_short_line_of_the_series_is_a_problem(tmp_path, line):
    path = tmp_path / "train_series.csv"
    path.write_text(f"{','.join(HEADER)}\n1.2.1,1.2.1.1,1,1,Axial\n{line}\n")
    series, (problem,) = read_series(path)
    assert [one.uid for one in series] == ["1.2.1.1"]
    assert "line 3: a line must have the 5 cells of the header" in problem.text
