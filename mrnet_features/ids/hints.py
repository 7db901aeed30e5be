"""Hints on exam ids of two tables that differ only in how they are written."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

from mrnet_features.messages import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["explain_difference"]

FILE_ENDINGS = (".npy", ".npz", ".pck", ".dcm", ".nii.gz", ".nii", ".png")
"""Endings of file names that stand in place of ids."""


def explain_difference(sides: Mapping[str, set[str]]) -> str:
    """What to do if all ids of one side are on the other, but written differently.

    Parameters
    ----------
    sides : mapping of str to set of str
        Exam ids of two tables by the name of the table in the message.

    Returns
    -------
    str
        Empty if the ids differ in more than leading zeros or the ending of a file name.

    Examples
    --------
    >>> explain_difference({"cnn": {"0007.npy"}, "labels": {"0007"}})
    "The ids of `cnn` are file names: delete '.npy' from them."
    """
    for (name, own), (_, other) in permutations(sides.items()):
        only = own - other
        if not only:
            continue
        for ending in FILE_ENDINGS:
            if all(exam.endswith(ending) and exam.removesuffix(ending) in other for exam in only):
                return f"The ids of `{name}` are file names: delete {quote(ending)} from them."
        width = max(map(len, other), default=0)
        if all(exam.isdecimal() and exam.zfill(width) in other for exam in only):
            return (
                f"The ids differ only in leading zeros, which `{name}` lacks: read its ids as text "
                f"or, if its file has lost the zeros, pass id_width={width} when you read it."
            )
    return ""
