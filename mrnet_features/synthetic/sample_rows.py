"""Samples of a row of pixels: first every second pixel, then those at edges again."""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mrnet_features.synthetic import tissues as t
from mrnet_features.synthetic.compiled import compiled
from mrnet_features.synthetic.flexion import follow, to_tibia
from mrnet_features.synthetic.samples import (
    COLUMN,
    DEPTH,
    LANES,
    MOST,
    ROW,
    UNDER,
    VALUE,
    along_axis,
    find_signals,
    find_tissue,
    find_tissues,
    measure_points,
    place_points,
)
from mrnet_features.synthetic.soft_tissue import skin_depth

# Samples of a pixel: offset from the middle of the slice in slice thicknesses, and from the middle
# of the pixel in columns and rows. The signs alternate from row to row.
DEPTHS = (-0.3, 0.3, 0.0)
RIGHT = (-0.25, 0.25, 0.0)
DOWN = (-0.15, 0.15, 0.0)
PERIOD = 65536  # of the pseudo-random depths


@lru_cache(maxsize=1)
def depth_offsets() -> NDArray[np.float64]:
    """Pseudo-random depths of successive samples in slice thicknesses, a period of 65,536."""
    offsets, state = np.empty(PERIOD), 0
    for k in range(PERIOD):
        state = (state * 75 + 74) % 65537
        offsets[k] = state * 4e-6
    return offsets


class Scratch(NamedTuple):
    """Memory for the samples of a slice.

    `work` and `kinds` hold the samples that are made at once, `active` the blobs near a row.
    `shades`, with a margin of one pixel, is the signal of the tissue of each sample of the
    checkerboard, -1 in air. `edges` is the mean of the samples of an edge pixel, -1 elsewhere.
    `is_edge` marks the edge pixels of a row. Of these, `columns` holds the column, `firsts` the
    index of the first sample, `thirds` 1 if there is a third, by column.
    """

    work: Any
    kinds: Any
    active: Any
    shades: Any
    edges: Any
    is_edge: Any
    columns: Any
    firsts: Any
    thirds: Any


@compiled
def find_active(blobs: Any, corner: Any, step: Any, active: Any) -> int:
    """Write the blobs that a row of pixels may cross into `active`; return their number."""
    squared = step[0] ** 2 + step[1] ** 2 + step[2] ** 2
    count = 0
    for b in range(blobs.shape[0]):
        dx = blobs[b, 0] - corner[0]
        dy = blobs[b, 1] - corner[1]
        dz = blobs[b, 2] - corner[2]
        along = dx * step[0] + dy * step[1] + dz * step[2]
        if dx * dx + dy * dy + dz * dz - along * along / squared < (blobs[b, 12] + 4.0) ** 2:
            active[count] = b
            count += 1
    return count


@compiled
def mark_flow(flow: Any, s: int, r: int, c: int, tissue: int) -> None:
    """Set a pixel of `flow` to 1 in vessels, unless `flow` is empty."""
    if flow.shape[0] > 0 and (tissue == t.ARTERY or tissue == t.VEIN):
        flow[s, r, c] = 1


@compiled
def length(step: Any) -> float:
    """Length of a vector in mm."""
    size: float = np.sqrt(step[0] ** 2 + step[1] ** 2 + step[2] ** 2)
    return size


@compiled
def choose_point(work: Any, i: Any, sign: float, k: int, c: int, offset: float) -> None:
    """Write where sample k of column c lies in the slice.

    Depths are pseudo-random around the three: surfaces almost parallel to the slice would show as
    rings.
    """
    work[i + COLUMN] = c + sign * RIGHT[k]
    work[i + ROW] = sign * DOWN[k]
    work[i + DEPTH] = sign * DEPTHS[k] + offset - 0.13


