"""Inner folds: stratified, groups together, a clear refusal where that can't be."""

import numpy as np
import pytest
from sklearn.model_selection import StratifiedKFold

from mrnet_features.models.inner_folds import split_inner_folds

CODES = np.random.default_rng(0).integers(0, 2, 90)


def test_without_groups_they_are_scikit_learns():
    theirs = StratifiedKFold(3, shuffle=True, random_state=5).split(CODES, CODES)
    for mine, other in zip(split_inner_folds(CODES, 3, 5), theirs, strict=True):
        for one, two in zip(mine, other, strict=True):
            np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("size", [2, 3, 9])
def test_a_group_stays_in_one_fold(size):
    groups = np.arange(90) // size
    splits = split_inner_folds(CODES, 3, 0, groups)
    for train, test in splits:
        assert not set(groups[train]) & set(groups[test])
        assert set(CODES[test]) == set(CODES[train]) == {0, 1}
    assert sorted(row for _, test in splits for row in test) == list(range(90))


@pytest.mark.parametrize(
    ("codes", "groups", "weights", "message"),
    [
        ([0, 0, 0, 1], None, None, "at least 2 rows of each class .* got 1. Lower"),
        ([0, 0, 1, 1], None, [1, 1, 1, 0], "at least 2 rows of each class .* got 1. Lower"),
        ([0, 0, 1, 1], [0, 1, 2, 2], None, "at least 2 groups with rows of each class .* got 1"),
    ],
)
def test_too_few_rows_or_groups_are_refused(codes, groups, weights, message):
    given = [None if v is None else np.array(v, dtype=float) for v in (groups, weights)]
    with pytest.raises(ValueError, match=message):
        split_inner_folds(np.array(codes), 2, 0, *given)


def test_a_fold_of_one_class_is_refused():
    # Two rows of each class have a weight; with this seed one inner fold gets both positives.
    codes = np.r_[np.zeros(20, int), np.ones(20, int)]
    weights = np.r_[1, 1, np.zeros(18), 1, 1, np.zeros(18)]
    with pytest.raises(ValueError, match="Every inner fold must hold both classes"):
        split_inner_folds(codes, 2, 2, None, weights)
