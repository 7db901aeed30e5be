"""`mrnet-features demo`."""

import json

import pytest

from mrnet_features import load_labels, read_features
from mrnet_features.workflows.score import score_table
from tests.support.command_line import run


@pytest.fixture
def asked(folder, monkeypatch):
    """Arguments that the demo was called with; it returns scores of another table."""
    asked = {}
    features, labels = read_features(folder / "train.parquet"), load_labels(folder / "knees")

    def run_demo(out, **options):
        asked.update(options, out=out)
        return score_table(features, labels, model="prior", n_splits=2, n_repeats=1)

    monkeypatch.setattr("mrnet_features.workflows.demo.run_demo", run_demo)
    return asked


def test_the_aucs_are_printed_with_a_warning_that_they_are_of_synthetic_knees(asked):
    done = run("demo", "--train", 120, "--seed", 5)
    assert done.status == 0
    assert "mean      0.500" in done.stdout
    assert "say nothing about MRNet" in done.stdout
    assert done.stderr == (
        "Writing synthetic knees, features and scores to 'mrnet-demo'.\n"
        "Next: mrnet-features importance mrnet-demo/train.parquet mrnet-demo/knees --by family\n"
    )
    assert asked["n_train"] == 120
    assert asked["seed"] == 5


def test_json_holds_folder_and_summary(asked):
    result = json.loads(run("demo", "--json", "--out", "elsewhere").stdout)
    assert result["folder"] == "elsewhere"
    assert set(result["summary"]) == {"abnormal", "acl", "meniscus", "mean"}
