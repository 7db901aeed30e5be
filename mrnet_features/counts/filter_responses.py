"""Responses of separable filters, rounded to quarters of a grey level and counted."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from mrnet_features.arrays import Array, Int32Array, device_function
from mrnet_features.counts.inputs import check_counted
from mrnet_features.launch import N_THREADS, launch, launch_each

TAP_BITS = 14  # of a filter's tap
MIDDLE_BITS = 6  # of fraction between the two passes
END_BITS = 4  # of fraction after them
STEPS = 4  # of a counted response, in a grey level
REACH = 255 * STEPS  # the largest response that is counted as what it is

ROW_BLOCK = 128  # pixels of a row that a block filters, as filter_responses.cu has them


@device_function
def laplacian_responses(grey: Array, regions: Array, *, sigma: float, n_regions: int) -> Array:
    """Histogram of the scale-normalised Laplacian of Gaussian in each region of each slice.

    The response is sigma^2 times the sum of both second derivatives of the slice smoothed by a
    Gaussian, positive in dark spots; beyond its edge the slice goes on with its last pixels. Taps
    are whole multiples of 2^-14, so that every device finds the same.

    Parameters
    ----------
    grey : array of shape (n_slices, height, width), uint8
        Grey levels 0 to 255.
    regions : array of shape (n_slices, height, width), uint8
        0 outside, r inside region r.
    sigma : float
        Standard deviation of the Gaussian in pixels, 0.5 to 16.
    n_regions : int

    Returns
    -------
    array of shape (n_slices, n_regions, 2041), int32
        Number of pixels; [..., k] with response (k - 1020) / 4 grey levels.

    Raises
    ------
    TypeError, ValueError
        If the input is not as above.

    Examples
    --------
    >>> flat = np.full((1, 2, 2), 7, np.uint8)
    >>> counts = laplacian_responses(flat, np.ones_like(flat), sigma=1.0, n_regions=1)
    >>> int(counts[0, 0, 1020])
    4
    """
    check_scale(sigma, "sigma")
    check_counted(grey, regions, lowest=0, highest=255, n_regions=n_regions)
    taps = _make_laplacian_taps(sigma)
    terms = np.array([[0, 1, 0, 1], [0, 0, 1, 1]], np.int32)
    return _count(grey, regions, taps, taps, terms, 1, n_regions)[:, :, 0]


@laplacian_responses.gpu
def _(grey: Array, regions: Array, *, sigma: float, n_regions: int) -> Array:
    check_scale(sigma, "sigma")
    check_counted(grey, regions, lowest=0, highest=255, n_regions=n_regions)
    taps = _make_laplacian_taps(sigma)
    response = _filter_on_gpu(grey, regions, taps, "filter_laplacian_columns", 1)
    return count_on_gpu(response, regions, n_regions, 1, 2 * REACH + 1)[:, :, 0]


@device_function
def gabor_responses(grey: Array, regions: Array, *, wavelength: float, n_regions: int) -> Array:
    """Histogram of the magnitude of Gabor filters along rows, columns and diagonals.

    A wave of this length under a round Gaussian of standard deviation 0.56 wavelengths (one octave
    of bandwidth); both diagonals are counted together, as a mirror swaps them.

    Parameters
    ----------
    grey : array of shape (n_slices, height, width), uint8
        Grey levels 0 to 255.
    regions : array of shape (n_slices, height, width), uint8
        0 outside, r inside region r.
    wavelength : float
        In pixels, 2 to 32.
    n_regions : int

    Returns
    -------
    array of shape (n_slices, n_regions, 3, 1021), int32
        Number of pixels; [..., o, k] with magnitude k / 4 grey levels, for the wave along the rows,
        along the columns, along both diagonals (each pixel twice).

    Raises
    ------
    TypeError, ValueError
        If the input is not as above.

    Examples
    --------
    >>> flat = np.zeros((1, 2, 2), np.uint8)
    >>> counts = gabor_responses(flat, np.ones_like(flat), wavelength=4.0, n_regions=1)
    >>> counts[0, 0, :, 0].tolist()
    [4, 4, 8]
    """
    _check_wavelength(wavelength)
    check_counted(grey, regions, lowest=0, highest=255, n_regions=n_regions)
    taps = _make_gabor_taps(wavelength)
    even, odd, slant_even, slant_odd = 1, 2, 3, 4
    terms = np.array(
        [
            # output, taps along the column, taps along the row, sign; real and imaginary in turn
            *((0, 0, even, 1), (1, 0, odd, 1)),
            *((2, even, 0, 1), (3, odd, 0, 1)),
            *((4, slant_even, slant_even, 1), (4, slant_odd, slant_odd, -1)),
            *((5, slant_odd, slant_even, 1), (5, slant_even, slant_odd, 1)),
            *((6, slant_even, slant_even, 1), (6, slant_odd, slant_odd, 1)),
            *((7, slant_odd, slant_even, 1), (7, slant_even, slant_odd, -1)),
        ],
        np.int32,
    )
    counts = _count(grey, regions, taps, taps, terms, 8, n_regions)
    both = counts[:, :, 2] + counts[:, :, 3]
    return np.stack([counts[:, :, 0], counts[:, :, 1], both], axis=2)


@gabor_responses.gpu
def _(grey: Array, regions: Array, *, wavelength: float, n_regions: int) -> Array:
    _check_wavelength(wavelength)
    check_counted(grey, regions, lowest=0, highest=255, n_regions=n_regions)
    taps = _make_gabor_taps(wavelength)
    response = _filter_on_gpu(grey, regions, taps, "filter_gabor_columns", 4)
    return count_on_gpu(response, regions, n_regions, 3, REACH + 1)


def _check_wavelength(wavelength: float) -> None:
    if not 2 <= wavelength <= 32:
        raise ValueError(f"`wavelength` must be 2 to 32 pixels, got {wavelength}.")


def check_scale(scale: float, name: str) -> None:
    """Raise unless a Gaussian of this width can be laid over a slice."""
    if not 0.5 <= scale <= 16:
        raise ValueError(f"`{name}` must be 0.5 to 16 pixels, got {scale}.")


def _make_laplacian_taps(sigma: float) -> Int32Array:
    """Gaussian, and its second derivative times sigma^2."""
    x, gauss = _gauss(sigma, 4)
    second = (x**2 / sigma**2 - 1) * gauss
    return np.stack([_fix(gauss, 1.0), _fix(second, 0.0)])


def _make_gabor_taps(wavelength: float) -> Int32Array:
    """Gaussian, even and odd wave under it, and both as a diagonal wave needs them."""
    x, gauss = _gauss(0.56 * wavelength, 3)
    waves = [gauss]
    for slant in (1.0, np.sqrt(0.5)):
        phase = 2 * np.pi * x * slant / wavelength
        waves += [gauss * np.cos(phase), gauss * np.sin(phase)]
    return np.stack([_fix(wave, None) for wave in waves])


def _gauss(sigma: float, reach: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Places and a Gaussian that adds up to 1, to `reach` standard deviations."""
    radius = int(np.ceil(reach * sigma))
    x = np.arange(-radius, radius + 1)
    gauss = np.exp(-(x**2) / (2 * sigma**2))
    return x, gauss / gauss.sum()


