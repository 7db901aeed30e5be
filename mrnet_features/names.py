"""Column names as recipes: ``plane__region__family__statistic__pool``."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import NamedTuple

PLANES = ("axial", "coronal", "sagittal")
"""Planes of an exam, in the order of the columns."""

TASKS = ("abnormal", "acl", "meniscus")
"""Tasks of MRNet, in the order in which the competition's files hold them."""

SPLITS = ("train", "valid")
"""Public splits of MRNet."""

PART = re.compile(r"[A-Za-z0-9]+(_[A-Za-z0-9]+)*")
"""What a part of a name may be: letters, digits and single underscores inside."""


class Name(NamedTuple):
    """A column name taken apart.

    Attributes
    ----------
    plane : str
        Plane the stack was read in: axial, coronal or sagittal.
    region : str
        Region of the knee the statistic looks at; ``knee`` is the whole foreground.
    family : str
        Label of the family, its parameters included where they are not the defaults.
    statistic : str
        Statistic of the family.
    pool : str
        How slices became one number; ``stack`` for a statistic of the stack as a whole.
    """

    plane: str
    region: str
    family: str
    statistic: str
    pool: str


@functools.lru_cache(maxsize=2**15)  # a table's names are the same for every exam
def format_name(name: Name) -> str:
    """Column name of the five parts.

    Parameters
    ----------
    name : Name

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If a part holds anything but letters, digits and single underscores inside.

    Examples
    --------
    >>> format_name(Name("axial", "knee", "glcm", "contrast", "mean"))
    'axial__knee__glcm__contrast__mean'
    """
    for field, part in zip(Name._fields, name, strict=True):
        if not PART.fullmatch(part):
            raise ValueError(
                f"The {field} of a column name must be letters and digits with single "
                f"underscores inside, got {part!r}. Rename it."
            )
    return "__".join(name)


def parse_name(column: str) -> Name:
    """Five parts of a column name; the inverse of `format_name`.

    Parameters
    ----------
    column : str

    Returns
    -------
    Name

    Raises
    ------
    ValueError
        If `column` is not of the form ``plane__region__family__statistic__pool``.

    Examples
    --------
    >>> parse_name("axial__knee__glcm__contrast__mean").statistic
    'contrast'
    """
    parts = column.split("__")
    if len(parts) != len(Name._fields) or not all(PART.fullmatch(part) for part in parts):
        raise ValueError(
            f"A feature's name must be of the form 'plane__region__family__statistic__pool', "
            f"got {column!r}. Rename the column, or group this table by a mapping of your own."
        )
    return Name(*parts)


def group_names(columns: Iterable[str], by: str) -> dict[str, list[str]]:
    """Columns grouped by one part of their names, in the order of first appearance.

    Parameters
    ----------
    columns : iterable of str
    by : {"plane", "region", "family", "statistic", "pool"}

    Returns
    -------
    dict of str to list of str

    Raises
    ------
    ValueError
        If `by` is not a part of a name, or a column does not parse.

    Examples
    --------
    >>> group_names(["axial__knee__glcm__energy__mean", "axial__knee__glcm__energy__std"], "pool")
    {'mean': ['axial__knee__glcm__energy__mean'], 'std': ['axial__knee__glcm__energy__std']}
    """
    if by not in Name._fields:
        raise ValueError(f"`by` must be one of {', '.join(Name._fields)}, got {by!r}.")
    groups: dict[str, list[str]] = {}
    for column in columns:
        groups.setdefault(getattr(parse_name(column), by), []).append(column)
    return groups
