"""Styles: every field changes the exams, and is kept as plain numbers."""

import json
from dataclasses import fields, replace

import numpy as np
import pytest

from mrnet_features.names import PLANES
from mrnet_features.synthetic import Style, draw_knee, sample_pathology, sample_style
from mrnet_features.synthetic.style import as_style, describe_style, read_style

NAMES = [field.name for field in fields(Style)]
SMALL = Style(drawn_pixels=64, slices=(19.0, 17.0, 17.0))
# Values far from the defaults where the default times 1.3 would be none.
OTHERS = {
    "rotation_mean": (5.0, 5.0, 5.0), "offset_rows": (0.1, 0.1, 0.1), "drawn_pixels": 96,
    "offset_columns": (0.1, 0.1, 0.1), "joint_space": 1.0, "fat_left": (0.3, 0.3, 0.3),
    "coil_slope": 0.3, "coil_side": 90.0, "blur": 1.0, "slices": (40.0, 40.0, 40.0),
    "three_tesla_rate": 0.0, "horn_only_rate": 1.0, "lone_tear_rate": 1.0, "lone_defect_rate": 1.0,
    "bad_rate": 1.0, "tear_strength_low": 0.95, "slice_spread": 0.25,
}  # fmt: skip
OF_PATHOLOGY = {
    "horn_only_rate", "lone_tear_rate", "lone_defect_rate", "tear_strength_low", "tear_gap_low",
    "tear_gap_high",
}  # fmt: skip


def change(style, name):
    value = getattr(style, name)
    scaled = tuple(1.3 * v for v in value) if isinstance(value, tuple) else 1.3 * value
    return replace(style, **{name: OTHERS.get(name, scaled)})


def exam_facts(style):
    exam = draw_knee(5, index=2, style=style)
    return [exam.truth, *(exam.stacks[plane].tobytes() for plane in PLANES)]


@pytest.fixture(scope="module")
def base():
    return replace(SMALL, coil_slope=0.1)


@pytest.fixture(scope="module")
def facts(base):
    return exam_facts(base)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OF_PATHOLOGY])
def test_every_field_changes_the_exams(name, base, facts):
    assert exam_facts(change(base, name)) != facts


@pytest.mark.parametrize("name", sorted(OF_PATHOLOGY))
def test_every_field_of_the_lesions_changes_them(name):
    def lesions(style):
        generator = np.random.default_rng(0)
        return [sample_pathology(generator, style=style) for _ in range(30)]

    assert lesions(change(Style(), name)) != lesions(Style())


@pytest.mark.parametrize("name", NAMES)
def test_every_field_is_documented(name):
    listed = [
        word.strip(" ,:")
        for line in Style.__doc__.splitlines()
        if " : " in line
        for word in line.split(" : ")[0].split(",")
    ]
    assert name in listed


def test_a_number_is_the_seed_of_a_style():
    assert as_style(3) == sample_style(3) != sample_style(4)
    assert as_style(None) == Style()
    assert as_style(SMALL) is SMALL


@pytest.mark.parametrize("seed", [0, -1])
def test_seeds_below_one_are_refused(seed):
    with pytest.raises(ValueError, match=f"`style` must be 1 or more, got {seed}"):
        sample_style(seed)
    with pytest.raises(ValueError, match="`style` must be 1 or more"):
        draw_knee(0, style=seed)


@pytest.mark.parametrize("style", [None, 4, Style(), sample_style(2)])
def test_styles_survive_json(style):
    numbers = json.loads(json.dumps(describe_style(style)))
    assert numbers == describe_style(style)
    assert read_style(numbers) == as_style(style)


def test_styles_differ_as_sets_of_hospitals_do():
    styles = [sample_style(seed) for seed in range(1, 21)]
    coronal = {
        "T1" if s.repetition_ms[1] < 1000 else "FS" if s.fat_left[1] < 1 else "PD" for s in styles
    }
    assert coronal == {"T1", "PD", "FS"}
    offsets = [max(map(abs, s.offset_rows + s.offset_columns)) for s in styles]
    assert min(offsets) < 0.15 < max(offsets) <= 1 / 3
    assert np.std([s.rotation_mean[1] for s in styles]) > 1.5
    assert len({s.drawn_pixels for s in styles}) > 2


def test_the_coil_makes_one_side_brighter():
    straight = replace(SMALL, coil_slope=0.4, rotation_spread=(0.0, 0.0, 0.0), bad_rate=0.0)

    def ratio(side):
        stack = draw_knee(2, style=replace(straight, coil_side=side)).stacks["axial"].astype(float)
        front, back = stack[:, 40:110], stack[:, 150:220]
        return np.median(back[back > 30]) / np.median(front[front > 30])

    assert ratio(90.0) > 1.3 * ratio(270.0)  # 90 is posterior, below in axial pictures


def test_a_smaller_field_of_view_shows_a_larger_knee():
    def area(view):
        stack = draw_knee(2, style=replace(SMALL, view=(view,) * 3)).stacks["axial"]
        return np.mean(stack > 30)

    assert area(1.2) < 0.8 * area(1.0)
