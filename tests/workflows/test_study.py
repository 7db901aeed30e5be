"""The whole study on synthetic knees writes its pages, and keeps what can be computed."""

import json
import re
import shutil

import pytest

from mrnet_features import load_labels, load_mrnet, read_features, write_knees
from mrnet_features.evaluation import evaluate, read_predictions
from mrnet_features.files.locks import hold_lock
from mrnet_features.models import lightgbm_baseline
from mrnet_features.report.review import report as review
from mrnet_features.report.review.earlier import FORMAT
from mrnet_features.report.review.scores import describe_scores
from mrnet_features.workflows import study

TASKS = ["abnormal", "acl", "meniscus"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    write_knees(folder / "knees", n_train=20, n_valid=4, seed=1)
    for split, ids in (("train", range(20)), ("valid", range(20, 24))):
        for task in TASKS:  # with the drawn labels some folds would lack a class
            rows = "".join(f"{k:04d},{k % 2}\n" for k in ids)
            (folder / "knees" / f"{split}-{task}.csv").write_text(rows)
    return folder


@pytest.fixture(scope="module")
def done(folder):
    return study.run_study(folder / "knees", folder / "out", families="minimal", n_jobs=1)


@pytest.mark.usefixtures("done")
def test_every_part_has_its_files(folder):
    names = {path.name for path in (folder / "out").iterdir()}
    assert {"report.md", "audit.csv", "folds.csv", "train.parquet", "valid.parquet"} <= names
    for page in ("report", "valid"):
        assert {f"{page}.html", f"{page}.json", f"{page}-files"} <= names
        assert (folder / "out" / f"{page}-files" / "scores-summary.csv").exists()
    for model in ("lightgbm", "logistic"):
        for split, n_rows in (("train", 3 * 20), ("valid", 4)):  # three repeats
            rows = read_predictions(folder / "out" / f"{split}-{model}-predictions.csv")
            assert len(rows) == n_rows


def test_files_of_a_killed_study_are_removed(folder, done, tmp_path, monkeypatch):
    monkeypatch.setattr(study, "_evaluate_tables", lambda *_: done)
    for name in ("report.md", "train-lightgbm-predictions.csv", "folds.csv"):
        (tmp_path / f".{name}.4711.partial").touch()
    study.run_study(folder / "knees", tmp_path, families="minimal")
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_two_studies_do_not_write_one_folder(folder, tmp_path):
    with hold_lock(tmp_path / "report.md"), pytest.raises(RuntimeError, match="Another process"):
        study.run_study(folder / "knees", tmp_path, families="minimal")


@pytest.mark.usefixtures("done")
def test_excluded_exams_are_in_no_table(folder, tmp_path, monkeypatch):
    class Stop(Exception):
        """The exams left are too few to cross-validate."""

    def stop(*_):
        raise Stop

    monkeypatch.setattr(study, "_evaluate_tables", stop)
    exclude = [load_labels(folder / "knees", split).index[0] for split in ("train", "valid")]
    with pytest.raises(Stop):
        study.run_study(folder / "knees", tmp_path, families="minimal", exclude=iter(exclude))
    for split in ("train", "valid"):
        whole = read_features(folder / "out" / f"{split}.parquet").index
        kept = read_features(tmp_path / f"{split}.parquet").index
        assert list(kept) == list(whole[1:])


@pytest.mark.usefixtures("done")
def test_valid_is_scored_by_models_fitted_on_train(folder):
    train, valid = (
        (read_features(folder / "out" / f"{s}.parquet"), load_labels(folder / "knees", s))
        for s in ("train", "valid")
    )
    expected = evaluate(lightgbm_baseline(), train, valid).summary()["auc"]
    found = read_summary(folder / "out" / "valid.json")
    assert found == pytest.approx(expected.to_dict())


def test_the_models_share_their_folds(done):
    first, second = done.evaluations.values()
    assert first.folds.hash == second.folds.hash


def read_summary(path):
    """AUC of each task, of the model that a page is about."""
    tables = json.loads(path.read_text())["parts"]["scores"]["tables"]
    return {row["task"]: row["auc"] for row in tables["summary"]}


@pytest.mark.usefixtures("done")
def test_each_page_is_about_its_split_and_shows_the_scores_of_the_other(folder, done):
    for page, kind in (("report", done.evaluations), ("valid", done.holdouts)):
        path = folder / "out" / f"{page}.json"
        assert read_summary(path) == pytest.approx(kind["lightgbm"].summary()["auc"].to_dict())
        tables = json.loads(path.read_text())["parts"]["scores"]["tables"]
        assert {f"summary-{k}" for k in (1, 2, 3)} <= set(tables)


@pytest.mark.usefixtures("done")
def test_models_of_other_exams_are_not_compared(folder):
    for page in ("report", "valid"):
        parts = json.loads((folder / "out" / f"{page}.json").read_text())["parts"]
        seconds = {row["second"] for row in parts["comparison"]["tables"]["differences"]}
        assert seconds == {"logistic regression"}


def test_published_aucs_are_shown_beside_those_of_the_release_only(folder, done, monkeypatch):
    parts = json.loads((folder / "out" / "report.json").read_text())["parts"]
    assert "published" not in parts["comparison"]["tables"]
    datasets = {split: load_mrnet(folder / "knees", split) for split in ("train", "valid")}
    features = {s: read_features(folder / "out" / f"{s}.parquet") for s in ("train", "valid")}
    monkeypatch.setattr(study, "RELEASE_SIZES", (20, 4))
    monkeypatch.setattr(study, "list_missing_packages", lambda: ["jinja2"])  # draw nothing
    reports = study._describe(done, datasets, features, {"n_jobs": 1}).reports
    for report in reports.values():
        published = report.numbers["parts"]["comparison"]["tables"]["published"]
        assert [row["published"] for row in published] == [0.799, 0.916]
        assert "not MRNet's release" not in report.lead


@pytest.mark.usefixtures("done")
def test_the_pages_warn_that_this_is_not_the_release(folder):
    for name in ("report.html", "valid.html", "report.md"):
        text = (folder / "out" / name).read_text()
        assert re.search("not MRNet('|&#39;)s release", text)
        assert "Bien et al. 2018" not in text


def test_without_the_extra_numbers_and_text_are_written(done, tmp_path, monkeypatch):
    monkeypatch.setattr(study, "list_missing_packages", lambda: ["matplotlib"])
    for page in ("report.html", "valid.html"):
        (tmp_path / page).write_text("of an earlier run")
        (tmp_path / page).with_suffix(".json").write_text(json.dumps({"format": FORMAT}))
    study._write(done, tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert {"report.md", "report.json", "valid.json", "report-files", "valid-files"} <= names
    assert not {"report.html", "valid.html"} & names
    auc = done.evaluations["lightgbm"].summary().loc["mean", "auc"]
    assert f"{auc:.3f}" in (tmp_path / "report.md").read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"families": "basline"}, "Did you mean 'baseline'"),
        ({"families": ["glcm", "gcml"]}, "Did you mean 'glcm'"),
        ({"views": ["shapp"]}, "Did you mean 'shap'"),
        ({"device": "gpu"}, "`device` must be"),
    ],
)
def test_a_misspelt_option_is_found_before_the_audit(
    folder, tmp_path, monkeypatch, options, message
):
    monkeypatch.setattr(study, "audit", lambda *_, **__: pytest.fail("audited"))
    with pytest.raises(ValueError, match=message):
        study.run_study(folder / "knees", tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_a_full_disk_leaves_no_partial_file(done, tmp_path, monkeypatch):
    (tmp_path / "report.md").write_text("old report")

    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr("mrnet_features.files.writing.os.fsync", fail)
    with pytest.raises(OSError, match="no space left"):
        study._write(done, tmp_path)
    assert (tmp_path / "report.md").read_text() == "old report"
    assert {path.name for path in tmp_path.iterdir()} == {"report.md"}


def test_what_was_computed_is_kept_when_a_later_part_fails(folder, done, tmp_path, monkeypatch):
    shutil.copytree(folder / "out", tmp_path / "out")  # a run that ended well
    finished = iter(done.evaluations.values())

    def measure(*_, **__):
        raise ValueError("SHAP values are not available.")

    def describe(inputs):
        if inputs.evaluation is None:
            raise MemoryError
        return describe_scores(inputs)

    monkeypatch.setattr(study, "audit", lambda *_, **__: done.findings)
    monkeypatch.setattr(study, "cross_validate", lambda *_, **__: next(finished))
    monkeypatch.setattr(study, "evaluate", lambda model, *_, **__: done.holdouts["lightgbm"])
    monkeypatch.setattr(study, "importance", measure)
    monkeypatch.setattr(review, "SECTIONS", (describe,))
    with pytest.raises(RuntimeError, match=r"lacks 2 of its parts. Importance: SHAP values") as e:
        study.run_study(folder / "knees", tmp_path / "out", families="minimal", n_jobs=1)
    assert "Page on valid: MemoryError" in str(e.value)
    assert isinstance(e.value.__cause__, ValueError)
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert not {"valid.html", "valid.json", "valid-files"} & names
    for name in ("train-lightgbm-predictions.csv", "folds.csv", "audit.csv"):
        assert (tmp_path / "out" / name).read_bytes() == (folder / "out" / name).read_bytes()
    text = (tmp_path / "out" / "report.md").read_text()
    assert "- Importance: SHAP values are not available." in text
    page = json.loads((tmp_path / "out" / "report.json").read_text())
    assert page["left_out"][0] == {
        "title": "Importance",
        "argument": "",
        "reason": "SHAP values are not available.",
    }


def test_parts_that_need_a_failed_one_say_so(folder, tmp_path, monkeypatch, done):
    def fail(*_, **__):
        raise ValueError("Too few exams.")

    monkeypatch.setattr(study, "audit", lambda *_, **__: done.findings)
    monkeypatch.setattr(study, "cross_validate", fail)
    monkeypatch.setattr(study, "evaluate", fail)
    with pytest.raises(RuntimeError, match="lacks 7 of its parts"):
        study.run_study(folder / "knees", tmp_path, families="minimal", n_jobs=1)
    report = (tmp_path / "report.md").read_text()
    assert "- Importance: It needs the cross-validation of lightgbm." in report
    assert "- Page on valid: No model was scored on valid." in report
    assert not list(tmp_path.glob("*.html"))
    assert not list(tmp_path.glob("*-predictions.csv"))


def test_valid_with_one_exam_of_a_class_costs_only_the_parts_on_valid(
    folder, done, tmp_path, monkeypatch
):
    finished = iter(done.evaluations.values())
    monkeypatch.setattr(study, "audit", lambda *_, **__: done.findings)
    monkeypatch.setattr(study, "cross_validate", lambda *_, **__: next(finished))
    monkeypatch.setattr(study, "importance", lambda *_, **__: done.importance)
    copy, out = tmp_path / "knees", tmp_path / "out"
    shutil.copytree(folder / "knees", copy)
    (copy / "valid-acl.csv").write_text("0020,1\n0021,1\n0022,1\n0023,0\n")
    (copy / "valid-abnormal.csv").write_text("0020,1\n0021,1\n0022,1\n0023,1\n")
    out.mkdir()
    for name in ("valid.html", "valid-logistic-predictions.csv", "report.md"):
        (out / name).write_text("of an earlier run")
    (out / "valid.json").write_text(json.dumps({"format": FORMAT}))
    with pytest.raises(RuntimeError, match="lacks 3 of its parts") as caught:
        study.run_study(copy, out, families="minimal", n_jobs=1)
    said = "`valid` must hold at least 2 exams of each class of every task"
    got = "got 0 negative of task 'abnormal', 1 negative of task 'acl'. Add exams"
    report = (out / "report.md").read_text()
    for text in (str(caught.value), report):
        assert said in text
        assert got in text
    assert "logistic regression: cross-validation" in report
    names = {path.name for path in out.iterdir()}
    assert {"train-logistic-predictions.csv", "folds.csv", "report.html", "report.json"} <= names
    assert not [name for name in names if name.startswith("valid") and name != "valid.parquet"]


def test_the_audit_is_kept_when_the_extraction_fails(folder, done, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise ValueError("'0003.npy' is broken.")

    monkeypatch.setattr(study, "audit", lambda *_, **__: done.findings)
    monkeypatch.setattr(study, "extract_features", fail)
    with pytest.raises(ValueError, match="is broken"):
        study.run_study(folder / "knees", tmp_path)
    assert (tmp_path / "audit.csv").read_bytes() == (folder / "out" / "audit.csv").read_bytes()
