"""Masks of lesions lie where the drawn pixels change, and boxes hold the masks."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import binary_dilation

from mrnet_features.names import PLANES
from mrnet_features.synthetic import Pathology, Style, draw_knee, find_lesions
from mrnet_features.synthetic.lesion_positions import POSITION_COLUMNS, describe_lesions
from mrnet_features.synthetic.pathology import MeniscusTear, Spot

HEALTHY = Pathology(labels=(0, 0, 0), effusion_ml=3.0)
KNOCKED = Spot("lateral tibia", 10.0, 1.0, 0.0, 0.0)
TEAR = MeniscusTear("medial", "posterior", "horizontal", 1.0, 10.0, 1.0, 0.0)
QUIET = Style(noise_low=0.5, noise_high=0.5)


@pytest.fixture(scope="module")
def healthy():
    return draw_knee(11, pathology=HEALTHY, style=QUIET)


@pytest.mark.parametrize(
    ("change", "kinds", "least"),
    [
        ({"acl_state": "complete", "acl_gap": 0.6, "acl_gap_size": 0.35}, {"acl"}, 0.6),
        ({"oedema": (KNOCKED,)}, {"oedema"}, 0.95),
        ({"tears": (TEAR,)}, {"tear"}, 0.95),
        ({"effusion_ml": 40.0}, {"effusion"}, 0.85),
        ({"baker_ml": 8.0}, {"baker"}, 0.95),
    ],
)
def test_pixels_change_where_the_lesion_lies_and_nowhere_else(healthy, change, kinds, least):
    pathology = replace(HEALTHY, **change)
    lesions = find_lesions(11, pathology=pathology, style=QUIET)
    assert {lesion.lesion for lesion in lesions} == kinds
    exam = draw_knee(11, pathology=pathology, style=QUIET)
    for plane in ("axial", "sagittal"):
        before, after = (e.stacks[plane].astype(float) for e in (healthy, exam))
        muscle = (before > 60) & (before < 200) & (after < 200)
        gain = np.median(after[muscle] / before[muscle])  # grey levels have a set spread
        difference = np.abs(after / gain - before)
        mask = np.any([lesion.masks[plane] for lesion in lesions], axis=0)
        # two pixels: blur and sharpening of the scanner
        near = binary_dilation(mask, np.ones((1, 5, 5)))
        assert np.mean(near[difference > 60]) > 0.95
        assert np.mean(difference[mask] > 10) > least


def test_a_lateral_lesion_lies_on_the_lateral_side():
    sides = set()
    for index in range(4):
        truth = draw_knee(3, index=index, style=Style(drawn_pixels=64)).truth
        pathology = replace(HEALTHY, oedema=(KNOCKED, replace(KNOCKED, site="medial tibia")))
        lateral, medial = (
            row
            for row in describe_lesions(find_lesions(3, index=index, pathology=pathology))
            if row["plane"] == "coronal"
        )
        # the patient's right is on the left of the picture
        left = lateral["centre_column"] > medial["centre_column"]
        assert left == (truth["laterality"] == "left")
        assert lateral["centre_row"] > truth["coronal_joint_row"]
        sides.add(truth["laterality"])
    assert sides == {"left", "right"}


def test_rows_hold_box_and_centre_of_the_mask():
    pathology = replace(HEALTHY, oedema=(KNOCKED,), tears=(TEAR,))
    lesions = find_lesions(11, pathology=pathology)
    rows = describe_lesions(lesions)
    assert [(row["lesion"], row["plane"]) for row in rows] == [
        (kind, plane) for kind in ("oedema", "tear") for plane in PLANES
    ]
    assert all(tuple(row) == POSITION_COLUMNS for row in rows)
    row, mask = rows[2], lesions[0].masks["sagittal"]
    box = tuple(slice(row[f"first_{a}"], row[f"last_{a}"] + 1) for a in ("slice", "row", "column"))
    assert mask[box].sum() == mask.sum() == row["n_pixels"]
    for axis, name in enumerate(("slice", "row", "column")):
        assert mask[box].any(axis=tuple({0, 1, 2} - {axis}))[[0, -1]].all()
        assert row[f"first_{name}"] <= row[f"centre_{name}"] <= row[f"last_{name}"]


@pytest.mark.parametrize(
    "change", [{"effusion_ml": 10.0}, {"acl_state": "mucoid"}, {"magic_angle": 0.5}]
)
def test_variants_are_no_lesions(change):
    assert find_lesions(11, pathology=replace(HEALTHY, **change)) == []


def test_a_lesion_out_of_view_has_no_row():
    style = Style(bad_rate=1.0)
    pathology = replace(HEALTHY, oedema=(replace(KNOCKED, site="patella", size_mm=3.0),))
    small = replace(style, drawn_pixels=64)
    for index in range(40):
        truth = draw_knee(2, index=index, pathology=pathology, style=small).truth
        lesions = find_lesions(2, index=index, pathology=pathology, style=style)
        missing = [plane for plane, mask in lesions[0].masks.items() if not mask.any()]
        rows = describe_lesions(lesions)
        assert [row["plane"] for row in rows] == [p for p in PLANES if p not in missing]
        if missing:
            assert missing == [truth["bad_plane"]]
            assert truth["bad_reason"] == "out of view"
            break
    else:
        pytest.fail("no patella out of view in 40 exams")
