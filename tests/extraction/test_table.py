"""Feature tables on disk: values and provenance come back, and older versions are refused."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mrnet_features import FeatureExtractor
from mrnet_features.extraction.table import (
    describe_provenance,
    read_features,
    write_features,
    write_table,
)


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
    assert provenance["n_exams"] == len(provenance["fingerprints"]) == 2
    assert "numpy" in provenance["versions"]
    assert "discretisation" in provenance["recipe"]


def test_the_hash_of_the_request_is_not_written_by_users(frame, tmp_path):
    write_table(frame, tmp_path / "a.parquet", {"key": "ab"})
    read = read_features(tmp_path / "a.parquet")
    assert read.attrs["provenance"] == {"key": "ab"}
    write_features(read, tmp_path / "a.parquet")
    assert read_features(tmp_path / "a.parquet").attrs["provenance"] == {}


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
    with pytest.raises(ValueError, match="The provenance in '.*x.parquet'"):
        read_features(tmp_path / "x.parquet")
