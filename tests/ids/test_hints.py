"""Hints on ids that are written differently in two tables."""

import pytest

from mrnet_features.ids.hints import explain_difference


@pytest.mark.parametrize(
    ("one", "two", "hint"),
    [
        ({"7"}, {"0007"}, "which `one` lacks"),
        ({"0007"}, {"7"}, "which `two` lacks"),
        ({"7", "1130"}, {"0007", "1130"}, "which `one` lacks"),
        ({"7.nii.gz"}, {"7", "8"}, "file names: delete '.nii.gz'"),
    ],
)
def test_the_side_to_mend_is_named(one, two, hint):
    assert hint in explain_difference({"one": one, "two": two})


@pytest.mark.parametrize(
    ("one", "two"),
    [({"7"}, {"8"}), ({"7", "9"}, {"0007", "0008"}), ({"7"}, {"7", "0008"}), (set(), {"7"})],
)
def test_other_differences_have_no_hint(one, two):
    assert explain_difference({"one": one, "two": two}) == ""
