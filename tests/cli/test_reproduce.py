"""`mrnet-features reproduce`: its options reach the study, and scores and pages are named."""

import json
from types import SimpleNamespace

import pytest

import mrnet_features as mf
from mrnet_features.report.review.report import make_report
from tests.support.command_line import run
from tests.support.tables import plant_signal


@pytest.fixture
def asked(monkeypatch):
    """Arguments that the study was called with."""
    asked = {}
    features, labels = plant_signal(40)
    evaluation = mf.cross_validate(mf.prior_baseline(), features, labels, n_splits=2, n_repeats=1)

    def run_study(root, out, **options):
        asked.update(options, root=root)
        return SimpleNamespace(
            as_dict=lambda: {"is_release": False},
            evaluations={"lightgbm": evaluation},
            holdouts={},
            reports={"train": make_report(evaluation, title="Train")},
        )

    monkeypatch.setattr("mrnet_features.workflows.study.run_study", run_study)
    return asked


def test_scores_findings_and_pages_are_printed(asked, tmp_path):
    done = run("reproduce", "knees", "--out", "out", "--exclude", "0003", "--jobs", 2, cwd=tmp_path)
    assert done.status == 0, done.stderr
    assert "lightgbm, cross-validated on train:\n" in done.stdout
    assert "\nmean  0.500" in done.stdout
    assert "\nTrain\nThe model" in done.stdout
    assert done.stdout.endswith(
        "Pages: 'out/report.html' and 'out/valid.html'. Their text is in 'out/report.md'.\n"
    )
    assert done.stderr == (
        "Next: mrnet-features compare knees mine=out/valid-lightgbm-predictions.csv cnn=cnn.csv\n"
    )
    assert asked["families"] == "baseline"
    assert asked["exclude"] == ["0003"]
    assert asked["n_jobs"] == 2
    assert asked["command"] == "mrnet-features reproduce knees --out out --exclude 0003 --jobs 2"


def test_without_the_extra_the_text_is_named(asked, tmp_path, monkeypatch):
    write = "mrnet_features.report.review.write"
    monkeypatch.setattr(f"{write}.list_missing_packages", lambda: ["matplotlib"])
    done = run("reproduce", "knees", "--out", "out", cwd=tmp_path)
    assert asked["root"].name == "knees"
    assert "The study as text: 'out/report.md'." in done.stdout
    assert "pip install 'mrnet-features[report]'" in done.stdout


def test_json_is_printed_instead(asked, tmp_path):
    done = run(
        "reproduce", "knees", "--out", "out", "--families", "glcm,lbp", "--json", cwd=tmp_path
    )
    assert json.loads(done.stdout) == {"folder": "out", "is_release": False}
    assert asked["families"] == ["glcm", "lbp"]
