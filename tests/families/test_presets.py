"""Presets: their families, and that statistics do not depend on the size of the stack."""

import time
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.families.base import Family
from mrnet_features.families.fluid import Fluid
from mrnet_features.families.glcm import Glcm
from mrnet_features.families.presets import PRESETS, find_families, list_explicit
from mrnet_features.stacks.stack import Stack
from mrnet_features.testing import make_stack

FULL = find_families("full")


@pytest.mark.parametrize("preset", PRESETS)
def test_the_families_of_a_preset_differ(preset):
    families = find_families(preset)
    assert len({family.label for family in families}) == len(families) == len(PRESETS[preset])


def test_each_preset_contains_the_smaller_ones():
    labels = [{f.label for f in find_families(name)} for name in ("minimal", "baseline", "full")]
    assert labels[0] < labels[1] < labels[2]


def test_texture_is_in_the_full_preset_alone():
    texture, baseline, full = (
        {f.label for f in find_families(name)} for name in ("texture", "baseline", "full")
    )
    assert texture < full
    assert texture & baseline == {"intensity"}


def test_the_baseline_has_1000_to_2600_features():
    assert 1000 <= len(FeatureExtractor().get_feature_names_out()) <= 2600


def test_families_of_a_preset_may_have_parameters():
    assert [family.radius for family in FULL if family.name == "lbp"] == [1, 2, 3]


def drop_extensive(family, statistics):
    """Without statistics of the three highest slices, as the pool `top3`: others when doubled."""
    return {
        name: v
        for name, v in statistics.items()
        if name not in family.extensive and not name.endswith("_top")
    }


@pytest.mark.parametrize("family", FULL, ids=lambda family: family.label)
def test_doubled_slices_change_only_extensive_statistics(family):
    stack = make_stack(shape=(12, 40, 44))
    parts = (np.repeat(part, 2, axis=0) for part in (stack.grey, stack.levels, stack.regions))
    doubled = Stack(*parts, stack.n_levels, stack.region_names)
    once, twice = (family.describe_stack(family.count(each), (0,)) for each in (stack, doubled))
    for name, values in drop_extensive(family, once).items():
        # quantiles and depths move a little between twice as many pixels or slices
        np.testing.assert_allclose(twice[name], values, rtol=0.03, atol=1e-3, err_msg=name)
    for name in family.extensive:
        assert name in once


@pytest.mark.parametrize("family", FULL, ids=lambda family: family.label)
def test_a_wider_stack_changes_only_extensive_statistics(family):
    """The same texture twice, side by side, with a gap: no pixel has new neighbours."""
    if family.name in {"hog", "shape", "fluid", "laplacian", "gabor", "ligament"}:
        pytest.skip("depends on the outline of the region or on pixels outside, which differ here")
    stack = make_stack(shape=(3, 40, 44))
    gap = ((0, 0), (0, 0), (0, 9))

    def widen(part, fill):
        part = np.pad(part, gap, constant_values=fill)
        return np.concatenate([part, part], axis=2)

    wide = Stack(
        widen(stack.grey, 0),
        widen(stack.levels, 1),
        widen(stack.regions, 0),
        stack.n_levels,
        stack.region_names,
    )
    once, twice = (family.describe(family.count(each)) for each in (stack, wide))
    for name, values in drop_extensive(family, once).items():
        np.testing.assert_allclose(twice[name], values, rtol=0.03, atol=0.6, err_msg=name)


def test_a_family_that_is_not_a_frozen_dataclass_is_refused():
    @dataclass
    class Loose(Family):
        name: ClassVar[str] = "loose"

        def count(self, stack):
            return stack.grey

        def describe(self, counts):
            return {}

    with pytest.raises(TypeError, match="Loose must be a frozen dataclass"):
        find_families(Loose())


@pytest.mark.parametrize("family", [Fluid(thresholds=[192]), Glcm(distance=np.int64(2))])
def test_parameters_that_no_recipe_can_hold_are_refused_before_any_exam(family):
    with pytest.raises(TypeError, match="must be numbers, text, None or tuples of these, got"):
        find_families([family])


def test_a_hundred_thousand_names_cost_little_and_give_a_short_message():
    started = time.process_time()
    with pytest.raises(ValueError, match="each once") as caught:
        find_families(["intensity"] * 100_000)
    assert len(str(caught.value)) < 300
    assert time.process_time() - started < 5


def test_families_of_a_preset_were_not_asked_for_by_name():
    assert list_explicit("baseline") == ()
    assert list_explicit(["texture", "fluid", Glcm(distance=2)]) == (Fluid(), Glcm(distance=2))
