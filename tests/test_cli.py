"""The command line as a stranger uses it: verbs in a row, exit status 0, 1, 2 or 130."""

import json
import os
import signal
import subprocess
import sys

import pandas as pd
import pytest

from mrnet_features.cli.app import read_exclusion


def run(*arguments, cwd=None, module=True):
    command = [sys.executable, "-m", "mrnet_features", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Knees -> table -> scores, once for all tests here."""
    folder = tmp_path_factory.mktemp("cli")
    for arguments in (
        ("knees", "knees", "--train", 40, "--valid", 2, "--seed", 1),
        ("extract", "knees", "--out", "train.parquet", "--families", "minimal"),
        ("cv", "train.parquet", "knees", "--splits", 2, "--model", "logistic"),
    ):
        done = run(*arguments, cwd=folder)
        assert done.returncode == 0, done.stderr
    (folder / "last.txt").write_text(done.stdout)
    return folder


def test_the_table_has_four_rows_with_intervals(folder):
    summary = pd.read_csv(folder / "train-cv" / "summary.csv", index_col="task")
    assert list(summary.index) == ["abnormal", "acl", "meniscus", "mean"]
    assert (summary["ci_low"] <= summary["auc"]).all()
    assert (summary["auc"] <= summary["ci_high"]).all()
    shown = (folder / "last.txt").read_text()
    for task in summary.index:
        assert f"{task:<8} {summary.loc[task, 'auc']:.3f}" in shown


def test_folds_and_predictions_keep_the_ids(folder):
    predictions = pd.read_csv(folder / "train-cv" / "predictions.csv", dtype={"exam": str})
    folds = pd.read_csv(folder / "train-cv" / "folds.csv", dtype={"exam": str}, comment="#")
    assert sorted(predictions["exam"]) == [f"{k:04d}" for k in range(40)]
    assert sorted(folds["exam"]) == sorted(predictions["exam"])


def test_saved_folds_are_used_again(folder):
    done = run(
        *("cv", "train.parquet", "knees", "--model", "logistic", "--json"),
        *("--folds", "train-cv/folds.csv", "--out", "again"),
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert set(result["summary"]) == {"abnormal", "acl", "meniscus", "mean"}
    assert result["folds_hash"] in (folder / "again" / "folds.csv").read_text()
    for name in ("predictions.csv", "summary.csv", "folds.csv"):
        assert (folder / "again" / name).read_text() == (folder / "train-cv" / name).read_text()


def test_extract_speaks_json(folder):
    done = run("extract", "knees", "--split", "valid", "--out", "v.parquet", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["n_exams"] == 2
    assert result["recipe"]["planes"] == ["axial", "coronal", "sagittal"]


def test_nothing_but_results_goes_to_a_pipe(folder):
    done = run(
        "cv", "train.parquet", "knees", "--model", "prior", "--splits", 2, "--json", cwd=folder
    )
    json.loads(done.stdout)
    assert done.stderr == ""


def test_doctor_says_what_is_there():
    done = run("doctor", "--json")
    findings = {finding["subject"]: finding for finding in json.loads(done.stdout)}
    assert done.returncode == 0
    assert findings["lightgbm"]["state"] == "ok"
    assert findings["gpu"]["state"] in {"ok", "optional"}
    assert all(f["advice"] for f in findings.values() if f["state"] != "ok")
    assert "lightgbm" in run("doctor").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("extract", "nowhere", "--out", "x.parquet"), "Error: There is no folder 'nowhere'"),
        (("cv", "nowhere.parquet", "."), "Error: There is no file 'nowhere.parquet'"),
    ],
)
def test_what_fails_says_so_in_one_line_with_status_1(arguments, message, tmp_path):
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(message)
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("extract",), "Missing argument"),
        (("extract", ".", "--out", "x.parquet", "--split", "test"), "'test' is not one of"),
        (("extract", ".", "--out", "x.parquet", "--batch-size", "0"), "'--batch-size'"),
        (("extract", ".", "--out", "x.parquet", "--jobs", "0"), "must be 1 or more, or -1"),
        (("extract", ".", "--out", "x.parquet", "--families", "glcm,gcml"), "gcml"),
        (("extract", ".", "--out", "x.parquet", "--families", ","), "'--families'"),
        (
            ("extract", ".", "--out", "x.parquet", "--exclude", "42"),
            "must hold exam ids such as 0042",
        ),
        (("extract", ".", "--out", "x.csv"), "must end in '.parquet'"),
        (("reproduce", ".", "--out", "x", "--families", "gcml"), "gcml"),
        (("audit", ".", "--codes", "ghost"), "'ghost'"),
        (("audit", ".", "--skip", "ghost"), "'ghost'"),
        (("audit", ".", "--codes", ","), "at least one code"),
        (("audit", ".", "--codes", "noise", "--skip", "noise"), "all of them in `skip`"),
        (("audit", ".", "--jobs", "0"), "must be 1 or more, or -1"),
        (("cv", "a", "b", "--splits", "1"), "'--splits'"),
        (("knees", "x", "--train", "many"), "'--train'"),
        (
            ("demo", "--train", "60"),
            "'--train'",
        ),  # too few with a torn ligament to cross-validate on
        (("walk",), "No such command"),
        (("doctor", "--loud"), "No such option"),
    ],
)
def test_wrong_use_has_status_2(arguments, told, tmp_path):
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert "Usage" in done.stderr
    assert told in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_excluded_exams_are_in_no_table_and_no_fold(folder):
    findings = [
        {"exam": "0007", "severity": "reject"},
        {"exam": "0008", "severity": "check"},
        {"exam": "", "severity": "reject"},
        {"exam": "0040", "severity": "reject"},  # of valid
    ]
    (folder / "audit.json").write_text(json.dumps(findings))
    exclude = ("--exclude", "audit.json, 0003")
    extracted = run(
        *("extract", "knees", "--out", "fewer.parquet", "--families", "minimal", *exclude),
        cwd=folder,
    )
    assert extracted.returncode == 0, extracted.stderr
    kept = {f"{k:04d}" for k in range(40) if k not in {3, 7}}
    assert set(pd.read_parquet(folder / "fewer.parquet").index) == kept
    scores = []
    for table in ("train", "fewer"):
        done = run(
            *("cv", f"{table}.parquet", "knees", "--splits", 2, "--model", "logistic", "--json"),
            *("--out", f"{table}-without", *exclude),
            cwd=folder,
        )
        assert done.returncode == 0, done.stderr
        predictions = folder / f"{table}-without" / "predictions.csv"
        assert set(pd.read_csv(predictions, dtype={"exam": str})["exam"]) == kept
        scores.append(json.loads(done.stdout)["summary"])
    assert scores[0] == scores[1]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_file_of_an_audit_is_read_whatever_shell_wrote_it(encoding, tmp_path):
    path = tmp_path / "audit.json"
    rows = [{"exam": f"000{k}", "severity": word} for k, word in enumerate(("reject", "check"))]
    path.write_text(json.dumps(rows), encoding=encoding)
    assert read_exclusion(f"0042,{path}") == ["0000", "0042"]


def test_no_result_is_written_over_what_it_is_made_from(folder):
    before = (folder / "train.parquet").read_bytes()
    for arguments in (
        ("importance", "train.parquet", "knees", "--out", "train.parquet"),
        ("predict", "model", "paths.csv", "./paths.csv"),
        ("compare", "knees", "a=train.parquet", "b=b.csv", "--out", "b.csv"),
        ("compare", "knees", "a=a.csv", "b=b.csv", "--paths", "p.csv", "--out", "p.csv"),
    ):
        done = run(*arguments, cwd=folder)
        assert done.returncode == 2
        assert "is read here. Choose another file" in " ".join(done.stderr.split())
    assert (folder / "train.parquet").read_bytes() == before


@pytest.mark.parametrize("text", ["{}", "no JSON", '{"exam": "0001"}', '[{"exam": "0001"}]'])
def test_a_file_to_exclude_by_must_be_that_of_an_audit(text, tmp_path):
    (tmp_path / "audit.json").write_text(text)
    done = run("extract", ".", "--out", "x.parquet", "--exclude", "audit.json", cwd=tmp_path)
    assert done.returncode == 2
    assert "'audit.json' must hold the list that `audit --json` prints" in done.stderr


def test_help_and_version():
    for arguments in (("--help",), ("demo", "--help"), ("--version",)):
        assert run(*arguments).returncode == 0
    assert "extract" in run("--help").stdout
    assert run("--version").stdout.strip().count(".") == 2


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_stopped_run_says_so_in_one_line_with_status_130(tmp_path, jobs):
    # What runs the tests may ignore interrupts, as shells do for jobs in the background, and
    # processes inherit that: the command gets them as at a terminal.
    code = (
        "import signal, runpy; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "runpy.run_module('mrnet_features', run_name='__main__', alter_sys=True)"
    )
    command = [sys.executable, "-c", code, "knees", "knees", "--train", "30", "--jobs", jobs]
    with subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        while not list(tmp_path.glob("knees/train/sagittal/*.npy")):
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to those it started, too
        _, shown = process.communicate()
    assert process.returncode == 130
    assert shown.startswith(b"Stopped. Finished exams are kept")
    assert shown.count(b"\n") == 1
