"""Few exams of a class and few groups: warnings, and intervals that are wide enough."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit
from scipy.stats import t
from sklearn.naive_bayes import GaussianNB

from mrnet_features.evaluation.comparison.compare import compare
from mrnet_features.evaluation.importance.importance import importance
from mrnet_features.evaluation.metrics.few_exams import FewExamsWarning
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
    with pytest.warns(FewExamsWarning, match="are of one group. Test on more") as found:
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
    with pytest.warns(FewExamsWarning, match="one group"):
        summary = held_out.summary()
    assert summary["auc"].notna().all()
    empty = summary[["se", "ci_low", "ci_high", "minimum_detectable_difference"]]
    assert empty.isna().all(axis=None)


@pytest.mark.parametrize("n_groups", [2, 5])
def test_folds_of_one_group_are_as_wide_as_the_folds_differ(n_groups):
    evaluation = cross_validate(
        GaussianNB(), FEATURES, LABELS, n_splits=n_groups, n_repeats=1, groups=group(n_groups)
    )
    with pytest.warns(FewExamsWarning, match=f"Intervals from {n_groups} groups are rough"):
        summary = evaluation.summary()
    spread = evaluation.fold_scores()["acl"].std() / np.sqrt(n_groups)
    found = summary.loc["acl"]
    if found["interval"].endswith("by group"):
        assert found["se"] == pytest.approx(spread, abs=1e-12)
    half = t.ppf(0.975, n_groups - 1) * spread / (found["auc"] * (1 - found["auc"]))
    assert logit(found["ci_high"]) - logit(found["auc"]) > half - 1e-9
    table = importance(evaluation, FEATURES, by="column", views=["permutation"]).table
    assert table["permutation"].notna().all()
    assert table["permutation_se"].isna().all()


def test_an_interval_is_never_narrower_than_without_groups():
    rows = make_scores(1).reset_index().assign(repeat=0, fold=0)
    apart = score_predictions(LABELS, rows).summary()
    for n_groups in (5, 10, 20, 40, 80):
        summary = score_predictions(LABELS, rows, group(n_groups)).summary()
        width = summary["ci_high"] - summary["ci_low"]
        assert (width > apart["ci_high"] - apart["ci_low"] - 1e-12).all()


def test_perfect_separation_in_one_group_has_no_interval():
    rows = LABELS.astype(float).reset_index().assign(repeat=0, fold=0)
    with pytest.warns(FewExamsWarning, match="one group"):
        summary = score_predictions(LABELS, rows, group(1)).summary()
    assert (summary["auc"] == 1).all()
    assert summary["ci_low"].isna().all()


def test_ten_groups_are_not_warned_of():
    rows = make_scores(1).reset_index().assign(repeat=0, fold=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        score_predictions(LABELS, rows, group(10))


def test_nine_exams_of_a_class_are_warned_of():
    rows = make_scores(1).reset_index().assign(repeat=0, fold=0)
    few = LABELS.assign(acl=(np.arange(80) < 9).astype(int))
    with pytest.warns(FewExamsWarning, match="exams of a class, got 9 positive and 71 negative of"):
        score_predictions(few, rows)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        score_predictions(LABELS.assign(acl=(np.arange(80) < 10).astype(int)), rows)
