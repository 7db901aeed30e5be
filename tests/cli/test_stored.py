"""Commands take a zip file or a URL in place of a folder, and write on this computer."""

import re
import shutil

import pandas as pd
import pytest

from tests.support.command_line import run
from tests.support.stores import CountedFileSystem, pack, upload


@pytest.fixture(scope="module")
def root(folder, tmp_path_factory):
    """Two of the knees, in a zip file beside it and in memory; and the labels of all."""
    CountedFileSystem.clear()
    root = tmp_path_factory.mktemp("stored") / "knees"
    labels = root.parent / "labels"
    labels.mkdir()
    for path in (folder / "knees" / "train").rglob("000[01].npy"):
        copy = root / path.relative_to(folder / "knees")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    for path in (folder / "knees").glob("train-*.csv"):
        shutil.copy(path, labels / path.name)
        lines = path.read_text().splitlines(keepends=True)
        (root / path.name).write_text("".join(lines[:2]))
    for each in (root, labels):
        pack(each, each.with_suffix(".zip"))
        upload(each, f"counted://bucket/{each.name}")
    yield root
    CountedFileSystem.clear()


@pytest.mark.parametrize("place", ["knees.zip", "counted://bucket/knees"])
def test_a_table_is_extracted_and_the_next_command_is_named(root, folder, place, tmp_path):
    out = tmp_path / "a.parquet"
    done = run("extract", place, "--out", out, "--families", "minimal", "-j", 1, cwd=root.parent)
    assert done.status == 0, done.stderr
    assert f"cv {out} {place}\n" in done.stderr
    table, whole = pd.read_parquet(out), pd.read_parquet(folder / "train.parquet")
    assert list(table.index) == ["0000", "0001"]
    assert table.to_numpy().tobytes() == whole.iloc[:2].to_numpy().tobytes()


@pytest.mark.parametrize("place", ["labels.zip", "counted://bucket/labels"])
def test_labels_are_read_from_there(root, folder, place, tmp_path):
    options = ("--model", "prior", "--n-folds", 2, "--repeats", 1, "--out", tmp_path / "cv")
    done = run("cv", folder / "train.parquet", place, *options, cwd=root.parent)
    assert done.status == 0, done.stderr
    assert (tmp_path / "cv" / "predictions.csv").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("audit", "counted://bucket/knees", "-j", 1),
        ("view", "knees.zip", "-o", "a.html"),
        ("explore", "knees.zip", "-o", "b.html", "-j", 1, "--no-audit"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_other_commands_read_from_there(root, arguments):
    pytest.importorskip("PIL", reason="the extra `report` is not installed")
    done = run(*arguments, cwd=root.parent)
    assert done.status == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("extract", "counted://nowhere", "-o", "a.parquet"), "There is no folder 'counted://now"),
        (("audit", "counted://nowhere"), "There is no folder 'counted://nowhere'"),
        (("extract", "nowhere.zip", "-o", "a.parquet"), "There is no folder 'nowhere.zip'"),
        (("extract", "no.zip", "-o", "a.parquet"), "no.zip' can't be read as a zip file"),
        (("extract", "nosuch://a", "-o", "a.parquet"), "Protocol not known: nosuch"),
        (
            ("extract", "counted://bucket/knees/train", "-o", "a.parquet"),
            "'counted://bucket/knees/train' has neither .* Pass 'counted://bucket/knees'",
        ),
        (
            ("extract", "counted://bucket/knees/train/axial/x", "-o", "a.parquet"),
            "There is no folder",
        ),
        (
            ("extract", "k", "-o", "s3://bucket/a.parquet"),
            "'s3://bucket/a.parquet' must be a path on this computer",
        ),
        (("view", "k", "-o", "s3://bucket/a.html"), "'s3://bucket/a.html' must be a path on this"),
        (
            ("fit", "t", "k", "-o", "gs://bucket/model"),
            "'gs://bucket/model' must be a path on this",
        ),
        (("knees", "s3://bucket/knees"), "'s3://bucket/knees' must be a path on this computer"),
    ],
)
def test_what_can_not_be_done_is_said(root, arguments, message, tmp_path):
    (tmp_path / "no.zip").write_text("no zip")
    done = run(*arguments, cwd=tmp_path)
    assert done.status in (1, 2)
    assert re.search(message, " ".join(done.stderr.split())), done.stderr
    assert not list(tmp_path.glob("s3*"))


def test_a_folder_of_studies_behind_a_url_is_refused():
    CountedFileSystem().pipe_file("/studies/one/IM0001", b"DICM")
    done = run("extract", "counted://studies", "-o", "a.parquet")
    assert done.status == 1
    assert "DICOM studies without tables must lie on this computer: copy or unpack" in done.stderr
