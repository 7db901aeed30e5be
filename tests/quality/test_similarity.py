"""Correlation of thumbnails ignores mirroring and reversal; robust distances ignore outliers."""

import numpy as np
import pytest

from mrnet_features.quality.similarity import (
    correlate_thumbnails,
    extract_detail,
    robust_distance,
    upper_distance,
)


@pytest.fixture
def thumbnails():
    return np.random.default_rng(0).random((3, 4, 6, 6)).astype(np.float32)


@pytest.mark.parametrize("slice_step", [1, -1])
@pytest.mark.parametrize("column_step", [1, -1])
def test_mirroring_and_reversal_do_not_matter(thumbnails, slice_step, column_step):
    turned = 3 * thumbnails[:, ::slice_step, :, ::column_step] + 2
    correlation = correlate_thumbnails(thumbnails, turned)
    assert np.diag(correlation) == pytest.approx(1, abs=1e-5)
    assert (correlation[~np.eye(3, dtype=bool)] < 0.6).all()


def test_upside_down_does_matter(thumbnails):
    assert (correlate_thumbnails(thumbnails, thumbnails[:, :, ::-1]) < 0.6).all()


def test_correlation_is_that_of_numpy(thumbnails):
    one, other = thumbnails[0], thumbnails[1]
    turns = [other[::i, :, ::j] for i in (1, -1) for j in (1, -1)]
    expected = max(np.corrcoef(one.ravel(), turned.ravel())[0, 1] for turned in turns)
    assert correlate_thumbnails(one[None], other[None]).item() == pytest.approx(expected, abs=1e-5)


def test_a_constant_thumbnail_correlates_with_none(thumbnails):
    assert (correlate_thumbnails(thumbnails, np.ones_like(thumbnails)) == 0).all()


def test_detail_ignores_gain_and_smooth_structure():
    columns = np.arange(32)
    smooth = np.broadcast_to(80 + columns, (1, 8, 32, 32)).astype(np.uint8)
    assert np.abs(extract_detail(smooth)[..., 6:-6]).max() < 0.01
    edge = np.where(columns < 16, 40, 120) * np.ones((1, 8, 32, 1))
    strong, weak = (extract_detail((gain * edge).astype(np.uint8)) for gain in (2, 1))
    assert strong == pytest.approx(weak, abs=0.1)
    assert np.abs(weak).max() > 0.3


def test_distances_are_in_standard_deviations_of_a_normal_distribution():
    values = np.random.default_rng(1).normal(10, 3, 100_000)
    assert robust_distance([*values, 16.0])[-1] == pytest.approx(2, abs=0.05)


def test_nan_no_spread_and_least_spread():
    assert np.isnan(robust_distance([1, np.nan, 2, 3])).tolist() == [False, True, False, False]
    assert robust_distance([5, 5, 5, 9]).tolist() == [0, 0, 0, 0]
    assert robust_distance([5, 5, 5, 9], 2.0).tolist() == [0, 0, 0, 2]
    assert np.isnan(robust_distance([np.nan])).all()


def test_only_the_upper_half_sets_the_scale_of_upper_distances():
    values = np.random.default_rng(1).normal(10, 3, 100_000)
    assert upper_distance(np.array([*values, 16.0]))[-1] == pytest.approx(2, abs=0.05)
    squeezed = np.where(values < 10, 10 + (values - 10) / 100, values)
    assert upper_distance(np.array([*squeezed, 16.0]))[-1] == pytest.approx(2, abs=0.05)
    assert upper_distance(np.array([5.0, 5, 5, 5])).tolist() == [0, 0, 0, 0]
    assert upper_distance(np.array([5.0, 5, 5, 9]), 8.0)[-1] == 0.5
