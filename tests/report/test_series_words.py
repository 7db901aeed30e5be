"""Series in words."""

import pytest

from mrnet_features import describe_columns
from mrnet_features.report.series_words import describe_series, say_images


@pytest.mark.parametrize(
    ("series", "words", "images"),
    [
        ("axial", "axial", "on axial images"),
        ("sagittal_fluid", "sagittal fluid-sensitive", "on the sagittal fluid-sensitive series"),
        ("coronal_structural", "coronal structural", "on the coronal structural series"),
        ("axial_fluid_thin_3t", "axial fluid-sensitive (thin 3t)", None),
        ("sagittal_dess_thin", "sagittal (dess thin)", "on the sagittal (dess thin) series"),
        ("left_knee", "left knee", "on the left knee series"),
        ("", "", ""),
    ],
)
def test_plane_and_weighting_are_said(series, words, images):
    assert describe_series(series) == words
    assert images is None or say_images(series) == images


def test_a_column_says_its_series():
    columns = [f"{name}__knee__intensity__mean__max" for name in ("coronal", "coronal_structural")]
    table = describe_columns(columns)
    bare, named = table.itertuples()
    assert named.phrase == f"{bare.phrase} structural"
    assert named.sentence == bare.sentence.replace(
        "on coronal images", "on the coronal structural series"
    )
    assert (named.unit, named.range, named.direction) == (bare.unit, bare.range, bare.direction)
