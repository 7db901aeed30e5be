"""Counts equal those of scikit-image and SciPy where the definitions agree."""

import numpy as np
import pytest
from scipy import ndimage
from skimage.feature import graycomatrix, hog, local_binary_pattern
from skimage.filters import gabor_kernel
from skimage.measure import euler_number, perimeter

from mrnet_features.counts.binary_patterns import binary_patterns
from mrnet_features.counts.cooccurrence import cooccurrence
from mrnet_features.counts.filter_responses import gabor_responses, laplacian_responses
from mrnet_features.counts.haar_wavelet import haar_responses
from mrnet_features.counts.oriented_gradients import oriented_gradients
from mrnet_features.counts.threshold_masks import threshold_masks
from tests.support.zoo import make_stack

RNG = np.random.default_rng(3)
NOISE = RNG.integers(0, 256, (2, 60, 70)).astype(np.uint8)
SMOOTH = np.clip(
    ndimage.gaussian_filter(RNG.normal(0, 900, (2, 60, 70)), (0, 4, 4)) + 128, 0, 255
).astype(np.uint8)
ALL = np.ones_like(NOISE)


@pytest.mark.parametrize("distance", [1, 2, 3])
def test_cooccurrence_against_scikit_image(distance):
    levels = NOISE // 32 + 1
    ours = cooccurrence(make_stack(levels, ALL, n_levels=8), distance=distance)
    for k in range(2):
        # scikit-image's angles rotate the other way, and its diagonal steps are d / sqrt(2)
        theirs = graycomatrix(levels[k] - 1, [distance], [0, np.pi / 2], 8, symmetric=True)
        assert np.array_equal(ours[k, 0, 0], theirs[:, :, 0, 0])
        assert np.array_equal(ours[k, 0, 2], theirs[:, :, 0, 1])
    if distance == 1:
        theirs = graycomatrix(levels[0] - 1, [1], [np.pi / 4, 3 * np.pi / 4], 8, symmetric=True)
        assert np.array_equal(ours[0, 0, 3], theirs[:, :, 0, 0])
        assert np.array_equal(ours[0, 0, 1], theirs[:, :, 0, 1])


@pytest.mark.parametrize("radius", [1, 2, 3])
@pytest.mark.parametrize("grey", [NOISE, SMOOTH], ids=["noise", "smooth"])
def test_binary_patterns_against_scikit_image(radius, grey):
    n_points = 8 * radius
    ours = binary_patterns(make_stack(grey, ALL), radius=radius)
    inner = slice(radius, -radius)
    for k in range(2):
        theirs = local_binary_pattern(grey[k], n_points, radius, "uniform")[inner, inner]
        theirs = np.bincount(theirs.astype(int).ravel(), minlength=n_points + 2)
        assert ours[k, 0].sum() == theirs.sum()
        # interpolated values that nearly equal the centre may be rounded either way
        assert np.abs(ours[k, 0] - theirs).sum() <= (0.002 if grey is NOISE else 0.1) * theirs.sum()


def test_gradients_against_scikit_image():
    grey = np.full((1, 62, 62), 100, np.uint8)
    grey[0, 1:-1, 1:-1] = NOISE[0, :60, :60]
    grey[0, [1, -2]], grey[0, :, [1, -2]] = 100, 100  # no gradient at the edge
    grey = grey[:, 1:-1, 1:-1]
    options = {"n_rows": 3, "n_columns": 3, "n_orientations": 9}
    stack = make_stack(grey, np.ones_like(grey))
    ours = oriented_gradients(stack, **options).magnitude[0, 0]
    theirs = hog(
        grey[0].astype(float),
        orientations=18,
        pixels_per_cell=(20, 20),
        cells_per_block=(1, 1),
        block_norm="L1",
        feature_vector=False,
    )[:, :, 0, 0]
    # its first orientation begins at the row direction, ours is centred on it
    theirs = np.roll(theirs, 1, axis=-1).reshape(3, 3, 9, 2).sum(axis=-1)
    shares = ours / ours.sum(axis=-1, keepdims=True)
    assert shares == pytest.approx(theirs / theirs.sum(axis=-1, keepdims=True), abs=2e-3)


