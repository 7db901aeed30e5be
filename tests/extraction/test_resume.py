"""extract_features: an interrupted run is resumed, and no other table is overwritten."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mrnet_features.data.exam import Exam
from mrnet_features.extraction import changes, resume
from mrnet_features.extraction import extractor as extractor_module
from mrnet_features.extraction.extractor import FeatureExtractor, make_row
from mrnet_features.extraction.resume import extract_features
from mrnet_features.extraction.table import read_features, write_features


@pytest.fixture
def exams(tmp_path):
    rng = np.random.default_rng(0)
    made = []
    for k in range(5):
        path = tmp_path / f"{k:04d}.npy"
        np.save(path, rng.integers(0, 256, (2, 40, 40), np.uint8))
        made.append(Exam(path.stem, {"axial": path}))
    return made


@pytest.fixture
def extractor():
    return FeatureExtractor("minimal", planes=("axial",), pools=("mean",))


def test_the_file_holds_the_table_of_the_extractor(exams, extractor, tmp_path):
    path = tmp_path / "out" / "table.parquet"
    table = extract_features(exams, path, extractor=extractor)
    back = read_features(path)
    pd.testing.assert_frame_equal(back, extractor.fit_transform(exams))
    pd.testing.assert_frame_equal(table, back)
    assert list(back.index) == [exam.id for exam in exams]
    assert [p.name for p in path.parent.iterdir()] == ["table.parquet"]


def watch(monkeypatch, stop_at=None):
    """List the exams that are described; one of them can be interrupted."""
    described = []

    def describe(exam, *args):
        if exam.id == stop_at:
            raise KeyboardInterrupt
        described.append(exam.id)
        return make_row(exam, *args)

    monkeypatch.setattr(extractor_module, "make_row", describe)
    return described


def test_an_interrupted_run_resumes_after_the_last_exam(exams, extractor, tmp_path, monkeypatch):
    path, whole = tmp_path / "table.parquet", tmp_path / "whole.parquet"
    extract_features(exams, whole, extractor=extractor)
    for stop, expected in (("0001", ["0000"]), ("0003", ["0001", "0002"])):
        described = watch(monkeypatch, stop)
        with pytest.raises(KeyboardInterrupt):
            extract_features(exams, path, extractor=extractor)
        assert not path.exists()
        assert described == expected
    described = watch(monkeypatch)
    table = extract_features(exams, path, extractor=extractor)
    assert described == ["0003", "0004"]
    assert path.read_bytes() == whole.read_bytes()
    pd.testing.assert_frame_equal(table, extractor.fit_transform(exams))


def test_rows_of_another_recipe_are_not_reused(exams, extractor, tmp_path, monkeypatch):
    path = tmp_path / "table.parquet"
    watch(monkeypatch, "0003")
    with pytest.raises(KeyboardInterrupt):
        extract_features(exams, path, extractor=extractor)
    watch(monkeypatch)
    other = FeatureExtractor("minimal", planes=("axial",), pools=("max",))
    table = extract_features(exams, path, extractor=other)
    pd.testing.assert_frame_equal(table, other.fit_transform(exams))
    assert not path.with_name("table.parquet.unfinished").exists()


def test_a_finished_table_is_read_and_not_extracted_again(exams, extractor, tmp_path, monkeypatch):
    path = tmp_path / "table.parquet"
    made = extract_features(exams, path, extractor=extractor)
    monkeypatch.setattr(extractor_module, "make_row", lambda *_: pytest.fail("extracted again"))
    again = extract_features(exams, path, extractor=extractor)
    pd.testing.assert_frame_equal(again, made)
    assert again.attrs == made.attrs


def change_pixel(exam):
    path = exam.paths["axial"]
    stack = np.load(path)
    stack[0, 0, 0] ^= 1
    np.save(path, stack)


@pytest.mark.parametrize(
    ("families", "pools", "message"),
    [
        ("lbp", ("mean",), r"\(families intensity; you asked for lbp\)"),
        ("minimal", ("max",), r"\(other pools\)"),
    ],
)
def test_a_table_of_another_recipe_is_not_overwritten(
    exams, extractor, tmp_path, families, pools, message
):
    path = tmp_path / "table.parquet"
    made = extract_features(exams, path, extractor=extractor)
    other = FeatureExtractor(families, planes=("axial",), pools=pools)
    with pytest.raises(FileExistsError, match=f"table.parquet' has another recipe .*{message}"):
        extract_features(exams, path, extractor=other)
    pd.testing.assert_frame_equal(read_features(path), made)
    assert not (tmp_path / "table.parquet.shards").exists()


def test_a_table_of_other_exams_is_not_overwritten(exams, extractor, tmp_path):
    path = tmp_path / "table.parquet"
    made = extract_features(exams, path, extractor=extractor)
    message = r"has other exams \(5; you asked for 4; in only one of the two: '0000'\)"
    with pytest.raises(FileExistsError, match=message):
        extract_features(exams[1:], path, extractor=extractor)
    with pytest.raises(FileExistsError, match="the same ids in another order"):
        extract_features(exams[::-1], path, extractor=extractor)
    for exam in exams:
        change_pixel(exam)
    with pytest.raises(
        FileExistsError, match="the same exam ids, but the pixels of every exam differ"
    ):
        extract_features(exams, path, extractor=extractor)
    pd.testing.assert_frame_equal(read_features(path), made)


def test_a_table_from_elsewhere_is_not_overwritten(exams, extractor, tmp_path):
    path = tmp_path / "table.parquet"
    write_features(pd.DataFrame({"age": [40.0]}, index=["0001"]), path)
    with pytest.raises(FileExistsError, match=r"or was changed since\. Choose another file"):
        extract_features(exams, path, extractor=extractor)
    assert list(read_features(path)) == ["age"]
    path.write_bytes(b"not a parquet file")
    with pytest.raises(FileExistsError, match=r"can't be read as parquet .* Choose another file"):
        extract_features(exams, path, extractor=extractor)


@pytest.mark.parametrize(
    "change",
    [
        lambda made: made * 0 - 1,
        lambda made: made.iloc[:2],
        lambda made: made.iloc[:0],
        lambda made: made.assign(age=40.0),
    ],
)
def test_a_changed_table_is_neither_reused_nor_overwritten(exams, extractor, tmp_path, change):
    path = tmp_path / "table.parquet"
    changed = change(extract_features(exams, path, extractor=extractor))
    assert changed.attrs["provenance"]["key"]  # pandas keeps it
    write_features(changed, path)
    with pytest.raises(FileExistsError, match="or was changed since"):
        extract_features(exams, path, extractor=extractor)
    pd.testing.assert_frame_equal(read_features(path), changed)


def test_a_folder_is_refused_before_any_work(exams, extractor, tmp_path, monkeypatch):
    path = tmp_path / "table.parquet"
    path.mkdir()
    monkeypatch.setattr(extractor_module, "make_row", lambda *_: pytest.fail("described"))
    with pytest.raises(IsADirectoryError, match="must be a file to write"):
        extract_features(exams, path, extractor=extractor)


def test_files_that_were_only_touched_count_as_the_same_exams(exams, extractor, tmp_path):
    path = tmp_path / "table.parquet"
    made = extract_features(exams, path, extractor=extractor)
    for exam in exams:
        exam.paths["axial"].touch()
    pd.testing.assert_frame_equal(extract_features(exams, path, extractor=extractor), made)


@pytest.mark.parametrize("changed", ["list_versions", "hash_code"])
def test_other_code_extracts_the_table_again(exams, extractor, tmp_path, monkeypatch, changed):
    path = tmp_path / "table.parquet"
    before = extract_features(exams, path, extractor=extractor).attrs["provenance"]["key"]
    monkeypatch.setattr(
        changes, changed, lambda *_: {"numpy": "other"} if "list" in changed else "x"
    )
    described = watch(monkeypatch)
    extract_features(exams, path, extractor=extractor)
    assert described == [exam.id for exam in exams]
    assert read_features(path).attrs["provenance"]["key"] != before


def test_stacks_in_memory_are_refused(extractor, tmp_path):
    stack = np.zeros((1, 40, 40), np.uint8)
    with pytest.raises(TypeError, match="must hold Exam, got mappings"):
        extract_features([{"axial": stack}], tmp_path / "t.parquet", extractor=extractor)


def test_another_file_extension_is_refused(exams, tmp_path):
    with pytest.raises(ValueError, match="must end in '.parquet'"):
        extract_features(exams, tmp_path / "table.csv")


def test_fingerprints_show_which_exam_changed(exams, extractor, tmp_path):
    path = tmp_path / "table.parquet"
    extract_features(exams, path, extractor=extractor)
    provenance = read_features(path).attrs["provenance"]
    change_pixel(exams[3])
    extract_features(exams, path, extractor=extractor)
    changed = read_features(path).attrs["provenance"]
    assert changed["data_fingerprint"] != provenance["data_fingerprint"]
    pairs = zip(changed["fingerprints"], provenance["fingerprints"], strict=True)
    differ = [a != b for a, b in pairs]
    assert differ == [False, False, False, True, False]


def test_a_table_of_an_older_version_is_not_overwritten(exams, extractor, tmp_path):
    path = tmp_path / "table.parquet"
    table = extract_features(exams, path, extractor=extractor)
    provenance = {k: v for k, v in table.attrs["provenance"].items() if k != "format"}
    resume.write_table(table, path, provenance)
    before = path.read_bytes()
    message = r"was written by an older version .* other names. Choose another file, or delete"
    with pytest.raises(FileExistsError, match=message):
        extract_features(exams, path, extractor=extractor)
    assert path.read_bytes() == before


def test_another_device_extracts_the_table_again(exams, extractor, tmp_path, emulated_gpu):
    on_gpu = FeatureExtractor("minimal", planes=("axial",), pools=("mean",), device="cuda")
    path = tmp_path / "table.parquet"
    cpu, gpu = (
        extract_features(exams, path, extractor=each).attrs["provenance"]
        for each in (extractor, on_gpu)
    )
    assert (cpu["device"], gpu["device"]) == ("cpu", "cuda")
    assert "cupy" not in cpu["versions"]
    assert gpu["versions"]["cupy"] == emulated_gpu.__version__
    assert cpu["key"] != gpu["key"]


def test_the_code_hash_covers_everything_between_pixels_and_table(monkeypatch):
    read = []
    monkeypatch.setattr(Path, "read_text", lambda path, **_: read.append(path.name) or "")
    changes.hash_code.__wrapped__()
    assert {"histogram.py", "histogram.cu", "tiles.cuh", "glcm.py", "recipe.py", "exam.py"} <= set(
        read
    )
