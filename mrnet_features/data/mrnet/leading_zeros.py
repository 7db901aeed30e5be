"""Leading zeros of exam ids, which programs remove when they read an id as a number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from mrnet_features.ids.reading import MRNET_WIDTH

__all__ = ["find_width", "restore_zeros"]


def find_width(stacks: Collection[str], labelled: Iterable[str]) -> int:
    """Digits of the numeric ids of one split, or 0 if they have no fixed number of digits.

    Numeric ids that begin with a zero show the width: those of stack files, or else those in label
    files. Without any, numbers are as they should be if stack files are named by them. If there is
    no stack file, numbers of one to four digits, and of different lengths, are taken for ids of
    MRNet that lost their zeros.

    Parameters
    ----------
    stacks : collection of str
        Ids of the stack files.
    labelled : iterable of str
        Ids in the label files, broken ones included.

    Returns
    -------
    int

    Examples
    --------
    >>> find_width(["0001", "0002"], ["1", "2"]), find_width(["8", "12"], ["8", "12"])
    (4, 0)
    >>> find_width([], ["8", "12"])
    4
    """
    for ids in (stacks, labelled):
        lengths, padded = set(), Counter[int]()
        for number in filter(_is_number, ids):
            lengths.add(len(number))
            if number[0] == "0" and len(number) > 1:
                padded[len(number)] += 1
        if padded:  # the most frequent width, so that one misnamed file doesn't decide
            return max((count, width) for width, count in padded.items())[1]
    are_short = not stacks and len(lengths) > 1 and max(lengths) <= MRNET_WIDTH
    return MRNET_WIDTH if are_short else 0


def restore_zeros(exam_id: str, width: int) -> str | None:
    """Id with its leading zeros if it has lost them, else None.

    Parameters
    ----------
    exam_id : str
    width : int
        Digits of a numeric id, as `find_width` returns it.

    Returns
    -------
    str or None

    Examples
    --------
    >>> restore_zeros("42", 4), restore_zeros("0042", 4), restore_zeros("12345", 4)
    ('0042', None, None)
    """
    is_short = _is_number(exam_id) and len(exam_id) < width
    return exam_id.zfill(width) if is_short else None


def _is_number(exam_id: str) -> bool:
    return exam_id.isascii() and exam_id.isdigit()
