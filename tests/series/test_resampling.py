"""Resampling: identities of the weights, aliasing, and the place of the leg."""

import numpy as np
import pytest

from mrnet_features.series.resampling import (
    count_pixels,
    find_start,
    list_edges,
    make_weights,
    measure_leg,
    resample,
)


@pytest.mark.parametrize("spacing", [0.137, 0.3, 0.5, 0.6, 0.703, 1.1])
@pytest.mark.parametrize("n_pixels", [60, 61])
def test_rows_of_weights_sum_to_one(spacing, n_pixels):
    n_new = count_pixels(n_pixels, spacing, 0.6)
    weights = make_weights(n_pixels, spacing, 0.6, -3, n_new + 3)
    sums = weights.sum(axis=1)
    inside = np.diff(weights.indptr) > 0
    assert np.allclose(sums[inside], 1, atol=1e-6)
    assert 0 <= n_new - inside.sum() <= 2
    assert not inside[:3].any()
    assert not inside[-3:].any()


@pytest.mark.parametrize("spacing", [0.137, 0.3, 0.5, 0.6, 0.703, 1.1])
def test_mirrored_pictures_give_mirrored_results(spacing):
    image = np.random.default_rng(0).normal(size=(50, 70)).astype(np.float32)
    weights = [make_weights(n, spacing, 0.6, 0, count_pixels(n, spacing, 0.6)) for n in image.shape]
    found = resample(image, *weights)
    mirrored = resample(image[::-1, ::-1], *weights)
    assert np.allclose(mirrored, found[::-1, ::-1], atol=1e-5, equal_nan=True)


@pytest.mark.parametrize("spacing", [0.2, 0.3, 0.45, 0.8])
def test_a_smooth_wave_keeps_its_place_and_height(spacing):
    """A wave of 6 mm, by its formula at the middle of each new pixel."""
    n_pixels = round(90 / spacing)
    field = n_pixels * spacing
    x = (np.arange(n_pixels) + 0.5) * spacing - field / 2
    wave = np.sin(2 * np.pi * x / 6)
    n_new = count_pixels(n_pixels, spacing, 0.6)
    found = make_weights(n_pixels, spacing, 0.6, 0, n_new) @ wave.astype(np.float32)
    middles = (np.arange(n_new) - (n_new - 1) / 2) * 0.6
    inner = slice(10, -10)
    assert np.abs(found[inner] - np.sin(2 * np.pi * middles[inner] / 6)).max() < 0.02


def test_detail_finer_than_the_new_pixels_is_averaged_not_aliased():
    """A wave of 0.7 mm can't be shown by pixels of 0.6 mm; every third pixel would show 4.2 mm."""
    x = np.arange(600) * 0.2
    wave = np.sin(2 * np.pi * x / 0.7).astype(np.float32)
    found = make_weights(600, 0.2, 0.6, 0, 200) @ wave
    assert np.abs(found[10:-10]).max() < 0.03
    assert np.abs(wave[::3]).max() > 0.9


def test_an_empty_part_of_the_window_is_nan():
    image = np.ones((10, 10), np.float32)
    found = resample(image, make_weights(10, 0.6, 0.6, -2, 12), make_weights(10, 0.6, 0.6, 0, 10))
    assert np.isnan(found[:2]).all()
    assert np.isnan(found[-2:]).all()
    assert np.array_equal(found[2:12], image)


def test_every_call_gives_the_same_bits():
    image = np.random.default_rng(0).normal(size=(200, 210)).astype(np.float32)
    weights = make_weights(200, 0.37, 0.6, 0, 124), make_weights(210, 0.37, 0.6, 0, 130)
    first = resample(image, *weights)
    assert all(np.array_equal(resample(image, *weights), first) for _ in range(5))
    part = make_weights(200, 0.37, 0.6, 30, 90), make_weights(210, 0.37, 0.6, 20, 100)
    assert np.array_equal(resample(image, *part), first[30:90, 20:100])


@pytest.mark.parametrize("first", [0, 8, 20])
def test_the_window_lies_around_the_leg(first):
    profile = np.zeros(40)
    profile[first : first + 18] = 0.8
    start = find_start(profile, 400, 256, 10)
    middle = first * 10 + 90
    assert start == min(max(middle - 128, 0), 144)


def test_a_finger_width_beside_the_leg_is_no_second_leg():
    profile = np.zeros(60)
    profile[5:25], profile[40:44] = 0.9, 0.9
    assert find_start(profile, 600, 256, 10) == 150 - 128
    profile[35:50] = 0.9
    assert find_start(profile, 600, 256, 10) is None
    assert find_start(np.zeros(60), 600, 256, 10) == 172


def test_noise_is_no_leg():
    rng = np.random.default_rng(0)
    image = np.abs(rng.normal(0, 30, (300, 400))).astype(np.float32)
    image[:, 150:260] += 800
    rows, columns, block = measure_leg([image], 0.6)
    assert block == 10
    assert np.flatnonzero(columns > 0.1).tolist() == list(range(15, 26))
    assert rows.min() > 0.2


@pytest.mark.parametrize("block", [1, 7, 8, 10])
@pytest.mark.parametrize("n_pixels", [17, 255, 256, 260, 262, 295])
def test_blocks_lie_symmetrically(n_pixels, block):
    edges = list_edges(n_pixels, block)
    assert edges[0] == 0
    assert np.array_equal(edges, n_pixels - edges[::-1])
    sizes = np.diff(edges)
    assert (sizes > 0).all()
    assert set(sizes[1:-1]) <= {block, block - 1}


def test_a_mirrored_profile_gives_the_mirrored_window():
    rng = np.random.default_rng(0)
    for _ in range(300):
        n_pixels, block = 2 * int(rng.integers(129, 180)), int(rng.integers(5, 12))
        profile = np.zeros(len(list_edges(n_pixels, block)) - 1)
        first, last = np.sort(rng.integers(0, len(profile) + 1, 2))
        profile[first:last] = 1
        start = find_start(profile, n_pixels, 256, block)
        assert find_start(profile[::-1], n_pixels, 256, block) == n_pixels - 256 - start


@pytest.mark.parametrize(("n_pixels", "spacing"), [(256, 0.69), (255, 0.72), (400, 0.37)])
def test_a_mirrored_picture_gives_the_mirrored_result(n_pixels, spacing):
    """But for the rounding of one float32 in a million."""
    image = np.random.default_rng(0).normal(200, 50, (300, n_pixels)).astype(np.float32)
    n_new = [count_pixels(n, spacing, 0.6) for n in image.shape]
    weights = [
        make_weights(n, spacing, 0.6, 0, new) for n, new in zip(image.shape, n_new, strict=True)
    ]
    assert np.array_equal(weights[1].toarray(), weights[1].toarray()[::-1, ::-1])
    found, mirrored = (
        np.nan_to_num(resample(shown, *weights)) for shown in (image, image[:, ::-1])
    )
    mirrored = mirrored[:, ::-1]
    assert (found != mirrored).mean() < 1e-5
    assert np.allclose(found, mirrored, rtol=1e-6)
