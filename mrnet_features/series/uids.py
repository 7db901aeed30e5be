"""UIDs of studies and series: what may be one, and what messages call a series."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mrnet_features.ids.rules import find_id_problem

__all__ = ["LONGEST_UID", "find_uid_problem", "name_series"]

UID = re.compile(r"[0-9]+(\.[0-9]+)*")
"""UIDs of DICOM. They are the names of folders, so that nothing else may pass."""

SHOWN = re.compile(r"[0-2](\.[0-9]+)+")
"""UIDs that messages and tables show. The standard has no others: dates and numbers of patients are
no UIDs."""

LONGEST_UID = 64
"""As DICOM has it."""

NO_UID = "series without a valid UID"


def find_uid_problem(uid: str) -> str | None:
    """Why a text can't be the UID of a study or series and the name of its folder, or None.

    Parameters
    ----------
    uid : str

    Returns
    -------
    str or None
        The end of a sentence that begins with the UID.

    Examples
    --------
    >>> find_uid_problem("1.2.840.113"), find_uid_problem("../x")
    (None, 'must be a UID of digits and dots, without any part of a path')
    """
    if len(uid) > LONGEST_UID:
        return f"must have at most {LONGEST_UID} characters, got {len(uid)}"
    if not UID.fullmatch(uid):
        return "must be a UID of digits and dots, without any part of a path"
    return find_id_problem(uid)


def name_series(uids: Iterable[str]) -> dict[str, str]:
    """Names of series: the UID, or a text without a word of the file if it is none.

    Files may hold anything in the place of a UID, such as the name of a patient.

    Parameters
    ----------
    uids : iterable of str
        SeriesInstanceUIDs of one folder, each once.

    Returns
    -------
    dict of str to str
        By what the file holds. Several series without a valid UID are numbered.

    Examples
    --------
    >>> list(name_series(["1.2.840.113", "DOE^JANE"]).values())
    ['1.2.840.113', 'series without a valid UID']
    >>> list(name_series(["DOE^JANE", ""]).values())
    ['series without a valid UID 1', 'series without a valid UID 2']
    """
    listed = list(uids)
    odd = [uid for uid in listed if len(uid) > LONGEST_UID or not SHOWN.fullmatch(uid)]
    names = {uid: f"{NO_UID} {k}" if len(odd) > 1 else NO_UID for k, uid in enumerate(odd, start=1)}
    return {uid: names.get(uid, uid) for uid in listed}
