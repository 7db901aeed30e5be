"""Filter responses: histograms of Laplacian and Gabor responses in bins of 1/4 grey level."""

from __future__ import annotations

from typing import Any

import numpy as np

from mrnet_features.arrays import Array, Int32Array
from mrnet_features.compiling import cached_njit
from mrnet_features.counts.counting import count
from mrnet_features.counts.packed_rows import find_box
from mrnet_features.counts.symmetric_filters import (
    BAND,
    drop_bits,
    filter_both,
    filter_even,
    filter_rows,
    halve_taps,
    round_off,
)
from mrnet_features.launch import N_THREADS, launch, launch_each
from mrnet_features.stacks.stack import Stack

TAP_BITS = 14  # fraction bits of a filter tap
MIDDLE_BITS = 6  # fraction bits between the two passes
END_BITS = 4  # fraction bits after them
STEPS = 4  # counted responses per grey level
REACH = 255 * STEPS  # largest counted response; larger ones are counted as this one

_MIDDLE_SHIFT = TAP_BITS - MIDDLE_BITS
_END_SHIFT = TAP_BITS + MIDDLE_BITS - END_BITS
_STEP_SHIFT = np.int32(END_BITS - 2)  # to quarters
_HALF_STEP = np.int32(1 << (END_BITS - 3))

ROW_BLOCK = 128  # pixels of a row per block, as in filter_responses.cu


@count
def laplacian_responses(stack: Stack, *, sigma: float) -> Array:
    """Histogram of the scale-normalised Laplacian of Gaussian in each region of each slice.

    The response is sigma^2 times the sum of both second derivatives of the slice smoothed by a
    Gaussian, positive in dark spots; the slice is padded with its edge pixels. Filter taps are
    multiples of 2^-14, so that every device gives the same counts.

    Parameters
    ----------
    stack : Stack
    sigma : float
        Standard deviation of the Gaussian in pixels, 0.5 to 16.

    Returns
    -------
    array of shape (n_slices, n_regions, 2041), int32
        Number of pixels with response (k - 1020) / 4 grey levels at [..., k].

    Raises
    ------
    ValueError
        If the scale is out of range.

    Examples
    --------
    >>> flat = np.full((1, 2, 2), 7, np.uint8)
    >>> ones = np.ones_like(flat)
    >>> counts = laplacian_responses(Stack(flat, ones, ones, n_levels=1), sigma=1.0)
    >>> int(counts[0, 0, 1020])
    4
    """
    counts = np.zeros((stack.n_slices, stack.n_regions + 1, 1, 2 * REACH + 1), np.int32)
    taps = halve_taps(_make_laplacian_taps(sigma))
    _count_laplacian(stack.grey, stack.regions, taps, counts)
    return counts[:, 1:, 0]


@laplacian_responses.gpu
def _(stack: Stack, *, sigma: float) -> Array:
    response = _filter_on_gpu(stack, _make_laplacian_taps(sigma), "filter_laplacian_columns", 1)
    return count_on_gpu(response, stack, 1, 2 * REACH + 1)[:, :, 0]


@laplacian_responses.check
def _(sigma: float) -> None:
    check_scale(sigma, "sigma")


@count
def gabor_responses(stack: Stack, *, wavelength: float) -> Array:
    """Histogram of the magnitude of Gabor filters along rows, columns and diagonals.

    A filter is a wave of this length times an isotropic Gaussian of standard deviation 0.56
    wavelengths (a bandwidth of one octave). Both diagonals are counted together, because a mirror
    image swaps them.

    Parameters
    ----------
    stack : Stack
    wavelength : float
        In pixels, 2 to 32.

    Returns
    -------
    array of shape (n_slices, n_regions, 3, 1021), int32
        Number of pixels with magnitude k / 4 grey levels at [..., o, k], for a wave along the row,
        along the column and along both diagonals (each pixel counts twice).

    Raises
    ------
    ValueError
        If the scale is out of range.

    Examples
    --------
    >>> flat = np.zeros((1, 2, 2), np.uint8)
    >>> ones = np.ones_like(flat)
    >>> counts = gabor_responses(Stack(flat, ones, ones, n_levels=1), wavelength=4.0)
    >>> counts[0, 0, :, 0].tolist()
    [4, 4, 8]
    """
    counts = np.zeros((stack.n_slices, stack.n_regions + 1, 3, REACH + 1), np.int32)
    taps = halve_taps(_make_gabor_taps(wavelength))
    _count_gabor(stack.grey, stack.regions, taps, counts)
    return counts[:, 1:]


