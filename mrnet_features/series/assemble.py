"""Volume -> Series: turn, resample, cut and convert, one slice at a time."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mrnet_features.messages import quote
from mrnet_features.names import PLANES
from mrnet_features.series.conversion import check_percentiles, find_limits, scale_to_uint8
from mrnet_features.series.orientation import (
    OBLIQUE,
    PLANE_BY_AXIS,
    Turn,
    find_normal,
    find_plane,
    find_turn,
    measure_obliquity,
)
from mrnet_features.series.resampling import (
    count_pixels,
    find_start,
    make_weights,
    measure_leg,
    resample,
)
from mrnet_features.series.series import Series
from mrnet_features.series.side import find_side
from mrnet_features.series.volume import LEAST_MM, LONGEST_SIDE, MOST_MM, Image, Volume

PIXEL_MM = 0.6
"""Default distance of rows and columns. With 256 pixels a picture shows 154 mm, as most knee
protocols do (130 to 205 mm), so that the knee fills it as in MRNet; and nearly all of them measure
pixels of at most this size, so that nothing is made up."""

SIZE = 256
"""Default rows and columns, as in MRNet."""

PERCENTILES = (0.1, 99.9)
"""Default limits of the grey levels, as those of `to_uint8`."""

N_LOOKED_AT = 9
"""Slices of the middle half in which the leg is looked for; one more of an even number."""

MOST_OUTPUT = 2**27
"""Most pixels of a stack."""


class Scale(NamedTuple):
    """Size and grey levels of the stack.

    Attributes
    ----------
    pixel_mm : float
    size : int
        Rows and columns.
    percentiles : pair of float
    """

    pixel_mm: float = PIXEL_MM
    size: int = SIZE
    percentiles: tuple[float, float] = PERCENTILES


def check_scale(pixel_mm: Any, size: Any, percentiles: Any) -> Scale:
    """Scale of parameters as a caller passed them.

    Parameters
    ----------
    pixel_mm : float
    size : int
    percentiles : pair of float

    Returns
    -------
    Scale

    Raises
    ------
    ValueError
        If one of them is invalid.
    """
    is_number = isinstance(pixel_mm, int | float | np.number) and not isinstance(pixel_mm, bool)
    if not is_number or not 10 * LEAST_MM <= pixel_mm <= MOST_MM:
        raise ValueError(
            f"`pixel_mm` must be a number from {10 * LEAST_MM:g} to {MOST_MM:g}, got "
            f"{quote(pixel_mm) if is_number else type(pixel_mm).__name__}. Leave it out for "
            f"{PIXEL_MM}."
        )
    is_whole = isinstance(size, int | np.integer) and not isinstance(size, bool)
    if not is_whole or not 16 <= size <= LONGEST_SIDE // 4:
        raise ValueError(
            f"`size` must be a whole number from 16 to {LONGEST_SIDE // 4}, got "
            f"{quote(size) if is_whole else type(size).__name__}. Leave it out for {SIZE}."
        )
    return Scale(float(pixel_mm), int(size), check_percentiles(percentiles))


def check_plane(plane: Any) -> None:
    """Raise unless a plane is None or one of the three.

    Parameters
    ----------
    plane : str or None

    Raises
    ------
    ValueError
    """
    if plane is not None and plane not in PLANES:
        shown = quote(plane) if isinstance(plane, str) else type(plane).__name__
        raise ValueError(f"`plane` must be one of {', '.join(PLANES)} or None, got {shown}.")


def find_series_plane(volume: Volume, label: str, plane: str | None = None) -> str:
    """Plane of a volume, from its tags or as the caller says.

    Parameters
    ----------
    volume : Volume
    label : str
        Folder or file, for messages.
    plane : str, optional
        Plane as the caller says.

    Returns
    -------
    {"axial", "coronal", "sagittal"}

    Raises
    ------
    ValueError
        If the tags do not tell and the caller does not say, or both differ.
    """
    if volume.directions is None:
        if plane is None:
            raise ValueError(
                f"'{label}' does not say how its slices lie in the patient (no valid "
                "ImageOrientationPatient, or no affine). Pass `plane` if you know it; pictures are "
                "then not turned."
            )
        volume.warnings.append(
            f"The orientation is not stated. The plane was passed as {plane}; slices are not "
            "turned or flipped."
        )
        return plane
    found = find_plane(volume.directions)
    if plane is not None and plane != found:
        part = abs(find_normal(volume.directions)[PLANE_BY_AXIS.index(plane)])
        if found or part < 0.5:
            raise ValueError(
                f"'{label}' must be of the {plane} plane, but its tags say "
                f"{found or 'another orientation'}. Choose another series, or state the plane that "
                "it has."
            )
    if not (plane or found):
        raise ValueError(f"'{label}' lies halfway between two planes. Pass `plane` to choose one.")
    chosen = plane or found
    angle = measure_obliquity(volume.directions, chosen)
    if angle > OBLIQUE:
        volume.warnings.append(f"The slices lie {angle:.0f} degrees from the {chosen} plane.")
    return chosen


def assemble(volume: Volume, label: str, scale: Scale, plane: str | None = None) -> Series:
    """Series of a volume.

    Parameters
    ----------
    volume : Volume
    label : str
        Folder or file, for messages.
    scale : Scale
    plane : str, optional
        Plane as the caller says.

    Returns
    -------
    Series

    Raises
    ------
    OSError, ValueError, ModuleNotFoundError
        If a slice can't be read, or the grey levels can't be scaled.
    """
    chosen = find_series_plane(volume, label, plane)
    turn = find_turn(volume.directions, chosen) if volume.directions else Turn()
    if volume.n_slices * scale.size**2 > MOST_OUTPUT:
        raise ValueError(
            f"'{label}' has {volume.n_slices} slices, too many for `size={scale.size}`. Pass a "
            "smaller size."
        )
    values, cut = resample_slices(volume, turn, scale, chosen, label)
    try:
        limits = find_limits(values, scale.percentiles, np.nan)
    except ValueError as error:
        raise ValueError(f"'{label}' can't be scaled to grey levels: {error}") from error
    side = find_side(volume)
    recipe = {
        "format": 1,
        **volume.steps,
        "plane": chosen,
        "transposed": turn.is_transposed,
        "flipped_rows": turn.flips_rows,
        "flipped_columns": turn.flips_columns,
        "shape_before": [int(n) for n in (volume.n_slices, *volume.shape)],
        "pixel_mm_before": [round(float(mm), 6) for mm in volume.pixel_mm],
        "pixel_mm": scale.pixel_mm,
        "size": scale.size,
        "resampling": "Lanczos, 3 lobes, widened where pixels become larger",
        **cut,
        "percentiles": [float(p) for p in scale.percentiles],
        "limits": [float(limit) for limit in limits],
        "weighting_from": volume.weighting.source,
    }
    return Series(
        stack=scale_to_uint8(values, limits, np.nan),
        plane=chosen,
        spacing_mm=(float(volume.gap_mm), scale.pixel_mm, scale.pixel_mm),
        side=side.name,
        side_source=side.source,
        side_confidence=side.confidence,
        fat_suppressed=volume.weighting.fat_suppressed,
        fluid_bright=volume.weighting.fluid_bright,
        recipe=recipe,
        warnings=(*volume.warnings, *side.warnings),
    )


class _Slices:
    """Slices of a volume in canonical orientation, finite."""

    def __init__(self, volume: Volume, turn: Turn, label: str) -> None:
        self._volume, self._turn, self._label = volume, turn, label
        order = (1, 0) if turn.is_transposed else (0, 1)
        self.shape = tuple(volume.shape[axis] for axis in order)
        self.pixel_mm = tuple(volume.pixel_mm[axis] for axis in order)

    def read(self, k: int) -> tuple[Image, bool]:
        """Slice, and whether any of it was scanned; unscanned pixels have its lowest value."""
        image = self._turn.apply(self._volume.read(k))
        if not np.isfinite(image).all():
            if np.isinf(image).any():
                raise ValueError(
                    f"'{self._label}' must hold finite values, got infinity in slice {k}. Replace "
                    "these values."
                )
            known = ~np.isnan(image)
            if not known.any():
                return np.zeros_like(image), False
            image = np.where(known, image, np.min(image[known]))
        return image, True


def resample_slices(
    volume: Volume, turn: Turn, scale: Scale, plane: str, label: str
) -> tuple[NDArray[np.float32], dict[str, Any]]:
    """Slices of one pixel size, cut or padded to one size around the leg.

    Parameters
    ----------
    volume : Volume
    turn : Turn
        Into canonical orientation.
    scale : Scale
    plane : {"axial", "coronal", "sagittal"}
    label : str
        Folder or file, for messages.

    Returns
    -------
    values : ndarray of shape (n_slices, size, size), float32
        NaN outside the picture.
    cut : dict
        Where they were cut, for the recipe.

    Raises
    ------
    OSError, ValueError, ModuleNotFoundError
        If a slice can't be read, or two legs lie side by side.
    """
    slices = _Slices(volume, turn, label)
    size, n_slices = scale.size, volume.n_slices
    covering = [
        count_pixels(n, mm, scale.pixel_mm)
        for n, mm in zip(slices.shape, slices.pixel_mm, strict=True)
    ]
    starts = [(n - size) // 2 for n in covering]
    # rows of sagittal and coronal slices are along the leg, whose middle tells nothing
    searched = [covering[0] > size and plane == "axial", covering[1] > size]
    early: dict[int, tuple[Image, bool]] = {}
    if any(searched):
        whole = [
            make_weights(n, mm, scale.pixel_mm, 0, new)
            for n, mm, new in zip(slices.shape, slices.pixel_mm, covering, strict=True)
        ]
        half = np.linspace(0.25, 0.5, N_LOOKED_AT // 2 + 1) * (n_slices - 1)
        near = half.round().astype(int)
        for k in np.unique(np.r_[near, n_slices - 1 - near]):  # the same from either side
            image, is_scanned = slices.read(int(k))
            early[int(k)] = resample(image, *whole), is_scanned
        *profiles, block = measure_leg([image for image, _ in early.values()], scale.pixel_mm)
        for axis in (0, 1):
            if searched[axis]:
                start = find_start(profiles[axis], covering[axis], size, block)
                if start is None:
                    raise ValueError(
                        f"'{label}' shows two legs side by side. Cut it to one knee first."
                    )
                starts[axis] = start
    weights = [
        make_weights(n, mm, scale.pixel_mm, start, start + size)
        for n, mm, start in zip(slices.shape, slices.pixel_mm, starts, strict=True)
    ]
    values = np.empty((n_slices, size, size), np.float32)
    for k in range(n_slices):
        if k in early:
            image, is_scanned = early.pop(k)
            values[k] = _cut(image, starts, size)
        else:
            image, is_scanned = slices.read(k)
            if is_scanned:
                values[k] = resample(image, *weights)
        if not is_scanned:
            values[k] = np.nan
    cut = {
        "whole_picture_pixels": covering,
        "first_row": int(starts[0]),
        "first_column": int(starts[1]),
        "leg_looked_for": [bool(value) for value in searched],
    }
    return values, cut


def _cut(image: Image, starts: list[int], size: int) -> Image:
    """Window of a picture, NaN where it reaches beyond."""
    window = np.full((size, size), np.nan, np.float32)
    rows, columns = (
        slice(max(start, 0), min(start + size, n))
        for start, n in zip(starts, image.shape, strict=True)
    )
    found = image[rows, columns]
    top, left = (max(-start, 0) for start in starts)
    window[top : top + found.shape[0], left : left + found.shape[1]] = found
    return window
