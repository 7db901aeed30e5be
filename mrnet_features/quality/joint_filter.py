"""Joint position in every stack of a plane, by a filter learned from the stacks themselves.

A correlation filter answers with a peak where a picture shows what all pictures share [1]_. Here it
is learned from the edge pictures of a set, of which most show the joint. The filter finds the
position of the joint in each picture, and is learned again from the pictures at these positions,
several times. Each half
of the set is placed by the filter of the other half, so that no picture confirms itself. The height
of the peak is the evidence that the joint is in the picture at all.

The filter says how far one joint lies from another. Where the joints themselves lie is read from
the median of the aligned pictures: at the strongest edges between rows and in the middle of the
leg; on axial slices, in the middle of the leg.

References
----------
.. [1] Bolme DS, Beveridge JR, Draper BA, Lui YM. Visual object tracking using adaptive correlation
   filters. CVPR 2010:2544-2550.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from scipy import fft, ndimage

from mrnet_features.arrays import BoolArray, Float32Array, Float64Array, Int64Array
from mrnet_features.quality.edge_pictures import N_CELLS

Spectra: TypeAlias = np.ndarray[Any, np.dtype[np.complex64]]

SIZE = 2 * N_CELLS  # of the padded picture: a joint may lie outside by half a picture
PEAK_WIDTH = 1.5  # cells, SD of the peak with which the filter answers
REGULARISATION = 0.1  # of the mean power of the pictures
N_TURNS = 6  # of placing the pictures and learning the filter
UNUSED = 0.2  # fraction of the pictures, those with the least evidence, not learned from
COVERED = 0.3  # fraction of the placed pictures that a cell of their mean needs
JOINT_WIDTH = 2.0  # cells, SD of the smoothing before the strongest edge is looked for
NEAR_ROWS = 2  # cells above and below the joint, between whose ends of the leg it lies
WIDE = 0.9  # of the greatest width of the leg; the joint is in the middle of what is wider


class Joints(NamedTuple):
    """Joints of all stacks of a plane.

    Attributes
    ----------
    row, column : ndarray of shape (n_stacks,), float64
        Position from the middle of the picture, as a fraction of the picture; beyond 0.5 (-0.5) if
        the joint lies below and to the right (above and to the left) of the picture.
    evidence : ndarray of shape (n_stacks,), float64
        Height of the peak, about 0 (no joint found) to 1.
    """

    row: Float64Array
    column: Float64Array
    evidence: Float64Array


def find_joints(
    pictures: Float32Array, legs: Float32Array, *, mirrored: bool, centred: bool
) -> Joints:
    """Find the joint in each stack of a plane.

    Parameters
    ----------
    pictures : ndarray of shape (n_stacks, 3, 32, 32), float32
        As from `make_edge_picture`, of all stacks of the plane; at least four.
    legs : ndarray of shape (n_stacks, 32, 32), float32
        Fraction of leg in each cell.
    mirrored : bool
        Whether left and right knees are mirror images, as on axial and coronal slices.
    centred : bool
        Whether the joint is in the middle of the leg, as on axial slices.

    Returns
    -------
    Joints
    """
    n_stacks = len(pictures)
    halves = np.arange(n_stacks) % 2
    views = _transform(pictures, mirrored)
    placed = _Placed.start(n_stacks)
    used = np.ones(n_stacks, dtype=bool)
    for _ in range(N_TURNS):
        peaks = _draw_peaks(placed.row, placed.column)
        own = np.take_along_axis(views, placed.view[None, :, None, None, None], axis=0)[0]
        filters = [_learn(own, peaks, used & (halves != half)) for half in (0, 1)]
        placed = _place(views, halves, filters)
        placed = placed._replace(
            row=placed.row - np.median(placed.row),
            column=placed.column - np.median(placed.column),
        )
        used = placed.evidence >= np.quantile(placed.evidence, UNUSED)
    row, column = _find_centre(pictures[:, 0], legs, placed, used, centred)
    sign = 1 - 2 * placed.view  # back to the picture as stored
    return Joints(
        row + placed.row / N_CELLS, sign * (column + placed.column / N_CELLS), placed.evidence
    )


class _Placed(NamedTuple):
    """Position of each picture from the common one, in cells, in the view with the highest peak."""

    row: Float64Array
    column: Float64Array
    evidence: Float64Array
    view: Int64Array
    """0 as stored, 1 mirrored."""

    @classmethod
    def start(cls, n_pictures: int) -> _Placed:
        """All pictures in the middle as stored, without evidence."""
        zeros = np.zeros(n_pictures)
        evidence = np.full(n_pictures, -np.inf)
        return cls(zeros, zeros.copy(), evidence, np.zeros(n_pictures, dtype=np.int64))


def _transform(pictures: Float32Array, mirrored: bool) -> Spectra:
    """Spectra of the pictures as stored, then of their mirror images: (n_views, n, 3, 64, 33)."""
    views = [pictures, pictures[..., ::-1]] if mirrored else [pictures]
    margin = (SIZE - N_CELLS) // 2
    padded = np.pad(np.stack(views), [(0, 0)] * 3 + [(margin, margin)] * 2)
    spectra: Spectra = fft.rfft2(padded)
    return spectra


def _place(views: Spectra, halves: Int64Array, filters: list[Spectra]) -> _Placed:
    """Highest peak of each picture over its views, by the filter of its half."""
    n_pictures = views.shape[1]
    best = _Placed.start(n_pictures)
    for half, weights in enumerate(filters):
        members = np.flatnonzero(halves == half)
        for number, spectra in enumerate(views):
            answer = fft.irfft2((spectra[members] * weights).sum(axis=1), (SIZE, SIZE))
            row, column, evidence = _find_peaks(answer)
            better = evidence > best.evidence[members]
            chosen = members[better]
            best.row[chosen], best.column[chosen] = row[better], column[better]
            best.evidence[chosen], best.view[chosen] = evidence[better], number
    return best


def _draw_peaks(row: Float64Array, column: Float64Array) -> Spectra:
    """Spectra of Gaussian peaks of height 1 at given positions from the middle, in cells."""
    up: Float64Array = np.fft.fftfreq(SIZE)[:, None]
    across: Float64Array = np.fft.rfftfreq(SIZE)[None, :]
    height = (
        2 * np.pi * PEAK_WIDTH**2 * np.exp(-2 * (np.pi * PEAK_WIDTH) ** 2 * (up**2 + across**2))
    )
    turns = up * (row + N_CELLS)[:, None, None] + across * (column + N_CELLS)[:, None, None]
    peaks: Spectra = (height * np.exp(-2j * np.pi * turns)).astype(np.complex64)
    return peaks


def _learn(spectra: Spectra, peaks: Spectra, used: BoolArray) -> Spectra:
    """Filter whose answers to the pictures are closest to the peaks (least squares)."""
    conjugate = np.conj(spectra[used])
    product = (conjugate * peaks[used][:, None]).sum(axis=0)
    power: Float32Array = (conjugate * spectra[used]).real.sum(axis=(0, 1))
    least = max(REGULARISATION * float(power.mean()), 1e-6)
    weights: Spectra = product / (power + least)
    return weights


def _find_peaks(answer: Float32Array) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Row, column (from the middle, between the cells by a parabola) and height of the peaks."""
    index = np.arange(len(answer))
    highest: Int64Array = answer.reshape(len(answer), -1).argmax(axis=1)
    row, column = highest // SIZE, highest % SIZE
    height = answer[index, row, column].astype(float)

    def refine(before: Float32Array, after: Float32Array) -> Float64Array:
        bend = np.minimum(before - 2 * height + after, -1e-12)
        return np.asarray((before - after) / (2 * bend))

    above, below = answer[index, row - 1, column], answer[index, (row + 1) % SIZE, column]
    left, right = answer[index, row, column - 1], answer[index, row, (column + 1) % SIZE]
    return (
        row - N_CELLS + refine(above, below),
        column - N_CELLS + refine(left, right),
        height,
    )