@compiled
def sample_row(
    stack: Any,
    flow: Any,
    s: int,
    r: int,
    corner: Any,
    steps: Any,
    used: int,
    offsets: Any,
    n_active: int,
    model: Any,
    scratch: Any,
) -> int:
    """Sample every second pixel of a row once; return the number of depth offsets used so far."""
    work, kinds = scratch.work, scratch.kinds
    width = stack.shape[2]
    pixel = length(steps.column)
    sign = 1.0 if r & 1 else -1.0
    c = r & 1
    in_air = True
    while c < width:
        n = 1 if in_air else min((width - c + 1) // 2, MOST)
        for k in range(n):
            offset = offsets[(used + k) & (PERIOD - 1)]
            choose_point(work, np.uint64(k), sign, 0, c + 2 * k, offset)
        if in_air:  # sample by sample, since pixels are skipped
            under = depth_at(work, corner, steps, model)
            in_air = under < 0.0
            if in_air:  # no skin within this distance: skip
                used += 1
                c += 2 * int(max(-0.4 * under / pixel, 1.0))
            continue
        place_points(work, np.uint64(n), corner, steps, model)
        inside = 0
        while inside < n and work[np.uint64(inside) + UNDER] >= 0.0:
            inside += 1
        find_tissues(work, kinds, np.uint64(inside), model)
        find_signals(work, kinds, np.uint64(inside), scratch.active, n_active, model)
        for k in range(inside):
            stack[s, r, c] = work[np.uint64(k) + VALUE]
            scratch.shades[r + 1, c + 1] = model.signal[kinds[k]]
            mark_flow(flow, s, r, c, kinds[k])
            c += 2
        used += inside
        in_air = inside < n
    return used


@compiled
def depth_at(work: Any, corner: Any, steps: Any, model: Any) -> float:
    """Depth of the first point of `work` under the skin, in mm."""
    row, column, depth = work[ROW], work[COLUMN], work[DEPTH]
    x = along_axis(corner[0], row, column, depth, steps, 0)
    y = along_axis(corner[1], row, column, depth, steps, 1)
    z = along_axis(corner[2], row, column, depth, steps, 2)
    ys, zs = to_tibia(y, z, follow(z), model.knee)
    return skin_depth(x, ys, zs, model.tables)


@compiled
def find_edges(shades: Any, r: int, least: float, is_edge: Any, columns: Any) -> int:
    """Write the edge pixels of a row into `columns`; return their number.

    The samples around an edge pixel differ in tissue, by more than `least` in its signal. `shades`
    holds the signal of the tissue of each sample, and has a margin of one pixel.
    """
    above, here, below = shades[r], shades[r + 1], shades[r + 2]
    for c in range(is_edge.size):  # without a branch, so that it becomes vector code
        left, own = here[c], here[c + 1]
        sampled = (
            (abs(own - above[c]) > least)
            | (abs(own - above[c + 2]) > least)
            | (abs(own - below[c]) > least)
            | (abs(own - below[c + 2]) > least)
        )
        between = (  # not sampled; its four neighbours were
            (abs(left - here[c + 2]) > least)
            | (abs(left - above[c + 1]) > least)
            | (abs(left - below[c + 1]) > least)
        )
        is_edge[c] = between if (r + c) & 1 else sampled
    count = 0
    for c in range(is_edge.size):
        columns[count] = c
        count += is_edge[c]
    return count


@compiled
def guess_thirds(
    shades: Any, r: int, least: float, columns: Any, n_edges: int, thirds: Any
) -> None:
    """Guess which edge pixels of a row need a third sample: those with other tissue in other rows.

    Rows alternate between the two depths, so the samples above and below tell what is there.
    """
    above, here, below = shades[r], shades[r + 1], shades[r + 2]
    for e in range(n_edges):
        c = columns[e]
        if (r + c) & 1:
            one, two, up, down = here[c], here[c + 2], above[c + 1], below[c + 1]
            count = int(abs(one - up) > least) + int(abs(one - down) > least)
            count += int(abs(two - up) > least) + int(abs(two - down) > least)
        else:
            own = here[c + 1]
            count = int(abs(own - above[c]) > least) + int(abs(own - above[c + 2]) > least)
            count += int(abs(own - below[c]) > least) + int(abs(own - below[c + 2]) > least)
        if count != 2:  # else as in the row before
            thirds[c] = int(count > 2)


@compiled
def choose_points(
    work: Any, first: int, n_edges: int, r: int, used: int, offsets: Any, scratch: Any
) -> int:
    """Choose samples of as many edge pixels as fill a vector, with a guess of their numbers.

    `first` is the index of the first pixel. Returns one past the last; `firsts` has the samples.
    """
    sign = 1.0 if r & 1 else -1.0
    n, last = 0, first
    while last < n_edges and n <= LANES - 3:
        c = scratch.columns[last]
        scratch.firsts[last] = n
        for k in range(1 - ((r + c) & 1), 2 + scratch.thirds[c]):
            offset = offsets[(used + n) & (PERIOD - 1)]
            choose_point(work, np.uint64(n), sign, k, c, offset)
            n += 1
        last += 1
    scratch.firsts[last] = n
    return last


@compiled
def sample_edges(
    image: Any,
    r: int,
    corner: Any,
    steps: Any,
    used: int,
    offsets: Any,
    n_active: int,
    least: float,
    model: Any,
    scratch: Any,
) -> int:
    """Sample the edge pixels of a row two or three times; return the depth offsets used so far.

    Depths of a pixel depend on how often those before it were sampled, which is known only when
    their tissues are. Many pixels are placed and measured at once with a guess of their numbers.
    Their tissues are found one by one, up to the first wrong guess; the pixels after it are placed
    again.
    """
    work, kinds, columns, firsts, thirds = (
        scratch.work, scratch.kinds, scratch.columns, scratch.firsts, scratch.thirds,
    )  # fmt: skip
    signal = model.signal
    n_edges = find_edges(scratch.shades, r, least, scratch.is_edge, columns)
    guess_thirds(scratch.shades, r, 2.0 * least, columns, n_edges, thirds)
    done = 0
    while done < n_edges:
        last = choose_points(work, done, n_edges, r, used, offsets, scratch)
        n = np.uint64(firsts[last])
        place_points(work, n, corner, steps, model)
        measure_points(work, n, model)
        right, k = done, 0
        while right < last:
            find_tissue(work, kinds, np.uint64(k), model)
            k += 1
            c = columns[right]
            odd = (r + c) & 1
            if k == firsts[right] + 1 + odd:  # all but the third
                shade = signal[kinds[k - 2]] if odd else scratch.shades[r + 1, c + 1]
                # the second sample differs from the first: the surface is oblique to the slice
                third = int(abs(signal[kinds[k - 1]] - shade) > 2.0 * least)
                guess, thirds[c] = thirds[c], third
                if third > guess:  # it is not placed: the pixel is sampled again
                    break
                if third < guess:  # the samples after this pixel are at wrong depths
                    right += 1
                    firsts[right] = k
                    break
            if k == firsts[right + 1]:
                right += 1
        find_signals(work, kinds, np.uint64(firsts[right]), scratch.active, n_active, model)
        for e in range(done, right):
            c = columns[e]
            total = 0.0 if (r + c) & 1 else image[r, c]
            for k in range(firsts[e], firsts[e + 1]):
                total += work[np.uint64(k) + VALUE]
            scratch.edges[r, c] = total / (2 + thirds[c])
        used += firsts[right]
        done = right
    return used
