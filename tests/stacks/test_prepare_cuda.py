"""Batches prepared on a GPU equal those prepared on the CPU.

On an emulated GPU, or on a real one with ``pytest --require-gpu``.
"""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mrnet_features.arrays import to_device, to_host
from mrnet_features.counts.cooccurrence import cooccurrence
from mrnet_features.counts.histogram import histogram
from mrnet_features.stacks.discretisation import Discretisation
from mrnet_features.stacks.prepare import prepare_batch, prepare_sets
from mrnet_features.stacks.region_sets import REGION_SETS
from mrnet_features.stacks.stack import Stack
from mrnet_features.synthetic import draw_knee

pytestmark = pytest.mark.usefixtures("gpu")

PLANES = ("axial", "coronal", "sagittal")
PARTS = ("grey", "levels", "regions")


def sets_of(plane):
    return ["knee", *(name for name, planes in REGION_SETS.items() if plane in planes)]


def assert_same(greys, plane, **options):
    """Assert that both devices prepare the same batches; return those of the CPU."""
    names = sets_of(plane)
    expected = prepare_batch(greys, plane, names, **options)
    found = prepare_batch([to_device(grey, "cuda") for grey in greys], plane, names, **options)
    assert list(found) == list(expected) == names
    for name in names:
        for ours, theirs in zip(found[name], expected[name], strict=True):
            for field in ("exam_indices", "exam_starts", "origins", "n_levels", "region_names"):
                assert getattr(ours, field) == getattr(theirs, field), field
            for part in PARTS:
                assert isinstance(getattr(theirs, part), np.ndarray)
                assert not isinstance(getattr(ours, part), np.ndarray)
                assert np.array_equal(to_host(getattr(ours, part)), getattr(theirs, part)), part
    return expected


def assert_alone(greys, plane, batches):
    for index, grey in enumerate(greys):
        own = prepare_sets(grey, plane, sets_of(plane))
        for name, found in batches.items():
            [stack] = [batch for batch in found if index in batch.exam_indices]
            k = stack.exam_indices.index(index)
            first, end = (*stack.exam_starts, stack.n_slices)[k : k + 2]
            row, column = stack.origins[k]
            height, width = own[name].grey.shape[1:]
            window = np.s_[first:end, row : row + height, column : column + width]
            for part in PARTS:
                assert np.array_equal(getattr(stack, part)[window], getattr(own[name], part))


@pytest.mark.parametrize("plane", PLANES)
def test_synthetic_knees_are_the_same_on_both_devices(plane):
    knees = [draw_knee(seed).stacks[plane] for seed in (0, 1)]
    greys = [np.ascontiguousarray(stack[8:20:3]) for stack in knees]
    assert_alone(greys, plane, assert_same(greys, plane))


def draw_bones(rng, shape):
    """An ellipse of horizontal layers in air, anywhere in the picture; or only air."""
    _, height, width = shape
    y, x = np.mgrid[:height, :width]
    row, column = rng.uniform(0.3, 0.7, 2) * (height, width)
    inside = np.hypot((y - row) / height, (x - column) / width) < rng.uniform(0, 0.6)
    layers = rng.choice([0, 20, 90, 200, 255], height)[:, None] * np.ones((height, width))
    grey = inside * layers + rng.normal(0, rng.choice([0, 2, 15]), shape)
    return np.clip(grey, 0, 255).astype(np.uint8)


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 2**32 - 1),
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=3),
    sizes=st.lists(
        st.tuples(st.integers(1, 80), st.integers(1, 80)), min_size=1, max_size=2, unique=True
    ),
    plane=st.sampled_from(PLANES),
    discretisation=st.sampled_from([None, Discretisation(8), Discretisation(edges=(3, 100))]),
)
def test_random_batches_are_the_same_on_both_devices(seed, lengths, sizes, plane, discretisation):
    rng = np.random.default_rng(seed)
    greys = [draw_bones(rng, (n, *sizes[k % len(sizes)])) for k, n in enumerate(lengths)]
    batches = assert_same(greys, plane, discretisation=discretisation)
    if discretisation is None:
        assert_alone(greys, plane, batches)


def test_exams_of_several_picture_sizes_share_windows():
    rng = np.random.default_rng(7)
    shapes = [(5, 130, 150), (4, 200, 150), (6, 130, 150), (3, 90, 70)]
    greys = [draw_bones(rng, shape) for shape in shapes]
    batches = assert_same(greys, "sagittal")
    assert [batch.exam_indices for batch in batches["knee"]] == [(0, 2), (1,), (3,)]
    assert_alone(greys, "sagittal", batches)


def test_strided_pictures_are_the_same_on_both_devices():
    whole = to_device(draw_bones(np.random.default_rng(3), (4, 70, 140)), "cuda")
    [batch] = prepare_batch([whole[::2, :, ::-2]], "coronal", ["knee"])["knee"]
    grey = to_host(whole)[::2, :, ::-2]
    [expected] = prepare_batch([grey], "coronal", ["knee"])["knee"]
    for part in PARTS:
        assert np.array_equal(to_host(getattr(batch, part)), getattr(expected, part))


@pytest.fixture
def waits(emulated_gpu, monkeypatch):
    """Names of the calls in which the host waits for the emulated GPU."""
    seen = []

    def watch(name):
        ask = getattr(emulated_gpu.ndarray, name)

        def call(self, *args):
            seen.append(name)
            return ask(self, *args)

        monkeypatch.setattr(emulated_gpu.ndarray, name, call)

    for name in ("get", "item", "tolist", "__int__", "__float__", "__bool__"):
        watch(name)
    return seen


def test_the_host_waits_twice_per_batch_and_not_for_checks(waits):
    rng = np.random.default_rng(5)
    greys = [to_device(draw_bones(rng, (n, 70, 80)), "cuda") for n in (3, 5, 4)]
    batches = prepare_batch(greys, "sagittal", sets_of("sagittal"))
    assert waits == ["get", "get"]
    for [batch] in batches.values():
        histogram(batch)
        cooccurrence(batch)
        histogram(batch.with_grey(255 - batch.grey))
    assert waits == ["get", "get"]


def test_stacks_of_a_user_are_checked_on_a_gpu_too():
    ones = to_device(np.ones((1, 2, 2), np.uint8), "cuda")
    for levels, regions, message in (
        (ones + np.uint8(4), ones, "`levels` must lie in 1..4, got 5..5"),
        (ones, ones + np.uint8(1), "`regions` must lie in 0..1"),
    ):
        with pytest.raises(ValueError, match=message):
            Stack(ones, levels, regions, n_levels=4)
