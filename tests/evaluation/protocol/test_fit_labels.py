"""Models fitted on other labels than they are scored on."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mrnet_features.evaluation import (
    cross_validate,
    evaluate,
    importance,
    measure_auc,
    null_importance,
    shuffle_labels,
)
from mrnet_features.models import TunedClassifier, lightgbm_baseline
from mrnet_features.models.logistic import ScaledLogistic
from tests.models.test_tuning import Remember


def make_tables(n_exams=240, seed=0):
    """Features; soft labels of nearly all exams; expert labels of the last third."""
    rng = np.random.default_rng(seed)
    exams = [f"{k:04d}" for k in range(n_exams)]
    X = rng.normal(size=(n_exams, 3))
    truth = (X[:, 0] + 0.5 * rng.normal(size=n_exams) > 0).astype(int)
    reports = np.clip(truth + rng.choice([-0.4, 0, 0, 0.3], n_exams), 0, 1)
    soft = pd.DataFrame({"acl": reports}, exams).drop(exams[::10])
    expert = pd.DataFrame({"acl": truth}, exams)[-80:]
    return pd.DataFrame(X, exams).add_prefix("x"), soft, expert


FEATURES, SOFT, EXPERT = make_tables()


def double(soft):
    """Rows, classes and weights by hand."""
    table = pd.DataFrame(
        [
            (exam, label, share)
            for exam, p in soft.items()
            for label, share in ([(int(p), 1.0)] if p in (0, 1) else [(0, 1 - p), (1, p)])
        ],
        columns=["exam", "label", "share"],
    )
    return table["exam"], table["label"], table["share"]


@pytest.mark.parametrize("model", [ScaledLogistic(), lightgbm_baseline(n_seeds=1, n_estimators=9)])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_soft_label_is_fitted_as_two_weighted_rows(model, weighted):
    weights = pd.Series(np.arange(240) % 4 + 0.5, FEATURES.index)
    options = {"sample_weight": weights} if weighted else {}
    found = cross_validate(
        model, FEATURES, EXPERT, fit_labels=SOFT, n_splits=4, n_repeats=1, **options
    )
    assert ((SOFT["acl"] > 0) & (SOFT["acl"] < 1)).sum() > 50
    for _, fold, train, test in found.folds.split():
        exams, labels, shares = double(SOFT["acl"].reindex(train).dropna())
        fitted = found.models["acl", 0, fold]
        by_hand = fitted.__class__(**fitted.get_params()).fit(
            FEATURES.loc[exams],
            labels,
            sample_weight=shares * weights[exams].to_numpy() if weighted else shares,
        )
        rows = found.predictions["fold"] == fold
        assert found.predictions.loc[rows, "exam"].tolist() == test.tolist()
        np.testing.assert_array_equal(
            found.predictions.loc[rows, "acl"], by_hand.predict_proba(FEATURES.loc[test])[:, 1]
        )
        scored = test.intersection(EXPERT.index)
        scores = by_hand.predict_proba(FEATURES.loc[scored])[:, 1]
        expected = measure_auc(EXPERT.loc[scored, "acl"], scores).auc
        assert found.fold_scores()["acl"][fold] == pytest.approx(expected, abs=1e-12)


def test_hard_labels_are_fitted_as_they_are():
    hard = SOFT.round()
    found = cross_validate(
        KNeighborsClassifier(), FEATURES, EXPERT, fit_labels=hard, n_splits=3, n_repeats=1
    )
    same = cross_validate(
        KNeighborsClassifier(), FEATURES.loc[hard.index], hard, folds=_restrict(found, hard.index)
    )
    rows = found.predictions[found.predictions["exam"].isin(hard.index)]
    np.testing.assert_array_equal(rows["acl"], same.predictions["acl"])


def _restrict(evaluation, exams):
    folds = evaluation.folds
    return type(folds)(folds.frame[folds.frame["exam"].isin(exams)])


def test_every_exam_is_predicted_and_experts_alone_are_scored():
    found = cross_validate(
        ScaledLogistic(), FEATURES, EXPERT, fit_labels=SOFT, n_splits=4, n_repeats=1
    )
    assert found.predictions["exam"].tolist() == FEATURES.index.tolist()
    assert np.isfinite(found.predictions["acl"]).all()
    assert found.labels["acl"].count() == 80
    assert found.fit_labels["acl"].count() == 216
    assert found.summary().loc["acl", "n_positive"] == EXPERT["acl"].sum()
    counts = found.labels.loc[found.predictions["exam"], "acl"].groupby(
        found.predictions["fold"].to_numpy()
    )
    assert counts.count().between(19, 21).all()
    assert (found.predictions.groupby("fold").size() == 60).all()


class Recorder(ClassifierMixin, BaseEstimator):
    """Keeps the rows, weights and groups that it was fitted on."""

    def fit(self, X, y, sample_weight=None, groups=None):
        self.exams_, self.y_, self.groups_ = list(X.index), y, groups
        self.classes_ = np.array([0, 1])
        return self

    def predict_proba(self, X):
        return np.tile([0.4, 0.6], (len(X), 1))


@pytest.mark.parametrize("grouped", [False, True])
def test_no_exam_of_a_fold_is_fitted_on_whatever_its_labels(grouped):
    groups = {exam: int(exam) // 3 for exam in FEATURES.index} if grouped else None
    found = cross_validate(
        Recorder(), FEATURES, EXPERT, fit_labels=SOFT, groups=groups, n_splits=4, n_repeats=2
    )
    for repeat, fold, train, test in found.folds.split():
        model = found.models["acl", repeat, fold]
        assert set(model.exams_) == set(train) & set(SOFT.index)
        assert not set(model.exams_) & set(test)
        if groups:
            assert not {groups[e] for e in model.exams_} & {groups[e] for e in test}
            assert len(set(model.groups_)) == len({groups[e] for e in model.exams_})
        # both rows of a soft label are one group for inner folds
        by_exam = pd.Series(model.groups_).groupby(model.exams_).nunique()
        assert (by_exam == 1).all()
        assert len(model.exams_) > len(by_exam)


def test_experts_labels_are_never_fitted_on():
    flipped = 1 - EXPERT
    one = cross_validate(
        ScaledLogistic(), FEATURES, EXPERT, fit_labels=SOFT, n_splits=4, n_repeats=1
    )
    two = cross_validate(ScaledLogistic(), FEATURES, flipped, fit_labels=SOFT, folds=one.folds)
    pd.testing.assert_frame_equal(one.predictions, two.predictions, check_exact=True)
    total = one.summary()["auc"] + two.summary()["auc"]
    assert total["acl"] == pytest.approx(1, abs=1e-12)


def test_soft_labels_need_weights():
    for model in (KNeighborsClassifier(), make_pipeline(StandardScaler(), KNeighborsClassifier())):
        with pytest.raises(TypeError, match="A label between 0 and 1 in `fit_labels` needs"):
            cross_validate(model, FEATURES, EXPERT, fit_labels=SOFT, n_splits=3)


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        (lambda s, y: (s.add(1), y), ValueError, "`fit_labels` must be from 0 to 1, got "),
        (lambda s, y: (s.astype(str), y), TypeError, "`fit_labels` must be numbers from 0 to 1"),
        (lambda s, y: (s * np.nan, y), ValueError, "`fit_labels` must hold a label of every task"),
        (lambda s, y: (s.assign(mcl=1.0), y), ValueError, "the tasks of `labels`, got 'acl', 'mcl"),
        (
            lambda s, y: (pd.concat([s, s[:1].set_axis(["x"])]), y),
            ValueError,
            r"`fit_labels` must hold exams of `features` alone, got 1 others \('x'\)",
        ),
        (
            lambda s, y: (s, pd.concat([y, y[:2].set_axis(["x", "y"])])),
            ValueError,
            "`labels` must hold exams of `features` alone, got 2 others",
        ),
        (
            lambda s, y: (s.set_axis(s.index.astype(int)), y),
            ValueError,
            "One side has text ids, the other integers",
        ),
        (lambda s, y: (s * 0 + 1, y), ValueError, "must hold both classes to fit a model, got 1"),
        (lambda s, y: (s, y[:5]), ValueError, "at least 8 exams of each class"),
        (lambda s, y: (s, y.astype(float) * np.nan), ValueError, "`labels` must hold a label of"),
        (lambda s, y: (s, y * 0.5), ValueError, "`labels` must be 0 or 1, got"),
    ],
)
def test_labels_that_do_not_fit_are_refused(change, kind, message):
    soft, expert = change(SOFT, EXPERT)
    with pytest.raises(kind, match=message):
        cross_validate(ScaledLogistic(), FEATURES, expert, fit_labels=soft, n_splits=4)


def test_held_out_split_of_models_fitted_on_reports():
    train, valid = FEATURES.index[:160], FEATURES.index[160:]
    own = SOFT.loc[SOFT.index.intersection(train)]
    known = (FEATURES.loc[train], None), (FEATURES.loc[valid], EXPERT)
    found = evaluate(ScaledLogistic(), *known, fit_labels=own)
    exams, labels, shares = double(own["acl"])
    by_hand = ScaledLogistic().fit(FEATURES.loc[exams], labels, sample_weight=shares)
    np.testing.assert_array_equal(
        found.predictions["acl"], by_hand.predict_proba(FEATURES.loc[valid])[:, 1]
    )
    assert found.summary().loc["acl", "prevalence_train"] == pytest.approx(own["acl"].mean())
    unused = FEATURES.loc[train], 1 - own.round()
    same = evaluate(ScaledLogistic(), unused, known[1], fit_labels=own)
    np.testing.assert_array_equal(same.predictions, found.predictions)
    with pytest.raises(TypeError, match="`train` must hold labels, got None"):
        evaluate(ScaledLogistic(), *known)


def test_training_groups_reach_the_inner_folds_of_a_held_out_evaluation():
    train, valid = FEATURES.index[:160], FEATURES.index[160:]
    tables = (FEATURES.loc[train], SOFT.reindex(train).round()), (FEATURES.loc[valid], EXPERT)
    groups = {exam: int(exam) // 4 for exam in FEATURES.index}
    model = evaluate(Recorder(), *tables, groups=groups).models["acl"]
    assert len(set(model.groups_)) == 40
    of_valid = {exam: groups[exam] for exam in valid}
    assert evaluate(Recorder(), *tables, groups=of_valid).models["acl"].groups_ is None
    # row numbers of the training array are not those of the other array
    X, y = FEATURES.to_numpy(), (FEATURES["x0"] > 0).to_numpy().astype(int)
    arrays = (X[:100], y[:100]), (X[100:], y[100:])
    found = evaluate(Recorder(), *arrays, groups={k: k // 2 for k in range(140)})
    assert found.groups.nunique() == 70
    assert found.models["label"].groups_ is None


def test_tuned_classifiers_keep_the_rows_of_an_exam_together():
    Remember.seen.clear()
    tuned = TunedClassifier(Remember(), {"C": [0.1]}, n_candidates=1, n_splits=2)
    cross_validate(tuned, FEATURES, EXPERT, fit_labels=SOFT, n_splits=2, n_repeats=1)
    inner = [(fitted, scored) for fitted, scored, _ in Remember.seen if len(scored) < 100]
    assert len(inner) == 2 * 2 * 2  # outer folds, candidates, inner folds
    for fitted, scored in inner:
        assert not fitted & scored
        assert len(fitted | scored) == pytest.approx(108, abs=2)


def test_importance_refits_on_the_same_labels():
    model = LogisticRegression()
    found = cross_validate(model, FEATURES, EXPERT, fit_labels=SOFT, n_splits=2, n_repeats=1)
    table = importance(found, FEATURES, by="column", views="single_group").table
    alone = cross_validate(model, FEATURES[["x0"]], EXPERT, fit_labels=SOFT, folds=found.folds)
    assert table["single_group"][0] == pytest.approx(alone.summary().loc["acl", "auc"], abs=1e-12)
    with pytest.raises(ValueError, match="fitted on the labels it is scored on"):
        null_importance(found, FEATURES, by="column")
    with pytest.raises(TypeError, match="`shuffle_labels` takes no `fit_labels`"):
        shuffle_labels(model, FEATURES, EXPERT, fit_labels=SOFT)
