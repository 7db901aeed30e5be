"""Exam: the stack files of one knee."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import pandas as pd

from mrnet_features.arrays import UInt8Array
from mrnet_features.data.exam_files import advise_on_gaps, describe_file, describe_states
from mrnet_features.data.exam_paths import ExamPaths
from mrnet_features.data.exam_side import check_sided, find_headers_side
from mrnet_features.data.stack_files import read_stack, read_stack_shape
from mrnet_features.files.stored_paths import AnyPath, Given, StoredPath
from mrnet_features.messages import list_names, name_some, quote
from mrnet_features.names import is_series, parse_series, say_series
from mrnet_features.notebook_html import format_code, format_paragraph, format_table
from mrnet_features.series.assemble import Scale, assemble, find_series_plane
from mrnet_features.series.dicom_files import list_files
from mrnet_features.series.fetching import fetch
from mrnet_features.series.load import check_spacing, is_scanner_file, read_volume
from mrnet_features.series.nifti import find_json_beside, is_nifti
from mrnet_features.series.side import Side, make_side
from mrnet_features.series.stack_scale import resample_stack

if TYPE_CHECKING:
    from mrnet_features.data.study_exam import StudyExam

__all__ = ["Exam", "Spacing"]

Spacing: TypeAlias = tuple[float, float] | Mapping[str, tuple[float, float]]
"""Distance of rows and of columns in mm, of all series or by series."""


@dataclass(frozen=True, repr=False)
class Exam:
    """One knee examination: an id, and a stack file per series.

    Parameters
    ----------
    id : str
        Exam id as text with its leading zeros, such as "0042".
    paths : mapping of str to path or URL
        The ``.npy`` file of each series; or the folder of a DICOM series, a DICOM file named
        ``.dcm`` or a NIfTI file, which are read by `load_series` in the plane of the name. MRNet
        has one series per plane: axial, coronal, sagittal. Others are named by plane and weighting,
        such as ``sagittal_fluid``. Kept as absolute paths, so that they stay valid if the working
        folder changes, and in worker processes that were started in another one. URLs and files in
        a zip file are as for `load_mrnet`.
    scale : Scale, optional
        Pixel size, size and percentiles of the stacks from DICOM and NIfTI, as for `load_series`.
        ``.npy`` files are read as they are, unless `spacing_mm` is given.
    side : {"left", "right"} or Side, optional
        Side of the knee, for ``FeatureExtractor(sides="known")``; it counts before any tag. A Side,
        as from `find_side`, keeps how it was found. By default the side is found in the headers of
        DICOM and NIfTI files.
    spacing_mm : pair of float, or mapping of series to pair of float, optional
        Distance of rows and of columns in mm. Stacks of ``.npy`` files are then resampled to the
        pixel size and the size of `scale`, 0.6 mm and 256 pixels by default, and keep their grey
        levels. DICOM and NIfTI files state it themselves.

    Raises
    ------
    TypeError
        If `id` is not text, or `paths` not a mapping of text to paths.
    ValueError
        If `side` or `spacing_mm` is invalid, or the latter names a series without a path.
    """

    id: str
    paths: Mapping[str, AnyPath]
    scale: Scale = field(default=Scale(), kw_only=True)
    side: str | Side | None = field(default=None, kw_only=True)
    spacing_mm: Spacing | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        """Make the paths absolute, and check id, names of the series, side and spacing."""
        if not isinstance(self.id, str):
            raise TypeError(f"`id` must be text such as '0042', got {quote(self.id)}.")
        if not isinstance(self.paths, ExamPaths):
            object.__setattr__(self, "paths", ExamPaths(self.paths))
        spacing: Any = self.spacing_mm
        try:
            make_side(self.side)
            if isinstance(spacing, Mapping):
                spacing = {series: check_spacing(pair) for series, pair in spacing.items()}
            else:
                spacing = check_spacing(spacing)
        except ValueError as error:
            raise ValueError(f"Exam {quote(self.id)}: {error}") from None
        object.__setattr__(self, "spacing_mm", spacing)
        unknown = set(spacing) - set(self._list_series()) if isinstance(spacing, Mapping) else set()
        if unknown:
            raise ValueError(
                f"Exam {quote(self.id)}: `spacing_mm` must name series of the exam, got "
                f"{name_some(sorted(map(str, unknown)))}. It has {list_names(self._list_series())}."
            )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({quote(self.id)}, planes {list_names(self.paths)})"

    def _repr_html_(self) -> str:
        """Table of the files. It holds no pixels: a saved notebook must not pass them on."""
        rows = [(plane, describe_file(path), str(path)) for plane, path in self.paths.items()]
        # as objects: pandas' own text can't hold the name of a file that is not UTF-8
        table = pd.DataFrame(rows, columns=["plane", "size", "file"], dtype=object)
        parts = [format_paragraph(repr(self))]
        if rows:
            hint = (format_code("mf.plot_exam(exam)"), " shows the slices.")
            parts += [format_table(table), format_paragraph(*hint)]
        return "\n".join(parts)

    def load(self, plane: str, *, mmap: bool = False, side: Side | None = None) -> UInt8Array:
        """Stack of one series.

        Parameters
        ----------
        plane : str
            One of the exam's planes or other series.
        mmap : bool, default False
            Map a local ``.npy`` file into memory, read-only, instead of reading it; not if it is
            resampled.
        side : Side, optional
            Side by which medial and lateral are told apart. A DICOM or NIfTI series must then say
            how its slices lie, and no tag of any slice may name another side than one that was
            found; a side that is given counts before tags.

        Returns
        -------
        ndarray of shape (n_slices, height, width), uint8
            Grey levels 0 to 255.

        Raises
        ------
        KeyError
            If the exam has no file for the series.
        OSError, ModuleNotFoundError
            As `load_series`, for DICOM and NIfTI. ConnectionError if a URL can't be reached.
        ValueError
            If the file can't be read or is not a complete uint8 stack of at least one slice, or
            does not agree with `side`.
        """
        path = self._find_path(plane)
        try:
            if is_scanner_file(path):
                of_plane, spacing = _find_plane(plane), self.find_spacing(plane)
                with fetch(path) as local:
                    volume = read_volume(local, of_plane, spacing_mm=spacing)
                    check_sided(volume, side)
                    return assemble(volume, str(path), self.scale, of_plane).stack
            return self._rescale(read_stack(path, mmap=mmap), plane)
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
        spacing = self.find_spacing(plane)
        if path is None or not (self.has_scale(plane) or isinstance(path, StoredPath)):
            n_slices, height, width = self.load(plane, mmap=True).shape
            return n_slices, height, width
        try:
            if not self.has_scale(plane):
                n_slices, height, width = read_stack_shape(path)
                return n_slices, height, width
            if is_scanner_file(path):
                of_plane = _find_plane(plane)
                with fetch(path) as local:
                    volume = read_volume(local, of_plane, spacing_mm=spacing)
                find_series_plane(volume, str(path), of_plane)  # refuses another plane
                n_slices = volume.n_slices
            else:
                n_slices = read_stack_shape(path)[0]
        except ValueError as error:
            raise ValueError(f"Exam {quote(self.id)}, {say_series(plane)}: {error}") from error
        return n_slices, self.scale.size, self.scale.size

    def find_spacing(self, plane: str) -> tuple[float, float] | None:
        """Distance of rows and of columns in mm as given for one series; None if it is not.

        Parameters
        ----------
        plane : str
            One of the exam's planes or other series.

        Returns
        -------
        tuple of 2 floats, or None
        """
        spacing = self.spacing_mm
        return spacing.get(plane) if isinstance(spacing, Mapping) else spacing

    def has_scale(self, plane: str) -> bool:
        """Whether the stack of a series has the pixel size and the size of `scale`.

        Parameters
        ----------
        plane : str
            One of the exam's planes or other series.

        Returns
        -------
        bool
            True for DICOM and NIfTI, and where the spacing is given.
        """
        return self.is_scanned(plane) or self.find_spacing(plane) is not None

    def is_scanned(self, plane: str) -> bool:
        """Whether a series is read from DICOM or NIfTI, and so turned into a known orientation.

        Parameters
        ----------
        plane : str
            One of the exam's planes or other series.

        Returns
        -------
        bool
        """
        return plane in self.paths and is_scanner_file(self.paths[plane])

    def list_files(self, plane: str) -> list[AnyPath]:
        """Files of a series, sorted; none is read.

        Parameters
        ----------
        plane : str
            One of the exam's planes or other series.

        Returns
        -------
        list of Path or StoredPath
        """
        path = self.paths[plane]
        return list_files(path)[0] if path.is_dir() else [path]

    def find_side(self) -> Side:
        """Side of the knee: as given, else from one header per DICOM or NIfTI series.

        Tags count first, then the position in the scanner, which is a guess. No pixel is decoded;
        of sagittal series without a tag, all headers are read if no other series tells the side.

        Returns
        -------
        Side
            ``name`` is "left", "right" or "unknown"; it is unknown, with a warning, if series
            contradict each other.

        Raises
        ------
        OSError, ValueError, ModuleNotFoundError
            If a header can't be read, or pydicom or nibabel is missing.

        Examples
        --------
        >>> Exam("0042", {}, side="left").find_side().name, Exam("0043", {}).find_side().name
        ('left', 'unknown')
        """
        if self.side is not None:
            return make_side(self.side)
        scanned = [plane for plane in self.paths if self.is_scanned(plane)]
        present = [plane for plane in scanned if self.paths[plane].exists()]
        return find_headers_side({plane: self.list_files(plane) for plane in present})

    def describe_files(self, plane: str) -> str:
        """Size, modification time and change time of the files of a series; no file is read.

        Of files in a store: their sizes, and what the store has of checksum, version and time, from
        the listing of their folder, which is asked for again if it is older than a minute.
        The scale of the stack follows for DICOM, NIfTI and stacks that are resampled.

        Parameters
        ----------
        plane : str
            One of the exam's planes or other series.

        Returns
        -------
        str
            It changes if the stack may have changed.

        Raises
        ------
        OSError
            If a file is missing, or its store does not tell whether it has changed.
        """
        path = self.paths[plane]
        files = self.list_files(plane)
        if is_nifti(path) and not path.is_dir():
            beside = find_json_beside(path)
            files += [beside] if beside.exists() else []
        if not self.has_scale(plane):
            return describe_states(files)
        spacing = self.find_spacing(plane)
        stated = "" if spacing is None else f" {spacing}"
        return f"{describe_states(files)} {self.scale}{stated}"

    @classmethod
    def from_dicom(
        cls,
        folder: Given,
        *,
        id: str | None = None,  # noqa: A002 (the name of the field)
        series: Mapping[str, str] | None = None,
        side: str | None = None,
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
        side : {"left", "right"}, optional
            Side of the knee, if it is known. By default it is found in the headers.
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

        return read_study(folder, id=id, series=series, side=side, **options)

    def _list_series(self) -> tuple[str, ...]:
        """Series of the exam."""
        return tuple(self.paths)

    def _rescale(self, stack: UInt8Array, plane: str) -> UInt8Array:
        """Stack of the pixel size of `load_series`, if its own is given."""
        spacing = self.find_spacing(plane)
        if spacing is None:
            return stack
        label = str(self.paths.get(plane, plane))
        of_plane = parse_series(plane).plane
        return resample_stack(stack, spacing, of_plane, label=label, scale=self.scale)

    def _find_path(self, plane: str) -> AnyPath:
        """File of a series; an error that lists the series if there is none."""
        if plane not in self.paths:
            raise KeyError(
                f"Exam {quote(self.id)} has no file for {say_series(plane)} (series present: "
                f"{', '.join(self.paths) or 'none'}). {advise_on_gaps(tuple(self.paths))}"
            )
        return self.paths[plane]


def _find_plane(series: str) -> str | None:
    """Plane that the name of a series states, or None."""
    return parse_series(series).plane if is_series(series) else None
