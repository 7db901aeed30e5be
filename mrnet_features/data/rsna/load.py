"""Load a folder in the RSNA layout: DICOM studies with tables of labels, reports and series."""

from __future__ import annotations

import logging
import warnings
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from mrnet_features.data.exam import Exam
from mrnet_features.data.problems import Problem, format_problems, limit_problems
from mrnet_features.data.roots import open_root
from mrnet_features.data.rsna.choice import SeriesChoice, read_choice
from mrnet_features.data.rsna.files import (
    SAMPLE,
    SPLITS,
    ListedSeries,
    Studies,
    read_series,
    read_studies,
)
from mrnet_features.data.rsna.hints import find_file, require_set
from mrnet_features.data.rsna.series import SLOTS, FoundSeries, choose, list_folders
from mrnet_features.data.study_dataset import StudyDataset
from mrnet_features.files.stored_paths import AnyPath, Given
from mrnet_features.ids.excluded import list_excluded
from mrnet_features.messages import name_some, quote
from mrnet_features.names import check_series, parse_series
from mrnet_features.series.assemble import PERCENTILES, PIXEL_MM, SIZE, check_scale

__all__ = ["load_rsna_knee", "load_rsna_labels"]

logger = logging.getLogger("mrnet_features")

Missing: TypeAlias = Literal["error", "drop"]


