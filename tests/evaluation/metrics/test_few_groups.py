"""Groups too few for a standard error."""

import numpy as np
import pandas as pd
import pytest
from sklearn.naive_bayes import GaussianNB

from mrnet_features.evaluation.comparison.compare import compare
from mrnet_features.evaluation.importance.importance import importance
from mrnet_features.evaluation.metrics.scores import score_predictions
from mrnet_features.evaluation.protocol.cross_validation import cross_validate
from mrnet_features.evaluation.protocol.holdout import evaluate

EXAMS = pd.Index([f"{k:04d}" for k in range(80)], name="exam")
HIDDEN = np.random.default_rng(0).normal(size=(80, 2))
LABELS = pd.DataFrame((HIDDEN > 0).astype(int), EXAMS, ["acl", "meniscus"])


def make_scores(seed):
    noise = np.random.default_rng(seed).normal(size=HIDDEN.shape)
    return pd.DataFrame(HIDDEN + noise, EXAMS, ["acl", "meniscus"])


FEATURES = make_scores(1).set_axis(["x", "y"], axis=1)


def group(n_groups):
    return dict(zip(EXAMS, np.arange(80) % n_groups, strict=True))


def test_one_group_gives_no_interval_and_no_test():
    with pytest.warns(UserWarning, match="exams are of one group. Test on more") as found:
        comparison = compare({"a": make_scores(1), "b": make_scores(2)}, LABELS, groups=group(1))
    assert len(found) == 1
    summary = comparison.summary()
    assert summary["difference"].notna().all()
    empty = summary[["se", "ci_low", "ci_high", "p", "p_holm", "minimum_detectable_difference"]]
    assert empty.isna().all(axis=None)
    assert comparison.frame()[["se", "ci_low", "ci_high"]].isna().all(axis=None)


def test_a_test_set_of_one_group_gives_no_interval():
    train = FEATURES.set_axis("t" + EXAMS), LABELS.set_axis("t" + EXAMS)
    held_out = evaluate(GaussianNB(), train, (FEATURES, LABELS), groups=group(1))
    with pytest.warns(UserWarning, match="one group"):
        summary = held_out.summary()
    assert summary["auc"].notna().all()
    empty = summary[["se", "ci_low", "ci_high", "minimum_detectable_difference"]]
    assert empty.isna().all(axis=None)


def test_folds_of_one_group_give_no_interval():
    evaluation = cross_validate(GaussianNB(), FEATURES, LABELS, n_splits=2, groups=group(2))
    with pytest.warns(UserWarning, match="2 of 2 folds test a single group. Use fewer folds"):
        summary = evaluation.summary()
    assert summary[["se", "ci_low", "ci_high"]].isna().all(axis=None)
    with pytest.warns(UserWarning, match="single group"):
        table = importance(evaluation, FEATURES, by="column", views=["permutation"]).table
    assert table["permutation"].notna().all()
    assert table["permutation_se"].isna().all()


def test_a_single_fold_of_one_group_is_enough():
    rows = make_scores(1).reset_index().assign(repeat=0, fold=np.minimum(np.arange(80) % 6, 1))
    sites = {exam: 0 if k % 6 == 0 else 1 + k % 12 for k, exam in enumerate(EXAMS)}
    with pytest.warns(UserWarning, match="1 of 2 folds"):
        assert score_predictions(LABELS, rows, sites).summary()["se"].isna().all()


def test_perfect_separation_in_one_group_has_no_interval():
    rows = LABELS.astype(float).reset_index().assign(repeat=0, fold=0)
    with pytest.warns(UserWarning, match="one group"):
        summary = score_predictions(LABELS, rows, group(1)).summary()
    assert (summary["auc"] == 1).all()
    assert summary["ci_low"].isna().all()


@pytest.mark.parametrize("n_groups", [2, 9])
def test_few_groups_are_warned_of(n_groups):
    rows = make_scores(1).reset_index().assign(repeat=0, fold=0)
    with pytest.warns(UserWarning, match=f"from {n_groups} groups are too narrow"):
        summary = score_predictions(LABELS, rows, group(n_groups)).summary()
    assert (summary["se"] > 1e-3).all()


def test_ten_groups_are_not_warned_of():
    rows = make_scores(1).reset_index().assign(repeat=0, fold=0)
    assert (score_predictions(LABELS, rows, group(10)).summary()["se"] > 1e-3).all()
