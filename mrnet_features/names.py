"""Column names ``series__region__family__statistic__pool``; names of series, planes and tasks."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from mrnet_features.messages import name_some, quote, suggest_name

PLANES = ("axial", "coronal", "sagittal")
"""Planes of an exam, in the order of the columns."""

WEIGHTINGS: Mapping[str, str] = {
    "fluid": "fluid-sensitive",
    "structural": "structural",
}
"""Weightings that a name of a series may state, with the field's word: fluid is bright on
fluid-sensitive series, such as fat-suppressed T2 and proton density, and not on structural ones,
such as T1."""

MRNET_WEIGHTINGS: Mapping[str, str] = {
    "axial": "fluid",
    "coronal": "structural",
    "sagittal": "fluid",
}
"""Weighting of a series that is named by its plane alone: that of MRNet."""

TASKS = ("abnormal", "acl", "meniscus")
"""Tasks of MRNet, in the order of the competition's files."""

SPLITS = ("train", "valid")
"""Public splits of MRNet."""

NO_DEVICE = "mrnet-features is for research. It is not a medical device."
"""Sentence below pages and in `doctor`."""

PART = re.compile(r"[A-Za-z0-9]+(_[A-Za-z0-9]+)*")
"""Pattern of a part of a name: letters and digits, with single underscores between them."""


class SeriesName(NamedTuple):
    """The words of a series name, such as ``sagittal_fluid_thin``.

    Attributes
    ----------
    plane : str
        Axial, coronal or sagittal.
    weighting : str
        ``fluid`` or ``structural``; any other word is an unknown weighting. Empty if the name is
        the plane alone, as in MRNet.
    rest : str
        Further words, which tell series of one plane and weighting apart; may be empty.
    """

    plane: str
    weighting: str
    rest: str

    @property
    def known_weighting(self) -> str:
        """``fluid``, ``structural``, or empty if it is unknown; of a plane alone that of MRNet."""
        weighting = self.weighting or MRNET_WEIGHTINGS[self.plane]
        return weighting if weighting in WEIGHTINGS else ""


@functools.lru_cache(maxsize=1024)
def parse_series(name: str) -> SeriesName:
    """Plane and weighting of a series, from its name.

    Parameters
    ----------
    name : str
        A plane, or words joined by single underscores: plane, weighting, anything else.

    Returns
    -------
    SeriesName

    Raises
    ------
    ValueError
        If the name does not begin with a plane, or its words are not letters and digits joined by
        single underscores.

    Examples
    --------
    >>> parse_series("sagittal_fluid")
    SeriesName(plane='sagittal', weighting='fluid', rest='')
    >>> parse_series("axial").known_weighting, parse_series("axial_dess").known_weighting
    ('fluid', '')
    """
    plane, _, words = name.partition("_")
    if plane not in PLANES or not PART.fullmatch(name):
        raise ValueError(
            f"A series must be named by its plane ({', '.join(PLANES)}), or by plane and weighting "
            f"such as 'sagittal_fluid', with single underscores, got {quote(name)}."
            f"{suggest_name(plane, PLANES)}"
        )
    weighting, _, rest = words.partition("_")
    return SeriesName(plane, weighting, rest)