def _find_centre(
    edges: Float32Array, legs: Float32Array, placed: _Placed, used: BoolArray, centred: bool
) -> tuple[float, float]:
    """Joint in the mean of the placed pictures, from the middle, as a fraction of the picture."""
    filled, covered = _average(legs, placed, used)
    leg: BoolArray = covered & (filled > 0.5)
    if centred:
        row = _find_middle(leg.sum(axis=1))
    else:
        strongest, _ = _average(edges, placed, used)
        smooth = ndimage.gaussian_filter(strongest, JOINT_WIDTH, mode="constant")
        weight = ndimage.gaussian_filter(covered.astype(float), JOINT_WIDTH, mode="constant")
        strength: Float64Array = np.where(covered, smooth / np.maximum(weight, 0.05), -np.inf)
        row = float(int(np.argmax(strength)) // SIZE)
        leg = leg[max(int(row) - NEAR_ROWS, 0) : int(row) + NEAR_ROWS + 1]
    column = _find_middle(leg.sum(axis=0))
    return (row + 0.5 - N_CELLS) / N_CELLS, (column + 0.5 - N_CELLS) / N_CELLS


def _average(
    pictures: Float32Array, placed: _Placed, used: BoolArray
) -> tuple[Float64Array, BoolArray]:
    """Median of the placed pictures, 0 where too few of them reach; and where enough do."""
    margin = (SIZE - N_CELLS) // 2
    canvas = np.full((int(used.sum()), SIZE, SIZE), np.nan, dtype=np.float32)
    for layer, k in zip(canvas, np.flatnonzero(used), strict=True):
        picture = pictures[k, :, :: 1 - 2 * int(placed.view[k])]
        shifts = (float(placed.row[k]), float(placed.column[k]))
        first = [round(margin - shift) for shift in shifts]
        start = [max(value, 0) for value in first]
        stop = [max(min(value + N_CELLS, SIZE), 0) for value in first]
        layer[start[0] : stop[0], start[1] : stop[1]] = picture[
            start[0] - first[0] : stop[0] - first[0], start[1] - first[1] : stop[1] - first[1]
        ]
    covered: BoolArray = np.isfinite(canvas).mean(axis=0) >= COVERED
    mean: Float64Array = np.zeros((SIZE, SIZE))
    mean[covered] = np.nanmedian(canvas[:, covered], axis=0)
    return mean, covered


def _find_middle(width: Int64Array) -> float:
    """Middle of the cells at which the leg is nearly as wide as anywhere; of all if none is leg."""
    wide = np.flatnonzero(width >= max(WIDE * float(np.max(width)), 1.0))
    return float(wide[0] + wide[-1]) / 2 if wide.size else (SIZE - 1) / 2