@gabor_responses.gpu
def _(stack: Stack, *, wavelength: float) -> Array:
    response = _filter_on_gpu(stack, _make_gabor_taps(wavelength), "filter_gabor_columns", 4)
    return count_on_gpu(response, stack, 3, REACH + 1)


@gabor_responses.check
def _(wavelength: float) -> None:
    if not 2 <= wavelength <= 32:
        raise ValueError(f"`wavelength` must be 2 to 32 pixels, got {wavelength}.")


def check_scale(scale: float, name: str) -> None:
    """Raise unless a Gaussian of this standard deviation is supported."""
    if not 0.5 <= scale <= 16:
        raise ValueError(f"`{name}` must be 0.5 to 16 pixels, got {scale}.")


def _make_laplacian_taps(sigma: float) -> Int32Array:
    """Taps of a Gaussian and of its second derivative times sigma^2."""
    x, gauss = _gauss(sigma, 4)
    second = (x**2 / sigma**2 - 1) * gauss
    return np.stack([_fix(gauss, 1.0), _fix(second, 0.0)])


def _make_gabor_taps(wavelength: float) -> Int32Array:
    """Taps of a Gaussian and of even and odd waves times it, along an axis and a diagonal."""
    x, gauss = _gauss(0.56 * wavelength, 3)
    waves = [gauss]
    for spacing in (1.0, np.sqrt(0.5)):
        phase = 2 * np.pi * x * spacing / wavelength
        waves += [gauss * np.cos(phase), gauss * np.sin(phase)]
    return np.stack([_fix(wave, None) for wave in waves])


