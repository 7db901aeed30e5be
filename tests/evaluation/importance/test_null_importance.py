"""Importance compared with that for shuffled labels."""

import pandas as pd
import pytest

from mrnet_features.evaluation.importance.null_importance import NullImportance, null_importance


def test_planted_groups_exceed_shuffled_labels_and_noise_does_not(planted):
    features, _, evaluation = planted
    null = null_importance(evaluation, features, n_rounds=4).summary()
    assert null.loc[("one", "glcm"), "p"] == pytest.approx(0.2)
    assert null.loc[("two", "fluid"), "p"] == pytest.approx(0.2)
    assert null.loc[("one", "glcm"), "observed"] > 2 * null.loc[("one", "glcm"), "null_max"]
    assert null.loc[("one", "noise"), "observed"] < 2 * null.loc[("one", "noise"), "null_max"]


def test_p_counts_the_rounds_that_reach_the_observed_importance():
    values = {"a": [2.0, 1.0, 2.0, 0.5], "b": [1.0, 3.0, 0.0, 2.0]}
    table = pd.DataFrame(
        [
            {"round": k, "task": "acl", "group": group, "value": value}
            for group, column in values.items()
            for k, value in enumerate(column)
        ]
    )
    found = NullImportance("permutation", table)
    summary = found.summary()
    assert summary.index.tolist() == [("acl", "a"), ("acl", "b")]
    assert summary["p"].tolist() == [2 / 4, 2 / 4 + 1 / 4]
    assert summary["null_max"].tolist() == [2.0, 3.0]
    assert found.frame()["round"].min() == 1
    assert repr(found) == "NullImportance(permutation, 2 groups, 3 rounds)"
