"""`mrnet-features cv`."""

import json
import sys

import pandas as pd
import pytest

from tests.support.command_line import run, run_alone

FILES = ("predictions.csv", "summary.csv", "folds.csv")
LOGISTIC = ("cv", "train.parquet", "knees", "--model", "logistic", "--jobs", 1)


@pytest.fixture(scope="module")
def printed(folder):
    done = run(*LOGISTIC, "--n-folds", 2, cwd=folder)
    assert done.status == 0, done.stderr
    return done.stdout


def test_aucs_of_tasks_and_mean_are_printed_and_written(folder, printed):
    summary = pd.read_csv(folder / "train-cv" / "summary.csv", index_col="task")
    assert list(summary.index) == ["abnormal", "acl", "meniscus", "mean"]
    assert (summary["ci_low"] <= summary["auc"]).all()
    assert (summary["auc"] <= summary["ci_high"]).all()
    for task in summary.index:
        assert f"\n{task:<8}  {summary.loc[task, 'auc']:.3f}" in printed


@pytest.mark.usefixtures("printed")
def test_folds_and_predictions_keep_the_ids(folder):
    predictions = pd.read_csv(folder / "train-cv" / "predictions.csv", dtype={"exam": str})
    folds = pd.read_csv(folder / "train-cv" / "folds.csv", dtype={"exam": str}, comment="#")
    exams = [f"{k:04d}" for k in range(20)]
    for table in (predictions, folds):
        assert sorted(table["repeat"].unique()) == [0, 1, 2]
        for _, rows in table.groupby("repeat"):
            assert sorted(rows["exam"]) == exams


@pytest.mark.usefixtures("printed")
def test_saved_folds_give_the_same_files(folder):
    given = ("--folds", "train-cv/folds.csv", "--out", "again", "--json")
    done = run(*LOGISTIC, *given, cwd=folder)
    assert done.status == 0, done.stderr
    result = json.loads(done.stdout)
    assert set(result["summary"]) == {"abnormal", "acl", "meniscus", "mean"}
    assert result["folds_hash"] in (folder / "again" / "folds.csv").read_text()
    for name in FILES:
        assert (folder / "again" / name).read_text() == (folder / "train-cv" / name).read_text()


@pytest.mark.usefixtures("printed")
def test_the_results_of_an_earlier_run_are_not_replaced_unasked(folder):
    before = (folder / "train-cv" / "predictions.csv").read_text()
    done = run(*LOGISTIC, "--n-folds", 2, "--seed", 7, cwd=folder)
    assert done.status == 2
    assert "'train-cv' holds the results of an earlier run" in " ".join(done.stderr.split())
    assert "Choose another folder with `--out`, or pass `--overwrite`" in " ".join(
        done.stderr.split()
    )
    assert (folder / "train-cv" / "predictions.csv").read_text() == before
    for options in ((), ("--seed", 7, "--overwrite")):
        again = run(*LOGISTIC, "--n-folds", 2, "--out", "twice-cv", *options, cwd=folder)
        assert again.status == 0, again.stderr
    assert (folder / "twice-cv" / "predictions.csv").read_text() != before


def test_a_model_of_a_module_in_the_working_folder_is_fitted(folder, monkeypatch):
    monkeypatch.setattr("sys.path", list(sys.path))
    (folder / "own_model.py").write_text(
        "from sklearn.naive_bayes import GaussianNB\n\ndef make():\n    return GaussianNB()\n"
    )
    done = run("cv", "train.parquet", "knees", "--model", "own_model:make", "-o", "own-cv",
               "--n-folds", 2, "--repeats", 1, "-j", 1, "--json", cwd=folder)  # fmt: skip
    assert done.status == 0, done.stderr
    assert set(json.loads(done.stdout)["summary"]) == {"abnormal", "acl", "meniscus", "mean"}
    sys.modules.pop("own_model", None)


@pytest.mark.parametrize(
    ("root", "advice"),
    [
        (".", "Pass 'knees', which has it."),
        ("knees/train", "It lies inside a release. Pass '"),
        ("knees/train/axial", "It lies inside a release. Pass '"),
    ],
)
def test_a_misplaced_root_is_named_as_by_extract(folder, root, advice):
    place = folder / "with-one"
    place.mkdir(exist_ok=True)
    if not (place / "knees").exists():
        (place / "knees").symlink_to(folder / "knees")
        (place / "t.parquet").symlink_to(folder / "train.parquet")
    done = run("cv", "t.parquet", root, "--out", "x", cwd=place)
    assert done.status == 1
    assert f"'{root}' has no labels of train" in done.stderr
    assert advice in done.stderr


def test_folds_of_other_labels_are_wrong_use(folder):
    rows = "".join(f"{k:04d},0,{k % 2}\n" for k in range(20))
    (folder / "one-class.csv").write_text("exam,repeat,fold\n" + rows)
    done = run(*LOGISTIC, "--folds", "one-class.csv", "--out", "x", cwd=folder)
    assert done.status == 2
    assert "`--folds` must have two exams of each class" in " ".join(done.stderr.split())
    assert not (folder / "x").exists()


def test_only_the_result_is_printed_to_a_pipe(folder):
    arguments = ("cv", "train.parquet", "knees", "--model", "prior", "--n-folds", 2, "--json")
    done = run_alone(*arguments, "--out", "prior", cwd=folder)
    json.loads(done.stdout)
    assert done.stderr == ""


def test_what_to_type_next_keeps_the_options_that_choose_exams(folder):
    options = ("--exclude", "0003,0020", "--tasks", "acl")
    done = run(*LOGISTIC, "--n-folds", 2, "--out", "next", *options, cwd=folder)
    same = "train.parquet knees --tasks acl --exclude 0003,0020"
    assert done.stderr.splitlines()[-1] == f"Next: mrnet-features importance {same} --by family"


def test_excluded_exams_are_in_no_fold(folder):
    done = run(
        *(*LOGISTIC, "--n-folds", 2, "--out", "without", "--json", "--exclude", "0003,0020,0008"),
        cwd=folder,
    )
    assert done.status == 0, done.stderr
    predictions = pd.read_csv(folder / "without" / "predictions.csv", dtype={"exam": str})
    assert set(predictions["exam"]) == {f"{k:04d}" for k in range(20) if k not in {3, 8}}


def test_the_options_that_make_table_and_labels_agree_are_named(folder):
    done = run(*LOGISTIC, "--split", "valid", "--out", "x", cwd=folder)
    assert done.status == 1
    assert done.stderr.startswith("Error: 'train.parquet' must hold the exams that have labels")
    assert "Pass the `--split` and `--exclude` that the table was made with." in done.stderr


def test_coherent_predictions_need_enough_torn_knees(folder):
    with pytest.warns(UserWarning, match="'acl implies abnormal' is not used: too few training"):
        done = run(*LOGISTIC, "--n-folds", 2, "--out", "coherent-cv", "--coherent", cwd=folder)
    assert done.status == 0, done.stderr