def load_rsna_knee(
    root: Given,
    split: str = "train",
    *,
    slots: str | Sequence[str] = SLOTS,
    series: SeriesChoice | None = None,
    findings: str | Sequence[str] | None = None,
    exclude: pd.DataFrame | Iterable[str] | None = None,
    missing: Missing = "error",
    pixel_mm: float = PIXEL_MM,
    size: int = SIZE,
    percentiles: tuple[float, float] = PERCENTILES,
) -> StudyDataset:
    """Studies and labels of one split of the RSNA knee set, or of a folder with the same layout.

    The tables are checked, and folders are listed; no DICOM file is opened. All problems are
    reported in one error. A study has up to six series, named by plane and weighting: a series is
    ``fluid`` where Fluid_Sensitive is 1, and ``structural`` where it is 0.

    Parameters
    ----------
    root : path or URL
        Folder that holds ``train.csv``, ``train_series.csv`` and
        ``train_series/<StudyInstanceUID>/<SeriesInstanceUID>/``, or the same of the test split. Or
        a zip file that holds it, or a URL, as for `load_mrnet`: each study is then listed in a
        request of its own, which takes minutes for thousands of them.
    split : {"train", "test"}, default "train"
    slots : str or sequence of str
        Series that an exam can have, each ``plane_fluid`` or ``plane_structural``. All six by
        default.
    series : mapping of study -> slot -> SeriesInstanceUID, or DataFrame, optional
        Series to take instead of the chosen ones; None leaves a slot empty. As a table, it has the
        columns study, slot and series, as `StudyDataset.table` does; where it has the column
        chosen, only those rows count.
    findings : str or sequence of str, optional
        Columns of labels. By default those that ``sample_submission.csv`` has; without that file
        all columns but the report, as long as they hold 0, 1 or nothing.
    exclude : DataFrame or iterable of str, optional
        StudyInstanceUIDs to leave out, with all their problems; as for `load_mrnet`.
    missing : {"error", "drop"}, default "error"
        "drop" leaves out studies that have no series in any slot, as in a copy of a part of the
        set.
    pixel_mm, size, percentiles
        Scale and grey levels of the stacks, as for `load_series`.

    Returns
    -------
    StudyDataset
        Exams sorted by StudyInstanceUID, which is their id. Labels are 0, 1 or NaN (no label), one
        column per finding, in the order of `findings` or else of the header; without rows if the
        table has no findings.

    Raises
    ------
    FileNotFoundError
        If the folder, a table or the folder of the series does not exist.
    TypeError
        If `exclude`, `findings` or `series` is of another type.
    ValueError
        If a parameter is invalid, or a table has problems; the message lists each and what to do.
        It never shows text of a report.

    Warns
    -----
    UserWarning
        If series can't be used: they have no folder or no file, or an unknown plane or weighting.
        If columns are left out because ``sample_submission.csv`` lacks them.

    Notes
    -----
    Of several series of a slot, the first is taken by this order: 15 to 80 files, as
    two-dimensional series of knees have; more files; lower SeriesInstanceUID. `StudyDataset.table`
    lists all series and says why one was chosen.
    """
    root, excluded = open_root(root), list_excluded(exclude)
    scale = check_scale(pixel_mm, size, percentiles)
    asked = _check_slots(slots)
    if missing not in ("error", "drop"):
        raise ValueError(f"`missing` must be 'error' or 'drop', got {quote(missing)}.")
    require_set(root, split, images=True)
    studies = _read_split(root, split, excluded, _check_findings(findings))
    listed, problems = read_series(find_file(root, f"{split}_series.csv"))
    known: dict[str, list[ListedSeries]] = {
        study: [] for study in sorted(set(studies.labels) - excluded)
    }
    for one in listed:
        if one.study in known:
            known[one.study].append(one)
    folder = root / f"{split}_series"
    _raise(root, split, (*studies.problems, *problems), excluded)
    wanted = read_choice(series, known, folder, excluded)
    found: list[FoundSeries] = []
    exams: list[Exam] = []
    empty: list[Problem] = []
    for study, its in known.items():
        folders = list_folders(folder / study)
        choices = choose(folder / study, its, folders or (), wanted.get(study, {}))
        by_slot = {one.slot: folder / study / one.listed.uid for one in choices if one.chosen}
        paths = {slot: by_slot[slot] for slot in asked if slot in by_slot}
        if paths:
            exams.append(Exam(study, paths, scale=scale))
            found.extend(choices)
        elif missing == "error":
            why = "no folder" if folders is None else "no series" if not its else "none of `slots`"
            text = (
                f"Study {quote(study)} has {why} in '{folder}'. Copy its files, exclude it, or "
                "pass missing='drop' to leave out all such studies."
            )
            empty.append(Problem("stack-missing", study, "", text, f"missing {why}"))
    _raise(root, split, empty, excluded)
    if not exams:
        raise ValueError(
            f"'{folder}' holds no series of the {len(known)} studies of {split}.csv. Copy the "
            "files, or pass the folder of a complete set."
        )
    if len(exams) < len(known):
        said = "%d of %d studies in '%s' have no series in a slot and are left out."
        logger.info(said, len(known) - len(exams), len(known), folder)
    _warn_of_unusable(found, f"{split}_series.csv")
    labels = _tabulate(studies, [exam.id for exam in exams])
    texts = {exam.id: studies.reports[exam.id] for exam in exams if exam.id in studies.reports}
    reports = pd.Series(texts, dtype=object, name="report").rename_axis("exam")
    is_gold = pd.Series(
        [exam.id in studies.gold for exam in exams],
        index=pd.Index([exam.id for exam in exams], name="exam"),
        dtype=bool,
        name="is_gold",
    )
    return StudyDataset(tuple(exams), labels, reports, tuple(found), is_gold)


def load_rsna_labels(
    root: Given,
    split: str = "train",
    *,
    exclude: pd.DataFrame | Iterable[str] | None = None,
) -> pd.DataFrame:
    """Labels of one split of a folder in the RSNA layout; no folder of series is needed.

    Parameters
    ----------
    root : path or URL
        Folder that holds ``train.csv``, as for `load_rsna_knee`.
    split : {"train", "test"}, default "train"
    exclude : DataFrame or iterable of str, optional
        As for `load_rsna_knee`.

    Returns
    -------
    DataFrame of shape (n_exams, n_findings), float64
        0, 1 or NaN. The columns are those of `load_rsna_knee`.

    Raises
    ------
    FileNotFoundError, TypeError, ValueError
        As `load_rsna_knee`, or if the table has no findings.
    """
    root, excluded = open_root(root), list_excluded(exclude)
    require_set(root, split, images=False)
    studies = _read_split(root, split, excluded)
    _raise(root, split, studies.problems, excluded)
    if not studies.findings:
        raise ValueError(f"'{root / split}.csv' has no column of labels. Pass split='train'.")
    return _tabulate(studies, sorted(set(studies.labels) - excluded))


