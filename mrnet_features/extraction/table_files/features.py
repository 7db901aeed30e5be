"""Feature tables on disk: parquet files that carry their provenance."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mrnet_features.extraction.table_files.file import TableFile, open_table
from mrnet_features.extraction.table_files.folder import (
    join_provenance,
    list_tables,
    require_distinct,
    require_parts,
)
from mrnet_features.extraction.table_files.keys import (
    FILE_STATES,
    IDS_DIGEST,
    OF_EXAMS,
    REQUEST,
    SKIPPED,
    hash_texts,
)
from mrnet_features.extraction.table_files.selection import choose_columns, choose_exams
from mrnet_features.extraction.table_files.writer import make_index, write_table
from mrnet_features.files.parquet_files import PARQUET
from mrnet_features.files.paths import require_local_output
from mrnet_features.messages import quote

__all__ = ["read_features", "write_features"]


def write_features(features: pd.DataFrame, path: str | Path) -> None:
    """Write a feature table to a parquet file, atomically.

    Parameters
    ----------
    features : DataFrame of shape (n_exams, n_features)
        Numbers, indexed by exam id as text. ``attrs["provenance"]``, if present, is written too. It
        loses the hash by which `extract_features` recognises its own table, since the table may
        have been changed; and what it says of single exams, if `features` has others, or the same
        in another order.
    path : path
        It must end in ``.parquet`` or ``.pq``.

    Raises
    ------
    ValueError
        If `path` ends otherwise; the index is not exam ids as text, each once; or a column is not
        numeric, occurs twice or has the name of an id column.

    Examples
    --------
    Exams in memory have no ids, so their table needs them before it is written:

    >>> import tempfile
    >>> import numpy as np
    >>> from mrnet_features import FeatureExtractor
    >>> stack = np.random.default_rng(0).integers(0, 256, (3, 64, 64), np.uint8)
    >>> extractor = FeatureExtractor("minimal", planes=("axial",))
    >>> table = extractor.fit_transform([{"axial": stack}])
    >>> table.index = ["0042"]
    >>> write_features(table, Path(tempfile.mkdtemp(), "table.parquet"))
    """
    require_local_output(path)
    path = Path(path)
    if path.suffix.lower() not in PARQUET:
        raise ValueError(
            f"`path` must end in '.parquet', since a parquet file is written, got "
            f"{quote(str(path))}. For a CSV use `features.to_csv(path)`."
        )
    provenance = dict(features.attrs.get("provenance", {}))
    for key in (REQUEST, FILE_STATES, SKIPPED):
        provenance.pop(key, None)
    has_other_ids = provenance.get(IDS_DIGEST) not in (None, _hash_ids(features))
    if has_other_ids or provenance.get("n_exams", len(features)) != len(features):
        provenance["n_exams"] = len(features)
        for key in OF_EXAMS:
            provenance.pop(key, None)
    write_table(features, path, provenance)


def read_features(
    path: str | Path,
    *,
    columns: str | Iterable[str] | None = None,
    families: str | Iterable[str] | None = None,
    exams: str | Iterable[str] | None = None,
    id_width: int | None = None,
) -> pd.DataFrame:
    """Feature table from a parquet file, or a part of it.

    Exam ids are read from the column or index level with a known name (exam, exam_id, id, case or
    study) or from an index of text. Row numbers are never taken for exam ids.

    Parameters
    ----------
    path : path
        File; or a folder of tables with the same recipe, columns and different exams, which are
        read as one in the order of their file names.
    columns : str or iterable of str, optional
        Columns to read; the others are not read from disk. They come in this order.
    families : str or iterable of str, optional
        Families whose columns to read, as the column names have them; in the order of the table.
    exams : str or iterable of str, optional
        Ids of the exams to read; in the order of the table.
    id_width : int, optional
        Digits of an exam id, to restore leading zeros that another tool has lost: 4 for MRNet.

    Returns
    -------
    DataFrame of shape (n_exams, n_features)
        Numbers; the index, named "exam", holds the exam ids as text. ``attrs["provenance"]`` is a
        dict of recipe, versions and data, or empty if the table is from another tool. It is that of
        the whole table, whatever part of it is read.

    Raises
    ------
    FileNotFoundError
        If there is no such file, or no table in the folder.
    OSError
        If it is a pipe or a device.
    TypeError
        If a name or an id is not text.
    ValueError
        If it is not a parquet file of numbers with exam ids, each once; was written by another
        version of this library whose columns have other names; or was written by this library and
        changed or damaged since. The checksum of the whole table guards against accidents, not
        against attackers. A part is compared with checksums of its own; where there are none, as in
        tables of older versions, the whole table is read for it. Or if the table lacks a column,
        family or exam, or the tables of a folder are not parts of one.

    Examples
    --------
    >>> import tempfile
    >>> ids = ["0001", "0002", "0003"]
    >>> table = pd.DataFrame({"age": [40.0, 50.0, 60.0], "mass": [60.0, 70.0, 80.0]}, index=ids)
    >>> path = Path(tempfile.mkdtemp(), "table.parquet")
    >>> write_features(table, path)
    >>> read_features(path, columns="mass", exams=["0003", "0002"])
          mass
    exam
    0002  70.0
    0003  80.0
    """
    path = Path(path)
    if path.is_dir():
        return _read_folder(path, columns, families, exams, id_width)
    with open_table(path, id_width) as part:
        names = choose_columns(part.columns, f"'{path}'", columns, families)
        wanted = None if exams is None else choose_exams(part.ids, f"'{path}'", exams)
        table = part.read(names, wanted)
    table.attrs = {"provenance": part.provenance}
    return table


def _read_folder(
    folder: Path,
    columns: str | Iterable[str] | None,
    families: str | Iterable[str] | None,
    exams: str | Iterable[str] | None,
    id_width: int | None,
) -> pd.DataFrame:
    """Tables of a folder as one; one is open at a time, since a process may open few files."""
    files = list_tables(folder)
    if not files:
        raise FileNotFoundError(
            f"'{folder}' must be a file, got a folder that holds no table (*.parquet). Pass the "
            "table that `extract_features` has written, or its folder."
        )
    heads = _read_heads(files, id_width)
    names = choose_columns(heads[files[0]].columns, f"'{folder}'", columns, families)
    wanted = None
    if exams is not None:
        known = (exam for head in heads.values() for exam in head.ids)
        wanted = choose_exams(known, f"'{folder}'", exams)
    table = _read_parts(heads, names, wanted, id_width)
    provenance = [head.provenance for head in heads.values()]
    joined = join_provenance(provenance) if len(files) > 1 else provenance[0]
    if IDS_DIGEST in joined:
        joined[IDS_DIGEST] = hash_texts([exam for head in heads.values() for exam in head.ids])
    table.attrs = {"provenance": joined}
    return table


def _hash_ids(features: pd.DataFrame) -> str:
    """Hash of the exam ids in the order of the rows."""
    return hash_texts(list(map(str, features.index)))


class _Head(NamedTuple):
    """What is known of a table once its file is closed; see `TableFile`."""

    ids: Sequence[str]
    columns: Sequence[str]
    provenance: dict[str, Any]
    is_plain: bool


def _read_heads(files: Sequence[Path], id_width: int | None) -> dict[Path, _Head]:
    """Heads of tables that are parts of one, by file."""
    heads: dict[Path, _Head] = {}
    for file in files:
        with open_table(file, id_width) as part:
            columns: Sequence[str] = part.columns
            if heads:
                first, head = next(iter(heads.items()))
                parts = {first: (head.columns, head.provenance), file: (columns, part.provenance)}
                require_parts(parts)
                columns = head.columns  # the same, once in memory
            heads[file] = _Head(part.ids, columns, part.provenance, part.is_plain)
    require_distinct({file: head.ids for file, head in heads.items()})
    return heads


def _read_parts(
    heads: Mapping[Path, _Head],
    columns: Sequence[str] | None,
    exams: Collection[str] | None,
    id_width: int | None,
) -> pd.DataFrame:
    """Rows of all parts in one table, which is in memory only once if they are plain."""
    if not all(head.is_plain for head in heads.values()):
        frames = []
        for file, head in heads.items():
            with _open_again(file, head, id_width) as part:
                frames.append(part.read(columns, exams))
        return pd.concat(frames)
    names = next(iter(heads.values())).columns if columns is None else columns
    counts = [
        len(head.ids) if exams is None else sum(exam in exams for exam in head.ids)
        for head in heads.values()
    ]
    ends = np.cumsum(counts)
    values = np.empty((len(names), ends[-1]), np.float32)
    ids: list[str] = []
    for (file, head), out in zip(heads.items(), np.split(values, ends[:-1], axis=1), strict=True):
        with _open_again(file, head, id_width) as part:
            ids += list(part.read(columns, exams, out).index)
    return pd.DataFrame(values.T, make_index(ids), pd.Index(names), copy=False)


@contextlib.contextmanager
def _open_again(file: Path, head: _Head, id_width: int | None) -> Iterator[TableFile]:
    """Open a table whose head was read; it must be the same."""
    with open_table(file, id_width) as part:
        if part.ids != head.ids or part.columns != head.columns:
            raise ValueError(f"'{file}' was replaced while it was read. Read it again.")
        yield part
