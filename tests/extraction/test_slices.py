"""describe_slices: rows of the whole stack, and agreement with the features."""

import numpy as np
import pytest

from mrnet_features import FeatureExtractor, describe_slices
from mrnet_features.names import PLANES
from tests.support.knees import make_knee


@pytest.fixture(scope="module")
def exam():
    return {
        plane: make_knee(60, (n, 120, 100), seed=n)
        for plane, n in zip(PLANES, (7, 9, 11), strict=True)
    }


def test_every_slice_of_every_plane_has_a_row(exam):
    found = describe_slices(exam)
    expected = [(plane, s) for plane in PLANES for s in range(len(exam[plane]))]
    assert found.index.to_list() == expected
    assert found.index.names == ["plane", "slice"]
    assert (found.dtypes == np.float64).all()
    assert found.columns.is_unique


def test_means_over_slices_are_the_features(exam):
    found = describe_slices(exam)
    table = FeatureExtractor(pools=("mean",)).fit_transform([exam]).iloc[0]
    n_compared = 0
    for column, value in table.items():
        plane, region, family, statistic, pool = column.split("__")
        name = f"{region}__{family}__{statistic}"
        if name in found and pool == "mean":
            mean = found.loc[plane, name].mean()
            assert mean == pytest.approx(value, rel=1e-5, nan_ok=True)
            n_compared += 1
    assert n_compared > 50


def test_a_region_has_values_only_on_its_own_slices(exam):
    found = describe_slices(exam, "meniscus", planes="sagittal")
    known = found["front_horn_one__meniscus__dark_top"].notna().to_numpy()
    other = found["front_horn_other__meniscus__dark_top"].notna().to_numpy()
    assert 0 < known.sum() < 6
    assert np.array_equal(known, other[::-1])  # the two sides mirror each other


def test_a_bright_slice_of_a_window_has_its_place_in_the_stack():
    grey = make_knee(60)
    grey[6, 50:70, 25:35] = 255
    found = describe_slices({"coronal": grey}, "meniscus")
    dark = found["meniscus_one__meniscus__dark_mean"].loc["coronal"]
    assert dark.idxmin() == 6


def test_planes_default_to_those_of_the_exam(exam):
    some = {plane: exam[plane] for plane in ("sagittal", "axial")}
    assert describe_slices(some, "minimal").index.get_level_values("plane").unique().tolist() == [
        "axial",
        "sagittal",
    ]
    one = describe_slices(exam, "minimal", planes="coronal")
    assert len(one) == 9


def test_planes_that_a_family_does_not_describe_are_nan(exam):
    found = describe_slices(exam, "ligament")
    assert found.loc["axial"].isna().all(axis=None)
    assert found.loc["sagittal"].notna().any(axis=None)


@pytest.mark.parametrize(
    ("wrong", "planes", "error", "message"),
    [
        (None, None, TypeError, "`exam` must be an Exam or a mapping of series to stack, got None"),
        ({"scout": 1}, None, ValueError, "got none. The exam has 'scout'"),
        ({}, "oblique", ValueError, "`planes` must be some of axial, coronal, sagittal"),
        ({}, ("axial", "axial"), ValueError, "each once"),
        ({}, "axial", KeyError, "no plane 'axial'"),
    ],
)
def test_bad_input_is_refused(wrong, planes, error, message):
    with pytest.raises(error, match=message):
        describe_slices(wrong, "minimal", planes=planes)


def test_every_series_of_an_exam_is_described_on_its_plane(exam):
    stacks = {"sagittal_structural": exam["sagittal"], "coronal_fluid": exam["coronal"], "notes": 1}
    found = describe_slices(stacks)
    assert found.index.unique("plane").tolist() == ["coronal_fluid", "sagittal_structural"]
    of_planes = describe_slices(exam)
    shared = "front_horn_one__meniscus__dark_mean"
    for series, plane in (("sagittal_structural", "sagittal"), ("coronal_fluid", "coronal")):
        assert found[shared].loc[series].equals(of_planes[shared].loc[plane])
    fluid = found["knee__fluid__fraction_adaptive"]
    assert fluid.loc["sagittal_structural"].isna().all()  # fluid is dark there
    assert fluid.loc["coronal_fluid"].notna().all()
