"""A feature table in a parquet file: ids and names at once, values as they are asked for."""

from __future__ import annotations

import collections
import contextlib
import functools
import itertools
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from mrnet_features.extraction.table_files.checksums import Checksum, Seal, sum_columns
from mrnet_features.extraction.table_files.keys import (
    ADVICE,
    CHECKSUM_KEY,
    DELETE,
    FORMAT,
    METADATA_KEY,
    SEAL_KEY,
)
from mrnet_features.extraction.table_files.writer import check_columns, count_rows, make_index
from mrnet_features.files.parquet_files import ParquetSource, open_parquet
from mrnet_features.files.reading import explain_errors
from mrnet_features.ids.checks import require_unique_ids
from mrnet_features.ids.reading import UNNAMED, index_by_id, is_id_name


class TableFile:
    """Feature table in an open parquet file.

    Parameters
    ----------
    source : ParquetSource
    path : Path
        For errors.
    id_width : int, optional
        See `read_features`.

    Attributes
    ----------
    provenance : dict
    columns : list of str
        Names of the features.
    is_plain : bool
        Whether the values fit into one array of float32, as those of `extract_features` do. Tables
        of other tools have types and indexes of any kind.

    Raises
    ------
    ValueError
        As `read_features`.
    """

    def __init__(self, source: ParquetSource, path: Path, id_width: int | None = None) -> None:
        self._source, self._path, self._where = source, path, f"'{path}'"
        self.provenance = _read_provenance(source.metadata, path)
        self._checksum = source.metadata.get(CHECKSUM_KEY, b"").decode(errors="replace")
        # ids of our own tables are complete; in those of other tools zeros may be lost
        self._id_width = 1 if self._checksum and id_width is None else id_width
        names = source.schema.names
        self._id_columns = [
            name for k, name in enumerate(names) if is_id_name(name) or _is_unnamed(name, k)
        ]
        self.columns = [name for name in names if name not in self._id_columns]
        self._place_of = {name: k for k, name in enumerate(self.columns)}
        self._is_single = all(
            field.type == pa.float32() for field in source.schema if field.name in self.columns
        )
        self.is_plain = (
            self._id_columns == ["exam"]
            and self._is_single
            and len(set(names)) == len(names)
            and set(source.index_names) <= {"exam", None}
        )

    @functools.cached_property
    def ids(self) -> list[str]:
        """Exam ids, in the order of the table."""
        if not self.is_plain:
            return list(self._read_any([]).index)
        ids = index_by_id(self._source.read(["exam"]), self._where, self._id_width).index
        require_unique_ids(self._where, ids)
        return list(ids)

    @functools.cached_property
    def is_sealed(self) -> bool:
        """Whether the file is as this library has written it, with checksums of its parts."""
        if self._seal is None or self._seal.data_end != self._source.data_end:
            return False
        sizes = self._source.group_sizes
        return (
            bool(self._checksum)
            and sum(sizes) == len(self.ids)
            and all(size == self._seal.n_rows for size in sizes[:-1])
            and len(self._sums) == len(sizes)
            and self._seal.head == Checksum(self.ids, self.columns).head
        )

    @functools.cached_property
    def _seal(self) -> Seal | None:
        text = self._source.metadata.get(SEAL_KEY)
        with explain_errors(self._path, "a table with checksums", ADVICE):
            return None if text is None else Seal.parse(text)

    @functools.cached_property
    def _sums(self) -> NDArray[np.uint32]:
        """Checksums by row group and column of the table."""
        with explain_errors(self._path, "a table with checksums", ADVICE):
            seal = self._seal or Seal("", 0, 0, "")
            return seal.list_sums(len(self.columns))

    def read(
        self,
        columns: Sequence[str] | None = None,
        exams: Collection[str] | None = None,
        out: NDArray[np.float32] | None = None,
    ) -> pd.DataFrame:
        """Table, or some columns and exams of it.

        Parameters
        ----------
        columns : sequence of str, optional
            Of `columns`; by default all.
        exams : collection of str, optional
            Of `ids`; by default all.
        out : ndarray of shape (n_features, n_exams), float32, optional
            Memory for the values of a plain table.

        Returns
        -------
        DataFrame of shape (n_exams, n_features)
            Columns as asked for, exams in the order of the table.

        Raises
        ------
        ValueError
            As `read_features`.
        """
        is_whole = columns is None and exams is None
        if not is_whole and not self.is_sealed:
            self.verify()
        if not self.is_plain:
            frame = self._read_any(columns)
            values = frame.to_numpy(np.float32 if self._is_single else np.float64, na_value=np.nan)
            if is_whole:
                self._compare([values], frame)
            elif self.is_sealed:
                ends = np.cumsum(self._source.group_sizes)
                for group, part in enumerate(np.split(values, ends[:-1])):
                    self._compare_part(part.T, group, list(frame.columns))
            return frame if exams is None else frame[frame.index.isin(list(exams))]
        names = self.columns if columns is None else list(columns)
        is_kept = np.ones(len(self.ids), bool)
        if exams is not None:
            is_kept[:] = [exam in exams for exam in self.ids]
        values = np.empty((len(names), int(is_kept.sum())), np.float32) if out is None else out
        filled = self._fill(values, names, is_kept)
        if is_whole:
            self._compare(filled)
        else:
            collections.deque(filled, maxlen=0)
        index = make_index(itertools.compress(self.ids, is_kept))
        return pd.DataFrame(values.T, index, pd.Index(names), copy=False)

    def iterate_rows(self) -> Iterator[NDArray[np.float32]]:
        """Rows of the table, with memory for a block of them.

        Yields
        ------
        ndarray of shape (n_features,), float32
        """
        if self.is_plain:
            for _, block in self._iterate(self.columns, np.ones(len(self.ids), bool)):
                yield from block
        else:
            yield from self._read_any().to_numpy(np.float32)

    def verify(self) -> None:
        """Raise if the values are not those of the checksum."""
        if not self._checksum:
            return
        if self.is_plain:
            blocks = self._iterate(self.columns, np.ones(len(self.ids), bool))
            self._compare(block for _, block in blocks)
        else:
            self.read()

    def _fill(
        self, values: NDArray[np.float32], columns: Sequence[str], is_kept: NDArray[np.bool_]
    ) -> Iterator[NDArray[np.float32]]:
        """Write columns into the rows of an array; yields the blocks that were read."""
        end = 0
        for rows, block in self._iterate(columns, is_kept):
            part = block[is_kept[rows]]
            values[:, end : end + len(part)] = part.T
            end += len(part)
            yield block

    def _iterate(
        self, columns: Sequence[str], is_kept: NDArray[np.bool_]
    ) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Blocks of rows with their place, without the row groups that hold no wanted exam."""
        start = 0
        if sum(self._source.group_sizes) != len(is_kept):  # a damaged size shifts all later rows
            raise self._explain_damage()
        for group, n_rows in enumerate(self._source.group_sizes):
            if is_kept[start : start + n_rows].any():
                place = start
                size = n_rows if self.is_sealed else count_rows(len(columns))
                for batch in self._source.iterate(columns, max(1, size), [group]):
                    block = np.empty((len(columns), batch.num_rows), np.float32)
                    for name, column in zip(columns, block, strict=True):
                        column[:] = batch.column(name).to_numpy(zero_copy_only=False)
                    if self.is_sealed:
                        self._compare_part(block, group, columns)
                    yield slice(place, place + batch.num_rows), block.T
                    place += batch.num_rows
                if place != start + n_rows:
                    raise self._explain_damage()
            start += n_rows

    def _compare_part(self, block: NDArray[Any], group: int, columns: Sequence[str]) -> None:
        """Raise if columns of a row group are not those that were written."""
        places = [self._place_of[name] for name in columns]
        if not np.array_equal(sum_columns(block), self._sums[group, places]):
            raise self._explain_damage()

    def _read_any(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Table of any tool as pandas reads it, with its ids as the index."""
        names = None
        if columns is not None:
            in_index = set(self._source.index_names).intersection(self._source.schema.names)
            names = list(dict.fromkeys([*columns, *self._id_columns, *in_index]))
        frame = index_by_id(self._source.read(names), self._where, self._id_width)
        require_unique_ids(self._where, frame.index)
        if columns is not None:
            frame = frame[list(columns)]
        check_columns(self._where, frame)
        nullable = [name for name, kind in frame.dtypes.items() if not isinstance(kind, np.dtype)]
        if nullable:
            frame = frame.astype(dict.fromkeys(nullable, np.float64))
        return frame.set_axis(make_index(frame.index))

    def _compare(self, blocks: Iterable[NDArray[Any]], frame: pd.DataFrame | None = None) -> None:
        """Raise if blocks of all rows are not those of the checksum."""
        ids, columns = (self.ids, self.columns) if frame is None else (frame.index, frame.columns)
        checksum = Checksum(ids, columns)
        for block in blocks:
            checksum.add(block)
        if self._checksum and checksum.text != self._checksum:
            raise self._explain_damage()

    def _explain_damage(self) -> ValueError:
        """Error of a table whose values are not those that were written."""
        return ValueError(
            f"'{self._path}' was changed or damaged after it was written: its checksum does not "
            f"match. {DELETE}"
        )


