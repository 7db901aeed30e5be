"""Feature tables on disk: values and provenance come back, and older versions are refused."""

import json
import os

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mrnet_features import FeatureExtractor
from mrnet_features.extraction.provenance import describe_provenance
from mrnet_features.extraction.table_files.features import read_features, write_features
from mrnet_features.extraction.table_files.keys import split_hashes
from mrnet_features.extraction.table_files.writer import write_table


@pytest.fixture
def frame():
    index = pd.Index(["0001", "0010"], name="exam")
    return pd.DataFrame({"axial__knee__glcm__contrast__mean": [40.0, np.nan]}, index=index)


def write_with_metadata(frame, path, metadata):
    """Write a parquet file by pyarrow alone, with `metadata` where the provenance belongs."""
    table = pa.Table.from_pandas(frame)
    kept = {**table.schema.metadata, b"mrnet_features": metadata}
    pq.write_table(table.replace_schema_metadata(kept), path)


def test_a_table_without_provenance_is_written_and_read(frame, tmp_path):
    write_features(frame, tmp_path / "a.parquet")
    pd.testing.assert_frame_equal(read_features(tmp_path / "a.parquet"), frame)


@pytest.mark.parametrize("name", ["a.csv", "a", "a.parquet.txt"])
def test_a_parquet_file_is_not_written_under_another_name(frame, tmp_path, name):
    with pytest.raises(ValueError, match="must end in '.parquet', since a parquet file is written"):
        write_features(frame, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_or_broken_file_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no file"):
        read_features(tmp_path / "none.parquet")
    (tmp_path / "broken.parquet").write_bytes(b"not a parquet file")
    with pytest.raises(ValueError, match="can't be read as parquet"):
        read_features(tmp_path / "broken.parquet")


def test_a_parquet_file_of_another_tool_is_read(frame, tmp_path):
    frame.to_parquet(tmp_path / "a.parquet")
    read = read_features(tmp_path / "a.parquet")
    pd.testing.assert_frame_equal(read, frame)
    assert read.attrs == {"provenance": {}}


def test_provenance_names_format_recipe_versions_and_data(frame, tmp_path):
    recipe = FeatureExtractor("minimal").recipe()
    frame.attrs["provenance"] = describe_provenance(recipe, ["ab", "cd"])
    write_features(frame, tmp_path / "a.parquet")
    provenance = read_features(tmp_path / "a.parquet").attrs["provenance"]
    assert provenance == frame.attrs["provenance"]
    assert provenance["format"] == 2
    assert provenance["recipe"] == recipe.as_dict()
    assert provenance["recipe_digest"] == recipe.digest
    assert provenance["n_exams"] == len(split_hashes(provenance["fingerprints"])) == 2
    assert "numpy" in provenance["versions"]
    assert "discretisation" in provenance["recipe"]


def test_the_hash_of_the_request_is_not_written_by_users(frame, tmp_path):
    write_table(frame, tmp_path / "a.parquet", {"key": "ab"})
    read = read_features(tmp_path / "a.parquet")
    assert read.attrs["provenance"] == {"key": "ab"}
    write_features(read, tmp_path / "a.parquet")
    assert read_features(tmp_path / "a.parquet").attrs["provenance"] == {}


def test_a_part_that_is_written_says_nothing_of_the_other_exams(tmp_path):
    whole = pd.DataFrame({"age": [1.0, 2.0, 3.0]}, ["0001", "0002", "0003"])
    of_exams = {
        "data_fingerprint": "abc",
        "fingerprints": "aa ab ac",
        "missing": {"axial": ["0003"]},
        "sides": {"given": 3},
    }
    told = {"device": "cpu", "n_exams": 3}
    whole.attrs["provenance"] = {**told, **of_exams}
    write_features(whole, tmp_path / "whole.parquet")
    assert read_features(tmp_path / "whole.parquet").attrs == whole.attrs
    part = read_features(tmp_path / "whole.parquet", exams=["0001", "0002"])
    write_features(part, tmp_path / "part.parquet")
    found = read_features(tmp_path / "part.parquet").attrs["provenance"]
    assert found == {"device": "cpu", "n_exams": 2}


@pytest.mark.parametrize("ids", [["0002", "0001"], ["0001", "0003"]])
def test_as_many_other_exams_have_no_fingerprints(exams, tmp_path, ids):
    table = FeatureExtractor("minimal", planes=("axial",)).fit_transform(exams[:2])
    write_features(table, tmp_path / "same.parquet")
    same = read_features(tmp_path / "same.parquet").attrs["provenance"]
    assert same == table.attrs["provenance"]
    assert len(same["fingerprints"].split()) == 2
    table.index = ids
    write_features(table, tmp_path / "other.parquet")
    found = read_features(tmp_path / "other.parquet").attrs["provenance"]
    assert same.keys() - found.keys() == {"fingerprints", "data_fingerprint", "ids_digest"}


def test_a_table_of_an_older_version_is_refused(frame, tmp_path):
    old = {
        "recipe": {"families": [{"name": "glcm"}], "quantisation": {"n_levels": 32}},
        "recipe_digest": "a" * 16,
        "versions": {"mrnet-features": "0.1.0"},
    }
    path = tmp_path / "x.parquet"
    write_with_metadata(frame, path, json.dumps(old).encode())
    with pytest.raises(ValueError, match="x.parquet' was written by an older version") as caught:
        read_features(path)
    assert str(caught.value) == (
        f"'{path}' was written by an older version of mrnet_features, whose columns have other "
        "names. Extract the features again."
    )


def test_a_table_of_a_later_format_is_refused(frame, tmp_path):
    write_with_metadata(frame, tmp_path / "x.parquet", b'{"recipe": {}, "format": 3}')
    with pytest.raises(ValueError, match="x.parquet' was written by another version"):
        read_features(tmp_path / "x.parquet")


@pytest.mark.parametrize("metadata", [b"{", b"\xff\xfe\xfd", b"[]", b"3"])
def test_broken_provenance_is_refused(frame, tmp_path, metadata):
    write_with_metadata(frame, tmp_path / "x.parquet", metadata)
    with pytest.raises(ValueError, match="provenance.*Extract the features again"):
        read_features(tmp_path / "x.parquet")


@pytest.fixture
def numbers():
    return pd.DataFrame({"age": [40.0, 50.0, 60.0], "size": [1, 2, 3]})


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table,
        lambda table: table[table["age"] > 40],
        lambda table: table.rename_axis(index="row"),
        lambda table: table.assign(case_id=["0001", "0002", "0003"]).astype({"case_id": int}),
        lambda table: table.assign(**{"Unnamed: 0": [0, 1, 2]}),
    ],
)
def test_row_numbers_are_never_taken_for_exam_ids(numbers, tmp_path, change):
    change(numbers).to_parquet(tmp_path / "x.parquet")
    for width in (None, 4):
        with pytest.raises(ValueError, match=r"x.parquet' must have a column of exam ids named"):
            read_features(tmp_path / "x.parquet", id_width=width)


