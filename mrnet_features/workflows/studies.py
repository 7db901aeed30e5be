"""DICOM studies in a folder without any table: one subfolder per study, or one study."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from joblib import delayed

from mrnet_features.arrays import UInt8Array
from mrnet_features.data.dataset import Dataset
from mrnet_features.data.exam import Exam
from mrnet_features.data.study_exam import StudyExam, read_study
from mrnet_features.files.csv_files import read_table
from mrnet_features.files.reading import open_file
from mrnet_features.ids.rules import find_id_problem
from mrnet_features.jobs import run_jobs, show_progress
from mrnet_features.messages import describe_cause, name_some, quote
from mrnet_features.names import PLANES
from mrnet_features.series.dicom_files import read_dicom_header
from mrnet_features.series.side import Side

__all__ = ["UnreadableStudy", "find_studies", "holds_dicom", "keep_readable", "load_studies"]

logger = logging.getLogger("mrnet_features")

MOST_LOOKED_AT = 200
"""Most files of a folder that are opened to find one DICOM file."""

MOST_NOTES = 5
"""Most different notes that a message holds."""

LONGEST_PROBLEM = 1000
"""Most characters of the reason why a study can't be read."""


@dataclass(frozen=True, repr=False)
class UnreadableStudy(Exam):
    """Study that can't be read: whoever loads it gets the reason.

    Parameters
    ----------
    id, paths
        Exam id, and the folder of the study for every plane.
    problem : str
        Why it can't be read.
    """

    problem: str = ""

    def load(
        self,
        plane: str,  # noqa: ARG002
        *,
        mmap: bool = False,  # noqa: ARG002
        side: Side | None = None,  # noqa: ARG002
    ) -> UInt8Array:
        """Raise a ValueError with the reason; see `Exam.load`."""
        self._refuse()

    def find_shape(self, plane: str) -> tuple[int, int, int]:  # noqa: ARG002
        """Raise a ValueError with the reason; see `Exam.find_shape`."""
        self._refuse()

    def describe_files(self, plane: str) -> str:  # noqa: ARG002
        """Raise an OSError: a study that can't be read counts as changed, and is tried again."""
        raise OSError(self.problem)

    def _refuse(self) -> NoReturn:
        raise ValueError(self.problem)


def holds_dicom(root: Path) -> bool:
    """Whether a folder holds a DICOM file, directly or in one of its subfolders.

    Parameters
    ----------
    root : Path

    Returns
    -------
    bool
    """
    return _find_file(root) is not None


def find_studies(root: Path, ids: str | Path | None = None) -> dict[str, Path]:
    """Folder of each study by exam id.

    A folder with DICOM files of its own, with a DICOMDIR, or whose subfolders belong to one
    StudyInstanceUID, is one study. In any other folder each subfolder with DICOM files is one.

    Parameters
    ----------
    root : Path
    ids : path, optional
        CSV with the columns folder and exam: exam ids in place of the names of the folders.

    Returns
    -------
    dict of str to Path
        Sorted by the name of the folder.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    OSError, ValueError, ModuleNotFoundError
        If there is no DICOM file, a name is no exam id, or the CSV lacks a folder.
    """
    if not root.is_dir():
        raise FileNotFoundError(f"There is no folder '{root}'. Pass a folder of DICOM studies.")
    folders = [] if _is_study(root) else _list_folders(root)
    firsts = {folder: _find_file(folder) for folder in folders}
    found = {folder: file for folder, file in firsts.items() if file is not None}
    if not found and not holds_dicom(root):
        raise ValueError(
            f"'{root}' holds no DICOM file that begins as one. Pass the folder of a study, or one "
            "with a subfolder per study."
        )
    if not found or _are_one_study(found.values()):
        found, firsts = {root: root}, {}
    left_out = [folder.name for folder, file in firsts.items() if file is None]
    if left_out:
        one = len(left_out) == 1
        n_folders = "1 folder holds" if one else f"{len(left_out)} folders hold"
        said = "%s no DICOM file and %s left out: %s."
        logger.info(said, n_folders, "is" if one else "are", name_some(left_out))
    names = {folder: folder.absolute().name for folder in found}
    return _name_studies(names, ids)


def load_studies(
    root: str | Path,
    ids: str | Path | None = None,
    *,
    n_jobs: int | None = None,
) -> tuple[Exam, ...]:
    """Exams of the studies of a folder; of each plane one series is chosen by `choose_series`.

    Parameters
    ----------
    root : path
    ids : path, optional
        See `find_studies`.
    n_jobs : int, optional
        Parallel processes.

    Returns
    -------
    tuple of Exam
        A `StudyExam`, or an `UnreadableStudy` where the study can't be read.

    Raises
    ------
    OSError, ValueError, ModuleNotFoundError
        As `find_studies`; or if no study can be read.
    """
    studies = find_studies(Path(root), ids)
    by = "the CSV gives their ids" if ids else "exam ids are the names of the folders"
    n_studies = f"{len(studies)} DICOM {'study' if len(studies) == 1 else 'studies'}"
    logger.info("'%s' holds %s; %s.", root, n_studies, by)
    calls = (delayed(_read_study)(folder, exam) for exam, folder in studies.items())
    exams: list[Exam] = []
    with (
        contextlib.closing(run_jobs(calls, n_jobs)) as results,
        show_progress(len(studies), "read headers", "study", None) as bar,
    ):
        for exam in results:
            exams.append(exam)
            bar.update()
    broken = [exam for exam in exams if isinstance(exam, UnreadableStudy)]
    if len(broken) == len(exams):
        raise ValueError(f"No study of '{root}' can be read. The first: {broken[0].problem}")
    noted = [exam for exam in exams if isinstance(exam, StudyExam) and exam.warnings]
    if noted:
        have = "has" if len(noted) == 1 else "have"
        logger.info("%d of %s %s notes: %s", len(noted), n_studies, have, _list_notes(noted))
    return tuple(exams)


