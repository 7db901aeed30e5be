"""Noise and the number of slices are compared with the other stacks of the plane."""

import numpy as np
import pandas as pd
import pytest

from mrnet_features.data.mrnet.load import load_mrnet
from mrnet_features.quality.audit import audit
from mrnet_features.quality.cohort_rules import apply_value_rules
from mrnet_features.quality.measurements import measure_stack
from tests.support.audited_folder import FAULTS, change_stack
from tests.support.legs import draw_leg


@pytest.mark.parametrize(
    ("n_slices", "advice"), [(4, "is truncated, or"), (24, "holds two series, or")]
)
def test_the_number_of_slices_is_compared_with_the_median(n_slices, advice):
    stacks = [
        measure_stack(draw_leg(np.random.default_rng(k), n_slices=10), "sagittal", str(k))
        for k in range(20)
    ]
    other = measure_stack(draw_leg(np.random.default_rng(99), n_slices=n_slices), "sagittal", "x")
    assert list(apply_value_rules(stacks)) == []
    (finding,) = apply_value_rules([*stacks, other])
    assert finding[:5] == ("x", "sagittal", "slice-count", "check", n_slices)
    assert f"{n_slices} slices; the median of sagittal stacks is 10" in finding.advice
    assert advice in finding.advice


def test_stacks_without_noise_or_edges_are_not_compared():
    stacks = [measure_stack(np.zeros((4, 64, 64), np.uint8), "sagittal", str(k)) for k in range(20)]
    assert list(apply_value_rules(stacks)) == []


def test_few_stacks_are_not_compared():
    stacks = [
        measure_stack(draw_leg(np.random.default_rng(k), n_slices=4 + 6 * (k > 0)), "sagittal")
        for k in range(19)
    ]
    assert list(apply_value_rules(stacks)) == []


def test_a_dataset_without_labels_can_be_compared(root):
    change_stack(root, 1, "axial", FAULTS["noise"][1])
    dataset = load_mrnet(root, planes=("axial",))
    expected = audit(dataset, codes="noise")
    unlabelled = type(dataset)(dataset.exams, pd.DataFrame())
    pd.testing.assert_frame_equal(audit(unlabelled, codes="noise"), expected)
    assert expected["exam"].tolist() == ["0001"]
