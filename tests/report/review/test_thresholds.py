"""Thresholds come from other exams than those they are tried on, and from the same model."""

import pandas as pd
import pytest

import mrnet_features as mf
from mrnet_features.evaluation.metrics.operating_points import (
    apply_thresholds,
    choose_thresholds,
    measure_operating_points,
)
from mrnet_features.report.review.inputs import collect_inputs
from mrnet_features.report.review.thresholds import find_training_evaluation, measure_points
from tests.support.small_studies import cross_study, hold_out_study, plant_study


@pytest.fixture(scope="module")
def training():
    features, labels = plant_study()
    model = mf.logistic_baseline()
    return mf.cross_validate(model, features[:80], labels[:80], n_splits=2, n_repeats=1)


def test_points_of_a_cross_validation_are_those_of_the_other_folds():
    crossed = cross_study()
    points = measure_points(collect_inputs(crossed))
    assert list(points) == ["balance", "90 % sensitivity"]
    pd.testing.assert_frame_equal(points["balance"], measure_operating_points(crossed))
    wanted = measure_operating_points(crossed, "sensitivity", 0.9)
    pd.testing.assert_frame_equal(points["90 % sensitivity"], wanted)


def test_a_held_out_set_takes_the_thresholds_of_its_training_exams(training):
    held_out = hold_out_study()
    inputs = collect_inputs(held_out, also=(training,))
    assert find_training_evaluation(inputs) is training
    wanted = apply_thresholds(held_out, None, choose_thresholds(training))
    pd.testing.assert_frame_equal(measure_points(inputs)["balance"], wanted)


def test_a_held_out_set_alone_has_no_points():
    held_out = hold_out_study()
    assert measure_points(collect_inputs(held_out)) == {}


def test_thresholds_of_other_exams_or_of_another_model_are_not_taken():
    held_out, crossed = hold_out_study(), cross_study()
    features, labels = plant_study()
    other = mf.cross_validate(
        mf.logistic_baseline(C=0.01), features[:80], labels[:80], n_splits=2, n_repeats=1
    )
    for wrong in (crossed, other):
        inputs = collect_inputs(held_out, also=(wrong,))
        assert find_training_evaluation(inputs) is None
