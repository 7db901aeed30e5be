"""Differences of a report are those of `compare`, in words that claim no more than they show."""

import dataclasses

import pandas as pd
import pytest

import mrnet_features as mf
from mrnet_features.evaluation.comparison.holm import adjust_holm
from mrnet_features.report.page import Text
from mrnet_features.report.review.comparison import describe_comparison, say_difference
from mrnet_features.report.review.inputs import collect_inputs
from mrnet_features.report.review.part import Plot
from tests.support.small_studies import cross_study, hold_out_study, plant_study


@pytest.fixture(scope="module")
def cnn():
    """Predictions of another model: the labels with an error in every third exam."""
    labels = plant_study()[1].sort_index()
    wrong = pd.Series(range(len(labels)), labels.index) % 3 == 0
    return labels.mask(wrong, 1 - labels, axis=0) * 0.5 + 0.25


@pytest.fixture(scope="module")
def part(cnn):
    (found,) = describe_comparison(
        collect_inputs({"features": cross_study()}, compare={"cnn": cnn})
    )
    return found


def list_texts(part):
    return " ".join(block.text for block in part.blocks if isinstance(block, Text))


def test_differences_are_those_of_the_library(cnn, part):
    wanted = mf.compare({"features": cross_study(), "cnn": cnn})
    pd.testing.assert_frame_equal(part.tables["differences"], wanted.summary())
    pd.testing.assert_frame_equal(part.tables["auc"], wanted.frame())


def test_each_pair_has_a_figure_as_wide_as_a_phone(part):
    (plot,) = [block for block in part.blocks if isinstance(block, Plot)]
    axes = plot.draw()
    assert axes.get_figure().get_figwidth() == 4.4
    assert axes.get_title() == "features − cnn"


def test_the_text_says_that_files_are_taken_as_they_are(part):
    assert "Predictions from files (cnn) are taken as they are." in list_texts(part)


def test_p_values_are_adjusted_over_all_models(cnn):
    inputs = collect_inputs(
        {"features": cross_study()}, compare={"cnn": cnn, "again": cnn.round(1)}
    )
    (part,) = describe_comparison(inputs)
    means = part.tables["differences"].query("task == 'mean'")
    assert means["second"].tolist() == ["cnn", "again"]
    assert means["p_holm"].tolist() == adjust_holm(means["p"]).tolist()
    assert "Not combined with features: again." in list_texts(part)


def test_a_model_on_a_part_of_the_columns_has_no_p():
    features, labels = plant_study()
    model = mf.logistic_baseline()
    fewer = mf.cross_validate(model, features.iloc[:, :6], labels, folds=cross_study().folds)
    (part,) = describe_comparison(collect_inputs({"all": cross_study(), "glcm alone": fewer}))
    assert part.tables["differences"]["p"].isna().all()
    assert part.tables["differences"]["ci_low"].notna().all()
    assert "the columns of one model hold all those of the other" in list_texts(part)


def test_models_on_other_folds_are_not_compared_and_the_reason_is_given(cnn):
    features, labels = plant_study()
    model = mf.logistic_baseline()
    other = mf.cross_validate(model, features, labels, n_splits=3, n_repeats=1, seed=1)
    inputs = collect_inputs({"features": cross_study(), "other": other}, compare={"cnn": cnn})
    (part,) = describe_comparison(inputs)
    assert part.tables["differences"]["second"].unique().tolist() == ["cnn"]
    assert "must share their folds" in part.facts["not_measured"]["other"]


def test_one_partition_gives_no_p_and_the_text_says_why(cnn):
    features, labels = plant_study()
    model = mf.logistic_baseline()
    once = mf.cross_validate(model, features, labels[["one"]], n_splits=3, n_repeats=1)
    (part,) = describe_comparison(collect_inputs(once, compare={"cnn": cnn}))
    assert part.tables["differences"]["task"].tolist() == ["one"]
    assert "one partition into folds" in list_texts(part)
    assert "without a test" in list_texts(part)


def test_held_out_exams_are_compared_as_one_test_set(cnn):
    held_out = hold_out_study()
    own = cnn.loc[held_out.labels.index]
    (part,) = describe_comparison(collect_inputs(held_out, compare={"cnn": own}))
    table = part.tables["differences"]
    assert table["interval"].unique().tolist() == ["test exams"]
    wanted = mf.compare({"model": held_out, "cnn": own}).summary()
    pd.testing.assert_frame_equal(table, wanted)


def test_a_model_on_other_exams_is_named_and_not_compared():
    inputs = collect_inputs({"train": cross_study(), "valid": hold_out_study()})
    part, left_out = describe_comparison(inputs)
    assert list_texts(part) == "Not compared with train, since scored on other exams: valid."
    assert left_out.argument.startswith("compare=")


def test_without_another_model_the_section_is_left_out():
    (left_out,) = describe_comparison(collect_inputs(cross_study()))
    assert left_out.argument.startswith("compare=")


def test_published_aucs_are_shown_for_exams_of_the_release_alone():
    inputs = collect_inputs(hold_out_study())
    assert len(describe_comparison(inputs)) == 1
    part, left_out = describe_comparison(dataclasses.replace(inputs, is_release=True))
    assert list(part.tables) == ["published"]
    assert left_out.argument.startswith("compare=")


@pytest.mark.parametrize(
    ("gap", "p", "start"),
    [
        (0.1, 0.01, "features reaches a higher mean AUC than cnn"),
        (-0.1, 0.01, "cnn reaches a higher mean AUC than features"),
        (0.1, 0.2, "No difference in mean AUC between features and cnn was shown"),
        (0.1, float("nan"), "The mean AUC of features minus that of cnn is 0.100"),
    ],
)
def test_a_winner_is_named_only_if_the_adjusted_p_is_small(gap, p, start):
    row = {"first": "features", "second": "cnn", "difference": gap, "ci_low": gap - 0.05}
    row |= {"ci_high": gap + 0.05, "p_holm": p, "minimum_detectable_difference": 0.12}
    assert say_difference(row, "mean").startswith(start)
