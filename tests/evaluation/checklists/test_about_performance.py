"""AUCs, tests, calibration and importance are quoted as the results give them."""

import numpy as np
import pytest

from mrnet_features.evaluation import (
    compare,
    cross_validate,
    evaluate,
    importance,
    measure_calibration,
)
from mrnet_features.evaluation.checklists import about_performance
from mrnet_features.evaluation.checklists.evidence import collect_evidence
from mrnet_features.models import logistic_baseline
from tests.support.full_runs import make_plain_run, make_table


def ask(fact, *results):
    return getattr(about_performance, fact)(collect_evidence(results, None, 0))


def test_calibration_is_quoted():
    run, _ = make_plain_run()
    found = measure_calibration(run)
    row = found.summary().loc["meniscus"]
    shown = f"slope {row['slope']:.2f} ({row['slope_low']:.2f} to {row['slope_high']:.2f})"
    for fact in ("performance", "uncertainty", "measures"):
        assert shown in ask(fact, run, found).text, fact
    assert not ask("measures", run).text


def test_every_pair_is_quoted_with_holm():
    run, features = make_plain_run()
    models = {"all": run} | {
        f"{k} less": cross_validate(
            logistic_baseline(), features.iloc[:, k:], run.labels, folds=run.folds
        )
        for k in (1, 2)
    }
    found = compare(models)
    text = ask("comparison", run, found).text
    table = found.summary()
    for row in table[table["task"] == "mean"].itertuples():
        assert f"p = {row.p:.3g}, after Holm {row.p_holm:.3g}" in text
        assert f"{row.difference:+.3f} ({row.ci_low:+.3f} to {row.ci_high:+.3f})" in text
    assert "by Holm over 3 pairs; those of the single tasks over 6 tests." in text


def test_nested_models_have_no_p_values():
    run, features = make_plain_run()
    part = cross_validate(logistic_baseline(), features.iloc[:, 1:], run.labels, folds=run.folds)
    text = ask("comparison", run, compare({"all": run, "part": part}, nested=True)).text
    assert "p = " not in text
    assert "No p values" in text


def test_a_single_task_has_no_further_tests():
    features, labels, _ = make_table(60, tasks=("acl",))
    run = cross_validate(logistic_baseline(), features, labels, n_splits=2)
    part = cross_validate(logistic_baseline(), features.iloc[:, 1:], labels, folds=run.folds)
    text = ask("comparison", run, compare({"all": run, "part": part})).text
    assert text.endswith("by Holm over 1 pair.")


def test_no_interval_leaves_performance_open():
    features, labels, _ = make_table(80, tasks=("acl",))
    half = np.arange(80) % 2
    train, valid = half == 0, half == 1
    holdout = evaluate(
        logistic_baseline(),
        (features[train], labels[train]),
        (features[valid], labels[valid]),
        groups=dict(zip(features.index, half, strict=True)),
    )
    with pytest.warns(UserWarning, match="all exams of a task are of one group"):
        holdout.summary()
    for fact in ("performance", "uncertainty"):
        answer = ask(fact, holdout)
        assert not answer.text, fact
        assert "No interval of the AUC of 'acl'" in answer.to_do
    assert ask("metrics", holdout).text


def test_groups_are_named_in_the_intervals():
    features, labels, groups = make_table(80, tasks=("acl",))
    run = cross_validate(logistic_baseline(), features, labels, n_splits=2, groups=groups)
    assert "40 groups" in ask("performance", run).text
    assert "the run has no groups" in ask("performance", make_plain_run()[0]).text


def test_importance_is_quoted():
    run, features = make_plain_run()
    found = importance(run, features, n_permutations=1)
    table = found.summary()
    text = ask("importance", run, found).text
    for name in table.index:
        assert f"{name} {table.loc[name, 'permutation']:.3f}" in text


def test_scores_that_are_no_probabilities_are_called_scores():
    class Ranker:
        def fit(self, X, y):
            self.classes_ = np.unique(y)
            return self

        def decision_function(self, X):
            return 7 * np.asarray(X)[:, 0]

    features, labels, _ = make_table(60, tasks=("acl",))
    run = cross_validate(Ranker(), features, labels, n_splits=2)
    for fact in ("output", "prediction"):
        assert "score (decision_function)" in ask(fact, run).text
    assert f"{7 * features.iloc[:, 0].max():.3f}" in ask("output", run).text


def test_a_held_out_run_has_no_internal_validation():
    features, labels, _ = make_table(80, tasks=("acl",))
    holdout = evaluate(
        logistic_baseline(), (features[:50], labels[:50]), (features[50:], labels[50:])
    )
    answer = ask("building", holdout)
    assert not answer.text
    assert "holds no internal validation" in answer.to_do
