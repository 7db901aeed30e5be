"""Labelling: connected components of pixels of one level and region.

The CPU body compares whole rows without a branch, then assigns labels pixel by pixel and records
labels that meet, then joins these.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mrnet_features.arrays import Array, UInt16Array, UInt32Array
from mrnet_features.compiling import cached_njit
from mrnet_features.counts.packed_rows import find_span
from mrnet_features.launch import check_items, launch, launch_each
from mrnet_features.stacks.exam_slices import upload_owners

NO_KEY = 65535  # larger than 255 regions times 255 levels

TILE_WIDTH, TILE_HEIGHT = 32, 8  # as in labelling.cu
_SEAM_THREADS = -(-(TILE_WIDTH + TILE_HEIGHT) // 32) * 32  # one per pixel of a seam, whole warps
NO_LABEL = 2**32 - 1  # as in labelling.cu


@cached_njit(nogil=True, error_model="numpy")
def label_slice(
    levels: Any,
    regions: Any,
    n_levels: int,
    label: UInt32Array,
    parent: UInt32Array,
    key_of: UInt16Array,
    size: UInt32Array,
    meeting: UInt32Array,
) -> int:
    """Label the 8-connected pixels of one level in one region; return the number of labels.

    Label k is a child of label ``parent[k] <= k``. If both are equal, k is the root of a zone and
    ``size[k]`` is the size of the zone. Zones of key 0 lie in no region. All arrays except the
    first two are written to.

    Parameters
    ----------
    levels, regions : array of shape (height, width), uint8
    n_levels : int
    label : array of shape (height + 1, width + 2), uint32
        Label of pixel (y, x) at [y + 1, x + 1], if it lies in a region.
    parent, size : array of shape (height * width + 2,), uint32
    key_of : array of shape (height * width + 2,), uint16
        ``(region - 1) * n_levels + level``, or 0.
    meeting : array of shape (height * width + 1, 2), uint32
        Work space.
    """
    height, width = levels.shape
    n_levels_of = np.uint16(n_levels)
    keys = np.full((2, width + 2), NO_KEY, np.uint16)  # this line and the one above, alternating
    taken = np.zeros(width, np.uint32)
    continues, meets = np.zeros(width, np.uint8), np.zeros(width, np.uint8)
    spans = np.zeros((height, 2), np.int32)
    newest = np.uint32(0)
    n_meetings = 0
    for y in range(height):
        key, above = keys[y & 1], keys[(y + 1) & 1]
        key[:] = NO_KEY
        first, end = find_span(regions[y])
        spans[y, 0], spans[y, 1] = first, end
        n = end - first
        line_regions, line_levels = regions[y, first:end], levels[y, first:end]
        here, left = key[first + 1 : end + 1], key[first:end]
        for x in range(n):
            r = np.uint16(line_regions[x])
            of_pixel = np.uint16(np.uint16((r - np.uint16(1)) * n_levels_of) + line_levels[x])
            here[x] = of_pixel if r > 0 else np.uint16(0)
        up_left, up, up_right = (
            above[first:end],
            above[first + 1 : end + 1],
            above[first + 2 : end + 2],
        )
        line, line_above = label[y + 1, first + 1 : end + 1], label[y, first : end + 2]
        for x in range(n):
            k = here[x]
            west, north = left[x] == k, up[x] == k
            north_west, north_east = up_left[x] == k, up_right[x] == k
            from_north = line_above[x + 1] if north else np.uint32(0)
            from_east = line_above[x + 2] if north_east else np.uint32(0)
            from_west = line_above[x] if north_west else from_east
            taken[x] = from_north if north else from_west
            continues[x] = west
            # the pixel above touches the other neighbours, so labels meet only if it differs
            meets[x] = north_east & (not north) & (west | north_west)
        last = np.uint32(0)
        for x in range(n):
            old = taken[x]
            newest = np.uint32(newest + np.uint32((old == 0) & (continues[x] == 0)))
            started = old if old > 0 else newest
            last = last if continues[x] > 0 else started
            line[x] = last
            key_of[last] = here[x]
        for x in range(n):
            meeting[n_meetings, 0] = line[x]
            meeting[n_meetings, 1] = line_above[x + 2]
            n_meetings += int(meets[x])
    n_labels = int(newest)
    for k in range(n_labels + 1):
        parent[k], size[k] = k, 0
    for y in range(height):
        line = label[y + 1, spans[y, 0] + 1 : spans[y, 1] + 1]
        for x in range(line.shape[0]):
            size[line[x]] += np.uint32(1)
    for k in range(n_meetings):
        _join(parent, meeting[k, 0], meeting[k, 1])
    # a parent has a smaller label than its child, so sizes are added from the last label down
    for child in range(n_labels, 0, -1):
        root = parent[child]
        size[root] += size[child] if root != child else np.uint32(0)
    return n_labels


@cached_njit(nogil=True, error_model="numpy")
def _join(parent: UInt32Array, one: Any, other: Any) -> None:
    """Join the zones of two labels under the smaller root, with path halving."""
    while parent[one] != one:
        parent[one] = parent[parent[one]]
        one = parent[one]
    while parent[other] != other:
        parent[other] = parent[parent[other]]
        other = parent[other]
    parent[max(one, other)] = min(one, other)


@cached_njit(nogil=True)
def make_workspace(height: int, width: int) -> Any:
    """Work space for `label_slice`: label, parent, size, key_of, meeting."""
    n_labels = height * width + 2
    return (
        np.empty((height + 1, width + 2), np.uint32),
        np.empty(n_labels, np.uint32),
        np.empty(n_labels, np.uint32),
        np.empty(n_labels, np.uint16),
        np.empty((n_labels, 2), np.uint32),
    )


def label_on_gpu(
    values: Array,
    regions: Array,
    *,
    lowest: int = 0,
    mask: int = 255,
    diagonals: bool = True,
    exam_starts: Sequence[int] | None = None,
) -> tuple[Array, Array]:
    """Connected components of pixels of one region with equal ``value & mask``, on a GPU.

    Parameters
    ----------
    values, regions : CuPy array of shape (n_slices, height, width), uint8
        Contiguous. Pixels of region 0 belong to no component.
    lowest : int, default 0
        Pixels of a lower value belong to no component.
    mask : int, default 255
        Bits of the value that connected pixels share: 255 for all, 0 for none.
    diagonals : bool, default True
        Whether pixels that touch by a corner are connected.
    exam_starts : sequence of int, optional
        First slice of each exam. If given, a pixel is also connected to the nine nearest pixels in
        each neighbouring slice of its exam.

    Returns
    -------
    root : CuPy array of shape (n_pixels,), uint32
        Flat index of the first pixel of the component; `NO_LABEL` outside all components.
    size : CuPy array of shape (n_pixels,), int32
        Size of the component at its first pixel; 0 elsewhere.

    Raises
    ------
    ValueError
        If the stack has more than `MAX_ITEMS` pixels.
    """
    import cupy

    n_slices, height, width = values.shape
    n_pixels = n_slices * height * width
    check_items(n_pixels)
    root, size = cupy.empty(n_pixels, cupy.uint32), cupy.empty(n_pixels, cupy.int32)
    n_tiles = n_slices * -(-height // TILE_HEIGHT) * -(-width // TILE_WIDTH)
    what = (values, regions, lowest, mask)
    tiled = (*what, int(diagonals), height, width, root)
    launch("labelling.cu", "label_tiles", n_tiles, TILE_WIDTH * TILE_HEIGHT, (*tiled, size))
    launch("labelling.cu", "join_tiles", n_tiles, _SEAM_THREADS, tiled)
    if exam_starts is not None:
        owners = upload_owners(exam_starts, values)
        later = n_pixels - height * width
        n = np.uint32(n_pixels)
        launch_each(
            "labelling.cu",
            "join_slices",
            later,
            (*what, owners, height, width, n, root),
        )
    launch_each("labelling.cu", "flatten", n_pixels, (np.uint32(n_pixels), root, size))
    return root, size
