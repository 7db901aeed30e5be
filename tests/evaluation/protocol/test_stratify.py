"""Stratified folds: fractions of labels, groups, seeds."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrnet_features.evaluation.protocol.stratify import derive_seed, make_folds, merge_rare_strata

STATES = {(0, 0, 0): 217, (1, 0, 0): 433, (1, 0, 1): 272, (1, 1, 0): 83, (1, 1, 1): 125}


def make_train_labels():
    """The joint label counts published for MRNet's train split."""
    rows = [state for state, count in STATES.items() for _ in range(count)]
    frame = pd.DataFrame(rows, columns=["abnormal", "acl", "meniscus"])
    return frame.set_index(pd.Index([f"{i:04d}" for i in range(len(frame))]))


def test_every_fold_has_the_fractions_of_all_label_combinations():
    labels = make_train_labels()
    folds = make_folds(labels, n_splits=5, n_repeats=3)
    for _, _, train, test in folds.split():
        assert len(train) + len(test) == 1130
        assert not set(train) & set(test)
        shares = labels.loc[test].value_counts(normalize=True)
        for state, count in STATES.items():
            assert shares[state] == pytest.approx(count / 1130, abs=0.0055)


def test_every_exam_is_tested_once_per_repeat_and_repeats_differ():
    labels = make_train_labels()
    frame = make_folds(labels, n_splits=4, n_repeats=2).frame
    assert not frame.duplicated(["exam", "repeat"]).any()
    assert (frame.groupby("exam").size() == 2).all()
    first, second = (frame.loc[frame["repeat"] == r, "fold"].to_numpy() for r in (0, 1))
    assert not np.array_equal(first, second)


def test_folds_are_shuffled():
    # Sorted ids nearly sort the labels of MRNet's valid split: neighbours must not stay together.
    frame = make_folds(make_train_labels()).frame
    assert (frame["fold"].diff() == 0).mean() < 0.3


def test_numpy_integers_are_seeds():
    labels = make_train_labels()
    assert make_folds(labels, seed=np.int64(1)).hash == make_folds(labels, seed=1).hash
    assert derive_seed(np.uint8(3), "acl") == derive_seed(3, "acl")
    with pytest.raises(TypeError):
        derive_seed(np.float32(1.5))


