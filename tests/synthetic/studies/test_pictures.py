"""Pictures before they are rounded."""

import dataclasses

import numpy as np
import pytest

from mrnet_features.synthetic.studies.pictures import draw_pictures
from mrnet_features.synthetic.studies.placing import place_series
from mrnet_features.synthetic.studies.study import sample_study
from tests.support.quick_studies import QUICK


@pytest.fixture(scope="module")
def study():
    return sample_study(7, "train", 1, QUICK)


def draw(study, style=None, *, plane="coronal", n=96, tesla=3.0, **options):
    place = place_series(
        plane, "usual", study.scene, study.place, study.site, study.style, np.random.default_rng(0)
    )
    style = style or study.site.fluid
    return draw_pictures(
        plane, study.scene, place, style, n, tesla, np.random.default_rng(1), **options
    )


def test_pictures_are_finer_than_8_bits(study):
    pictures = draw(study)
    assert pictures.dtype == np.float32
    assert pictures.min() >= 0
    assert len(np.unique(np.rint(11 * pictures))) > 1000
    assert 100 < np.percentile(pictures, 99.9) < 1500


def test_fat_that_is_not_suppressed_is_bright(study):
    good, failed = draw(study), draw(study, fat_left=1.0)
    # marrow fills the middle of the lower third
    row, column = (3 * good.shape[1]) // 4, good.shape[2] // 2
    window = (slice(len(good) // 2, len(good) // 2 + 1), slice(row - 9, row + 9),
              slice(column - 9, column + 9))  # fmt: skip
    assert np.median(failed[window]) > 1.3 * np.median(good[window])


def test_noise_is_that_of_the_style_and_more_at_low_field(study):
    silent = dataclasses.replace(study.site.fluid, noise_low=3.0, noise_high=3.0)
    air = [draw(study, silent, tesla=tesla)[:, :8, :8].mean() for tesla in (3.0, 1.5)]
    assert air[1] > 1.15 * air[0]


def test_measured_pixels_are_at_most_those_of_the_picture(study):
    few, many = draw(study, n=48), draw(study, n=10_000)
    assert few.shape == many.shape
    assert np.corrcoef(few.ravel(), many.ravel())[0, 1] > 0.9
