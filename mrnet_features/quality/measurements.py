"""Measurements of a stack for the audit, from one pass over its pixels.

Thumbnail, leg and edge picture show the whole picture, where the leg has its place. All else is
measured on the part that was scanned, without the frame of padding.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from mrnet_features.arrays import Float32Array, Float64Array, UInt8Array
from mrnet_features.data.exam import Exam
from mrnet_features.messages import quote
from mrnet_features.names import WEIGHTINGS, parse_series, say_series
from mrnet_features.quality.contrast import describe_contrast
from mrnet_features.quality.edge_pictures import make_edge_picture
from mrnet_features.quality.findings import Finding
from mrnet_features.quality.ghosts import Ghosts, score_ghosts
from mrnet_features.quality.image_quality import ImageQuality, measure_image_quality
from mrnet_features.quality.padding import fill_frame, find_scanned_part
from mrnet_features.quality.repeated_edges import measure_repeated_edges
from mrnet_features.quality.slice_checks import (
    count_levels,
    find_blank_slices,
    find_repeated_slices,
    measure_noise,
    measure_sharpness,
)
from mrnet_features.quality.thumbnails import block_means, make_thumbnail
from mrnet_features.stacks.foreground import find_foreground
from mrnet_features.stacks.pixel_passes import count_grey

Measured = TypeVar("Measured")

MAX_LEG = 0.9  # of the scanned part; beyond it, what is 0 around the leg is air set to 0
MIN_HALVED_SIDE = 128  # pixels; stacks of this size or larger are halved to find the leg


@dataclass(frozen=True, eq=False)
class Measures:
    """Measurements of one stack.

    Attributes
    ----------
    exam, plane : str
    n_slices : int
    digest : str
        Hash of shape and pixels, the same only for equal stacks.
    thumbnail : ndarray of shape (8, 32, 32), uint8
        As `make_thumbnail` returns it.
    leg : ndarray of shape (8, 32, 32), uint8
        Fraction of leg in each cell of the thumbnail, 255 for all of it.
    picture : ndarray of shape (3, 32, 32), float32
        As `make_edge_picture` returns it.
    ghosts : Ghosts
        As `score_ghosts` returns them; NaN on blank slices and on slices equal to the slice
        before.
    edges : ndarray of shape (2, 106), float32
        As `measure_repeated_edges` returns it.
    contrast : ndarray of shape (68,), float64
        As `describe_contrast` returns it; empty if the series' name states no weighting.
    noise, sharpness : float
        As `measure_noise` and `measure_sharpness` return them; noise as a fraction of the leg's
        median grey level.
    saturation : float
        Fraction of the leg's pixels at grey level 255, the top of the scale; of all pixels if there
        is no leg.
    quality : ImageQuality
        As `measure_image_quality` returns it.
    n_blank, n_repeated : int
        Number of slices without contrast; of the other slices, number of those equal to the one
        before.
    """

    exam: str
    plane: str
    n_slices: int
    digest: str
    thumbnail: UInt8Array
    leg: UInt8Array
    picture: Float32Array
    ghosts: Ghosts
    edges: Float32Array
    contrast: Float64Array
    noise: float
    sharpness: float
    saturation: float
    quality: ImageQuality
    n_blank: int
    n_repeated: int


def measure_exam(exam: Exam) -> tuple[list[Measures], list[Finding]]:
    """Measurements of each plane of an exam, and findings for the files that can't be read.

    Parameters
    ----------
    exam : Exam

    Returns
    -------
    measures : list of Measures
        In the order of the exam's planes.
    findings : list of Finding
        With the code "stack-file": a file can be damaged or removed after its header was checked.

    Raises
    ------
    ValueError
        If a stack is named by neither one of the three planes nor a series of one. A note of any
        error names exam and stack.
    """
    return measure_readable(exam, exam.paths, measure_stack, "measuring")


def measure_readable(
    exam: Exam,
    series: Iterable[str],
    measure: Callable[[UInt8Array, str, str], Measured],
    doing: str,
) -> tuple[list[Measured], list[Finding]]:
    """What a function measures in series of an exam; findings for the files that can't be read.

    Parameters
    ----------
    exam : Exam
    series : iterable of str
    measure : callable
        Called with grey levels, series and exam id.
    doing : str
        What is done, for the note of an error in `measure`.

    Returns
    -------
    measures : list
        In the order of `series`.
    findings : list of Finding
        With the code "stack-file".
    """
    measures: list[Measured] = []
    findings: list[Finding] = []
    for name in series:
        try:
            grey = exam.load(name)
        except ConnectionError:
            raise
        except (OSError, ValueError) as error:
            nan = float("nan")
            findings.append(Finding(exam.id, name, "stack-file", "reject", nan, str(error)))
            continue
        try:
            measures.append(measure(grey, name, exam.id))
        except Exception as error:
            error.add_note(f"while {doing} exam {quote(exam.id)}, {say_series(name)}")
            raise
    return measures, findings


def measure_stack(grey: UInt8Array, plane: str, exam: str = "") -> Measures:
    """Measurements of one stack.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8
        Grey levels 0 to 255.
    plane : str
        Axial, coronal or sagittal, or a series of one of them, such as ``sagittal_fluid``.
        Determines where there is air beside the leg; see `score_ghosts`.
    exam : str, default ""
        Id of the stack's exam.

    Returns
    -------
    Measures

    Raises
    ------
    ValueError
        If `plane` is neither one of the three nor a series of one.
    """
    name = parse_series(plane)
    grey = np.ascontiguousarray(grey)
    step = 2 if min(grey.shape[1:]) >= MIN_HALVED_SIDE else 1
    half = np.rint(block_means(grey, step)).astype(np.uint8) if step > 1 else grey
    part = find_scanned_part(grey)
    if part != (slice(0, grey.shape[1]), slice(0, grey.shape[2])):
        half_part = _halve_part(part, step)
        if find_foreground(half)[:, *half_part].mean() > MAX_LEG:  # the frame is the air
            part = slice(0, grey.shape[1]), slice(0, grey.shape[2])
    rows, columns = part
    half_part = _halve_part(part, step)
    half_scanned = half[:, *half_part]
    small_scanned = find_foreground(fill_frame(half, half_part))[:, *half_part]
    small = np.zeros(half.shape, dtype=bool)
    small[:, *half_part] = small_scanned
    leg = small
    if step > 1:
        leg = np.zeros(grey.shape, dtype=bool)
        whole = small.repeat(step, axis=1).repeat(step, axis=2)
        leg[:, : whole.shape[1], : whole.shape[2]] = whole
    scanned = np.ascontiguousarray(grey[:, rows, columns])
    leg = np.ascontiguousarray(leg[:, rows, columns])
    signal = float(np.median(half_scanned[small_scanned])) if small_scanned.any() else float("nan")
    counts = count_levels(scanned)
    of_leg = count_grey(scanned, leg.view(np.uint8), np.zeros(len(grey), np.int32), 1)[0]
    of_all = counts.sum(axis=0)
    of_tissue = of_leg if of_leg.any() else of_all
    noise = measure_noise(scanned, leg)
    blank = find_blank_slices(counts)
    shown = ~blank if not blank.all() else blank  # blank slices would distort the thumbnail
    # a repeated slice would share its noise with the slice before, as if both had a ghost
    new = np.flatnonzero(shown)
    new = new[~find_repeated_slices(grey[new])]
    ghosts = score_ghosts(
        half_scanned[new], small_scanned[new], name.plane, whole_shape=half.shape[1:]
    )
    by_slice = np.full((len(grey), 2), np.nan)
    by_slice[new] = ghosts.by_slice
    contrast = np.empty(0)
    if name.weighting in WEIGHTINGS:
        contrast = describe_contrast(half_scanned.astype(np.float32), small_scanned)
    digest = hashlib.sha256(repr(grey.shape).encode())
    digest.update(grey.data)
    return Measures(
        exam=exam,
        plane=plane,
        n_slices=len(grey),
        digest=digest.hexdigest(),
        thumbnail=make_thumbnail(half[shown]),
        leg=make_thumbnail(small[shown].astype(np.uint8) * np.uint8(255)),
        picture=make_edge_picture(half[shown]),
        ghosts=ghosts._replace(by_slice=by_slice),
        edges=measure_repeated_edges(scanned[new], grey.shape[1:]),
        contrast=contrast,
        noise=noise / max(signal, 1.0),
        sharpness=measure_sharpness(scanned, leg, noise),
        saturation=float(of_tissue[255] / max(of_tissue.sum(), 1)),
        quality=measure_image_quality(of_leg, of_all - of_leg),
        n_blank=int(blank.sum()),
        n_repeated=int(find_repeated_slices(grey[~blank]).sum()) if not blank.all() else 0,
    )


def _halve_part(part: tuple[slice, slice], step: int) -> tuple[slice, slice]:
    """Rows and columns of the halved stack that lie in a part of the stack."""
    rows, columns = (slice(-(-lines.start // step), lines.stop // step) for lines in part)
    return rows, columns
