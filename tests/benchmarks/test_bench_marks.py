"""The rule by which marks are judged: right exams, overlap, random places, another exam's side."""

import importlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mrnet_features.names import PLANES
from mrnet_features.stacks.mark import FeatureMark, SliceMark
from mrnet_features.synthetic import Lesion, Pathology, Style, draw_knee, find_lesions
from mrnet_features.synthetic.pathology import Spot

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    return importlib.import_module("bench_marks")


def test_the_model_is_right_about_true_positives_among_the_highest(bench):
    chances = pd.Series([0.9, 0.8, 0.7, 0.6, 0.1])
    label = pd.Series([1, 0, 1, 1, 0])
    truth = pd.Series([1, 1, 0, 1, 0])
    # three positive labels: the cut lies between 0.7 and 0.6; the third exam's label is wrong
    assert bench.find_right(chances, label, truth).tolist() == [True, False, False, False, False]


def feature_mark(*marks):
    return FeatureMark("c", "sagittal", 1.0, marks, 1, "pixels")


def test_half_of_the_pixels_of_the_best_slice_must_lie_near_a_lesion(bench):
    mask = np.zeros((3, 40, 40), bool)
    mask[1, 10:20, 10:20] = True
    lesions = [Lesion("oedema", "patella", dict.fromkeys(PLANES, mask))]
    near = bench.join_lesions(lesions, "marrow", "sagittal")
    assert near.sum() == 14 * 14  # two pixels more on each side
    assert bench.join_lesions(lesions, "ligament", "sagittal") is None
    outline = np.zeros((40, 40), bool)
    outline[12, 4:12] = True  # columns 8 to 11 of 4 to 11
    elsewhere = np.ones((40, 40), bool)
    mark = feature_mark(SliceMark(0, 1.0, "a", elsewhere), SliceMark(1, 2.0, "a", outline, None))
    assert bench.measure_overlap(bench.read_pixels(mark), near) == 0.5


def test_a_segment_counts_by_its_length(bench):
    near = np.zeros((2, 40, 40), bool)
    near[1, :, :20] = True
    segment = ((5.0, 0.0), (5.0, 39.0))
    pixels = bench.read_pixels(feature_mark(SliceMark(1, 1.0, "notch", None, segment)))
    assert bench.measure_overlap(pixels, near) == pytest.approx(0.5, abs=0.02)
    assert bench.measure_overlap(pixels._replace(columns=pixels.columns - 30), near) < 0.3


def test_a_mark_without_pixels_lies_on_nothing(bench):
    pixels = bench.read_pixels(feature_mark())
    near = np.ones((2, 40, 40), bool)
    assert bench.measure_overlap(pixels, near) == 0
    assert bench.place_at_random(pixels, near, np.full((2, 40, 40), 90, np.uint8), 0) == 0


def test_a_pixel_at_random_lies_on_a_lesion_as_often_as_the_lesion_is_large(bench):
    near = np.zeros((4, 40, 40), bool)
    near[:, :20] = True
    grey = np.zeros((4, 40, 40), np.uint8)
    grey[:, 10:30] = 90  # the knee
    pixels = bench.Pixels(0, np.array([3]), np.array([3]))
    assert bench.place_at_random(pixels, near, grey, 0) == pytest.approx(0.5, abs=0.1)


def test_a_mark_moves_to_the_same_side_of_another_knee(bench):
    still = Style(
        drawn_pixels=64, rotation_spread=(0.0, 0.0, 0.0), plane_rotation=0.0, offset_spread=0.0
    )
    pathology = Pathology((0, 0, 0), oedema=(Spot("lateral tibia", 12.0, 1.0, 0.0, -1.0),))
    exams = []
    for index in range(7):
        truth = draw_knee(12, index=index, pathology=pathology, style=still).truth
        (lesion,) = find_lesions(12, index=index, pathology=pathology, style=still)
        exams.append((truth, lesion.masks))
    for plane in PLANES:
        turns = set()
        for truth, masks in exams[1:]:
            other, mask = exams[0][0], exams[0][1][plane]
            here = np.argwhere(masks[plane])
            middle = bench.Pixels(*(np.array([round(p)]) for p in here.mean(axis=0)))
            middle = middle._replace(slice=int(middle.slice[0]))
            moved = bench.turn(middle, plane, len(mask), truth, other)
            slices, rows, columns = np.argwhere(mask).mean(axis=0)
            assert abs(moved.slice - slices) < 0.15 * len(mask)
            assert abs(moved.rows[0] - rows) < 30
            assert abs(moved.columns[0] - columns) < 30
            turns.add((truth["laterality"], truth[f"{plane}_reversed"]))
        assert len(turns) == 4