def _gauss(sigma: float, reach: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Positions and a Gaussian with sum 1, up to `reach` standard deviations."""
    radius = int(np.ceil(reach * sigma))
    x = np.arange(-radius, radius + 1)
    gauss = np.exp(-(x**2) / (2 * sigma**2))
    return x, gauss / gauss.sum()


def _fix(taps: np.ndarray[Any, Any], total: float | None) -> Int32Array:
    """Taps in multiples of 2^-14, with the middle tap adjusted to the sum `total`."""
    fixed: Int32Array = np.rint(taps * 2**TAP_BITS).astype(np.int32)
    if total is not None:
        fixed[fixed.size // 2] += int(total * 2**TAP_BITS) - int(fixed.sum())
    return fixed


def _filter_on_gpu(stack: Stack, taps: Int32Array, columns: str, n_outputs: int) -> Array:
    """Filter responses on a GPU; pixels outside all regions are not set."""
    import cupy

    grey = stack.grey
    n_slices, height, width = grey.shape
    n_sets, n_taps = taps.shape
    n_pixels, on_device = np.uint32(grey.size), cupy.asarray(taps)
    # 16 bits hold the values between the passes
    middle = cupy.empty((n_sets, *grey.shape), cupy.int16)
    blocks_per_row = -(-width // ROW_BLOCK)
    launch(
        "filter_responses.cu",
        "filter_rows",
        n_slices * height * blocks_per_row,
        ROW_BLOCK,
        (
            *(grey, on_device, n_sets, n_taps, blocks_per_row),
            *(n_pixels, width, middle),
        ),
    )
    response = cupy.empty((n_outputs, *grey.shape), cupy.uint16)
    launch_each(
        "filter_responses.cu",
        columns,
        grey.size,
        (
            *(middle, stack.regions, on_device, n_taps),
            *(n_pixels, height, width, response),
        ),
    )
    return response


def count_on_gpu(response: Array, stack: Stack, n_outputs: int, n_values: int) -> Array:
    """Histograms of responses on a GPU.

    Parameters
    ----------
    response : CuPy array of shape (n_responses, n_slices, height, width), uint16
        Below `n_values`, or 65535 for pixels that are not counted.
    stack : Stack
        On the GPU.
    n_outputs : int
        Number of histograms: each counts one response, the last one all remaining ones.
    n_values : int

    Returns
    -------
    CuPy array of shape (n_slices, n_regions, n_outputs, n_values), int32
    """
    import cupy

    regions, n_regions = stack.regions, stack.n_regions
    n_slices, height, width = regions.shape
    counts = cupy.empty((n_slices, n_regions, n_outputs, n_values), cupy.int32)
    launch(
        "filter_responses.cu",
        "count_responses",
        n_slices * n_regions * n_outputs,
        N_THREADS,
        (
            *(response, regions, np.uint32(regions.size), height * width),
            *(n_regions, n_outputs, response.shape[0], n_values, counts),
        ),
    )
    return counts


@cached_njit(nogil=True, error_model="numpy")
def _count_laplacian(grey: Any, regions: Any, taps: Int32Array, counts: Int32Array) -> None:
    """Filter the box around the regions of each slice, some lines at a time, and count.

    `taps` are halves: Gaussian, its second derivative.
    """
    n_slices, height, width = grey.shape
    reach = taps.shape[1] - 1
    middle = np.zeros((2, (height + 2 * reach) * width), np.int16)
    sums = np.zeros((2, BAND + width + 2 * reach), np.int32)
    index = np.zeros(sums.shape[1], np.uint16)
    is_odd = np.zeros(2, np.bool_)
    for s in range(n_slices):
        box = find_box(regions[s])
        top, bottom, left, right = box
        n = right - left
        if n == 0:
            continue
        filter_rows(grey[s], box, taps, is_odd, _MIDDLE_SHIFT, middle)
        step = max(BAND // n, 1)
        for y in range(top, bottom, step):
            n_lines = min(step, bottom - y)
            total, more = sums[0, : n_lines * n], sums[1, : n_lines * n]
            start = (y - top + reach) * n
            # sums of two samples of a Gaussian stay below 2^15
            filter_even(middle[0], start, n, taps[1], total, np.int16)
            filter_even(middle[1], start, n, taps[0], more)
            for x in range(n_lines * n):
                total[x] += more[x]
            round_off(total, _END_SHIFT, total)
            for x in range(n_lines * n):
                value = np.int32(np.int32(total[x] + _HALF_STEP) >> _STEP_SHIFT)
                index[x] = min(max(value, np.int32(-REACH)), np.int32(REACH)) + np.int32(REACH)
            _count_lines(index, regions[s, y : y + n_lines, left:right], counts[s, :, 0])


@cached_njit(nogil=True, error_model="numpy")
def _count_gabor(grey: Any, regions: Any, taps: Int32Array, counts: Int32Array) -> None:
    """Filter the box around the regions of each slice, some lines at a time, and count.

    `taps` are halves: Gaussian, even and odd wave, even and odd wave of the diagonals.
    """
    n_slices, height, width = grey.shape
    small = np.int16  # taps add up to 1 at most, so sums of two samples stay below 2^15
    reach = taps.shape[1] - 1
    middle = np.zeros((5, (height + 2 * reach) * width), np.int16)
    sums = np.zeros((4, BAND + width + 2 * reach), np.int32)
    found = np.zeros((4, sums.shape[1]), np.uint32)
    is_odd = np.array([False, False, True, False, True])
    for s in range(n_slices):
        box = find_box(regions[s])
        top, bottom, left, right = box
        n = right - left
        if n == 0:
            continue
        filter_rows(grey[s], box, taps, is_odd, _MIDDLE_SHIFT, middle)
        step = max(BAND // n, 1)
        for y in range(top, bottom, step):
            n_lines = min(step, bottom - y)
            one, two = sums[0, : n_lines * n], sums[1, : n_lines * n]
            three, four = sums[2, : n_lines * n], sums[3, : n_lines * n]
            start = (y - top + reach) * n
            filter_even(middle[1], start, n, taps[0], one, small)
            filter_even(middle[2], start, n, taps[0], two, small)
            _find_magnitudes(one, two, found[0])
            filter_both(middle[0], start, n, taps[1], taps[2], one, two, small)
            _find_magnitudes(one, two, found[1])
            filter_both(middle[3], start, n, taps[3], taps[4], one, three, small)
            filter_both(middle[4], start, n, taps[3], taps[4], four, two, small)
            for x in range(n_lines * n):
                even_even, odd_odd, odd_even, even_odd = one[x], two[x], three[x], four[x]
                one[x], two[x] = even_even - odd_odd, odd_even + even_odd
                three[x], four[x] = even_even + odd_odd, odd_even - even_odd
            _find_magnitudes(one, two, found[2])
            _find_magnitudes(three, four, found[3])
            _count_magnitudes(found, regions[s, y : y + n_lines, left:right], counts[s])


@cached_njit(nogil=True, error_model="numpy")
def _find_magnitudes(real: Int32Array, imaginary: Int32Array, found: Any) -> None:
    """Magnitudes in quarters of grey levels, at most `REACH`.

    This is the number of k > 0 with a sum of squares of (4k - 2)^2 or more. A root in single
    precision gives it or one less, and the sum of squares, an integer, tells which.
    """
    for x in range(real.shape[0]):
        a = drop_bits(real[x], _END_SHIFT)
        b = drop_bits(imaginary[x], _END_SHIFT)
        square = np.int32(np.int32(a * a) + np.int32(b * b))
        root = np.sqrt(np.float32(square))
        least = np.int32(root * np.float32(0.25) + np.float32(0.49))
        next_root = np.int32(np.int32(least << _STEP_SHIFT) + _HALF_STEP)
        value = np.int32(least + np.int32(square >= np.int32(next_root * next_root)))
        found[x] = np.uint32(min(value, np.int32(REACH)))


@cached_njit(nogil=True, error_model="numpy")
def _count_magnitudes(found: Any, regions: Any, counts: Int32Array) -> None:
    """Count the four magnitudes of each pixel of some lines by region.

    Together, because an increment waits for the one before if that is of the same number.
    """
    n_lines, width = regions.shape
    table = counts.reshape(-1)
    for k in range(n_lines):
        line = found[:, k * width : (k + 1) * width]
        one, two, three, four = line[0], line[1], line[2], line[3]
        for x in range(width):
            first = np.uint32(np.uint32(regions[k, x]) * np.uint32(3 * (REACH + 1)))
            one[x] += first
            two[x] += np.uint32(first + np.uint32(REACH + 1))
            three[x] += np.uint32(first + np.uint32(2 * (REACH + 1)))
            four[x] += np.uint32(first + np.uint32(2 * (REACH + 1)))
        for x in range(width):
            table[one[x]] += 1
            table[two[x]] += 1
            table[three[x]] += 1
            table[four[x]] += 1


@cached_njit(nogil=True, error_model="numpy")
def _count_lines(index: Any, regions: Any, counts: Int32Array) -> None:
    """Count some lines of values by region."""
    n_lines, width = regions.shape
    for k in range(n_lines):
        value = index[k * width : (k + 1) * width]
        for x in range(width):
            counts[regions[k, x], value[x]] += 1
