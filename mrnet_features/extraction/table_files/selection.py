"""Columns and exams of a feature table that were asked for, with errors that name close ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mrnet_features.messages import name_some, quote, suggest_name
from mrnet_features.names import parse_name


def choose_columns(
    known: Sequence[str],
    where: str,
    columns: str | Iterable[str] | None = None,
    families: str | Iterable[str] | None = None,
) -> list[str] | None:
    """Names of the columns to read.

    Parameters
    ----------
    known : sequence of str
        Columns of the table.
    where : str
        Name of the table in the message, with its quotes.
    columns, families : str or iterable of str, optional
        See `read_features`.

    Returns
    -------
    list of str, or None
        None for all columns.

    Raises
    ------
    TypeError, ValueError
        As `read_features`.

    Examples
    --------
    >>> known = ["axial__knee__fluid__area__mean", "axial__knee__lbp__p0__std", "age"]
    >>> choose_columns(known, "'t.parquet'", families="lbp")
    ['axial__knee__lbp__p0__std']
    """
    if columns is not None and families is not None:
        raise ValueError(
            "`columns` and `families` must not be given both. Pass the names of all columns."
        )
    if columns is not None:
        return _check_names("columns", columns, known, where)
    if families is None:
        return None
    family_of = {name: _find_family(name) for name in known}
    wanted = _check_names("families", families, set(filter(None, family_of.values())), where)
    return [name for name in known if family_of[name] in wanted]


def choose_exams(
    known: Iterable[str], where: str, exams: str | Iterable[str] | None = None
) -> frozenset[str] | None:
    """Ids of the exams to read.

    Parameters
    ----------
    known : iterable of str
        Ids of the table.
    where : str
        Name of the table in the message, with its quotes.
    exams : str or iterable of str, optional
        See `read_features`.

    Returns
    -------
    frozenset of str, or None
        None for all exams.

    Raises
    ------
    TypeError, ValueError
        As `read_features`.

    Examples
    --------
    >>> choose_exams(["0001", "0002"], "'t.parquet'", ["0042"])
    Traceback (most recent call last):
    ValueError: `exams` must be in 't.parquet', which lacks '0042'. Did you mean '0002'?
    """
    return None if exams is None else frozenset(_check_names("exams", exams, known, where))


def _check_names(
    parameter: str, given: str | Iterable[str], known: Iterable[str], where: str
) -> list[str]:
    """Names in a list; an error that names a close one if the table lacks one of them."""
    names = [given] if isinstance(given, str) else list(given)
    wrong = next((name for name in names if not isinstance(name, str)), None)
    if wrong is not None:
        raise TypeError(
            f"`{parameter}` must hold names as text, got {type(wrong).__name__}. Exam ids are text "
            "with their leading zeros, such as '0042'."
        )
    if not names:
        raise ValueError(f"`{parameter}` must hold at least one name, got none. Leave it out.")
    if len(set(names)) < len(names):
        again = next(name for k, name in enumerate(names) if name in names[:k])
        raise ValueError(f"`{parameter}` must hold each name once, got {quote(again)} twice.")
    present = frozenset(known)
    lacking = [name for name in names if name not in present]
    if lacking:
        raise ValueError(
            f"`{parameter}` must be in {where}, which lacks {name_some(lacking)}."
            f"{suggest_name(lacking[0], present)}"
        )
    return names


def _find_family(column: str) -> str:
    """Family in the name of a column; empty for a column of another tool."""
    try:
        return parse_name(column).family
    except ValueError:
        return ""
