"""Header fields as features: a baseline that sees no pixel. It is in no preset."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from mrnet_features.series.header_fields import CODES, LISTED, NUMBERS, WORDS

__all__ = ["encode_headers"]

OF_EXAM = (
    *("field_t", "frequency_mhz", "maker", "model", "model_code", "software_code", "device_code"),
    *("institution_code", "character_set", "position", "body_part"),
)
"""Fields that are the same in all series of an exam: taken from the first that has them."""

FEWEST = 5
"""Fewest exams of a word or code that becomes a column."""


def encode_headers(headers: pd.DataFrame, *, fewest: int = FEWEST) -> pd.DataFrame:
    """Feature table of header fields: numbers as they are, words and codes as 0 or 1.

    It measures what a model reaches by knowing the scanner and the protocol, without a pixel. The
    patient is left out.

    Parameters
    ----------
    headers : DataFrame
        From `read_headers`.
    fewest : int, default 5
        Fewest exams that have a word or code for it to become a column, and that lack it.

    Returns
    -------
    DataFrame with one row per exam
        Columns ``header__<series>__<field>``, of words and codes with ``__<value>`` after it; the
        series is ``exam`` for fields of the scanner. Values of codes are numbered in the order of
        the exams, so that names do not depend on the salt. NaN where an exam has no such number.
        Columns with one value are left out.

    Notes
    -----
    Columns depend on the words and codes of the table, not on labels. For a second set, read both
    with one salt, encode them together, and take the rows of each.

    Examples
    --------
    >>> index = pd.MultiIndex.from_product([["a", "b"], ["axial"]], names=["exam", "series"])
    >>> headers = pd.DataFrame({"maker": ["GE", "Siemens"], "echo_ms": [30.0, 35.0]}, index)
    >>> encode_headers(headers, fewest=1).T
    exam                             a     b
    header__exam__maker__GE        1.0   0.0
    header__exam__maker__Siemens   0.0   1.0
    header__axial__echo_ms        30.0  35.0
    """
    exams = pd.Index(headers.index.get_level_values("exam").unique(), name="exam")
    shared = [name for name in headers.columns if name in OF_EXAM]
    stated = headers[shared].astype(object).where(lambda cells: cells != "")
    columns = _encode(stated.groupby(level="exam", sort=False).first(), exams, "exam", fewest)
    others = [name for name in headers.columns if name not in (*OF_EXAM, "patient", "problem")]
    for series in headers.index.get_level_values("series").unique():
        part = headers[headers.index.get_level_values("series") == series].droplevel("series")
        columns |= _encode(part[others], exams, series, fewest)
        columns[f"header__{series}__present"] = pd.Series(exams.isin(part.index) * 1.0, exams)
    table = pd.DataFrame(columns, index=exams)
    return table.loc[:, table.nunique(dropna=False) > 1]


def _encode(
    part: pd.DataFrame, exams: pd.Index[Any], series: str, fewest: int
) -> dict[str, pd.Series[Any]]:
    """Columns of one series."""
    columns = {}
    for name in part.columns:
        label = f"header__{series}__{name}"
        if name in NUMBERS or name == "files":
            columns[label] = part[name].astype("float64").reindex(exams)
        elif name in (*WORDS, *CODES):
            cells = part[name].reindex(exams).fillna("")
            columns |= _encode_words(cells, label, name, fewest)
    return columns


def _encode_words(
    cells: pd.Series[Any], label: str, name: str, fewest: int
) -> dict[str, pd.Series[Any]]:
    """A column for each word or code of enough exams."""
    split = name in LISTED or name in ("model", "description", "body_part")
    held = [set(str(cell).split()) if split else {str(cell)} - {""} for cell in cells]
    columns = {}
    for number, value in enumerate(_list_values(held), start=1):
        told = pd.Series([float(value in words) for words in held], cells.index)
        if fewest <= told.sum() <= len(told) - fewest or fewest == 1:
            shown = str(number) if name in CODES else value.replace(" ", "_")
            columns[f"{label}__{shown}"] = told
    return columns


def _list_values(held: list[set[str]]) -> Iterator[str]:
    """Yield each value once, in the order of the exams."""
    seen: set[str] = set()
    for words in held:
        new = sorted(words - seen)
        seen.update(new)
        yield from new
