"""Writing tables block by block: the same bytes however the rows come, readable by other tools."""

import tracemalloc
import warnings

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from mrnet_features.extraction.table_files import writer as table_writer
from mrnet_features.extraction.table_files.features import read_features
from mrnet_features.extraction.table_files.writer import write_rows, write_table

IDS = [f"{k:04d}" for k in range(10)]
COLUMNS = ["age", "mass", "height"]


@pytest.fixture
def frame():
    values = np.random.default_rng(1).normal(size=(10, 3)).astype(np.float32)
    values[2, 1] = np.nan
    return pd.DataFrame(values, pd.Index(IDS, name="exam"), COLUMNS)


@pytest.fixture
def path(frame, tmp_path, monkeypatch):
    """Table in row groups of four exams."""
    monkeypatch.setattr(table_writer, "VALUES_PER_BLOCK", 12)
    write_table(frame, tmp_path / "t.parquet", {"device": "cpu"})
    return tmp_path / "t.parquet"


def test_rows_that_come_one_by_one_give_the_same_bytes_as_a_table(frame, path, tmp_path):
    rows = iter(frame.to_numpy())
    write_rows(rows, IDS, COLUMNS, tmp_path / "rows.parquet", {"device": "cpu"})
    assert (tmp_path / "rows.parquet").read_bytes() == path.read_bytes()
    groups = pq.ParquetFile(path).metadata
    assert [groups.row_group(k).num_rows for k in range(3)] == [4, 4, 2]


def test_a_table_without_exams_comes_back(frame, path):
    write_table(frame.iloc[:0], path, {})
    assert read_features(path).shape == (0, 3)


def test_memory_does_not_grow_with_the_table(tmp_path, monkeypatch):
    monkeypatch.setattr(table_writer, "VALUES_PER_BLOCK", 25_000)
    row = np.arange(50, dtype=np.float32)
    peaks = []
    for n_rows in (500, 2000, 20_000):
        ids = [f"{k:05d}" for k in range(n_rows)]
        tracemalloc.start()
        write_rows((row for _ in ids), ids, [f"x{k}" for k in range(50)], tmp_path / "t.pq", {})
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    whole = 20_000 * row.nbytes
    assert peaks[2] - peaks[1] < whole / 2  # ids and footer; the table itself would be twice that


def test_pandas_reads_the_table_with_its_index(frame, path):
    pd.testing.assert_frame_equal(pd.read_parquet(path), frame)


def test_polars_reads_the_table(frame, path):
    polars = pytest.importorskip("polars", reason="Polars is not installed")
    found = polars.scan_parquet(path).select("exam", "mass").collect()
    assert found["exam"].to_list() == IDS
    np.testing.assert_array_equal(found["mass"].to_numpy(), frame["mass"])


def test_duckdb_reads_the_table(frame, path):
    duckdb = pytest.importorskip("duckdb", reason="DuckDB is not installed")
    query = f"select exam, age from '{path}' where exam >= '0008' order by exam"
    found = duckdb.sql(query).fetchall()
    assert found == [(exam, float(frame.loc[exam, "age"])) for exam in ("0008", "0009")]


def test_dask_reads_the_table_and_a_folder_of_tables(frame, path):
    dask = pytest.importorskip("dask.dataframe", reason="Dask is not installed")
    second = frame.set_axis(pd.Index([f"1{exam}" for exam in IDS], name="exam"))
    write_table(second, path.with_name("u.parquet"), {})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Dask uses parameters that pandas is about to remove
        found = dask.read_parquet(str(path.parent), columns=["mass", "age"])
        found = found.compute(scheduler="sync")
    expected = pd.concat([frame, second])[["mass", "age"]]
    pd.testing.assert_frame_equal(found, expected, check_index_type=False)
