"""GPU bodies on stacks of many tiles, on difficult shapes and at the limits of parameters."""

import importlib
import re

import numpy as np
import pytest

from mrnet_features import launch
from mrnet_features.arrays import to_host
from mrnet_features.counts import filter_responses as responses
from mrnet_features.counts import morphology
from mrnet_features.counts import threshold_masks as masks
from mrnet_features.counts.boundaries import boundaries
from mrnet_features.counts.components_3d import components_3d
from mrnet_features.counts.distance_zone import distance_zones
from mrnet_features.counts.filter_responses import gabor_responses, laplacian_responses
from mrnet_features.counts.haar_wavelet import haar_responses
from mrnet_features.counts.line_detector import dark_lines
from mrnet_features.counts.size_zone import size_zones
from mrnet_features.counts.smoothing import smooth
from tests.support.zoo import make_stack

pytestmark = pytest.mark.usefixtures("gpu")

RNG = np.random.default_rng(3)


def draw_snake(height, width):
    """Bright rows joined at alternating ends."""
    snake = np.ones((height, width), np.uint8)
    snake[::2] = 2
    snake[1::4, -1] = 2
    snake[3::4, 0] = 2
    return snake


def draw_spiral(height, width):
    """A bright spiral, one pixel wide, with gaps of one pixel."""
    spiral = np.pad(np.ones((height, width), np.uint8), 1, constant_values=2)
    y, x, dy, dx, n_turns = 1, 0, 0, 1, 0
    while n_turns < 2:
        # the first turn may touch the margin, which is cut off
        blocked = spiral[y + dy, x + dx] == 2 and (y + dy, x + dx) != (1, 1)
        ahead = (y + 2 * dy, x + 2 * dx)
        inner = 1 <= ahead[0] <= height and 1 <= ahead[1] <= width
        if blocked or (inner and spiral[ahead] == 2):
            dy, dx, n_turns = dx, -dy, n_turns + 1
            continue
        y, x, n_turns = y + dy, x + dx, 0
        spiral[y, x] = 2
    return spiral[1:-1, 1:-1]


def draw_diagonals(height, width, lean):
    """Lines that are connected by corners only."""
    y, x = np.mgrid[:height, :width]
    return ((x + lean * y) % 3 == 0).astype(np.uint8) + np.uint8(1)


SHAPE = (21, 75)  # several tiles, the last of each row and column cut off
PICTURES = {
    "noise": RNG.integers(1, 3, SHAPE, np.uint8),
    "sparse noise": (RNG.random(SHAPE) < 0.41).astype(np.uint8) + np.uint8(1),
    "snake": draw_snake(*SHAPE),
    "snake on its side": draw_snake(*SHAPE[::-1]).T,
    "spiral": draw_spiral(*SHAPE),
    "rising lines": draw_diagonals(*SHAPE, 1),
    "falling lines": draw_diagonals(*SHAPE, -1),
    "flat": np.ones(SHAPE, np.uint8),
    "one row": RNG.integers(1, 3, (1, 99), np.uint8),
    "one column": RNG.integers(1, 3, (99, 1), np.uint8),
    "one pixel": np.ones((1, 1), np.uint8),
}


def assert_same(count, values, regions, *, n_levels=255, n_regions=1, **options):
    """Assert that both devices give the same counts, dtypes and shapes; return the counts."""
    stack = make_stack(values, regions, n_levels=n_levels, n_regions=n_regions)
    expected = count(stack, **options)
    found = count(stack.on_device("cuda"), **options)
    pairs = [(found, expected)]
    if isinstance(expected, tuple):
        assert type(found) is type(expected)
        pairs = list(zip(found, expected, strict=True))
    for part, what in pairs:
        part = to_host(part)
        assert (part.dtype, part.shape) == (what.dtype, what.shape)
        assert np.array_equal(part, what)
    return expected


def make_regions(shape, n_regions, kind):
    """Regions of a stack: one, halves with a diagonal border, or nested frames."""
    _, height, width = shape
    y, x = np.mgrid[:height, :width]
    plane = {
        "one": np.ones((height, width)),
        "halves": np.where(3 * y + x < (3 * height + width) / 2, 1, n_regions),
        "frames": np.minimum.reduce([y, x, height - 1 - y, width - 1 - x]) // 3 % (n_regions + 1),
    }[kind]
    return np.broadcast_to(plane.astype(np.uint8), shape).copy()


