"""Pairs of regions are told apart by size of the value alone."""

import numpy as np
import pytest

from mrnet_features.extraction.folding import fold_pairs


def test_swapping_the_two_of_a_pair_changes_nothing():
    rng = np.random.default_rng(0)
    table = rng.normal(size=(4, 5))
    names = ["notch", "horn_one", "horn_other", "elsewhere"]
    one, other = fold_pairs(names, table), fold_pairs(names, table[[0, 2, 1, 3]])
    assert list(one) == ["notch", "horn_low", "horn_high", "horn_difference", "elsewhere"]
    for name, row in one.items():
        assert np.array_equal(row, other[name])


def test_what_is_unknown_on_one_side_is_unknown():
    folded = fold_pairs(["horn_one", "horn_other"], np.array([[np.nan], [3.0]]))
    assert all(np.isnan(row).all() for row in folded.values())


def test_exams_are_folded_each_by_itself():
    tables = np.random.default_rng(1).normal(size=(3, 3, 4))
    names = ["horn_one", "horn_other", "elsewhere"]
    for name, rows in fold_pairs(names, tables).items():
        for exam, row in zip(tables, rows, strict=True):
            assert np.array_equal(fold_pairs(names, exam)[name], row)


def test_half_a_pair_is_refused():
    with pytest.raises(ValueError, match="'horn_one' must be followed by 'horn_other'"):
        fold_pairs(["horn_one", "notch"], np.zeros((2, 1)))
