"""One DICOM series: pictures of one size and orientation, in the order of their position."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from mrnet_features.arrays import Float64Array
from mrnet_features.series.dicom_files import DicomFile
from mrnet_features.series.dicom_frames import Frame, list_frames
from mrnet_features.series.dicom_pixels import name_syntax, read_image
from mrnet_features.series.orientation import find_normal, find_plane
from mrnet_features.series.side import read_maker
from mrnet_features.series.volume import Volume, find_size_problem
from mrnet_features.series.weighting import find_weighting

SAME_DIRECTION = math.cos(math.radians(2.5))
"""Least cosine between the directions of slices of one orientation."""

SAME_PLACE_MM = 0.01
"""Slices nearer than this lie at the same position."""

UNEVEN = 1.5
"""Largest distance of neighbouring slices, in medians, that is taken as even."""

LARGEST_DRIFT_MM = 2.0
"""Shift of slices within the picture plane from which a warning is given."""

KNOWN_MODALITIES = ("CT", "PT", "CR", "DX", "US", "NM", "XA", "MG", "RTDOSE", "SC", "OT", "SEG")


def read_dicom_volume(
    files: Sequence[DicomFile],
    label: str,
    plane: str | None = None,
    spacing_mm: tuple[float, float] | None = None,
) -> Volume:
    """Volume of the files of one series; no pixel is read yet.

    Parameters
    ----------
    files : sequence of DicomFile
        At least one.
    label : str
        Folder or file, for messages.
    plane : str, optional
        Plane as the caller says: the one to keep if the series holds several.
    spacing_mm : tuple of 2 floats, optional
        Distance of rows and columns if the files do not say.

    Returns
    -------
    Volume

    Raises
    ------
    ValueError
        If a file is not read, or the pictures are of several orientations or at one position.
    """
    frames = [frame for file in files for frame in list_frames(file)]
    _check_size(frames, label)
    said: list[str] = []
    frames = _keep_common_size(frames, label, said)
    frames = _keep_one_orientation(frames, label, plane, said)
    steps: dict[str, Any] = {"source": "DICOM", "files": len({f.file.path for f in frames})}
    n_read = len(frames)
    frames, rule = _sort_frames(frames, label, plane, said)
    steps |= {"order": rule, "pictures_left_out_at_same_position": n_read - len(frames)}
    first = frames[0]
    pixel_mm = first.pixel_mm or spacing_mm
    if pixel_mm is None:
        raise ValueError(
            f"'{label}' does not say how far apart its pixels are (no PixelSpacing). Pass "
            "`spacing_mm=(row, column)` if you know it."
        )
    positions = None
    if all(frame.position is not None for frame in frames) and first.directions is not None:
        positions = np.array([frame.position for frame in frames], dtype=np.float64)
    gap = _measure_gap(frames, positions, plane, said)
    _describe_kind(frames, said)
    steps |= {
        "transfer_syntax": sorted({name_syntax(f.file.syntax) or "unknown" for f in frames}),
        "rescaled": any((f.slope, f.intercept) != (1.0, 0.0) for f in frames),
        "inverted": any(f.storage.is_inverted for f in frames),
        "padding_to_black": any(f.storage.padding is not None for f in frames),
    }
    return Volume(
        n_slices=len(frames),
        shape=(first.storage.rows, first.storage.columns),
        pixel_mm=pixel_mm,
        read=lambda k: read_image(frames[k]),
        directions=first.directions,
        positions=positions,
        gap_mm=gap,
        side_tags=frozenset().union(*(frame.sides for frame in frames)),
        maker=read_maker(first.file.tags.word("Manufacturer")),
        weighting=find_weighting(first.sequence),
        steps=steps,
        warnings=said,
    )


def _check_size(frames: Sequence[Frame], label: str) -> None:
    """Refuse a series that is too large as a whole."""
    rows = max(frame.storage.rows for frame in frames)
    columns = max(frame.storage.columns for frame in frames)
    problem = find_size_problem(len(frames), rows, columns)
    if problem:
        raise ValueError(f"'{label}' {problem}. Pass the files of one series.")


def _keep_common_size(frames: list[Frame], label: str, said: list[str]) -> list[Frame]:
    """Pictures of the most common matrix and pixel size; of two equally common, the larger one."""

    def size(frame: Frame) -> tuple[Any, ...]:
        mm = frame.pixel_mm or (0.0, 0.0)
        return frame.storage.rows, frame.storage.columns, round(mm[0], 4), round(mm[1], 4)

    counted = Counter(map(size, frames))
    if len(counted) == 1:
        return frames
    kept = max(counted, key=lambda key: (counted[key], key))
    said.append(
        f"{len(frames) - counted[kept]} of {len(frames)} pictures in '{label}' have another size "
        f"than the {counted[kept]} of {kept[0]} x {kept[1]} pixels that were kept."
    )
    return [frame for frame in frames if size(frame) == kept]


def _keep_one_orientation(
    frames: list[Frame], label: str, plane: str | None, said: list[str]
) -> list[Frame]:
    """Pictures of one orientation; several are refused unless `plane` says which."""
    groups: list[list[Frame]] = []
    for frame in frames:
        for group in groups:
            if _is_parallel(group[0], frame):
                group.append(frame)
                break
        else:
            groups.append([frame])
    if len(groups) == 1:
        return frames
    names = [find_plane(g[0].directions) if g[0].directions else "" for g in groups]
    fitting = [group for group, name in zip(groups, names, strict=True) if name == plane]
    if plane is not None and len(fitting) == 1:
        said.append(
            f"'{label}' holds pictures of {len(groups)} orientations; the {len(fitting[0])} "
            f"{plane} ones were kept."
        )
        return fitting[0]
    counts = Counter[str]()
    for name, group in zip(names, groups, strict=True):
        counts[name or "unknown"] += len(group)
    listed = ", ".join(f"{n} {name}" for name, n in sorted(counts.items()))
    raise ValueError(
        f"'{label}' must hold slices of one orientation, got {len(groups)} orientations ({listed}),"
        " as a localiser or a radial series has. Leave it out, or pass `plane` to keep the slices "
        "of one plane if they are parallel."
    )


def _is_parallel(one: Frame, other: Frame) -> bool:
    if one.directions is None or other.directions is None:
        return one.directions is other.directions
    cosines = [float(np.dot(a, b)) for a, b in zip(one.directions, other.directions, strict=True)]
    return min(cosines) >= SAME_DIRECTION


def _sort_frames(
    frames: list[Frame], label: str, plane: str | None, said: list[str]
) -> tuple[list[Frame], str]:
    """Pictures in the order of their position, one at each; and the rule."""

    def later(frame: Frame) -> tuple[float, str, int]:
        return frame.number, str(frame.file.path), frame.order

    directions = frames[0].directions
    if directions is None or any(frame.position is None for frame in frames):
        missing = "orientation" if directions is None else "position"
        known = all(math.isfinite(frame.number) for frame in frames)
        rule = "InstanceNumber, then name" if known else "name"
        if len(frames) > 1:
            said.append(
                f"The {missing} of the slices is not stated, so they are in the order of {rule}; "
                "it may be reversed, and repeats are not found."
            )
        return sorted(frames, key=later), rule
    normal = find_normal(directions, plane)
    places = {id(frame): float(np.dot(normal, frame.position or ())) for frame in frames}
    frames = sorted(frames, key=lambda frame: (places[id(frame)], *later(frame)))
    at_each: list[list[Frame]] = []
    for frame in frames:
        if at_each and places[id(frame)] - places[id(at_each[-1][0])] < SAME_PLACE_MM:
            at_each[-1].append(frame)
        else:
            at_each.append([frame])
    n_repeats = len(frames) - len(at_each)
    echoes = {f.sequence.echo if f.sequence.echo > 0 else 0.0 for f in frames}  # 0 if unknown
    if n_repeats and len(at_each) == 1 and len(echoes) == 1:
        raise ValueError(
            f"'{label}' must hold slices at different positions, got {len(frames)} pictures at the "
            "same one: they are time points of one slice, or ImagePositionPatient was overwritten. "
            "Leave it out, or copy the original files."
        )
    if n_repeats:
        said.append(
            f"{n_repeats} of {len(frames)} pictures lie at the same position as another one "
            "(repeats, echoes or time points). Of each position the one with the shortest echo "
            "time was kept, of these the lowest InstanceNumber, of these the first name."
        )

    def first(frame: Frame) -> tuple[float, float, str, int]:
        echo = frame.sequence.echo
        return echo if echo > 0 else math.inf, *later(frame)

    return [min(group, key=first) for group in at_each], "position along the normal"


def _measure_gap(
    frames: Sequence[Frame], positions: Float64Array | None, plane: str | None, said: list[str]
) -> float:
    """Distance of slices in mm; warnings about gaps and shifts."""
    stated = frames[0].gap_mm
    directions = frames[0].directions
    if positions is None or directions is None or len(frames) < 2:
        if math.isnan(stated):
            said.append("The distance of the slices is not stated.")
        return stated
    normal = find_normal(directions, plane)
    gaps = np.diff(positions @ normal)
    median = float(np.median(gaps))
    if np.max(gaps) > UNEVEN * median or np.min(gaps) < median / UNEVEN:
        least, most = np.min(gaps), np.max(gaps)
        said.append(
            f"Neighbouring slices are {least:.2f} to {most:.2f} mm apart: some may be missing. "
            "Their distances are taken as equal."
        )
    within = positions - np.outer(positions @ normal, normal)
    drift = float(np.max(np.ptp(within, axis=0)))
    if drift > LARGEST_DRIFT_MM:
        said.append(
            f"Slices are shifted against each other by up to {drift:.1f} mm within their plane; "
            "they were not aligned."
        )
    return median


def _describe_kind(frames: Sequence[Frame], said: list[str]) -> None:
    """Warning about pictures of another modality."""
    modality = frames[0].file.tags.word("Modality")
    if modality not in ("MR", ""):
        shown = modality if modality in KNOWN_MODALITIES else "another one"
        said.append(f"The modality is {shown}, not MR.")
