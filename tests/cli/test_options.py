"""Values of options: choices equal those of the library, files of an audit are read."""

import json
import re
import time

import pytest
import typer

from mrnet_features.cli.named_files import read_exclusion
from mrnet_features.cli.options import (
    Device,
    Grouping,
    Rule,
    Split,
    Task,
    check_file,
    check_views,
    name_families,
)
from mrnet_features.evaluation.importance.feature_groups import group_columns
from mrnet_features.evaluation.importance.per_fold import VIEWS
from mrnet_features.evaluation.metrics.operating_points import RULES
from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.names import SPLITS, TASKS
from tests.support.command_line import run


def test_choices_are_those_of_the_library():
    assert tuple(Split) == SPLITS
    assert tuple(Task) == (*TASKS, "mean")
    assert tuple(Rule) == RULES
    assert check_views(",".join(VIEWS))
    for device in Device:
        FeatureExtractor(device=device)


@pytest.mark.parametrize("by", Grouping)
def test_every_grouping_is_known(by):
    import pandas as pd

    names = ["axial__knee__glcm__energy__mean", "coronal__knee__lbp__entropy__std"]
    groups = group_columns(pd.DataFrame([[1.0, 3.0], [2.0, 5.0]], columns=names), by)
    assert sum(map(len, groups.values())) == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_file_of_an_audit_is_read_in_the_encoding_of_any_shell(encoding, tmp_path):
    path = tmp_path / "audit.json"
    rows = [{"exam": f"000{k}", "severity": word} for k, word in enumerate(("reject", "check"))]
    path.write_text(json.dumps(rows), encoding=encoding)
    assert read_exclusion(f"0042,{path}") == ["0000", "0042"]


@pytest.mark.parametrize(
    "text", ["{}", "no JSON", '{"exam": "0001"}', '[{"exam": "0001"}]', "[" * 100_000, ""]
)
def test_other_files_are_refused_as_an_exclusion(text, tmp_path):
    (tmp_path / "audit.json").write_text(text)
    done = run("extract", ".", "--out", "x.parquet", "--exclude", "audit.json", cwd=tmp_path)
    assert done.status == 2
    assert "'audit.json' " in done.stderr
    assert "`audit ROOT --json`" in " ".join(done.stderr.split())


def test_the_marks_of_a_reader_exclude_what_was_rejected(tmp_path):
    path = tmp_path / "marks.json"
    words = ("reject", "check", "agree")
    rows = [
        {"exam": f"000{k}", "plane": "", "code": "reader", "severity": word, "advice": "a note"}
        for k, word in enumerate(words)
    ]
    path.write_text(json.dumps(rows))
    assert read_exclusion(str(path)) == ["0000"]


def test_ids_of_any_kind_are_excluded():
    assert read_exclusion("0042, 10007,1.2.840.113,case-7") == [
        "0042",
        "1.2.840.113",
        "10007",
        "case-7",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("7.0", "'7.0' is a decimal number, not an exam id"),
        ("nan", "stands for a missing value"),
        ("0\x1b[2J", "must not hold control characters"),
        ("\u0664\u0662", "got other Unicode digits"),
        ("9" * 10**6, "must have at most 200 characters"),
        ("no.json", "There is no file 'no.json'"),
        ("no/such", "There is no file 'no/such'"),
        ("/", "must be a file, got a folder"),
        ("/dev/null", "got a pipe, socket or device"),
    ],
)
def test_what_is_neither_an_id_nor_a_file_is_refused(text, message):
    with pytest.raises(typer.BadParameter, match=re.escape(message)) as caught:
        read_exclusion(text)
    assert len(caught.value.message) < 400


def test_a_number_is_an_id_even_if_a_file_has_that_name(tmp_path, monkeypatch):
    (tmp_path / "0042").write_text("[]")
    monkeypatch.chdir(tmp_path)
    assert read_exclusion("0042") == ["0042"]


