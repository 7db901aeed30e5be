"""Importance in one fold: SHAP values of groups and their directions."""

import warnings

import numpy as np
import pandas as pd
import pytest

from mrnet_features.evaluation.importance import per_fold
from mrnet_features.evaluation.importance.per_fold import sum_shap_values, view_fold


def test_shap_values_equal_those_of_shap(planted):
    shap = pytest.importorskip("shap")
    features, _, evaluation = planted
    model = evaluation.models["one", 0, 0]
    held_out = features.loc[next(iter(evaluation.folds.split()))[3]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # shap warns about its output for LightGBM
        theirs = [
            shap.TreeExplainer(booster).shap_values(held_out.to_numpy())
            for booster in model.boosters_
        ]
    theirs = np.mean([values[1] if isinstance(values, list) else values for values in theirs], 0)
    ours = model.shap_values(held_out)
    np.testing.assert_allclose(ours[:, :-1], theirs, atol=1e-9)
    odds = np.mean([b.predict(held_out.to_numpy(), raw_score=True) for b in model.boosters_], 0)
    np.testing.assert_allclose(ours.sum(axis=1), odds, atol=1e-9)


def test_summed_before_the_absolute_value():
    class Opposed:
        def shap_values(self, X):
            return np.column_stack([X.iloc[:, 0], -X.iloc[:, 0], np.zeros(len(X))])

    table = pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": [1.0, 2.0, 4.0]})
    together, _ = sum_shap_values(Opposed(), table, [[0, 1]])
    np.testing.assert_array_equal(together, 0)
    _, directions = sum_shap_values(Opposed(), table, [[0], [1]])
    np.testing.assert_allclose(directions, [1, -1])


def test_few_permutations_at_once_give_the_same_importance(planted, monkeypatch):
    features, labels, evaluation = planted
    train, test = np.arange(300), np.arange(300, 400)
    groups = [[0, 1], [7], list(range(12, 18))]
    arguments = (features, labels["one"].to_numpy(), train, test, groups, ("permutation",), 3, 0)
    model = evaluation.models["one", 0, 0]
    at_once = view_fold(model, *arguments, "one fold")
    monkeypatch.setattr(per_fold, "MOST_CELLS", 2 * features.iloc[test].size)
    in_turn = view_fold(model, *arguments, "one fold")
    np.testing.assert_array_equal(at_once.aucs["permutation"], in_turn.aucs["permutation"])
    np.testing.assert_array_equal(
        at_once.influence["permutation"], in_turn.influence["permutation"]
    )
