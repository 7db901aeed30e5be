"""Curves and operating points of a report are those of the library's own functions."""

import dataclasses

import pandas as pd
import pytest

import mrnet_features as mf
from mrnet_features.evaluation import measure_precision_recall
from mrnet_features.evaluation.metrics.operating_points import measure_operating_points
from mrnet_features.report.page import Text
from mrnet_features.report.review.curves import N_DRAWS, describe_curves
from mrnet_features.report.review.inputs import collect_inputs
from mrnet_features.report.review.part import Plot
from tests.support.small_studies import cross_study, hold_out_study
from tests.support.tables import plant_signal


@pytest.fixture(scope="module")
def part():
    (found,) = describe_curves(collect_inputs({"features": cross_study()}))
    return found


def list_texts(part):
    return " ".join(block.text for block in part.blocks if isinstance(block, Text))


def test_tables_are_those_of_the_library(part):
    crossed = cross_study()
    curves = mf.measure_roc(crossed, n_draws=N_DRAWS)
    pd.testing.assert_frame_equal(part.tables["auc"], curves.summary())
    roc = part.tables["roc"].reset_index(drop=True)
    pd.testing.assert_frame_equal(roc, curves.frame())
    decision = mf.measure_decision_curve(crossed)
    pd.testing.assert_frame_equal(part.tables["decision"].reset_index(drop=True), decision.frame())
    benefit = part.tables["benefit"].set_index(["task", "threshold"])
    pd.testing.assert_frame_equal(benefit, decision.summary())
    wanted = measure_precision_recall(crossed, n_draws=2).summary()
    pd.testing.assert_frame_equal(part.tables["precision"], wanted)
    points = part.tables["points"].query("rule == 'balance'").set_index("task")
    pd.testing.assert_frame_equal(points.drop(columns="rule"), measure_operating_points(crossed))


def test_each_task_has_two_figures_of_the_width_of_a_phone(part):
    plots = [block for block in part.blocks if isinstance(block, Plot)]
    assert [plot.caption for plot in plots] == [
        "one: ROC curve", "two: ROC curve", "one: decision curve", "two: decision curve",
    ]  # fmt: skip
    for plot in plots[::2]:
        figure = plot.draw().get_figure()
        assert figure.get_figwidth() == 4.4


def test_texts_say_what_the_intervals_cover_and_how_many_draws_were_made(part):
    text = list_texts(part)
    assert "take the fitted models as given" in text
    assert f"{N_DRAWS} draws" in text


def test_a_held_out_set_without_training_exams_says_what_would_bring_its_points():
    held_out = hold_out_study()
    part, left_out = describe_curves(collect_inputs(held_out))
    assert "points" not in part.tables
    assert left_out.argument.startswith("also=")
    pd.testing.assert_frame_equal(part.tables["auc"], mf.measure_roc(held_out).summary())


def test_scores_that_are_no_probabilities_leave_the_other_curves():
    crossed = cross_study()
    rows = crossed.predictions.copy()
    rows["two"] = rows["two"] * 8 - 4
    (part,) = describe_curves(collect_inputs(dataclasses.replace(crossed, predictions=rows)))
    assert part.tables["decision"]["task"].unique().tolist() == ["one"]
    assert part.tables["roc"]["task"].unique().tolist() == ["one", "two"]
    assert "Decision curve of two: not measured" in list_texts(part)


def test_missing_labels_and_one_task_with_few_positive_exams():
    features, labels = plant_signal(60)
    rare = labels[["one"]].astype(float)
    rare.iloc[:20] = float("nan")
    positive = rare.index[rare["one"] == 1]
    rare.loc[positive[6:]] = float("nan")
    model = mf.logistic_baseline()
    evaluation = mf.cross_validate(model, features, rare, n_splits=3, n_repeats=1)
    (part,) = describe_curves(collect_inputs(evaluation))
    assert part.tables["points"]["n_positive"].tolist() == [6, 6]
    assert part.facts["not_measured"] == {}


def test_of_many_tasks_the_first_are_drawn_and_all_are_in_the_tables():
    held_out = hold_out_study()
    names = ["a", "b", "c", "d", "e"]
    many = dataclasses.replace(
        held_out,
        labels=pd.DataFrame(dict.fromkeys(names, held_out.labels["one"])),
        predictions=pd.DataFrame(dict.fromkeys(names, held_out.predictions["one"])),
    )
    part, _ = describe_curves(collect_inputs(many))
    assert sum(isinstance(block, Plot) for block in part.blocks) == 8
    assert part.tables["auc"].index.tolist() == names
    assert "Figures show the first 4 tasks" in list_texts(part)
