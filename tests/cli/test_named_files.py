"""Files named on the command line: the file of an audit excludes exams, models have names."""

import json
import re
import time

import pytest
import typer

from mrnet_features.cli.named_files import read_exclusion, read_models
from tests.support.command_line import run


def test_models_are_named_once_and_there_are_enough():
    assert read_models([], fewest=0) == {}
    with pytest.raises(typer.BadParameter, match="two or more, got 1"):
        read_models(["cnn=a.csv"])
    with pytest.raises(typer.BadParameter, match="got 'cnn' twice"):
        read_models(["cnn=a.csv", "cnn=b.csv"], fewest=1)


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
