"""Rounds of a procedure: aligned options, and the main result last."""

import numpy as np
import pandas as pd
import pytest

from mrnet_features.evaluation import cross_validate
from mrnet_features.evaluation.leakage.rounds import align_rounds, run_round
from mrnet_features.models import prior_baseline


def test_groups_and_weights_given_as_arrays_are_matched_to_the_sorted_exams():
    options = {"groups": ["x", "y"], "sample_weight": [1.0, 2.0], "n_splits": 2}
    data, found = align_rounds(None, [[5.0], [6.0]], [0, 1], None, options, "plant_leak")
    assert found["sample_weight"].tolist() == [1.0, 2.0]
    assert found["groups"].tolist() == [0, 1]
    assert found["n_splits"] == 2
    assert data.order.tolist() == [0, 1]


def test_a_table_in_place_of_the_model_is_refused():
    table = pd.DataFrame({"size": [1.0]})
    with pytest.raises(TypeError, match=r"plant_leak\(model, features, labels\)"):
        align_rounds(table, table, [0], None, {}, "plant_leak")


def test_labels_to_fit_on_are_refused():
    with pytest.raises(TypeError, match="`plant_leak` takes no `fit_labels`"):
        align_rounds(None, [[1.0]], [0], None, {"fit_labels": [0.3]}, "plant_leak")


def test_the_main_result_comes_last():
    exams = [f"{k:02d}" for k in range(16)]
    labels = pd.DataFrame({"mucoid": [0, 1] * 8, "acl": [0, 0, 1, 1] * 4}, exams)
    features = pd.DataFrame({"size": np.arange(16.0)}, exams)
    found = run_round(
        cross_validate, features, labels, labels.index, prior_baseline(), 0, {"n_splits": 2}
    )
    assert found.index.tolist() == ["mucoid", "acl", "mean"]
    assert found.tolist() == [0.5, 0.5, 0.5]
