"""A table is cross-validated and reported with what lies beside it."""

import json

import pandas as pd
import pytest

import mrnet_features as mf
from mrnet_features.workflows import table_report
from mrnet_features.workflows.table_report import (
    is_release,
    list_families,
    name_model,
    read_subgroups,
    report_table,
)

IDS = [f"{k:04d}" for k in range(8)]
SPLITS = ["train", "valid", "", "train", *["valid"] * 4]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Table and labels of eight exams; no stacks."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "knees" / "train").mkdir(parents=True)
    for task in ("abnormal", "acl", "meniscus"):
        rows = "".join(f"{exam},{k % 2}\n" for k, exam in enumerate(IDS))
        (folder / "knees" / f"train-{task}.csv").write_text(rows)
    mf.write_knees(folder / "exams", n_train=8, n_valid=0, seed=1, n_jobs=1)
    exams = mf.load_mrnet(folder / "exams").exams
    mf.extract_features(
        exams, folder / "t.parquet", extractor=mf.FeatureExtractor("minimal", n_jobs=1)
    )
    return folder


@pytest.fixture
def written(monkeypatch):
    """Arguments of the page."""
    written = {}

    def write_report(models, dataset, features, compare, findings, out, **options):
        written.update(options, models=models, dataset=dataset, findings=findings, out=out)
        return "a report"

    monkeypatch.setattr(table_report, "write_report", write_report)
    return written


OPTIONS = {"model": "prior", "n_splits": 2, "n_repeats": 1, "n_jobs": 1}


def test_without_stacks_there_are_neither_pictures_nor_viewer(folder, written):
    evaluation, report = report_table(folder / "t.parquet", folder / "knees", **OPTIONS)
    assert report == "a report"
    assert written["models"] == {"prevalence": evaluation}
    assert written["dataset"] is None
    assert written["viewer"] is False
    assert written["is_release"] is False
    assert "intensity" in written["families"]


def test_only_findings_of_the_split_are_shown(folder, written):
    row = {"plane": "", "code": "noise", "severity": "check", "value": 3, "advice": "Look."}
    rows = [{**row, "exam": exam, "split": split} for exam, split in zip(IDS, SPLITS, strict=True)]
    (folder / "audit.json").write_text(json.dumps(rows))
    report_table(folder / "t.parquet", folder / "knees", findings=folder / "audit.json", **OPTIONS)
    assert written["findings"]["exam"].tolist() == ["0000", "0002", "0003"]


def test_a_place_that_is_taken_is_refused_before_anything_is_read(tmp_path):
    (tmp_path / "report.json").write_text("[]")
    with pytest.raises(FileExistsError, match="is no report"):
        report_table("no.parquet", "nowhere", tmp_path / "report.html")


def test_families_are_those_of_the_columns():
    columns = ["axial__knee__glcm__energy__mean", "axial__knee__glcm__contrast__mean"]
    table = pd.DataFrame(columns=[*columns, "coronal__knee__nosuch__a__mean", "age"])
    assert list_families(table) == ["glcm"]


def test_models_are_named_for_readers():
    assert name_model("logistic") == "logistic regression"
    assert name_model("own:make") == "make"


def test_few_exams_are_not_the_release(folder, monkeypatch):
    assert not is_release(folder / "knees")
    monkeypatch.setattr(table_report, "RELEASE_SIZES", (8, 0))
    assert is_release(folder / "knees")


def test_subgroups_keep_ids_as_text_and_empty_cells_are_unknown(tmp_path):
    path = tmp_path / "sites.csv"
    path.write_text("exam,site,sex\n0,a,m\n1,,f\n")  # a spreadsheet has dropped the zeros
    table = read_subgroups(path, pd.DataFrame(index=["0000", "0001"]))
    assert table.index.tolist() == ["0000", "0001"]
    assert table.loc["0000"].tolist() == ["a", "m"]
    assert table["site"].isna().tolist() == [False, True]
