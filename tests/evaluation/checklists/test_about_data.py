"""Split, groups, missing values and class balance are told from the run alone."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold

from mrnet_features.evaluation import Folds, cross_validate, evaluate, make_folds
from mrnet_features.evaluation.checklists.about_data import (
    assignment,
    balance,
    counts,
    find_apart,
    find_missing,
    split,
)
from mrnet_features.evaluation.checklists.about_data import testing as say_testing
from mrnet_features.evaluation.checklists.about_models import training
from mrnet_features.evaluation.checklists.evidence import collect_evidence
from mrnet_features.models import lightgbm_baseline, logistic_baseline
from tests.support.full_runs import make_plain_run, make_table


def collect(run, features=None, seed=0):
    return collect_evidence((run,), features, seed)


def fit(model, n_exams=40, **options):
    features, labels, _ = make_table(n_exams, tasks=("acl",))
    options = {"n_splits": 2, "n_repeats": 1, **options}
    return cross_validate(model, features, labels, **options), features


def test_folds_of_another_seed_are_recognised_with_that_seed_alone():
    run, _ = make_plain_run(seed=3)
    assert "(make_folds, seed 3)" in assignment(collect(run, seed=3)).text
    unknown = assignment(collect(run))
    assert not unknown.text
    assert "not those of `make_folds` with seed 0" in unknown.to_do
    assert "make_folds, seed" not in split(collect(run)).text


def test_folds_of_another_splitter_are_not_called_stratified():
    run, _ = fit(logistic_baseline(), folds=KFold(2))
    assert not assignment(collect(run)).text
    assert "stratified" not in split(collect(run)).text


def test_folds_read_from_a_file_are_recognised(tmp_path):
    features, labels, groups = make_table(60, tasks=("acl",))
    make_folds(labels, 3, 2, groups).save(tmp_path / "folds.csv")
    folds = Folds.read(tmp_path / "folds.csv")
    run = cross_validate(logistic_baseline(), features, labels, folds=folds, groups=groups)
    assert "Assigned at random by groups" in assignment(collect(run)).text


def test_fractions_of_positives_are_those_of_the_folds():
    run, _ = fit(logistic_baseline())
    truth = run.labels.loc[run.predictions["exam"], "acl"].to_numpy()
    share = run.predictions.assign(truth=truth).groupby("fold")["truth"].mean()
    assert f"{share.min():.3f} to {share.max():.3f} of 'acl'" in split(collect(run)).text


def test_groups_spread_over_folds_are_not_apart():
    run, _ = make_plain_run()
    groups = pd.Series(np.arange(120) // 12, index=run.labels.index)
    mixed = type(run)(run.labels, run.predictions, run.folds, run.models, groups)
    answer = find_apart(collect(mixed))
    assert not answer.text
    assert "10 groups are spread over several folds" in answer.to_do


def test_constant_class_weights_are_no_class_weights():
    for model in (logistic_baseline(), lightgbm_baseline(n_estimators=2)):
        assert "no class weights" in balance(collect(fit(model)[0])).text


@pytest.mark.parametrize(
    ("model", "options", "wanted"),
    [
        (LogisticRegression(class_weight="balanced"), {}, "class_weight='balanced'"),
        (LogisticRegression(class_weight={0: 1, 1: 3}), {}, "class_weight=given"),
        (logistic_baseline(), {"sample_weight": np.ones(40)}, "sample weights"),
    ],
)
def test_weights_are_told_and_need_a_reason(model, options, wanted):
    features, labels, _ = make_table(40, tasks=("acl",))
    if "sample_weight" in options:
        options = {"sample_weight": pd.Series(options["sample_weight"], labels.index)}
    run = cross_validate(model, features, labels, n_splits=2, **options)
    answer = balance(collect(run))
    assert wanted in answer.text
    assert "Say why" in answer.to_do


class Opaque:
    """Classifier without parameters."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        chance = 1 / (1 + np.exp(-np.asarray(X)[:, 0]))
        return np.column_stack([1 - chance, chance])


def test_weights_of_a_model_that_cannot_be_read_stay_open():
    assert not balance(collect(fit(Opaque())[0])).text


def test_missing_values_are_left_to_trees_and_imputed_by_the_regression():
    for model, wanted in (
        (logistic_baseline(), "Replaced by SimpleImputer (median)"),
        (lightgbm_baseline(n_estimators=2), "Left to SeedAveragedLightGBM"),
    ):
        run, features = fit(model)
        features = features.mask(np.eye(40, 6, dtype=bool))
        text = find_missing(collect(run, features)).text
        assert "6 of 240 values of the feature table are missing (2.5 %)" in text
        assert "in 6 of 6 columns and 6 exams" in text
        assert wanted in text


def fit_softly():
    """Cross-validation and hold-out fitted on labels of 0.1 and 0.8; a quarter has none to test."""
    features, labels, _ = make_table(80, tasks=("acl",))
    soft = labels * 0.7 + 0.1
    partly = labels.astype(float).mask(np.arange(80)[:, None] % 4 == 0)
    run = cross_validate(logistic_baseline(), features, partly, n_splits=2, fit_labels=soft)
    train, test = (features[:60], None), (features[60:], labels[60:])
    return run, evaluate(logistic_baseline(), train, test, fit_labels=soft[:60]), soft


def test_labels_to_fit_on_are_told_wherever_labels_are():
    run, _, soft = fit_softly()
    evidence = collect(run)
    wanted = f"mean label from 0 to 1: {soft['acl'].mean():.3f} of 80 exams of 'acl'"
    for answer in (counts, split, balance, training):
        assert wanted in answer(evidence).text
    assert "positive:" not in training(evidence).text
    assert "labels between 0 and 1 as weights" in balance(evidence).text
    assert "no sample weights" not in balance(evidence).text
    said = find_missing(evidence).to_do
    assert "20 of 80 exams have no label of 'acl' to score." in said
    assert "Every exam has a label of every task to fit on." in said


def test_soft_labels_of_a_hold_out_have_no_count():
    _, run, soft = fit_softly()
    evidence = collect(run)
    for answer in (counts, split):
        text = answer(evidence).text
        assert "positive: 0 of 60" not in text
        assert f"{soft[:60]['acl'].mean():.3f} of 60 exams of 'acl'" in text
        assert "weight 1 - p" in text


def test_cross_validation_is_internal():
    assert say_testing(collect(make_plain_run()[0])).text.startswith("Internal:")
