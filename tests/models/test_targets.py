"""Targets: two classes of any type, missing and soft labels; everything else is refused."""

import numpy as np
import pytest

from mrnet_features.models.targets import encode_two_classes, split_labels


@pytest.mark.parametrize(
    ("y", "classes", "codes"),
    [
        ([0, 1, 1], [0, 1], [0, 1, 1]),
        ([1, -1], [-1, 1], [1, 0]),
        ([True, False], [False, True], [1, 0]),
        (np.array(["torn", "intact"]), ["intact", "torn"], [1, 0]),
    ],
)
def test_the_second_class_in_sorted_order_is_one(y, classes, codes):
    found, encoded = encode_two_classes(y)
    assert found.tolist() == classes
    assert encoded.tolist() == codes


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([0, 1, 2], "Only binary classification is supported"),
        ([1, 1], "two classes, got one class"),
        ([0.5, 1.5], "Unknown label type"),
    ],
)
def test_other_targets_are_refused(y, message):
    with pytest.raises(ValueError, match=message):
        encode_two_classes(y)


def test_a_soft_label_is_two_rows_whose_weights_sum_to_one():
    labels = np.array([0.5, np.nan, 1.0, 0.125, 0.75, 0.0])
    rows, classes, weights = split_labels(labels)
    assert rows.tolist() == [0, 0, 2, 3, 3, 4, 4, 5]
    assert classes.tolist() == [0, 1, 1, 0, 1, 0, 1, 0]
    assert classes.dtype == np.int8
    assert weights.tolist() == [0.5, 0.5, 1, 0.875, 0.125, 0.25, 0.75, 1]
    heavy = split_labels(labels, np.array([2.0, 9, 3, 8, 4, 5]))[2]
    assert heavy.tolist() == [1, 1, 3, 7, 1, 1, 3, 5]


def test_rows_without_a_label_are_left_out():
    rows, classes, weights = split_labels(np.array([np.nan, 1.0, 0.0, np.nan]))
    assert rows.tolist() == [1, 2]
    assert classes.tolist() == [1, 0]
    assert weights is None
    assert split_labels(np.array([np.nan, 1.0]), np.array([2.0, 3.0]))[2].tolist() == [3]
