"""Top-hats: grey levels of thin bright and thin dark structures, summed by region."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy import ndimage

from mrnet_features.arrays import Array, UInt8Array
from mrnet_features.compiling import cached_njit
from mrnet_features.counts.counting import count
from mrnet_features.counts.packed_rows import find_change, find_span
from mrnet_features.launch import N_THREADS, count_walks, launch, launch_each
from mrnet_features.stacks.stack import Stack

_LARGEST_SIDE = 255  # pixels


class TopHats(NamedTuple):
    """Grey levels and top-hats of each region of each slice.

    Attributes
    ----------
    n_pixels, grey : array of shape (n_slices, n_regions), int32
        Number of pixels, and the sum of their grey levels.
    bright, dark : array of shape (n_slices, n_regions), int32
        Sum of the white top-hat, the grey level above an opening, and of the black top-hat, the
        grey level below a closing.
    bright_max, dark_max : array of shape (n_slices, n_regions), int32
        Highest top-hat of a pixel.
    """

    n_pixels: Array
    grey: Array
    bright: Array
    dark: Array
    bright_max: Array
    dark_max: Array


@count
def top_hats(stack: Stack, *, side: int) -> TopHats:
    """White and black top-hats with a square, summed over each region of each slice.

    The white top-hat keeps bright structures narrower than the square, the black top-hat dark ones
    [1]_. The square may extend beyond the region, but not beyond the slice.

    Parameters
    ----------
    stack : Stack
    side : int
        Side of the square in pixels; odd, 1 to 255.

    Returns
    -------
    TopHats

    Raises
    ------
    ValueError
        If `side` is even or out of range.

    References
    ----------
    .. [1] Soille P. Morphological Image Analysis, 2nd ed. Springer 2004, chapter 4.

    Examples
    --------
    >>> grey = np.uint8([[[5, 5, 9, 5, 5, 2, 5, 5]]])
    >>> ones = np.ones_like(grey)
    >>> found = top_hats(Stack(grey, ones, ones, n_levels=1), side=3)
    >>> int(found.bright[0, 0]), int(found.dark[0, 0])
    (4, 3)
    """
    counts = np.zeros((6, stack.n_slices, stack.n_regions + 1), np.int32)
    _count_top_hats(stack.grey, stack.regions, side // 2, counts)
    return TopHats(*counts[:, :, 1:])


def find_top_hats(stack: Stack, *, side: int) -> tuple[UInt8Array, UInt8Array]:
    """White and black top-hat of each pixel, as `top_hats` sums them; on the CPU only.

    Parameters
    ----------
    stack, side
        As for `top_hats`.

    Returns
    -------
    bright, dark : ndarray of shape (n_slices, height, width), uint8

    Examples
    --------
    >>> grey = np.uint8([[[5, 5, 9, 5, 5, 2, 5, 5]]])
    >>> ones = np.ones_like(grey)
    >>> bright, dark = find_top_hats(Stack(grey, ones, ones, n_levels=1), side=3)
    >>> bright.argmax(), dark.argmax()
    (np.int64(2), np.int64(5))
    """
    grey, square = stack.grey, (1, side, side)
    bright = grey - ndimage.grey_opening(grey, square, mode="nearest")
    dark = ndimage.grey_closing(grey, square, mode="nearest") - grey
    return bright, dark


@top_hats.gpu
def _(stack: Stack, *, side: int) -> TopHats:
    import cupy

    grey, regions, n_regions = stack.grey, stack.regions, stack.n_regions
    n_slices, height, width = grey.shape
    counts = cupy.zeros((6, n_slices, n_regions), cupy.int32)
    blocks_per_slice = count_walks(height * width)
    opened, closed = (open_rows_on_gpu(grey, side // 2, closing) for closing in (0, 1))
    launch(
        "top_hats.cu",
        "count_top_hats",
        n_slices * blocks_per_slice,
        N_THREADS,
        (
            *(grey, regions, opened, closed, side // 2, blocks_per_slice),
            *(n_slices, height, width, n_regions, counts),
        ),
    )
    return TopHats(*counts)


def open_rows_on_gpu(grey: Array, half: int, closing: int = 0) -> Array:
    """Opening with a square (closing if `closing` is 1), without its last step along columns."""
    import cupy

    _, height, width = grey.shape
    for in_rows, highest in ((1, closing), (0, closing), (1, 1 - closing)):
        target = cupy.empty(grey.shape, cupy.uint8)
        launch_each(
            "top_hats.cu",
            "find_extremes",
            grey.size,
            (grey, np.uint32(grey.size), half, height, width, in_rows, highest, target),
        )
        grey = target
    return grey


@top_hats.check
def _(side: int) -> None:
    if not 1 <= side <= _LARGEST_SIDE or side % 2 == 0:
        raise ValueError(
            f"`side` must be an odd number of pixels, 1 to {_LARGEST_SIDE}, got {side}."
        )


@cached_njit(nogil=True, error_model="numpy")
def open_slices(images: Any, half: int) -> Any:
    """Opening of each slice with a square; the parts of a square outside the slice are left out.

    Parameters
    ----------
    images : array of shape (n_slices, height, width), uint8
    half : int
        The side of the square is ``2 half + 1`` pixels.

    Returns
    -------
    array of shape (n_slices, height, width), uint8

    Examples
    --------
    >>> open_slices(np.uint8([[[5, 5, 5, 9, 1]]]), 1)
    array([[[5, 5, 5, 5, 1]]], dtype=uint8)
    """
    opened = np.empty(images.shape, np.uint8)
    work = np.empty(images.shape[1:], np.uint8)
    for s in range(images.shape[0]):
        _open(images[s], half, work, opened[s])
    return opened


@cached_njit(nogil=True, error_model="numpy")
def _count_top_hats(grey: Any, regions: Any, half: int, counts: Any) -> None:
    n_slices, height, width = grey.shape
    opened, closed = np.empty((height, width), np.uint8), np.empty((height, width), np.uint8)
    inverse, work = np.empty((height, width), np.uint8), np.empty((height, width), np.uint8)
    for s in range(n_slices):
        top, bottom, left, right = height, 0, width, 0
        for y in range(height):
            first, end = find_span(regions[s, y])
            if end > 0:
                top, bottom = min(top, y), y + 1
                left, right = min(left, first), max(right, end)
        if bottom == 0:
            continue
        # both steps reach `half` pixels, so no pixel further away than this matters
        top, bottom = max(top - 2 * half, 0), min(bottom + 2 * half, height)
        left, right = max(left - 2 * half, 0), min(right + 2 * half, width)
        image, inside = grey[s, top:bottom, left:right], regions[s, top:bottom, left:right]
        n_rows, n_columns = image.shape
        for y in range(n_rows):
            for x in range(n_columns):
                inverse[y, x] = ~image[y, x]
        _open(image, half, work, opened[:n_rows, :n_columns])
        _open(inverse[:n_rows, :n_columns], half, work, closed[:n_rows, :n_columns])
        for y in range(n_rows):
            x, end = find_span(inside[y])
            while x < end:
                region, last = inside[y, x], find_change(inside[y, :end], x, inside[y, x])
                total, bright, dark = np.uint32(0), np.uint32(0), np.uint32(0)
                brightest, darkest = np.uint8(0), np.uint8(0)
                for k in range(x, last):
                    above = np.uint8(image[y, k] - opened[y, k])
                    below = np.uint8(np.uint8(~closed[y, k]) - image[y, k])
                    total += np.uint32(image[y, k])
                    bright += np.uint32(above)
                    dark += np.uint32(below)
                    brightest = max(brightest, above)
                    darkest = max(darkest, below)
                counts[0, s, region] += last - x
                counts[1, s, region] += total
                counts[2, s, region] += bright
                counts[3, s, region] += dark
                counts[4, s, region] = max(counts[4, s, region], np.int32(brightest))
                counts[5, s, region] = max(counts[5, s, region], np.int32(darkest))
                x = last


@cached_njit(nogil=True, error_model="numpy")
def _open(image: Any, half: int, work: Any, opened: Any) -> None:
    """Opening of a slice with a square, whose parts outside the slice are left out."""
    # lines are copied pixel by pixel: one assignment of an array takes half a second to compile
    height, width = image.shape
    padded = np.empty(width + 2 * half, np.uint8)
    for y in range(height):  # erosion along rows
        _pad(image[y], half, padded)
        line = work[y]
        for x in range(width):
            line[x] = padded[x]
        for k in range(1, 2 * half + 1):
            for x in range(width):
                line[x] = min(line[x], padded[x + k])
    for y in range(height):  # erosion along columns
        line = opened[y]
        for x in range(width):
            line[x] = work[y, x]
        for k in range(max(y - half, 0), min(y + half + 1, height)):
            for x in range(width):
                line[x] = min(line[x], work[k, x])
    for y in range(height):  # dilation along columns
        line = work[y]
        for x in range(width):
            line[x] = opened[y, x]
        for k in range(max(y - half, 0), min(y + half + 1, height)):
            for x in range(width):
                line[x] = max(line[x], opened[k, x])
    for y in range(height):  # dilation along rows
        _pad(work[y, :width], half, padded)
        line = opened[y]
        for x in range(width):
            line[x] = padded[x]
        for k in range(1, 2 * half + 1):
            for x in range(width):
                line[x] = max(line[x], padded[x + k])


@cached_njit(nogil=True, error_model="numpy")
def _pad(line: Any, half: int, padded: Any) -> None:
    """Repeat the edge pixels of a line, which changes neither minimum nor maximum around them."""
    width = line.shape[0]
    padded[:half] = line[0]
    for x in range(width):
        padded[half + x] = line[x]
    padded[half + width :] = line[width - 1]
