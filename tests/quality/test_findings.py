"""Codes have descriptions, are chosen by name, and order the table."""

import numpy as np
import pandas as pd
import pytest

from mrnet_features.quality.findings import (
    CODES,
    FOLDER_CODES,
    SET_CODES,
    Finding,
    check_findings,
    choose_codes,
    tabulate,
)


def test_every_code_has_a_description():
    assert all(code == code.lower() and text.endswith(".") for code, text in CODES.items())
    assert set(FOLDER_CODES) | set(SET_CODES) <= set(CODES)


def test_codes_are_chosen_in_their_own_order():
    assert choose_codes(None, ()) == tuple(CODES)
    assert choose_codes(["blur", "noise"], ()) == ("noise", "blur")
    assert choose_codes("noise", ()) == ("noise",)
    assert choose_codes(None, "noise") == tuple(code for code in CODES if code != "noise")


@pytest.mark.parametrize(
    ("codes", "skip", "message"),
    [
        ("ghost", (), "`codes` and `skip` must hold some of .*, got 'ghost'"),
        (None, "ghost", "must hold some of .*, got 'ghost'"),
        ([], (), "at least one code that `skip` does not, got none\\. Leave"),
        (["noise"], ["noise"], r"got noise, all of them in `skip` \(noise\)"),
    ],
)
def test_a_choice_without_codes_is_refused(codes, skip, message):
    with pytest.raises(ValueError, match=message):
        choose_codes(codes, skip)


def test_the_table_is_sorted_and_keeps_the_wanted_codes():
    nan = float("nan")
    findings = [
        Finding("0001", "axial", "blur", "check", 5.0, "b"),
        Finding("0001", "axial", "noise", "check", 5.0, "a"),
        Finding("0000", "coronal", "duplicate", "reject", 1.0, "c"),
        Finding("", "", "label-file", "check", nan, "second"),
        Finding("", "", "label-file", "check", nan, "first"),
    ]
    table = tabulate(findings, ["label-file", "noise", "blur"])
    assert table["advice"].tolist() == ["second", "first", "a", "b"]
    assert list(table.columns) == list(Finding._fields)
    assert table["value"].dtype == tabulate([], CODES)["value"].dtype == np.float64


def test_findings_must_be_the_table_of_an_audit():
    assert len(check_findings(None)) == 0
    with pytest.raises(TypeError, match="must be the table of `audit`, got list"):
        check_findings([])
    with pytest.raises(ValueError, match="none named plane, code"):
        check_findings(pd.DataFrame(columns=["exam", "severity", "value", "advice"]))
