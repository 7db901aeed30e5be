"""Parquet files, with bounded memory and one kind of error."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from mrnet_features.csv_files import MOST_CELLS, MOST_LINES
from mrnet_features.files import explain_errors, open_file
from mrnet_features.messages import name_some

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["PARQUET", "ParquetTable", "read_parquet"]

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


def read_parquet(path: str | Path, advice: str = ADVICE) -> ParquetTable:
    """Table of a parquet file.

    Parameters
    ----------
    path : path
    advice : str, optional
        What to do about a broken file: a sentence.

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
    with open_file(path) as file:
        with explain_errors(path, "parquet", advice):
            source = pq.ParquetFile(file)
            schema = source.schema_arrow
            n_rows, n_columns = source.metadata.num_rows, source.metadata.num_columns
            lists = [field.name for field in schema if pa.types.is_nested(field.type)]
        # a row can hold any number of values, and counting them ends the process if the metadata of
        # a column is broken
        if lists:
            raise ValueError(
                f"'{path}' must hold one value per cell, got lists in the columns "
                f"{name_some(lists)}. Write numbers: `.item()` is that of an array of one value."
            )
        most = max(MOST_VALUES, MOST_PER_BYTE * os.fstat(file.fileno()).st_size)
        if n_rows > MOST_LINES or n_rows * n_columns > most:
            raise ValueError(
                f"'{path}' must be a table of at most {MOST_LINES:,} rows and {most:,} values, got "
                f"{n_rows:,} rows of {n_columns:,} columns. Check that it is the right file."
            )
        with explain_errors(path, "parquet", advice):
            # one copy per text: a small file can repeat a long one a million times
            words = [field.name for field in schema if "string" in str(field.type)]
            table = pq.ParquetFile(file, read_dictionary=words).read()
            table.validate(full=True)
            frame: pd.DataFrame = table.to_pandas()
            if isinstance(frame.index, pd.CategoricalIndex):
                frame.index = frame.index.astype(object)
            kinds = frame.dtypes.items()
            texts = [name for name, kind in kinds if isinstance(kind, pd.CategoricalDtype)]
            if texts:
                frame = frame.astype(dict.fromkeys(texts, object))
    return ParquetTable(frame, schema.metadata or {})
