"""Permutations of exams: groups stay together, every arrangement is possible."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from mrnet_features.evaluation.leakage.exam_permutations import draw_permutations, permute_exams


def test_groups_of_one_size_are_exchanged_as_a_whole():
    groups = np.array([0, 0, 1, 1, 2, 2, 3, 3, 3, 4])
    froms = [permute_exams(groups, 10, seed) for seed in range(60)]
    for order in froms:
        assert sorted(order) == list(range(10))
        for group in range(5):
            sources = groups[order[groups == group]]
            assert len(set(sources)) == 1
            assert (groups == sources[0]).sum() == (groups == group).sum()
    assert {groups[order[0]] for order in froms} == {0, 1, 2}
    assert len({tuple(order[6:9]) for order in froms}) == 6  # within the group of three
    assert {order[9] for order in froms} == {9}


def test_every_arrangement_of_two_pairs_is_as_likely():
    groups = np.array([0, 1, 0, 1])
    counts = Counter(tuple(permute_exams(groups, 4, seed)) for seed in range(1600))
    assert len(counts) == 8
    assert max(abs(count - 200) for count in counts.values()) < 60


def test_permutations_differ_and_depend_on_the_seed_alone():
    first, again, other = (draw_permutations(None, 30, 5, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert len({tuple(order) for order in [*first, *other]}) == 10


@pytest.mark.parametrize(
    ("groups", "count"), [([0, 0, 1, 1], 8), ([0, 1, 1, 1], 6), ([0, 1, 2], 6)]
)
def test_few_arrangements_are_refused(groups, count):
    with pytest.raises(ValueError, match=f"at least 20 arrangements of the exams, got {count},"):
        draw_permutations(pd.Series(groups), len(groups), 9, seed=0)


def test_twenty_four_arrangements_are_enough():
    assert len(draw_permutations(None, 4, 9, seed=0)) == 9
