"""The commands on a folder in the RSNA layout, and on DICOM studies without tables."""

import json
import logging
import shutil

import numpy as np
import pandas as pd
import pytest

from mrnet_features import read_features
from mrnet_features.extraction.table_files.writer import write_table
from tests.support.command_line import run
from tests.support.dicom_files import PLANTED, UID
from tests.support.small_sets import write_small_rsna, write_study

TASKS = ["ACL", "Baker's"]  # the two that can be scored

FAST = ("--n-folds", 2, "-j", 1)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """``set/``, its table, a model, and what the commands printed."""
    place = tmp_path_factory.mktemp("rsna")
    write_small_rsna(place / "set")
    extract = ("extract", "set", "-o", "train.parquet", "--families", "acquisition,intensity")
    printed = [run(*extract, "-j", 1, cwd=place)]
    printed.append(run("fit", "train.parquet", "set", "-o", "model", *FAST, cwd=place))
    (place / "printed.txt").write_text("".join(f"{done.stdout}{done.stderr}" for done in printed))
    assert [done.status for done in printed] == [0, 0], printed
    return place


@pytest.fixture
def type_in(place, caplog):
    """Run a command that must succeed; returns what it printed and logged."""

    def type_in(*arguments, status=0):
        done = run(*arguments, cwd=place)
        text = f"{done.stdout}{done.stderr}{caplog.text}"
        assert done.status == status, text
        assert not any(word in text for word in PLANTED), text
        return text

    return type_in


def test_the_table_has_the_series_that_studies_have(place):
    features = read_features(place / "train.parquet")
    assert len(features) == 24
    series = {name.partition("__")[0] for name in features}
    assert series == {"axial_fluid", "coronal_fluid", "sagittal_structural"}
    assert f"24 exams x {features.shape[1]} features" in (place / "printed.txt").read_text()


def test_cv_scores_the_tasks_of_the_labels_and_names_those_left_out(place, type_in):
    text = type_in("cv", "train.parquet", "set", "--model", "logistic", "-o", "cv", *FAST)
    summary = pd.read_csv(place / "cv" / "summary.csv", index_col="task")
    assert list(summary.index) == [*TASKS, "mean"]
    assert summary.loc["mean", "auc"] == pytest.approx(summary.loc[TASKS, "auc"].mean())
    assert summary["n_exams"].to_dict() == {"ACL": 24, "Baker's": 22, "mean": 24}
    assert "MCL (no labels) and Fracture (labels of one class only)" in text


def test_cv_takes_some_tasks_and_groups_by_scanner(place, type_in, caplog):
    caplog.set_level(logging.INFO, "mrnet_features")
    options = ("--model", "prior", "--tasks", "ACL", "--groups", "scanner", "-o", "grouped")
    with pytest.warns(UserWarning, match="the largest has 33%|groups are rough") as warned:
        text = type_in("cv", "train.parquet", "set", *options, *FAST)
    assert "MCL" not in text
    assert (text + " ".join(str(w.message) for w in warned)).count("groups of 24 exams") == 1
    assert not any("`by`" in str(w.message) for w in warned)
    folds = pd.read_csv(place / "grouped" / "folds.csv", comment="#", dtype={"exam": str})
    makers = folds["exam"].str.rpartition(".")[2].astype(int) % 3
    assert (folds.groupby([makers, "repeat"])["fold"].nunique() == 1).all()
    text = type_in("cv", "train.parquet", "set", "--tasks", "acl", "-o", "x", status=2)
    assert "`--tasks` must be some of those of the labels (ACL, Baker's, MCL, Fracture)" in text
    (place / "sites.csv").write_text("exam,site\n")
    text = type_in("cv", "train.parquet", "set", "--groups", "sites.csv", "-o", "x", status=1)
    assert "must give every exam a group" in text


