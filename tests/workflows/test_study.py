"""The whole study on synthetic knees writes what its parts return."""

import json
import shutil

import pandas as pd
import pytest

from mrnet_features import load_labels, read_features, write_knees
from mrnet_features.evaluation import evaluate, read_predictions
from mrnet_features.locks import hold_lock
from mrnet_features.models import lightgbm_baseline
from mrnet_features.workflows import study
from mrnet_features.workflows.study_report import format_report

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
    assert {"report.md", "summary.json", "audit.csv", "folds.csv", "importance.csv"} <= names
    assert {"train.parquet", "valid.parquet"} <= names
    for model in ("lightgbm", "logistic"):
        assert {f"train-{model}.csv", f"valid-{model}.csv"} <= names
        for split, n_rows in (("train", 3 * 20), ("valid", 4)):  # three repeats
            rows = read_predictions(folder / "out" / f"{split}-{model}-predictions.csv")
            assert len(rows) == n_rows


def test_files_of_a_killed_study_are_removed(folder, done, tmp_path, monkeypatch):
    monkeypatch.setattr(study, "_evaluate_tables", lambda *_: done)
    for name in ("report.md", "train-lightgbm.csv", "folds.csv"):
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
    expected = evaluate(lightgbm_baseline(), train, valid).summary()
    found = pd.read_csv(folder / "out" / "valid-lightgbm.csv", index_col="task")
    pd.testing.assert_series_equal(found["auc"], expected["auc"])


def test_the_models_share_their_folds(done):
    first, second = done.evaluations.values()
    assert first.folds.hash == second.folds.hash


def test_published_aucs_are_shown_beside_those_of_the_release_only(folder, done, monkeypatch):
    summary = json.loads((folder / "out" / "summary.json").read_text())
    assert summary == json.loads(json.dumps(done.as_dict()))
    assert summary["is_release"] is False
    assert summary["published"] == {}
    monkeypatch.setattr(study, "RELEASE_SIZES", (20, 4))
    published = done.as_dict()["published"]
    assert [row["published"] for row in published.values()] == [0.799, 0.916]
    auc = summary["valid"]["lightgbm"]["mean"]["auc"]
    assert published["MRNet, nine CNNs"]["difference"] == pytest.approx(auc - 0.916)
    assert "Bien et al. 2018" in format_report(done)


def test_the_report_warns_that_this_is_not_the_release(folder, done):
    text = (folder / "out" / "report.md").read_text()
    assert "not MRNet's release" in text
    assert "Bien et al. 2018" not in text
    assert "20 exams in train, 4 in valid" in text
    assert ("name them in `--exclude`" in text) == (len(done.findings) > 0)


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

    monkeypatch.setattr("mrnet_features.files.os.fsync", fail)
    with pytest.raises(OSError, match="no space left"):
        study._write(done, tmp_path)
    assert (tmp_path / "report.md").read_text() == "old report"
    assert {path.name for path in tmp_path.iterdir()} == {"report.md"}


def test_what_was_computed_is_kept_when_a_later_part_fails(folder, done, tmp_path, monkeypatch):
    for path in (folder / "out").iterdir():  # a run that ended well, with an older importance
        (tmp_path / path.name).write_bytes(path.read_bytes())
    finished = iter(done.evaluations.values())

    def measure(*_, **__):
        raise ValueError("SHAP values are not available.")

    def check(*_, **__):
        raise MemoryError

    monkeypatch.setattr(study, "audit", lambda *_, **__: done.findings)
    monkeypatch.setattr(study, "cross_validate", lambda *_, **__: next(finished))
    monkeypatch.setattr(study, "evaluate", lambda model, *_, **__: done.holdouts["lightgbm"])
    monkeypatch.setattr(study, "importance", measure)
    monkeypatch.setattr(study, "check_leakage", check)
    with pytest.raises(RuntimeError, match=r"lacks 2 of its parts. Importance: SHAP values") as e:
        study.run_study(folder / "knees", tmp_path, families="minimal", n_jobs=1)
    assert "Leakage checks: MemoryError" in str(e.value)
    assert isinstance(e.value.__cause__, ValueError)
    assert not (tmp_path / "importance.csv").exists()
    for name in ("train-lightgbm.csv", "valid-lightgbm-predictions.csv", "folds.csv", "audit.csv"):
        assert (tmp_path / name).read_bytes() == (folder / "out" / name).read_bytes()
    report = (tmp_path / "report.md").read_text()
    assert "- Importance: SHAP values are not available." in report
    assert "## Calibration on valid" in report
    assert "Not all checks ran." in report
    assert set(json.loads((tmp_path / "summary.json").read_text())["missing"]) == {
        "Importance",
        "Leakage checks",
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
    assert "- Calibration on valid: It needs lightgbm on valid." in report
    assert "## Leakage checks of the feature tables\n\nNothing found." in report
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
    for name in ("valid-lightgbm.csv", "valid-logistic-predictions.csv", "report.md"):
        (out / name).write_text("of an earlier run")
    with pytest.raises(RuntimeError, match="lacks 4 of its parts") as caught:
        study.run_study(copy, out, families="minimal", n_jobs=1)
    said = "`valid` must hold at least 2 exams of each class of every task"
    got = "got 0 negative of task 'abnormal', 1 negative of task 'acl'. Add exams"
    report = (out / "report.md").read_text()
    for text in (str(caught.value), report):
        assert said in text
        assert got in text
    assert "## Cross-validation on train: logistic" in report
    names = {path.name for path in out.iterdir()}
    assert {"train-lightgbm.csv", "train-logistic.csv", "importance.csv", "folds.csv"} <= names
    assert not [name for name in names if name.startswith("valid-")]


def test_the_audit_is_kept_when_the_extraction_fails(folder, done, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise ValueError("'0003.npy' is broken.")

    monkeypatch.setattr(study, "audit", lambda *_, **__: done.findings)
    monkeypatch.setattr(study, "extract_features", fail)
    with pytest.raises(ValueError, match="is broken"):
        study.run_study(folder / "knees", tmp_path)
    assert (tmp_path / "audit.csv").read_bytes() == (folder / "out" / "audit.csv").read_bytes()
