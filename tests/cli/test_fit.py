"""`mrnet-features fit`, and `predict` with its model."""

import json

import pandas as pd
import pytest

from mrnet_features import load_mrnet
from mrnet_features.models import load_bundle
from mrnet_features.names import TASKS
from tests.support.command_line import run


@pytest.fixture(scope="module")
def fitted(folder):
    arguments = ("fit", "train.parquet", "knees", "--out", "model", "--jobs", 1, "--json")
    done = run(*arguments, "--rule", "sensitivity", "--target", 0.8, cwd=folder)
    assert done.status == 0, done.stderr
    return json.loads(done.stdout)


def test_the_model_is_saved_with_the_printed_thresholds(folder, fitted):
    assert set(fitted["thresholds"]) == set(TASKS)
    assert set(fitted["summary"]) == {*TASKS, "mean"}
    assert dict(load_bundle(folder / "model").thresholds) == fitted["thresholds"]


@pytest.mark.usefixtures("fitted")
def test_the_model_predicts_in_the_format_of_the_competition(folder):
    lines = [
        f"{exam.paths[plane]}\n"
        for exam in load_mrnet(folder / "knees", "valid").exams
        for plane in ("sagittal", "coronal", "axial")
    ]
    (folder / "valid-paths.csv").write_text("".join(lines))
    arguments = ("predict", "model", "valid-paths.csv", "predictions.csv", "--jobs", 1)
    done = run(*arguments, cwd=folder)
    assert done[:2] == (0, "Predictions of 4 exams in 'predictions.csv'.\n")
    assert done.stderr == (
        "Next: mrnet-features compare ROOT mine=predictions.csv cnn=cnn.csv --paths "
        "valid-paths.csv\n"
    )
    assert pd.read_csv(folder / "predictions.csv", header=None).shape == (4, 3)
    done = run(*arguments, "--json", cwd=folder)
    assert json.loads(done.stdout) == {"file": "predictions.csv", "n_exams": 4}


def test_coherent_predictions_need_enough_torn_knees(folder):
    with pytest.warns(UserWarning, match="'acl implies abnormal' is not used: too few training"):
        done = run(
            "fit",
            "train.parquet",
            "knees",
            "--out",
            "coherent",
            "--jobs",
            1,
            "--coherent",
            cwd=folder,
        )
    assert done.status == 0, done.stderr
