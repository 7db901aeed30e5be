"""Feature groups by name or by cluster; joining tables of other tools as extra groups."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from mrnet_features.files.csv_files import read_table
from mrnet_features.files.npy_files import read_npy_header
from mrnet_features.files.parquet_files import PARQUET, read_parquet
from mrnet_features.files.reading import explain_errors, open_file
from mrnet_features.ids.checks import check_ids, require_same_exams
from mrnet_features.ids.reading import index_by_id
from mrnet_features.messages import name_some, quote, suggest_name
from mrnet_features.names import GROUPINGS, Name, format_name, group_names, parse_name
from mrnet_features.tables import check_features

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# Cells that programs write for a missing value.
MISSING = ("", "NA", "N/A", "NaN", "nan", "None", "NULL", "null", "<NA>")
TRUTH = {"True": True, "False": False, "TRUE": True, "FALSE": False}

STRUCTURE = "structure"
SIDE = re.compile(r"_(low|high|difference|medial|lateral|one|other)$")
CELL = re.compile(r"row\d+_column\d+")

__all__ = [
    "attach_table",
    "choose_grouping",
    "cluster_columns",
    "group_columns",
    "name_grouping",
    "read_external_table",
]


def attach_table(features: pd.DataFrame, other: pd.DataFrame, name: str) -> pd.DataFrame:
    """Join another table by exam id, as one more feature group.

    Parameters
    ----------
    features : DataFrame of shape (n_exams, n_features)
        Index exam id.
    other : DataFrame of shape (n_exams, n_columns)
        Index exam id, the same exams; numeric columns, such as the embedding of a CNN or clinical
        data.
    name : str
        Name of the group. It is plane, region, family and pool of the new columns,
        ``name__name__name__column__name``, so that they form one group by any of these parts.

    Returns
    -------
    DataFrame of shape (n_exams, n_features + n_columns)
        Sorted by exam id, the new columns last.

    Raises
    ------
    ValueError
        If exams differ, a name exists already, or two columns would get the same name.

    Examples
    --------
    >>> own = pd.DataFrame({"axial__knee__glcm__energy__mean": [0.1, 0.2]}, index=["a", "b"])
    >>> clinic = pd.DataFrame({"age (years)": [30, 40]}, index=["b", "a"])
    >>> attach_table(own, clinic, "clinic").iloc[:, 1]
    exam
    a    40.0
    b    30.0
    Name: clinic__clinic__clinic__age_years__clinic, dtype: float64
    """
    left, right = check_features(features), check_features(other)
    require_same_exams("features", left.index, "other", right.index)
    renamed = {column: _name_column(column, name) for column in right.columns}
    taken = set(left.columns) & set(renamed.values())
    if taken or len(set(renamed.values())) < len(renamed):
        raise ValueError(
            f"Columns of `other` must be unique and not in `features`: {len(taken)} are already "
            f"there, {len(renamed) - len(set(renamed.values()))} are repeated. Choose another "
            "`name`, or rename columns that differ only in punctuation."
        )
    return left.join(right.rename(columns=renamed))


def read_external_table(
    path: str | Path, exams: Sequence[str] | None = None, *, id_width: int | None = None
) -> pd.DataFrame:
    """Read a table of another tool.

    Parameters
    ----------
    path : path
        A CSV or parquet table with exam ids in a column or index named exam, exam_id, id, case or
        study, or a ``.npy`` array of shape (n_exams, n_columns).
    exams : sequence of str, optional
        Exam id of each row of a ``.npy`` array.
    id_width : int, optional
        Digits of an id; see `read_predictions`.

    Returns
    -------
    DataFrame of shape (n_exams, n_columns)
        Index exam id as text; for an array, `exams`. Columns of text whose cells are all numbers
        or empty become numbers, with NaN for the empty ones.

    Raises
    ------
    OSError
        If the file does not exist or is not a regular file.
    ValueError
        If the file has another format or can't be read, there are row numbers in place of ids, or
        `exams` is missing or of another length.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp(), "embedding.npy")
    >>> np.save(file, np.zeros((2, 3)))
    >>> read_external_table(file, exams=["0000", "0001"]).shape
    (2, 3)
    """
    file = Path(path)
    kind = file.suffix.lower()
    if kind == ".npy":
        values = _read_array(file)
        if values.ndim != 2 or exams is None or len(exams) != len(values):
            raise ValueError(
                f"'{file}' holds an array of shape {values.shape}; it must be (n_exams, n_columns) "
                f"and `exams` must have the exam id of each row, got "
                f"{'none' if exams is None else len(exams)}."
            )
        check_ids("`exams`", exams)
        names = [f"dim{k}" for k in range(values.shape[1])]
        return pd.DataFrame(values, index=pd.Index(exams, name="exam"), columns=names)
    if kind not in {".csv", *PARQUET}:
        raise ValueError(f"'{file}' must be a .parquet, .csv or .npy file. Convert it.")
    table = read_table(file) if kind == ".csv" else read_parquet(file).frame
    frame = index_by_id(table, f"'{file}'", id_width)
    texts = [name for name, kind in frame.dtypes.items() if not is_numeric_dtype(kind)]
    return frame.assign(**{str(name): _read_numbers(frame[name]) for name in texts})


def group_columns(
    features: pd.DataFrame, by: str | Sequence[str] | Mapping[str, str], threshold: float = 0.7
) -> dict[str, list[str]]:
    """Group columns; groups in the order of first appearance.

    Parameters
    ----------
    features : DataFrame of shape (n_exams, n_features)
    by : str, tuple of str or mapping
        A part of the names: "series", "plane", "region", "family", "statistic" or "pool"; "plane"
        joins the series of a plane, and "structure" is the region without its side ("femur" for
        "femur_low"), with all numbered cells as one. A tuple of parts, such as ``("family",
        "region")``. Or "cluster" for `cluster_columns`, "column" for one group per column, or a
        mapping of column to group.
    threshold : float, default 0.7
        See `cluster_columns`.

    Returns
    -------
    dict of str to list of str

    Raises
    ------
    ValueError
        If `by` is unknown, a name does not parse, or a mapping lacks a column.

    Examples
    --------
    >>> table = pd.DataFrame([[1, 2]], columns=["age", "size"])
    >>> group_columns(table, {"age": "clinic", "size": "image"})
    {'clinic': ['age'], 'image': ['size']}
    """
    columns = list(features.columns)
    if isinstance(by, Mapping):
        missing = [column for column in columns if column not in by]
        if missing:
            raise ValueError(
                f"`by` must have a group for every column, got none for {len(missing)}, such as "
                f"{quote(missing[0])}."
            )
        groups: dict[str, list[str]] = {}
        for column in columns:
            groups.setdefault(by[column], []).append(column)
        return groups
    if by == "cluster":
        return cluster_columns(features, threshold)
    if by == "column":
        return {column: [column] for column in columns}
    parts = (by,) if isinstance(by, str) else tuple(by)
    if not parts or not set(parts) <= {*GROUPINGS, STRUCTURE}:
        known = [*GROUPINGS, STRUCTURE, "cluster", "column"]
        unknown = next((str(part) for part in parts if part not in known), "")
        raise ValueError(
            f"`by` must be a mapping or one of {', '.join(known)}, or a tuple of parts of a name, "
            f"got {name_some(parts) or 'none'}.{suggest_name(unknown, known)}"
        )
    try:
        names = [parse_name(column) for column in columns]
    except ValueError as error:
        raise ValueError(
            f"Column names must be of the form 'series__region__family__statistic__pool' for "
            f"by={by!r}. Use by='cluster', by='column' or a mapping of column to group."
        ) from error
    found: dict[str, list[str]] = {}
    for column, name in zip(columns, names, strict=True):
        found.setdefault(", ".join(_take_part(name, part) for part in parts), []).append(column)
    return found


def _take_part(name: Name, part: str) -> str:
    if part != STRUCTURE:
        return str(getattr(name, part))
    return "cell" if CELL.match(name.region) else SIDE.sub("", name.region)


def name_grouping(by: str | Sequence[str] | Mapping[str, str]) -> str:
    """Name of a grouping in a result.

    Parameters
    ----------
    by : str, tuple of str or mapping
        See `group_columns`.

    Returns
    -------
    str

    Examples
    --------
    >>> name_grouping(("family", "region"))
    'family, region'
    """
    if isinstance(by, str):
        return by
    return "mapping" if isinstance(by, Mapping) else ", ".join(by)


def choose_grouping(columns: Sequence[str]) -> str:
    """Default grouping of a table's columns.

    Parameters
    ----------
    columns : sequence of str

    Returns
    -------
    str
        "family" if every name is of the form ``series__region__family__statistic__pool``, else
        "cluster".

    Examples
    --------
    >>> choose_grouping(["axial__knee__glcm__energy__mean"]), choose_grouping(["age"])
    ('family', 'cluster')
    """
    try:
        group_names(columns, "family")
    except ValueError:
        return "cluster"
    return "family"


def cluster_columns(features: pd.DataFrame, threshold: float = 0.7) -> dict[str, list[str]]:
    """Clusters of correlated columns, each named after its most central column.

    Average linkage on 1 - |rho| with Spearman's rho; labels are not used. NaN is replaced by the
    median of the column. A constant column is a cluster of its own.

    Parameters
    ----------
    features : DataFrame of shape (n_exams, n_features)
    threshold : float, default 0.7
        Mean |rho| from which clusters are merged, above 0 and below 1.

    Returns
    -------
    dict of str to list of str

    Raises
    ------
    ValueError
        If `threshold` is out of range.

    Examples
    --------
    >>> table = pd.DataFrame({"a": [1, 2, 3, 4], "b": [4, 3, 2, 1], "c": [1, 3, 3, 1]})
    >>> cluster_columns(table)
    {'a': ['a', 'b'], 'c': ['c']}
    """
    if not 0 < threshold < 1:
        raise ValueError(f"`threshold` must be above 0 and below 1, got {threshold}.")
    table = features.fillna(features.median()).fillna(0.0)
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    names = list(table.columns)
    if len(names) < 2:
        return {name: [name] for name in names}
    ranks = table.rank().to_numpy(copy=True)
    ranks -= ranks.mean(axis=0)
    length = np.sqrt((ranks**2).sum(axis=0))
    ranks /= np.where(length > 0, length, 1)
    similarity = np.abs(ranks.T @ ranks)
    distance = np.clip(1 - similarity, 0, 1)
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(distance, checks=False), "average")
    codes = fcluster(tree, 1 - threshold, "distance")
    groups: dict[str, list[str]] = {}
    for code in dict.fromkeys(codes):
        members = np.flatnonzero(codes == code)
        typical = members[int(similarity[np.ix_(members, members)].sum(axis=1).argmax())]
        groups[names[typical]] = [names[k] for k in members]
    return groups


def _name_column(column: Any, table: str) -> str:
    part = re.sub(r"[^A-Za-z0-9]+", "_", str(column)).strip("_")
    if not part:
        raise ValueError(
            f"A column name must contain a letter or digit, got {quote(column)}. Rename the column."
        )
    return format_name(Name(table, table, table, part, table))


def _read_array(file: Path) -> NDArray[Any]:
    """Array of a ``.npy`` file that is as long as its header says."""
    with (
        open_file(file) as opened,
        explain_errors(file, "a NumPy array", "Save it again with `np.save`."),
    ):
        dtype, order, shape = read_npy_header(opened)
        held = os.fstat(opened.fileno()).st_size - opened.tell()
        wanted = math.prod(shape) * dtype.itemsize
        if wanted != held or dtype.hasobject:
            raise ValueError(f"its header promises {quote(wanted)} bytes, it has {held}")
        return np.fromfile(opened, dtype).reshape(shape, order=order)


def _read_numbers(column: pd.Series[Any]) -> pd.Series[Any]:
    """Column of text as numbers or truth values; unchanged if a cell is neither nor empty."""
    numbers = pd.to_numeric(column.astype(object), errors="coerce")
    if not numbers.isna().any():
        return numbers
    stripped = (cell.strip() if isinstance(cell, str) else cell for cell in column.tolist())
    found = [np.nan if isinstance(cell, str) and cell in MISSING else cell for cell in stripped]
    cells = pd.Series(found, index=column.index, dtype=object)
    if cells.isin(TRUTH).all() and len(cells):
        return cells.map(TRUTH).astype(bool)
    numbers = pd.to_numeric(cells, errors="coerce")
    return numbers if (numbers.isna() == cells.isna()).all() else column
