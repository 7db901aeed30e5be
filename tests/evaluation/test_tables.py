"""Checks of feature tables and labels: types, names, values, arrays."""

import numpy as np
import pandas as pd
import pytest

from mrnet_features.evaluation.tables import check_features, check_labels, choose_labels, name_rows

IDS = ["0003", "0001", "0002", "0000"]


@pytest.mark.parametrize(
    ("column", "kind"),
    [([1, 2, 3, 4], np.float64), ([True, False, True, True], np.float64)],
)
def test_integers_and_booleans_become_floats(column, kind):
    table = check_features(pd.DataFrame({"x": column}, index=IDS))
    assert table.dtypes["x"] == kind


def test_single_precision_stays_and_missing_becomes_nan():
    values = pd.DataFrame({"x": np.zeros(4, dtype=np.float32)}, index=IDS)
    assert check_features(values).dtypes["x"] == np.float32
    nullable = pd.DataFrame({"x": pd.array([1.0, None, 2.0, 3.0], dtype="Float64")}, index=IDS)
    assert check_features(nullable)["x"].isna().sum() == 1


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
        (["torn", None], "torn", "must not have missing values, got NaN for exam 1"),
        (["torn", "intact"], {"meniscus": "torn"}, "none for 'acl'"),
    ],
)
def test_labels_that_can_not_be_coded_are_refused(labels, positive, message):
    with pytest.raises(ValueError, match=message):
        check_labels(pd.Series(labels, name="acl"), positive)


def test_arrays_get_names_and_row_numbers():
    features, labels = name_rows(np.zeros((3, 2)), [0, 1, 1])
    assert features.columns.tolist() == ["x0", "x1"]
    assert labels["label"].tolist() == [0, 1, 1]
    assert features.index.tolist() == labels.index.tolist() == [0, 1, 2]
    _, several = name_rows(np.zeros((3, 2)), np.ones((3, 2)))
    assert several.columns.tolist() == ["task_0", "task_1"]


@pytest.mark.parametrize(
    ("features", "labels", "message"),
    [
        (np.zeros(3), np.zeros(3), r"shape \(n_exams, n_features\), got \(3,\)"),
        (np.zeros((3, 1)), np.zeros(2), r"the 3 exams of `features`, got \(2,\)"),
        (np.zeros((3, 1)), np.zeros((3, 1, 1)), r"got \(3, 1, 1\)"),
    ],
)
def test_arrays_of_other_shapes_are_refused(features, labels, message):
    with pytest.raises(ValueError, match=message):
        name_rows(features, labels)


def test_labels_of_an_evaluation_are_the_default():
    class Found:
        labels = pd.DataFrame({"acl": [0, 1]}, index=["b", "a"])

    assert choose_labels(None, None, "anything", Found()).equals(check_labels(Found.labels))
    with pytest.raises(TypeError, match="must be given for predictions without labels"):
        choose_labels(None, None, Found.labels)
