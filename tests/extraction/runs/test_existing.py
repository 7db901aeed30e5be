"""A table that is in the way: resumed if it is of the same exams and recipe, else refused."""

import os

import pandas as pd
import pytest

from mrnet_features.extraction import rows as rows_module
from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.extraction.runs.resume import extract_features
from mrnet_features.extraction.table_files.features import read_features, write_features
from mrnet_features.extraction.table_files.writer import write_table
from tests.support.stack_files import change_pixel


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


@pytest.mark.parametrize("revision", [{}, {"revision": 1}])
def test_a_table_of_an_older_revision_is_extracted_again(exams, extractor, tmp_path, revision):
    path = tmp_path / "table.parquet"
    table = extract_features(exams, path, extractor=extractor)
    whole, provenance = path.read_bytes(), table.attrs["provenance"]
    recipe = {key: value for key, value in provenance["recipe"].items() if key != "revision"}
    older = {**provenance, "recipe": {**recipe, **revision}, "recipe_digest": "a", "key": "b"}
    write_table(table * 0, path, older)
    pd.testing.assert_frame_equal(extract_features(exams, path, extractor=extractor), table)
    assert path.read_bytes() == whole
    write_table(table * 0, path, {**older, "recipe": {**older["recipe"], "pools": ["max"]}})
    with pytest.raises(FileExistsError, match=r"has another recipe \(other pools and revision\)"):
        extract_features(exams, path, extractor=extractor)


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


def test_a_table_from_before_there_were_file_states_is_extracted_again(exams, extractor, tmp_path):
    path = tmp_path / "table.parquet"
    table = extract_features(exams, path, extractor=extractor)
    whole = path.read_bytes()
    provenance = {k: v for k, v in table.attrs["provenance"].items() if k != "file_states"}
    write_table(table, path, {**provenance, "key": "of the older code"})
    extract_features(exams, path, extractor=extractor)
    assert path.read_bytes() == whole


def test_a_folder_is_refused_before_any_work(exams, extractor, tmp_path, monkeypatch):
    path = tmp_path / "table.parquet"
    path.mkdir()
    monkeypatch.setattr(rows_module, "describe_exam", lambda *_: pytest.fail("described"))
    with pytest.raises(IsADirectoryError, match="must be a file to write"):
        extract_features(exams, path, extractor=extractor)


def test_a_table_of_an_older_version_is_not_overwritten(exams, extractor, tmp_path):
    path = tmp_path / "table.parquet"
    table = extract_features(exams, path, extractor=extractor)
    provenance = {k: v for k, v in table.attrs["provenance"].items() if k != "format"}
    write_table(table, path, provenance)
    before = path.read_bytes()
    message = r"was written by an older version .* other names. Choose another file, or delete"
    with pytest.raises(FileExistsError, match=message):
        extract_features(exams, path, extractor=extractor)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"", bytes(4000)])
def test_an_empty_or_zero_filled_file_is_replaced(exams, extractor, tmp_path, content):
    path = tmp_path / "table.parquet"
    path.write_bytes(content)
    made = extract_features(exams, path, extractor=extractor)
    pd.testing.assert_frame_equal(read_features(path), made)


def test_half_a_table_is_refused_and_not_overwritten(exams, extractor, tmp_path):
    path = tmp_path / "table.parquet"
    extract_features(exams, path, extractor=extractor)
    half = path.read_bytes()[: path.stat().st_size // 2]
    path.write_bytes(half)
    with pytest.raises(FileExistsError, match=r"table.parquet' can't .* or delete this one\.$"):
        extract_features(exams, path, extractor=extractor)
    assert path.read_bytes() == half


@pytest.mark.parametrize("broken", [{"key": "a"}, {"key": "a", "recipe_digest": 3, "skipped": 1}])
def test_incomplete_provenance_is_refused(exams, extractor, tmp_path, broken):
    path = tmp_path / "table.parquet"
    write_table(extractor.fit_transform(exams), path, broken)
    with pytest.raises(FileExistsError, match="was not extracted by"):
        extract_features(exams, path, extractor=extractor)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_pipe_is_refused_and_does_not_hang(exams, extractor, tmp_path):
    path = tmp_path / "table.parquet"
    os.mkfifo(path)
    with pytest.raises(OSError, match="must be a regular file"):
        extract_features(exams, path, extractor=extractor)
