"""A table from the GPU is the table from the CPU; the GPU is an emulated one.

Or a real one, with ``pytest --require-gpu``.
"""

import numpy as np
import pandas as pd
import pytest

from mrnet_features import FeatureExtractor
from mrnet_features.names import PLANES

pytestmark = pytest.mark.usefixtures("gpu")


def draw_exam(seed, shape):
    """An exam with a bright, noisy disk in black air on each plane."""
    rng = np.random.default_rng(seed)
    y, x = (np.arange(size) / size - 0.5 for size in shape[1:])
    inside = np.hypot(y[:, None], x) < 0.45
    spots = rng.integers(0, 90, (shape[0], shape[1] // 8 + 1, shape[2] // 8 + 1))
    spots = spots.repeat(8, axis=1).repeat(8, axis=2)[:, : shape[1], : shape[2]]
    grey = (90 + spots + rng.normal(0, 12, shape)) * inside
    return {
        plane: np.clip(np.roll(grey, k, axis=1), 0, 255).astype(np.uint8)
        for k, plane in enumerate(PLANES)
    }


def make_table(exams, families, device):
    extractor = FeatureExtractor(families, device=device, extensive=True, progress=False)
    table = extractor.fit_transform(exams)
    assert extractor.device_ == device
    return table


def test_the_full_table_is_the_same():
    exams = [draw_exam(0, (5, 64, 72)), draw_exam(1, (3, 80, 65))]
    ours, theirs = (make_table(exams, "full", device) for device in ("cpu", "cuda"))
    pd.testing.assert_frame_equal(theirs, ours, rtol=1e-6, atol=1e-6)
    assert ours.notna().mean(axis=None) > 0.8


def test_a_blank_exam_is_described_too():
    blank = [{plane: np.zeros((1, 9, 7), np.uint8) for plane in PLANES}]
    ours, theirs = (make_table(blank, "full", device) for device in ("cpu", "cuda"))
    pd.testing.assert_frame_equal(theirs, ours, rtol=1e-6, atol=1e-6)


def test_a_gpu_is_not_taken_unasked():
    extractor = FeatureExtractor("minimal", progress=False).fit([draw_exam(0, (1, 8, 8))])
    assert extractor.device_ == "cpu"
