"""Levels of factors: order, missing levels, refusals."""

import numpy as np
import pandas as pd
import pytest

from mrnet_features.evaluation.comparison.subgroup_levels import read_levels

EXAMS = pd.Index(["a", "b", "c", "d"])


def test_levels_are_sorted_and_categories_keep_their_order():
    table = pd.DataFrame(
        {
            "vendor": ["Siemens", "GE", "Siemens", "GE"],
            "field": [3.0, 1.5, 3.0, np.nan],
            "age": pd.cut([20, 40, 70, 15], [0, 18, 65, 100], labels=["child", "adult", "old"]),
        },
        index=list("abcd"),
    )
    found = read_levels(table, EXAMS)
    assert {factor: list(levels) for factor, levels in found.items()} == {
        "vendor": ["GE", "Siemens"],
        "field": ["1.5", "3.0"],
        "age": ["child", "adult", "old"],
    }
    assert found["field"]["1.5"].tolist() == [False, True, False, False]


def test_rows_are_matched_by_exam_and_further_exams_ignored():
    column = pd.Series(["n", "s", "n", "s", "w"], index=list("dcbax"))
    found = read_levels(column, EXAMS)
    assert {level: inside.tolist() for level, inside in found["subgroup"].items()} == {
        "n": [False, True, False, True],
        "s": [True, False, True, False],
    }
    table = column.rename("site").rename_axis("exam").reset_index()
    np.testing.assert_array_equal(read_levels(table, EXAMS)["site"]["n"], found["subgroup"]["n"])


def test_extension_types_with_missing_values():
    column = pd.Series([True, pd.NA, False, True], index=EXAMS, dtype="boolean", name="operated")
    assert read_levels(column, EXAMS)["operated"]["True"].tolist() == [True, False, False, True]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pd.Series(["n"] * 3, index=list("abc")), "must hold the same exams"),
        (pd.Series(["n"] * 5, index=list("abcda")), "each exam once, got exam 'a' again"),
        (pd.Series([np.nan] * 4, index=EXAMS, name="site"), "'site' has 0 for these exams"),
        (pd.Series([1, "1", 2, 2], index=EXAMS, name="site"), "'1' as text and as a number"),
        (pd.DataFrame(index=EXAMS), "at least one column"),
    ],
)
def test_refusals(column, message):
    with pytest.raises(ValueError, match=message):
        read_levels(column, EXAMS)


def test_ages_must_be_cut_into_bands():
    exams = pd.Index([f"{k:03d}" for k in range(40)])
    with pytest.raises(ValueError, match=r"40 different numbers from 20 to 59. Cut it into bands"):
        read_levels(pd.Series(range(20, 60), index=exams, name="age"), exams)


def test_lists_are_refused():
    with pytest.raises(TypeError, match="indexed by exam id, got list"):
        read_levels(["n", "s"], EXAMS)
