"""Predictions from images by a saved model, in the competition's format."""

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mrnet_features import FeatureExtractor, load_mrnet, write_knees
from mrnet_features.evaluation import read_predictions
from mrnet_features.extraction.provenance import describe_provenance
from mrnet_features.extraction.runs.resume import extract_features
from mrnet_features.families.presets import find_families
from mrnet_features.models import load_bundle
from mrnet_features.workflows.fit import fit_table
from mrnet_features.workflows.predict import predict_folder, predict_paths
from mrnet_features.workflows.saved_recipe import rebuild_extractor

TASKS = ["abnormal", "acl", "meniscus"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("submission")
    write_knees(folder / "knees", n_train=20, n_valid=3, seed=1)
    for task in TASKS:  # with the drawn labels some folds would lack a class
        rows = "".join(f"{k:04d},{k % 2}\n" for k in range(20))
        (folder / "knees" / f"train-{task}.csv").write_text(rows)
    train = load_mrnet(folder / "knees")
    extractor = FeatureExtractor("minimal", pools=("mean", "max"))
    features = extract_features(train.exams, folder / "train.parquet", extractor=extractor)
    fit_table(features, train.labels, folder / "model")
    valid = load_mrnet(folder / "knees", "valid")
    lines = [
        f"{exam.paths[plane]}\n"
        for exam in reversed(valid.exams)
        for plane in ("sagittal", "coronal", "axial")
    ]
    (folder / "valid-paths.csv").write_text("".join(lines))
    return folder


def test_predictions_equal_those_of_the_table(folder):
    out = folder / "predictions.csv"
    predict_paths(folder / "model", folder / "valid-paths.csv", out, n_jobs=1)
    valid = load_mrnet(folder / "knees", "valid")
    extractor = FeatureExtractor("minimal", pools=("mean", "max"))
    expected = load_bundle(folder / "model").predict(extractor.fit_transform(valid.exams))
    ids = [exam.id for exam in reversed(valid.exams)]
    cells = pd.read_csv(out, header=None)
    np.testing.assert_allclose(cells, expected.loc[ids, TASKS], atol=1e-15)
    read = read_predictions(out, paths=folder / "valid-paths.csv")
    np.testing.assert_allclose(read, expected.loc[sorted(ids), TASKS], atol=1e-15)


def change_head(folder, tmp_path, change):
    bundle = load_bundle(folder / "model")
    head = {"provenance": json.loads(json.dumps(bundle.provenance))}
    change(head)
    dataclasses.replace(bundle, provenance=head["provenance"]).save(tmp_path / "model")
    return tmp_path / "model"


def test_a_recipe_of_an_unknown_family_is_refused(folder, tmp_path):
    def unknown(head):
        head["provenance"]["recipe"]["families"][0]["name"] = "unknown"

    model = change_head(folder, tmp_path, unknown)
    with pytest.raises(ValueError, match="can't be read by this version"):
        predict_paths(model, folder / "valid-paths.csv", tmp_path / "out.csv")


@pytest.mark.parametrize(
    "recipe",
    [[3], "x", {"families": [3]}, {"families": [{"name": ["glcm"]}]}, {"families": None}],
)
def test_a_broken_recipe_is_refused(folder, tmp_path, recipe):
    model = change_head(folder, tmp_path, lambda head: head["provenance"].update(recipe=recipe))
    bundle = load_bundle(folder / "model")
    provenance = json.loads((model / "bundle.json").read_text())["provenance"]
    with pytest.raises(ValueError, match="recipe can't be read by this version") as caught:
        rebuild_extractor(type(bundle)(bundle.models, bundle.columns, provenance))
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("out", ["no/out.csv", "", "n" * 300])
def test_the_output_is_checked_before_anything_is_read(out, tmp_path):
    with pytest.raises(OSError, match="is not a folder|must be a file to write|too long"):
        predict_paths("no model", "no list", tmp_path / out)


def test_another_recipe_digest_is_refused(folder, tmp_path):
    def other(head):
        head["provenance"]["recipe_digest"] = "0" * 16

    model = change_head(folder, tmp_path, other)
    with pytest.raises(ValueError, match="computes other features .* saved 0000000000000000"):
        predict_paths(model, folder / "valid-paths.csv", tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_a_model_of_an_older_revision_is_refused(folder, tmp_path):
    """Its columns have the same names, but region boxes were placed in another way."""

    def older(head):
        provenance = head["provenance"]
        del provenance["recipe"]["revision"]
        text = json.dumps(provenance["recipe"], sort_keys=True)
        provenance["recipe_digest"] = hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    model = change_head(folder, tmp_path, older)
    with pytest.raises(ValueError, match="computes other features from the model's recipe"):
        predict_paths(model, folder / "valid-paths.csv", tmp_path / "out.csv")


def test_another_version_gives_a_warning(folder, tmp_path):
    def older(head):
        head["provenance"]["versions"]["mrnet-features"] = "0.0.1"

    model = change_head(folder, tmp_path, older)
    with pytest.warns(UserWarning, match=r"extracted by mrnet-features 0\.0\.1"):
        rebuild_extractor(load_bundle(model))


def test_a_table_of_another_tool_has_no_recipe(folder, tmp_path):
    model = change_head(folder, tmp_path, lambda head: head.update(provenance={}))
    with pytest.raises(ValueError, match="on a table without a recipe"):
        rebuild_extractor(load_bundle(model))


@pytest.mark.parametrize("preset", ["minimal", "baseline", "texture", "full"])
def test_the_recipe_of_every_preset_survives_json(folder, preset):
    bundle = load_bundle(folder / "model")
    recipe = FeatureExtractor(find_families(preset)).recipe()
    provenance = json.loads(
        json.dumps(
            {**bundle.provenance, "recipe": recipe.as_dict(), "recipe_digest": recipe.digest}
        )
    )
    again = rebuild_extractor(type(bundle)(bundle.models, bundle.columns, provenance))
    assert again.recipe() == recipe


def test_missing_stacks_are_named(folder, tmp_path):
    lines = (folder / "valid-paths.csv").read_text().replace("knees", "gone")
    (tmp_path / "paths.csv").write_text(lines)
    with pytest.raises(
        FileNotFoundError,
        match=r"paths.csv' lists files that do not exist \(9, such as .*gone",
    ):
        predict_paths(folder / "model", tmp_path / "paths.csv", tmp_path / "out.csv")


def test_a_full_disk_leaves_the_old_file(folder, tmp_path, monkeypatch):
    out = tmp_path / "predictions.csv"
    out.write_text("old predictions")
    write = Path.write_text

    def fill_disk(self, text, **kwargs):
        write(self, text[:9], **kwargs)
        raise OSError("no space left")

    monkeypatch.setattr(Path, "write_text", fill_disk)
    with pytest.raises(OSError, match="no space left"):
        predict_paths(folder / "model", folder / "valid-paths.csv", out, n_jobs=1)
    assert out.read_text() == "old predictions"
    assert list(tmp_path.iterdir()) == [out]


def test_a_preset_is_rebuilt_though_some_of_its_families_describe_no_plane(folder):
    saved = FeatureExtractor(planes="axial").recipe()  # of the preset, ligament needs sagittal
    provenance = describe_provenance(saved, [])
    bundle = dataclasses.replace(load_bundle(folder / "model"), provenance=provenance)
    assert rebuild_extractor(bundle).recipe() == saved


@pytest.mark.parametrize(
    "options",
    [
        {"sides": "known"},
        {"sides": "guess"},
        {"missing": "nan"},
        {"sides": "known", "missing": "nan"},
    ],
)
def test_sides_and_missing_series_are_kept(folder, options):
    saved = FeatureExtractor("minimal", planes="coronal", **options)
    provenance = json.loads(json.dumps(describe_provenance(saved.recipe(), [])))
    bundle = dataclasses.replace(load_bundle(folder / "model"), provenance=provenance)
    again = rebuild_extractor(bundle)
    assert again.recipe() == saved.recipe()


def test_an_extractor_that_is_rebuilt_describes_a_single_exam_that_lacks_a_series(folder):
    saved = FeatureExtractor("minimal", planes=("axial", "coronal"), missing="nan")
    bundle = dataclasses.replace(
        load_bundle(folder / "model"), provenance=describe_provenance(saved.recipe(), [])
    )
    exam = load_mrnet(folder / "knees", planes=["coronal"])[0]
    row = rebuild_extractor(bundle).fit_transform([exam]).iloc[0]
    assert row.filter(like="axial__").isna().all()
    assert row.filter(like="coronal__").notna().all()


@pytest.mark.parametrize("table", [None, "features.parquet"])
def test_arrays_are_refused_by_a_model_of_pictures_of_a_known_scale(
    folder, tmp_path, monkeypatch, table
):
    bundle = load_bundle(folder / "model")
    scale = {"pixel_mm": 0.6, "size": 256, "percentiles": [0.1, 99.9]}
    scaled = dataclasses.replace(bundle, provenance={**bundle.provenance, "scales": [scale]})
    monkeypatch.setattr("mrnet_features.workflows.predict.load_bundle", lambda _: scaled)
    table = table and tmp_path / table
    with pytest.raises(ValueError, match="pixel size is not given"):
        predict_folder("model", folder / "knees", tmp_path / "p.csv", table=table, n_jobs=1)
    assert not (tmp_path / "p.csv").exists()
