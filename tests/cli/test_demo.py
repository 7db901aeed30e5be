"""`mrnet-features demo`."""

import json
from pathlib import Path

import pytest

from mrnet_features import load_labels, read_features
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

    def run_demo(out, **options):
        asked.update(options, out=out)
        evaluation = score_table(features, labels, model="prior", n_splits=2, n_repeats=1)
        return Demo(evaluation, asked["report"])

    monkeypatch.setattr("mrnet_features.workflows.demo.run_demo", run_demo)
    return asked


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
    assert asked["n_train"] == 120
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
