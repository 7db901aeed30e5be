"""Targets: two classes of any type are encoded, everything else is refused."""

import numpy as np
import pytest

from mrnet_features.models.targets import encode_two_classes


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
