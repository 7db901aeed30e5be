"""Random stacks for hypothesis, and stacks from plain arrays."""

import dataclasses

import numpy as np
from hypothesis import strategies as st

from mrnet_features.stacks.stack import Stack, join_stacks


@st.composite
def stacks(draw):
    """Levels, regions, n_levels and n_regions of blobs or noise, from one pixel up."""
    # compiled counts process blocks of sixteen and more pixels, so slices are narrow or wide
    n_slices, height = draw(st.integers(1, 5)), draw(st.integers(1, 12))
    width = draw(st.integers(1, 16) | st.integers(17, 70))
    n_levels = draw(st.sampled_from([1, 2, 3, 8, 255]))
    n_regions = draw(st.sampled_from([1, 2, 5, 255]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    block = draw(st.integers(1, 3))
    shape = (n_slices, height, width)

    def blobs(low, high):
        small = rng.integers(low, high + 1, (n_slices, height // block + 1, width // block + 1))
        return small.repeat(block, 1).repeat(block, 2)[:, :height, :width].astype(np.uint8)

    levels = blobs(1, n_levels)
    kind = draw(st.sampled_from(["none", "all", "blobs", "specks", "halves"]))
    regions = {
        "none": np.zeros(shape, np.uint8),
        "all": np.full(shape, n_regions, np.uint8),
        "blobs": blobs(0, n_regions),
        "specks": rng.integers(0, n_regions + 1, shape).astype(np.uint8),
        "halves": np.where(np.arange(width) * 2 < width, 1, n_regions) * np.ones(shape, np.uint8),
    }[kind].astype(np.uint8)
    return levels, regions, n_levels, n_regions


def make_stack(values, regions, *, n_levels=255, n_regions=1):
    """Stack with `values` as grey levels and, cut to 1..`n_levels`, as levels."""
    levels = np.clip(values, 1, n_levels).astype(np.uint8)
    return Stack(values, levels, regions, n_levels, tuple(f"r{k}" for k in range(n_regions)))


def make_batch(exams, origins, *, n_regions=1):
    """Batch of (grey, regions) pairs with these origins."""
    joined = join_stacks([make_stack(*exam, n_regions=n_regions) for exam in exams])
    return dataclasses.replace(joined, origins=origins)