def _check_slots(slots: str | Sequence[str]) -> tuple[str, ...]:
    asked = check_series(slots, "slots")
    unknown = [slot for slot in asked if slot not in SLOTS]
    if unknown:
        plane = parse_series(unknown[0]).plane
        raise ValueError(
            f"`slots` must be some of {', '.join(SLOTS)}, got {name_some(unknown)}. Pass "
            f"'{plane}_fluid' or '{plane}_structural'."
        )
    return asked


def _check_findings(findings: str | Sequence[str] | None) -> tuple[str, ...] | None:
    if findings is None:
        return None
    if not isinstance(findings, Iterable):
        raise TypeError(f"`findings` must be names of columns, got {type(findings).__name__}.")
    names = (findings,) if isinstance(findings, str) else tuple(findings)
    odd = [name for name in names if not isinstance(name, str)]
    if odd:
        raise TypeError(f"`findings` must be names of columns, got {name_some(odd)}.")
    if not names or len(set(names)) < len(names):
        raise ValueError(
            f"`findings` must name one or more columns, each once, got {name_some(names)}."
        )
    return names


def _read_split(
    root: AnyPath, split: str, excluded: Collection[str], findings: Sequence[str] | None = None
) -> Studies:
    """Studies of a split; warn of columns left out and of excluded ids that neither split has."""
    studies = read_studies(find_file(root, f"{split}.csv"), findings)
    if studies.left_out:
        warnings.warn(
            f"'{root / split}.csv' has columns that '{SAMPLE}' lacks: "
            f"{name_some(studies.left_out)}. They are no labels here. To choose the columns of "
            "labels, pass `findings` to `load_rsna_knee`.",
            stacklevel=3,
        )
    unknown = sorted(set(excluded) - set(studies.labels))
    other = root / f"{SPLITS[1 - SPLITS.index(split)]}.csv"
    if unknown and other.is_file():
        known = read_studies(other).labels
        unknown = [study for study in unknown if study not in known]
        if unknown:
            warnings.warn(
                f"`exclude` should hold studies of '{root}', got {name_some(unknown)}, which "
                "neither train.csv nor test.csv has. Check the ids.",
                stacklevel=3,
            )
    return studies


def _raise(
    root: AnyPath, split: str, problems: Iterable[Problem], excluded: Collection[str]
) -> None:
    """Raise one error for all problems but those of excluded studies."""
    kept = [problem for problem in problems if problem.exam not in excluded]
    if kept:
        raise ValueError(format_problems(root, split, list(limit_problems(kept, f"'{root}'"))))


def _warn_of_unusable(found: Sequence[FoundSeries], name: str) -> None:
    reasons = Counter(one.reason for one in found if one.is_unusable)
    if reasons:
        listed = ", ".join(f"{reason}: {n}" for reason, n in sorted(reasons.items()))
        warnings.warn(
            f"{reasons.total()} of {len(found)} series in {name} can't be used ({listed}). "
            "`dataset.table()` lists them.",
            stacklevel=3,
        )


def _tabulate(studies: Studies, ids: Sequence[str]) -> pd.DataFrame:
    """Labels with a row per study; without rows if there are no findings."""
    if not studies.findings:
        return pd.DataFrame(index=pd.Index([], name="exam", dtype=object))
    values = np.array([studies.labels[study] for study in ids], dtype=np.float64)
    return pd.DataFrame(
        values.reshape(len(ids), -1),
        index=pd.Index(ids, name="exam"),
        columns=list(studies.findings),
    )
