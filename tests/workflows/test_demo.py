"""The demo leaves exams, table, scores and a page in its folder."""

import functools
import sys

import pandas as pd
import pytest

from mrnet_features import cross_validate, load_mrnet, prior_baseline, read_features
from mrnet_features.workflows import demo
from tests.support.small_sets import write_small_rsna
from tests.support.tables import plant_signal


@pytest.fixture
def scored(monkeypatch):
    """Tables that were scored, and arguments of the page; two exams are too few for both."""
    scored = {}
    features, labels = plant_signal(40)
    evaluation = cross_validate(prior_baseline(), features, labels, n_splits=2, n_repeats=1)

    def score(features, labels, **options):
        scored.update(features=features, labels=labels)
        return evaluation

    def write_report(models, dataset, features, **options):
        scored.update(options, models=models, dataset=dataset)
        options["out"].touch()
        return "a report"

    monkeypatch.setattr(demo, "score_table", score)
    monkeypatch.setattr(demo, "write_report", write_report)
    return scored


def test_the_table_of_the_synthetic_knees_is_scored_and_reported(scored, tmp_path):
    made = demo.run_demo(tmp_path / "demo", n_train=2, seed=3, n_jobs=1, command="typed")
    assert made.report == "a report"
    names = {path.name for path in (tmp_path / "demo").iterdir()}
    assert names == {"knees", "train.parquet", "train-cv", "report.html"}
    assert scored["features"].equals(read_features(tmp_path / "demo" / "train.parquet"))
    assert scored["labels"].equals(load_mrnet(tmp_path / "demo" / "knees").labels)
    assert scored["models"] == {"LightGBM": made.evaluation}
    assert scored["dataset"].ids == load_mrnet(tmp_path / "demo" / "knees").ids
    assert "code" in scored["findings"].columns
    assert (scored["command"], scored["seed"], scored["viewer"]) == ("typed", 3, True)


def test_a_network_is_trained_in_the_same_folds_if_asked_for(scored, tmp_path, monkeypatch):
    asked = {}
    monkeypatch.setattr(demo, "import_torch", lambda: None)
    monkeypatch.setattr(demo, "cross_validate_cnn", lambda exams, labels, **given: asked | given)
    monkeypatch.setattr(demo, "write_evaluation", lambda evaluation, folder: None)
    made = demo.run_demo(tmp_path / "demo", n_train=2, seed=3, n_jobs=1, cnn=True)
    assert made.network["folds"] is made.evaluation.folds
    assert made.network["out"] == tmp_path / "demo" / "train-cnn"
    assert scored["models"] == {"LightGBM": made.evaluation, "small network": made.network}


def test_without_pytorch_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ModuleNotFoundError, match="mrnet-features\\[cnn\\]"):
        demo.run_demo(tmp_path / "demo", n_train=2, cnn=True)
    assert not (tmp_path / "demo").exists()


def test_without_the_extra_there_are_scores_but_no_page(scored, tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "list_missing_packages", lambda: ["jinja2"])
    made = demo.run_demo(tmp_path / "demo", n_train=2, seed=3, n_jobs=1)
    assert made.report is None
    assert "models" not in scored
    assert (tmp_path / "demo" / "train-cv" / "summary.csv").exists()


@pytest.mark.filterwarnings("ignore:.*groups:UserWarning")  # three scanners are few
@pytest.mark.filterwarnings("ignore:Intervals are rough:UserWarning")
def test_dicom_studies_are_scored_in_folds_of_scanners_and_in_random_folds(
    monkeypatch, tmp_path, caplog
):
    def write(folder, layout, *, n_train, site_leak, **_):
        assert (layout, site_leak) == ("rsna", demo.SITE_LEAK)
        return write_small_rsna(folder, n_train)

    monkeypatch.setattr(demo, "write_knees", write)
    fast = functools.partial(demo.make_table, families="acquisition")
    monkeypatch.setattr(demo, "make_table", fast)
    quick = functools.partial(demo.audit, codes=["label-file", "stack-file"])
    monkeypatch.setattr(demo, "audit", quick)
    asked = {}
    monkeypatch.setattr(demo, "write_report", lambda *_, **options: asked.update(options))
    made = demo.run_demo(tmp_path, "rsna", n_train=30, seed=3, n_jobs=1)
    assert list(made.evaluation.labels) == ["ACL", "Baker's"]
    scanners = made.evaluation.groups
    assert scanners.nunique() == 3
    folds = made.evaluation.folds.frame
    spread = folds.assign(scanner=folds["exam"].map(scanners)).groupby(["repeat", "scanner"])
    assert (spread["fold"].nunique() == 1).all()
    assert made.gap.random.groups is None
    scores = {
        name: pd.read_csv(tmp_path / name / "summary.csv", index_col="task")["auc"]["mean"]
        for name in ("train-cv", "train-cv-random")
    }
    found = made.gap.summary().loc["mean"]
    assert found["auc_grouped"] == pytest.approx(scores["train-cv"])
    assert found["auc_random"] == pytest.approx(scores["train-cv-random"])
    assert "MCL (no labels)" in caplog.text
    assert asked["also"] == (made.gap,)
    assert (asked["viewer"], asked["out"]) == (True, tmp_path / "report.html")


def test_nothing_is_written_without_lightgbm(monkeypatch, tmp_path):
    def fail():
        raise ImportError("LightGBM does not load.")

    monkeypatch.setattr(demo, "import_lightgbm", fail)
    with pytest.raises(ImportError, match="LightGBM does not load"):
        demo.run_demo(tmp_path / "demo")
    assert not (tmp_path / "demo").exists()


def test_a_file_of_someone_else_is_not_replaced(tmp_path):
    (tmp_path / "report.json").write_text("{}")
    with pytest.raises(FileExistsError, match=r"report\.json' is no report"):
        demo.run_demo(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]