@pytest.mark.parametrize("sigma", [1, 2, 4])
def test_laplacian_against_scipy(sigma):
    ours = laplacian_responses(make_stack(NOISE, ALL), sigma=float(sigma))[:, 0]
    for k in range(2):
        # its truncated taps do not sum to 0, ours do; subtracting the mean removes the difference
        theirs = sigma**2 * ndimage.gaussian_laplace(
            NOISE[k] - NOISE[k].mean(), sigma, mode="nearest", truncate=4.0
        )
        values = np.arange(-1020, 1021) / 4
        mean = (ours[k] * values).sum() / ours[k].sum()
        energy = (ours[k] * values**2).sum() / ours[k].sum()
        assert mean == pytest.approx(theirs.mean(), abs=0.05)
        assert energy == pytest.approx((theirs**2).mean(), rel=0.01)


@pytest.mark.parametrize("wavelength", [4, 8])
def test_gabor_against_scikit_image(wavelength):
    ours = gabor_responses(make_stack(NOISE, ALL), wavelength=float(wavelength))[:, 0]
    values = np.arange(1021) / 4
    for angles, counts in (((0,), ours[0, 0]), ((90,), ours[0, 1]), ((45, 135), ours[0, 2])):
        energies = []
        for angle in angles:
            kernel = gabor_kernel(1 / wavelength, np.deg2rad(angle))
            response = [
                ndimage.convolve(NOISE[0].astype(float), part, mode="nearest")
                for part in (kernel.real, kernel.imag)
            ]
            energies.append(np.mean(response[0] ** 2 + response[1] ** 2))
        energy = (counts * values**2).sum() / counts.sum()
        assert energy == pytest.approx(np.mean(energies), rel=0.03)


@pytest.mark.parametrize("side", [2, 4, 8])
def test_haar_against_block_means(side):
    ours = haar_responses(make_stack(NOISE, ALL), side=side)[0, 0]
    blocks = np.lib.stride_tricks.sliding_window_view(NOISE[0].astype(int), (side, side))
    half = side // 2
    left, right = blocks[..., :half], blocks[..., half:]
    upper, lower = slice(None, half), slice(half, None)
    for k, sums in enumerate(
        (
            right.sum(axis=(2, 3)) - left.sum(axis=(2, 3)),
            blocks[:, :, lower].sum(axis=(2, 3)) - blocks[:, :, upper].sum(axis=(2, 3)),
            left[:, :, upper].sum(axis=(2, 3))
            + right[:, :, lower].sum(axis=(2, 3))
            - left[:, :, lower].sum(axis=(2, 3))
            - right[:, :, upper].sum(axis=(2, 3)),
        )
    ):
        means = np.floor(4 * np.abs(sums) / (side * half) + 0.5).astype(int)
        assert np.array_equal(ours[k], np.bincount(means.ravel(), minlength=1021))


def test_masks_against_scikit_image():
    levels = (SMOOTH // 64 + 1).astype(np.uint8)
    found = threshold_masks(make_stack(levels, ALL, n_levels=4), thresholds=(2, 3))
    for k in range(2):
        for t, threshold in enumerate((2, 3)):
            mask = levels[k] >= threshold
            _, q1, q2, q3, q4, diagonal = (int(n) for n in found.quads[k, 0, t])
            assert (q1 + 2 * q2 + 3 * q3 + 4 * q4 + 2 * diagonal) // 4 == mask.sum()
            assert (q1 - q3 - 2 * diagonal) // 4 == euler_number(mask, connectivity=2)
            sides = np.abs(np.diff(np.pad(mask, 1).astype(int), axis=0)).sum()
            sides += np.abs(np.diff(np.pad(mask, 1).astype(int), axis=1)).sum()
            assert q1 + q2 + q3 + 2 * diagonal == sides
            assert perimeter(mask) <= sides


def test_boxes_are_counted_from_the_left_and_from_the_right():
    levels = (SMOOTH // 64 + 1).astype(np.uint8)
    found = threshold_masks(make_stack(levels, ALL, n_levels=4), thresholds=(3,))
    mask = levels[0] >= 3
    for k, side in enumerate(2 ** np.arange(found.boxes.shape[-1])):
        number = 0
        for view in (mask, mask[:, ::-1]):
            for y in range(0, mask.shape[0], side):
                number += sum(
                    view[y : y + side, x : x + side].any() for x in range(0, mask.shape[1], side)
                )
        assert found.boxes[0, 0, 0, k] == number