@given(st.integers(0, 2**32), st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_folds_depend_on_ids_and_seed_not_on_order(seed, random):
    labels = make_train_labels().iloc[::5]
    order = list(labels.index)
    random.shuffle(order)
    columns = list(labels.columns)
    there = make_folds(labels, n_repeats=1, seed=seed)
    again = make_folds(labels.loc[order, columns], n_repeats=1, seed=seed)
    assert there.hash == again.hash
    assert there.hash != make_folds(labels, n_repeats=1, seed=seed + 1).hash


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_each_fold_can_be_scored_or_the_error_names_the_task(data):
    n_exams = data.draw(st.integers(20, 60))
    rate = data.draw(st.tuples(*[st.floats(0.1, 0.9)] * 3))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    labels = pd.DataFrame(rng.random((n_exams, 3)) < rate, columns=["a", "b", "c"]).astype(int)
    labels.index = [f"{i:03d}" for i in range(n_exams)]
    n_splits = data.draw(st.integers(2, 5))
    rarest = np.minimum(labels.sum(), n_exams - labels.sum())
    if (rarest < 2 * n_splits).any():
        with pytest.raises(ValueError, match=r"got \d+ (positive|negative) of task"):
            make_folds(labels, n_splits=n_splits, n_repeats=1)
        return
    try:
        folds = make_folds(labels, n_splits=n_splits, n_repeats=1)
    except ValueError as error:
        refusal = str(error)
    else:
        refusal = ""
    if refusal:
        # Two exams per fold can be enough for each task but not for all tasks; four always are.
        assert (rarest < 4 * n_splits).any()
        assert re.search(r"fold \d+ of repeat 0 has \d (positive|negative) exams? of task", refusal)
        return
    for _, _, _, test in folds.split():
        assert labels.loc[test].sum().between(2, len(test) - 2).all()


@pytest.mark.parametrize(
    ("n_splits", "expected"),
    [
        (2, r"at least 4 exams of each .* got 3 positive of task 'a', 2 negative of task 'b'. Add"),
        (4, r"at least 8 exams .* got 3 positive .*, 2 negative of task 'b', 6 positive of .* 'c'"),
    ],
)
def test_all_tasks_with_too_few_exams_are_named(n_splits, expected):
    counts = {"a": 3, "b": 18, "c": 6}
    labels = pd.DataFrame({task: np.arange(20) < n for task, n in counts.items()}).astype(int)
    labels.index = [f"{i:03d}" for i in range(20)]
    with pytest.raises(ValueError, match=expected) as caught:
        make_folds(labels, n_splits=n_splits)
    assert "fewer folds" not in str(caught.value)  # one fold would be none
    with pytest.raises(ValueError, match="Pass n_splits=3, add exams"):
        make_folds(labels[["c"]], n_splits=5)


def test_a_partition_with_too_few_exams_in_a_fold_is_named():
    # 21 exams; each class has just the ten exams that five folds need, and no shuffle fits.
    labels = pd.DataFrame(
        np.random.default_rng(0).random((21, 3)) < 0.5, columns=["a", "b", "c"]
    ).astype(int)
    labels.index = [f"{i:03d}" for i in range(21)]
    with pytest.raises(
        ValueError, match=r"None of 100 shuffles .* fold . of repeat 0 has . \w+ exams? of"
    ):
        make_folds(labels, n_splits=5)


def test_groups_stay_together():
    labels = make_train_labels()
    patients = pd.Series([f"patient {i // 2}" for i in range(1130)], index=labels.index)
    folds = make_folds(labels, groups=patients.sample(frac=1, random_state=0), n_repeats=2)
    for _, _, train, test in folds.split():
        assert not set(patients[train]) & set(patients[test])
        assert labels.loc[test].mean().to_numpy() == pytest.approx(labels.mean(), abs=0.03)
    folds.check(labels, patients)
    with pytest.raises(ValueError, match="groups spread over several folds"):
        make_folds(labels).check(labels, patients)


def test_rare_strata_are_merged_by_the_rarer_label():
    labels = pd.DataFrame(
        [(1, 0, 0)] * 20 + [(1, 0, 1)] * 10 + [(1, 1, 0)] * 3 + [(1, 1, 1)] * 4 + [(0, 0, 0)] * 12,
        columns=["abnormal", "acl", "meniscus"],
    )
    strata = merge_rare_strata(labels, n_splits=5)
    torn = labels["acl"] == 1
    assert len(set(strata[torn])) == 1
    assert not set(strata[torn]) & set(strata[~torn])
    assert len(set(strata)) == 4


def test_enough_exams_need_no_merging():
    assert len(set(merge_rare_strata(make_train_labels(), n_splits=5))) == len(STATES)


def test_too_few_folds_are_refused():
    with pytest.raises(ValueError, match="got 1 and 3"):
        make_folds(make_train_labels(), n_splits=1)


def test_published_folds_stay_as_they_are():
    # Published folds: the same labels and seed must give the same folds on any machine and with
    # any supported version of scikit-learn.
    assert derive_seed(0, "folds", 0, 0) == 197188037
    labels = make_train_labels()
    once = make_folds(labels, n_repeats=1)
    assert once.hash.startswith("56080110cb3b01ad")
    repeated = make_folds(labels).frame
    assert repeated["repeat"].max() == 2
    first = repeated[repeated["repeat"] == 0].reset_index(drop=True)
    pd.testing.assert_frame_equal(first, once.frame.reset_index(drop=True))


def test_a_missing_label_is_one_more_state():
    labels = make_train_labels().astype(float)
    rng = np.random.default_rng(0)
    labels.loc[rng.random(len(labels)) < 0.4, "acl"] = np.nan
    labels.loc[rng.random(len(labels)) < 0.1, "meniscus"] = np.nan
    folds = make_folds(labels, n_splits=5)
    for _, _, _, test in folds.split():
        for task in labels:
            for value in (0, 1, np.nan):
                n_all = (labels[task].isna() if np.isnan(value) else labels[task] == value).sum()
                own = labels.loc[test, task]
                n_own = (own.isna() if np.isnan(value) else own == value).sum()
                assert n_own == pytest.approx(n_all / 5, abs=5)


def test_complete_labels_as_floats_give_the_same_folds():
    labels = make_train_labels()
    assert make_folds(labels.astype(float)).hash == make_folds(labels).hash
    assert make_folds(labels.astype("Int64")).hash == make_folds(labels).hash


def test_labelled_exams_are_counted_not_all():
    labels = make_train_labels().iloc[::5].astype(float)
    few = labels.assign(acl=labels["acl"].where(labels["acl"].eq(1).cumsum() <= 7))
    with pytest.raises(ValueError, match="got 7 positive of task 'acl'.*Pass n_splits=3"):
        make_folds(few, n_splits=5)
    assert make_folds(few, n_splits=3).n_splits == 3
    folds = make_folds(labels, n_splits=5)
    first = folds.frame.loc[folds.frame["fold"] == 0, "exam"]
    holes = labels.copy()
    holes.loc[first, "acl"] = np.nan
    with pytest.raises(ValueError, match="fold 0 of repeat 0 has 0 positive exams of task 'acl'"):
        folds.check(holes)


def test_rare_patterns_of_missing_labels_are_merged():
    labels = pd.DataFrame({"one": [0.0, 1] * 10, "two": [0.0, 0, 1, 1] * 5})
    labels.loc[3, "two"] = np.nan
    strata = merge_rare_strata(labels, 4)
    assert np.bincount(strata).min() >= 4
    assert strata[3] in (strata[1], strata[7])  # one is 1 in both


def test_fewer_groups_than_folds_are_named():
    labels = make_train_labels()
    with pytest.raises(ValueError, match="`groups` must hold at least as many .* got 3 for 5"):
        make_folds(labels, groups=pd.Series(np.arange(len(labels)) % 3, labels.index))
