"""Exam: the stack files of one knee. Dataset: the exams and labels of one split."""

from __future__ import annotations

import bisect
import dataclasses
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, overload

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrnet_features.arrays import UInt8Array
from mrnet_features.data.stack_files import read_stack, read_stack_shape
from mrnet_features.messages import describe_cause, list_names, quote
from mrnet_features.names import say_series
from mrnet_features.notebook_html import format_code, format_paragraph, format_table
from mrnet_features.series.dicom_files import list_files
from mrnet_features.series.load import is_scanner_file, load_series
from mrnet_features.series.nifti import find_json_beside, is_nifti

if TYPE_CHECKING:
    from mrnet_features.data.study_exam import StudyExam

__all__ = ["Dataset", "Exam"]


@dataclass(frozen=True, repr=False)
class Exam:
    """One knee examination: an id, and a stack file per series.

    Parameters
    ----------
    id : str
        Exam id as text with its leading zeros, such as "0042".
    paths : mapping of str to Path
        The ``.npy`` file of each series; or a DICOM file, the folder of a DICOM series, or a NIfTI
        file, which are read by `load_series` with its defaults. MRNet has one series per plane:
        axial, coronal, sagittal. Others are named by plane and weighting, such as
        ``sagittal_fluid``. Kept as absolute paths, so that they stay valid if the working folder
        changes, and in worker processes that were started in another one.
    """

    id: str
    paths: Mapping[str, Path]

    def __post_init__(self) -> None:
        """Make the paths absolute."""
        absolute = {plane: Path(path).absolute() for plane, path in self.paths.items()}
        object.__setattr__(self, "paths", absolute)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({quote(self.id)}, planes {list_names(self.paths)})"

    def _repr_html_(self) -> str:
        """Table of the files. It holds no pixels: a saved notebook must not pass them on."""
        rows = [(plane, _describe_file(path), str(path)) for plane, path in self.paths.items()]
        # as objects: pandas' own text can't hold the name of a file that is not UTF-8
        table = pd.DataFrame(rows, columns=["plane", "size", "file"], dtype=object)
        parts = [format_paragraph(repr(self))]
        if rows:
            hint = (format_code("mf.plot_exam(exam)"), " shows the slices.")
            parts += [format_table(table), format_paragraph(*hint)]
        return "\n".join(parts)

    def load(self, plane: str, *, mmap: bool = False) -> UInt8Array:
        """Stack of one series.

        Parameters
        ----------
        plane : str
            One of the exam's planes or other series.
        mmap : bool, default False
            Map a ``.npy`` file into memory, read-only, instead of reading it.

        Returns
        -------
        ndarray of shape (n_slices, height, width), uint8
            Grey levels 0 to 255.

        Raises
        ------
        KeyError
            If the exam has no file for the series.
        OSError, ModuleNotFoundError
            As `load_series`, for DICOM and NIfTI.
        ValueError
            If the file can't be read or is not a complete uint8 stack of at least one slice.
        """
        path = self._find_path(plane)
        try:
            if is_scanner_file(path):
                return load_series(path, plane=plane).stack
            return read_stack(path, mmap=mmap)
        except ValueError as error:
            raise ValueError(f"Exam {quote(self.id)}, {say_series(plane)}: {error}") from error

    def find_shape(self, plane: str) -> tuple[int, int, int]:
        """Shape of the stack of one plane; no pixel of a ``.npy`` file is read.

        Parameters
        ----------
        plane : str
            One of the exam's planes.

        Returns
        -------
        tuple of int
            (n_slices, height, width).

        Raises
        ------
        KeyError, OSError, ValueError, ModuleNotFoundError
            As `load`.
        """
        n_slices, height, width = self.load(plane, mmap=True).shape
        return n_slices, height, width

    def describe_files(self, plane: str) -> str:
        """Size, modification time and change time of the files of a plane; no file is read.

        Parameters
        ----------
        plane : str
            One of the exam's planes.

        Returns
        -------
        str

        Raises
        ------
        OSError
            If a file is missing.
        """
        path = self.paths[plane]
        files = [path]
        if path.is_dir():
            files, _ = list_files(path)
        elif is_nifti(path):
            files += [beside for beside in [find_json_beside(path)] if beside.exists()]
        return describe_states(files)

    @classmethod
    def from_dicom(
        cls,
        folder: str | Path,
        *,
        id: str | None = None,  # noqa: A002 (the name of the field)
        series: Mapping[str, str] | None = None,
        **options: Any,
    ) -> StudyExam:
        """Exam of the DICOM files of one study: a folder as it lies on a hospital's CD.

        All series are found by SeriesInstanceUID, however the files are spread over folders. Of
        each plane one series is chosen by the rule of `choose_series`: `exam.table()` lists all of
        them, with what was chosen and why.

        Parameters
        ----------
        folder : path
        id : str, optional
            Exam id; the name of the folder by default. Pass one if folders are named by patients.
        series : mapping of plane -> SeriesInstanceUID, optional
            Series to take instead of the chosen ones.
        **options
            pixel_mm, size and percentiles, as for `load_series`.

        Returns
        -------
        StudyExam
            It has the planes that were found.

        Raises
        ------
        FileNotFoundError
            If there is no such folder.
        ModuleNotFoundError
            If pydicom is missing.
        OSError, ValueError
            If a file can't be read, no series is found, the folder holds several studies, or a
            parameter is invalid.

        Examples
        --------
        Three lines from a CD to a row of features::

            import mrnet_features as mf
            exam = mf.Exam.from_dicom("/media/cdrom", id="0042")
            row = mf.FeatureExtractor().fit_transform([exam])
        """
        from mrnet_features.data.study_exam import read_study

        return read_study(folder, id=id, series=series, **options)

    def _find_path(self, plane: str) -> Path:
        """File of a series; an error that lists the series if there is none."""
        if plane not in self.paths:
            raise KeyError(
                f"Exam {quote(self.id)} has no file for {say_series(plane)} (series present: "
                f"{', '.join(self.paths) or 'none'}). Pass the planes you have, extract with "
                "missing='nan', or exclude it."
            )
        return self.paths[plane]


