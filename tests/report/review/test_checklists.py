"""Section on checklists: the study answers what it holds, and results of the page count."""

import pytest

import mrnet_features as mf
from mrnet_features.report.review.calibration import describe_calibration
from mrnet_features.report.review.checklists import describe_checklists
from mrnet_features.report.review.importance import describe_importance
from mrnet_features.report.review.inputs import collect_inputs
from mrnet_features.report.review.part import Closed, Part
from tests.support.tables import plant_signal

FEATURES, LABELS = plant_signal(80)
MODEL = mf.logistic_baseline()


@pytest.fixture(scope="module")
def evaluation():
    return mf.cross_validate(MODEL, FEATURES, LABELS, n_splits=2, n_repeats=2)


def describe(inputs):
    part, *left_out = describe_checklists(inputs)
    assert isinstance(part, Part)
    return part, part.tables["items"].set_index(["checklist", "item"]), left_out


def test_counts_are_those_of_the_items(evaluation):
    part, items, left_out = describe(collect_inputs(evaluation, features=FEATURES))
    counts = part.tables["counts"]
    assert counts.index.tolist() == ["CLEAR", "TRIPOD+AI"]
    states = items["state"].groupby("checklist").value_counts().unstack(fill_value=0)
    assert (counts[["computed", "open"]] == states[["computed", "open"]]).all(axis=None)
    assert part.facts["n_open"] == int(counts["open"].sum())
    assert [item.argument for item in left_out] == ['stated={"CLEAR 8": "..."}']


def test_open_items_are_left_to_the_authors_without_code(evaluation):
    part, _, _ = describe(collect_inputs(evaluation))
    closed = [block for block in part.blocks if isinstance(block, Closed)]
    shown = [cell for block in closed for row in block.blocks[0].rows for cell in row]
    assert "for the authors to state" in shown
    assert not any("stated=" in cell for cell in shown)


def test_stated_items_are_quoted(evaluation):
    part, items, left_out = describe(collect_inputs(evaluation, stated={"CLEAR 8": "Exempt."}))
    assert items.loc[("CLEAR", "8"), "state"] == "stated"
    assert "Exempt." in items.loc[("CLEAR", "8"), "answer"]
    assert part.tables["counts"].loc["CLEAR", "stated"] == 1
    assert not left_out
    with pytest.raises(ValueError, match="must name items"):
        describe(collect_inputs(evaluation, stated={"CLEAR 99": "Exempt."}))


def test_importance_and_calibration_of_earlier_sections_are_answers(evaluation):
    alone = describe(collect_inputs(evaluation, features=FEATURES))[1]
    inputs = collect_inputs(evaluation, features=FEATURES)
    describe_calibration(inputs)
    describe_importance(inputs)
    items = describe(inputs)[1]
    assert alone.loc[("CLEAR", "43"), "state"] == "open"
    assert items.loc[("CLEAR", "43"), "state"] == "computed"
    assert "Calibration" in items.loc[("TRIPOD+AI", "23a"), "answer"]


def test_results_of_another_run_answer_nothing(evaluation):
    other = mf.cross_validate(MODEL, FEATURES, LABELS, n_splits=2, n_repeats=2, seed=1)
    inputs = collect_inputs(evaluation, also=(mf.measure_calibration(other),))
    assert "Calibration" not in describe(inputs)[1].loc[("TRIPOD+AI", "23a"), "answer"]


def test_held_out_exams_and_their_training_exams():
    halves = (FEATURES[:40], LABELS[:40]), (FEATURES[40:], LABELS[40:])
    part, items, _ = describe(collect_inputs(mf.evaluate(MODEL, *halves), features=FEATURES))
    assert part.tables["counts"]["computed"].min() > 0
    assert items.loc[("TRIPOD+AI", "21"), "state"] == "computed"