def _list_notes(noted: list[StudyExam]) -> str:
    """Each different note once, with the studies that have it; the most frequent first."""
    studies: dict[str, list[str]] = {}
    for exam in noted:
        for note in dict.fromkeys(exam.warnings):
            studies.setdefault(note, []).append(exam.id)
    ordered = sorted(studies.items(), key=lambda pair: -len(pair[1]))
    listed = [f"{name_some(ids)}: {note}" for note, ids in ordered[:MOST_NOTES]]
    more = len(ordered) - len(listed)
    return " ".join([*listed, *([f"Not shown: {more} more."] if more else [])])


def keep_readable(dataset: Dataset) -> Dataset:
    """Exams of a dataset without the studies that can't be read, which a warning names.

    Parameters
    ----------
    dataset : Dataset

    Returns
    -------
    Dataset
    """
    broken = [exam for exam in dataset.exams if isinstance(exam, UnreadableStudy)]
    if not broken:
        return dataset
    said = "%d of %d studies can't be read and %s left out: %s. The first: %s"
    verb = "is" if len(broken) == 1 else "are"
    names = name_some([exam.id for exam in broken])
    logger.warning(said, len(broken), len(dataset), verb, names, broken[0].problem)
    return dataset[[not isinstance(exam, UnreadableStudy) for exam in dataset.exams]]


def _read_study(folder: Path, exam: str) -> Exam:
    """Exam of a study, or why there is none; runs in a worker process."""
    try:
        return read_study(folder, id=exam)
    except (OSError, ValueError) as error:
        problem = describe_cause(error, LONGEST_PROBLEM)
        return UnreadableStudy(exam, dict.fromkeys(PLANES, folder), problem)


def _is_study(folder: Path) -> bool:
    """Whether DICOM files, or their index, lie in a folder itself."""
    with os.scandir(folder) as entries:
        files = sorted(
            folder / entry.name for entry in entries if not entry.is_dir(follow_symlinks=False)
        )
    if any(file.name.upper() == "DICOMDIR" for file in files):
        return True
    return any(map(_is_dicom, files[:MOST_LOOKED_AT]))


def _list_folders(root: Path) -> list[Path]:
    with os.scandir(root) as entries:
        names = [e.name for e in entries if e.is_dir() and not e.name.startswith(".")]
    return [root / name for name in sorted(names)]


def _are_one_study(files: Iterable[Path]) -> bool:
    """Whether some files state the same study."""
    uids = set()
    for file in files:
        try:
            uids.add(read_dicom_header(file).tags.word("StudyInstanceUID"))
        except ValueError:  # a damaged file; its study is reported when it is read
            return False
    return len(uids) == 1 and uids != {""}


def _find_file(folder: Path) -> Path | None:
    """First DICOM file below a folder, among the first files."""
    files = itertools.islice(_walk(folder), MOST_LOOKED_AT)
    return next(filter(_is_dicom, files), None)


def _walk(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder in the order of their names; hidden ones are left out."""
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and name.upper() != "DICOMDIR":
                yield Path(parent, name)


def _is_dicom(path: Path) -> bool:
    """Whether a file begins as a DICOM file."""
    try:
        with open_file(path) as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:  # a pipe, a link that leads nowhere, no permission
        return False


def _name_studies(names: Mapping[Path, str], ids: str | Path | None) -> dict[str, Path]:
    """Folders by exam id; ids must be valid and differ."""
    given = dict(zip(names.values(), names.values(), strict=True))
    if ids is not None:
        table = read_table(ids)
        if set(table.columns) != {"folder", "exam"}:
            raise ValueError(
                f"'{ids}' must have the columns folder and exam, got "
                f"{name_some(list(table.columns))}."
            )
        given = dict(zip(table["folder"], table["exam"], strict=True))
        if len(given) < len(table):
            twice = list(table["folder"][table["folder"].duplicated()].unique())
            raise ValueError(f"'{ids}' must name each folder once, got {name_some(twice)} again.")
        lacking = [name for name in names.values() if name not in given]
        if lacking:
            raise ValueError(
                f"'{ids}' must name every folder with a study, and lacks {name_some(lacking)}."
            )
    found: dict[str, Path] = {}
    for folder, name in names.items():
        exam = given[name]
        problem = find_id_problem(exam)
        if problem:
            raise ValueError(
                f"The name of a folder is the exam id, but {quote(exam)} {problem}. Rename the "
                "folder, or pass `ids`, a CSV with the columns folder and exam."
            )
        if exam in found:
            raise ValueError(f"'{ids}' must give each folder its own id, got {quote(exam)} twice.")
        found[exam] = folder
    return found
