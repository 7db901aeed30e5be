"""A table on disk reads back with its provenance, and a stopped run goes on."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mrnet_features.data.exam import Exam
from mrnet_features.extraction import extractor as extractor_module
from mrnet_features.extraction import table as shards
from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.extraction.table import extract_features, read_features, write_features


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


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(shards, "SHARD_SIZE", 2)


def test_the_file_holds_what_the_extractor_gives(exams, extractor, tmp_path):
    path = tmp_path / "out" / "table.parquet"
    table = extract_features(exams, path, extractor=extractor)
    back = read_features(path)
    pd.testing.assert_frame_equal(back, extractor.fit_transform(exams))
    pd.testing.assert_frame_equal(table, back)
    assert list(back.index) == [exam.id for exam in exams]
    assert [p.name for p in path.parent.iterdir()] == ["table.parquet"]


def test_provenance_names_recipe_versions_and_data(exams, extractor, tmp_path):
    path = tmp_path / "table.parquet"
    extract_features(exams, path, extractor=extractor)
    provenance = read_features(path).attrs["provenance"]
    assert provenance["recipe"] == extractor.recipe().as_dict()
    assert provenance["recipe_digest"] == extractor.recipe().digest
    assert provenance["n_exams"] == len(provenance["fingerprints"]) == 5
    assert "numpy" in provenance["versions"]

    change_pixel(exams[3])
    extract_features(exams, path, extractor=extractor)
    changed = read_features(path).attrs["provenance"]
    assert changed["data_fingerprint"] != provenance["data_fingerprint"]
    pairs = zip(changed["fingerprints"], provenance["fingerprints"], strict=True)
    differ = [a != b for a, b in pairs]
    assert differ == [False, False, False, True, False]


def test_a_stopped_run_goes_on_where_it_was(exams, extractor, tmp_path, monkeypatch):
    path = tmp_path / "table.parquet"
    described = []
    real = extractor_module._make_row

    def stop_at(last):
        def describe(exam, *args):
            if exam.id == last:
                raise KeyboardInterrupt
            described.append(exam.id)
            return real(exam, *args)

        return describe

    monkeypatch.setattr(extractor_module, "_make_row", stop_at("0003"))
    with pytest.raises(KeyboardInterrupt):
        extract_features(exams, path, extractor=extractor)
    assert not path.exists()
    assert described == ["0000", "0001", "0002"]
    monkeypatch.setattr(extractor_module, "_make_row", stop_at(None))
    table = extract_features(exams, path, extractor=extractor)
    assert described == ["0000", "0001", "0002", "0002", "0003", "0004"]
    pd.testing.assert_frame_equal(table, extractor.fit_transform(exams))


def test_another_recipe_does_not_take_over_shards(exams, extractor, tmp_path, monkeypatch):
    path = tmp_path / "table.parquet"
    real = shards.shutil.rmtree
    monkeypatch.setattr(shards.shutil, "rmtree", lambda folder: None)
    extract_features(exams, path, extractor=extractor)
    monkeypatch.setattr(shards.shutil, "rmtree", real)
    path.unlink()
    other = FeatureExtractor("minimal", planes=("axial",), pools=("max",))
    table = extract_features(exams, path, extractor=other)
    pd.testing.assert_frame_equal(table, other.fit_transform(exams))


def test_a_finished_table_is_read_and_not_made_again(exams, extractor, tmp_path, monkeypatch):
    path = tmp_path / "table.parquet"
    made = extract_features(exams, path, extractor=extractor)
    monkeypatch.setattr(shards, "_write_shard", lambda *_: pytest.fail("it was made again"))
    again = extract_features(exams, path, extractor=extractor)
    pd.testing.assert_frame_equal(again, made)
    assert again.attrs == made.attrs


def change_pixel(exam):
    path = exam.paths["axial"]
    stack = np.load(path)
    stack[0, 0, 0] ^= 1
    np.save(path, stack)


@pytest.mark.parametrize(
    ("families", "pools", "told"),
    [
        ("lbp", ("mean",), r"\(families intensity, asked for lbp\)"),
        ("minimal", ("max",), r"\(with other pools\)"),
    ],
)
def test_a_table_of_another_recipe_is_not_written_over(
    exams, extractor, tmp_path, families, pools, told
):
    path = tmp_path / "table.parquet"
    made = extract_features(exams, path, extractor=extractor)
    other = FeatureExtractor(families, planes=("axial",), pools=pools)
    with pytest.raises(FileExistsError, match=f"table.parquet' holds a table of another .*{told}"):
        extract_features(exams, path, extractor=other)
    pd.testing.assert_frame_equal(read_features(path), made)
    assert not (tmp_path / "table.parquet.shards").exists()


def test_a_table_of_other_exams_is_not_written_over(exams, extractor, tmp_path):
    path = tmp_path / "table.parquet"
    made = extract_features(exams, path, extractor=extractor)
    told = r"of other exams \(5, asked for 4; in one of both alone: 0000\)"
    with pytest.raises(FileExistsError, match=told):
        extract_features(exams[1:], path, extractor=extractor)
    with pytest.raises(FileExistsError, match="the same ones in another order"):
        extract_features(exams[::-1], path, extractor=extractor)
    for exam in exams:
        change_pixel(exam)
    with pytest.raises(FileExistsError, match="the same ids, but other pixels in each"):
        extract_features(exams, path, extractor=extractor)
    pd.testing.assert_frame_equal(read_features(path), made)


def test_a_table_that_was_not_extracted_is_not_written_over(exams, extractor, tmp_path):
    path = tmp_path / "table.parquet"
    write_features(pd.DataFrame({"age": [40.0]}, index=["0001"]), path)
    with pytest.raises(
        FileExistsError, match=r"not extracted, or changed since\. Choose another file"
    ):
        extract_features(exams, path, extractor=extractor)
    assert list(read_features(path)) == ["age"]
    path.write_bytes(b"no parquet at all")
    with pytest.raises(FileExistsError, match=r"is no parquet file\. Choose another file"):
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
def test_a_table_that_was_changed_is_neither_taken_nor_written_over(
    exams, extractor, tmp_path, change
):
    path = tmp_path / "table.parquet"
    changed = change(extract_features(exams, path, extractor=extractor))
    assert changed.attrs["provenance"]["key"]  # pandas carries it along
    write_features(changed, path)
    with pytest.raises(FileExistsError, match="not extracted, or changed since"):
        extract_features(exams, path, extractor=extractor)
    pd.testing.assert_frame_equal(read_features(path), changed)


def test_a_folder_in_the_place_of_the_table_is_told_before_the_work(
    exams, extractor, tmp_path, monkeypatch
):
    path = tmp_path / "table.parquet"
    path.mkdir()
    monkeypatch.setattr(shards, "_write_shard", lambda *_: pytest.fail("exams were described"))
    with pytest.raises(IsADirectoryError, match="must be a file to write"):
        extract_features(exams, path, extractor=extractor)


def test_files_that_were_only_touched_are_the_same_exams(exams, extractor, tmp_path):
    path = tmp_path / "table.parquet"
    made = extract_features(exams, path, extractor=extractor)
    for exam in exams:
        exam.paths["axial"].touch()
    pd.testing.assert_frame_equal(extract_features(exams, path, extractor=extractor), made)


@pytest.mark.parametrize("changed", ["_list_versions", "_hash_sources"])
def test_other_code_makes_the_table_again(exams, extractor, tmp_path, monkeypatch, changed):
    path = tmp_path / "table.parquet"
    extract_features(exams, path, extractor=extractor)
    before = path.stat().st_mtime_ns
    monkeypatch.setattr(
        shards, changed, lambda *_: {"numpy": "other"} if "list" in changed else "x"
    )
    extract_features(exams, path, extractor=extractor)
    assert path.stat().st_mtime_ns > before


def test_stacks_in_memory_have_no_files_to_go_by(extractor, tmp_path):
    stack = np.zeros((1, 40, 40), np.uint8)
    with pytest.raises(TypeError, match="must hold Exam, whose files"):
        extract_features([{"axial": stack}], tmp_path / "t.parquet", extractor=extractor)


def test_any_table_is_written_and_read(tmp_path):
    frame = pd.DataFrame({"age": [40.0, np.nan]}, index=pd.Index(["0001", "0010"], name="exam"))
    write_features(frame, tmp_path / "clinical.parquet")
    pd.testing.assert_frame_equal(read_features(tmp_path / "clinical.parquet"), frame)


def test_a_missing_or_broken_file_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no file"):
        read_features(tmp_path / "none.parquet")
    (tmp_path / "broken.parquet").write_bytes(b"no parquet at all")
    with pytest.raises(ValueError, match="can't be read as parquet"):
        read_features(tmp_path / "broken.parquet")


def test_another_ending_is_refused(exams, tmp_path):
    with pytest.raises(ValueError, match="must end in '.parquet'"):
        extract_features(exams, tmp_path / "table.csv")


def test_a_gpu_makes_a_table_of_its_own(exams, extractor, tmp_path, emulated_gpu):
    there = FeatureExtractor("minimal", planes=("axial",), pools=("mean",), device="cuda")
    path = tmp_path / "table.parquet"
    ours, theirs = (extract_features(exams, path, extractor=each) for each in (extractor, there))
    here, provenance = ours.attrs["provenance"], theirs.attrs["provenance"]
    assert (here["device"], provenance["device"]) == ("cpu", "cuda")
    assert "cupy" not in here["versions"]
    assert provenance["versions"]["cupy"] == emulated_gpu.__version__
    assert here["key"] != provenance["key"]


def test_code_is_all_that_lies_between_pixels_and_table(monkeypatch):
    read = []
    monkeypatch.setattr(Path, "read_text", lambda path, **_: read.append(path.name) or "")
    shards._hash_sources.__wrapped__()
    assert {"histogram.py", "histogram.cu", "tiles.cuh", "glcm.py", "recipe.py"} <= set(read)
