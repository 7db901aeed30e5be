"""Joint line of drawn knees."""

import numpy as np
import pytest

from mrnet_features.stacks.atlas import find_frame
from mrnet_features.stacks.foreground import Box, find_foreground
from mrnet_features.stacks.joint_line import find_joint_row
from tests.support.knees import make_knee


@pytest.mark.parametrize("joint", [58, 64, 70, 75])
@pytest.mark.parametrize("bone", [40, 150])
def test_the_joint_line_is_where_the_bones_meet(joint, bone):
    # marrow is bright on T1 and dark where fat is suppressed
    grey = make_knee(joint, bone=bone)
    box = find_frame(grey, find_foreground(grey).astype(np.uint8), "axial").box
    assert abs(find_joint_row(grey, box) - joint) <= 5


def test_an_edge_far_from_the_middle_is_not_the_joint_line():
    grey = make_knee(66)
    grey[:, 20:24] = 255  # a bright bar high up, stronger than the joint
    box = Box(4, 116, 10, 90)
    assert abs(find_joint_row(grey, box) - 66) <= 5


def test_without_an_edge_the_prior_decides():
    assert find_joint_row(np.full((3, 100, 80), 9, np.uint8), Box(0, 100, 0, 80)) in {56, 57}
