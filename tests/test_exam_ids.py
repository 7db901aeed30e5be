"""Exam ids: text or integers, one kind, the same on both sides."""

import numpy as np
import pandas as pd
import pytest

from mrnet_features.exam_ids import check_ids, require_same_exams
from mrnet_features.messages import name_some


@pytest.mark.parametrize("ids", [["0001"], [1, 2], np.arange(3), pd.Index(["a", "b"]), []])
def test_text_and_integers_are_exam_ids(ids):
    check_ids("`labels`", ids)


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([0.5], r"got 0.5 \(float\)"),
        ([None], "NoneType"),
        ([True], "bool"),
        ([("a", 1)], "tuple"),
        (["a", np.int64(3)], "text such as 'a' and integers such as"),
    ],
)
def test_other_and_mixed_ids_are_refused(ids, message):
    with pytest.raises(TypeError, match=message):
        check_ids("`labels`", ids)


@pytest.mark.parametrize(
    ("left", "right", "message"),
    [
        (["a", "b"], ["b", "c"], r"1 in both, 1 only in `one` \('a'\), 1 only in `two` \('c'\)"),
        ([1, 2], [2, 3], r"1 only in `one` \(1\)"),
        (["01", "02"], ["1", "2"], "differ only in leading zeros"),
        ([1, 2], ["1", "2"], "text ids, the other integers: read the ids of both as text"),
    ],
)
def test_other_exams_are_counted_and_named(left, right, message):
    with pytest.raises(ValueError, match=message):
        require_same_exams("one", left, "two", right)


def test_long_lists_are_cut():
    assert name_some([np.int64(1), 2]) == "1, 2"
    assert name_some(list("abcdef")) == "'a', 'b', 'c' and 3 more"
