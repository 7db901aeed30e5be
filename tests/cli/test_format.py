"""Results as text."""

import pandas as pd

from mrnet_features.cli.format import describe_unjudged, format_audit, format_summary

COLUMNS = ["exam", "plane", "code", "severity", "value", "advice"]


def test_exams_to_reject_come_first_and_missing_values_are_blank():
    rows = [
        ["0001", "axial", "noise", "check", 12.345, "Look at it."],
        ["0002", "", "label-conflict", "reject", float("nan"), "Leave it out."],
    ]
    lines = format_audit(pd.DataFrame(rows, columns=COLUMNS)).splitlines()
    assert [line.split()[:4] for line in lines[1:3]] == [
        ["reject", "0002", "-", "label-conflict"],
        ["check", "0001", "axial", "noise"],
    ]
    assert "nan" not in lines[1]
    assert "12.3" in lines[2]
    assert lines[3] == "2 findings on 2 exams: 1 to reject, 1 to check."


def test_an_audit_that_checked_every_code_has_no_note():
    findings = pd.DataFrame(columns=COLUMNS)
    assert describe_unjudged(findings) == ""
    findings.attrs["examined"] = {"exams": {"": 30}, "needed": 20, "few": {}, "unjudged": []}
    assert describe_unjudged(findings) == ""


def test_counts_in_a_summary_have_no_decimals():
    summary = pd.DataFrame({"auc": [1.0, 0.8125], "n_exams": [120, 120.0]}, index=["acl", "mean"])
    assert format_summary(summary).splitlines()[1:] == [
        "acl  1.000      120",
        "mean 0.812      120",
    ]