def test_cv_leaves_out_a_task_with_too_few_exams_for_the_folds_unless_it_is_named(place, type_in):
    cv = ("cv", "train.parquet", "set", "--model", "prior", "-j", 1, "--n-folds", 6, "-o", "six")
    text = type_in(*cv, "--repeats", 1)
    assert "and Baker's (fewer than 12 exams of a class, which 6 folds need)" in text
    assert list(pd.read_csv(place / "six" / "summary.csv")["task"]) == ["ACL"]
    text = type_in(*cv, "--overwrite", "--tasks", "Baker's,ACL", status=1)
    assert "Pass `--n-folds 5`, or name only ACL in `--tasks`." in " ".join(text.split())


def test_folds_that_groups_do_not_allow_are_an_error_that_names_the_options(place, type_in):
    rows = "".join(f"{UID}.{k},{max(k - 8, 0)}\n" for k in range(1, 25))
    (place / "uneven.csv").write_text(f"exam,site\n{rows}")
    text = type_in("cv", "train.parquet", "set", "--groups", "uneven.csv", "-o", "y", "-j", 1,
                   "--n-folds", 5, status=1)  # fmt: skip
    said = " ".join(text.split())
    assert "Lower `--n-folds` (two are the fewest), add exams, or name the other tasks in" in said
    assert "`--tasks`" in said


def test_cv_takes_a_csv_of_labels(place, type_in):
    rows = "".join(f"{UID}.{k},{k % 2}\n" for k in range(1, 23))
    (place / "labels.csv").write_text(f"study,tear\n{rows}")
    type_in("cv", "train.parquet", "labels.csv", "--model", "prior", "-o", "csv-cv", *FAST)
    summary = pd.read_csv(place / "csv-cv" / "summary.csv", index_col="task")
    assert summary["n_exams"].to_dict() == {"tear": 22}


def test_lost_zeros_of_a_csv_have_advice_that_the_command_can_follow(place, type_in, caplog):
    caplog.set_level(logging.INFO, "mrnet_features")
    table = read_features(place / "train.parquet")
    ids = [f"{k:04d}" for k in range(1, 25)]
    file_ids = "\n".join(f"{k},{k % 2}" for k in range(1, 25))
    (place / "lost.csv").write_text(f"exam,tear\n{file_ids}\n")
    write_table(table.set_axis(pd.Index(ids, name="exam")), place / "ids.parquet", {})
    text = type_in("cv", "ids.parquet", "lost.csv", "-o", "z", status=1)
    assert "Write ids as text, with their zeros." in text
    assert "id_width" not in text
    (place / "wrong.csv").write_text("exam,tear\n0001,1\n0002,0\n0099,1\n")
    text = type_in("cv", "ids.parquet", "wrong.csv", "-o", "z", status=1)
    assert "1 of 3 rows of 'wrong.csv' are of others: '0099'." in text


def test_importance_prints_a_task_of_the_labels(type_in):
    importance = ("importance", "train.parquet", "set", "--views", "shap", *FAST)
    assert "acquisition" in type_in(*importance, "--task", "Baker's")
    assert "must be one of ACL, Baker's, mean, got 'acl'" in type_in(
        *importance, "--task", "acl", status=2
    )


def test_compare_reads_the_tasks_of_the_labels(place, type_in):
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        scores = rng.random((24, 2))
        ids = [f"{UID}.{k}" for k in range(1, 25)]
        table = pd.DataFrame(scores, pd.Index(ids, name="StudyInstanceUID"), TASKS)
        table.to_csv(place / f"{name}.csv")
    found = json.loads(run("compare", "set", "a=a.csv", "b=b.csv", "--json", cwd=place).stdout)
    assert {row["task"] for row in found["aucs"]} == {*TASKS, "mean"}
    text = type_in("compare", "set", "a=a.csv", "b=b.csv", "--tasks", "ACL")
    assert "Baker's" not in text


