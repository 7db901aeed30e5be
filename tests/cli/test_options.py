"""Values of options: choices equal those of the library, files of an audit are read."""

import json

import pytest

from mrnet_features.cli.options import (
    Device,
    Grouping,
    Model,
    Rule,
    Split,
    Task,
    check_file,
    check_views,
    read_exclusion,
)
from mrnet_features.evaluation.importance.feature_groups import group_columns
from mrnet_features.evaluation.importance.per_fold import VIEWS
from mrnet_features.evaluation.metrics.operating_points import RULES
from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.names import SPLITS, TASKS
from mrnet_features.workflows.score import MODELS
from tests.support.command_line import run


def test_choices_are_those_of_the_library():
    assert tuple(Split) == SPLITS
    assert tuple(Task) == (*TASKS, "mean")
    assert list(Model) == list(MODELS)
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


def test_a_result_may_replace_a_file_that_is_not_an_input(tmp_path):
    check_file(tmp_path / "out.csv", [tmp_path / "in.csv", None])
    check_file(None, [tmp_path / "in.csv"])


def test_a_result_never_replaces_an_input(folder):
    before = (folder / "train.parquet").read_bytes()
    for arguments in (
        ("importance", "train.parquet", "knees", "--out", "train.parquet"),
        ("predict", "model", "paths.csv", "./paths.csv"),
        ("compare", "knees", "a=train.parquet", "b=b.csv", "--out", "b.csv"),
        ("compare", "knees", "a=a.csv", "b=b.csv", "--paths", "p.csv", "--out", "p.csv"),
    ):
        done = run(*arguments, cwd=folder)
        assert done.status == 2
        assert "is an input. Choose another file" in " ".join(done.stderr.split())
    assert (folder / "train.parquet").read_bytes() == before
