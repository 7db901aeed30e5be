"""Subgroups in a report are those of the library, with what few exams can't tell."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

import mrnet_features as mf
from mrnet_features.report.page import Text
from mrnet_features.report.review.inputs import collect_inputs
from mrnet_features.report.review.part import Plot
from mrnet_features.report.review.subgroups import describe_subgroups
from tests.support.small_studies import cross_study, hold_out_study, plant_study


@pytest.fixture(scope="module")
def factors():
    exams = cross_study().labels.index
    sites = np.resize(["north"] * 9 + ["south"] * 9 + ["east"], len(exams))
    return pd.DataFrame({"site": sites, "sex": np.resize(["f", "m"], len(exams))}, exams)


def list_texts(part):
    return " ".join(block.text for block in part.blocks if isinstance(block, Text))


def test_the_table_is_that_of_the_library(factors):
    (part,) = describe_subgroups(collect_inputs(cross_study(), subgroups=factors))
    wanted = mf.measure_subgroups(cross_study(), factors).summary()
    pd.testing.assert_frame_equal(part.tables["subgroups"], wanted)


def test_texts_warn_of_few_exams_and_many_tests(factors):
    (part,) = describe_subgroups(collect_inputs(cross_study(), subgroups=factors))
    text = list_texts(part)
    assert "5 levels, of which 1 could not be measured" in text
    assert "No difference in the mean AUC between a level and the other exams was shown" in text
    assert "some differ by chance alone" in text
    assert "does not by itself show that a model is unfair" in text


def test_a_level_that_differs_is_named():
    run = cross_study()
    labels = run.labels
    exams = labels.index
    site = pd.DataFrame({"site": ["good"] * 60 + ["bad"] * 60}, exams)
    right = pd.Series(range(120), exams) < 60
    rows = run.predictions.copy()
    for task in labels:
        truth = labels[task].where(right, 1 - labels[task])
        rows[task] = truth.loc[rows["exam"]].to_numpy() * 0.5 + rows[task] * 0.4
    (part,) = describe_subgroups(
        collect_inputs(dataclasses.replace(run, predictions=rows), subgroups=site)
    )
    text = list_texts(part)
    assert "differ from the other exams in the mean AUC (adjusted p below 0.05): site: bad" in text
    assert "site: good (two)" in text


def test_where_no_level_has_enough_exams_there_is_no_figure():
    held_out = hold_out_study()
    rooms = pd.DataFrame({"room": np.resize(list("abcdefgh"), 40)}, held_out.labels.index)
    (part,) = describe_subgroups(collect_inputs(held_out, subgroups=rooms))
    assert not [block for block in part.blocks if isinstance(block, Plot)]
    assert "none could be measured" in list_texts(part)


def test_results_from_before_are_shown(factors):
    features, labels = plant_study()
    site = pd.Series(np.resize(range(12), len(labels)), labels.index)
    gap = mf.measure_group_gap(
        mf.logistic_baseline(), features, labels, site, n_splits=2, n_repeats=2
    )
    before = mf.measure_subgroups(cross_study(), factors)
    (part,) = describe_subgroups(collect_inputs(cross_study(), also=(gap, before)))
    pd.testing.assert_frame_equal(part.tables["gap"], gap.summary())
    pd.testing.assert_frame_equal(part.tables["subgroups"], before.summary())


def test_ages_that_are_not_cut_are_a_sentence():
    ages = pd.DataFrame({"age": range(120)}, cross_study().labels.index)
    (part,) = describe_subgroups(collect_inputs(cross_study(), subgroups=ages))
    assert list_texts(part).startswith("The AUC within each level")
    assert "Cut it into bands" in list_texts(part)


def test_without_subgroups_the_section_is_left_out():
    (left_out,) = describe_subgroups(collect_inputs(cross_study()))
    assert left_out.argument.startswith("subgroups=")