@contextlib.contextmanager
def open_table(path: Path, id_width: int | None = None) -> Iterator[TableFile]:
    """Open a feature table.

    Parameters
    ----------
    path : Path
    id_width : int, optional
        See `read_features`.

    Yields
    ------
    TableFile

    Raises
    ------
    OSError, ValueError
        As `read_features`.
    """
    with contextlib.ExitStack() as stack:
        try:
            source = stack.enter_context(open_parquet(path, ADVICE))
        except FileNotFoundError:
            raise FileNotFoundError(
                f"There is no file '{path}'. Write it with `mrnet-features extract` or "
                "`extract_features`."
            ) from None
        yield TableFile(source, path, id_width)


def _is_unnamed(name: str, position: int) -> bool:
    """Whether a column is an index without a name: row numbers, or ids as text."""
    return name in UNNAMED and (name != "" or position == 0)


def _read_provenance(metadata: dict[bytes, bytes], path: Path) -> dict[str, Any]:
    """Provenance in the metadata of a parquet file, checked; empty for a table of another tool."""
    with explain_errors(path, "a table with provenance", ADVICE):
        provenance = json.loads(metadata.get(METADATA_KEY, b"{}"))
    if not isinstance(provenance, dict):
        raise ValueError(  # noqa: TRY004 (the file is wrong, not the type of an argument)
            f"The provenance in '{path}' must be a JSON object, got "
            f"{type(provenance).__name__}. {ADVICE}"
        )
    written = provenance.get("format", 1)
    if "recipe" in provenance and written != FORMAT:
        raise ValueError(
            f"'{path}' was written by {'an older' if written == 1 else 'another'} version of "
            f"mrnet_features, whose columns have other names. {ADVICE}"
        )
    return provenance
