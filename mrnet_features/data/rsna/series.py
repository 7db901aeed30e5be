"""The choice of one series per slot in the RSNA layout, from the table of series and folders."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from mrnet_features.data.rsna.files import ListedSeries
from mrnet_features.files.stored_paths import AnyPath, StoredPath
from mrnet_features.series.dicom_files import MOST_FILES
from mrnet_features.series.study import USUAL_SLICES

__all__ = ["NO_FOLDER", "SLOTS", "FoundSeries", "choose", "find_slot", "list_folders"]

SLOTS = (
    "axial_fluid",
    "sagittal_structural",
    "coronal_fluid",
    "sagittal_fluid",
    "coronal_structural",
    "axial_structural",
)
"""Slots of an exam, as series are named: plane and weighting."""

NO_FOLDER, NO_FILE = "no folder", "no file in its folder"
NO_PLANE, NO_WEIGHTING = "unknown plane", "unknown weighting"


class FoundSeries(NamedTuple):
    """One series of a study, and whether it was chosen.

    Attributes
    ----------
    listed : ListedSeries
    slot : str
        Plane and weighting, such as ``axial_fluid``; empty if one of them is unknown.
    n_files : int or None
        None if they were not counted, because the slot has one series.
    chosen : bool
    reason : str
        Why it was chosen, or not.
    """

    listed: ListedSeries
    slot: str
    n_files: int | None
    chosen: bool
    reason: str

    @property
    def is_unusable(self) -> bool:
        """Whether it can't be chosen at all."""
        return self.reason in (NO_FOLDER, NO_FILE, NO_PLANE, NO_WEIGHTING)


def find_slot(series: ListedSeries) -> str:
    """Slot of a series, or an empty text.

    Parameters
    ----------
    series : ListedSeries

    Returns
    -------
    str

    Examples
    --------
    >>> find_slot(ListedSeries("1.2", "1.2.3", "axial", True, True, 2))
    'axial_fluid'
    """
    if not series.plane or series.fluid_sensitive is None:
        return ""
    return f"{series.plane}_{'fluid' if series.fluid_sensitive else 'structural'}"


def list_folders(folder: AnyPath) -> frozenset[str] | None:
    """Names of the folders in a folder; None if there is no such folder.

    Parameters
    ----------
    folder : Path or StoredPath

    Returns
    -------
    frozenset of str or None

    Raises
    ------
    OSError
        If it can't be read.
    """
    try:
        if isinstance(folder, StoredPath):
            return frozenset(path.name for path in folder.iterdir() if path.is_dir())
        with os.scandir(folder) as entries:
            return frozenset(entry.name for entry in entries if entry.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return None


def choose(
    study: AnyPath,
    listed: Sequence[ListedSeries],
    folders: Iterable[str],
    wanted: Mapping[str, str | None],
) -> list[FoundSeries]:
    """Series of one study, at most one chosen per slot; no file is opened.

    Of the series of a slot that have a folder, the first by this order: 15 to 80 files, as
    two-dimensional series of knees have; more files; lower SeriesInstanceUID. Files are counted
    only where a slot has several series.

    Parameters
    ----------
    study : Path or StoredPath
        Folder of the study.
    listed : sequence of ListedSeries
        Series of the study.
    folders : iterable of str
        Names of the folders that it holds.
    wanted : mapping of slot to SeriesInstanceUID or None
        Series to take instead; None for none. The series is in `listed`.

    Returns
    -------
    list of FoundSeries
        In the order of `listed`.
    """
    present = frozenset(folders)
    by_slot: dict[str, list[ListedSeries]] = {}
    reasons: dict[str, str] = {}
    for series in listed:
        slot = find_slot(series)
        if series.uid not in present:
            reasons[series.uid] = NO_FOLDER
        elif not slot:
            reasons[series.uid] = NO_WEIGHTING if series.plane else NO_PLANE
        elif slot in wanted:
            reasons[series.uid] = "another one was passed" if wanted[slot] else "slot left empty"
        else:
            by_slot.setdefault(slot, []).append(series)
    taken = {uid: slot for slot, uid in wanted.items() if uid}
    reasons |= dict.fromkeys(taken, "passed")
    counts: dict[str, int] = {}
    for slot, rivals in by_slot.items():
        rivals = [series for series in rivals if series.uid not in taken]
        if len(rivals) > 1:
            counts |= {series.uid: _count_files(study / series.uid) for series in rivals}
            reasons |= {s.uid: NO_FILE for s in rivals if not counts[s.uid]}
            rivals = sorted((s for s in rivals if counts[s.uid]), key=lambda s: _rank(s, counts))
        if rivals:
            taken[rivals[0].uid] = slot
            reasons[rivals[0].uid] = _explain(rivals, counts)
            reasons |= {s.uid: "another one was chosen" for s in rivals[1:]}
    return [
        FoundSeries(
            series,
            taken.get(series.uid) or find_slot(series),
            counts.get(series.uid),
            series.uid in taken,
            reasons[series.uid],
        )
        for series in listed
    ]


def _rank(series: ListedSeries, counts: Mapping[str, int]) -> tuple[bool, int, str]:
    n_files = counts[series.uid]
    return not USUAL_SLICES[0] <= n_files <= USUAL_SLICES[1], -n_files, series.uid


def _explain(rivals: Sequence[ListedSeries], counts: Mapping[str, int]) -> str:
    """Why the first of several sorted series was chosen: what tells it from the second."""
    if len(rivals) == 1:
        return "the only one"
    first, second = (_rank(series, counts) for series in rivals[:2])
    if first[0] != second[0]:
        return "{} to {} files".format(*USUAL_SLICES)
    return "more files" if first[1] != second[1] else "lower UID"


def _count_files(folder: AnyPath) -> int:
    """Number of visible files in a folder, at most `MOST_FILES`."""
    if isinstance(folder, StoredPath):
        names = [path.name for path in folder.iterdir() if path.is_file()]
        return min(sum(not name.startswith(".") for name in names), MOST_FILES)
    n_files = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            n_files += not entry.name.startswith(".") and not entry.is_dir()
            if n_files == MOST_FILES:
                break
    return n_files
