"""The series that a caller of `load_rsna_knee` wants instead of the chosen ones."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias

import pandas as pd

from mrnet_features.data.rsna.files import ListedSeries
from mrnet_features.data.rsna.series import SLOTS
from mrnet_features.files.stored_paths import AnyPath
from mrnet_features.messages import name_some, quote

__all__ = ["SeriesChoice", "read_choice"]

SeriesChoice: TypeAlias = Mapping[str, Mapping[str, str | None]] | pd.DataFrame
"""SeriesInstanceUID by study and slot, or a table with the columns study, slot and series."""


def read_choice(
    series: SeriesChoice | None,
    known: Mapping[str, Sequence[ListedSeries]],
    folder: AnyPath,
    excluded: Collection[str] = (),
) -> dict[str, dict[str, str | None]]:
    """Wanted series by study and slot, checked.

    Parameters
    ----------
    series : mapping, DataFrame or None
        As for `load_rsna_knee`.
    known : mapping of str to sequence of ListedSeries
        Series by study.
    folder : Path or StoredPath
        Folder of the studies.
    excluded : collection of str, default ()
        Studies whose series do not matter.

    Returns
    -------
    dict of str to dict of str to (str or None)
        None leaves the slot empty.

    Raises
    ------
    TypeError
        If it is neither a mapping nor a table.
    ValueError
        If a study, slot or series is unknown, a series has no folder or stands in two slots.
    """
    wanted: dict[str, dict[str, str | None]] = {}
    for study, slot, uid in _list_wishes(series):
        if study in excluded:
            continue
        if study not in known:
            raise ValueError(
                f"`series` must name studies of '{folder}', got {quote(study)}. Correct it."
            )
        where = f"`series` of study {quote(study)}"
        if slot not in SLOTS:
            raise ValueError(
                f"{where} must name slots ({', '.join(SLOTS)}), got {quote(slot)}. Correct it."
            )
        its = wanted.setdefault(study, {})
        uids = [one.uid for one in known[study]]
        if uid is not None and uid not in uids:
            raise ValueError(
                f"{where} must name series of the study, got {quote(uid)} as {slot}. It has "
                f"{name_some(uids) or 'none'}."
            )
        if uid is not None and not (folder / study / uid).is_dir():
            raise ValueError(
                f"{where} names {quote(uid)} as {slot}, which has no folder in "
                f"'{folder / study}'. Copy it, or name another one."
            )
        if its.get(slot, uid) != uid or (uid is not None and uid in its.values()):
            raise ValueError(
                f"{where} must name one series for each slot, and each series once, got "
                f"{quote(uid)} again as {slot}. Correct it."
            )
        its[slot] = uid
    return wanted


def _list_wishes(series: Any) -> list[tuple[str, str, str | None]]:
    """Study, slot and series of each wish, as text; None for a slot to leave empty."""
    if series is None:
        return []
    if isinstance(series, pd.DataFrame):
        absent = [name for name in ("study", "slot", "series") if name not in series.columns]
        if absent:
            raise ValueError(
                "`series` as a table must have the columns study, slot and series, got "
                f"{name_some(list(series.columns))}. Pass the table of `dataset.table()`."
            )
        if "chosen" in series.columns:
            series = series[series["chosen"].map(_is_true)]
        rows = series[["study", "slot", "series"]].itertuples(index=False, name=None)
    elif isinstance(series, Mapping) and all(isinstance(s, Mapping) for s in series.values()):
        rows = ((study, slot, uid) for study, its in series.items() for slot, uid in its.items())
    else:
        raise TypeError(
            "`series` must be a mapping of study -> slot -> SeriesInstanceUID, or a table, got "
            f"{type(series).__name__}."
        )
    return [
        (str(study), str(slot), None if uid is None or pd.isna(uid) or uid == "" else str(uid))
        for study, slot, uid in rows
    ]


def _is_true(value: Any) -> bool:
    """Whether a cell says yes; a CSV file that was read as text holds words."""
    return value.strip().lower() in ("true", "1") if isinstance(value, str) else bool(value)
