"""Load one series: a folder of DICOM files, one DICOM file, or one NIfTI file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mrnet_features.files.paths import to_path
from mrnet_features.files.stored_paths import AnyPath, Given
from mrnet_features.messages import quote
from mrnet_features.series.assemble import (
    PERCENTILES,
    PIXEL_MM,
    SIZE,
    assemble,
    check_plane,
    check_scale,
)
from mrnet_features.series.dicom_files import (
    SUFFIXES,
    DicomFile,
    list_files,
    read_dicom_header,
)
from mrnet_features.series.dicom_frames import read_picture
from mrnet_features.series.dicom_series import read_dicom_volume
from mrnet_features.series.fetching import fetch
from mrnet_features.series.nifti import is_nifti, read_nifti_volume
from mrnet_features.series.series import Series
from mrnet_features.series.uids import name_series
from mrnet_features.series.volume import Volume, find_spacing_problem

__all__ = ["load_series"]


def load_series(
    path: Given,
    *,
    plane: str | None = None,
    series: str | None = None,
    pixel_mm: float = PIXEL_MM,
    size: int = SIZE,
    percentiles: tuple[float, float] = PERCENTILES,
    spacing_mm: tuple[float, float] | None = None,
) -> Series:
    """One DICOM series or NIfTI file as a uint8 stack of fixed orientation and scale.

    Slices are put in the order of their position, turned into canonical orientation, resampled to
    one pixel size, cut or padded to one size around the leg, and converted to grey levels. One
    slice at a time is decoded.

    Parameters
    ----------
    path : path or URL
        Folder of the files of one series, a single (multi-frame) DICOM file, or a ``.nii`` or
        ``.nii.gz`` file. Links to folders are not followed. Files behind a URL or in a zip file are
        copied to a temporary folder first.
    plane : {"axial", "coronal", "sagittal"}, optional
        Which slices to keep if a series holds several orientations; the plane if the tags do not
        tell it. An error if the tags say another one.
    series : str, optional
        SeriesInstanceUID, for a folder that holds several series; what the error calls it if the
        files have no valid one. NIfTI files have none.
    pixel_mm : float, default 0.6
        Distance of rows and columns of the stack in mm.
    size : int, default 256
        Rows and columns of the stack. The default shows 154 mm, so that the knee fills the picture
        as in MRNet. What is not scanned is 0.
    percentiles : pair of float, default (0.1, 99.9)
        Limits of the grey levels, as for `to_uint8`, over the scanned part of the stack.
    spacing_mm : pair of float, optional
        Distance of rows and of columns in mm, only for files that do not state it.

    Returns
    -------
    Series

    Raises
    ------
    FileNotFoundError
        If there is no such file or folder.
    ModuleNotFoundError
        If pydicom, nibabel or a decoder is missing; says what to install.
    OSError
        If a file may not be read, or is a pipe, a socket or a device.
    ValueError
        If a parameter is invalid, or the files are not one series of grey pictures that is read:
        several series or orientations, two legs, no orientation or spacing, colours, truncated,
        damaged or too large. The message names the file and holds no text of it.

    Notes
    -----
    At most 2,048 slices of 4,096 x 4,096 pixels and 2**29 pixels are read; sizes are checked before
    a pixel is decoded.
    """
    scale = check_scale(pixel_mm, size, percentiles)
    check_plane(plane)
    spacing = check_spacing(spacing_mm)
    with fetch(to_path(path)) as local:
        volume = read_volume(local, plane, series, spacing)
        volume.warnings[:] = [said.replace(str(local), str(path)) for said in volume.warnings]
        return assemble(volume, str(path), scale, plane)


def read_volume(
    path: Path,
    plane: str | None = None,
    series: str | None = None,
    spacing_mm: tuple[float, float] | None = None,
) -> Volume:
    """Volume of a DICOM series or NIfTI file; headers are read, and no pixel yet.

    Parameters
    ----------
    path : Path
    plane, series, spacing_mm
        As for `load_series`.

    Returns
    -------
    Volume

    Raises
    ------
    OSError, ValueError, ModuleNotFoundError
        As `load_series`.
    """
    if is_nifti(path) and not path.is_dir():
        return read_nifti_volume(path, spacing_mm, plane)
    if path.is_dir():
        groups, said = read_series_files(path)
    else:
        file = read_dicom_header(path)
        groups, said = _name_groups({file.tags.word("SeriesInstanceUID"): [file]}), []
    files = choose_group(groups, path, series)
    volume = read_dicom_volume(files, str(path), plane, spacing_mm)
    volume.warnings[:0] = said
    return volume


def is_scanner_file(path: AnyPath) -> bool:
    """Whether a path is read by `load_series`: a folder, or a name that ends as DICOM or NIfTI.

    Parameters
    ----------
    path : Path or StoredPath

    Returns
    -------
    bool
    """
    if path.suffix == ".npy":
        return False
    return is_nifti(path) or path.suffix.lower() in SUFFIXES or path.is_dir()


def read_series_files(folder: Path) -> tuple[dict[str, list[DicomFile]], list[str]]:
    """Files with pictures below a folder by the name of their series.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    groups : dict of str to list of DicomFile
        By `name_series`, sorted; files sorted by path.
    warnings : list of str

    Raises
    ------
    OSError, ValueError, ModuleNotFoundError
        As `load_series`.
    """
    found, said = list_files(folder)
    paths = [path for path in found if isinstance(path, Path)]
    groups: dict[str, list[DicomFile]] = {}
    n_other = 0
    for path in paths:
        file = read_picture(path)
        if file is None:
            n_other += 1
        else:
            groups.setdefault(file.tags.word("SeriesInstanceUID"), []).append(file)
    if not groups:
        raise ValueError(
            f"'{folder}' holds no DICOM file with a picture (of {len(paths)} files). Pass the "
            "folder that holds them, or a NIfTI file itself."
        )
    if n_other:
        said.append(f"{n_other} of {len(paths)} files in '{folder}' are no DICOM pictures.")
    return _name_groups(groups), said


def _name_groups(groups: dict[str, list[DicomFile]]) -> dict[str, list[DicomFile]]:
    """Files by the names of their series, sorted."""
    names = name_series(groups)
    return dict(sorted((names[uid], files) for uid, files in groups.items()))


def choose_group(
    groups: dict[str, list[DicomFile]], folder: Path, series: str | None
) -> list[DicomFile]:
    """Files of one series.

    Parameters
    ----------
    groups : dict of str to list of DicomFile
    folder : Path
    series : str or None
        Name of a series, which is its UID if that is valid.

    Returns
    -------
    list of DicomFile

    Raises
    ------
    ValueError
        If there are several and none is named, or there is no such series.
    """
    if series is None and len(groups) == 1:
        return next(iter(groups.values()))
    if series is None or series not in groups:
        got = "" if series is None else f", and none is {quote(series)}"
        listed = ", ".join(f"{quote(uid)} ({len(files)} files)" for uid, files in groups.items())
        shown = listed if len(listed) < 1000 else f"{listed[:1000]} ..."
        raise ValueError(
            f"'{folder}' holds {len(groups)} series{got}. Pass `series` to choose one, or the "
            f"study as a whole to `mf.Exam.from_dicom`: {shown}."
        )
    return groups[series]


def check_spacing(spacing_mm: Any) -> tuple[float, float] | None:
    """Distance of rows and columns as a caller passed it.

    Parameters
    ----------
    spacing_mm : pair of float or None

    Returns
    -------
    pair of float or None

    Raises
    ------
    ValueError
        Unless it is None or two plausible distances.
    """
    if spacing_mm is None:
        return None
    try:
        row, column = (float(mm) for mm in spacing_mm)
        problem = find_spacing_problem((row, column))
    except (TypeError, ValueError):
        problem = "must be two numbers"
    if problem:
        raise ValueError(f"`spacing_mm` {problem}. Pass the distance of rows and of columns in mm.")
    return row, column
