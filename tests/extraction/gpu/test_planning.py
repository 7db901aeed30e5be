"""Batch planning: limits, the memory estimate and errors."""

import numpy as np
import pytest

from mrnet_features import FeatureExtractor
from mrnet_features.extraction.gpu import planning
from mrnet_features.synthetic import draw_knee


def test_batches_stay_within_the_limit(emulated_gpu):
    shapes = [{"axial": (k, 10, 10)} for k in (1, 1, 5, 1, 1, 1)]
    costs = [planning.Planned({}, k, shape).cost for k, shape in enumerate(shapes)]
    limit = planning.BatchLimit(3, sum(costs[:2]))
    found = planning.plan_batches(shapes, lambda exam, index: exam, limit)
    assert [[one.exam_index for one in batch] for batch in found] == [[0, 1], [2], [3, 4], [5]]


def test_a_smaller_limit_applies_from_the_next_batch():
    limit = planning.BatchLimit(8, 2**40)
    found = planning.plan_batches([{}] * 20, lambda exam, index: {"axial": (1, 1, 1)}, limit)
    assert len(next(found)) == 8
    limit.halve(8)
    assert [len(batch) for batch in found] == [4, 4, 4]
    assert limit.was_halved


def test_an_unreadable_exam_is_reported_after_the_batches_before_it():
    def measure(exam, index):
        if index == 3:
            raise ValueError("broken exam")
        return {"axial": (1, 1, 1)}

    found = planning.plan_batches([{}] * 5, measure, planning.BatchLimit(2, 2**40))
    assert [len(next(found)), len(next(found))] == [2, 1]
    with pytest.raises(ValueError, match="broken exam"):
        next(found)


def test_a_launch_stays_within_32_bits():
    half = (planning.MAX_ITEMS // 8, 1, 1)
    shapes = [{"axial": half}, {"axial": half}, {"axial": half}]
    found = planning.plan_batches(shapes, lambda exam, index: exam, planning.BatchLimit(8, 2**60))
    assert [len(batch) for batch in found] == [2, 1]


def test_the_memory_estimate_is_one_to_ten_times_the_memory_used(emulated_gpu):
    knee = draw_knee(1, "train", 0).stacks
    exam = {plane: np.ascontiguousarray(grey[8:10]) for plane, grey in knee.items()}
    extractor = FeatureExtractor("full", device="cuda", progress=False)
    extractor.recipe().columns()  # describes a blank stack
    emulated_gpu.stand_in.set_devices()
    extractor.fit_transform([exam])
    estimate = planning.Planned({}, 0, {plane: grey.shape for plane, grey in exam.items()}).cost
    assert estimate / 10 < emulated_gpu.stand_in.devices[0].peak < estimate
