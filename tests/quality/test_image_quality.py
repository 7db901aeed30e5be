"""Image quality measures have the values of histograms that can be computed by hand."""

import math

import numpy as np
import pytest

from mrnet_features.quality.image_quality import (
    compute_cjv,
    compute_dietrich_snr,
    compute_efc,
    compute_fber,
    compute_snr,
    measure_image_quality,
)


def count(**levels):
    """Histogram: `count(g7=3)` has three pixels of grey level 7."""
    counts = np.zeros(256, np.int64)
    for level, number in levels.items():
        counts[int(level[1:])] = number
    return counts


def test_the_entropy_focus_criterion_is_0_for_one_bright_pixel_and_1_for_equal_pixels():
    assert compute_efc(count(g0=99, g200=1)) == pytest.approx(0)
    assert compute_efc(count(g30=100)) == pytest.approx(1)


def test_the_entropy_focus_criterion_of_two_pixels():
    # energy sqrt(9 + 16) = 5; shares 3/5 and 4/5; maximum sqrt(2) ln sqrt(2)
    entropy = -(0.6 * math.log(0.6) + 0.8 * math.log(0.8))
    expected = entropy / (math.sqrt(2) * math.log(math.sqrt(2)))
    assert compute_efc(count(g3=1, g4=1)) == pytest.approx(expected)


def test_the_entropy_focus_criterion_does_not_depend_on_gain_and_grows_with_copies():
    assert compute_efc(count(g0=50, g3=1, g4=1)) == pytest.approx(
        compute_efc(count(g0=50, g30=1, g40=1))
    )
    assert compute_efc(count(g10=50, g100=50)) > compute_efc(count(g0=50, g100=50))


def test_the_energy_ratio_is_that_of_mean_squares():
    assert compute_fber(count(g10=1, g20=1), count(g0=1, g2=1)) == pytest.approx(250 / 2)


def test_the_tissue_snr_is_the_mean_of_two_classes():
    # dark: mean 10, SD 2, n 8; bright: mean 100, SD 4, n 8
    expected = (10 / 2 + 100 / 4) / 2 / math.sqrt(8 / 7)
    leg = count(g8=4, g12=4, g96=4, g104=4)
    assert compute_snr(leg) == pytest.approx(expected)
    assert compute_cjv(leg) == pytest.approx((2 + 4) / 90)


def test_the_snr_from_air_is_signal_over_noise_for_rician_noise():
    rng = np.random.default_rng(0)
    sd = 10.0
    air = np.rint(rng.rayleigh(sd, 200_000)).astype(int)
    counts = np.bincount(np.minimum(air, 255), minlength=256)
    assert compute_dietrich_snr(count(g100=50), counts) == pytest.approx(100 / sd, rel=0.01)


def test_what_can_not_be_measured_is_nan():
    nothing = count()
    for quality in (
        measure_image_quality(nothing, count(g0=9)),
        measure_image_quality(count(g9=1), nothing),
    ):
        assert np.isnan(quality).all()
    assert math.isnan(compute_fber(count(g9=4), count(g0=4)))
    assert math.isnan(compute_dietrich_snr(count(g9=4), count(g1=4)))
    assert math.isnan(compute_snr(count(g9=4)))
