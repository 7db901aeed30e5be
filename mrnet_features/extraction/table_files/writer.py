"""Write feature tables to parquet files, block by block, so that memory does not grow with them."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mrnet_features.extraction.table_files.checksums import Checksum, Seal, sum_columns, take_values
from mrnet_features.extraction.table_files.keys import CHECKSUM_KEY, METADATA_KEY, SEAL_KEY
from mrnet_features.files.writing import replace_file
from mrnet_features.ids.checks import require_unique_ids
from mrnet_features.ids.reading import is_id_name
from mrnet_features.ids.rules import find_id_problem
from mrnet_features.messages import name_some, quote

VALUES_PER_BLOCK = 2**22
"""Most values of a row group, 16 MB of float32: what is in memory of a table that is written."""


def write_table(features: pd.DataFrame, path: Path, provenance: Mapping[str, Any]) -> None:
    """Write a feature table to a parquet file, atomically, with the given provenance.

    Parameters
    ----------
    features : DataFrame of shape (n_exams, n_features)
        As for `write_features`.
    path : Path
    provenance : mapping
        In plain types; may be empty.

    Raises
    ------
    ValueError
        As `write_features`.
    """
    _check_ids(features.index)
    check_columns("`features`", features)
    bare = features.set_axis(make_index(features.index))
    bare.attrs = {name: value for name, value in features.attrs.items() if name != "provenance"}
    n_rows = count_rows(bare.shape[1])
    starts = range(0, max(1, len(bare)), n_rows)
    write_blocks((bare.iloc[k : k + n_rows] for k in starts), bare.index, path, provenance)


def write_rows(
    rows: Iterable[NDArray[np.float32]],
    ids: Sequence[str],
    columns: Sequence[str],
    path: Path,
    provenance: Mapping[str, Any],
) -> None:
    """Write a feature table whose rows come one by one; the file is that of `write_table`.

    Parameters
    ----------
    rows : iterable of ndarray of shape (n_features,), float32
    ids : sequence of str
        Of the exams of the rows.
    columns : sequence of str
    path : Path
    provenance : mapping
        In plain types.
    """
    blocks = _join_rows(rows, ids, pd.Index(columns))
    write_blocks(blocks, ids, path, provenance)


def write_blocks(
    blocks: Iterable[pd.DataFrame], ids: Iterable[str], path: Path, provenance: Mapping[str, Any]
) -> None:
    """Write blocks of rows as one feature table, atomically; each becomes a row group.

    Parameters
    ----------
    blocks : iterable of DataFrame
        At least one; with the same columns, indexed by exam id as from `make_index`.
    ids : iterable of str
        Of all blocks.
    path : Path
    provenance : mapping
        In plain types.
    """
    left = iter(blocks)
    first = next(left)
    schema = pa.Table.from_pandas(first).schema
    checksum = Checksum(ids, first.columns)
    sums = []
    with (
        replace_file(path) as partial,
        partial.open("wb") as file,
        pq.ParquetWriter(
            file,
            schema,
            use_dictionary=False,  # most values of a feature differ
            write_statistics=["exam"],  # those of features would be the largest part of the footer
            write_page_checksum=True,
            store_schema=False,  # it would hold metadata that are known at the end alone
        ) as writer,
    ):
        for block in itertools.chain([first], left):
            table = pa.Table.from_pandas(block, schema=schema)
            writer.write_table(table, max(1, len(block)))
            values = take_values(block)
            checksum.add(values)
            sums.append(sum_columns(values.T))
        encoded = base64.b64encode(np.concatenate(sums)).decode()
        seal = Seal(checksum.head, file.tell(), len(first), encoded)
        writer.add_key_value_metadata(
            {
                **(schema.metadata or {}),
                METADATA_KEY: json.dumps(provenance).encode(),
                CHECKSUM_KEY: checksum.text.encode(),
                SEAL_KEY: json.dumps(seal).encode(),
            }
        )


def count_rows(n_columns: int) -> int:
    """Rows of a block.

    Parameters
    ----------
    n_columns : int

    Returns
    -------
    int

    Examples
    --------
    >>> count_rows(1500), count_rows(10**7)
    (2796, 1)
    """
    return max(1, VALUES_PER_BLOCK // max(1, n_columns))


def make_index(ids: Iterable[str]) -> pd.Index[Any]:
    """Index of exam ids, with the type that this version of pandas has for text.

    Parameters
    ----------
    ids : iterable of str

    Returns
    -------
    Index
    """
    return pd.Index(list(ids), name="exam", dtype=pd.Index(["0042"]).dtype)


def check_columns(where: str, features: pd.DataFrame) -> None:
    """Raise unless all columns are numbers with distinct names that are not names of ids.

    Parameters
    ----------
    where : str
        Name of the table in the message, with its quotes.
    features : DataFrame of shape (n_exams, n_features)

    Raises
    ------
    ValueError
    """
    names = list(features.columns)
    problems = {
        "must have names of text as columns, got": [n for n in names if not isinstance(n, str)],
        "must have each column once, got twice": list(
            features.columns[features.columns.duplicated()].unique()
        ),
        "must not have a feature with the name of an id column, got": [
            name for name in names if is_id_name(name)
        ],
        "must hold numbers only, got other values in": [
            name
            for name, kind in zip(names, features.dtypes, strict=True)
            if not pd.api.types.is_numeric_dtype(kind)
        ],
    }
    for problem, wrong in problems.items():
        if wrong:
            raise ValueError(
                f"{where} {problem} {name_some(list(map(str, wrong)))}. Drop or rename the columns "
                "that are not features."
            )


def _join_rows(
    rows: Iterable[NDArray[np.float32]], ids: Sequence[str], columns: pd.Index[str]
) -> Iterator[pd.DataFrame]:
    """Rows in blocks of the size of a row group."""
    n_rows, left = count_rows(len(columns)), iter(rows)
    for start in range(0, len(ids), n_rows):
        index = make_index(ids[start : start + n_rows])
        block = np.empty((len(index), len(columns)), np.float32)
        for row in block:
            row[:] = next(left)
        yield pd.DataFrame(block, index, columns)


def _check_ids(index: pd.Index[Any]) -> None:
    """Raise unless an index is exam ids as text, each once."""
    for label in index:
        problem = find_id_problem(label) if isinstance(label, str) else "is not text"
        if problem:
            got = quote(label) if isinstance(label, str | int | float) else type(label).__name__
            raise ValueError(
                f"`features` must be indexed by exam ids as text, but {got} {problem}. A file "
                "can't tell other labels from row numbers. Set the ids: `features.index = ids`."
            )
    require_unique_ids("`features`", index)
