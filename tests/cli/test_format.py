"""Results as tables on a terminal and as plain text in a pipe."""

import contextlib
import io
import re

import pandas as pd
import pytest

from mrnet_features.cli.format import (
    describe_unjudged,
    print_audit,
    print_machine_checks,
    print_summary,
    print_table,
)
from mrnet_features.cli.terminal import EscapedOutput
from mrnet_features.diagnostics.doctor import MachineCheck

COLUMNS = ["split", "exam", "plane", "code", "severity", "value", "unit", "advice"]


class Terminal(io.StringIO):
    """Text stream that says it is a terminal."""

    def isatty(self):
        return True


@pytest.fixture
def show(monkeypatch):
    """Function that prints a table on a terminal of 60 columns and returns what it got."""
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)

    def show(table):
        stream = Terminal()
        with contextlib.redirect_stdout(EscapedOutput(stream)):
            print_table(table)
        return stream.getvalue()

    return show


def drop_styles(shown):
    return re.sub(r"\x1b\[[0-9;]*m", "", shown)


def test_exams_to_reject_come_first_and_missing_values_are_a_dash(capsys):
    nan = float("nan")
    rows = [
        ["train", "0001", "axial", "noise", "check", 12.345, "SD", "Look at it."],
        ["valid", "0002", "", "label-conflict", "reject", nan, "", "Leave it out."],
    ]
    print_audit(pd.DataFrame(rows, columns=COLUMNS))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:6] for line in lines[1:3]] == [
        ["reject", "valid", "0002", "-", "label-conflict", "-"],
        ["check", "train", "0001", "axial", "noise", "12.3"],
    ]
    assert "12.3 SD" in lines[2]
    assert lines[3] == "2 findings on 2 exams: 1 to reject, 1 to check."


def test_the_number_of_exams_and_the_codes_that_were_not_checked_follow(capsys):
    findings = pd.DataFrame(columns=COLUMNS)
    findings.attrs["examined"] = {
        "exams": {"train": 21, "valid": 3},
        "needed": 20,
        "few": {"axial": 2},
        "unjudged": ["noise", "blur"],
    }
    print_audit(findings)
    assert capsys.readouterr().out == (
        "0 findings on 0 of 24 exams (train 21, valid 3): 0 to reject, 0 to check.\n"
        "Not checked for axial (2 of the 20 exams needed): noise, blur.\n"
    )


def test_an_audit_that_checked_every_code_has_no_note():
    findings = pd.DataFrame(columns=COLUMNS)
    assert describe_unjudged(findings) == ""
    findings.attrs["examined"] = {"exams": {"": 30}, "needed": 20, "few": {}, "unjudged": []}
    assert describe_unjudged(findings) == ""


def test_missing_series_and_weightings_that_were_not_judged_are_said(capsys):
    findings = pd.DataFrame(columns=COLUMNS)
    findings.attrs["examined"] = {
        "exams": {"train": 30, "test": 10},
        "needed": 20,
        "few": {},
        "unjudged": [],
        "weighting": {"coronal": "3 structural stacks; 20 are needed"},
        "missing": {"coronal_structural": 37, "axial_fluid": 2},
    }
    print_audit(findings)
    assert capsys.readouterr().out.splitlines()[1:] == [
        "Exams of 40 without a series (no fault by itself): coronal_structural 37, axial_fluid 2.",
        "Weighting not judged (coronal: 3 structural stacks; 20 are needed).",
    ]


def test_counts_in_a_summary_have_no_decimals(capsys):
    summary = pd.DataFrame(
        {
            "auc": [1.0, 0.8125],
            "interval": "test exams",
            "n_exams": [120, 120.0],
            "n_positive": [7, None],
        },
        index=pd.Index(["acl", "mean"], name="task"),
    )
    print_summary(summary)
    assert capsys.readouterr().out.splitlines() == [
        "task    auc  n_exams  n_positive",
        "acl   1.000      120           7",
        "mean  0.812      120           -",
        "Intervals: test exams.",
    ]


def test_advice_follows_what_was_found(capsys):
    print_machine_checks([MachineCheck("numpy", "ok", "2.5"), MachineCheck("x", "missing", "-")])
    assert capsys.readouterr().out.splitlines()[1] == "ok       numpy    2.5"


def test_a_pipe_gets_one_line_per_row_however_long(capsys):
    print_table(pd.DataFrame({"exam": ["0042"], "advice": ["word " * 100 + "end."]}))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[1].endswith("word end.")


def test_a_table_on_a_terminal_is_styled_and_never_wider(show):
    wide = pd.DataFrame({"task": ["abnormal", "acl"], "interval": "test and training exams"})
    for k in range(9):
        wide[f"a_number_{k}"] = [k / 7, None]
    styled = show(wide)
    assert "\x1b[1m" in styled
    shown = drop_styles(styled)
    assert max(map(len, shown.splitlines())) <= 60
    assert shown.count("abnormal") > 1  # the keys are repeated beside further columns
    assert "test and training" in shown  # long text is wrapped between words
    for k in range(9):
        assert f"a number {k}" in " ".join(shown.split())
    assert "0.143" in shown


def test_values_from_outside_stay_text_on_a_terminal(show):
    shown = show(pd.DataFrame({"exam": ["00\x1b[2J42", "[bold]7[/bold]", ":smile:"]}))
    assert "00\\x1b[2J42" in shown
    assert "\x1b[2J" not in shown
    assert "[bold]7[/bold]" in drop_styles(shown)
    assert ":smile:" in shown