@pytest.mark.parametrize(
    "place",
    [
        lambda table: table,
        lambda table: table[["age", "ID", "size"]],
        lambda table: table.set_index("ID"),
        lambda table: table.set_index(["ID", "size"]),
    ],
)
def test_a_known_id_column_is_used_wherever_it_stands(numbers, tmp_path, place):
    place(numbers.assign(ID=["0003", "0001", "0002"])).to_parquet(tmp_path / "x.parquet")
    read = read_features(tmp_path / "x.parquet")
    assert list(read.index) == ["0003", "0001", "0002"]
    assert read["age"].tolist() == [40, 50, 60]
    assert read.index.name == "exam"


def test_lost_zeros_of_ids_are_restored_on_request(numbers, tmp_path):
    numbers.assign(exam=[7, 10, 1129]).to_parquet(tmp_path / "x.parquet")
    with pytest.raises(ValueError, match="Pass id_width=4 to restore the zeros"):
        read_features(tmp_path / "x.parquet")
    read = read_features(tmp_path / "x.parquet", id_width=4)
    assert list(read.index) == ["0007", "0010", "1129"]
    numbers.assign(exam=[7.0, 10.0, 1129.0]).to_parquet(tmp_path / "x.parquet")
    assert read_features(tmp_path / "x.parquet", id_width=4).equals(read)


def test_own_ids_of_any_length_come_back(tmp_path, numbers):
    numbers.index = ["0001", "9999", "10000"]
    write_features(numbers, tmp_path / "x.parquet")
    assert list(read_features(tmp_path / "x.parquet").index) == ["0001", "9999", "10000"]


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (None, r"exam ids as text, but 0 is not text. .* Set the ids: `features.index = ids`"),
        ([7, 8, 9], "but 7 is not text"),
        (["1", "2", 3], "but 3 is not text"),
        (["1", "2", "3.0"], "'3.0' is a decimal number"),
        (["1", "2", "1"], "each exam once, got '1' more than once"),
        ([["a", "b", "c"], ["a", "b", "c"]], "but tuple is not text"),
    ],
)
def test_a_table_without_ids_of_text_is_not_written(numbers, tmp_path, index, message):
    table = (
        numbers
        if index is None
        else numbers.set_axis(pd.Index(["a"] * 3)).set_axis(
            pd.MultiIndex.from_arrays(index) if isinstance(index[0], list) else index
        )
    )
    with pytest.raises(ValueError, match=message):
        write_features(table, tmp_path / "x.parquet")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (["age", "age"], "each column once, got twice 'age'"),
        (["age", "ID"], "name of an id column, got 'ID'"),
        (["age", 3], "names of text as columns, got '3'"),
    ],
)
def test_columns_that_would_not_come_back_are_not_written(numbers, tmp_path, columns, message):
    table = numbers.set_axis(["0001", "0002", "0003"]).set_axis(columns, axis=1)
    with pytest.raises(ValueError, match=message):
        write_features(table, tmp_path / "x.parquet")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"sex": ["f", "m"]}, "must hold numbers only, got other values in 'sex'"),
        ({"day": pd.to_datetime(["2026-01-01"] * 2)}, "must hold numbers only"),
        ({"all": [[1.0], [2.0]]}, "must hold one value per cell, got lists in the columns 'all'"),
        ({"all": [{"a": 1}, {"a": 2}]}, "must hold one value per cell, got lists"),
        ({"exam": ["0001", "0001"]}, "each exam once, got '0001' more than once"),
        ({"exam": ["0001", "0002"], "study": ["a", "b"]}, "several with different values"),
    ],
)
def test_a_file_of_another_tool_must_hold_a_feature_table(tmp_path, columns, message):
    table = pd.DataFrame({"exam": ["0001", "0002"], "age": [1.0, 2.0], **columns})
    table.to_parquet(tmp_path / "x.parquet", index=False)
    with pytest.raises(ValueError, match=f"x.parquet' .*{message}"):
        read_features(tmp_path / "x.parquet")


