"""Ids in memory are of one kind, the same on both sides, and each once."""

import time

import numpy as np
import pandas as pd
import pytest

from mrnet_features.ids.checks import check_ids, require_same_exams, require_unique_ids


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
        (["01", "02"], ["1", "2"], "leading zeros, which `two` lacks: .* pass id_width=2"),
        (["30", "1130"], ["0030", "1130"], "leading zeros, which `one` lacks: .* id_width=4"),
        (["30", "41"], ["0030", "0041", "0050"], "leading zeros, which `one` lacks"),
        (["7.npy", "8.npy"], ["7", "8"], "ids of `one` are file names: delete '.npy'"),
        ([1, 2], ["1", "2"], "text ids, the other integers: read the ids of both as text"),
    ],
)
def test_other_exams_are_counted_and_named(left, right, message):
    with pytest.raises(ValueError, match=message):
        require_same_exams("one", left, "two", right)


def test_checks_of_many_ids_are_linear():
    ids = [f"{k:07d}" for k in range(200_000)]
    start = time.process_time()
    check_ids("`labels`", pd.Index(ids))
    with pytest.raises(ValueError, match="200000 only in `one` .* and 199997 more") as caught:
        require_same_exams("one", ids, "two", [f"x{exam}" for exam in ids])
    with pytest.raises(TypeError, match="text such as .* and integers such as 3"):
        check_ids("`labels`", [*ids, 3])
    assert time.process_time() - start < 2
    assert len(str(caught.value)) < 500


def test_long_ids_in_messages_are_cut():
    with pytest.raises(TypeError, match="more characters") as caught:
        check_ids("`labels`", ["x" * 10**6, 3])
    assert len(str(caught.value)) < 400


def test_an_exam_stands_in_a_table_once():
    require_unique_ids("`labels`", ["a", "b"])
    with pytest.raises(ValueError, match=r"^`x` .* once, got 'a' more than once \(2 rows too many"):
        require_unique_ids("`x`", pd.Index(["a", "b", "a", "a"]))
    with pytest.raises(
        ValueError, match=r"got 8, 7 more than once \(2 rows too many\). Sort them."
    ):
        require_unique_ids("`x`", pd.Series([7, 8, 8, 7]), advice="Sort them.")


def test_an_exam_stands_in_every_repeat_once():
    require_unique_ids("`folds`", ["a", "b", "a"], [0, 0, 1])
    with pytest.raises(ValueError, match="once per repeat, got 'a' more than once .1 row too"):
        require_unique_ids("`folds`", ["a", "a", "b"], [1, 1, 1])
