"""Added value: gain of a model that knows more, none of noise."""

import numpy as np
import pandas as pd
import pytest

from mrnet_features.evaluation import HoldOut
from mrnet_features.evaluation.alignment import align_groups
from mrnet_features.evaluation.comparison.added_value import (
    measure_added_value,
    measure_both_ways,
)
from tests.support.tables import TASKS, add_folds, make_models


def test_a_better_model_adds_value_and_noise_does_not():
    labels, models = make_models(seed=5, n_exams=600)
    base, other = models.values()
    gain = measure_added_value(base, other, labels, n_repeats=2).summary()
    assert gain.loc["mean", "ci_low"] > 0
    np.testing.assert_allclose(gain["auc_combined"] - gain["auc_base"], gain["gain"])
    noise = pd.DataFrame(np.random.default_rng(0).random(base.shape), base.index, TASKS)
    nothing = measure_added_value(base, noise, labels, n_repeats=2)
    assert abs(nothing.summary().loc["mean", "gain"]) < 0.01
    assert (nothing.weights["base"].abs() > 5 * nothing.weights["added"].abs()).all()
    assert repr(nothing).startswith("AddedValue(gain ")


def test_repeats_are_averaged_first():
    labels, models = make_models()
    repeated = add_folds(labels, models["model 0"], n_repeats=3)
    pd.testing.assert_frame_equal(
        measure_added_value(repeated, models["model 1"], labels).summary(),
        measure_added_value(models["model 0"], models["model 1"], labels).summary(),
    )


def test_the_groups_of_the_models_are_used():
    labels, models = make_models()
    first, second = models.values()
    patients = {exam: int(exam) // 2 for exam in labels.index}
    grouping = align_groups(patients, labels.index)
    base = HoldOut(labels, first, {}, labels, groups=grouping)
    expected = measure_added_value(first, second, labels, groups=patients, n_repeats=1)
    found = measure_added_value(base, second, n_repeats=1)
    pd.testing.assert_frame_equal(found.summary(), expected.summary())
    independent = measure_added_value(first, second, labels, n_repeats=1).summary()
    assert not np.allclose(found.summary()["se"], independent["se"])
    with pytest.raises(ValueError, match="`groups` and `base` must put the same exams"):
        measure_added_value(base, second, groups=dict.fromkeys(labels.index, 0))
    alone = align_groups({exam: exam for exam in labels.index}, labels.index)
    with pytest.raises(ValueError, match="`base` and `added` must put the same exams"):
        measure_added_value(base, HoldOut(labels, second, {}, labels, groups=alone))


def test_both_ways_are_those_of_two_calls():
    labels, models = make_models(n_models=2)
    first, second = models.values()
    options = {"n_splits": 3, "n_repeats": 2}
    both = measure_both_ways(first, second, labels, **options)
    calls = [(first, second), (second, first)]
    for found, (base, added) in zip(both, calls, strict=True):
        wanted = measure_added_value(base, added, labels, **options)
        pd.testing.assert_frame_equal(found.summary(), wanted.summary(), atol=1e-9)
        pd.testing.assert_frame_equal(found.weights, wanted.weights, atol=1e-4)


def test_too_few_exams_for_two_folds_are_refused_with_what_two_need():
    labels = pd.DataFrame({"acl": [0, 1] * 3}, index=list("abcdef"))
    with pytest.raises(ValueError, match="at least 4 exams .* for 2 folds .* got 3 positive and 3"):
        measure_added_value(labels * 0.5, labels * 0.9, labels)
