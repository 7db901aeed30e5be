"""Which findings leave an exam out is one rule for loading and for evaluations."""

from pathlib import Path

import pandas as pd
import pytest

from mrnet_features.ids.excluded import list_excluded, require_text_ids, select_findings

MARKS = pd.DataFrame({"exam": list("abc"), "severity": ["agree", "reject", "check"]})


@pytest.mark.parametrize(
    ("severity", "left"),
    [("reject", ["b"]), (["check", "agree"], ["a", "c"]), (None, list("abc")), ("note", [])],
)
def test_only_the_severities_that_were_asked_for_count(severity, left):
    assert select_findings(MARKS, severity)["exam"].tolist() == left


def test_a_table_without_severity_counts_whole():
    assert len(select_findings(MARKS[["exam"]])) == 3


@pytest.mark.parametrize("exam", [3, 3.0, None, float("nan")])
def test_ids_that_are_no_text_are_refused(exam):
    with pytest.raises(TypeError, match="Read the file with dtype="):
        require_text_ids(["0001", exam])


def test_a_list_and_a_table_leave_out_the_same_exams():
    assert list_excluded(None) == frozenset()
    assert list_excluded(["b"]) == list_excluded(MARKS) == {"b"}
    folder = pd.DataFrame({"exam": ["", "a"]})  # the first finding is about the folder
    assert list_excluded(folder) == {"a"}


@pytest.mark.parametrize(
    ("exclude", "error", "message"),
    [
        ("marks.csv", TypeError, "Read a file with pandas, such as read_csv"),
        (Path("audit.json"), TypeError, "Read a file with pandas, such as read_json"),
        (3, TypeError, "got int. Pass a list"),
        ("0003", TypeError, "Pass a list"),
        (pd.DataFrame({"id": []}), ValueError, "must have a column 'exam', got 'id'"),
        (["7.0"], ValueError, "'7.0' is a decimal number"),
        (MARKS.assign(severity="Reject"), ValueError, "must hold 'reject' as the severity"),
    ],
)
def test_what_names_no_exams_is_refused(exclude, error, message):
    with pytest.raises(error, match=message):
        list_excluded(exclude)


def test_the_file_of_an_audit_without_findings_leaves_nothing_out(tmp_path):
    (tmp_path / "audit.json").write_text("[]")
    assert list_excluded(pd.read_json(tmp_path / "audit.json", dtype={"exam": str})) == frozenset()


def test_findings_about_the_folder_have_no_exam_in_a_csv_file(tmp_path):
    findings = pd.DataFrame({"exam": ["", "0042"], "severity": ["reject"] * 2})
    findings.to_csv(tmp_path / "audit.csv", index=False)
    again = pd.read_csv(tmp_path / "audit.csv", dtype={"exam": str})
    assert again["exam"].isna().tolist() == [True, False]
    assert list_excluded(again) == list_excluded(findings) == {"0042"}
