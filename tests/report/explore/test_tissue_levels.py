"""Grey levels of tissues, measured in drawn and real knees."""

import os
from pathlib import Path

import numpy as np
import pytest

from mrnet_features.names import PLANES
from mrnet_features.report.explore.stacks import measure_stack
from mrnet_features.report.explore.tissue_levels import SOURCES, measure_tissues
from mrnet_features.report.explore.tissues import list_signals
from mrnet_features.stacks.atlas import find_frame
from mrnet_features.stacks.foreground import find_foreground
from tests.support.knees import make_knee


def measure(grey, plane):
    inside = find_foreground(grey).view(np.uint8)
    return measure_tissues(grey, inside, find_frame(grey, inside, plane), plane)


def test_marrow_skin_and_air_of_a_drawn_knee():
    levels = measure(make_knee(66, bone=150), "coronal")
    assert levels["marrow"] == pytest.approx(150, abs=3)
    assert levels["fat"] == pytest.approx(90, abs=3)  # all tissue around the bone
    assert levels["air"] == pytest.approx(3, abs=2)
    assert levels["meniscus"] < 40  # the dark layer at the joint


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("n_slices", [9, 10])
def test_mirroring_and_the_order_of_slices_change_nothing(plane, n_slices):
    grey = make_knee(66, (n_slices, 120, 101), bone=150)
    turned = grey[::-1] if plane == "sagittal" else grey[::-1, :, ::-1]
    assert measure(np.ascontiguousarray(turned), plane) == measure(grey, plane)


def test_every_tissue_of_every_plane_is_in_the_table():
    for sources in SOURCES.values():
        assert [source.tissue for source in sources][-1] == "air"
        assert {source.tissue for source in sources} <= set(list_signals().index)
        assert {source.sure for source in sources} <= {"good", "fair", "weak"}


def test_an_empty_stack_has_no_tissue():
    levels = measure(np.zeros((3, 64, 64), np.uint8), "sagittal")
    assert levels.pop("air") == 0
    assert np.isnan(list(levels.values())).all()


@pytest.mark.skipif("MRNET_FEATURES_REAL_KNEE" not in os.environ, reason="no real knee")
@pytest.mark.parametrize("echo", ["echo1_te06ms", "echo8_te50ms"])
def test_a_real_knee_without_fat_saturation_has_bright_fat_and_dark_ligaments(echo):
    path = Path(os.environ["MRNET_FEATURES_REAL_KNEE"]) / f"{echo}.npy"
    levels = measure_stack(np.load(path), "sagittal").tissues
    assert min(levels["fat"], levels["marrow"]) > 2 * levels["muscle"]
    assert max(levels["cortical bone"], levels["ligament"], levels["meniscus"]) < levels["muscle"]
    assert levels["air"] < 5
