"""Side of an exam from the headers of its series; no pixel is decoded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, islice

import numpy as np

from mrnet_features.files.stored_paths import AnyPath
from mrnet_features.names import is_series, parse_series
from mrnet_features.series.dicom_frames import Frame, list_frames
from mrnet_features.series.fetching import fetch
from mrnet_features.series.first_picture import read_pictures
from mrnet_features.series.nifti import is_nifti, read_nifti_volume
from mrnet_features.series.side import Side, combine_sides, find_side, read_maker
from mrnet_features.series.volume import Volume

__all__ = ["check_sided", "find_headers_side"]


def find_headers_side(files: Mapping[str, Sequence[AnyPath]]) -> Side:
    """Side of a knee, from one header per series.

    Tags of all series count first, then the positions of coronal and axial pictures, whose middle
    is that of the series. One sagittal picture does not tell the middle, so all headers of a
    sagittal series are read, and only if nothing else tells the side.

    Parameters
    ----------
    files : mapping of str to sequence of Path or StoredPath
        Files of each series. ``.npy`` files and others that `load_series` does not read tell
        nothing.

    Returns
    -------
    Side
        Unknown if no series tells it, or they contradict each other.

    Raises
    ------
    OSError, ValueError, ModuleNotFoundError
        If a header can't be read, or pydicom or nibabel is missing.
    """
    found = {series: _read_side(paths, is_all=False) for series, paths in files.items()}
    across = {
        series: side
        for series, side in found.items()
        if side.source != "position" or _is_across(series)
    }
    side = combine_sides(across)
    if side.source != "none" or side.warnings:
        return side
    return combine_sides(
        {series: _read_side(paths, is_all=True) for series, paths in files.items()}
    )


def check_sided(volume: Volume, side: Side | None) -> None:
    """Raise unless medial and lateral can be told apart in a volume.

    Parameters
    ----------
    volume : Volume
    side : Side or None
        Side of the knee; None if it is not used.

    Raises
    ------
    ValueError
        If the files do not say how the slices lie, or a tag of any slice names another side than
        one that was found in headers. A side that is given counts before tags.
    """
    if side is None:
        return
    if volume.directions is None or volume.positions is None:
        raise ValueError(
            "The files do not say how the slices lie in the patient (no valid "
            "ImagePositionPatient and ImageOrientationPatient, or no affine), so medial and "
            "lateral can't be told apart, even though the side is known. Leave the series out, or "
            "extract with sides='fold'."
        )
    if side.source != "given" and volume.side_tags - {side.name}:
        listed = " and ".join(sorted(volume.side_tags))
        raise ValueError(
            f"Tags of the slices say {listed}, but the side was taken as {side.name} from "
            f"{'other tags' if side.source == 'tag' else 'the position'}. Pass the right side, "
            "such as Exam(id, paths, side='left'), or leave the exam out."
        )


def _is_across(series: str) -> bool:
    """Whether one picture of a series tells its middle; unknown of a name without a plane."""
    return is_series(series) and parse_series(series).plane != "sagittal"


def _read_side(paths: Sequence[AnyPath], *, is_all: bool) -> Side:
    """Side of one series, from the first picture or from all."""
    if len(paths) == 1 and is_nifti(paths[0]):
        with fetch(paths[0]) as path:
            return find_side(read_nifti_volume(path))
    files = islice(read_pictures(paths), None if is_all else 1)
    frames = [frame for file in files for frame in list_frames(file)]
    return find_side(_make_volume(frames)) if frames else Side()


def _make_volume(frames: Sequence[Frame]) -> Volume:
    """What the headers of some pictures say of the side; there are no pixels to read."""
    first = frames[0]
    places = [frame.position for frame in frames if frame.position is not None]
    is_placed = len(places) == len(frames) and first.pixel_mm is not None
    return Volume(
        n_slices=len(frames),
        shape=(first.storage.rows, first.storage.columns),
        pixel_mm=first.pixel_mm or (0.0, 0.0),
        read=_refuse,
        directions=first.directions,
        positions=np.array(places, dtype=np.float64) if is_placed else None,
        side_tags=frozenset(chain.from_iterable(frame.sides for frame in frames)),
        maker=read_maker(first.file.tags.word("Manufacturer")),
    )


def _refuse(k: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    raise ValueError(f"Slice {k} can't be read: only headers were.")
