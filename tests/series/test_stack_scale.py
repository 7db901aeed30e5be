"""Stacks of any pixel size become those of one size, with their grey levels."""

import numpy as np
import pytest

from mrnet_features.names import PLANES
from mrnet_features.series.assemble import Scale
from mrnet_features.series.stack_scale import resample_stack


def make_ramp(mm, field=153.6):
    """Stack of grey levels that rise along rows and columns."""
    n = round(field / mm)
    x = (np.arange(n) + 0.5) * mm
    return np.rint(x[None, :, None] * 0.9 + x[None, None, :] * 0.5).astype(np.uint8)


@pytest.mark.parametrize("plane", PLANES)
def test_a_stack_of_the_right_size_stays_as_it_is(plane):
    stack = np.random.default_rng(0).integers(0, 256, (3, 256, 256), np.uint8)
    found = resample_stack(stack, (0.6, 0.6), plane)
    assert found.dtype == np.uint8
    assert np.array_equal(found, stack)


@pytest.mark.parametrize("mm", [0.3, 0.4, 0.48])
def test_levels_and_places_are_kept(mm):
    """The same ramp at any pixel size; its middle is where it was, and it is not stretched."""
    found, reference = resample_stack(make_ramp(mm), (mm, mm), "coronal"), make_ramp(0.6)
    apart = np.abs(found.astype(int) - reference)[:, 4:-4, 4:-4]
    assert apart.max() <= 1


def test_rows_and_columns_may_have_different_sizes():
    stack = np.full((1, 512, 128), 90, np.uint8)
    found = resample_stack(stack, (0.3, 1.2), "sagittal")
    assert found.shape == (1, 256, 256)
    assert (found == 90).all()
    other = resample_stack(stack, (0.3, 0.6), "sagittal", scale=Scale(1.2, 128))
    assert (other[0, :, 32:96] == 90).all()
    assert other[0, :, :31].max() == 0


def test_a_wide_picture_is_cut_around_the_leg():
    stack = np.zeros((8, 256, 600), np.uint8)
    stack[:, :, 400:560] = 120
    found = resample_stack(stack, (0.6, 0.6), "coronal")
    columns = np.flatnonzero(found[4].any(axis=0))
    assert abs(columns.mean() - 127.5) < 12
    stack[:, :, 40:200] = 120
    with pytest.raises(ValueError, match="'x.npy' shows two legs side by side"):
        resample_stack(stack, (0.6, 0.6), "coronal", label="x.npy")
