"""Columns in words: what is measured, where, and what a higher value means."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from mrnet_features.families.base import Family, Words
from mrnet_features.families.documentation import Star, match_pattern, read_statistics
from mrnet_features.families.presets import discover_families, find_families
from mrnet_features.names import Name, parse_name
from mrnet_features.report.region_words import RegionWords, describe_region
from mrnet_features.stacks.region_sets import KNEE


class ColumnWords(NamedTuple):
    """A column in words.

    Attributes
    ----------
    phrase : str
        A few words for a list or an axis; the column's name if it is not one of the library.
    sentence : str
        What is measured, where, on which plane, and how slices and sides are combined.
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
    "std": ("spread over slices", "as the standard deviation over the slices"),
    "top3": ("top 3 slices", "averaged over the three slices with the highest values"),
    "middle": ("middle slices", "averaged over the middle third of the slices"),
    "max": ("highest slice", "on the slice with the highest value"),
    "p90": ("90 % of slices", "as the 90th percentile over the slices"),
    "outer": ("outer slices", "averaged over the first and the last third of the slices"),
}


def describe_columns(
    columns: Iterable[str], families: str | Family | Sequence[str | Family] = ()
) -> pd.DataFrame:
    """Columns of a feature table in words.

    Parameters
    ----------
    columns : iterable of str
        Column names, or a table.
    families : str, Family, or sequence of str and Family, default ()
        Families of your own. Those of the library are known.

    Returns
    -------
    DataFrame of shape (n_columns, 6)
        Index: column. Columns phrase, sentence, unit, range, direction and ibsi; see
        `mrnet_features.report.words.ColumnWords`. A column that the library did not make keeps its
        name as phrase.

    Examples
    --------
    >>> describe_columns(["sagittal__notch__ligament__acl_angle__stack"]).phrase.item()
    'ACL angle in the notch, sagittal'
    """
    names = list(columns)
    rows = [describe_column(str(name), families) for name in names]
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
    'higher: more free fluid'
    >>> describe_column("cnn_12").phrase
    'cnn_12'
    """
    own = families if isinstance(families, str | Family) else tuple(families)
    return _describe_column(column, own)


@functools.lru_cache(maxsize=2**15)
def _describe_column(column: str, own: str | Family | tuple[str | Family, ...]) -> ColumnWords:
    try:
        name = parse_name(column)
    except ValueError:
        return ColumnWords(column, f"Column {column}, not made by this library.")
    statistic = _describe_statistic(name.family, name.statistic, own)
    words = statistic.words
    region = describe_region(name.region, name.plane)
    if name.region == KNEE and statistic.is_whole:
        region = region._replace(phrase="")
    pool, pooled = _POOLS.get(name.pool, ("", words.stack))
    where = words.phrase if "{where}" in words.phrase else f"{words.phrase} {{where}}"
    parts = (where.replace("{where}", region.phrase), region.side, pool, name.plane)
    phrase = ", ".join(part.strip().replace(" ,", ",") for part in parts if part)
    meaning = words.meaning or words.phrase.replace("{where}", "")
    sentence = f"{meaning}, {region.sentence}, on {name.plane} slices, {pooled}."
    is_spread = name.pool == "std" or region.side == "side difference"
    return ColumnWords(
        phrase,
        " ".join(part for part in (sentence[:1].upper() + sentence[1:], region.sides) if part),
        statistic.row.get("unit", ""),
        "0.." if is_spread else statistic.row.get("range", ""),
        _describe_direction(words, name, region),
        statistic.row.get("IBSI", ""),
    )


def _describe_direction(words: Words, name: Name, region: RegionWords) -> str:
    if region.side == "side difference":
        return "higher: the two sides differ more"
    if name.pool == "std":
        return "higher: varies more from slice to slice"
    return f"higher: {words.higher}" if words.higher else ""


@functools.lru_cache(maxsize=2**12)
def _describe_statistic(
    label: str, statistic: str, own: str | Family | tuple[str | Family, ...]
) -> _Statistic:
    known = {
        **discover_families(),
        **{f.name: type(f) for f in (find_families(own) if own else ())},
    }
    names = [name for name in known if f"{label}_".startswith(f"{name}_")]
    if not names:
        title = f"{label.replace('_', ' ')}: {statistic.replace('_', ' ')}"
        return _Statistic(Words(title), {}, True)
    cls = known[max(names, key=len)]
    values, changed = _read_parameters(cls, label[len(cls.name) + 1 :])
    rows = {row["statistic"]: row for row in _read_table(cls)}
    found = match_pattern(rows, statistic)
    row = rows[found[0]] if found else {}
    found = match_pattern(cls.words, statistic)
    if found:
        words, stars = cls.words[found[0]], found[1]
    else:
        formula = f" = {row['formula']}" if "formula" in row else ""
        title = f"{cls.name}: {statistic}".replace("_", " ")
        words, stars = Words(title, meaning=f"{title}{formula}"), ()
    extra = "".join(
        f" ({key.replace('_', ' ')} {values[key]})"
        for key in changed
        if f"{{{key}}}" not in words.phrase
    )
    fill = {**values, "where": "{where}"}
    filled = [text.format(*stars, **fill) if found else text for text in words]
    first = filled[0].replace(" {where}", f"{extra} {{where}}") if extra else filled[0]
    first = first if "{where}" in first else first + extra
    is_whole = cls.region_sets == (KNEE,)
    return _Statistic(Words(first, *filled[1:]), row, is_whole)


@functools.lru_cache(maxsize=16)
def _list_families(own: str | Family | tuple[str | Family, ...]) -> dict[str, type[Family]]:
    found = {family.name: type(family) for family in find_families(own)} if own else {}
    return {**discover_families(), **found}


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
        elif changed:
            values[changed[-1]] = f"{values[changed[-1]]}, {Star(part):}".removeprefix(", ")
    return values, changed


def _say(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
