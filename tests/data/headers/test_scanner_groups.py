"""Groups of exams by scanner and patient."""

import itertools
import logging
import warnings

import numpy as np
import pandas as pd
import pytest

import mrnet_features as mf


def make(*rows):
    """Headers of rows (exam, maker, model, patient), a series each."""
    counted = {}
    index = [(row[0], f"axial_{counted.setdefault(row[0], itertools.count()).__next__()}")
             for row in rows]  # fmt: skip
    index = pd.MultiIndex.from_tuples(index, names=["exam", "series"])
    table = pd.DataFrame(
        [row[1:] for row in rows], index, columns=["maker", "model_code", "patient"]
    )
    return table.assign(field_t=3.0)


def group(headers, **options):
    """Sets of exams; warnings about small sets are left out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = mf.scanner_groups(headers, **options)
    return {frozenset(part.index) for _, part in found.groupby(found)}


def test_exams_of_one_scanner_are_together():
    headers = make(("a", "GE", "x", ""), ("b", "GE", "y", ""), ("c", "GE", "x", ""))
    assert group(headers) == {frozenset("ac"), frozenset("b")}
    assert group(headers, by="maker") == {frozenset("abc")}


def test_a_patient_joins_the_scanners_of_his_exams():
    headers = make(
        ("a", "GE", "x", "p"), ("b", "GE", "y", "q"), ("c", "GE", "y", "p"), ("d", "GE", "z", "r")
    )
    assert group(headers) == {frozenset("abc"), frozenset("d")}
    apart = {frozenset("a"), frozenset("bc"), frozenset("d")}
    assert group(headers, patients=False) == apart


def test_patients_that_join_many_groups_are_told():
    rows = [(f"{k:02d}", "GE", f"m{k % 10}", f"p{k // 2}") for k in range(40)]
    text = r"5 groups of 41 .* has 22%\. 20 patients were examined on scanners of several groups"
    with pytest.warns(UserWarning, match=rf"^{text}.*leave out their later exams"):
        mf.scanner_groups(make(*rows, ("40", "GE", "m0", "")))


def test_no_group_shares_a_scanner_or_a_patient_with_another():
    rng = np.random.default_rng(0)
    rows = [
        (f"{k:03d}", "GE", f"m{rng.integers(40)}", f"p{rng.integers(2000)}") for k in range(200)
    ]
    headers = make(*rows)
    found = mf.scanner_groups(headers)
    told = headers.droplevel("series").assign(group=found)
    assert told.groupby("model_code")["group"].nunique().max() == 1
    assert told.groupby("patient")["group"].nunique().max() == 1
    assert 1 < found.nunique() < 40


def test_a_series_that_says_less_joins_nothing():
    headers = make(("a", "GE", "x", ""), ("a", "GE", "", ""), ("b", "GE", "y", ""),
                   ("b", "", "", ""), ("c", "GE", "", ""))  # fmt: skip
    assert group(headers) == {frozenset("a"), frozenset("b"), frozenset("c")}


def with_fields(*rows):
    """Headers of rows (exam, maker, model, field strength), without patients."""
    headers = make(*((exam, maker, model, "") for exam, maker, model, _ in rows))
    return headers.assign(field_t=[row[-1] for row in rows])


def test_an_exam_that_lacks_fields_joins_the_one_scanner_that_agrees():
    headers = with_fields(("a", "GE", "x", 1.5), ("b", "GE", "", 1.5), ("c", "GE", "x", np.nan),
                          ("d", "", "x", np.nan), ("e", "Siemens", "y", 3.0))  # fmt: skip
    assert group(headers) == {frozenset("abcd"), frozenset("e")}
    with pytest.warns(UserWarning, match="the largest has 80%") as caught:
        mf.scanner_groups(headers)
    assert "lack" not in str(caught[0].message)


def test_a_patient_can_make_one_group_of_the_scanners_that_agree():
    headers = with_fields(("a", "GE", "x", 1.5), ("b", "GE", "", 1.5), ("c", "GE", "y", 1.5))
    assert group(headers) == {frozenset("a"), frozenset("b"), frozenset("c")}
    assert group(headers.assign(patient=["p", "", "p"])) == {frozenset("abc")}


def test_a_join_can_decide_another_one():
    # c makes one group of both GE scanners, so that d is of it
    headers = with_fields(("a", "GE", "x", 1.5), ("b", "GE", "y", 3.0), ("c", "GE", "x", np.nan),
                          ("c", "", "y", 3.0), ("d", "GE", "", np.nan))  # fmt: skip
    assert group(headers) == {frozenset("abcd")}


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([("a", "GE", "x", 1.5), ("b", "GE", "y", 1.5), ("c", "GE", "", 1.5)], "1 exam lacks"),
        ([("a", "GE", "x", np.nan), ("b", "GE", "", 1.5)], "2 exams lack"),
    ],
)
def test_exams_that_fit_several_groups_are_counted(rows, text):
    with pytest.warns(UserWarning, match=f"{text} fields of the fingerprint and may be of a scann"):
        assert mf.scanner_groups(with_fields(*rows)).nunique() == len(rows)


def test_a_field_that_all_exams_lack_is_no_reason_to_warn(recwarn):
    mf.scanner_groups(with_fields(*((f"{k:02d}", "", f"m{k % 10}", 3.0) for k in range(40))))
    assert not recwarn.list


def test_an_exam_of_two_scanners_joins_them():
    headers = make(("a", "GE", "x", ""), ("a", "GE", "y", ""), ("b", "GE", "y", ""),
                   ("c", "GE", "x", ""), ("d", "GE", "z", ""))  # fmt: skip
    assert group(headers) == {frozenset("abc"), frozenset("d")}


def test_exams_without_a_field_are_one_group_and_said():
    headers = make(("a", "GE", "x", ""), ("b", "", "", ""), ("c", "", "", ""))
    headers.loc[["b", "c"], "field_t"] = np.nan
    with pytest.warns(UserWarning, match="2 exams have no field of the fingerprint, such as 'b'"):
        found = mf.scanner_groups(headers)
    assert found["b"] == found["c"] != found["a"]


def test_groups_are_named_by_size_and_their_number_is_told(caplog):
    rows = [(f"{k:02d}", "GE", f"m{min(k % 8, 6)}", "") for k in range(32)]
    caplog.set_level(logging.INFO, "mrnet_features")
    with pytest.warns(UserWarning, match="the largest has 25%. Folds may be uneven"):
        found = mf.scanner_groups(make(*rows))
    assert found.index.name == "exam"
    assert found["06"] == found["07"] == "scanner-001"
    assert found["00"] == "scanner-002"
    assert "7 groups of 32 exams; the largest has 25%." in caplog.text


def test_even_groups_are_no_reason_to_warn(recwarn):
    mf.scanner_groups(make(*((f"{k:02d}", "GE", f"m{k % 10}", f"p{k}") for k in range(40))))
    assert not recwarn.list


def test_a_patient_with_many_exams_is_probably_a_placeholder():
    rows = [(f"{k:02d}", "GE", f"m{k % 10}", "same" if k < 11 else f"p{k}") for k in range(40)]
    with pytest.warns(UserWarning, match="11 exams have the same patient: probably a placeholder"):
        mf.scanner_groups(make(*rows))


def test_folds_keep_the_groups_apart():
    rng = np.random.default_rng(1)
    headers = make(*((f"{k:03d}", "GE", f"m{k % 12}", f"p{k // 2}") for k in range(0, 240, 2)))
    groups = mf.scanner_groups(headers)
    labels = pd.DataFrame({"acl": rng.integers(0, 2, 120)}, groups.index)
    folds = mf.make_folds(labels, groups=groups, n_splits=3, n_repeats=1)
    spread = folds.frame.assign(group=folds.frame["exam"].map(groups)).groupby("group")["fold"]
    assert (spread.nunique() == 1).all()


@pytest.mark.parametrize(
    ("change", "by", "error", "text"),
    [
        (lambda t: t.reset_index(), "maker", TypeError, "the table of `read_headers`"),
        (lambda t: t["maker"], "maker", TypeError, "got Series"),
        (lambda t: t, "modl_code", ValueError, "none named 'modl_code'. Did you mean 'model_code'"),
        (lambda t: t, [], ValueError, "`by` must name a column"),
        (lambda t: t.iloc[:0], "maker", ValueError, "must hold a series"),
        (lambda t: t.assign(maker=""), "maker", ValueError, "at least one exam, got none"),
    ],
)
def test_other_tables_and_columns_are_refused(change, by, error, text):
    with pytest.raises(error, match=text):
        mf.scanner_groups(change(make(("a", "GE", "x", ""))), by=by)
