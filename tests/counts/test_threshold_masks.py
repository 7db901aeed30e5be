"""Bit quads and boxes of threshold masks, counted one after the other."""

import numpy as np
import pytest

from mrnet_features.counts.threshold_masks import threshold_masks
from tests.support.zoo import make_stack

RNG = np.random.default_rng(31)


def count_quads(mask):
    """Squares of 2 x 2 pixels with 0, 1, 2 adjacent, 3, 4 and 2 diagonal pixels in the mask."""
    kinds = np.zeros(6, int)
    wide = np.pad(mask, 1).astype(int)
    for y, x in np.ndindex(wide.shape[0] - 1, wide.shape[1] - 1):
        square = wide[y : y + 2, x : x + 2]
        is_diagonal = square.sum() == 2 and square[0, 0] == square[1, 1]
        kinds[5 if is_diagonal else square.sum()] += 1
    return kinds


def count_boxes(mask, side):
    """Boxes with a pixel of the mask, on grids from the left and from the right."""
    return sum(
        grid[y : y + side, x : x + side].any()
        for grid in (mask, mask[:, ::-1])
        for y in range(0, mask.shape[0], side)
        for x in range(0, mask.shape[1], side)
    )


@pytest.mark.parametrize("width", [1, 2, 12, 16, 21, 24])
@pytest.mark.parametrize("height", [1, 9, 16])
def test_quads_and_boxes_of_each_threshold(height, width):
    levels = RNG.integers(1, 6, (2, height, width)).astype(np.uint8)
    regions = RNG.choice([0, 1, 2, 2, 2], levels.shape).astype(np.uint8)
    regions[:, :, : width // 3] = 0
    thresholds = (4, 1, 3, 4, 6)
    stack = make_stack(levels, regions, n_levels=5, n_regions=2)
    found = threshold_masks(stack, thresholds=thresholds)
    for s, r in np.ndindex(2, 2):
        n_pixels = (regions[s] == r + 1).sum()
        assert found.n_pixels[s, r] == n_pixels
        for t, threshold in enumerate(thresholds):
            mask = (regions[s] == r + 1) & (levels[s] >= threshold)
            quads = count_quads(mask) if n_pixels else np.zeros(6)
            assert np.array_equal(found.quads[s, r, t], quads)
            sides = [2**k for k in range(found.boxes.shape[-1])]
            assert found.boxes[s, r, t].tolist() == [count_boxes(mask, side) for side in sides]