def _fix(taps: np.ndarray[Any, Any], total: float | None) -> Int32Array:
    """Taps in whole multiples of 2^-14; the middle one makes them add up to `total`."""
    fixed: Int32Array = np.rint(taps * 2**TAP_BITS).astype(np.int32)
    if total is not None:
        fixed[fixed.size // 2] += int(total * 2**TAP_BITS) - int(fixed.sum())
    return fixed


def _filter_on_gpu(
    grey: Array, regions: Array, taps: Int32Array, columns: str, n_outputs: int
) -> Array:
    """Responses, a stack for each output; what lies in no region is left open."""
    import cupy

    n_slices, height, width = grey.shape
    n_sets, n_taps = taps.shape
    n_pixels, on_device = np.uint32(grey.size), cupy.asarray(taps)
    # 16 bits hold what is left between the passes
    middle = cupy.empty((n_sets, *grey.shape), cupy.int16)
    blocks_a_row = -(-width // ROW_BLOCK)
    launch(
        "filter_responses.cu",
        "filter_rows",
        n_slices * height * blocks_a_row,
        ROW_BLOCK,
        (
            *(cupy.ascontiguousarray(grey), on_device, n_sets, n_taps, blocks_a_row),
            *(n_pixels, width, middle),
        ),
    )
    response = cupy.empty((n_outputs, *grey.shape), cupy.uint16)
    launch_each(
        "filter_responses.cu",
        columns,
        grey.size,
        (
            *(middle, cupy.ascontiguousarray(regions), on_device, n_taps),
            *(n_pixels, height, width, response),
        ),
    )
    return response


def count_on_gpu(
    response: Array, regions: Array, n_regions: int, n_outputs: int, n_values: int
) -> Array:
    """Histograms of responses that lie on a GPU.

    Parameters
    ----------
    response : CuPy array of shape (n_stacks, n_slices, height, width), uint16
        Below `n_values`, or 65535 for what is not counted.
    regions : CuPy array of shape (n_slices, height, width), uint8
    n_regions : int
    n_outputs : int
        Each output counts one stack, the last one all that are left.
    n_values : int

    Returns
    -------
    CuPy array of shape (n_slices, n_regions, n_outputs, n_values), int32
    """
    import cupy

    n_slices, height, width = regions.shape
    counts = cupy.empty((n_slices, n_regions, n_outputs, n_values), cupy.int32)
    launch(
        "filter_responses.cu",
        "count_responses",
        n_slices * n_regions * n_outputs,
        N_THREADS,
        (
            *(response, cupy.ascontiguousarray(regions), np.uint32(regions.size), height * width),
            *(n_regions, n_outputs, response.shape[0], n_values, counts),
        ),
    )
    return counts


def _count(
    grey: Array,
    regions: Array,
    vertical: Int32Array,
    horizontal: Int32Array,
    terms: Int32Array,
    n_outputs: int,
    n_regions: int,
) -> Array:
    """Histograms of filters that are sums of separable terms; pairs of outputs are magnitudes."""
    signed = n_outputs == 1
    n_values = 2 * REACH + 1 if signed else REACH + 1
    counts = np.zeros(
        (grey.shape[0], n_regions + 1, 1 if signed else n_outputs // 2, n_values), np.int32
    )
    _count_responses(
        np.ascontiguousarray(grey),
        np.ascontiguousarray(regions),
        vertical,
        horizontal,
        terms,
        n_outputs,
        counts,
    )
    return counts[:, 1:]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _count_responses(
    grey: Any,
    regions: Any,
    vertical: Int32Array,
    horizontal: Int32Array,
    terms: Int32Array,
    n_outputs: int,
    counts: Int32Array,
) -> None:
    """Filter along the rows, then a line at a time along the columns, then count the line."""
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
                # half away from zero, so that a mirror image gives the mirrored response
                for x in range(width):
                    line[x] = (line[x] + half_middle + (line[x] >> 31)) >> middle_shift
        for h in range(horizontal.shape[0]):
            top, bottom = middle[h, margin], middle[h, margin + height - 1]
            for y in range(margin):
                for x in range(width):  # assigning lines at once would take seconds to compile
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
                    # sums of squares are whole and roots are rounded alike everywhere
                    length = int(np.sqrt(real * real + imaginary * imaginary))
                    counts[s, r, o, min((length + half) >> steps_shift, REACH)] += 1
