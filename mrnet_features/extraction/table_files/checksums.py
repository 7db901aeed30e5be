"""Checksums of feature tables: one of the whole, and one per column and row group."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Iterable
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

VALUES_PER_HASH = 2**18
"""Values that are converted at a time."""


class Checksum:
    """BLAKE2 hash of the exam ids, the column names and the values of a table.

    Parameters
    ----------
    ids, columns : iterable of str

    Attributes
    ----------
    head : str
        Hash of ids and columns alone.

    Examples
    --------
    >>> checksum = Checksum(["0001", "0002"], ["age"])
    >>> checksum.add(np.array([[40.0], [50.0]]))
    >>> len(checksum.head), len(checksum.text), checksum.head == checksum.text
    (32, 32, False)
    """

    def __init__(self, ids: Iterable[str], columns: Iterable[str]) -> None:
        self._digest = hashlib.blake2b(digest_size=16)
        self._digest.update(json.dumps([list(ids), list(columns)]).encode())
        self.head = self._digest.hexdigest()

    def add(self, block: NDArray[Any]) -> None:
        """Add the next rows.

        Parameters
        ----------
        block : ndarray of shape (n_rows, n_columns)
            Numbers. All kinds of NaN are the same, as in a parquet file.
        """
        n_rows = max(1, VALUES_PER_HASH // max(1, block.shape[1]))
        for start in range(0, len(block), n_rows):
            values = block[start : start + n_rows].astype(np.float64, order="C")
            values[np.isnan(values)] = np.nan
            self._digest.update(values)

    @property
    def text(self) -> str:
        """Hash of what was added so far, 32 hexadecimal digits."""
        return self._digest.hexdigest()


class Seal(NamedTuple):
    """Checksums of the parts of a table, by which one can be read without the others.

    Attributes
    ----------
    head : str
        Hash of the exam ids and column names.
    data_end : int
        Number of bytes before the footer: another one once another program has written the table.
    n_rows : int
        Rows of a row group; the last one may have fewer.
    sums : str
        CRC-32 of each column in each row group as from `sum_columns`, in base64.
    """

    head: str
    data_end: int
    n_rows: int
    sums: str

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Seal in the metadata of a table; any error if it is none."""
        head, data_end, n_rows, sums = json.loads(text)
        return cls(str(head), int(data_end), int(n_rows), str(sums))

    def list_sums(self, n_columns: int) -> NDArray[np.uint32]:
        """Checksums by row group and column.

        Parameters
        ----------
        n_columns : int

        Returns
        -------
        ndarray of shape (n_groups, n_columns), uint32
        """
        sums = np.frombuffer(base64.b64decode(self.sums), np.uint32)
        return sums.reshape(-1, max(1, n_columns))


def sum_columns(block: NDArray[Any]) -> NDArray[np.uint32]:
    """CRC-32 of the values of each column of a row group.

    Those of pages, which parquet has, don't show that a damaged footer names the page of another
    column.

    Parameters
    ----------
    block : ndarray of shape (n_columns, n_rows), float32 or float64
        All kinds of NaN are the same.

    Returns
    -------
    ndarray of shape (n_columns,), uint32

    Examples
    --------
    Four zero bytes have the CRC-32 558161692:

    >>> sum_columns(np.zeros((2, 1), np.float32)).tolist()
    [558161692, 558161692]
    """
    values = np.array(block, order="C")
    values[np.isnan(values)] = np.nan
    return np.array([zlib.crc32(column) for column in values], np.uint32)


def take_values(frame: pd.DataFrame) -> NDArray[Any]:
    """Values of a table, float32 if all its columns are, else float64.

    Parameters
    ----------
    frame : DataFrame of shape (n_exams, n_features)

    Returns
    -------
    ndarray of shape (n_exams, n_features)
    """
    is_single = all(kind == np.float32 for kind in frame.dtypes)
    return frame.to_numpy(np.float32 if is_single else np.float64, na_value=np.nan)
