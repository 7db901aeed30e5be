"""Convert pixels of other types, such as 16-bit or float, to uint8."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mrnet_features.arrays import Array, UInt8Array, to_host
from mrnet_features.messages import quote

__all__ = ["check_percentiles", "find_limits", "scale_to_uint8", "to_uint8"]

DEFAULT_PERCENTILES = (0.1, 99.9)
"""Limits that single outliers do not move; a small bright effusion stays below the upper one."""

TYPE_ADVICE = {
    "b": "A mask has no grey levels; pass the picture.",
    "c": "Pass its magnitude, `np.abs(stack)`.",
    "O": "Stack slices of the same shape with `np.stack`.",
}


def to_uint8(
    stack: Array,
    *,
    percentiles: tuple[float, float] = DEFAULT_PERCENTILES,
    padding: float | None = None,
    invert: bool = False,
) -> UInt8Array:
    """Stack of integers or floats of any range as grey levels 0 to 255.

    Grey levels rise linearly from 0 at the lower percentile to 255 at the upper one, rounded half
    to even; values outside become 0 or 255. The percentiles are those of the whole stack, so slices
    keep their brightness relative to each other.

    Parameters
    ----------
    stack : array of shape (n_slices, height, width), signed or unsigned integer or float
        Must be finite, apart from the padding. A uint8 stack keeps its grey levels.
    percentiles : pair of float, default (0.1, 99.9)
        0 <= lower < upper <= 100. The smallest value that at least so many percent of the pixels
        do not exceed, so a value of the stack. (0, 100) is minimum and maximum.
    padding : float, optional
        Value of the pixels outside the scanned area, such as -2000, or NaN. In DICOM it is
        PixelPaddingValue, after the rescale slope and intercept if you apply them. These pixels do
        not count for the percentiles and become 0. Without it, padding in more than a few pixels
        becomes the lower limit and takes contrast from the knee.
    invert : bool, default False
        Whether low values are bright, as in DICOM with PhotometricInterpretation MONOCHROME1.

    Returns
    -------
    ndarray of shape (n_slices, height, width), uint8
        `stack` itself if it is a uint8 array already and neither padded nor inverted.

    Raises
    ------
    TypeError
        If `stack` is not an array of integers or floats, or is masked.
    ValueError
        If its shape is wrong, a value is NaN or infinite, or both percentiles are the same value,
        as in a constant stack; or if `percentiles` or `padding` is invalid.

    Notes
    -----
    Memory: the result, one copy of the stack in its own type to find the percentiles, and one slice
    in float64; the stack may be a memory-mapped file.

    Grey levels are relative to each stack, as those of MRI are in general. Where values are
    calibrated and must stay comparable between exams, scale all exams by the same two limits.

    Examples
    --------
    >>> stack = np.array([[[-100, 0], [50, 100]]], np.int16)
    >>> to_uint8(stack, percentiles=(0, 100)).tolist()  # (50 + 100) / 200 * 255 = 191.25
    [[[0, 128], [191, 255]]]
    >>> to_uint8(stack, percentiles=(0, 100), padding=-100).tolist()
    [[[0, 0], [128, 255]]]
    >>> to_uint8(stack, percentiles=(0, 100), invert=True).tolist()
    [[[255, 128], [64, 0]]]
    """
    lower, upper = check_percentiles(percentiles)
    values = _check_values(stack)
    _check_padding(padding)
    if values.dtype == np.uint8 and padding is None and not invert:
        return values
    limits = (0.0, 255.0)
    if values.dtype != np.uint8:
        limits = find_limits(values, (lower, upper), padding)
    return scale_to_uint8(values, limits, padding, invert=invert)


def scale_to_uint8(
    values: NDArray[Any],
    limits: tuple[float, float],
    padding: float | None = None,
    *,
    invert: bool = False,
) -> UInt8Array:
    """Grey levels 0 to 255 that rise linearly between two values.

    Parameters
    ----------
    values : ndarray of shape (n_slices, height, width)
    limits : pair of float
        Values of grey levels 0 and 255; values outside become 0 or 255.
    padding : float, optional
        Value of the pixels that become 0; NaN too.
    invert : bool, default False
        Whether the lower value becomes 255.

    Returns
    -------
    ndarray of shape (n_slices, height, width), uint8
    """
    low, high = limits
    converted = np.empty(values.shape, np.uint8)
    for image, grey in zip(values, converted, strict=True):
        within = np.clip(image.astype(np.float64), low, high)
        part = (within - low) / (high - low)
        part = 1 - part if invert else part
        is_padding = _find_padding(image, padding)
        grey[...] = np.where(is_padding, 0, np.rint(part * 255))
    return converted


def check_percentiles(percentiles: tuple[float, float]) -> tuple[float, float]:
    """Percentiles as two floats.

    Parameters
    ----------
    percentiles : pair of float

    Returns
    -------
    pair of float

    Raises
    ------
    ValueError
        Unless 0 <= lower < upper <= 100.
    """
    try:
        lower, upper = (float(value) for value in percentiles)
        valid = 0 <= lower < upper <= 100
    except (TypeError, ValueError):
        valid = False
    if not valid:
        raise ValueError(
            "`percentiles` must be two numbers with 0 <= lower < upper <= 100, got "
            f"{quote(percentiles)}. Leave it out for {DEFAULT_PERCENTILES}."
        )
    return lower, upper


def _check_padding(padding: float | None) -> None:
    if padding is None:
        return
    if not isinstance(padding, int | float | np.integer | np.floating) or np.isinf(padding):
        raise ValueError(f"`padding` must be a finite number, NaN or None, got {quote(padding)}.")


def _check_values(stack: Array) -> NDArray[Any]:
    """Stack as a NumPy array of numbers, unchanged."""
    if not hasattr(stack, "shape") or not hasattr(stack, "dtype"):
        raise TypeError(
            "`stack` must be an array of shape (n_slices, height, width), got "
            f"{type(stack).__name__}. Stack slices of the same shape with `np.stack`."
        )
    if isinstance(stack, np.ma.MaskedArray):
        raise TypeError(
            "`stack` must be an array without a mask, got a masked array. Fill the mask with a "
            "value that no pixel has, and pass that value as `padding`."
        )
    values = to_host(stack)
    got = f"got {values.shape} {values.dtype}"
    if values.dtype.kind not in "iuf":
        advice = TYPE_ADVICE.get(values.dtype.kind, "Pass the pixels as numbers.")
        raise TypeError(f"`stack` must hold integers or floats, {got}. {advice}")
    if values.ndim != 3 or 0 in values.shape:
        raise ValueError(
            f"`stack` must have shape (n_slices, height, width) and at least one pixel, {got}. "
            "One slice is `image[np.newaxis]`; convert pictures in colour to grey first."
        )
    return values


def _find_padding(image: NDArray[Any], padding: float | None) -> NDArray[np.bool_]:
    if padding is None:
        return np.zeros(image.shape, dtype=bool)
    return np.isnan(image) if math.isnan(padding) else np.asarray(image == padding)


def find_limits(
    values: NDArray[Any], percentiles: tuple[float, float], padding: float | None
) -> tuple[float, float]:
    """Values of the stack at two percentiles, without the padding.

    Parameters
    ----------
    values : ndarray of shape (n_slices, height, width)
    percentiles : pair of float
        As of `to_uint8`.
    padding : float or None
        Value that does not count; NaN too.

    Returns
    -------
    pair of float

    Raises
    ------
    ValueError
        If a value is infinite or NaN, all are padding, or both percentiles are the same value.
    """
    # without the class of a memory map, whose copies are read-only in NumPy 2.0
    pixels = np.asarray(values)[~_find_padding(values, padding)]
    n_infinite = pixels.size - int(np.isfinite(pixels).sum())
    if n_infinite:
        raise ValueError(
            f"`stack` must be finite, got NaN or infinity in {n_infinite} of {values.size} pixels. "
            "Pass `padding=np.nan` if NaN marks what was not scanned; replace infinite values."
        )
    if pixels.size == 0:
        raise ValueError(
            f"`stack` must hold pixels other than the padding, got {padding} in all of them. Leave "
            "the stack out."
        )
    # the smallest value with at least this share of the pixels at or below it
    ranks = [max(math.ceil(pixels.size * p / 100) - 1, 0) for p in percentiles]
    pixels.partition(ranks)
    low, high = (float(pixels[rank]) for rank in ranks)
    if low == high:
        raise ValueError(
            f"`stack` must have contrast, got {low:g} at both percentiles {percentiles}. Pass "
            "`percentiles=(0, 100)` if few pixels differ; leave the stack out if none does."
        )
    if math.isinf(high - low):
        raise ValueError(
            f"`stack` must span less than the largest float64, got {low:g} to {high:g}. Divide it "
            "first."
        )
    return low, high
