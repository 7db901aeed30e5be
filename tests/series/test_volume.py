"""Limits that are checked before a pixel is decoded."""

import pytest

from mrnet_features.series.volume import find_size_problem, find_spacing_problem


@pytest.mark.parametrize("size", [(1, 1, 1), (320, 1024, 1024), (2048, 512, 512), (32, 4096, 4096)])
def test_sizes_of_real_series_are_read(size):
    assert find_size_problem(*size) is None


@pytest.mark.parametrize(
    "size", [(0, 9, 9), (9, -1, 9), (2049, 9, 9), (1, 4097, 9), (1, 9, 4097), (64, 4096, 4096)]
)
def test_other_sizes_are_named(size):
    text = find_size_problem(*size)
    assert f"got {size[0]} slices of {size[1]} x {size[2]} pixels" in text


def test_distances_of_knees_are_read():
    assert find_spacing_problem((0.137, 0.703)) is None
    for pixel_mm in ((0.0, 0.5), (0.5, 11.0), (float("nan"), 0.5), (-0.5, 0.5)):
        assert find_spacing_problem(pixel_mm).startswith("must have rows and columns 0.02 to 10 mm")
