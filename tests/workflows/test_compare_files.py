"""`mrnet-features compare` as a stranger uses it: files in, a table or JSON out."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from mrnet_features.cli import app
from mrnet_features.workflows.compare_files import compare_files, format_comparison, name_files

TASKS = ["abnormal", "acl", "meniscus"]


@pytest.fixture
def folder(tmp_path):
    """Label files of a made-up valid split, and three models' predictions for it."""
    rng = np.random.default_rng(0)
    exams = [f"{k:04d}" for k in range(1130, 1250)]
    hidden = rng.normal(size=(120, 3))
    labels = pd.DataFrame((hidden > [-0.8, 0.6, 0.2]).astype(int), exams, TASKS)
    labels["abnormal"] = labels.max(axis=1)
    for task in TASKS:
        labels[task].to_csv(tmp_path / f"valid-{task}.csv", header=False)
    planes = ("sagittal", "coronal", "axial")
    lines = [f"valid/{plane}/{exam}.npy\n" for exam in exams for plane in planes]
    (tmp_path / "paths.csv").write_text("".join(lines))
    for name, noise in (("cnn", 0.5), ("features", 1.5)):
        odds = hidden + noise * rng.normal(size=hidden.shape) + [2.0, 0.0, 0.0]
        table = pd.DataFrame(1 / (1 + np.exp(-odds)), exams, TASKS)
        if name == "cnn":
            table.to_csv(tmp_path / "cnn.csv", header=False, index=False)
        else:
            table.rename_axis("id").to_csv(tmp_path / "features.csv")
    return tmp_path


def test_competition_file_against_a_tidy_one(folder):
    models = [f"cnn={folder / 'cnn.csv'}", f"features={folder / 'features.csv'}"]
    options = ["--paths", str(folder / "paths.csv"), "--stack"]
    done = CliRunner().invoke(app, ["compare", str(folder), *models, *options, "--json"])
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    mean = next(row for row in result["differences"] if row["task"] == "mean")
    assert mean["difference"] > 0
    assert mean["method"] == "delong"
    assert 0 < mean["minimum_detectable_difference"] < 0.2
    assert [row["task"] for row in result["stacked"]["features"]] == [*TASKS, "mean"]
    out = folder / "table.csv"
    done = CliRunner().invoke(
        app, ["compare", str(folder), *models, *options[:2], "--out", str(out)]
    )
    assert "detectable" in done.stdout
    assert len(pd.read_csv(out)) == 4


def read_column(file):
    return pd.read_csv(file, header=None, index_col=0, dtype={0: str})[1]


@pytest.mark.parametrize("row", ["1E-05,1e+0,0.5", "+1e-7, 0.2 ,1.", "1.2e-3,-0.0,0"])
def test_numbers_however_written_are_no_header(folder, row):
    shown = (folder / "cnn.csv").read_text().splitlines()
    (folder / "cnn.csv").write_text("\n".join([row, *shown[1:]]) + "\n")
    labels = pd.concat({t: read_column(folder / f"valid-{t}.csv") for t in TASKS}, axis=1)
    files = {"cnn": folder / "cnn.csv", "features": folder / "features.csv"}
    result = compare_files(files, labels, paths=folder / "paths.csv")
    assert set(result.comparison.scores) == {"cnn", "features"}


def test_text_names_every_model(folder):
    labels = pd.concat({t: read_column(folder / f"valid-{t}.csv") for t in TASKS}, axis=1)
    files = {"a": folder / "features.csv", "b": folder / "features.csv"}
    text = format_comparison(compare_files(files, labels, stack=True))
    assert "b stacked on a, against a alone:" in text
    assert "delong" in text


def test_arguments_need_names():
    with pytest.raises(ValueError, match="as NAME=FILE, got 'cnn.csv'"):
        name_files(["cnn.csv"])
    with pytest.raises(ValueError, match="got 'a' twice"):
        name_files(["a=1.csv", "a=2.csv"])
