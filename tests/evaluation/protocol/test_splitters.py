"""Folds from scikit-learn splitters, pairs of row numbers and numbers."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneOut,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedKFold,
    TimeSeriesSplit,
)

from mrnet_features.evaluation.alignment import align_data
from mrnet_features.evaluation.protocol.splitters import choose_folds, number_folds
from mrnet_features.evaluation.protocol.stratify import make_folds

RNG = np.random.default_rng(0)
EXAMS = [f"{k:03d}" for k in RNG.permutation(60)]
FEATURES = pd.DataFrame({"size": np.arange(60.0)}, EXAMS)
LABELS = pd.DataFrame({"acl": [0, 1] * 30, "meniscus": [0, 0, 1] * 20}, EXAMS)


def choose(folds, **options):
    return choose_folds(folds, align_data(FEATURES, LABELS, **options), 5, 1, 0)


def list_tests(folds):
    return [(repeat, sorted(test)) for repeat, _, _, test in folds.split()]


def test_a_splitter_sees_the_rows_in_their_order():
    splitter = KFold(4, shuffle=True, random_state=1)
    expected = [(0, sorted(np.array(EXAMS)[test])) for _, test in splitter.split(FEATURES)]
    assert list_tests(choose(splitter)) == expected


def test_several_tasks_are_stratified_by_their_combination():
    strata = LABELS["acl"] * 2 + LABELS["meniscus"]
    splitter = StratifiedKFold(5)
    expected = [(0, sorted(np.array(EXAMS)[test])) for _, test in splitter.split(strata, strata)]
    assert list_tests(choose(splitter)) == expected


def test_repeats_are_separated():
    folds = choose(RepeatedStratifiedKFold(n_splits=3, n_repeats=2, random_state=0))
    assert (folds.n_splits, folds.n_repeats) == (3, 2)


def test_groups_reach_the_splitter():
    groups = pd.Series(np.arange(60) // 3, EXAMS)
    folds = choose(GroupKFold(4), groups=groups)
    for _, _, train, test in folds.split():
        assert not set(groups[train]) & set(groups[test])


def test_pairs_are_row_numbers_of_the_features():
    halves = [(range(30, 60), range(30)), (np.arange(60) < 30, np.arange(60) >= 30)]
    folds = choose(halves)
    assert list_tests(folds) == [(0, sorted(EXAMS[:30])), (0, sorted(EXAMS[30:]))]
    assert choose(iter(halves)).hash == folds.hash


def test_a_number_is_the_number_of_folds():
    assert choose(3).hash == make_folds(LABELS, 3, n_repeats=1).hash
    assert choose(np.int64(3)).hash == choose(3).hash
    assert choose(None).hash == make_folds(LABELS, 5, n_repeats=1).hash


@pytest.mark.parametrize(
    ("folds", "kind", "message"),
    [
        (ShuffleSplit(5, random_state=0), ValueError, "tests exam .* again before every exam"),
        (TimeSeriesSplit(4), ValueError, "12 training and 12 test exams of 60"),
        (LeaveOneOut(), ValueError, "has 0 positive exams"),
        ([(range(30), range(30, 60))], ValueError, "30 of 60 exams are never tested in repeat 0"),
        ([(range(40), range(30, 60))], ValueError, "40 training and 30 test .* 10 in both"),
        ([(range(60), [])], ValueError, "60 of 60 exams are never tested"),
        ([(range(30), range(31, 61))], ValueError, "row numbers from 0 to 59"),
        ([([0.5], [1.5])], ValueError, "dtype float64"),
        ([range(30)], ValueError, "pairs .* got range as item 0"),
        ([], ValueError, "never tested"),
        ("folds.csv", TypeError, "got str. Load a file with `Folds.read`"),
        (LABELS, TypeError, "got DataFrame"),
        (2.5, TypeError, "got float"),
    ],
)
def test_invalid_partitions_are_refused(folds, kind, message):
    with pytest.raises(kind, match=message):
        choose(folds)


def test_repeats_with_other_numbers_of_folds_are_refused():
    halves = [([2, 3], [0, 1]), ([0, 1], [2, 3])]
    singles = [([j for j in range(4) if j != k], [k]) for k in range(4)]
    with pytest.raises(ValueError, match="without gaps"):
        number_folds([*halves, *singles], pd.Index(list("abcd")))