def test_nullable_numbers_become_floats_with_nan(tmp_path):
    table = pd.DataFrame({"exam": ["0001", "0002"], "age": pd.array([1, None], "Int64")})
    table.to_parquet(tmp_path / "x.parquet", index=False)
    read = read_features(tmp_path / "x.parquet")
    assert read["age"].dtype == np.float64
    assert read["age"].isna().tolist() == [False, True]


def test_repeated_columns_are_refused(tmp_path):
    columns = [pa.array(["0001"]), pa.array([1.0]), pa.array([2.0])]
    pq.write_table(pa.Table.from_arrays(columns, ["exam", "a", "a"]), tmp_path / "x.parquet")
    with pytest.raises(ValueError, match=r"x.parquet' must have each column once, got twice 'a'"):
        read_features(tmp_path / "x.parquet")


def test_ids_that_are_no_text_are_refused(tmp_path):
    ids = pa.array([b"00\xca1"]).cast(pa.string(), safe=False)
    pq.write_table(pa.Table.from_arrays([ids], ["exam"]), tmp_path / "x.parquet")
    with pytest.raises(ValueError, match=r"x.parquet' can't be read as parquet"):
        read_features(tmp_path / "x.parquet")


def change_column(table):
    return table.set_column(0, table.schema.names[0], pa.array([41.0, None]))


def change_id(table):
    return table.set_column(1, "exam", pa.array(["0001", "0011"]))


def change_name(table):
    return table.rename_columns(["axial__knee__glcm__energy__mean", "exam"])


@pytest.mark.parametrize(
    "change", [change_column, change_id, change_name, lambda table: table.slice(1)]
)
def test_a_table_that_was_changed_outside_is_refused(frame, tmp_path, change):
    path = tmp_path / "x.parquet"
    write_features(frame, path)
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata(table.schema.metadata), path)
    assert read_features(path).equals(frame)  # written again by another tool, but not changed
    changed = change(table)
    pq.write_table(changed.replace_schema_metadata(table.schema.metadata), path)
    with pytest.raises(ValueError, match=r"x.parquet' was changed or damaged after it was written"):
        read_features(path)


def test_a_damaged_byte_is_never_another_value(tmp_path):
    path, rng = tmp_path / "x.parquet", np.random.default_rng(0)
    made = pd.DataFrame(
        rng.normal(size=(20, 3)).astype(np.float32), [f"{k:04d}" for k in range(20)], list("abc")
    )
    write_features(made, path)
    whole = path.read_bytes()
    n_refused = 0
    for position in rng.integers(0, len(whole), 120):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        try:
            read = read_features(path)
        except ValueError:
            n_refused += 1
        else:
            pd.testing.assert_frame_equal(read, made, check_names=False)
    assert n_refused > 60


@pytest.mark.parametrize("part", [0.0, 0.3, 0.99])
def test_a_truncated_table_is_refused(frame, tmp_path, part):
    path = tmp_path / "x.parquet"
    write_features(frame, path)
    whole = path.read_bytes()
    for content in (whole[: int(part * len(whole))], bytes(len(whole))):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="x.parquet' can't be read as parquet .* again.$"):
            read_features(path)


def test_a_pipe_or_a_folder_is_refused_and_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe.parquet")
    (tmp_path / "folder.parquet").mkdir()
    with pytest.raises(OSError, match="pipe.parquet' must be a regular file"):
        read_features(tmp_path / "pipe.parquet")
    with pytest.raises(OSError, match="folder.parquet' must be a file, got a folder"):
        read_features(tmp_path / "folder.parquet")


def test_writing_a_table_again_gives_the_same_bytes(frame, tmp_path):
    first, second = tmp_path / "a.parquet", tmp_path / "b.parquet"
    frame = frame.astype(np.float32)
    frame.iloc[0, 0] = -np.float32(np.nan)
    write_features(frame, first)
    write_features(read_features(first), second)
    assert first.read_bytes() == second.read_bytes()
