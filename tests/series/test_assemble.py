"""From a volume to a series."""

import json

import numpy as np
import pytest

from mrnet_features.series.assemble import Scale, assemble
from mrnet_features.series.orientation import CANONICAL
from mrnet_features.series.volume import Volume
from tests.support.dicom_files import draw_stack


def make_volume(stack, **changes):
    fields = {
        "n_slices": len(stack),
        "shape": stack.shape[1:],
        "pixel_mm": (0.6, 0.6),
        "read": lambda k: stack[k].astype(np.float32),
        "directions": CANONICAL["axial"],
    }
    return Volume(**(fields | changes))


def test_slices_are_read_once_each():
    stack, read = draw_stack(12, 60, 200), []

    def note(k):
        read.append(k)
        return stack[k].astype(np.float32)

    series = assemble(make_volume(stack, read=note), "x", Scale(size=64))
    assert series.recipe["leg_looked_for"] == [False, True]
    assert sorted(read) == list(range(12))


def test_a_window_found_early_gives_the_same_pixels():
    """Slices that were resampled whole to find the leg equal those that were cut at once."""
    stack = np.repeat(draw_stack(1, 60, 200), 12, axis=0)
    series = assemble(make_volume(stack, pixel_mm=(0.5, 0.5)), "x", Scale(size=64))
    assert (series.stack == series.stack[0]).all()


def test_the_recipe_is_plain_json():
    recipe = assemble(make_volume(draw_stack()), "x", Scale(size=64)).recipe
    assert json.loads(json.dumps(recipe)) == recipe
    assert recipe["percentiles"] == [0.1, 99.9]
    assert recipe["shape_before"] == [6, 60, 50]


def test_a_slice_that_was_not_scanned_is_black_and_does_not_count():
    stack = draw_stack().astype(np.float32)
    expected = assemble(make_volume(stack), "x", Scale(size=64)).recipe["limits"]
    longer = np.concatenate([stack, np.full((1, 60, 50), np.nan, np.float32)])
    series = assemble(make_volume(longer, read=lambda k: longer[k]), "x", Scale(size=64))
    assert series.recipe["limits"] == expected
    assert not series.stack[-1].any()


def test_too_many_pixels_are_refused_before_they_are_read():
    volume = make_volume(draw_stack(), n_slices=2048, read=None)
    with pytest.raises(ValueError, match=r"too many for `size=1024`"):
        assemble(volume, "x", Scale(size=1024))
