"""The whole study on synthetic knees: every table is there, and is what the parts give."""

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from mrnet_features import load_labels, read_features, write_knees
from mrnet_features.cli import app
from mrnet_features.evaluation import evaluate, read_predictions
from mrnet_features.models import lightgbm_baseline
from mrnet_features.workflows import study as reproduction

TASKS = ["abnormal", "acl", "meniscus"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reproduce")
    write_knees(folder / "knees", n_train=20, n_valid=4, seed=1)
    for split, ids in (("train", range(20)), ("valid", range(20, 24))):
        for task in TASKS:  # so few exams as drawn would leave folds without a class
            rows = "".join(f"{k:04d},{k % 2}\n" for k in ids)
            (folder / "knees" / f"{split}-{task}.csv").write_text(rows)
    arguments = ["reproduce", folder / "knees", "--out", folder / "out", "--families", "minimal"]
    done = CliRunner().invoke(app, [*map(str, arguments), "--jobs", "1", "--json"])
    assert done.exit_code == 0, done.output
    (folder / "shown.json").write_text(done.stdout)
    return folder


def test_every_part_leaves_its_table(folder):
    names = {path.name for path in (folder / "out").iterdir()}
    assert {"report.md", "summary.json", "audit.csv", "folds.csv", "importance.csv"} <= names
    assert {"train.parquet", "valid.parquet"} <= names
    for model in ("lightgbm", "logistic"):
        assert {f"train-{model}.csv", f"valid-{model}.csv"} <= names
        for split, n_exams in (("train", 20), ("valid", 4)):
            rows = read_predictions(folder / "out" / f"{split}-{model}-predictions.csv")
            assert len(rows) == n_exams


def test_excluded_exams_are_in_no_table(folder, tmp_path, monkeypatch):
    # what is left are too few exams to cross-validate on
    monkeypatch.setattr(reproduction, "_study", lambda *_: None)
    monkeypatch.setattr(reproduction, "_write", lambda *_: None)
    exclude = [load_labels(folder / "knees", split).index[0] for split in ("train", "valid")]
    reproduction.reproduce(folder / "knees", tmp_path, families="minimal", exclude=iter(exclude))
    for split in ("train", "valid"):
        whole = read_features(folder / "out" / f"{split}.parquet").index
        kept = read_features(tmp_path / f"{split}.parquet").index
        assert list(kept) == list(whole[1:])


def test_valid_is_scored_by_models_of_train(folder):
    train, valid = (
        (read_features(folder / "out" / f"{s}.parquet"), load_labels(folder / "knees", s))
        for s in ("train", "valid")
    )
    expected = evaluate(lightgbm_baseline(), train, valid).summary()
    found = pd.read_csv(folder / "out" / "valid-lightgbm.csv", index_col="task")
    pd.testing.assert_series_equal(found["auc"], expected["auc"])


def test_report_says_what_it_is_not(folder):
    text = (folder / "out" / "report.md").read_text()
    assert "not MRNet's release" in text
    assert "Bien et al. 2018" in text
    shown = json.loads((folder / "shown.json").read_text())
    assert shown["is_release"] is False
    assert [row["published"] for row in shown["published"].values()] == [0.799, 0.916]
    assert shown == json.loads((folder / "out" / "summary.json").read_text())