def describe_states(files: Sequence[Path]) -> str:
    """Size, modification time and change time of some files; no file is read.

    Parameters
    ----------
    files : sequence of Path

    Returns
    -------
    str

    Raises
    ------
    OSError
        If a file is missing.
    """
    states = (file.stat() for file in files)
    return " ".join(f"{state.st_size} {state.st_mtime_ns} {state.st_ctime_ns}" for state in states)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Exams and labels of one split, in the same order.

    ``dataset["0003"]`` is the exam with that id, ``dataset[3]`` the fourth exam. A slice, a list
    of ids or a boolean mask gives a smaller `Dataset`. Iteration yields the exams.

    Parameters
    ----------
    exams : tuple of Exam
        `load_mrnet` sorts them by id.
    labels : DataFrame of shape (n_exams, 3), int8
        Index: exam id as text, named "exam"; columns abnormal, acl, meniscus, each 0 or 1. A
        table without rows where there are no labels.

    Examples
    --------
    >>> exams = tuple(Exam(id, {}) for id in ("0000", "0001", "0002"))
    >>> labels = pd.DataFrame({"acl": [0, 1, 1]}, index=[exam.id for exam in exams])
    >>> train = Dataset(exams, labels)
    >>> train["0001"].id, train[-1].id, "0007" in train
    ('0001', '0002', False)
    >>> train[train.labels["acl"] == 1].ids
    ('0001', '0002')
    """

    exams: tuple[Exam, ...]
    labels: pd.DataFrame

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the exams, in order."""
        return tuple(exam.id for exam in self.exams)

    def __len__(self) -> int:
        return len(self.exams)

    def __iter__(self) -> Iterator[Exam]:
        return iter(self.exams)

    def __contains__(self, item: object) -> bool:
        """Whether the dataset has an exam id, or an exam."""
        return item in (self._index_by_id if isinstance(item, str) else self.exams)

    @overload
    def __getitem__(self, key: str | int) -> Exam: ...

    @overload
    def __getitem__(
        self,
        key: slice | list[str] | list[bool] | list[int] | NDArray[Any] | pd.Series[Any] | pd.Index,
    ) -> Self: ...

    def __getitem__(self, key: Any) -> Exam | Self:
        """Exam with an id or at a position; or the exams of a slice, list or mask as a Dataset.

        Parameters
        ----------
        key : str, int, slice, or list, array, Series or Index of str, bool or int
            A mask must have one value per exam; a mask that is a Series must have the ids as its
            index, in the order of the exams.

        Raises
        ------
        KeyError
            If the dataset has no exam with an id.
        IndexError
            If a position does not exist, or a mask has another length.
        TypeError
            If the key is none of these.
        ValueError
            If a list names an exam twice, or the index of a mask does not match.
        """
        if isinstance(key, str):
            return self.exams[self._find(key)]
        if isinstance(key, slice):
            return self._take(range(len(self))[key])
        if isinstance(key, int | np.integer) and not isinstance(key, bool):
            return self.exams[self._check_position(int(key))]
        return self._take(self._find_many(key))

    def __repr__(self) -> str:
        listed = list_names(f"{task} {int(n)}" for task, n in (self.labels == 1).sum().items())
        positives = f"positive: {listed}" if len(self.labels.columns) else "no labels"
        return f"{type(self).__name__}({len(self)} exams; {positives})"

    def _repr_html_(self) -> str:
        """Exams per plane and label; no file is opened."""
        planes = Counter(plane for exam in self.exams for plane in exam.paths)
        counts = pd.Series(planes, name="exams", dtype="int64").rename_axis("plane").to_frame()
        known = {"positive": self.labels == 1, "negative": self.labels == 0}
        labels = pd.DataFrame({name: cells.sum() for name, cells in known.items()})
        labels["no label"] = self.labels.isna().sum()
        hint = (format_code("mf.explore(dataset)"), " and ", format_code("mf.view(dataset)"))
        parts = [format_paragraph(repr(self)), format_paragraph(f"Ids: {list_names(self.ids)}.")]
        parts += [format_table(counts)] if planes else []
        parts += [format_table(labels.rename_axis("task"))] if len(labels) else []
        return "\n".join([*parts, format_paragraph(*hint, " show more.")])

    @cached_property
    def _index_by_id(self) -> dict[str, int]:
        return {exam.id: index for index, exam in enumerate(self.exams)}

    def _find(self, exam_id: str) -> int:
        """Index of the exam with an id."""
        index = self._index_by_id.get(exam_id)
        if index is None:
            padded, known = self._pad(exam_id), sorted(self._index_by_id)
            k = bisect.bisect(known, padded)
            near = [padded] if padded in self._index_by_id else known[max(k - 1, 0) : k + 1]
            raise KeyError(
                f"This dataset of {len(self)} exams has no exam {quote(exam_id)}. Near ids: "
                f"{', '.join(near) or 'none'}. See `ids` for all."
            )
        return index

    def _pad(self, number: str) -> str:
        """Number with as many digits as the first id, if that is a number too."""
        first = next(iter(self._index_by_id), "")
        return number.zfill(len(first)) if first.isdecimal() else number

    def _check_position(self, position: int) -> int:
        """Position counted from the start, or from the end if negative."""
        if not -len(self) <= position < len(self):
            raise IndexError(
                f"This dataset of {len(self)} exams has no position {position}. Pass an exam id "
                f"as text, such as '{self._pad(str(abs(position)))}'."
            )
        return position % len(self)

    def _find_many(self, key: Any) -> list[int]:
        """Indices of the exams that a list or a mask selects."""
        if not isinstance(key, list | np.ndarray | pd.Series | pd.Index):
            raise TypeError(
                "A dataset is indexed by an exam id, a position, a slice, a list of ids or a "
                f"boolean mask, got {type(key).__name__}. Pass a list for several exams."
            )
        values = list(key)
        if values and all(isinstance(value, bool | np.bool_) for value in values):
            if isinstance(key, pd.Series) and tuple(key.index) != self.ids:
                raise ValueError(
                    "The index of a mask must be the ids of the exams in their order. Reindex it: "
                    "mask.loc[list(dataset.ids)]."
                )
            if len(values) != len(self):
                raise IndexError(
                    f"A mask must have one value per exam ({len(self)}), got {len(values)}."
                )
            return [index for index, is_kept in enumerate(values) if is_kept]
        indices: dict[int, None] = {}
        for value in values:
            if isinstance(value, str):
                index = self._find(value)
            elif isinstance(value, int | np.integer) and not isinstance(value, bool):
                index = self._check_position(int(value))
            else:
                raise TypeError(
                    "A list that selects exams must hold ids, positions, or one bool per exam, "
                    f"got {quote(value)}."
                )
            if index in indices:
                raise ValueError(
                    f"A dataset holds each exam once, got {quote(self.exams[index].id)} twice. "
                    "Drop one."
                )
            indices[index] = None
        return list(indices)

    def _take(self, indices: range | list[int]) -> Self:
        """Dataset of the exams at some indices; all tables with a row per exam follow."""
        changes: dict[str, Any] = {"exams": tuple(self.exams[index] for index in indices)}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, pd.DataFrame | pd.Series) and len(value):
                changes[field.name] = value.iloc[list(indices)]
        return dataclasses.replace(self, **changes)


def _describe_file(path: Path) -> str:
    """Shape of a stack from the header of its file, or why there is none; no pixel is read."""
    if path.is_dir():
        return "a folder of DICOM files"
    if not path.is_file():
        return "no such file"
    if path.suffix != ".npy":  # such as the pickles of KneeMRI
        return ""
    try:
        n_slices, height, width = read_stack_shape(path)
    except ValueError as error:
        return describe_cause(error)
    return f"{n_slices} slices of {height} x {width}"
