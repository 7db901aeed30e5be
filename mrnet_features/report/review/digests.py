"""Short hashes of labels, features and predictions, by which two reports are compared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["DIGITS", "digest_columns", "digest_rows", "hash_text", "hash_texts"]

EXAM_DIGITS = 8
"""Hexadecimal digits for one exam: two that differ look equal once in four thousand million."""

DIGITS = 16
"""Hexadecimal digits of all other hashes."""


def digest_rows(table: pd.DataFrame) -> dict[str, str]:
    """Hash of each row of a table, whatever the order and number type of its columns.

    Parameters
    ----------
    table : DataFrame of shape (n_rows, n_columns)
        Numbers; NaN is allowed, and all kinds of NaN are the same.

    Returns
    -------
    dict of str to str
        Label of the row as text, sorted, to 8 hexadecimal digits.

    Examples
    --------
    >>> one = pd.DataFrame({"acl": [0, 1], "meniscus": [1, 1]}, index=["a", "b"])
    >>> other = pd.DataFrame({"meniscus": [1.0, 0.0], "acl": [1.0, 0.0]}, index=["b", "a"])
    >>> {exam for exam, own in digest_rows(one).items() if digest_rows(other)[exam] != own}
    {'a'}
    """
    columns = sorted(table.columns, key=str)
    head = json.dumps(list(map(str, columns))).encode()
    values = np.ascontiguousarray(table[columns].to_numpy(np.float64, na_value=np.nan))
    values = np.where(np.isnan(values), np.nan, values + 0.0)  # -0.0 becomes 0.0
    labels = [
        " ".join(map(str, label)) if isinstance(label, tuple) else str(label)
        for label in table.index
    ]
    found = {
        label: _hash(head + row.tobytes(), EXAM_DIGITS)
        for label, row in zip(labels, values, strict=True)
    }
    return dict(sorted(found.items()))


def digest_columns(table: pd.DataFrame) -> str:
    """Hash of the names of the columns in their order, on which the fit of trees depends.

    Parameters
    ----------
    table : DataFrame

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    return hash_text(json.dumps(list(map(str, table.columns))))


def hash_texts(digests: Mapping[str, Any]) -> str:
    """Hash of the labels and hashes of all rows.

    Parameters
    ----------
    digests : mapping of str to str
        As `digest_rows` returns them.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    return hash_text(json.dumps(list(digests.items())))


def hash_text(text: str) -> str:
    """Hash of a text.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        16 hexadecimal digits.

    Examples
    --------
    >>> hash_text("knee")
    '69ef5a88b0273f58'
    """
    return _hash(text.encode(), DIGITS)


def _hash(data: bytes, digits: int) -> str:
    return hashlib.sha256(data).hexdigest()[:digits]
