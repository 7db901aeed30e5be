"""Parquet files, with bounded memory and one kind of error."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from mrnet_features.files.csv_files import MOST_CELLS, MOST_LINES
from mrnet_features.files.reading import explain_errors, open_file
from mrnet_features.messages import name_some

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["PARQUET", "ParquetSource", "ParquetTable", "open_parquet", "read_parquet"]

PARQUET = (".parquet", ".pq")
"""Endings of parquet files, in lower case."""

MOST_VALUES = 8 * MOST_CELLS
"""Most values of a small file: 500 MB of float64."""

MOST_PER_BYTE = 12
"""Most values per byte of a larger file; feature tables have about one in four bytes."""

ADVICE = "Check that it is a complete parquet file, or write it again."


class ParquetTable(NamedTuple):
    """Content of a parquet file.

    Attributes
    ----------
    frame : DataFrame
        With its index, as pandas writes it. Columns of text have dtype object.
    metadata : dict of bytes to bytes
        Metadata of the schema, such as a provenance.
    """

    frame: pd.DataFrame
    metadata: dict[bytes, bytes]


class ParquetSource:
    """Parquet file that is open for reading. Checksums of pages are compared where there are any.

    Parameters
    ----------
    file : BinaryIO
    path : path
        Its name, for errors.
    advice : str
        What to do about a broken file: a sentence.

    Attributes
    ----------
    schema : pyarrow.Schema
    metadata : dict of bytes to bytes
        Metadata of the schema, such as a provenance.
    index_names : list of str or None
        Names of the columns, or of the range, that pandas reads as the index.
    n_rows : int
    group_sizes : list of int
        Number of rows of each row group.
    data_end : int
        Number of bytes before the footer.

    Raises
    ------
    ValueError
        As `read_parquet`.
    """

    def __init__(self, file: BinaryIO, path: str | Path, advice: str = ADVICE) -> None:
        self._path, self._advice = path, advice
        n_bytes = os.fstat(file.fileno()).st_size
        with self._explain_errors():
            source = pq.ParquetFile(file)
            self.schema = source.schema_arrow
            found = source.metadata
            self.n_rows, n_columns = found.num_rows, found.num_columns
            self.data_end = n_bytes - 8 - found.serialized_size
            lists = [field.name for field in self.schema if pa.types.is_nested(field.type)]
        # a row can hold any number of values, and counting them ends the process if the metadata of
        # a column is broken
        if lists:
            raise ValueError(
                f"'{path}' must hold one value per cell, got lists in the columns "
                f"{name_some(lists)}. Write numbers: `.item()` is that of an array of one value."
            )
        most = max(MOST_VALUES, MOST_PER_BYTE * n_bytes)
        if self.n_rows > MOST_LINES or self.n_rows * n_columns > most:
            raise ValueError(
                f"'{path}' must be a table of at most {MOST_LINES:,} rows and {most:,} values, got "
                f"{self.n_rows:,} rows of {n_columns:,} columns. Check that it is the right file."
            )
        with self._explain_errors():
            self.metadata: dict[bytes, bytes] = self.schema.metadata or {}
            stored = (self.schema.pandas_metadata or {}).get("index_columns", [])
            self.index_names: list[str | None] = [
                each if isinstance(each, str) else each.get("name") for each in stored
            ]
            self.group_sizes = [found.row_group(k).num_rows for k in range(source.num_row_groups)]
            # one copy per text: a small file can repeat a long one a million times
            words = [field.name for field in self.schema if "string" in str(field.type)]
            self._file = pq.ParquetFile(
                file, metadata=found, read_dictionary=words, page_checksum_verification=True
            )

    def read(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Columns of the file as pandas reads them, with the index.

        Parameters
        ----------
        columns : sequence of str, optional
            By default all; columns of the index have to be named, too.

        Returns
        -------
        DataFrame
            Columns of text have dtype object.
        """
        with self._explain_errors():
            table = self._file.read(columns)
            table.validate(full=True)
            frame: pd.DataFrame = table.to_pandas()
            if isinstance(frame.index, pd.CategoricalIndex):
                frame.index = frame.index.astype(object)
            kinds = frame.dtypes.items()
            texts = [name for name, kind in kinds if isinstance(kind, pd.CategoricalDtype)]
            if texts:
                frame = frame.astype(dict.fromkeys(texts, object))
        return frame

    def iterate(
        self, columns: Sequence[str], n_rows: int, groups: Sequence[int] | None = None
    ) -> Iterator[Any]:
        """Rows of some columns in blocks, so that memory does not grow with their number.

        Parameters
        ----------
        columns : sequence of str
            Of numbers.
        n_rows : int
            Most rows of a block.
        groups : sequence of int, optional
            Row groups to read; by default all.

        Yields
        ------
        pyarrow.RecordBatch
            It may hold more columns than asked for, whose names begin with those.
        """
        with self._explain_errors():
            for group in range(len(self.group_sizes)) if groups is None else groups:
                for batch in self._file.iter_batches(n_rows, row_groups=[group], columns=columns):
                    batch.validate(full=True)
                    yield batch

    def _explain_errors(self) -> contextlib.AbstractContextManager[None]:
        return explain_errors(self._path, "parquet", self._advice)


@contextlib.contextmanager
def open_parquet(path: str | Path, advice: str = ADVICE) -> Iterator[ParquetSource]:
    """Open a parquet file; columns and rows are read as they are asked for.

    Parameters
    ----------
    path : path
    advice : str, optional
        What to do about a broken file: a sentence.

    Yields
    ------
    ParquetSource

    Raises
    ------
    OSError, ValueError
        As `read_parquet`.
    """
    with open_file(path) as file:
        yield ParquetSource(file, path, advice)


def read_parquet(path: str | Path) -> ParquetTable:
    """Table of a parquet file.

    Parameters
    ----------
    path : path

    Returns
    -------
    ParquetTable

    Raises
    ------
    OSError
        As `open_file`.
    ValueError
        If it is not a parquet file, has lists in its cells, or has more than 1,048,576 rows or 64
        million values; of a large file, more than 12 values per byte. A few bytes can hold
        terabytes, since repeated values are stored once.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp(), "a.parquet")
    >>> pd.DataFrame({"acl": [0.2]}, index=["0007"]).to_parquet(file)
    >>> read_parquet(file).frame
          acl
    0007  0.2
    """
    with open_parquet(path) as source:
        return ParquetTable(source.read(), source.metadata)
