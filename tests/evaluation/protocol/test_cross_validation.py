"""Cross-validation: no leakage, reproducible for any row order and number of workers."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from mrnet_features.evaluation import Folds, cross_validate, make_folds
from mrnet_features.jobs import CoreAdvice
from mrnet_features.models import (
    SeedAveragedLightGBM,
    lightgbm_baseline,
    logistic_baseline,
    prior_baseline,
)

FAST = lightgbm_baseline(n_seeds=1, n_estimators=30)


def make_tables(n_exams=150, n_features=20, seed=0, signal=1.0):
    rng = np.random.default_rng(seed)
    exams = [f"{i:04d}" for i in range(n_exams)]
    hidden = rng.normal(size=(n_exams, 3))
    X = rng.normal(size=(n_exams, n_features))
    X[:, :3] += signal * hidden
    labels = pd.DataFrame((hidden > 0.3).astype(int), index=exams)
    labels.columns = ["abnormal", "acl", "meniscus"]
    return pd.DataFrame(X, index=exams).add_prefix("feature_"), labels


def test_default_model_finds_the_signal():
    features, labels = make_tables(signal=2.0)
    evaluation = cross_validate(None, features, labels, n_splits=3, n_repeats=1)
    summary = evaluation.summary()
    assert summary.index.tolist() == ["abnormal", "acl", "meniscus", "mean"]
    assert (summary["ci_low"] > 0.6).all()
    assert summary["auc"].between(summary["ci_low"], summary["ci_high"]).all()
    assert all(isinstance(model, SeedAveragedLightGBM) for model in evaluation.models.values())
    assert len(evaluation.models) == 9
    assert repr(evaluation).startswith("Evaluation(150 exams, tasks abnormal, acl, meniscus, Fo")
    assert evaluation.folds.hash[:12] in repr(evaluation)
    assert len(repr(evaluation)) < 200 > len(repr(evaluation.scores))


@pytest.mark.parametrize("model", [FAST, logistic_baseline(), ExtraTreesClassifier(20)])
def test_same_bits_on_one_and_two_workers(model):
    features, labels = make_tables()
    one, two = (
        cross_validate(model, features, labels, n_splits=3, n_repeats=2, n_jobs=n_jobs, seed=4)
        for n_jobs in (1, 2)
    )
    pd.testing.assert_frame_equal(one.predictions, two.predictions, check_exact=True)
    pd.testing.assert_frame_equal(one.summary(), two.summary(), check_exact=True)


def test_order_of_rows_and_tasks_changes_nothing():
    features, labels = make_tables()
    there = cross_validate(FAST, features, labels, n_splits=3, n_repeats=1)
    again = cross_validate(
        FAST,
        features.sample(frac=1, random_state=1),
        labels.sample(frac=1, random_state=2),
        n_splits=3,
        n_repeats=1,
    )
    pd.testing.assert_frame_equal(there.predictions, again.predictions, check_exact=True)
    alone = cross_validate(FAST, features, labels[["acl"]], folds=there.folds)
    pd.testing.assert_series_equal(there.predictions["acl"], alone.predictions["acl"])


def test_seed_changes_folds_and_models():
    features, labels = make_tables()
    first, second = (
        cross_validate(FAST, features, labels, n_splits=3, seed=s, n_repeats=1) for s in (0, 1)
    )
    assert first.folds.hash != second.folds.hash
    other_trees = cross_validate(FAST, features, labels, folds=first.folds, seed=1)
    assert other_trees.folds.hash == first.folds.hash
    assert not np.array_equal(other_trees.predictions["acl"], first.predictions["acl"])
    own_state = cross_validate(
        lightgbm_baseline(9, 1, n_estimators=30), features, labels, folds=first.folds
    )
    assert not np.array_equal(own_state.predictions["acl"], first.predictions["acl"])


def test_every_fit_has_its_own_seed():
    features, labels = make_tables()
    evaluation = cross_validate(FAST, features, labels, n_splits=3, n_repeats=2)
    seeds = [model.random_state for model in evaluation.models.values()]
    assert len(set(seeds)) == 18
    nested = make_pipeline(StandardScaler(), ExtraTreesClassifier(5))
    models = cross_validate(nested, features, labels, n_splits=2, n_repeats=1).models.values()
    assert len({model[-1].random_state for model in models}) == 6


def test_predictions_come_from_the_models_that_have_not_seen_the_exam():
    features, labels = make_tables()
    evaluation = cross_validate(FAST, features, labels, n_splits=3, n_repeats=2)
    predictions = evaluation.predictions
    assert predictions.columns.tolist() == ["exam", "repeat", "fold", *labels]
    for repeat, fold, train, test in evaluation.folds.split():
        rows = predictions[(predictions["repeat"] == repeat) & (predictions["fold"] == fold)]
        assert rows["exam"].tolist() == test.tolist()
        for task in labels:
            model = evaluation.models[task, repeat, fold]
            expected = model.predict_proba(features.loc[test])[:, 1]
            np.testing.assert_array_equal(rows[task], expected)
            refitted = model.fit(features.loc[train], labels.loc[train, task])
            np.testing.assert_array_equal(
                refitted.predict_proba(features.loc[test])[:, 1], expected
            )


def test_shuffled_labels_give_one_half():
    features, labels = make_tables(n_exams=300, n_features=100)
    rng = np.random.default_rng(0)
    shuffled = labels.set_axis(rng.permutation(labels.index))
    mean = cross_validate(None, features, shuffled, n_splits=5, n_repeats=1).summary().loc["mean"]
    assert abs(mean["auc"] - 0.5) < 3 * mean["se"]


def test_selection_inside_the_folds_finds_nothing_in_noise():
    # On noise the spread is larger than `se` of one repeat (see `Scores.summary`), so use several
    # tables.
    select = make_pipeline(SelectKBest(k=10), StandardScaler(), LogisticRegression())
    aucs = []
    for seed in range(8):
        features, labels = make_tables(n_exams=150, n_features=500, signal=0.0, seed=seed)
        found = cross_validate(select, features, labels, n_repeats=1)
        aucs.append(found.summary().loc["mean", "auc"])
    assert abs(np.mean(aucs) - 0.5) < 3 * np.std(aucs, ddof=1) / np.sqrt(8)
    assert abs(np.mean(aucs) - 0.5) < 0.04


def test_planted_leak_is_seen():
    features, labels = make_tables(signal=0.0)
    leak = features.assign(leak=labels["acl"] + np.random.default_rng(0).normal(0, 0.1, 150))
    summary = cross_validate(FAST, leak, labels, n_splits=3, n_repeats=1).summary()
    assert summary.loc["acl", "auc"] > 0.95 > 0.7 > summary.loc["meniscus", "auc"]


def test_auc_equals_scikit_learns_cross_val_score():
    data = load_breast_cancer(as_frame=True)
    exams = [f"{i:04d}" for i in range(len(data.target))]
    features = data.data.set_axis(exams)
    labels = pd.DataFrame({"benign": data.target.to_numpy()}, index=exams)
    model = make_pipeline(StandardScaler(), LogisticRegression())
    evaluation = cross_validate(model, features, labels, n_repeats=1)
    splits = [
        (features.index.get_indexer(train), features.index.get_indexer(test))
        for _, _, train, test in evaluation.folds.split()
    ]
    theirs = cross_val_score(model, features, labels["benign"], cv=splits, scoring="roc_auc")
    np.testing.assert_allclose(evaluation.fold_scores()["benign"], theirs, atol=1e-12)
    assert evaluation.summary().loc["benign", "auc"] == pytest.approx(theirs.mean(), abs=1e-12)


def test_a_classifier_per_task_and_one_without_probabilities():
    features, labels = make_tables()
    models = {"abnormal": prior_baseline(), "acl": logistic_baseline(), "meniscus": LinearSVC()}
    evaluation = cross_validate(models, features, labels, n_splits=3, n_repeats=1)
    summary = evaluation.summary()
    constant = summary.loc["abnormal", ["auc", "se", "ci_low", "ci_high"]]
    assert constant.tolist() == [0.5, 0, 0.5, 0.5]
    assert (summary.loc[["acl", "meniscus"], "ci_low"] > 0.5).all()
    assert isinstance(evaluation.models["meniscus", 0, 2], LinearSVC)


def test_missing_values_are_left_to_the_model():
    features, labels = make_tables()
    holes = features.mask(np.random.default_rng(0).random(features.shape) < 0.1)
    for model in (FAST, logistic_baseline()):
        found = cross_validate(model, holes, labels, n_splits=3, n_repeats=1)
        assert found.summary().loc["mean", "auc"] > 0.6
    with pytest.raises(ValueError, match="NaN") as caught:
        cross_validate(LogisticRegression(), holes, labels, n_splits=3)
    assert "task 'abnormal', repeat 0, fold 0" in "".join(caught.value.__notes__)


def test_note_is_kept_across_processes():
    features, labels = make_tables()
    holes = features.mask(features > 2)
    with pytest.raises(ValueError, match="NaN") as caught:
        cross_validate(LogisticRegression(), holes, labels, n_splits=3, n_jobs=2)
    assert "while fitting and scoring task" in "".join(caught.value.__notes__)


def test_groups_reach_folds_and_intervals():
    exams = [f"{k:04d}" for k in range(150)]  # two equal exams per patient
    features, labels = (
        table.loc[table.index.repeat(2)].set_axis(exams) for table in make_tables(75)
    )
    patients = {exam: int(exam) // 2 for exam in exams}
    evaluation = cross_validate(
        logistic_baseline(), features, labels, n_splits=3, n_repeats=1, groups=patients
    )
    for _, _, train, test in evaluation.folds.split():
        assert not {patients[exam] for exam in train} & {patients[exam] for exam in test}
    found = evaluation.summary().loc["acl"]
    by_group = evaluation.influence()["acl"].groupby(evaluation.groups).sum()
    of_folds = evaluation.fold_scores()["acl"].var() / 3
    assert found["interval"] == "fitted models given, by group"
    assert found["se"] ** 2 == pytest.approx(max((by_group**2).sum(), of_folds))


def test_folds_from_a_file(tmp_path):
    features, labels = make_tables()
    folds = make_folds(labels, n_splits=3, n_repeats=2, seed=8)
    folds.save(tmp_path / "folds.csv")
    evaluation = cross_validate(FAST, features, labels, folds=Folds.read(tmp_path / "folds.csv"))
    assert evaluation.folds.hash == folds.hash
    assert len(evaluation.fold_scores()) == 6
    with pytest.raises(ValueError, match="149 in both, 1 only in `folds`"):
        cross_validate(FAST, features.iloc[1:], labels.iloc[1:], folds=folds)
    with pytest.raises(TypeError, match="must be Folds, a number of folds, .* got str"):
        cross_validate(FAST, features, labels, folds="folds.csv")


def test_results_can_not_be_changed_from_outside():
    features, labels = make_tables()
    evaluation = cross_validate(logistic_baseline(), features, labels, n_splits=3, n_repeats=1)
    before = evaluation.summary()
    for table in (evaluation.fold_scores(), evaluation.influence(), before.copy()):
        table["acl"] = 0.0
    pd.testing.assert_frame_equal(evaluation.summary(), before)


@pytest.mark.parametrize(
    ("model", "kind", "message"),
    [
        ({"acl": FAST}, ValueError, "got 'acl' for the tasks 'abnormal', 'acl', 'meniscus'"),
        (LogisticRegression, TypeError, r"Create one: LogisticRegression\(\)"),
        (StandardScaler(), TypeError, "StandardScaler has no `predict_proba`"),
        ("lightgbm", TypeError, "str has no `fit` and no `predict_proba`"),
    ],
)
def test_invalid_models_are_refused(model, kind, message):
    features, labels = make_tables()
    with pytest.raises(kind, match=message):
        cross_validate(model, features, labels)


class Broken(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return np.full((len(X), 2), np.nan)


def test_nan_predictions_are_refused():
    features, labels = make_tables()
    with pytest.raises(ValueError, match="NaN or infinity for 50 of 50 exams from Broken"):
        cross_validate(Broken(), features, labels, n_splits=3)


def test_progress_is_shown_only_when_asked_or_on_a_terminal(capsys):
    features, labels = make_tables()
    cross_validate(logistic_baseline(), features, labels, n_splits=2, n_repeats=1)
    assert capsys.readouterr().err == ""
    cross_validate(logistic_baseline(), features, labels, n_splits=2, progress=True, n_repeats=1)
    assert "6/6" in capsys.readouterr().err


def test_arrays_and_series_give_the_same_as_tables():
    features, labels = make_tables()
    numbered = features.set_axis(range(150)), labels.set_axis(range(150))
    there = cross_validate(FAST, *numbered, n_splits=3, n_repeats=1)
    arrays = cross_validate(FAST, features.to_numpy(), labels.to_numpy(), folds=there.folds)
    assert arrays.summary().index.tolist() == ["task_0", "task_1", "task_2", "mean"]
    series = cross_validate(FAST, features, labels["acl"], n_splits=3, n_repeats=1)
    column = cross_validate(FAST, features, labels[["acl"]], n_splits=3, n_repeats=1)
    pd.testing.assert_frame_equal(series.predictions, column.predictions, check_exact=True)
    assert series.summary().index.tolist() == ["acl"]
    values = cross_validate(FAST, features, labels["acl"].to_numpy(), n_splits=3, n_repeats=1)
    assert values.summary().index.tolist() == ["label"]
    assert values.folds.hash == series.folds.hash


def test_text_labels_give_the_same_as_numbers():
    features, labels = make_tables()
    words = labels["acl"].map({0: "intact", 1: "torn"})
    there = cross_validate(FAST, features, labels["acl"], n_splits=3, n_repeats=1)
    again = cross_validate(FAST, features, words, n_splits=3, positive="torn", n_repeats=1)
    pd.testing.assert_frame_equal(there.predictions, again.predictions, check_exact=True)


def test_cv_is_another_name_for_folds():
    features, labels = make_tables()
    acl = labels["acl"]
    splitter = StratifiedKFold(3, shuffle=True, random_state=0)
    model = make_pipeline(StandardScaler(), LogisticRegression())
    evaluation = cross_validate(model, features, acl, cv=splitter)
    theirs = cross_val_score(model, features, acl, cv=splitter, scoring="roc_auc")
    np.testing.assert_allclose(evaluation.fold_scores()["acl"], theirs, atol=1e-12)
    assert cross_validate(model, features, acl, cv=3).folds.n_splits == 3
    with pytest.raises(TypeError, match="`folds` and `cv` are two names of one parameter"):
        cross_validate(model, features, acl, cv=3, folds=3)


def test_weights_are_those_of_the_exam():
    features, labels = make_tables()
    acl = labels["acl"]
    weights = pd.Series(np.where(features["feature_5"] > 0, 5.0, 1.0), features.index)
    shuffled = weights.sample(frac=1, random_state=0)
    model = LogisticRegression()
    evaluation = cross_validate(
        model, features, acl, sample_weight=shuffled, n_splits=3, n_repeats=1
    )
    _, fold, train, test = next(iter(evaluation.folds.split()))
    reference = model.fit(features.loc[train], acl[train], sample_weight=weights[train])
    rows = evaluation.predictions["fold"] == fold
    np.testing.assert_allclose(
        evaluation.predictions.loc[rows, "acl"], reference.predict_proba(features.loc[test])[:, 1]
    )
    plain = cross_validate(model, features, acl, n_splits=3, n_repeats=1)
    assert not np.allclose(plain.predictions["acl"], evaluation.predictions["acl"])
    with pytest.raises(TypeError, match="KNeighborsClassifier.fit does not"):
        cross_validate(KNeighborsClassifier(), features, acl, sample_weight=weights)


def test_each_task_has_its_own_weights():
    features, labels = make_tables()
    rng = np.random.default_rng(0)
    weights = pd.DataFrame(rng.uniform(0.2, 5, labels.shape), labels.index, labels.columns)
    model = LogisticRegression()
    both = cross_validate(
        model, features, labels, n_splits=3, sample_weight=weights.iloc[::-1], n_repeats=1
    )
    for task in labels:
        alone = cross_validate(
            model, features, labels[task], folds=both.folds, sample_weight=weights[task]
        )
        np.testing.assert_array_equal(both.predictions[task], alone.predictions[task])
    with pytest.raises(ValueError, match="one column per task, got 'acl' for the tasks"):
        cross_validate(model, features, labels, sample_weight=weights[["acl"]])


def test_an_object_with_fit_and_predict_proba_is_enough():
    class Bare:
        def fit(self, X, y):
            self.weights = X[y == 1].mean() - X[y == 0].mean()

        def predict_proba(self, X):
            return 1 / (1 + np.exp(-(X @ self.weights).to_numpy()))

    features, labels = make_tables()
    evaluation = cross_validate(Bare(), features, labels, n_splits=3, n_repeats=1)
    assert (evaluation.summary()["auc"] > 0.6).all()
    assert len({id(model) for model in evaluation.models.values()}) == 9


def test_another_order_of_arguments_is_refused():
    features, labels = make_tables()
    order = r"got a DataFrame. The order is cross_validate\(model, features, labels\)"
    with pytest.raises(TypeError, match=order):
        cross_validate(features, labels, FAST)


def test_cross_validation_asks_for_advice(monkeypatch):
    asked = []
    monkeypatch.setattr(
        "mrnet_features.evaluation.protocol.cross_validation.CoreAdvice",
        lambda *given: asked.append(given) or CoreAdvice(1, 1, ""),
    )
    table = pd.DataFrame({"size": [1.0, 3.0] * 10}, index=[f"{k:04d}" for k in range(20)])
    labels = pd.DataFrame({"acl": [0, 1] * 10}, index=table.index)
    cross_validate(prior_baseline(), table, labels, n_splits=2, n_repeats=1)
    assert asked == [(None, 2, "Cross-validation")]