def check_series(names: Iterable[str], argument: str = "planes") -> tuple[str, ...]:
    """Names of series that were asked for, each once.

    Parameters
    ----------
    names : str or iterable of str
    argument : str, default "planes"
        Name of the argument, for errors.

    Returns
    -------
    tuple of str

    Raises
    ------
    TypeError
        If it is neither text nor several values.
    ValueError
        If there is none, one is named twice or is not a name of a series, or a weighting is almost
        ``fluid`` or ``structural``: it would count as unknown.

    Examples
    --------
    >>> check_series(["axial", "sagittal_structural"])
    ('axial', 'sagittal_structural')
    """
    if not isinstance(names, Iterable):
        raise TypeError(
            f"`{argument}` must be the name of a series or several of them, got "
            f"{type(names).__name__}. Pass {argument}=['{PLANES[0]}']."
        )
    asked = (names,) if isinstance(names, str) else tuple(names)
    if not asked or not all(map(is_series, asked)) or len(set(asked)) < len(asked):
        raise ValueError(
            f"`{argument}` must be some of {', '.join(PLANES)}, or series of these planes such as "
            f"'sagittal_fluid', each once, got {name_some(asked) or 'none'}."
        )
    for name in asked:
        plane, weighting, _ = parse_series(name)
        meant = next((known for known in WEIGHTINGS if _resembles(weighting, known)), "")
        if meant:
            raise ValueError(
                f"`{argument}` must state a weighting as 'fluid' or 'structural', got "
                f"{quote(weighting)} in {quote(name)}. Name the series '{plane}_{meant}', or "
                f"'{plane}_{meant}_' with a word of your own after it."
            )
    return asked


def is_series(name: object) -> bool:
    """Whether a text is the name of a series.

    Examples
    --------
    >>> is_series("sagittal_fluid"), is_series("fluid"), is_series("sagittal__fluid")
    (True, False, False)
    """
    try:
        parse_series(name)
    except (AttributeError, TypeError, ValueError):
        return False
    return True


def sort_series(names: Iterable[str]) -> list[str]:
    """Names of series by plane, each plane alone before its other series; other names are left out.

    Examples
    --------
    >>> sort_series(["sagittal_fluid", "notes", "sagittal", "axial_structural"])
    ['axial_structural', 'sagittal', 'sagittal_fluid']
    """
    return sorted(
        filter(is_series, names), key=lambda name: (PLANES.index(parse_series(name).plane), name)
    )


def say_series(name: str) -> str:
    """Series as errors name it.

    Examples
    --------
    >>> say_series("axial"), say_series("axial_fluid")
    ("plane 'axial'", "series 'axial_fluid'")
    """
    return f"{'plane' if name in PLANES else 'series'} '{name}'"


def _resembles(word: str, known: str) -> bool:
    """Whether a word was probably meant as a known one."""
    if word in WEIGHTINGS or not word:
        return False
    lower = word.lower()
    return lower.startswith(known[:5]) or bool(difflib.get_close_matches(lower, [known], 1, 0.75))


class Name(NamedTuple):
    """The five parts of a column name.

    Attributes
    ----------
    series : str
        Series of the exam: a plane, or a name that begins with one, such as ``sagittal_fluid``.
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

    series: str
    region: str
    family: str
    statistic: str
    pool: str

    @property
    def plane(self) -> str:
        """Plane of the series: the part of its name before the first underscore."""
        return self.series.partition("_")[0]


GROUPINGS = ("series", "plane", *Name._fields[1:])
"""What columns can be grouped by."""


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
        If `column` is not of the form ``series__region__family__statistic__pool``.

    Examples
    --------
    >>> parse_name("axial__knee__glcm__contrast__mean").statistic
    'contrast'
    """
    parts = column.split("__")
    if len(parts) != len(Name._fields) or not all(PART.fullmatch(part) for part in parts):
        raise ValueError(
            "A column name must be of the form 'series__region__family__statistic__pool', got "
            f"{quote(column)}. Rename the column, or pass feature groups of your own as a mapping."
        )
    return Name(*parts)


def group_names(columns: Iterable[str], by: str) -> dict[str, list[str]]:
    """Columns grouped by one part of their names, in the order of first appearance.

    Parameters
    ----------
    columns : iterable of str
    by : {"series", "plane", "region", "family", "statistic", "pool"}
        ``plane`` joins the series of a plane.

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
    if by not in GROUPINGS:
        raise ValueError(
            f"`by` must be one of {', '.join(GROUPINGS)}, got {quote(by)}."
            f"{suggest_name(by, GROUPINGS)}"
        )
    groups: dict[str, list[str]] = {}
    for column in columns:
        groups.setdefault(getattr(parse_name(column), by), []).append(column)
    return groups
