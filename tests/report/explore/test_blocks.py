"""Parts of the page of an exploration."""

import numpy as np

from mrnet_features.report.explore.blocks import show
from mrnet_features.report.explore.flags import Thumbnail


def test_a_thumbnail_counts_its_slice_from_one():
    picture = np.zeros((8, 6), np.uint8)
    drawn = show(Thumbnail("0003", "axial", "check", 0, 10, picture, ("noise: Look.",)))
    assert drawn.lines[-1] == "Slice 1 of 10."
    assert (drawn.width, drawn.height) == (6, 8)