@pytest.mark.parametrize("kind", ["one", "halves", "frames"])
@pytest.mark.parametrize("picture", PICTURES)
def test_components_are_joined_across_tiles(picture, kind):
    flat = PICTURES[picture]
    levels = np.stack([flat, flat[::-1, ::-1], np.roll(flat, 1, axis=1)])
    regions = make_regions(levels.shape, 2, kind)
    for count in (size_zones, distance_zones):
        assert_same(count, levels, regions, n_levels=2, n_regions=2)
    for threshold in (1, 2):
        assert_same(components_3d, levels, regions, threshold=threshold, n_regions=2)
    sides = {"threshold": 1, "n_regions": 2, "sides": (3, 7, 99)}
    assert_same(morphology.dark_areas, levels, regions, **sides)


def test_zones_too_large_for_the_table_are_sorted():
    levels = np.ones((2, 40, 40), np.uint8)
    levels[:, ::10] = 2  # four bands each of 9 x 40 and 1 x 40 pixels; divided in one slice
    levels[1, :, 20] = 3
    found = assert_same(size_zones, levels, np.ones_like(levels), n_levels=3, n_regions=1)
    assert found.number.max() == 4
    assert (found.size > 64).any()


def test_a_table_of_all_levels_and_regions_stays_small():
    shape = (2, 9, 40)
    levels, regions = (RNG.integers(low, 256, shape).astype(np.uint8) for low in (1, 0))
    levels = np.minimum(levels, np.uint8(255))
    levels[0, :4], regions[0, :4] = 255, 255
    assert_same(size_zones, levels, regions, n_levels=255, n_regions=255)


def test_too_many_pixels_for_a_launch_are_refused(monkeypatch):
    monkeypatch.setattr(launch, "MAX_ITEMS", 7)
    ones = np.ones((2, 2, 2), np.uint8)
    stack = make_stack(ones, ones, n_levels=1).on_device("cuda")
    for count, options in (
        (size_zones, {}),
        (components_3d, {"threshold": 1}),
        (boundaries, {"threshold": 1, "side": 1}),
        (dark_lines, {"offsets": (1,)}),
        (haar_responses, {"side": 2}),
        (smooth, {"side": 1}),
    ):
        with pytest.raises(ValueError, match="at most 7 pixels, got 8"):
            count(stack, **options)


@pytest.mark.parametrize("n_planes_at_once", [1, 5])
def test_holes_do_not_depend_on_the_number_of_planes_at_once(monkeypatch, n_planes_at_once):
    ring = np.full((2, 19, 40), 90, np.uint8)
    ring[:, 2:17, 2:38] = 10
    ring[:, 4:15, 4:36] = 70
    ring[1, 2:17, 36:] = 10  # reaches the edge, and still encloses
    ring[1, 9, 4:20] = 10
    ring[0, 16, 9] = 90  # opens the ring at a corner only
    ring[0, 15, 8] = 90
    regions = np.ones_like(ring)
    regions[:, :, 20:] = 2
    regions[1] = 3
    monkeypatch.setattr(morphology, "_MAX_PLANE_PIXELS", n_planes_at_once * ring.size)
    found = assert_same(morphology.dark_areas, ring, regions, threshold=40, n_regions=4, sides=(3,))
    assert found.holes[1].tolist() == [0, 0, 10 * 32 + 16, 0]


@pytest.mark.parametrize("picture", ["flat", "two levels", "noise"])
def test_of_equally_strong_lines_the_first_is_taken(picture):
    shape = (2, 51, 60)
    grey = {
        "flat": np.full(shape, 100, np.uint8),
        "two levels": RNG.integers(0, 2, shape).astype(np.uint8),
        "noise": RNG.integers(0, 256, shape).astype(np.uint8),
    }[picture]
    for kind in ("one", "halves", "frames"):
        regions = make_regions(shape, 3, kind)
        found = assert_same(dark_lines, grey, regions, n_regions=3, offsets=(1, 5, 8))
        assert found.found.any()


@pytest.mark.parametrize("side", [8, 32, 64])
def test_squares_of_every_size(side):
    shape = (1, 70, 150)
    for picture in (np.zeros(shape), np.full(shape, 255), RNG.integers(0, 256, shape)):
        grey, options = picture.astype(np.uint8), {"side": side, "n_regions": 2}
        for kind in ("one", "halves", "frames"):
            found = assert_same(haar_responses, grey, make_regions(shape, 2, kind), **options)
            assert found.any() or kind != "one"


