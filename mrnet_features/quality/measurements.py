"""One pass over the pixels of an exam: all that the audit needs to know of each stack."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from mrnet_features.arrays import UInt8Array
from mrnet_features.data.exam import Exam
from mrnet_features.quality.ghosts import Ghosts, score_ghosts
from mrnet_features.quality.slice_checks import (
    find_blank_slices,
    find_repeated_slices,
    measure_noise,
    measure_saturation,
    measure_sharpness,
)
from mrnet_features.quality.thumbnails import block_means, sketch_stack
from mrnet_features.stacks.foreground import find_foreground

HALVED_SIDE = 128  # from here on the outline of the leg is found on a half-size stack


@dataclass(frozen=True, eq=False)
class Measures:
    """What one stack is like.

    Attributes
    ----------
    exam, plane : str
    n_slices : int
    digest : str
        Hash of shape and pixels: equal for equal stacks alone.
    sketch : ndarray of shape (8, 32, 32), uint8
        As `sketch_stack` returns it.
    outline : ndarray of shape (8, 32, 32), uint8
        Share of leg in each part of the sketch, 255 for all of it.
    ghosts : Ghosts
        In the air, as `score_ghosts` returns them, of the slices that are neither blank nor
        stored before.
    noise, sharpness, saturation : float
        As `measure_noise`, `measure_sharpness`, `measure_saturation` return them; noise as a
        fraction of the leg's median grey level.
    n_blank, n_repeated : int
        Slices without contrast; of the others, those equal to the one before.
    """

    exam: str
    plane: str
    n_slices: int
    digest: str
    sketch: UInt8Array
    outline: UInt8Array
    ghosts: Ghosts
    noise: float
    sharpness: float
    saturation: float
    n_blank: int
    n_repeated: int


def measure_exam(exam: Exam) -> list[Measures]:
    """Measures of each plane of an exam.

    Parameters
    ----------
    exam : Exam

    Returns
    -------
    list of Measures
        In the order of the exam's planes.

    Raises
    ------
    ValueError
        If a file is no longer what its header said, or a plane is none of the three. Whatever is
        raised, its message or a note names exam and plane.
    """
    measures = []
    for plane in exam.paths:
        try:
            measures.append(measure_stack(exam.load(plane), plane, exam.id))
        except Exception as error:
            error.add_note(f"while exam '{exam.id}', plane '{plane}', was measured")
            raise
    return measures


def measure_stack(grey: UInt8Array, plane: str, exam: str = "") -> Measures:
    """Measures of one stack.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8
        Grey levels 0 to 255.
    plane : {"axial", "coronal", "sagittal"}
        Tells where air lies beside the leg, as `score_ghosts` says.
    exam : str, default ""
        Whose stack it is.

    Returns
    -------
    Measures

    Raises
    ------
    ValueError
        If `plane` is none of the three.
    """
    grey = np.ascontiguousarray(grey)
    step = 2 if min(grey.shape[1:]) >= HALVED_SIDE else 1
    half = np.rint(block_means(grey, step)).astype(np.uint8) if step > 1 else grey
    small = find_foreground(half)
    leg = small
    if step > 1:
        leg = np.zeros(grey.shape, dtype=bool)
        whole = small.repeat(step, axis=1).repeat(step, axis=2)
        leg[:, : whole.shape[1], : whole.shape[2]] = whole
    signal = float(np.median(half[small])) if small.any() else float("nan")
    noise = measure_noise(grey, leg)
    blank = find_blank_slices(grey)
    seen = ~blank if not blank.all() else blank  # blank slices show nothing: they shift no sketch
    # a slice stored twice shares all of it with itself, its noise too: that is no ghost
    new = np.flatnonzero(seen)
    new = new[~find_repeated_slices(grey[new])]
    ghosts = score_ghosts(half[new], small[new], plane)
    by_slice = np.full((len(grey), 2), np.nan)
    by_slice[new] = ghosts.by_slice
    return Measures(
        exam=exam,
        plane=plane,
        n_slices=len(grey),
        digest=hashlib.blake2b(repr(grey.shape).encode() + grey.tobytes()).hexdigest(),
        sketch=sketch_stack(half[seen]),
        outline=sketch_stack(small[seen].astype(np.uint8) * np.uint8(255)),
        ghosts=ghosts._replace(by_slice=by_slice),
        noise=noise / max(signal, 1.0),
        sharpness=measure_sharpness(grey, leg, noise),
        saturation=measure_saturation(grey, leg),
        n_blank=int(blank.sum()),
        n_repeated=int(find_repeated_slices(grey[~blank]).sum()) if not blank.all() else 0,
    )
