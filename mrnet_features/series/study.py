"""One study: its series, and the choice of one for each plane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from mrnet_features.messages import describe_cause, name_some, quote
from mrnet_features.names import PLANES
from mrnet_features.series.assemble import find_series_plane
from mrnet_features.series.dicom_files import DicomFile
from mrnet_features.series.dicom_series import read_dicom_volume
from mrnet_features.series.load import read_series_files

SUPPRESSED = {"axial": True, "coronal": False, "sagittal": True}
"""Whether MRNet's sequence of each plane suppresses fat."""

USUAL_SLICES = (15, 80)
"""Slices of a two-dimensional series of a knee; fewer are scouts, more are thin reformats."""

FEWEST_SLICES = 5
"""Series with fewer slices are not chosen."""


class SeriesInfo(NamedTuple):
    """One series of a study, from its headers.

    Attributes
    ----------
    uid : str
        SeriesInstanceUID, or the name of `name_series` if it is none.
    paths : tuple of Path
        Its files, sorted.
    number : float
        SeriesNumber, infinite if missing.
    plane : str
        Empty if it can't be read as one stack.
    n_slices : int
    pixel_mm : float
        The larger of the distances of rows and columns.
    fat_suppressed, fluid_bright : bool or None
    problem : str
        Why it can't be read; empty if it can.
    """

    uid: str
    paths: tuple[Path, ...]
    number: float
    plane: str = ""
    n_slices: int = 0
    pixel_mm: float = float("nan")
    fat_suppressed: bool | None = None
    fluid_bright: bool | None = None
    problem: str = ""


def list_series(folder: Path) -> tuple[list[SeriesInfo], list[str]]:
    """Series of the one study below a folder, in the order of SeriesNumber.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    series : list of SeriesInfo
    warnings : list of str

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    OSError, ValueError, ModuleNotFoundError
        If a file can't be read, there is no picture, or there are several studies.
    """
    if not folder.is_dir():
        raise FileNotFoundError(
            f"There is no folder '{folder}'. Pass the folder that holds the files of one study."
        )
    groups, said = read_series_files(folder)
    files = [group[0] for group in groups.values()]
    studies = {file.tags.word("StudyInstanceUID"): file.path for file in reversed(files)}
    if len(studies) > 1:
        examples = name_some([str(path) for path in studies.values()])
        raise ValueError(
            f"'{folder}' must hold one study, got {len(studies)} (such as {examples}). Pass the "
            "folder of each by itself."
        )
    found = [_describe(uid, group) for uid, group in groups.items()]
    return sorted(found, key=lambda info: (info.number, info.uid)), said


def _describe(uid: str, files: Sequence[DicomFile]) -> SeriesInfo:
    paths = tuple(file.path for file in files)
    info = SeriesInfo(uid, paths, files[0].tags.number("SeriesNumber", float("inf")))
    modality = files[0].tags.word("Modality")
    if modality not in ("MR", ""):
        return info._replace(problem="The modality is not MR.")
    try:
        volume = read_dicom_volume(files, str(paths[0].parent))
        plane = find_series_plane(volume, str(paths[0].parent))
    except ValueError as error:
        return info._replace(problem=describe_cause(error, 500))
    return info._replace(
        plane=plane,
        n_slices=volume.n_slices,
        pixel_mm=max(volume.pixel_mm),
        fat_suppressed=volume.weighting.fat_suppressed,
        fluid_bright=volume.weighting.fluid_bright,
    )


def choose_series(
    found: Sequence[SeriesInfo], folder: Path, wanted: Mapping[str, str] | None = None
) -> dict[str, SeriesInfo]:
    """One series for each plane that the study has.

    Of the series with at least five slices that can be read, the first by this order:

    1. fat suppressed as in MRNet (axial and sagittal yes, coronal no): yes, unknown, no;
    2. 15 to 80 slices, as two-dimensional series of knees have;
    3. more slices;
    4. smaller pixels;
    5. lower SeriesNumber, then lower SeriesInstanceUID.

    Parameters
    ----------
    found : sequence of SeriesInfo
    folder : Path
        For messages.
    wanted : mapping of plane -> SeriesInstanceUID, optional
        Series to take instead.

    Returns
    -------
    dict of str to SeriesInfo
        By plane, in the order of `PLANES`.

    Raises
    ------
    TypeError
        If `wanted` is no mapping.
    ValueError
        If no series can be chosen, or a wanted one is missing, can't be read or has another plane.
    """
    if not isinstance(wanted, Mapping | None):
        raise TypeError(
            "`series` must be a mapping of plane to SeriesInstanceUID, got "
            f"{type(wanted).__name__}. Pass {{'sagittal': uid}}."
        )
    wanted = dict(wanted or {})
    unknown = [plane for plane in wanted if plane not in PLANES]
    if unknown:
        raise ValueError(
            f"`series` must have planes as keys ({', '.join(PLANES)}), got {name_some(unknown)}."
        )
    by_uid = {info.uid: info for info in found}
    chosen = {}
    for plane in PLANES:
        if plane in wanted:
            chosen[plane] = _find_wanted(by_uid, wanted[plane], plane, folder)
            continue
        fitting = [i for i in found if i.plane == plane and i.n_slices >= FEWEST_SLICES]
        if fitting:
            chosen[plane] = min(fitting, key=_rank)
    if not chosen:
        problems = [info.problem for info in found if info.problem]
        why = f" The first problem: {problems[0]}" if problems else ""
        raise ValueError(
            f"'{folder}' has no series of at least {FEWEST_SLICES} slices that can be read, among "
            f"{len(found)}.{why}"
        )
    return chosen


def _rank(info: SeriesInfo) -> tuple[int, bool, int, float, float, str]:
    is_known = info.fat_suppressed is not None
    fits = 0 if info.fat_suppressed is SUPPRESSED[info.plane] else 2 if is_known else 1
    is_unusual = not USUAL_SLICES[0] <= info.n_slices <= USUAL_SLICES[1]
    return fits, is_unusual, -info.n_slices, info.pixel_mm, info.number, info.uid


def _find_wanted(
    by_uid: Mapping[str, SeriesInfo], uid: str, plane: str, folder: Path
) -> SeriesInfo:
    if uid not in by_uid:
        raise ValueError(
            f"`series` must name series of '{folder}', got {quote(uid)} for the {plane} plane. It "
            f"has {name_some(list(by_uid))}."
        )
    info = by_uid[uid]
    if info.problem or info.plane != plane:
        why = info.problem or f"it is a {info.plane} series"
        raise ValueError(f"Series {quote(uid)} can't be the {plane} one: {why}")
    return info
