"""Bundles: same bits after loading, nothing executed, other recipes refused."""

import json
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mrnet_features.models import (
    fit_bundle,
    lightgbm_baseline,
    load_bundle,
    logistic_baseline,
)

TASKS = ["abnormal", "acl", "meniscus"]
FAST = lightgbm_baseline(n_seeds=2, n_estimators=20)


@pytest.fixture
def tables():
    rng = np.random.default_rng(0)
    exams = [f"{i:04d}" for i in range(120)]
    X = rng.normal(size=(120, 8))
    X[rng.random(X.shape) < 0.05] = np.nan
    labels = pd.DataFrame((np.nan_to_num(X[:, :3]) > 0.2).astype(int), exams, TASKS)
    features = pd.DataFrame(X, index=exams).add_prefix("axial__knee__glcm__s").add_suffix("__mean")
    features.attrs["provenance"] = {
        "recipe": {"families": []},
        "recipe_digest": "a" * 16,
        "fingerprints": ["secret"] * 120,
        "file_states": "secret " * 120,
        "skipped": ["secret"],
    }
    return features, labels


def test_a_loaded_bundle_predicts_the_same_bits(tables, tmp_path):
    features, labels = tables
    bundle = fit_bundle(FAST, features, labels, thresholds={"acl": 0.3})
    bundle.save(tmp_path / "model")
    loaded = load_bundle(tmp_path / "model")
    expected = bundle.predict(features)
    pd.testing.assert_frame_equal(loaded.predict(features), expected, check_exact=True)
    turned = features.iloc[::-1, ::-1].assign(extra=0.0)
    pd.testing.assert_frame_equal(loaded.predict(turned), expected.iloc[::-1], check_exact=True)
    assert loaded.thresholds == {"acl": 0.3}
    assert loaded.columns == tuple(features.columns)
    assert loaded.versions["lightgbm"]
    assert loaded.models["acl"].get_params() == FAST.get_params()
    assert repr(loaded) == "Bundle(tasks abnormal, acl, meniscus, 8 columns)"
    order = features.sample(frac=1, random_state=0)
    again = fit_bundle(FAST, order, labels.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(again.predict(features), expected, check_exact=True)


def test_the_folder_holds_text_only_and_no_exam(tables, tmp_path):
    features, labels = tables
    fit_bundle(FAST, features, labels).save(tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["bundle.json", *(f"task{t}_seed{s}.txt" for t in range(3) for s in range(2))]
    for path in tmp_path.iterdir():
        text = path.read_text(encoding="utf-8")
        assert "secret" not in text
        assert "0007" not in text.split()


def test_a_bundle_replaces_a_bundle_and_nothing_else(tables, tmp_path):
    features, labels = tables
    first = fit_bundle(FAST, features, labels)
    first.save(tmp_path)
    (tmp_path / "NOTES.txt").write_text("mine")
    second = fit_bundle(FAST, features, labels[["acl"]])
    second.save(tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["NOTES.txt", "bundle.json", "task0_seed0.txt", "task0_seed1.txt"]
    assert load_bundle(tmp_path).predict(features).equals(second.predict(features))


def test_a_bundle_that_can_not_be_written_leaves_the_old_one(tables, tmp_path, monkeypatch):
    features, labels = tables
    first = fit_bundle(FAST, features, labels)
    first.save(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    write = Path.write_text

    def fill_disk(self, *args, **kwargs):
        write(self, *args, **kwargs)
        if "task2" in self.name:
            raise OSError("no space left")

    monkeypatch.setattr(Path, "write_text", fill_disk)
    with pytest.raises(OSError, match="no space left"):
        fit_bundle(FAST, features, 1 - labels).save(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_bundle_json_of_something_else_is_left(tables, tmp_path):
    features, labels = tables
    (tmp_path / "bundle.json").write_text('{"files": []}')
    with pytest.raises(FileExistsError, match="must be empty or hold a bundle"):
        fit_bundle(FAST, features, labels).save(tmp_path)
    assert (tmp_path / "bundle.json").read_text() == '{"files": []}'


def test_another_recipe_is_refused(tables):
    features, labels = tables
    bundle = fit_bundle(FAST, features, labels)
    other = features.copy()
    other.attrs["provenance"] = {"recipe_digest": "b" * 16}
    with pytest.raises(ValueError, match="digest b{16}.*digest a{16}"):
        bundle.predict(other)
    other.attrs = {}
    bundle.predict(other)
    with pytest.raises(ValueError, match="but lacks 1, such as 'axial__knee__glcm__s3__mean'"):
        bundle.predict(other.drop(columns="axial__knee__glcm__s3__mean"))


def test_changed_or_missing_files_are_refused(tables, tmp_path):
    features, labels = tables
    fit_bundle(FAST, features, labels).save(tmp_path)
    file = tmp_path / "task1_seed0.txt"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("tree", "Tree", 1), encoding="utf-8")
    with pytest.raises(ValueError, match="was changed after it was saved"):
        load_bundle(tmp_path)
    file.unlink()
    with pytest.raises(FileNotFoundError, match="Copy the whole folder"):
        load_bundle(tmp_path)
    head = json.loads((tmp_path / "bundle.json").read_text())
    head["boosters"]["acl"][0]["file"] = "../elsewhere.txt"
    (tmp_path / "bundle.json").write_text(json.dumps(head))
    with pytest.raises(ValueError, match="booster files must be in"):
        load_bundle(tmp_path)
    (tmp_path / "bundle.json").write_text(json.dumps({"format": 99}))
    with pytest.raises(ValueError, match="bundle of format 2, got format 99"):
        load_bundle(tmp_path)
    with pytest.raises(FileNotFoundError, match="no 'bundle.json'"):
        load_bundle(tmp_path / "nowhere")


def test_nothing_is_unpickled(tables, tmp_path):
    features, labels = tables
    fit_bundle(FAST, features, labels).save(tmp_path)
    payload = b"cbuiltins\nexit\n(I3\ntR."
    with pytest.raises(SystemExit):
        pickle.loads(payload)
    for path in list(tmp_path.iterdir()):
        kept = path.read_bytes()
        path.write_bytes(payload)
        with pytest.raises(ValueError):  # noqa: PT011 (JSON's error, or that of the hash)
            load_bundle(tmp_path)
        path.write_bytes(kept)


def test_a_series_is_one_task(tables):
    features, labels = tables
    found = fit_bundle(FAST, features, labels["acl"]).predict(features)
    column = fit_bundle(FAST, features, labels[["acl"]]).predict(features)
    pd.testing.assert_frame_equal(found, column, check_exact=True)


def test_a_bundle_of_an_older_version_is_refused(tables, tmp_path):
    features, labels = tables
    fit_bundle(FAST, features, labels[["acl"]]).save(tmp_path)
    head = json.loads((tmp_path / "bundle.json").read_text())
    assert head["format"] == 2
    (tmp_path / "bundle.json").write_text(json.dumps({**head, "format": 1}))
    with pytest.raises(ValueError, match="bundle.json' was written by an older version"):
        load_bundle(tmp_path)


def test_refusals(tables, tmp_path):
    features, labels = tables
    with pytest.raises(TypeError, match=r"The order is fit_bundle\(model, features, labels\)"):
        fit_bundle(features, labels, FAST)
    twice = features.iloc[[0, *range(len(features))]]
    with pytest.raises(ValueError, match=f"`features` holds exam {features.index[0]!r} more than"):
        fit_bundle(None, twice, labels)
    with pytest.raises(TypeError, match="must be SeedAveragedLightGBM, got ScaledLogistic"):
        fit_bundle(logistic_baseline(), features, labels)
    with pytest.raises(ValueError, match="got 119 and 120 with 119 in both"):
        fit_bundle(None, features.iloc[1:], labels)
    (tmp_path / "thesis.txt").write_text("do not delete me")
    with pytest.raises(FileExistsError, match="holds other files"):
        fit_bundle(FAST, features, labels).save(tmp_path)
