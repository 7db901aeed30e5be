"""Columns in words: what is measured, where, and what a higher value means."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from mrnet_features.extraction.recipe import STACK_POOL
from mrnet_features.families.base import Family, Words
from mrnet_features.families.documentation import Star, match_pattern, read_statistics
from mrnet_features.families.presets import discover_families, find_families
from mrnet_features.messages import quote, suggest_name
from mrnet_features.names import Name, parse_name
from mrnet_features.report.region_words import ASYMMETRY, RegionWords, describe_region
from mrnet_features.report.series_words import describe_series, say_images
from mrnet_features.stacks.region_sets import KNEE

ONE_SLICE = "slice"  # in place of a pool, for a column of `describe_slices`
STARS = r"\d+(p\d+)?|horizontal|vertical|diagonal"  # what `*` stands for in library statistics


class ColumnWords(NamedTuple):
    """A column in words.

    Attributes
    ----------
    phrase : str
        A few words for a list or an axis; the column's name if it is not one of the library.
    sentence : str
        What is measured, where, on which series, and how slices and sides are combined.
    unit, range : str
        Of the statistic, from the table of its family; empty if unknown.
    direction : str
        What a higher value means, such as ``"higher: more fluid"``; empty if unknown.
    ibsi : str
        Code of the statistic in the reference manual of the IBSI; empty if it has none.
    """

    phrase: str
    sentence: str
    unit: str = ""
    range: str = ""
    direction: str = ""
    ibsi: str = ""


class _Statistic(NamedTuple):
    """Words of a statistic, its row in the table, and whether its family reads only the knee."""

    words: Words
    row: Mapping[str, str]
    is_whole: bool


_POOLS = {
    "mean": ("mean of slices", "averaged over the slices"),
    "std": ("spread over slices", "standard deviation over the slices"),
    "top3": ("top 3 slices", "averaged over the three slices with the highest values"),
    "middle": ("middle slices", "averaged over the middle third of the slices"),
    "max": ("highest slice", "on the slice with the highest value"),
    "p90": ("P90 of slices", "90th percentile over the slices"),
    "outer": ("outer slices", "averaged over the first and the last third of the slices"),
    ONE_SLICE: ("", "on one slice"),
}


def describe_columns(
    columns: str | Iterable[str], families: str | Family | Sequence[str | Family] = ()
) -> pd.DataFrame:
    """Columns of a feature table in words.

    Parameters
    ----------
    columns : str or iterable of str
        Column names of a feature table or of `mrnet_features.describe_slices`, or the table.
    families : str, Family, or sequence of str and Family, default ()
        Families of your own. Those of the library are known.

    Returns
    -------
    DataFrame of shape (n_columns, 6)
        Index: column. Columns phrase, sentence, unit, range, direction and ibsi; see
        `mrnet_features.report.words.ColumnWords`. A column that the library did not make keeps its
        name as phrase. So does one with a statistic that its family does not have, followed by
        "(unknown statistic)"; the sentence then suggests a name.

    Examples
    --------
    >>> describe_columns(["sagittal__notch__ligament__acl_angle__stack"]).phrase.item()
    'ACL band angle in the notch, sagittal'
    """
    names = [columns] if isinstance(columns, str) else list(columns)
    own = families if isinstance(families, str | Family) else tuple(families)
    rows = [_describe_column(str(name), own) for name in names]
    index = pd.Index(names, name="column")
    return pd.DataFrame(rows, index=index, columns=list(ColumnWords._fields))


def describe_column(
    column: str, families: str | Family | Sequence[str | Family] = ()
) -> ColumnWords:
    """One column in words; see `describe_columns`.

    Parameters
    ----------
    column : str
    families : str, Family, or sequence of str and Family, default ()

    Returns
    -------
    ColumnWords

    Examples
    --------
    >>> describe_column("sagittal__suprapatellar__fluid__core_brightest__stack").direction
    'higher: thicker free fluid'
    >>> describe_column("cnn_12").phrase
    'cnn_12'
    """
    own = families if isinstance(families, str | Family) else tuple(families)
    return _describe_column(column, own)


@functools.lru_cache(maxsize=2**15)
def _describe_column(column: str, own: str | Family | tuple[str | Family, ...]) -> ColumnWords:
    name = _read_name(column, own)
    if name is None:
        return ColumnWords(column, f"Column {column}, not made by this library.")
    if problem := _find_problem(name.family, name.statistic, own):
        return ColumnWords(f"{column} (unknown statistic)", f"Column {column}: {problem}")
    words, row, is_whole = _describe_statistic(name.family, name.statistic, own)
    region = describe_region(name.region, name.plane)
    if name.region == KNEE and is_whole:
        region = RegionWords("", "" if "knee" in words.meaning else "in the knee")
    other = ("", words.stack) if name.pool == STACK_POOL else (name.pool.replace("_", " "),) * 2
    pool, pooled = _POOLS.get(name.pool, other)
    what = " ".join(words.phrase.replace("{where}", region.phrase).split()).replace(" ,", ",")
    images = say_images(name.series)
    measured = " ".join(f"{words.meaning} {region.sentence} {images}".split()).rstrip(",")
    is_spread = name.pool == "std" or region.side == ASYMMETRY
    return ColumnWords(
        phrase=_join(what, region.side, pool, describe_series(name.series)),
        sentence=f"{_join(measured[:1].upper() + measured[1:], pooled)}. {region.sides}".rstrip(),
        unit=row.get("unit", ""),
        range="0.." if is_spread else row.get("range", ""),
        direction=_describe_direction(words, name.pool, region),
        ibsi=row.get("IBSI", ""),
    )


def _read_name(column: str, own: str | Family | tuple[str | Family, ...]) -> Name | None:
    """Parts of a column of a feature table, or of `describe_slices`, which has no plane or pool."""
    parts = column.split("__")
    if len(parts) == 3 and _find_families(parts[1], own):
        region, family, statistic = parts
        return Name("", region, family, statistic, ONE_SLICE)
    try:
        return parse_name(column)
    except ValueError:
        return None


@functools.lru_cache(maxsize=2**12)
def _find_problem(label: str, statistic: str, own: str | Family | tuple[str | Family, ...]) -> str:
    """What is wrong with a statistic of a family of the library; empty if nothing is."""
    fitting = _find_families(label, own)
    if not fitting:
        return ""
    cls = fitting[max(fitting, key=len)]
    if discover_families().get(cls.name) is not cls:
        return ""  # a family of one's own may lack words and a table
    found = match_pattern(cls.words, statistic)
    if found and all(re.fullmatch(STARS, star) for star in found[1]):
        return ""
    return (
        f"{quote(statistic)} is not a statistic of the family {cls.name}."
        f"{suggest_name(statistic, cls.words)}"
    )


def _join(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _describe_direction(words: Words, pool: str, region: RegionWords) -> str:
    if region.side == ASYMMETRY:
        return "higher: the two sides differ more"
    if pool == "std":
        return "higher: varies more from slice to slice"
    return f"higher: {words.higher}" if words.higher else ""


@functools.lru_cache(maxsize=2**12)
def _describe_statistic(
    label: str, statistic: str, own: str | Family | tuple[str | Family, ...]
) -> _Statistic:
    fitting = _find_families(label, own)
    if not fitting:
        name = f"{label}: {statistic}".replace("_", " ")
        return _Statistic(Words(f"{name} {{where}}", meaning=name), {}, True)
    cls = fitting[max(fitting, key=len)]
    row: Mapping[str, str] = {}
    rows = {each["statistic"]: each for each in _read_table(cls)}
    if found := match_pattern(rows, statistic):
        row = rows[found[0]]
    words, stars = _find_words(cls, statistic, row)
    values, changed = _read_parameters(cls, label[len(cls.name) + 1 :])
    values["where"] = "{where}"

    def fill(text: str) -> str:
        try:
            return text.format(*stars, **values)
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError(
                f"`words` of {cls.__name__} hold {quote(text)}, but braces must name a parameter, "
                f"a star of the pattern from 0, or where, got {error}. Change that text."
            ) from error

    def add(text: str) -> str:
        new = [key for key in changed if f"{{{key}}}" not in text]
        extra = "; ".join(f"{key.replace('_', ' ')} {values[key]}" for key in new)
        before, where, after = text.partition(" {where}")
        return fill(before) + (f" ({extra})" if extra else "") + where + fill(after)

    phrase = words.phrase if "{where}" in words.phrase else f"{words.phrase} {{where}}"
    meaning = words.meaning or words.phrase.replace(" {where}", "")
    filled = Words(add(phrase), fill(words.higher), add(meaning), fill(words.stack))
    return _Statistic(filled, row, cls.region_sets == (KNEE,))


def _find_words(
    cls: type[Family], statistic: str, row: Mapping[str, str]
) -> tuple[Words, tuple[Star, ...]]:
    """Words of a statistic, if need be from its name and formula, and what its stars stand for."""
    if found := match_pattern(cls.words, statistic):
        return cls.words[found[0]], found[1]
    name, title = cls.name.replace("_", " "), statistic.replace("_", " ")
    formula = f" = {row['formula']}" if row.get("formula") else ""
    texts = (f"{name}: {title}", "", f"{name}: {title}{formula}")
    return Words(*(text.replace("{", "{{").replace("}", "}}") for text in texts)), ()


@functools.lru_cache(maxsize=16)
def _list_families(own: str | Family | tuple[str | Family, ...]) -> dict[str, type[Family]]:
    found = {family.name: type(family) for family in find_families(own)} if own else {}
    return {**discover_families(), **found}


def _find_families(
    label: str, own: str | Family | tuple[str | Family, ...]
) -> dict[str, type[Family]]:
    """Families whose name begins the label of a column."""
    known = _list_families(own)
    return {name: known[name] for name in known if f"{label}_".startswith(f"{name}_")}


@functools.lru_cache(maxsize=128)
def _read_table(cls: type[Family]) -> list[dict[str, str]]:
    try:
        return read_statistics(cls)
    except ValueError:  # a family of one's own without a table
        return []


def _read_parameters(cls: type[Family], text: str) -> tuple[dict[str, str], list[str]]:
    """Values of the parameters, and which of them the end of a family's label names."""
    fields = {field.name.replace("_", ""): field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    values = {field.name: _say(field.default) for field in fields.values()}
    changed: list[str] = []
    for part in text.split("_") if text else ():
        found = max((key for key in fields if part.startswith(key)), key=len, default="")
        if found:
            changed.append(fields[found].name)
            values[changed[-1]] = f"{Star(part[len(found) :]):}"
        elif changed:  # the next item of a tuple, or text
            values[changed[-1]] = _join(values[changed[-1]], f"{Star(part):}")
    return values, changed


def _say(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