@pytest.mark.parametrize("exam", [42, None, ["0042"], "7.0", "\x1b[2J"])
def test_an_audit_with_other_ids_is_refused(exam, tmp_path):
    path = tmp_path / "audit.json"
    path.write_text(json.dumps([{"exam": exam, "severity": "reject"}]))
    with pytest.raises(typer.BadParameter, match=r"Write it again with `audit ROOT --json`"):
        read_exclusion(str(path))


def test_many_ids_are_read_in_linear_time(tmp_path):
    path = tmp_path / "audit.json"
    rows = [{"exam": f"case{k}", "severity": "reject"} for k in range(20_000)]
    path.write_text(json.dumps(rows))
    start = time.perf_counter()
    assert len(read_exclusion(f"{path},{','.join(['0042'] * 20_000)}")) == 20_001
    assert time.perf_counter() - start < 5


def test_a_name_counts_once_however_often_it_is_given():
    assert name_families(",".join(["glcm"] * 10**6)) == "glcm"


def test_a_result_may_replace_a_file_that_is_not_an_input(tmp_path):
    check_file(tmp_path / "out.csv", [tmp_path / "in.csv", None])
    check_file(None, [tmp_path / "in.csv"])


@pytest.mark.parametrize(
    "arguments",
    [
        ("cv", "t", "r", "--out", "file"),
        ("fit", "t", "r", "--out", "file/model"),
        ("reproduce", "r", "--out", "file"),
        ("demo", "--out", "file"),
        ("knees", "file"),
        ("extract", "r", "--out", "file/t.parquet"),
        ("extract", "r", "--out", "folder.parquet"),
        ("compare", "r", "a=a", "b=b", "--out", "folder.parquet"),
        ("importance", "t", "r", "--out", "file/x.csv"),
        ("predict", "m", "p", "folder.parquet"),
        ("predict", "m", "p", "n" * 300),
        ("importance", "t", "r", "--out", "n" * 250),
        ("cv", "t", "r", "--out", "n" * 300),
        ("knees", "new/" + "n" * 300),
    ],
)
def test_every_command_checks_its_output_before_it_reads_anything(arguments, tmp_path):
    (tmp_path / "file").write_text("kept")
    (tmp_path / "folder.parquet").mkdir()
    done = run(*arguments, cwd=tmp_path)
    assert done.status == 2
    assert re.search("must be a f|is not a folder|name too long", " ".join(done.stderr.split()))
    assert {path.name for path in tmp_path.iterdir()} == {"file", "folder.parquet"}


def test_a_colon_is_part_of_a_path(folder, tmp_path):
    (tmp_path / "a:b").mkdir()
    table = "a:b/t.parquet"
    (tmp_path / table).write_bytes((folder / "train.parquet").read_bytes())
    root = folder / "knees"
    done = run("cv", table, root, "--model", "prior", "--n-folds", 2, "--jobs", 1, cwd=tmp_path)
    assert done.status == 0, done.stderr
    extract = ("extract", root, "--split", "valid", "--families", "acquisition", "--jobs", 1)
    done = run(*extract, "--out", "a:b/new.parquet", cwd=tmp_path)
    assert done.status == 0, done.stderr


def test_a_result_never_replaces_an_input(folder):
    before = (folder / "train.parquet").read_bytes()
    for arguments in (
        ("importance", "train.parquet", "knees", "--out", "train.parquet"),
        ("predict", "model", "paths.csv", "./paths.csv"),
        ("compare", "knees", "a=train.parquet", "b=b.csv", "--out", "b.csv"),
        ("compare", "knees", "a=a.csv", "b=b.csv", "--paths", "p.csv", "--out", "p.csv"),
        ("compare", "knees", "a=a.csv", "b=b.csv", "--out", "knees/valid-acl.csv"),
        ("importance", "train.parquet", "knees", "--out", "knees/train-acl.csv"),
    ):
        done = run(*arguments, cwd=folder)
        assert done.status == 2
        assert "is an input. Choose another file" in " ".join(done.stderr.split())
    assert (folder / "train.parquet").read_bytes() == before
