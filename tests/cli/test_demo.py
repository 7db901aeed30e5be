"""`mrnet-features demo`."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mrnet_features import load_labels, measure_group_gap, prior_baseline, read_features
from mrnet_features.report.page import Text
from mrnet_features.report.review.part import Part
from mrnet_features.report.review.report import Report
from mrnet_features.workflows.demo import Demo
from mrnet_features.workflows.score import score_table
from tests.support.command_line import run


@pytest.fixture
def asked(folder, monkeypatch):
    """Arguments that the demo was called with; it returns scores of another table."""
    blocks = [Text("An alarm.", is_warning=True), Text("A sentence.")]
    report = Report("Demo", "", (Part("verdict", "What was found", blocks, {}, {}),), ())
    asked = {"report": report}
    features, labels = read_features(folder / "train.parquet"), load_labels(folder / "knees")

    def run_demo(out, layout, **options):
        asked.update(options, out=out, layout=layout)
        evaluation = score_table(features, labels, model="prior", n_splits=2, n_repeats=1)
        return Demo(evaluation, asked["report"], asked.get("gap"))

    monkeypatch.setattr("mrnet_features.workflows.demo.run_demo", run_demo)
    return asked


def test_a_network_without_the_extra_is_one_line_and_writes_nothing(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch", None)
    done = run("demo", "--cnn", "--out", tmp_path / "demo")
    assert done.status == 1
    assert done.stderr.splitlines()[-1] == (
        "Error: Networks need PyTorch: pip install 'mrnet-features[cnn]'."
    )
    assert not (tmp_path / "demo").exists()


def test_the_aucs_are_printed_with_a_warning_and_the_page_comes_last(asked):
    done = run("demo", "--train", 120, "--seed", 5)
    assert done.status == 0
    assert "mean      0.500" in done.stdout
    assert "say nothing about MRNet" in done.stdout
    assert done.stdout.endswith("An alarm.\nOpen this page in a browser: mrnet-demo/report.html\n")
    assert done.stderr == (
        "Writing synthetic knees, features and scores to 'mrnet-demo'.\n"
        "Next: mrnet-features view mrnet-demo/knees --predictions "
        "mrnet-demo/train-cv/predictions.csv\n"
    )
    assert (asked["layout"], asked["n_train"]) == ("mrnet", 120)
    assert asked["seed"] == 5
    assert asked["command"] == "mrnet-features demo --train 120 --seed 5"


def test_without_the_extra_it_ends_well_and_names_the_extra(asked, monkeypatch):
    asked["report"] = None
    write = "mrnet_features.report.review.write"
    monkeypatch.setattr(f"{write}.list_missing_packages", lambda: ["jinja2", "Pillow"])
    done = run("demo")
    assert done.status == 0
    assert "mean      0.500" in done.stdout
    assert done.stdout.splitlines()[-1] == (
        "There is no page: jinja2, Pillow not installed. Run it again after pip install "
        "'mrnet-features[report]'; exams and features are kept."
    )


def test_json_holds_folder_page_and_summary(asked):
    result = json.loads(run("demo", "--json", "--out", "elsewhere").stdout)
    assert result["folder"] == "elsewhere"
    assert Path(result["page"]) == asked["out"] / "report.html"
    assert set(result["summary"]) == {"abnormal", "acl", "meniscus", "mean"}


def test_the_demo_on_dicom_studies_prints_the_gap_and_names_its_pages(asked):
    rng = np.random.default_rng(0)
    exams = [f"{k:04d}" for k in range(40)]
    features = pd.DataFrame(rng.normal(size=(40, 2)), exams, ["a", "b"])
    labels = pd.DataFrame({"ACL": np.arange(40) % 2}, exams)
    scanners = pd.Series(np.arange(40) // 4, exams)
    asked["gap"] = measure_group_gap(
        prior_baseline(), features, labels, scanners, n_splits=2, n_repeats=1
    )
    done = run("demo", "--layout", "rsna", "--out", "d")
    assert done.status == 0, done.stderr
    assert (asked["layout"], asked["n_train"]) == ("rsna", None)
    assert "auc_random" in done.stdout
    assert "site_leak=0.5" in done.stdout
    assert "say nothing about any set of patients" in done.stdout
    assert done.stdout.endswith(
        "browser: d/report.html\nLook at the studies: d/report-files/viewer.html\n"
    )
    found = json.loads(run("demo", "--layout", "rsna", "--json").stdout)
    assert {row["task"] for row in found["gap"]} == {"ACL"}
