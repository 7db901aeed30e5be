"""Section on leakage: what is planted is found, and what did not run is not called clean."""

import numpy as np
import pandas as pd
import pytest

import mrnet_features as mf
from mrnet_features.evaluation.leakage.negative_controls import NegativeControl
from mrnet_features.report.review.inputs import collect_inputs
from mrnet_features.report.review.leakage import (
    FAILED,
    FOUND,
    NOT_RUN,
    NOTHING,
    UNCLEAR,
    describe_leakage,
)
from mrnet_features.report.review.part import Closed, LeftOut, Part
from tests.support.tables import plant_signal

FEATURES, LABELS = plant_signal(120)
MODEL = mf.logistic_baseline()


def fit(features=FEATURES, labels=LABELS, **options):
    return mf.cross_validate(MODEL, features, labels, n_splits=2, n_repeats=1, **options)


def describe(evaluation, **options):
    found = describe_leakage(collect_inputs(evaluation, **options))
    part = next(item for item in found if isinstance(item, Part))
    checks = part.tables["checks"].set_index("check")
    return part, checks, {item.title: item for item in found if isinstance(item, LeftOut)}


def test_an_ordinary_table_is_clean_only_where_checks_ran():
    part, checks, left_out = describe(fit(), features=FEATURES)
    assert checks.loc[checks["state"] == NOTHING].index.tolist() == [
        "One column separates a task",
        "Columns in the order of the exam ids",
        "Exams with equal features",
    ]
    assert (checks["state"] == NOT_RUN).sum() == 5
    assert (part.facts["n_nothing"], part.facts["n_found"], part.facts["n_not_run"]) == (3, 0, 5)
    assert part.blocks[1].text == "Of 8 checks: 3 found nothing, 5 did not run."
    assert not part.blocks[1].is_warning
    assert {"Negative controls", "Permutation test"} == set(left_out)


def test_without_features_no_check_of_the_table_is_said_to_have_run():
    part, checks, _ = describe(fit())
    assert set(checks["state"]) == {NOT_RUN}
    assert part.facts["n_nothing"] == 0


def test_planted_leaks_are_found_and_named_in_words():
    table = FEATURES.copy()
    table["axial__knee__intensity__mean__mean"] = LABELS["one"] + 0.001 * np.arange(120) % 0.01
    table["number"] = np.arange(120.0)
    table.iloc[50] = table.iloc[7]
    part, checks, _ = describe(fit(table), features=table)
    assert checks.loc["One column separates a task", "state"] == FOUND
    assert checks.loc["Columns in the order of the exam ids", "state"] == FOUND
    assert checks.loc["Exams with equal features", "result"] == "1 pair, see below."
    assert part.tables["repeated"][["exam", "other_exam"]].values.tolist() == [["0007", "0050"]]
    words = set(part.tables["findings"]["words"])
    assert words == {"mean grey level, mean of slices, axial", "number"}
    assert part.blocks[1].is_warning
    titles = [block.title for block in part.blocks if isinstance(block, Closed)]
    assert titles == ["Findings", "Exams with equal features"]


def test_size_of_the_scan_is_compared_with_the_model_in_its_own_folds():
    rng = np.random.default_rng(0)
    noise = FEATURES.assign(**dict.fromkeys(FEATURES, 0.0)) + rng.normal(size=FEATURES.shape)
    slices = LABELS["one"] + rng.normal(size=120)
    table = noise.assign(axial__knee__acquisition__n_slices__stack=slices)
    part, checks, _ = describe(fit(table), features=table)
    assert checks.loc["Size of the scan explains a task", "state"] == FOUND
    assert part.tables["findings"]["subject"].tolist() == ["one"]
    honest = FEATURES.assign(axial__knee__acquisition__n_slices__stack=rng.normal(size=120))
    _, checks, _ = describe(fit(honest), features=honest)
    assert checks.loc["Size of the scan explains a task", "state"] == NOTHING


def test_copies_across_training_and_held_out_exams_are_found():
    table = FEATURES.copy()
    table.iloc[100] = table.iloc[3]
    halves = (table[:80], LABELS[:80]), (table[80:], LABELS[80:])
    part, checks, _ = describe(mf.evaluate(MODEL, *halves), features=table)
    row = part.tables["repeated"].iloc[0]
    assert row.tolist() == ["training", "0003", "scored", "0100"]
    assert "across training and held-out" in checks.loc["Exams with equal features", "result"]
    assert checks.loc["One column separates a task", "state"] == NOTHING


def test_groups_in_one_fold_are_confirmed():
    groups = pd.Series(np.arange(120) // 2, FEATURES.index)
    _, checks, _ = describe(fit(groups=groups), features=FEATURES)
    row = checks.loc["Exams of one patient kept together"]
    assert (row["state"], row["result"]) == (NOTHING, "60 groups, each in one fold.")


def test_controls_and_permutations_from_before_are_shown():
    aucs = pd.Series([0.6, 0.61, 0.62])
    failed = NegativeControl("shuffled labels", aucs, passed=False, text="mean AUC 0.610")
    scores = LABELS["one"].astype(float).to_frame()
    test = mf.permutation_test(scores, labels=LABELS[["one"]], n_permutations=19)
    part, checks, left_out = describe(fit(), also=(failed, test))
    row = checks.loc["Shuffled labels"]
    assert (row["state"], row["result"]) == (FAILED, "mean AUC 0.610.")
    assert checks.loc["Planted leak", "state"] == NOT_RUN
    assert checks.loc["Permutation test", "state"] == NOTHING
    assert part.facts["controls"] == ["shuffled labels"]
    assert part.blocks[1].is_warning
    assert not left_out


def test_thorough_controls_find_a_planted_leak_and_nothing_in_noise():
    part, checks, left_out = describe(fit(), features=FEATURES, thorough=True)
    controls = checks.loc[["Shuffled labels", "Noise in place of features", "Planted leak"]]
    assert set(controls["state"]) == {"passed"}
    assert part.tables["controls"].loc["planted leak", "mean_auc"] > 0.95
    assert "Negative controls" not in left_out


@pytest.mark.parametrize("thorough", [False, True])
def test_other_fit_labels_have_no_controls(thorough):
    evaluation = fit(fit_labels=LABELS.astype(float))
    _, checks, _ = describe(evaluation, features=FEATURES, thorough=thorough)
    assert checks.loc["Shuffled labels", "state"] == NOT_RUN
    assert ("other labels" in checks.loc["Shuffled labels", "result"]) == thorough


def test_a_permutation_test_that_can_not_rule_out_chance_is_no_alarm():
    scores = FEATURES[["axial__knee__glcm__s0__mean"]].set_axis(["one"], axis=1)
    few = mf.permutation_test(scores, labels=LABELS[["one"]], n_permutations=9)
    part, checks, _ = describe(fit(), also=(few,))
    assert few.summary().loc["one", "p"] == 0.1
    row = checks.loc["Permutation test"]
    assert row["state"] == UNCLEAR
    assert f"with an AUC of {few.observed['one']:.3f} in the test" in row["result"]
    assert "could not rule out chance" in part.blocks[1].text
    assert not part.blocks[1].is_warning
