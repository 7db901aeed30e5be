"""Exam: the stack files of one knee."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from mrnet_features.arrays import UInt8Array
from mrnet_features.data.stack_files import read_stack, read_stack_shape
from mrnet_features.messages import describe_cause, list_names, quote
from mrnet_features.names import is_series, parse_series, say_series
from mrnet_features.notebook_html import format_code, format_paragraph, format_table
from mrnet_features.series.assemble import Scale, find_series_plane
from mrnet_features.series.dicom_files import list_files
from mrnet_features.series.load import is_scanner_file, load_series, read_volume
from mrnet_features.series.nifti import find_json_beside, is_nifti

if TYPE_CHECKING:
    from mrnet_features.data.study_exam import StudyExam

__all__ = ["Exam", "describe_states"]


@dataclass(frozen=True, repr=False)
class Exam:
    """One knee examination: an id, and a stack file per series.

    Parameters
    ----------
    id : str
        Exam id as text with its leading zeros, such as "0042".
    paths : mapping of str to Path
        The ``.npy`` file of each series; or a DICOM file, the folder of a DICOM series, or a NIfTI
        file, which are read by `load_series` in the plane of the name. MRNet has one series per
        plane: axial, coronal, sagittal. Others are named by plane and weighting, such as
        ``sagittal_fluid``. Kept as absolute paths, so that they stay valid if the working folder
        changes, and in worker processes that were started in another one.
    scale : Scale, optional
        Pixel size, size and percentiles of the stacks from DICOM and NIfTI, as for `load_series`.
        ``.npy`` files are read as they are.
    """

    id: str
    paths: Mapping[str, Path]
    scale: Scale = field(default=Scale(), kw_only=True)

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
                return load_series(path, plane=_find_plane(plane), **self.scale._asdict()).stack
            return read_stack(path, mmap=mmap)
        except ValueError as error:
            raise ValueError(f"Exam {quote(self.id)}, {say_series(plane)}: {error}") from error

    def find_shape(self, plane: str) -> tuple[int, int, int]:
        """Shape of the stack of one series, from the headers of its files.

        Parameters
        ----------
        plane : str
            One of the exam's planes or other series.

        Returns
        -------
        tuple of int
            (n_slices, height, width).

        Raises
        ------
        KeyError, OSError, ValueError, ModuleNotFoundError
            As `load`.
        """
        path = self.paths.get(plane)
        if path is None or not is_scanner_file(path):
            n_slices, height, width = self.load(plane, mmap=True).shape
            return n_slices, height, width
        try:
            volume = read_volume(path, _find_plane(plane))
            find_series_plane(volume, str(path), _find_plane(plane))  # refuses another plane
        except ValueError as error:
            raise ValueError(f"Exam {quote(self.id)}, {say_series(plane)}: {error}") from error
        return volume.n_slices, self.scale.size, self.scale.size

    def describe_files(self, plane: str) -> str:
        """Size, modification time and change time of the files of a series; no file is read.

        The scale of the stack follows for DICOM and NIfTI.

        Parameters
        ----------
        plane : str
            One of the exam's planes or other series.

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
        if not is_scanner_file(path):
            return describe_states(files)
        if path.is_dir():
            files, _ = list_files(path)
        elif is_nifti(path):
            files += [beside for beside in [find_json_beside(path)] if beside.exists()]
        return f"{describe_states(files)} {self.scale}"

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


def _find_plane(series: str) -> str | None:
    """Plane that the name of a series states, or None."""
    return parse_series(series).plane if is_series(series) else None


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
