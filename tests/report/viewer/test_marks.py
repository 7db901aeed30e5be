"""Reader's marks in the form of the audit."""

import json

import numpy as np
import pandas as pd
import pytest

import mrnet_features as mf
from mrnet_features.cli.named_files import read_exclusion
from mrnet_features.report.viewer.marks import read_marks, tabulate_marks

ROW = {"exam": "0003", "plane": "", "code": "reader", "severity": "reject", "value": None}
ROWS = [{**ROW, "advice": "moved"}, {**ROW, "exam": "0007", "severity": "agree", "advice": ""}]


def test_the_table_has_the_columns_and_types_of_the_audit(tmp_path):
    dataset = mf.Dataset((), pd.DataFrame({"acl": []}))
    expected = mf.audit(dataset, codes="label-conflict")
    for rows in (ROWS, []):
        table = tabulate_marks(rows)
        assert list(table.columns) == list(expected.columns)
        assert table["value"].dtype == expected["value"].dtype
    assert np.isnan(tabulate_marks(ROWS)["value"]).all()


def test_a_saved_file_excludes_what_the_reader_excluded(tmp_path):
    file = tmp_path / "marks.json"
    file.write_text(json.dumps(ROWS))
    assert read_exclusion(str(file)) == ["0003"]


def test_marks_are_read_back_from_a_table_and_a_file(tmp_path):
    file = tmp_path / "marks.json"
    file.write_text(json.dumps(ROWS))
    assert read_marks(file) == read_marks(tabulate_marks(ROWS)) == read_marks(str(file)) == ROWS
    assert read_marks(None) == read_marks(tabulate_marks([])) == []


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"exam": "0003"}], "texts exam, severity and advice"),
        ({"exam": "0003"}, "texts exam, severity and advice"),
        ([{**ROW, "advice": "", "severity": "bad"}], "must be one of agree, check, reject, note"),
        ([{**ROW, "advice": ""}] * 2, "two marks of exam '0003'"),
    ],
)
def test_other_files_are_refused_by_name(tmp_path, rows, message):
    file = tmp_path / "marks.json"
    file.write_text(json.dumps(rows))
    with pytest.raises(ValueError, match=message) as caught:
        read_marks(file)
    assert "marks.json" in str(caught.value)
