"""`mrnet-features cnn`."""

import json
import sys

import pandas as pd
import pytest

from tests.support.command_line import run

QUICK = ("--resolution", 64, "--epochs", 1, "--jobs", 1)
FILES = ("summary", "predictions", "folds", "curves", "cost", "valid")


def test_without_the_extra_the_error_names_it(folder, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch", None)
    done = run("cnn", "knees", "--out", tmp_path / "cnn", "--n-folds", 2, cwd=folder)
    assert done.status == 1
    assert done.stderr.splitlines()[-1] == (
        "Error: Networks need PyTorch: pip install 'mrnet-features[cnn]'."
    )
    assert not (tmp_path / "cnn").exists()


@pytest.fixture(scope="module")
def done(folder):
    pytest.importorskip("torch", reason="the extra `cnn` is not installed")
    given = ("cv", "train.parquet", "knees", "--model", "logistic", "--n-folds", 2, "-j", 1)
    assert run(*given, "--repeats", 1, "--out", "cnn-cv", cwd=folder).status == 0
    done = run("cnn", "knees", "--folds", "cnn-cv/folds.csv", "-o", "cnn", *QUICK, cwd=folder)
    assert done.status == 0, done.stderr
    return done


def test_all_files_are_written_and_the_start_is_said(folder, done):
    tables = {name: pd.read_csv(folder / "cnn" / f"{name}.csv", comment="#") for name in FILES}
    assert len(tables["predictions"]) == 20
    assert list(tables["valid"]) == ["exam", "abnormal", "acl", "meniscus"]
    assert len(tables["valid"]) == 4
    assert len(tables["curves"]) == 2 * 3
    assert list(tables["cost"]["series"]) == ["axial", "coronal", "sagittal"]
    assert (tables["cost"]["peak_mib"] > 50).all()
    assert "The networks started with random weights, trained from scratch." in done.stdout
    assert "Next: mrnet-features compare knees" in done.stderr
    assert (folder / "cnn-cv" / "folds.csv").read_text() == (
        folder / "cnn" / "folds.csv"
    ).read_text()


@pytest.mark.filterwarnings("ignore:There is no p for models:UserWarning")  # of one repeat
@pytest.mark.usefixtures("done")
def test_compare_takes_the_predictions_as_they_are(folder):
    models = ("features=cnn-cv/predictions.csv", "cnn=cnn/predictions.csv")
    compared = run("compare", "knees", *models, "--split", "train", "--json", cwd=folder)
    assert compared.status == 0, compared.stderr
    assert len(json.loads(compared.stdout)["differences"]) == 4
    valid = run("compare", "knees", "a=cnn/valid.csv", "b=cnn/valid.csv", "--json", cwd=folder)
    assert valid.status == 0, valid.stderr


@pytest.mark.usefixtures("done")
def test_the_same_command_again_gives_the_same_bytes_and_another_one_is_refused(folder):
    before = {name: (folder / "cnn" / f"{name}.csv").read_bytes() for name in FILES}
    again = ("cnn", "knees", "--folds", "cnn-cv/folds.csv", "-o", "cnn", *QUICK)
    assert run(*again, "--json", cwd=folder).status == 0
    assert {name: (folder / "cnn" / f"{name}.csv").read_bytes() for name in FILES} == before
    other = run(*again, "--seed", 7, cwd=folder)
    assert other.status == 1
    text = " ".join(other.stderr.split())
    assert "holds networks of a run with other settings: seed was '0', now '7'" in text
    assert "pass `--overwrite` to replace them" in text
    mixed = run("cnn", "knees", "-o", "cnn-cv", *QUICK, cwd=folder)
    assert mixed.status == 2
    assert "holds the results of an earlier run" in " ".join(mixed.stderr.split())


def test_a_folder_without_labels_is_refused(tmp_path):
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "IM0001").write_bytes(b"\0" * 128 + b"DICM")
    refused = run("cnn", "studies", "-o", "cnn", cwd=tmp_path)
    assert refused.status == 1
    assert "without labels, which a network is trained on" in " ".join(refused.stderr.split())
