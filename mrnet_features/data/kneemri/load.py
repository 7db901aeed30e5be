"""Load a KneeMRI folder (Štajduhar 2017): exams, labels and groups; no pickle is executed."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mrnet_features.arrays import UInt8Array
from mrnet_features.data.dataset import Dataset
from mrnet_features.data.exam import Exam
from mrnet_features.data.kneemri.pickled_arrays import read_pickled_array
from mrnet_features.files.csv_files import read_table
from mrnet_features.files.paths import require_local
from mrnet_features.ids.rules import find_id_problem
from mrnet_features.messages import quote
from mrnet_features.series.side import Side

PLANE = "sagittal"
N_LEVELS_12_BIT = 4096

LEVELS_12_BIT = (np.arange(N_LEVELS_12_BIT) // 16).astype(np.uint8)
"""Grey level 0 to 255 of each 12-bit value: the value divided by 16. The same for every exam, so
that grey levels can be compared between exams."""

COLUMNS = ("examId", "seriesNo", "aclDiagnosis", "volumeFilename")


@dataclass(frozen=True, repr=False)
class KneeMriExam(Exam):
    """One KneeMRI volume: an `Exam` stored as a pickled 12-bit array.

    Parameters
    ----------
    id : str
        ``examId-seriesNo``, such as "329637-8".
    paths : mapping of str to Path
        The ``.pck`` file of the sagittal plane.
    """

    def load(
        self,
        plane: str,
        *,
        mmap: bool = False,
        side: Side | None = None,  # noqa: ARG002
    ) -> UInt8Array:
        """Stack of the sagittal plane, converted from 12 bit to 8 by `LEVELS_12_BIT`.

        Parameters
        ----------
        plane : str
            "sagittal".
        mmap : bool, default False
            Must be False: a pickle can't be mapped into memory.
        side : Side, optional
            Not used: the stacks have no tags.

        Returns
        -------
        ndarray of shape (n_slices, height, width), uint8
            Grey levels 0 to 255.

        Raises
        ------
        KeyError
            If the exam has no file for the plane.
        ValueError
            If the file is not a pickled array of three dimensions with values 0 to 4095.
        OSError
            If the file is gone or is not a regular file.
        """
        path = require_local(self._find_path(plane), "KneeMRI")
        if mmap:
            raise ValueError(
                "`mmap` must be False for KneeMRI, got True: a pickle can't be mapped."
            )
        volume = read_pickled_array(path)
        if volume.ndim != 3 or 0 in volume.shape or volume.dtype.kind not in "iu":
            raise ValueError(
                f"Exam {quote(self.id)}: '{path}' must hold integers of shape (n_slices, height, "
                f"width), got {volume.shape} {volume.dtype}. Copy the file again."
            )
        if volume.min() < 0 or volume.max() >= N_LEVELS_12_BIT:
            raise ValueError(
                f"Exam {quote(self.id)}: '{path}' must hold 12-bit values 0 to 4095, got "
                f"{volume.min()} to {volume.max()}. Copy the file again."
            )
        return self._rescale(np.ascontiguousarray(LEVELS_12_BIT[volume]), plane)

    def find_shape(self, plane: str) -> tuple[int, int, int]:
        """Shape of the stack; a pickle does not state it, so it is read. See `Exam.find_shape`."""
        n_slices, height, width = self.load(plane).shape
        return n_slices, height, width


@dataclass(frozen=True, eq=False, repr=False)
class KneeMriDataset(Dataset):
    """Volumes with their labels and examinations; indexed as a `Dataset`.

    Parameters
    ----------
    exams : tuple of KneeMriExam
        Sorted by id.
    labels : DataFrame of shape (n_volumes, 2), int8
        Columns injury (diagnosis 1 or 2) and rupture (diagnosis 2).
    groups : Series of shape (n_volumes,), str
        The examId of each volume. Pass it to `cross_validate`: an examination can have several
        volumes.
    regions : DataFrame of shape (n_volumes, 6), int64
        The published box: roiX, roiY, roiZ, roiWidth, roiHeight, roiDepth in pixels and slices.
        No columns if ``metadata.csv`` has none of them.
    """

    groups: pd.Series[Any]
    regions: pd.DataFrame


def load_kneemri(root: str | Path) -> KneeMriDataset:
    """Volumes and labels of a KneeMRI folder.

    Parameters
    ----------
    root : path
        Folder that holds ``metadata.csv`` and, at any depth, the ``.pck`` volumes it names. All
        volumes are sagittal, so an extractor needs ``planes=("sagittal",)``.

    Returns
    -------
    KneeMriDataset

    Raises
    ------
    FileNotFoundError
        If ``metadata.csv`` or a volume is missing.
    ValueError
        If ``metadata.csv`` is not such a table, a diagnosis is not 0, 1 or 2, a number of a box is
        not whole, or a volume is listed twice or found in two folders.

    References
    ----------
    Štajduhar, Mamula, Miletić and Ünal 2017, Computer Methods and Programs in Biomedicine
    140:151-164.
    """
    folder = require_local(root, "KneeMRI")
    table = folder / "metadata.csv"
    try:
        rows = _read_metadata(table)
    except FileNotFoundError:
        raise FileNotFoundError(
            f"There is no '{table}'. Pass the folder that holds metadata.csv and the volumes."
        ) from None
    files = _find_volumes(folder, set(rows["volumeFilename"]))
    absent = [name for name in rows["volumeFilename"] if name not in files]
    if absent:
        raise FileNotFoundError(
            f"There is no {quote(absent[0])} under '{folder}' ({len(absent)} of {len(rows)} "
            "volumes are missing). Unpack all archives of the data set."
        )
    diagnosis = rows["aclDiagnosis"]
    labels = pd.DataFrame({"injury": diagnosis >= 1, "rupture": diagnosis == 2}).astype("int8")
    return KneeMriDataset(
        exams=tuple(
            KneeMriExam(exam, {PLANE: files[name]})
            for exam, name in zip(rows.index, rows["volumeFilename"], strict=True)
        ),
        labels=labels,
        groups=rows["examId"].rename("group"),
        regions=rows[_list_boxes(rows)].astype("int64"),
    )


def _read_metadata(path: Path) -> pd.DataFrame:
    """Rows of ``metadata.csv``, checked and sorted, with ``examId-seriesNo`` as the index."""
    rows = read_table(path)
    missing = [column for column in COLUMNS if column not in rows.columns]
    if missing:
        raise ValueError(
            f"'{path}' must have the columns {', '.join(COLUMNS)}, but lacks "
            f"{', '.join(missing)}. Copy it again."
        )
    if not len(rows):
        raise ValueError(f"'{path}' must list at least one volume, got none. Copy it again.")
    for column in ("examId", "seriesNo"):
        for line, text in rows[column].items():
            problem = find_id_problem(text)
            if problem:
                raise ValueError(
                    f"'{path}' line {line}, column '{column}': {quote(text)} {problem}. Correct it."
                )
    for column in ("aclDiagnosis", *_list_boxes(rows)):
        rows[column] = [
            _read_whole(path, line, column, text) for line, text in rows[column].items()
        ]
    wrong = rows[~rows["aclDiagnosis"].isin([0, 1, 2])]
    if len(wrong):
        raise ValueError(
            f"'{path}' must have an aclDiagnosis of 0, 1 or 2, got "
            f"'{wrong['aclDiagnosis'].iloc[0]}' for exam {quote(wrong['examId'].iloc[0])}. "
            "Copy it again."
        )
    shared = rows["volumeFilename"][rows["volumeFilename"].duplicated()]
    if len(shared):
        raise ValueError(
            f"'{path}' must name each file once, got {quote(shared.iloc[0])} again in line "
            f"{shared.index[0]}. Copy it again."
        )
    rows.index = pd.Index(rows["examId"] + "-" + rows["seriesNo"], name="exam")
    if rows.index.has_duplicates:
        twice = rows.index[rows.index.duplicated()].min()
        raise ValueError(
            f"'{path}' must name each volume once, got {quote(twice)} twice. Copy it again."
        )
    return rows.sort_index()


def _read_whole(path: Path, line: Any, column: str, text: str) -> int:
    """Whole number of a cell; spreadsheets and pandas write ``12.0`` for 12."""
    if not re.fullmatch(r"[+-]?[0-9]{1,9}(\.0*)?", text):
        raise ValueError(
            f"'{path}' line {line}, column {quote(column)} must be a whole number, got "
            f"{quote(text)}. Correct it."
        )
    return int(text.split(".")[0])


def _list_boxes(rows: pd.DataFrame) -> list[str]:
    """Columns of the published box."""
    return [column for column in rows.columns if re.fullmatch("roi[A-Z].*", column)]


def _find_volumes(folder: Path, names: Collection[str]) -> dict[str, Path]:
    """Volumes with some names, at any depth of a folder."""
    files: dict[str, Path] = {}
    for path in sorted(folder.rglob("*.pck")):
        if path.name in names:
            if path.name in files:
                raise ValueError(
                    f"'{folder}' must hold each volume once, got '{files[path.name]}' and "
                    f"'{path}'. Delete the one that is not part of the data set."
                )
            files[path.name] = path
    return files
