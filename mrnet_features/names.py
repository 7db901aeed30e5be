"""Column names ``plane__region__family__statistic__pool``, and the names of planes and tasks."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import NamedTuple

from mrnet_features.messages import quote, suggest_name

PLANES = ("axial", "coronal", "sagittal")
"""Planes of an exam, in the order of the columns."""

TASKS = ("abnormal", "acl", "meniscus")
"""Tasks of MRNet, in the order of the competition's files."""

SPLITS = ("train", "valid")
"""Public splits of MRNet."""

NO_DEVICE = "mrnet-features is for research. It is not a medical device."
"""Sentence below pages and in `doctor`."""

PART = re.compile(r"[A-Za-z0-9]+(_[A-Za-z0-9]+)*")
"""Pattern of a part of a name: letters and digits, with single underscores between them."""


class Name(NamedTuple):
    """The five parts of a column name.

    Attributes
    ----------
    plane : str
        Plane of the stack: axial, coronal or sagittal.
    region : str
        Region of the knee that is described; ``knee`` is the whole foreground.
    family : str
        Label of the family, with its parameters if they differ from the defaults.
    statistic : str
        Statistic of the family.
    pool : str
        Function from the values of the slices to one number; ``stack`` if the statistic describes
        the stack as a whole.
    """

    plane: str
    region: str
    family: str
    statistic: str
    pool: str


@functools.lru_cache(maxsize=2**15)  # every exam has the same names
def format_name(name: Name) -> str:
    """Column name made of its five parts.

    Parameters
    ----------
    name : Name

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If a part is not letters and digits with single underscores between them.

    Examples
    --------
    >>> format_name(Name("axial", "knee", "glcm", "contrast", "mean"))
    'axial__knee__glcm__contrast__mean'
    """
    for field, part in zip(Name._fields, name, strict=True):
        if not PART.fullmatch(part):
            raise ValueError(
                f"The {field} of a column name must be letters and digits with single "
                f"underscores between them, got {quote(part)}. Rename it."
            )
    return "__".join(name)


def parse_name(column: str) -> Name:
    """The five parts of a column name; inverse of `format_name`.

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
            "A column name must be of the form 'plane__region__family__statistic__pool', got "
            f"{quote(column)}. Rename the column, or pass feature groups of your own as a mapping."
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
        If `by` is not a part of a name, or a column name does not have this form.

    Examples
    --------
    >>> group_names(["axial__knee__glcm__energy__mean", "axial__knee__glcm__energy__std"], "pool")
    {'mean': ['axial__knee__glcm__energy__mean'], 'std': ['axial__knee__glcm__energy__std']}
    """
    if by not in Name._fields:
        raise ValueError(
            f"`by` must be one of {', '.join(Name._fields)}, got {quote(by)}."
            f"{suggest_name(by, Name._fields)}"
        )
    groups: dict[str, list[str]] = {}
    for column in columns:
        groups.setdefault(getattr(parse_name(column), by), []).append(column)
    return groups
