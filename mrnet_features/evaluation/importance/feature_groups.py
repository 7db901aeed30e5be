"""Columns in groups, and other people's columns next to one's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from mrnet_features.evaluation.exam_ids import require_same_exams
from mrnet_features.evaluation.tables import check_features
from mrnet_features.names import Name, format_name, group_names

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "attach_table",
    "choose_grouping",
    "cluster_columns",
    "group_columns",
    "read_external_table",
]


def attach_table(features: pd.DataFrame, other: pd.DataFrame, name: str) -> pd.DataFrame:
    """Join another table by exam id, as one more group of columns.

    Parameters
    ----------
    features : DataFrame of shape (n_exams, n_features)
        Index exam id as text.
    other : DataFrame of shape (n_exams, n_columns)
        Index exam id as text, the same exams; numeric columns, such as a CNN's embedding or
        clinical data.
    name : str
        What the group is called: it stands for plane, region, family and pool in the names of the
        new columns, ``name__name__name__column__name``, so that ablation and importance by any
        part of a name take them as a group of their own.

    Returns
    -------
    DataFrame of shape (n_exams, n_features + n_columns)
        Sorted by exam id, the new columns last.

    Raises
    ------
    ValueError
        If exams differ, the name is taken, or two columns would get the same name.

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
            f"`other` must give every column a name of its own, got {len(taken)} that `features` "
            f"has already and {len(renamed) - len(set(renamed.values()))} repeated among "
            "themselves. Choose another `name`, or rename columns that differ in signs only."
        )
    return left.join(right.rename(columns=renamed))


def read_external_table(path: str | Path, exams: Sequence[str] | None = None) -> pd.DataFrame:
    """Read a table that another tool made.

    Parameters
    ----------
    path : path
        A ``.parquet`` or ``.csv`` table with exam ids in its index or its first column, or a
        ``.npy`` array of shape (n_exams, n_columns).
    exams : sequence of str, optional
        The exam id of each row of a ``.npy`` array, which holds none.

    Returns
    -------
    DataFrame of shape (n_exams, n_columns)
        Index exam id as text.

    Raises
    ------
    ValueError
        If the kind of file is another, or `exams` is missing or does not fit.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp(), "embedding.npy")
    >>> np.save(file, np.zeros((2, 3)))
    >>> read_external_table(file, exams=["0000", "0001"]).shape
    (2, 3)
    """
    file = Path(path)
    if file.suffix == ".npy":
        values = np.load(file, allow_pickle=False)
        if values.ndim != 2 or exams is None or len(exams) != len(values):
            raise ValueError(
                f"'{file}' holds an array of shape {values.shape}; it must be (n_exams, n_columns) "
                f"and `exams` must name the exam of each row, got "
                f"{'none' if exams is None else len(exams)}."
            )
        names = [f"dim{k}" for k in range(values.shape[1])]
        return pd.DataFrame(values, index=pd.Index(exams, name="exam"), columns=names)
    if file.suffix == ".csv":
        first = pd.read_csv(file, nrows=0).columns[0]
        return pd.read_csv(file, dtype={first: str}, index_col=0, keep_default_na=True)
    if file.suffix == ".parquet":
        frame = pd.read_parquet(file)
        if isinstance(frame.index, pd.RangeIndex) and len(frame.columns):
            frame = frame.set_index(frame.columns[0])
        return frame
    raise ValueError(f"'{file}' must be a .parquet, .csv or .npy file.")


def group_columns(
    features: pd.DataFrame, by: str | Mapping[str, str], threshold: float = 0.7
) -> dict[str, list[str]]:
    """Columns in groups, in the order of first appearance.

    Parameters
    ----------
    features : DataFrame of shape (n_exams, n_features)
    by : {"plane", "region", "family", "statistic", "pool", "cluster", "column"} or mapping
        A part of the names; "cluster" for `cluster_columns`; "column" for each by itself; or
        the group of every column.
    threshold : float, default 0.7
        See `cluster_columns`.

    Returns
    -------
    dict of str to list of str

    Raises
    ------
    ValueError
        If `by` is another word, a name does not parse, or a mapping leaves a column out.

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
                f"`by` must name the group of every column, got none for {len(missing)}, such as "
                f"{missing[0]!r}."
            )
        groups: dict[str, list[str]] = {}
        for column in columns:
            groups.setdefault(by[column], []).append(column)
        return groups
    if by == "cluster":
        return cluster_columns(features, threshold)
    if by == "column":
        return {column: [column] for column in columns}
    if by not in Name._fields:
        known = ", ".join([*Name._fields, "cluster", "column"])
        raise ValueError(f"`by` must be a mapping or one of {known}, got {by!r}.")
    return group_names(columns, by)


def choose_grouping(columns: Sequence[str]) -> str:
    """Default grouping of a table's columns.

    Parameters
    ----------
    columns : sequence of str

    Returns
    -------
    str
        "family" if every name is of the form ``plane__region__family__statistic__pool``, else
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
    """Columns in clusters of like order of exams, each named by its most typical member.

    Average linkage on 1 - |rho| with Spearman's rho; labels are not looked at. NaN counts as the
    column's median. A constant column is like no other.

    Parameters
    ----------
    features : DataFrame of shape (n_exams, n_features)
    threshold : float, default 0.7
        Mean |rho| from which clusters are joined, above 0 and below 1.

    Returns
    -------
    dict of str to list of str

    Raises
    ------
    ValueError
        If `threshold` is out of its range.

    Examples
    --------
    >>> table = pd.DataFrame({"a": [1, 2, 3, 4], "b": [4, 3, 2, 1], "c": [1, 3, 3, 1]})
    >>> cluster_columns(table)
    {'a': ['a', 'b'], 'c': ['c']}
    """
    if not 0 < threshold < 1:
        raise ValueError(f"`threshold` must be above 0 and below 1, got {threshold}.")
    table = features.fillna(features.median()).fillna(0.0)
    names = list(table.columns)
    if len(names) < 2:
        return {name: [name] for name in names}
    ranks = table.rank().to_numpy(copy=True)
    ranks -= ranks.mean(axis=0)
    length = np.sqrt((ranks**2).sum(axis=0))
    ranks /= np.where(length > 0, length, 1)
    likeness = np.abs(ranks.T @ ranks)
    distance = np.clip(1 - likeness, 0, 1)
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(distance, checks=False), "average")
    codes = fcluster(tree, 1 - threshold, "distance")
    groups: dict[str, list[str]] = {}
    for code in dict.fromkeys(codes):
        members = np.flatnonzero(codes == code)
        typical = members[int(likeness[np.ix_(members, members)].sum(axis=1).argmax())]
        groups[names[typical]] = [names[k] for k in members]
    return groups


def _name_column(column: Any, table: str) -> str:
    part = re.sub(r"[^A-Za-z0-9]+", "_", str(column)).strip("_")
    if not part:
        raise ValueError(f"A column's name must hold a letter or digit, got {column!r}. Rename it.")
    return format_name(Name(table, table, table, part, table))
