"""Faults of stacks that were converted wrongly, such as a float picture cast to uint8."""

from __future__ import annotations

import numpy as np

from mrnet_features.arrays import UInt8Array

__all__ = ["find_conversion_faults"]

N_SAMPLED = 8
"""Slices that are looked at, evenly spaced."""

MIN_LEVELS = 16
"""Fewest grey levels of a sound stack. Those of knees have over 200; a picture with mean 0 and
standard deviation 1 that was cast to uint8 has about 12."""

N_TILES = 16
"""Tiles along each side of a slice, whose means are compared."""

TILE_SAMPLES = 8
"""Pixels along each side of a tile that are read; more are skipped evenly."""

MAX_SPREAD = 4
"""Largest difference in grey level between tiles of air; coils and tissue make larger ones."""

MIN_BRIGHT_BORDER = 0.3
"""Fraction of the tiles at the border that must look like white air. It is at most 0.12 in knees
that are cropped to 40 % of their sides, blurred, noisy or turned, and at least 0.31 in inverted
knees with air on most of the border."""


def find_conversion_faults(grey: UInt8Array) -> tuple[str, ...]:
    """Signs that a stack is not what it should be; sound knees have none.

    A stack with a sign may still be sound, so it is never changed. Only a sample of the pixels is
    read, unless these have few grey levels.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8
        Not empty.

    Returns
    -------
    tuple of str
        What was found and what to do, one sentence or two each.

    Notes
    -----
    Four faults are looked for:

    - all pixels have the same grey level;
    - fewer than 16 grey levels, as in a float picture that was cast to uint8;
    - the first axis is at least twice as long as the shortest of the others, as if slices came
      last: MRNet has 17 to 61 slices of 256 x 256 pixels. Stacks with more slices than half the
      height or width are not recognised;
    - white air: in most slices, over 30 % of the border is brighter than 95 % of the middle, and
      even. Inverted pictures without air at the border are not recognised.

    Examples
    --------
    >>> find_conversion_faults(np.full((2, 8, 8), 7, np.uint8))
    ('All pixels have grey level 7. Copy the stack again from its source, or leave it out.',)
    """
    n_slices, height, width = grey.shape
    slices = np.unique(np.linspace(0, n_slices - 1, N_SAMPLED).round().astype(np.intp))
    step = max(1, min(height, width) // (N_TILES * TILE_SAMPLES))
    sample = grey[slices, ::step, ::step]
    faults = []
    if level_fault := _describe_levels(grey, sample):
        faults.append(level_fault)
    if n_slices >= 2 * min(height, width):
        faults.append(
            f"The shape {grey.shape} looks as if slices came last; it must be (n_slices, height, "
            "width). If so, pass `np.moveaxis(stack, -1, 0)`."
        )
    elif _has_white_air(sample):
        faults.append(
            "The picture may be inverted: the border is bright and even, as if air were white. If "
            "so, pass `mf.to_uint8(stack, invert=True)`."
        )
    return tuple(faults)


def _describe_levels(grey: UInt8Array, sample: UInt8Array) -> str:
    """Fault of a stack with one or few grey levels; empty if there is none."""
    if np.count_nonzero(np.bincount(sample[:, ::2, ::2].ravel(), minlength=256)) >= MIN_LEVELS:
        return ""
    levels = np.flatnonzero(np.bincount(grey.ravel(), minlength=256))
    if len(levels) == 1:
        return (
            f"All pixels have grey level {levels[0]}. Copy the stack again from its source, or "
            "leave it out."
        )
    if len(levels) < MIN_LEVELS:
        return (
            f"The stack has only {len(levels)} grey levels ({levels[0]} to {levels[-1]}), like a "
            "float picture cast to uint8. Convert the original with `mf.to_uint8(stack)`."
        )
    return ""


def _has_white_air(sample: UInt8Array) -> bool:
    """Whether the border of most slices is brighter than the middle, and even."""
    n_slices = len(sample)
    height, width = (size // N_TILES * N_TILES for size in sample.shape[1:])
    if 0 in (height, width):
        return False
    # rows first: numpy sums long rows faster
    rows = sample[:, :height, :width].reshape(n_slices, N_TILES, -1, width).sum(2, dtype=np.uint32)
    sums = rows.reshape(n_slices, N_TILES, N_TILES, -1).sum(3, dtype=np.uint32)
    means = sums / (height * width / N_TILES**2)
    is_border = np.ones((N_TILES, N_TILES), dtype=bool)
    is_border[1:-1, 1:-1] = False
    quarter = N_TILES // 4
    border = means[:, is_border]
    middle = means[:, quarter:-quarter, quarter:-quarter].reshape(n_slices, -1)
    air = np.percentile(border, 90, axis=1, keepdims=True)
    is_air = (np.abs(border - air) <= MAX_SPREAD) & (
        border > np.percentile(middle, 95, axis=1, keepdims=True)
    )
    return bool(np.median(is_air.mean(axis=1)) > MIN_BRIGHT_BORDER)
