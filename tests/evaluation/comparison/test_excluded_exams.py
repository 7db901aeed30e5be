"""Findings and ids name the exams to leave out; what can't be meant is refused."""

import pandas as pd
import pytest

from mrnet_features.evaluation.comparison.excluded_exams import read_excluded

EXAMS = pd.Index(["0001", "0002", "0003"])
FINDINGS = pd.DataFrame(
    {
        "exam": ["0003", "0001", "0003", "0003", "0002", "", "0099"],
        "plane": ["axial", "", "coronal", "axial", "axial", "", ""],
        "code": ["blank", "reader", "blank", "blur", "blur", "layout", "blank"],
        "severity": ["reject", "reject", "reject", "reject", "check", "reject", "reject"],
    }
)


def test_findings_of_the_severity_count_once_per_exam_and_code():
    assert read_excluded(FINDINGS, EXAMS) == {"0001": ["reader"], "0003": ["blank", "blur"]}
    assert read_excluded(FINDINGS, EXAMS, "check") == {"0002": ["blur"]}
    assert list(read_excluded(FINDINGS, EXAMS, None)) == ["0001", "0002", "0003"]
    assert list(read_excluded(FINDINGS, EXAMS, ["reject", "check"])) == ["0001", "0002", "0003"]


def test_the_json_of_marks_is_read_like_the_table():
    rows = FINDINGS.to_dict("records")
    assert read_excluded(rows, EXAMS) == read_excluded(FINDINGS, EXAMS)


def test_ids_may_be_numbers_where_the_evaluation_has_numbers():
    findings = pd.DataFrame({"exam": [7, 8], "code": "blur", "severity": ["check", "reject"]})
    assert read_excluded(findings, pd.Index([7, 8])) == {8: ["blur"]}


@pytest.mark.parametrize(
    "ids", [["0003", "0001", "0003"], {"0001", "0003"}, pd.Series(["0003", "0001"])]
)
def test_ids_are_taken_as_they_are(ids):
    assert read_excluded(ids, EXAMS) == {"0001": ["listed"], "0003": ["listed"]}


@pytest.mark.parametrize(
    ("exclude", "kind", "message"),
    [
        ("0001", TypeError, r"got str. Pass what `audit` returned, or \['0001'\]"),
        ({"0001": 1}, TypeError, "got dict"),
        (3, TypeError, "got int"),
        (["0001", "4"], ValueError, "`exclude` must list exams of the evaluation.*got '4'"),
        ([], ValueError, "got none"),
        (FINDINGS[["exam", "code"]], ValueError, "has no 'severity'"),
        (FINDINGS.iloc[4:5], ValueError, r"severity 'reject', got 1 findings \('check' 1\)"),
        (FINDINGS.iloc[6:], ValueError, "exams such as '0099' are not in the evaluation"),
        (FINDINGS.iloc[:0], ValueError, r"got 0 findings \(none\)"),
        (FINDINGS.assign(exam=3), TypeError, r"got 3\. Read the file with dtype={'exam': str}"),
    ],
)  # fmt: skip
def test_other_lists_are_refused(exclude, kind, message):
    with pytest.raises(kind, match=message):
        read_excluded(exclude, EXAMS)
