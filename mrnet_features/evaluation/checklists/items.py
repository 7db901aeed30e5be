"""Items of the checklists: number, short text, and the fact of a run that answers them."""

from __future__ import annotations

import functools
import importlib.resources
import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from mrnet_features.messages import name_some, quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["CHECKLISTS", "ChecklistItem", "find_item", "read_checklist"]

CHECKLISTS = ("CLEAR", "TRIPOD+AI", "CLAIM")
"""Names of the checklists."""

NAME = re.compile(r"\s*(?:(\S+)\s+)?#?([0-9]{1,3})([a-z]?)\s*")
"""``CLEAR 15``, ``TRIPOD+AI 12a`` or ``15``."""


class ChecklistItem(NamedTuple):
    """One item of a checklist.

    Attributes
    ----------
    checklist : str
        One of `CHECKLISTS`.
    number : str
        As in the publication, such as "12a".
    text : str
        What must be reported, in short and in our words.
    fact : str
        Name of the fact that answers it; empty if only the authors can.
    add : str
        What the authors have to add to that fact.
    """

    checklist: str
    number: str
    text: str
    fact: str = ""
    add: str = ""

    @property
    def name(self) -> str:
        """Checklist and number, such as "CLEAR 15"."""
        return f"{self.checklist} {self.number}"


@functools.cache
def _read_file() -> Mapping[str, Any]:
    text = importlib.resources.files(__package__).joinpath("items.json").read_text("utf-8")
    found: Mapping[str, Any] = json.loads(text)
    return found


def read_checklist(checklist: str) -> tuple[str, tuple[ChecklistItem, ...]]:
    """Edition and items of a checklist.

    Parameters
    ----------
    checklist : {"CLEAR", "TRIPOD+AI", "CLAIM"}

    Returns
    -------
    edition : str
        Name, source and DOI of the edition that the numbers are from.
    items : tuple of ChecklistItem
        In the order of the publication.

    Examples
    --------
    >>> edition, items = read_checklist("CLEAR")
    >>> len(items), items[26].name, items[26].fact
    (58, 'CLEAR 27', 'columns')
    """
    table = _read_file()[checklist]
    items = tuple(ChecklistItem(checklist, **row) for row in table["items"])
    return f"{table['edition']}, doi:{table['doi']}", items


def find_item(name: Any, checklists: Sequence[str]) -> ChecklistItem:
    """Item of a name such as "CLEAR 15".

    Parameters
    ----------
    name : str
        Checklist and number; the number suffices if there is one checklist.
    checklists : sequence of str
        Checklists to look in.

    Returns
    -------
    ChecklistItem

    Raises
    ------
    ValueError
        If there is no such item. The message names the nearest ones.

    Examples
    --------
    >>> find_item("clear 8", ["CLEAR"]).text
    'Ethics: approval, consent, data protection'
    """
    items = {item.name: item for each in checklists for item in read_checklist(each)[1]}
    readable = isinstance(name, str) or (isinstance(name, int) and 0 <= name < 1000)
    parts = NAME.fullmatch(str(name)) if readable else None
    which, number, letter = parts.groups() if parts else (None, "0", "")
    own = [each for each in checklists if which is None or each == str(which).upper()]
    if parts and len(own) == 1:
        found = items.get(f"{own[0]} {int(number)}{letter}")
        if found is not None:
            return found
    near = sorted(
        (item for item in items.values() if not own or item.checklist in own),
        key=lambda item: _measure_distance(item.number, int(number), letter),
    )
    raise ValueError(
        f"`stated` must name items of {' or '.join(checklists)}, such as {quote(near[0].name)}, "
        f"got {quote(name if isinstance(name, str | int) else type(name).__name__)}. Nearest: "
        f"{name_some([item.name for item in near[:3]])}."
    )


def _measure_distance(own: str, number: int, letter: str) -> tuple[int, int]:
    """How far an item number is from a wanted one: first the number, then the letter."""
    digits = int(own.rstrip("abcdefg"))
    last = own[-1] if own[-1].isalpha() else ""
    return abs(digits - number), abs(ord(last or "a") - ord(letter or "a"))
