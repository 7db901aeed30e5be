"""Component shapes of a batch: equal to those of each exam alone, in bounded memory."""

import numpy as np
import pytest

from mrnet_features.arrays import to_host
from mrnet_features.counts.components_3d import components_3d
from mrnet_features.counts.region_extents import region_bounds
from mrnet_features.formulas import slice_blocks
from mrnet_features.formulas.component_shapes import describe_largest, describe_sizes, sum_sizes
from tests.support.zoo import make_batch, make_stack

N_REGIONS = 2
DENSITIES = (0.02, 0.4, 0.0, 0.1)  # of bright pixels; one exam has none


def draw(seed, density, n_slices=2, side=24):
    rng = np.random.default_rng(seed)
    grey = np.where(rng.random((n_slices, side, side)) < density, 200, 20).astype(np.uint8)
    regions = np.ones_like(grey)
    regions[:, :, side // 2 :] = 2
    return grey, regions


def describe(stack):
    found = components_3d(stack, threshold=200)
    boxes = region_bounds(stack)
    shape = (stack.n_exams, N_REGIONS)
    n_pixels = np.full(shape, 576.0)
    if stack.n_exams == 1:
        assert found.n_by_exam.tolist() == [len(found.size)]
    return {
        **{name: values[0] for name, values in sum_sizes([found], *shape).items()},
        **{name: values[0] for name, values in describe_sizes([found], n_pixels).items()},
        **describe_largest(found, boxes),
    }


@pytest.mark.parametrize("n_cells", [1, 2**10, 2**30])
def test_exams_described_some_at_a_time_have_their_own_shapes(n_cells, monkeypatch):
    monkeypatch.setattr(slice_blocks, "_CPU_CELLS", n_cells)
    exams = [draw(seed, density) for seed, density in enumerate(DENSITIES)]
    alone = [describe(make_stack(*exam, n_regions=N_REGIONS)) for exam in exams]
    found = describe(make_batch(exams, ((0, 0),) * len(exams), n_regions=N_REGIONS))
    for name, values in found.items():
        np.testing.assert_array_equal(values, np.concatenate([one[name] for one in alone]))
    inside = [(exam[0] == 200) & (exam[1] == 1) for exam in exams]
    assert found["total"][:, 0].tolist() == [bright.sum() for bright in inside]


def test_memory_does_not_grow_with_exams_times_components(emulated_gpu):
    exams = [draw(seed, 0.1, n_slices=1) for seed in range(300)]
    stack = make_batch(exams, ((0, 0),) * len(exams), n_regions=N_REGIONS).on_device("cuda")
    found, boxes = components_3d(stack, threshold=200), region_bounds(stack)
    n_pixels = emulated_gpu.full((len(exams), N_REGIONS), 288.0)
    memory = emulated_gpu.stand_in.devices[0]
    table = 8 * len(exams) * found.size.shape[0]
    for work in (lambda: describe_sizes([found], n_pixels), lambda: describe_largest(found, boxes)):
        memory.peak = before = memory.used
        assert np.isfinite(to_host(next(iter(work().values())))).all()
        assert memory.peak - before < table / 2
