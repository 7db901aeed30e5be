"""`mrnet-features compare`."""

import json

import numpy as np
import pandas as pd
import pytest

from mrnet_features.names import TASKS
from tests.support.command_line import run

MODELS = ("cnn=cnn.csv", "features=features.csv", "--paths", "paths.csv")


@pytest.fixture
def valid(tmp_path):
    """Label files of a synthetic valid split and the predictions of two models."""
    rng = np.random.default_rng(0)
    exams = [f"{k:04d}" for k in range(1130, 1250)]
    hidden = rng.normal(size=(120, 3))
    labels = pd.DataFrame((hidden > [-0.8, 0.6, 0.2]).astype(int), exams, list(TASKS))
    labels["abnormal"] = labels.max(axis=1)
    for task in TASKS:
        labels[task].to_csv(tmp_path / f"valid-{task}.csv", header=False)
    planes = ("sagittal", "coronal", "axial")
    lines = [f"valid/{plane}/{exam}.npy\n" for exam in exams for plane in planes]
    (tmp_path / "paths.csv").write_text("".join(lines))
    for name, noise in (("cnn", 0.5), ("features", 1.5)):
        odds = hidden + noise * rng.normal(size=hidden.shape) + [2.0, 0.0, 0.0]
        table = pd.DataFrame(1 / (1 + np.exp(-odds)), exams, list(TASKS))
        if name == "cnn":
            table.to_csv(tmp_path / "cnn.csv", header=False, index=False)
        else:
            table.rename_axis("id").to_csv(tmp_path / "features.csv")
    return tmp_path


def test_a_competition_file_is_compared_with_a_table(valid):
    done = run("compare", ".", *MODELS, "--added-value", "--json", cwd=valid)
    assert done.status == 0, done.stderr
    result = json.loads(done.stdout)
    mean = next(row for row in result["differences"] if row["task"] == "mean")
    assert mean["difference"] > 0
    assert 0 < mean["minimum_detectable_difference"] < 0.2
    assert [row["task"] for row in result["added_value"]["features"]] == [*TASKS, "mean"]


def test_differences_are_printed_and_written(valid):
    done = run("compare", ".", *MODELS, "--added-value", "--out", "table.csv", cwd=valid)
    assert done.status == 0, done.stderr
    assert "detectable" in done.stdout
    assert "cnn and features together, against cnn alone:" in done.stdout
    assert len(pd.read_csv(valid / "table.csv")) == 4


def test_files_of_log_odds_need_an_option_that_the_message_names(valid):
    expected = run("compare", ".", *MODELS, "--json", cwd=valid).stdout
    ways = {"cnn": {"header": None}, "features": {"index_col": "id", "dtype": {"id": str}}}
    for name, keywords in ways.items():
        table = pd.read_csv(valid / f"{name}.csv", **keywords)
        odds = np.log(table / (1 - table))
        odds.to_csv(valid / f"{name}.csv", header=name != "cnn", index=name != "cnn")
    done = run("compare", ".", *MODELS, cwd=valid)
    assert done.status == 1
    assert "If these are log-odds, pass `--logits`; if percentages" in done.stderr
    done = run("compare", ".", *MODELS, "--logits", "--json", cwd=valid)
    assert json.loads(done.stdout)["differences"] == json.loads(expected)["differences"]


def test_what_to_type_next_runs_as_it_is_printed(valid):
    for task in TASKS:
        (valid / f"valid-{task}.csv").rename(valid / f"train-{task}.csv")
    done = run("compare", ".", *MODELS, "--split", "train", cwd=valid)
    assert done.status == 0, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("Next: ")]
    again = run(*line.removeprefix("Next: mrnet-features ").split(), cwd=valid)
    assert again.status == 0, again.stderr
    assert "cnn and features together, against cnn alone:" in again.stdout


def test_a_file_without_the_tasks_names_the_option(valid):
    (valid / "other.csv").write_text("id,other\n1130,0.5\n1131,0.5\n")
    done = run("compare", ".", "a=features.csv", "b=other.csv", cwd=valid)
    assert done.status == 1
    assert "Rename the columns, or name other tasks in `--tasks`." in done.stderr


def test_options_that_would_count_for_nothing_are_refused(valid):
    done = run("compare", ".", *MODELS, "--n-folds", 3, cwd=valid)
    assert done.status == 2
    assert "'--n-folds': goes with --added-value." in done.stderr
    done = run("compare", ".", *MODELS[:2], "--paths", "nowhere.csv", cwd=valid)
    assert done.status == 2
    assert "There is no file 'nowhere.csv'." in done.stderr


def test_the_option_for_a_subset_is_named(valid):
    table = pd.read_csv(valid / "features.csv", dtype={"id": str})
    table.iloc[:-1].to_csv(valid / "features.csv", index=False)
    done = run("compare", ".", *MODELS, cwd=valid)
    assert done.status == 1
    assert "Pass `--subset` to drop" in " ".join(done.stderr.split())
    assert run("compare", ".", *MODELS, "--subset", cwd=valid).status == 0
