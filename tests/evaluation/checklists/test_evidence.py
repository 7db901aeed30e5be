"""Results of different runs are not mixed in one checklist."""

import numpy as np
import pandas as pd
import pytest

from mrnet_features.evaluation import (
    compare,
    cross_validate,
    evaluate,
    importance,
    measure_calibration,
    measure_operating_points,
    shuffle_labels,
)
from mrnet_features.evaluation.checklists.evidence import collect_evidence
from mrnet_features.models import logistic_baseline
from tests.support.full_runs import make_full_runs, make_plain_run, make_table


def collect(*results, features=None):
    return collect_evidence(results, features, 0)


@pytest.fixture(scope="module")
def others():
    """A run on the same exams with other columns, and on fewer exams."""
    features, labels, _ = make_table()
    options = {"n_repeats": 2}  # as in `make_plain_run`
    fewer_columns = cross_validate(logistic_baseline(), features.iloc[:, 1:], labels, **options)
    fewer_exams = cross_validate(logistic_baseline(), features[:80], labels[:80], **options)
    return features, fewer_columns, fewer_exams


def test_the_order_of_the_results_does_not_matter():
    results, features = make_full_runs()[0]
    for given in (results, results[::-1]):
        evidence = collect(*given, features=features)
        assert evidence.run is results[0]
        assert evidence.importance is results[3]
        assert list(evidence.scores) == [""]


@pytest.mark.parametrize("which", [1, 2])
def test_calibration_of_another_run_is_refused(others, which):
    with pytest.raises(ValueError, match="Calibration must be that of the run"):
        collect(make_plain_run()[0], measure_calibration(others[which]))


def test_calibration_of_changed_probabilities_is_refused():
    run, _ = make_plain_run(n_repeats=1)
    pushed = run.predictions.set_index("exam")[["acl", "meniscus"]] ** 2
    with pytest.raises(ValueError, match="other exams or probabilities"):
        collect(run, measure_calibration(pushed, run.labels))


def test_calibration_of_one_task_is_that_of_the_run():
    run, _ = make_plain_run()
    found = measure_calibration(run, run.labels[["acl"]])
    assert collect(run, found).calibration is found


def test_repeats_are_compared_with_the_first_of_the_calibration():
    run, _ = make_plain_run(n_repeats=2)
    assert collect(run, measure_calibration(run)).calibration is not None


def test_a_comparison_without_the_run_is_refused(others):
    run, _ = make_plain_run()
    rng = np.random.default_rng(0)
    fixed = pd.DataFrame(rng.random((120, 2)), run.labels.index, run.labels.columns)
    collect(run, compare({"run": run, "noise": fixed}))
    strange = compare({"other": others[1], "noise": fixed}, run.labels)
    with pytest.raises(ValueError, match="none of 'other', 'noise' has the same AUCs"):
        collect(run, strange)
    fewer = compare({"run": run, "few": fixed[:100]}, run.labels, subset=True)
    with pytest.raises(ValueError, match="with all its exams"):
        collect(run, fewer)


def test_a_comparison_of_one_of_the_tasks_holds_the_run(others):
    run, _ = make_plain_run()
    found = compare({"run": run, "other": others[1]}, run.labels[["acl"]])
    assert collect(run, found).comparison is found


def test_importance_of_another_run_is_refused(others):
    run, features = make_plain_run()
    of_other_columns = importance(others[1], features.iloc[:, 1:], n_permutations=1)
    with pytest.raises(ValueError, match="other tasks, folds or columns"):
        collect(run, of_other_columns)
    halves, _ = make_plain_run(n_splits=2)
    with pytest.raises(ValueError, match="other tasks, folds or columns"):
        collect(halves, importance(run, features, n_permutations=1))


def test_results_need_their_run():
    results, features = make_full_runs()[0]
    for k, kind in ((1, "Calibration"), (3, "Importance")):
        with pytest.raises(ValueError, match=f"the run that the {kind} was measured on"):
            collect(results[k])
    with pytest.raises(ValueError, match="`features` need the Evaluation or HoldOut"):
        collect(results[2], features=features)


def test_two_of_a_kind_are_refused(others):
    with pytest.raises(ValueError, match="one run, got two"):
        collect(make_plain_run()[0], others[1])


def test_other_results_are_refused():
    features, labels, _ = make_table()
    control = shuffle_labels(
        logistic_baseline(), features, labels, n_rounds=3, n_splits=2, n_repeats=1
    )
    for odd in (control, None, 0.9, features.to_numpy()):
        with pytest.raises(TypeError, match="must each be an Evaluation, HoldOut"):
            collect(odd)


def test_features_of_other_exams_or_columns_are_refused(others):
    run, features = make_plain_run()
    with pytest.raises(ValueError, match="but differ in 'axial__knee__fluid__s0__mean'"):
        collect(run, features=features.iloc[:, 1:])
    with pytest.raises(ValueError, match="features"):
        collect(run, features=features[:100])


def test_features_of_a_held_out_split_are_those_of_both_parts():
    features, labels, _ = make_table()
    parts = (features[:80], labels[:80]), (features[80:], labels[80:])
    holdout = evaluate(logistic_baseline(), *parts)
    assert len(collect(holdout, features=features).features) == 120
    with pytest.raises(ValueError, match="features"):
        collect(holdout, features=features[80:])


def test_a_split_without_auc_keeps_the_reason():
    features, labels, _ = make_table(tasks=("acl",))
    labels = labels.sort_values("acl")
    train, valid = labels.index[20:], labels.index[:20]
    holdout = evaluate(
        logistic_baseline(),
        (features.loc[train], labels.loc[train]),
        (features.loc[valid], labels.loc[valid]),
    )
    evidence = collect(holdout)
    assert evidence.scores == {}
    assert "0 positive of task 'acl'" in evidence.problem


def test_a_table_beside_the_run_is_refused():
    run, _ = make_plain_run()
    with pytest.raises(ValueError, match="must not hold a table beside the run"):
        collect(run, measure_operating_points(run))
