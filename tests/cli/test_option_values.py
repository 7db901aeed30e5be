"""Values of options: choices equal those of the library, files of an audit are read."""

import re

import pytest

from mrnet_features.cli.option_values import check_file, check_views, name_families
from mrnet_features.cli.options import Device, Grouping, Rule, Split
from mrnet_features.data.layouts import LAYOUT_SPLITS
from mrnet_features.evaluation.importance.feature_groups import group_columns
from mrnet_features.evaluation.importance.per_fold import VIEWS
from mrnet_features.evaluation.metrics.operating_points import RULES
from mrnet_features.extraction.extractor import FeatureExtractor
from tests.support.command_line import run


def test_choices_are_those_of_the_library():
    assert set(Split) == {split for splits in LAYOUT_SPLITS.values() for split in splits}
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
