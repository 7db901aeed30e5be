"""Filter responses: histograms of Laplacian and Gabor responses in bins of 1/4 grey level."""

from __future__ import annotations

from typing import Any

import numpy as np

from mrnet_features.arrays import Array, Int32Array
from mrnet_features.compiling import cached_njit
from mrnet_features.counts.counting import count
from mrnet_features.launch import N_THREADS, launch, launch_each
from mrnet_features.stacks.stack import Stack

TAP_BITS = 14  # fraction bits of a filter tap
MIDDLE_BITS = 6  # fraction bits between the two passes
END_BITS = 4  # fraction bits after them
STEPS = 4  # counted responses per grey level
REACH = 255 * STEPS  # largest counted response; larger ones are counted as this one

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
    terms = np.array([[0, 1, 0, 1], [0, 0, 1, 1]], np.int32)
    return _count(stack, _make_laplacian_taps(sigma), terms, 1)[:, :, 0]


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
    even, odd, diagonal_even, diagonal_odd = 1, 2, 3, 4
    terms = np.array(
        [
            # output, column taps, row taps, sign; real and imaginary parts alternate
            *((0, 0, even, 1), (1, 0, odd, 1)),
            *((2, even, 0, 1), (3, odd, 0, 1)),
            *((4, diagonal_even, diagonal_even, 1), (4, diagonal_odd, diagonal_odd, -1)),
            *((5, diagonal_odd, diagonal_even, 1), (5, diagonal_even, diagonal_odd, 1)),
            *((6, diagonal_even, diagonal_even, 1), (6, diagonal_odd, diagonal_odd, 1)),
            *((7, diagonal_odd, diagonal_even, 1), (7, diagonal_even, diagonal_odd, -1)),
        ],
        np.int32,
    )
    counts = _count(stack, _make_gabor_taps(wavelength), terms, 8)
    both = counts[:, :, 2] + counts[:, :, 3]
    return np.stack([counts[:, :, 0], counts[:, :, 1], both], axis=2)


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


def _count(stack: Stack, taps: Int32Array, terms: Int32Array, n_outputs: int) -> Array:
    """Histograms of sums of separable filters; two outputs give one magnitude."""
    signed = n_outputs == 1
    n_values = 2 * REACH + 1 if signed else REACH + 1
    n_histograms = 1 if signed else n_outputs // 2
    counts = np.zeros((stack.n_slices, stack.n_regions + 1, n_histograms, n_values), np.int32)
    _count_responses(stack.grey, stack.regions, taps, taps, terms, n_outputs, counts)
    return counts[:, 1:]


@cached_njit(nogil=True)
def _count_responses(
    grey: Any,
    regions: Any,
    vertical: Int32Array,
    horizontal: Int32Array,
    terms: Int32Array,
    n_outputs: int,
    counts: Int32Array,
) -> None:
    """Filter along rows, then filter and count one line at a time along columns."""
    n_slices, height, width = grey.shape
    n_taps = vertical.shape[1]
    margin = n_taps // 2
    padded = np.zeros(width + 2 * margin, np.int32)
    middle = np.zeros((horizontal.shape[0], height + 2 * margin, width), np.int32)
    total = np.zeros((n_outputs, width), np.int32)
    middle_shift = TAP_BITS - MIDDLE_BITS
    end_shift = TAP_BITS + MIDDLE_BITS - END_BITS
    half_middle, half_end = np.int32(1 << (middle_shift - 1)), np.int32(1 << (end_shift - 1))
    steps_shift = END_BITS - 2  # to quarters
    half = 1 << (steps_shift - 1)
    for s in range(n_slices):
        for y in range(height):
            for x in range(padded.shape[0]):
                padded[x] = grey[s, y, min(max(x - margin, 0), width - 1)]
            for h in range(horizontal.shape[0]):
                line = middle[h, margin + y]
                line[:] = 0
                for k in range(n_taps):
                    tap, part = horizontal[h, k], padded[k : k + width]
                    for x in range(width):
                        line[x] += tap * part[x]
                # half is rounded away from zero, so that a mirrored slice has mirrored responses
                for x in range(width):
                    line[x] = (line[x] + half_middle + (line[x] >> 31)) >> middle_shift
        for h in range(horizontal.shape[0]):
            top, bottom = middle[h, margin], middle[h, margin + height - 1]
            for y in range(margin):
                for x in range(width):  # assigning whole lines would take seconds to compile
                    middle[h, y, x] = top[x]
                    middle[h, margin + height + y, x] = bottom[x]
        for y in range(height):
            first, last = 0, width
            while first < width and regions[s, y, first] == 0:
                first += 1
            while last > first and regions[s, y, last - 1] == 0:
                last -= 1
            if first == last:
                continue
            total[:] = 0
            for t in range(terms.shape[0]):
                out, v, h, sign = terms[t]
                line = total[out, first:last]
                for k in range(n_taps):
                    tap, part = sign * vertical[v, k], middle[h, y + k, first:last]
                    for x in range(last - first):
                        line[x] += tap * part[x]
            for out in range(n_outputs):
                line = total[out, first:last]
                for x in range(last - first):
                    line[x] = (line[x] + half_end + (line[x] >> 31)) >> end_shift
            for x in range(first, last):
                r = regions[s, y, x]
                if n_outputs == 1:
                    value = (int(total[0, x]) + half) >> steps_shift
                    counts[s, r, 0, min(max(value, -REACH), REACH) + REACH] += 1
                    continue
                for o in range(n_outputs // 2):
                    real = np.float64(total[2 * o, x])
                    imaginary = np.float64(total[2 * o + 1, x])
                    # sums of squares are integers, and all devices round roots alike
                    length = int(np.sqrt(real * real + imaginary * imaginary))
                    counts[s, r, o, min((length + half) >> steps_shift, REACH)] += 1
