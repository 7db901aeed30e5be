"""Parquet files of other programs: bounded memory, errors that name the file."""

import os

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mrnet_features.files import parquet_files
from mrnet_features.files.parquet_files import read_parquet


@pytest.fixture
def table():
    return pd.DataFrame({"acl": [0.1, 0.2], "site": ["a", None]}, index=["0007", "0008"])


def test_a_table_comes_back_with_its_index(table, tmp_path):
    table.to_parquet(tmp_path / "a.parquet")
    found = read_parquet(tmp_path / "a.parquet").frame
    assert found.index.tolist() == ["0007", "0008"]
    assert found["acl"].tolist() == [0.1, 0.2]
    assert found["site"].iloc[0] == "a"
    assert pd.isna(found["site"].iloc[1])
    table.reset_index(drop=True).to_parquet(tmp_path / "a.parquet")
    assert isinstance(read_parquet(tmp_path / "a.parquet").frame.index, pd.RangeIndex)


def test_a_small_file_of_many_rows_is_refused(tmp_path):
    rows = pa.table({"acl": np.zeros(1_100_000)})
    pq.write_table(rows, tmp_path / "a.parquet")
    assert (tmp_path / "a.parquet").stat().st_size < 10_000
    with pytest.raises(ValueError, match="at most 1,048,576 rows .* got 1,100,000 rows of 1"):
        read_parquet(tmp_path / "a.parquet")


def test_a_long_list_in_one_row_is_refused_before_it_is_read(tmp_path):
    values = pa.array(np.zeros(70_000_000, np.int8))
    lists = pa.ListArray.from_arrays(pa.array([0, len(values)], pa.int32()), values)
    pq.write_table(pa.table({"acl": lists}), tmp_path / "a.parquet")
    assert (tmp_path / "a.parquet").stat().st_size < 10_000
    with pytest.raises(ValueError, match="one value per cell, got lists in the columns 'acl'"):
        read_parquet(tmp_path / "a.parquet")


def test_a_large_file_may_hold_more_values_than_a_small_one(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet_files, "MOST_VALUES", 10)
    for values, fits in ((np.arange(1000.0), True), (np.zeros(100_000), False)):
        pq.write_table(pa.table({"acl": values}), tmp_path / "a.parquet")
        most = 12 * (tmp_path / "a.parquet").stat().st_size
        if fits:
            assert len(read_parquet(tmp_path / "a.parquet").frame) == len(values) < most
            continue
        with pytest.raises(ValueError, match=f"{most:,} values, got 100,000 rows"):
            read_parquet(tmp_path / "a.parquet")


def test_a_long_text_in_many_rows_is_held_once(tmp_path):
    codes = pa.array(np.zeros(500_000, np.int32))
    words = pa.DictionaryArray.from_arrays(codes, ["x" * 100_000])  # 50 GB if repeated
    pq.write_table(pa.table({"exam": words}), tmp_path / "a.parquet", store_schema=False)
    column = read_parquet(tmp_path / "a.parquet").frame["exam"]
    assert column.iloc[0] is column.iloc[-1]


@pytest.mark.parametrize("change", [lambda b: b"", lambda b: b[:-9], lambda b: b[:40] + b[60:],
                                    lambda b: b"PAR1" + bytes(len(b) - 8) + b"PAR1"])  # fmt: skip
def test_broken_files_are_named(table, tmp_path, change):
    file = tmp_path / "a.parquet"
    table.to_parquet(file)
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(ValueError, match="a.parquet' can't be read as parquet .*write it again"):
        read_parquet(file)


def test_folders_and_pipes_are_refused(tmp_path):
    with pytest.raises(IsADirectoryError, match="got a folder"):
        read_parquet(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.parquet")
        with pytest.raises(OSError, match="must be a regular file"):
            read_parquet(tmp_path / "pipe.parquet")