def test_predict_writes_the_submission_of_the_test_split(place, type_in):
    with pytest.warns(UserWarning, match=r"The model has no 'MCL', 'Fracture': these .* are \.5"):
        type_in("predict", "model", "set", "submission.csv", "-j", 1)
    written = pd.read_csv(place / "submission.csv")
    sample = pd.read_csv(place / "set" / "sample_submission.csv")
    assert list(written) == list(sample)
    assert written["StudyInstanceUID"].tolist() == sample["StudyInstanceUID"].tolist()
    assert (written[["MCL", "Fracture"]] == 0.5).all(axis=None)
    assert written[TASKS].to_numpy().std() > 0


def test_predict_keeps_the_features_of_a_split_in_a_table(place, type_in):
    text = type_in("predict", "model", "set", "p.csv", "--split", "train", "--table", "t.parquet")
    assert "Predictions of 24 exams" in text
    written = pd.read_csv(place / "p.csv", index_col="exam")
    assert list(written) == TASKS
    pd.testing.assert_frame_equal(
        read_features(place / "t.parquet"), read_features(place / "train.parquet")
    )


def test_predict_names_exams_that_cannot_be_read(place, tmp_path, type_in):
    shutil.copytree(place / "set", tmp_path / "set", ignore=shutil.ignore_patterns("train_series"))
    study = f"{UID}.25"
    for file in (tmp_path / "set" / "test_series" / study).rglob("*"):
        if file.is_file():
            file.write_bytes(b"damaged")
    with (
        pytest.warns(UserWarning, match="The model has no 'MCL', 'Fracture'"),
        pytest.warns(UserWarning, match=r"1 of 3 exams have no series .* have \.5 in the sub"),
    ):
        text = type_in("predict", "model", tmp_path / "set", tmp_path / "s.csv", "-j", 1)
    assert f"Exam {study}: " in text
    written = pd.read_csv(tmp_path / "s.csv", index_col=0)
    assert (written.loc[study] == 0.5).all()
    assert len(written) == 3


def test_predict_refuses_studies_without_the_series_of_the_model(place, tmp_path, type_in):
    write_study(tmp_path / "K1", 90)
    write_study(tmp_path / "K2", 91)
    text = type_in("predict", "model", tmp_path, tmp_path / "p.csv", status=1)
    assert "The model reads axial_fluid" in text
    assert "but the exams of" in text
    assert "one series per plane is read" in text
    assert "or put the studies into the layout of the RSNA set" in text


def test_what_to_predict_next_is_the_folder_and_no_table_of_it(place, type_in):
    assert "predict model set submission.csv" in (place / "printed.txt").read_text()
    text = type_in("predict", "model", "set/test.csv", "x.csv", status=1)
    assert "Pass the folder 'set' in its place." in text


def test_a_list_of_stacks_has_no_options_of_folders(place, type_in):
    (place / "paths.csv").write_text("valid/sagittal/1130.npy\n")
    text = type_in("predict", "model", "paths.csv", "x.csv", "--split", "valid", status=2)
    assert "goes with a folder of exams" in text


def test_splits_are_those_of_the_layout(type_in):
    text = type_in("extract", "set", "-o", "x.parquet", "--split", "valid", status=2)
    assert "'test'" in text
    text = type_in("cv", "train.parquet", "set", "--split", "test", "-o", "x", status=1)
    assert "has no column of labels" in text
    text = type_in("reproduce", "set", "-o", "x", status=1)
    assert "has no folder 'train'" in text or "no folder" in text


def test_one_study_from_the_command_line(tmp_path):
    folder = write_study(tmp_path / "0042", 7)
    done = run("extract", folder, "-o", tmp_path / "t.parquet", "--families", "minimal", "-j", 1)
    assert done.status == 0, done.stderr
    assert list(read_features(tmp_path / "t.parquet").index) == ["0042"]
    assert done.stdout.startswith("1 exam x ")
    assert "cv t.parquet labels.csv" in done.stderr.replace(f"{tmp_path}/", "")
    ids = tmp_path / "ids.csv"
    ids.write_text("folder,exam\n0042,7\n")
    out = tmp_path / "u.parquet"
    run("extract", folder, "-o", out, "--families", "minimal", "-j", 1, "--ids", ids)
    assert list(read_features(out).index) == ["7"]
