"""Labelling: connected components of pixels of one level and region.

The CPU body compares whole rows without a branch, then assigns labels pixel by pixel, and joins
labels that meet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from mrnet_features.arrays import Array, UInt16Array, UInt32Array
from mrnet_features.compiling import cached_njit
from mrnet_features.counts.packed_rows import PADDING, make_packed, pack_regions, round_up
from mrnet_features.launch import check_items, launch, launch_each
from mrnet_features.stacks.exam_slices import upload_owners

FIRST_LABEL = 2
_OUTSIDE = np.uint32(1)  # label of all pixels in no region
_BEFORE = np.uint32(2**32 - 1)  # in place of a label: that of the pixel before

TILE_WIDTH, TILE_HEIGHT = 32, 8  # as in labelling.cu
_SEAM_THREADS = -(-(TILE_WIDTH + TILE_HEIGHT) // 32) * 32  # one per pixel of a seam, whole warps
NO_LABEL = 2**32 - 1  # as in labelling.cu


class Labelling(NamedTuple):
    """Work space and result of `label_slice`, for slices of up to n pixels.

    Attributes
    ----------
    packed : array, uint16
        Pixels of the slice, from `pack_regions` with a margin of one.
    spans : array of shape (height, 2), int64
        Where the rows of the slice are in `packed` and `label`.
    label : array, uint32
        Label of each pixel of `packed` that lies in a region.
    parent : array of shape (n + 3,), uint32
        A smaller label of the same zone, or the label itself, the root of the zone.
    size : array of shape (n + 3,), uint32
        Size of the zone of each root, 0 for other labels.
    pixel_of : array of shape (n + 3,), uint16
        Packed pixel, so region and level, of each label.
    joined : array of shape (n + 3,), uint32
        All labels that aren't roots.
    """

    packed: Any
    spans: Any
    label: Any
    parent: Any
    size: Any
    pixel_of: Any
    joined: Any


@cached_njit(nogil=True)
def make_labelling(height: int, width: int) -> Any:
    """Work space for `label_slice`."""
    packed, spans = make_packed(height, width, 1, 1)
    n = height * width + 3
    return Labelling(
        packed,
        spans,
        np.empty(packed.shape[0], np.uint32),
        np.empty(n, np.uint32),
        np.empty(n, np.uint32),
        np.empty(n, np.uint16),
        np.empty(n, np.uint32),
    )


@cached_njit(nogil=True, error_model="numpy")
def label_slice(levels: Any, regions: Any, work: Any) -> tuple[int, int, int, int]:
    """Label the 8-connected pixels of one level in one region.

    Parameters
    ----------
    levels, regions : array of shape (height, width), uint8
    work : Labelling
        From `make_labelling`, written to.

    Returns
    -------
    n_rows, stride, last, n_joined : int
        Number of rows in `spans`; distance of a pixel to the one below; the last label, where the
        first is `FIRST_LABEL`; and the number of labels in `joined`.
    """
    packed, spans, label, parent, size, pixel_of, joined = work
    taken = np.empty(levels.shape[1] + PADDING, np.uint32)
    meets = np.empty(levels.shape[1] + PADDING, np.uint8)
    columns = np.empty(levels.shape[1] + 1, np.uint32)
    n_rows, stride, _ = pack_regions(levels, regions, 1, 1, packed, spans)
    newest = np.uint32(_OUTSIDE)
    n_joined = 0
    for y in range(n_rows):
        begin, end = spans[y]
        n = end - begin
        line, above = packed[begin - 1 :], packed[begin - 1 - stride :]
        here, label_above = label[begin:end], label[begin - 1 - stride :]
        _take_labels(line, above, label_above, taken[: round_up(n)])
        _find_meetings(line, above, meets[: round_up(n)])
        new_parent = parent[newest + 1 : newest + 1 + n]
        for k in range(n):
            new_parent[k] = newest + np.uint32(1) + np.uint32(k)
        size[newest + 1 : newest + 1 + n] = 0
        newest = _assign_labels(line[1:], taken, newest, here, size, pixel_of)
        n_joined = _join_labels(here, label_above[2:], meets, columns, parent, joined, n_joined)
    for child in joined[:n_joined]:
        size[find_root(parent, child)] += size[child]
        size[child] = 0
    return n_rows, stride, int(newest), n_joined


@cached_njit(nogil=True, error_model="numpy")
def _take_labels(
    line: UInt16Array, above: UInt16Array, label_above: UInt32Array, taken: UInt32Array
) -> None:
    """Label that each pixel takes from the row above, 0 for none, `_BEFORE` for that before it."""
    for x in range(taken.shape[0]):
        pixel = line[x + 1]
        from_east = label_above[x + 2] if above[x + 2] == pixel else np.uint32(0)
        from_west = label_above[x] if above[x] == pixel else from_east
        old = label_above[x + 1] if above[x + 1] == pixel else from_west
        old = old if pixel > 0 else _OUTSIDE
        taken[x] = _BEFORE if line[x] == pixel else old


@cached_njit(nogil=True, error_model="numpy")
def _find_meetings(line: UInt16Array, above: UInt16Array, meets: Any) -> None:
    """Mark pixels where their label meets that of the pixel to the upper right.

    The pixel above touches all other neighbours, so labels meet only if it differs.
    """
    for x in range(meets.shape[0]):
        pixel = line[x + 1]
        has_label = (line[x] == pixel) | (above[x] == pixel)
        is_new = (above[x + 2] == pixel) & (above[x + 1] != pixel)
        meets[x] = has_label & is_new & (pixel > 0)


@cached_njit(nogil=True, error_model="numpy")
def _assign_labels(
    line: UInt16Array,
    taken: UInt32Array,
    newest: Any,
    label: UInt32Array,
    size: UInt32Array,
    pixel_of: UInt16Array,
) -> Any:
    """Labels of a row, which are counted; return the newest label."""
    last = np.uint32(0)
    for x in range(label.shape[0]):
        old = taken[x]
        # written over unless the label is used
        pixel_of[newest + np.uint32(1)] = line[x]
        newest = np.uint32(newest + np.uint32(old == 0))
        started = old if old > 0 else newest
        last = last if old == _BEFORE else started
        label[x] = last
        size[last] += np.uint32(1)
    return newest


@cached_njit(nogil=True, error_model="numpy")
def _join_labels(
    label: UInt32Array,
    label_above: UInt32Array,
    meets: Any,
    columns: UInt32Array,
    parent: UInt32Array,
    joined: UInt32Array,
    n_joined: int,
) -> int:
    """Join the zones of labels that meet under the smaller root; return the new `n_joined`."""
    n_meetings = 0
    for x in range(label.shape[0]):
        columns[n_meetings] = x
        n_meetings += int(meets[x])
    for k in range(n_meetings):
        x = columns[k]
        one, other = find_root(parent, label[x]), find_root(parent, label_above[x])
        if one != other:
            child = max(one, other)
            joined[n_joined] = child
            parent[child] = min(one, other)
            n_joined += 1
    return n_joined


@cached_njit(nogil=True, error_model="numpy")
def find_root(parent: UInt32Array, label: Any) -> Any:
    """Root of the zone of a label; labels on the way get nearer to it."""
    while parent[label] != label:
        parent[label] = parent[parent[label]]
        label = parent[label]
    return label


@cached_njit(nogil=True, error_model="numpy")
def key_of(pixel: Any, n_levels: Any) -> Any:
    """Index of the region and level of a packed pixel: ``(region - 1) n_levels + level - 1``."""
    region, level = np.uint32(pixel >> np.uint16(8)), np.uint32(pixel & np.uint16(255))
    return (region - np.uint32(1)) * n_levels + level - np.uint32(1)


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
