"""Labels are 0, 1 or missing; labels to fit on are probabilities."""

import numpy as np
import pandas as pd
import pytest

from mrnet_features.labels import check_labels, check_soft_labels

IDS = ["0003", "0001", "0002", "0000"]


@pytest.mark.parametrize(
    ("values", "positive", "expected"),
    [
        (["torn", "intact", "torn", "intact"], "torn", [1, 0, 1, 0]),
        ([-1, 1, 1, -1], 1, [0, 1, 1, 0]),
        ([0, 1, 1, 0], 0, [1, 0, 0, 1]),
        ([True, False, True, True], None, [1, 0, 1, 1]),
        ([1.0, 0.0, 1.0, 1.0], None, [1, 0, 1, 1]),
    ],
)
def test_labels_of_any_coding_become_zero_and_one(values, positive, expected):
    labels = check_labels(pd.Series(values, IDS, name="acl"), positive)
    assert labels.loc[IDS, "acl"].tolist() == expected
    assert labels["acl"].dtype == np.int8
    assert labels.index.tolist() == sorted(IDS)


def test_positive_value_per_task():
    labels = pd.DataFrame({"acl": ["yes", "no"], "meniscus": [2, 1]}, index=["a", "b"])
    coded = check_labels(labels, {"acl": "yes", "meniscus": 2})
    assert coded.to_numpy().tolist() == [[1, 1], [0, 0]]


def test_a_series_is_a_task():
    assert check_labels(pd.Series([0, 1], ["a", "b"])).columns.tolist() == ["label"]
    assert check_labels(pd.Series([0, 1], ["a", "b"], name="acl")).columns.tolist() == ["acl"]


@pytest.mark.parametrize(
    ("labels", "positive", "message"),
    [
        (["torn", "intact"], None, "got 'torn' .* or pass `positive`"),
        ([-1, 1], None, "got .*-1.* or pass `positive`"),
        (["torn", "intact"], "Torn", "the `positive` value 'Torn', got 'torn', 'intact'"),
        (["torn", "intact", "unclear"], "torn", "two values"),
        (["torn", None], "torn", "got nan for exam 1, .* Give every exam a label"),
        (["torn", "intact"], {"meniscus": "torn"}, "none for 'acl'"),
    ],
)
def test_labels_that_can_not_be_coded_are_refused(labels, positive, message):
    with pytest.raises(ValueError, match=message):
        check_labels(pd.Series(labels, name="acl"), positive)


@pytest.mark.parametrize(
    ("values", "positive"),
    [
        ([1, 0, None, 0], None),
        ([1.0, 0.0, np.nan, 0.0], None),
        (pd.array([1, 0, None, 0], dtype="Int64"), None),
        (pd.array([True, False, None, False], dtype="boolean"), None),
        ([True, False, None, False], None),
        (["torn", "intact", None, "intact"], "torn"),
        (pd.array(["torn", "intact", None, "intact"], dtype="string"), "torn"),
        (pd.array([2, 1, None, 1], dtype="Int64"), 2),
    ],
)
def test_a_missing_label_of_any_kind_becomes_nan(values, positive):
    labels = pd.DataFrame({"acl": values, "meniscus": [0, 1, 0, 1]}, index=IDS)
    coding = None if positive is None else {"acl": positive, "meniscus": 1}
    truth = check_labels(labels, coding, missing=True)
    assert truth.index.tolist() == sorted(IDS)
    assert (truth.dtypes == np.float64).all()
    np.testing.assert_array_equal(truth.loc[IDS, "acl"], [1, 0, np.nan, 0])
    assert truth.loc[IDS, "meniscus"].tolist() == [0, 1, 0, 1]
    with pytest.raises(ValueError, match="exam '0002', task 'acl' .1 such exams.* every exam a"):
        check_labels(labels, coding)


def test_complete_labels_stay_integers_where_some_may_be_missing():
    labels = pd.DataFrame({"acl": [0.0, 1.0]}, index=["a", "b"])
    assert check_labels(labels, missing=True).dtypes["acl"] == np.int8


@pytest.mark.parametrize("labels", [[None, None], [np.nan, np.nan]])
def test_a_task_without_any_label_is_refused(labels):
    table = pd.DataFrame({"acl": labels, "meniscus": [0, 1]})
    with pytest.raises(ValueError, match="label of every task .* got none for 'acl' in 2 exams"):
        check_labels(table, missing=True)
    with pytest.raises(ValueError, match="`fit_labels` must hold a label of every task"):
        check_soft_labels(table, "fit_labels")


def test_missing_is_told_from_a_mistake():
    for wrong in ("", "0", 2, -1, 0.5, np.inf):
        with pytest.raises(ValueError, match="must be 0 or 1"):
            check_labels(pd.Series([0, None, wrong], dtype=object), missing=True)


def test_soft_labels_are_probabilities():
    soft = check_soft_labels(pd.Series([1, None, 0.25], ["c", "b", "a"], dtype=object), "soft")
    np.testing.assert_array_equal(soft["label"], [0.25, np.nan, 1])
    nullable = pd.Series(pd.array([1, None, 0], dtype="Int64"), ["c", "b", "a"])
    np.testing.assert_array_equal(check_soft_labels(nullable, "soft")["label"], [0, np.nan, 1])
    for wrong in (-0.1, 1.5, np.inf):
        with pytest.raises(ValueError, match="`soft` must be from 0 to 1, got .* for exam 1, task"):
            check_soft_labels(pd.Series([0.5, wrong]), "soft")
    with pytest.raises(TypeError, match="`soft` must be numbers from 0 to 1, got '0.5'"):
        check_soft_labels(pd.Series(["0.5", "1"]), "soft")
