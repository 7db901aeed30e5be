"""Exam ids read from the tables of files, as text.

In files an exam id is text. An id column is found by its name (`ID_COLUMNS`) or is an index of
text without a name; row numbers are never taken for ids. In memory an index of integers is fine as
long as all tables carry the same one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mrnet_features.ids.checks import find_kind
from mrnet_features.ids.rules import LONGEST_ID, find_id_problem
from mrnet_features.messages import name_some, quote

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

STUDY_UID = "StudyInstanceUID"
"""Name of the column of ids in tables of DICOM studies."""

ID_COLUMNS = ("exam", "exam_id", "id", "case", "study", STUDY_UID.lower())
"""Names of a column or index level of exam ids, in any letter case."""

MRNET_WIDTH = 4
"""Digits of an exam id of MRNet, with its leading zeros."""

LARGEST_EXACT = 10**15
"""Decimal numbers from here on may have lost digits."""

UNNAMED = ("", "Unnamed: 0", "__index_level_0__")
"""Names of an index without a name after a CSV file, pandas or another parquet reader."""

LINES = "line"
"""Name of the index of `csv_files.read_table`."""

WHOLE = re.compile(r"^([0-9]{1,15})\.0+$")
"""Whole number as pandas writes it in a column with missing values."""


def restore_ids(
    ids: Iterable[Any], where: str, width: int | None = None, known: Collection[str] = ()
) -> list[str]:
    """Exam ids as text, checked, with leading zeros restored if asked for.

    Parameters
    ----------
    ids : iterable of str or int
        Ids as they stand in a file.
    where : str
        What holds the ids, for the message, with its quotes: the name of a file.
    width : int, optional
        Digits of an id; shorter numbers get leading zeros. 1 keeps numbers as they are.
    known : collection of str, default ()
        Ids of the set. If it holds all `ids`, they are right as they are.

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        If an id is neither text nor a whole number, is not a valid id, or leading zeros are lost:
        the numbers have different lengths, and the shortest are not those with zeros as in 0000 to
        12345; or the ids of the set are theirs with zeros.

    Examples
    --------
    >>> restore_ids([7, 1130], "'cnn.csv'", width=4)
    ['0007', '1130']
    """
    if width is not None and width < 1:
        raise ValueError(f"`id_width` must be at least 1, got {width}.")
    if width is not None and width > LONGEST_ID:
        raise ValueError(f"`id_width` must be at most {LONGEST_ID}, got {quote(width)}.")
    read: dict[str, str] = {}
    texts: list[str] = []
    for value in ids:
        if not isinstance(value, str):
            texts.append(_read_id(value, where, width))
            continue
        if value not in read:
            read[value] = _read_id(value, where, width)
        texts.append(read[value])
    if width is not None:
        return [text.zfill(width) if text.isdecimal() else text for text in texts]
    lengths = {len(text) for text in texts if text.isdecimal()}
    are_numbers = bool(texts) and all(map(str.isdecimal, texts))
    if not are_numbers or all(text in known for text in texts):
        return texts
    of_set = max((len(exam) for exam in known if isinstance(exam, str)), default=0)
    are_lost = all(text not in known and text.zfill(of_set) in known for text in texts)
    # 0000 to 9999, then 10000: numbers go on after the last of four digits
    go_on = {len(text) for text in texts if text[0] == "0"} == {min(lengths)} != {1}
    if (len(lengths) > 1 and not go_on) or are_lost:
        digits = " to ".join(map(str, sorted({min(lengths), max(lengths)})))
        digits += " digit" if max(lengths) == 1 else " digits"
        best = of_set if are_lost else max(MRNET_WIDTH, *lengths)
        raise ValueError(
            f"{where} must hold exam ids with their leading zeros, got numbers of {digits} "
            f"such as {quote(min(texts, key=len))}. Pass id_width={best} to restore the zeros, "
            "id_width=1 to keep the numbers as they are, or write ids as text."
        )
    return texts


def index_by_id(
    frame: pd.DataFrame, where: str, width: int | None = None, known: Collection[str] = ()
) -> pd.DataFrame:
    """Table of a file with its exam ids as the index, wherever they stand.

    The ids are the column or the index level that is named as in `ID_COLUMNS`; failing that, an
    index of text without a name. Other columns and indexes are never taken for ids: they may be
    row numbers.

    Parameters
    ----------
    frame : DataFrame
        As read from a CSV or parquet file.
    where : str
        Name of the file in the message, with its quotes.
    width, known
        See `restore_ids`.

    Returns
    -------
    DataFrame
        The other columns, then the other levels of the index, by exam id as text. The index is
        named "exam"; ids may repeat.

    Raises
    ------
    ValueError
        If there is no such column, there are several that differ, or an id is not valid.

    Examples
    --------
    >>> index_by_id(pd.DataFrame({"acl": [0.2], "ID": ["0007"]}), "'cnn.csv'")
           acl
    exam
    0007   0.2
    """
    index, columns = frame.index, list(frame.columns)
    levels = [
        (name, index.get_level_values(k).tolist())
        for k, name in enumerate(index.names)
        if name is not None and name != LINES
    ]
    named = [name for name in columns if is_id_name(name)]
    found = [values for name, values in levels if is_id_name(name)]
    found += [frame.iloc[:, k].tolist() for k, name in enumerate(columns) if is_id_name(name)]
    if not found:
        unnamed = _find_unnamed_ids(frame)
        if unnamed is None:
            names = f"{', '.join(ID_COLUMNS[:-1])} or {ID_COLUMNS[-1]}"
            raise ValueError(
                f"{where} must have a column of exam ids named {names}, got the columns "
                f"{name_some(columns) or '(none)'}{_describe_index(index)}. Other columns may be "
                "row numbers. Name the column of ids 'exam' and write the file again."
            )
        found = [unnamed]
    if any(values != found[0] for values in found[1:]):
        raise ValueError(
            f"{where} must have one column of exam ids, got several with different values "
            f"({name_some([*(name for name, _ in levels if is_id_name(name)), *named])}). Drop "
            "the ones that are not exam ids."
        )
    numbers = [name for k, name in enumerate(columns) if name in UNNAMED and (name or not k)]
    rest = frame.drop(columns=[*named, *numbers])
    ids = restore_ids(found[0], where, width, known)
    rest = rest.set_axis(pd.Index(ids, name="exam"))
    for name, values in levels:
        if not is_id_name(name) and name not in rest.columns:
            rest[name] = values
    return rest


def is_id_name(name: Any) -> bool:
    """Whether a column of this name holds exam ids, as in `ID_COLUMNS`.

    Parameters
    ----------
    name : Any

    Returns
    -------
    bool

    Examples
    --------
    >>> is_id_name("studyInstanceUid"), is_id_name("ACL")
    (True, False)
    """
    return isinstance(name, str) and name.lower() in ID_COLUMNS


def find_id_column(names: Iterable[str]) -> str | None:
    """Column of exam ids of a table: StudyInstanceUID, or else the first of `ID_COLUMNS`.

    Parameters
    ----------
    names : iterable of str
        Names of the columns.

    Returns
    -------
    str or None
        As it is spelt in the table.

    Examples
    --------
    >>> find_id_column(["ID", "ACL", "studyinstanceuid"]), find_id_column(["ACL"])
    ('studyinstanceuid', None)
    """
    found = [name for name in names if is_id_name(name)]
    studies = [name for name in found if name.lower() == STUDY_UID.lower()]
    return next(iter(studies + found), None)


def _read_id(value: Any, where: str, width: int | None) -> str:
    """One exam id as text."""
    if isinstance(value, str):
        text = value.strip()
        if width is not None:
            text = WHOLE.sub(r"\1", text)
    elif find_kind(value):
        text = str(int(value)) if abs(int(value)) < 10**LONGEST_ID else "9" * (LONGEST_ID + 1)
    elif isinstance(value, float | np.floating) and not np.isnan(value):
        exact = width is not None and 0 <= value < LARGEST_EXACT and float(value).is_integer()
        text = f"{int(value)}" if exact else f"{float(value)}"
    elif value is None or (np.ndim(value) == 0 and pd.isna(value)):
        text = ""
    else:
        raise ValueError(
            f"{where} must hold exam ids as text, got a value of type {type(value).__name__}. "
            "Write ids as text."
        )
    problem = find_id_problem(text)
    if problem:
        advice = "Correct it."
        if WHOLE.fullmatch(text):
            advice = "Pass `id_width`, the number of digits of an id, or correct it."
        raise ValueError(
            f"{where} must hold exam ids as text, but {quote(text)} {problem}. {advice}"
        )
    return text


def _describe_index(index: pd.Index[Any]) -> str:
    """Index in words, for a message; nothing for the line numbers of a CSV file."""
    named = [name for name in index.names if name is not None]
    if named == [LINES]:
        return ""
    kind = "index" if index.nlevels == 1 else f"index of {index.nlevels} levels"
    return f" and an {kind} {f'named {name_some(named)}' if named else 'without a name'}"


def _find_unnamed_ids(frame: pd.DataFrame) -> list[Any] | None:
    """Ids in an index without a name, or None if they may be row numbers.

    In a parquet file the type shows that an index is text. In a CSV file, where all is text, an
    index of plain numbers may be row numbers.
    """
    first = frame.columns[0] if len(frame.columns) else None
    unnamed = [k for k, name in enumerate(frame.columns) if name == "__index_level_0__"]
    if len(unnamed) == 1:
        values = frame.iloc[:, unnamed[0]].tolist()
    elif first == "":
        values = frame.iloc[:, 0].tolist()
        if all(re.fullmatch(r"(0|[1-9][0-9]*)(\.0*)?", str(value)) for value in values):
            return None
    else:
        values = frame.index.tolist() if list(frame.index.names) == [None] else []
    return values if values and all(isinstance(value, str) for value in values) else None