EXTREMES = {
    "noise": RNG.integers(0, 2, (2, 9, 140)) * 255,
    "columns": np.broadcast_to(np.arange(140) % 2 * 255, (1, 9, 140)),
    "rows": np.broadcast_to(np.arange(9)[:, None] % 2 * 255, (1, 9, 140)),
    "step": np.broadcast_to(np.arange(140) // 70 * 255, (1, 9, 140)),
    "white": np.full((1, 3, 5), 255),
}


@pytest.mark.parametrize("picture", EXTREMES)
def test_responses_of_extreme_pictures(picture):
    grey = EXTREMES[picture].astype(np.uint8)
    regions = make_regions(grey.shape, 2, "halves")
    regions[:, 0, 0] = 0
    for sigma in (0.5, 1.0, 16.0):
        assert_same(laplacian_responses, grey, regions, sigma=sigma, n_regions=2)
    for wavelength in (2.0, 5.3, 32.0):
        assert_same(gabor_responses, grey, regions, wavelength=wavelength, n_regions=2)


def test_values_between_the_passes_fit_in_16_bits():
    taps = [responses._make_laplacian_taps(sigma) for sigma in np.linspace(0.5, 16, 63)]
    taps += [responses._make_gabor_taps(wavelength) for wavelength in np.linspace(2, 32, 121)]
    for of_filter in taps:
        assert of_filter.shape[0] <= 5
        assert of_filter.shape[1] <= 129
        assert np.abs(of_filter).sum(axis=1).max() * 255 / 2**8 < 2**15 - 1


@pytest.mark.parametrize("most_blocks", [1, 3, 4096])
def test_masks_do_not_depend_on_the_number_of_blocks(monkeypatch, most_blocks):
    monkeypatch.setattr(masks, "_MAX_BLOCKS", most_blocks)
    for shape in ((2, 37, 131), (1, 64, 64), (1, 1, 33), (1, 65, 2)):
        levels = RNG.choice([1, 1, 1, 2, 3], shape).astype(np.uint8)
        options = {"thresholds": (3, 2, 1, 4), "n_levels": 3, "n_regions": 4}
        for kind in ("halves", "frames"):
            assert_same(masks.threshold_masks, levels, make_regions(shape, 2, kind), **options)


@pytest.mark.parametrize("side", [1, 2, 4, 30])
def test_boundaries_of_slices_with_several_blocks(side):
    grey = RNG.integers(0, 2, (2, 70, 75)).repeat(3, axis=2)[..., :75].astype(np.uint8) * 200
    grey[:, 20:60, 10:55] = 199
    for threshold in (199, 200, 0, 300):
        for kind in ("halves", "frames"):
            regions = make_regions(grey.shape, 2, kind)
            assert_same(boundaries, grey, regions, threshold=threshold, n_regions=2, side=side)


@pytest.mark.parametrize("side", [1, 5, 99, 255])
def test_means_of_squares_larger_than_the_slice(side):
    for shape in ((2, 21, 75), (1, 1, 1), (3, 1, 40)):
        assert_same(
            smooth,
            RNG.integers(0, 256, shape).astype(np.uint8),
            np.ones(shape, np.uint8),
            side=side,
        )
    white = np.full((1, 3, 5), 255, np.uint8)
    assert np.array_equal(assert_same(smooth, white, np.ones_like(white), side=side), white)


def test_strided_views_are_counted_by_value():
    levels = np.asfortranarray(PICTURES["noise"][None])[..., ::-1]
    regions = make_regions(levels.shape, 2, "frames")[..., ::-1]
    for count, options in (
        (size_zones, {"n_levels": 2}),
        (distance_zones, {"n_levels": 2}),
        (components_3d, {"threshold": 2}),
        (masks.threshold_masks, {"thresholds": (2,), "n_levels": 2}),
        (boundaries, {"threshold": 2, "side": 2}),
        (dark_lines, {"offsets": (2,)}),
        (morphology.dark_areas, {"threshold": 1, "sides": (3,)}),
        (laplacian_responses, {"sigma": 1.0}),
        (gabor_responses, {"wavelength": 4.0}),
        (haar_responses, {"side": 2}),
    ):
        assert_same(count, levels, regions, n_regions=2, **options)
    assert_same(smooth, levels, regions, n_regions=2, side=3)


@pytest.mark.parametrize(
    ("name", "constants"),
    [
        ("labelling", ["TILE_WIDTH", "TILE_HEIGHT", "NO_LABEL"]),
        ("haar_wavelet", ["STEPS"]),
        ("filter_responses", ["TAP_BITS", "MIDDLE_BITS", "END_BITS", "STEPS", "ROW_BLOCK"]),
        ("line_detector", ["N_SAMPLES"]),
    ],
)
def test_sources_and_modules_agree(name, constants):
    text = launch.read_source(f"{name}.cu")
    module = importlib.import_module(f"mrnet_features.counts.{name}")
    for constant in constants:
        [value] = re.findall(rf"^constexpr [a-z ]+ {constant} = (\w+);", text, re.MULTILINE)
        assert int(value.rstrip("u"), 0) == getattr(module, constant)
