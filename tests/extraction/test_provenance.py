"""Provenance of tables: of files and of memory alike, with the packages that read the files."""

import importlib.metadata
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mrnet_features.data.exam import Exam
from mrnet_features.extraction import provenance as module
from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.extraction.provenance import (
    DICOM_READERS,
    NIFTI_READERS,
    describe_provenance,
    hash_code,
    list_readers,
    list_versions,
)
from mrnet_features.extraction.runs.changes import hash_request
from mrnet_features.extraction.runs.resume import extract_features
from mrnet_features.extraction.table_files.features import read_features, write_features
from mrnet_features.series.assemble import Scale

OF_FILES = {"file_states", "skipped", "key"}
MINIMAL = FeatureExtractor("minimal", planes=("axial",), pools=("mean",), progress=False)


@pytest.fixture
def exams(tmp_path):
    rng = np.random.default_rng(0)
    for k in range(3):
        np.save(tmp_path / f"{k}.npy", rng.integers(0, 256, (3, 60, 60), np.uint8))
    paths = [{"axial": tmp_path / f"{k}.npy"} for k in range(3)]
    scale = Scale(pixel_mm=1.2, size=64)
    return [
        Exam(f"000{k}", path, spacing_mm=(0.6, 0.6), scale=scale) for k, path in enumerate(paths)
    ]


def test_a_table_in_memory_has_the_provenance_of_one_in_a_file(exams, tmp_path):
    written = extract_features(exams, tmp_path / "t.parquet", extractor=MINIMAL, progress=False)
    expected = {k: v for k, v in written.attrs["provenance"].items() if k not in OF_FILES}
    assert expected["scales"] == [{"pixel_mm": 1.2, "size": 64, "percentiles": [0.1, 99.9]}]
    for compute in (MINIMAL.transform, MINIMAL.fit_transform):
        assert compute(exams).attrs["provenance"] == expected


@pytest.mark.parametrize("options", [{"missing": "nan"}, {"sides": "known"}])
def test_missing_series_and_sides_are_told_as_in_a_file(exams, tmp_path, options):
    planes = ("axial", "sagittal") if "missing" in options else ("axial",)
    extractor = FeatureExtractor(
        "minimal", planes=planes, pools=("mean",), progress=False, **options
    )
    given = [Exam(exam.id, exam.paths, side="left") for exam in exams]
    given[1] = Exam("0001", {**exams[1].paths, "sagittal": exams[2].paths["axial"]}, side="right")
    written = extract_features(given, tmp_path / "t.parquet", extractor=extractor, progress=False)
    expected = {k: v for k, v in written.attrs["provenance"].items() if k not in OF_FILES}
    assert ("missing" in expected, "sides" in expected) == (
        "missing" in options,
        "sides" in options,
    )
    assert extractor.transform(given).attrs["provenance"] == expected
    assert extractor.fit_transform(given).attrs["provenance"] == expected


@pytest.mark.parametrize("transform", [None, "default", "pandas"])
def test_set_output_keeps_the_provenance(exams, transform):
    extractor = FeatureExtractor("minimal", planes=("axial",), pools=("mean",))
    extractor.set_output(transform=transform)
    digest = extractor.recipe().digest
    for compute in (extractor.fit_transform, extractor.transform):
        assert compute(exams).attrs["provenance"]["recipe_digest"] == digest


def test_tables_in_memory_can_be_joined_and_written(exams, tmp_path):
    table = MINIMAL.transform(exams)
    assert json.loads(json.dumps(table.attrs["provenance"]))["n_exams"] == 3
    rows = pd.concat([MINIMAL.transform(exams[:1]), MINIMAL.transform(exams[1:])])
    pd.testing.assert_frame_equal(rows, table)
    pd.testing.assert_frame_equal(table.join(rows.add_prefix("b_"))[table.columns], table)
    table.to_parquet(tmp_path / "pandas.parquet")
    write_features(table, tmp_path / "own.parquet")
    kept = read_features(tmp_path / "own.parquet").attrs["provenance"]
    assert kept["recipe_digest"] == table.attrs["provenance"]["recipe_digest"]
    assert kept["scales"] == table.attrs["provenance"]["scales"]


def test_stacks_in_memory_have_a_scale_if_their_spacing_is_given():
    stack = np.random.default_rng(0).integers(0, 256, (3, 60, 60), np.uint8)
    plain = MINIMAL.transform([{"axial": stack}]).attrs["provenance"]
    assert "scales" not in plain
    given = {"axial": stack, "spacing_mm": {"axial": (0.6, 0.6)}}
    found = MINIMAL.transform([given]).attrs["provenance"]
    assert found["scales"][0]["pixel_mm"] == 0.6


def test_the_readers_of_scanner_files_are_listed(tmp_path):
    folder = tmp_path / "series"
    folder.mkdir()
    exam = Exam("0", {"axial": folder, "coronal": tmp_path / "c.nii.gz", "sagittal": "s.npy"})
    assert list_readers([exam], ["axial"]) == DICOM_READERS
    assert list_readers([exam], ["coronal"]) == NIFTI_READERS
    assert set(list_readers([exam], ["axial", "coronal"])) == {*DICOM_READERS, *NIFTI_READERS}
    assert list_readers([exam, {"axial": None}], ["sagittal", "sagittal_fluid"]) == ()
    found = describe_provenance(MINIMAL.recipe(), ["ab"], exams=[exam])["versions"]
    assert found["pydicom"] == importlib.metadata.version("pydicom")
    assert "nibabel" not in found


def test_versions_of_arrays_name_no_reader(exams):
    names = ["mrnet-features", "numpy", "numba", "scipy", "pandas"]
    assert list(MINIMAL.transform(exams).attrs["provenance"]["versions"]) == names


def test_a_reader_that_is_not_installed_is_left_out():
    assert "no-such-package" not in list_versions("cpu", ["no-such-package"])


def test_another_decoder_changes_the_rows_of_scanner_files_only(monkeypatch):
    recipe, real = MINIMAL.recipe(), importlib.metadata.version

    def hash_both():
        return hash_request(recipe, "cpu"), hash_request(recipe, "cpu", DICOM_READERS)

    before = hash_both()
    monkeypatch.setattr(
        module.importlib.metadata,
        "version",
        lambda name: "9.9" if name == "python-gdcm" else real(name),
    )
    after = hash_both()
    assert after[0] == before[0]
    assert after[1] != before[1]


def test_the_code_hash_covers_everything_between_pixels_and_table(monkeypatch):
    read = []
    monkeypatch.setattr(Path, "read_text", lambda path, **_: read.append(path.name) or "")
    hash_code.__wrapped__()
    code = {"compiling.py", "histogram.py", "histogram.cu", "tiles.cuh", "glcm.py", "recipe.py"}
    assert code | {"exam.py", "npy_files.py"} <= set(read)
    opening = {"reading.py", "paths.py", "stored_paths.py", "url_store.py", "zip_store.py"}
    assert opening <= set(read)
    assert not {"csv_format.py", "csv_files.py", "locks.py", "parquet_files.py"} & set(read)
