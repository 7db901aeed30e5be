"""The predictions that notebook 04 reads are those of the committed result."""

import json
from pathlib import Path

import pandas as pd
import pytest

import mrnet_features as mf

ROOT = Path(__file__).parents[2]


def test_the_committed_predictions_give_the_aucs_and_difference_of_the_result():
    folder = ROOT / "notebooks" / "predictions"
    result = json.loads((ROOT / "benchmarks" / "results" / "cnn.json").read_text())
    labels = pd.read_csv(folder / "labels.csv", dtype={"exam": str}, index_col="exam")
    assert labels.sum().to_dict() == result["positive"]
    models = {
        name: mf.read_predictions(folder / f"{name}.csv", labels=labels)
        for name in ("features", "network")
    }
    comparison = mf.compare(models, labels)
    aucs = comparison.frame()["auc"]
    for name in models:
        for task, expected in result["auc"][name].items():
            assert aucs[name, task] == pytest.approx(expected["auc"], abs=1e-4)
    found = comparison.summary().set_index("task")
    for task, expected in result["features minus network"].items():
        for column in ("difference", "ci_low", "ci_high"):
            assert found.loc[task, column] == pytest.approx(expected[column], abs=1e-4)
