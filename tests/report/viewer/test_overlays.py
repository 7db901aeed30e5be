"""Overlays: outline, regions, fluid, band."""

import numpy as np
import pytest

from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.families.ligament import Ligament
from mrnet_features.report.viewer.overlays import find_feature_marks, find_overlays
from mrnet_features.series.side import Side
from mrnet_features.stacks.atlas import draw_regions
from mrnet_features.stacks.foreground import find_foreground
from mrnet_features.stacks.prepare import prepare_sets
from mrnet_features.stacks.region_sets import find_region_set
from mrnet_features.stacks.windows import shift_rows
from mrnet_features.synthetic import draw_knee
from tests.support.viewed_exams import ACL, OWN, make_stack


@pytest.fixture(scope="module")
def knee():
    return draw_knee(3, index=1).stacks


@pytest.fixture(scope="module")
def overlays(knee):
    return find_overlays(knee)


def test_the_outline_is_the_foreground_of_the_features(knee, overlays):
    for plane, grey in knee.items():
        np.testing.assert_array_equal(overlays[plane].foreground, find_foreground(grey))


@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
def test_boxes_are_those_in_which_features_are_measured(knee, overlays, plane):
    found = overlays[plane]
    names = {region.set for region in found.regions}
    for name in names:
        chosen = find_region_set(name, plane)
        inside = found.foreground.view(np.uint8)
        drawn = draw_regions(name, plane, inside, found.frame)
        boxes = np.zeros_like(drawn)
        for region in found.regions:
            if region.set != name:
                continue
            first, end, top, bottom, left, right = region.box
            number = chosen.names.index(region.name.replace(" ", "_")) + 1
            for s in range(first, end):
                for x in range(left, right):
                    shift = shift_rows(region.tilts, s, x)
                    boxes[s, max(top + shift, 0) : max(bottom + shift, 0), x] = number
        rest = len(chosen.names) if chosen.with_rest else 0
        expected = np.where(drawn == rest, 0, drawn)
        np.testing.assert_array_equal(boxes * inside, expected)


def test_fluid_is_marked_where_it_is_bright(knee, overlays):
    assert overlays["coronal"].fluid is None
    for plane in ("axial", "sagittal"):
        fluid, grey = overlays[plane].fluid, knee[plane]
        assert 0 < fluid.mean() < 0.2
        assert grey[fluid].min() > np.median(grey[overlays[plane].foreground])


def test_a_knee_without_fluid_has_no_fluid_outlined():
    grey = np.zeros((5, 64, 64), np.uint8)
    grey[:, 8:56, 8:56] = 90
    assert not find_overlays({"axial": grey})["axial"].fluid.any()


def test_the_band_is_the_strongest_of_each_slice(knee, overlays):
    bands = overlays["sagittal"].bands
    stack = prepare_sets(knee["sagittal"], "sagittal", ["notch"])["notch"]
    family = Ligament()
    contrast = family.describe(family.count(stack))["acl_contrast"][:, 0]
    assert len(bands) == np.isfinite(contrast).sum()
    for (row, column), (end_row, end_column) in bands.values():
        # 21 pixels along the longer axis or the diagonal, rising to the right
        assert 14 <= np.hypot(row - end_row, column - end_column) <= 22
        assert (row - end_row) * (column - end_column) < 0


def test_columns_of_other_origin_have_no_mark():
    stacks = {"axial": make_stack((7, 96, 96))}
    columns = [ACL, OWN, "axial__knee__intensity__mean__max", "axial__knee__other__mean__max"]
    found = find_feature_marks(stacks, columns, ["axial"], "baseline")
    assert list(found) == ["axial__knee__intensity__mean__max"]


def list_names(stacks, side):
    regions = find_overlays(stacks, side)["coronal_fluid"].regions
    return {region.name: region.box[4] for region in regions if region.set == "menisci"}


def test_regions_are_called_medial_only_where_a_tag_or_the_user_says_the_side():
    stacks = {"coronal_fluid": draw_knee(3).stacks["coronal"]}
    unknown = list_names(stacks, None)
    assert unknown == list_names(stacks, Side("left", "position", 0.9))
    assert not any("medial" in name for name in unknown)
    given, series = Side("left", "given", 1.0), ["coronal_fluid"]
    found = find_overlays(stacks, given, unplaced=series)["coronal_fluid"].regions
    assert not any("medial" in region.name for region in found)
    for name, mirrored in (("right", False), ("left", True)):
        found = list_names(stacks, Side(name, "tag", 0.99))
        assert sorted(found.values()) == sorted(unknown.values())
        lateral = min(box for region, box in found.items() if "lateral" in region)
        medial = min(box for region, box in found.items() if "medial" in region)
        # the patient's right is on the left: there the lateral side of a right knee
        assert (medial < lateral) == mirrored


def test_marks_of_medial_regions_lie_on_the_medial_side_of_the_picture_shown():
    grey = draw_knee(3).stacks["coronal"]
    names = FeatureExtractor(sides="known").get_feature_names_out()
    column = next(c for c in names if c.startswith("coronal__") and "_medial__meniscus__" in c)
    middles = {}
    for name in ("left", "right"):
        side = Side(name, "given", 1.0)
        marks = find_feature_marks({"coronal": grey}, [column], ["coronal"], "baseline", side)
        outlines = [mark.outline for mark in marks[column].slices if mark.outline.any()]
        middles[name] = np.mean([np.nonzero(outline)[1].mean() for outline in outlines])
    assert middles["left"] < grey.shape[2] / 2 < middles["right"]
    guessed = Side("left", "position", 0.9)
    for of, unplaced in ((None, ()), (guessed, ()), (side, ["coronal"])):
        asked = [{"coronal": grey}, [column], ["coronal"], "baseline", of]
        assert find_feature_marks(*asked, unplaced=unplaced) == {}
