"""Parquet files of other programs, with bounded memory and one kind of error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pyarrow.parquet as pq

from mrnet_features.csv_files import MOST_CELLS, MOST_LINES
from mrnet_features.files import explain_errors, open_file

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["PARQUET", "read_parquet"]

PARQUET = (".parquet", ".pq")
"""Endings of parquet files, in lower case."""

MOST_VALUES = 8 * MOST_CELLS
"""Most values of a table: 500 MB of float64."""

ADVICE = "Check that it is a complete parquet file, or write it again."


def read_parquet(path: str | Path) -> pd.DataFrame:
    """Table of a parquet file.

    Parameters
    ----------
    path : path

    Returns
    -------
    DataFrame
        With its index, as pandas writes it.

    Raises
    ------
    OSError
        As `open_file`.
    ValueError
        If it is not a parquet file, or has more than a million rows or 64 million values. A small
        file can hold such a table, since repeated values are stored once.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp(), "a.parquet")
    >>> pd.DataFrame({"acl": [0.2]}, index=["0007"]).to_parquet(file)
    >>> read_parquet(file)
          acl
    0007  0.2
    """
    with open_file(path) as file:
        with explain_errors(path, "parquet", ADVICE):
            source = pq.ParquetFile(file)
            n_rows, n_columns = source.metadata.num_rows, source.metadata.num_columns
        if n_rows > MOST_LINES or n_rows * n_columns > MOST_VALUES:
            raise ValueError(
                f"'{path}' must be a table of at most {MOST_LINES:,} rows and {MOST_VALUES:,} "
                f"values, got {n_rows:,} rows of {n_columns:,} columns. Check that it is the right "
                "file."
            )
        with explain_errors(path, "parquet", ADVICE):
            # one copy per text: a small file can repeat a long one a million times
            words = [field.name for field in source.schema_arrow if "string" in str(field.type)]
            frame: pd.DataFrame = pq.ParquetFile(file, read_dictionary=words).read().to_pandas()
            if isinstance(frame.index, pd.CategoricalIndex):
                frame.index = frame.index.astype(object)
            texts = [name for name, kind in frame.dtypes.items() if kind == "category"]
            return frame.astype(dict.fromkeys(texts, object))
