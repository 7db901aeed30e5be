"""The row of an exam does not depend on its batch, and errors name the exam."""

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from mrnet_features import FeatureExtractor
from mrnet_features.arrays import to_device, to_host
from mrnet_features.extraction.describe import describe_batch, describe_series, describe_together
from mrnet_features.extraction.read import read_exam
from mrnet_features.families.base import Family
from mrnet_features.names import PLANES
from mrnet_features.stacks.prepare import prepare_batch

SHAPES = [(5, 72, 80), (3, 72, 80), (1, 72, 80), (4, 90, 66), (6, 72, 80)]


def draw_exam(seed, shape):
    """Blobs in a noisy ellipse, off the centre of the picture for most seeds, on each plane."""
    rng = np.random.default_rng(seed)
    y, x = (np.arange(size) / size - 0.5 for size in shape[1:])
    inside = np.hypot((y - 0.02 * seed)[:, None] / 0.42, (x + 0.02 * seed) / 0.38) < 1
    blobs = rng.integers(0, 40, (1, shape[1] // 6 + 1, shape[2] // 6 + 1))
    blobs += 140 * (rng.random(blobs.shape) < 0.05)  # fluid
    blobs = blobs.repeat(6, axis=1).repeat(6, axis=2)[:, : shape[1], : shape[2]]
    grey = (70 + 5 * seed + blobs + rng.normal(0, 12, shape)) * inside
    return {
        plane: np.clip(np.roll(grey, 2 * k, axis=2), 0, 255).astype(np.uint8)
        for k, plane in enumerate(PLANES)
    }


def read(exams):
    return [read_exam(exam, k, PLANES) for k, exam in enumerate(exams)]


def recipe_of(families):
    return FeatureExtractor(families, extensive=True).recipe()


EXAMS = read(
    [
        *(draw_exam(seed, shape) for seed, shape in enumerate(SHAPES)),
        {plane: np.zeros((2, 72, 80), np.uint8) for plane in PLANES},
        draw_exam(6, (2, 60, 100)),
    ]
)


@pytest.fixture(scope="module")
def full_table():
    return describe_batch(EXAMS, recipe_of(["full", "profiles"]), "cpu")


def assert_identical(found, expected):
    np.testing.assert_array_equal(found, expected)  # exact; NaN equals NaN
    assert found.dtype == expected.dtype == np.float32


@pytest.mark.parametrize("size", [2, 7])
def test_concatenated_exams_have_the_rows_they_have_alone(full_table, size):
    recipe = recipe_of(["full", "profiles"])
    batches = [EXAMS[k : k + size] for k in range(0, len(EXAMS), size)]
    rows = [describe_together(batch, recipe, "cpu") for batch in batches]
    assert_identical(np.concatenate(rows), full_table)
    assert np.isfinite(full_table).mean() > 0.7


def test_a_common_window_size_changes_nothing():
    shapes = [(3 + k % 2, 150 - 7 * k, 140 - 9 * k) for k in range(5)]
    exams = read([draw_exam(k, shape) for k, shape in enumerate(shapes)])
    for k, exam in enumerate(exams):  # the smaller the picture, the nearer to the lower right
        for plane, grey in exam.stacks.items():
            exam.stacks[plane] = np.pad(grey, ((0, 0), (30 + 7 * k, 5), (30 + 9 * k, 5)))
    recipe = recipe_of(["fluid", "dark_fluid", "marrow", "ligament", "meniscus"])
    for plane in PLANES:
        greys = [exam.stacks[plane] for exam in exams]
        [batch] = prepare_batch(greys, plane, ["recesses"])["recesses"]
        assert len(set(batch.origins)) == len(exams)  # otherwise the test has no effect
    found = describe_together(exams, recipe, "cpu")
    assert_identical(found, describe_batch(exams, recipe, "cpu"))


@pytest.mark.parametrize("size", [1, 3, 7])
def test_the_batch_size_changes_nothing(size):
    recipe = recipe_of("minimal")
    expected = describe_batch(EXAMS, recipe, "cpu")
    rows = [describe_batch(EXAMS[k : k + size], recipe, "cpu") for k in range(0, 7, size)]
    assert_identical(np.concatenate(rows), expected)


@pytest.mark.usefixtures("gpu")
def test_rows_from_a_gpu_equal_those_from_the_cpu(full_table):
    rows = describe_batch(EXAMS, recipe_of(["full", "profiles"]), "cuda")
    np.testing.assert_allclose(rows, full_table, rtol=1e-6, atol=1e-6, equal_nan=True)


def count_operations(cupy, monkeypatch, n_exams):
    """Kernel launches, array operations and copies to the host for one plane of a batch."""
    recipe = recipe_of(["full", "profiles"])
    exams = [draw_exam(seed, (3 + seed % 2, 72, 80)) for seed in range(n_exams)]
    greys = [to_device(exam["sagittal"], "cuda") for exam in exams]
    stacks = prepare_batch(greys, "sagittal", recipe.region_sets("sagittal"))
    n_calls = Counter()

    def counted(what, function):
        def call(*args, **kwargs):
            n_calls[what] += 1
            return function(*args, **kwargs)

        return call

    inside = cupy.RawKernel.__init__.__globals__
    with monkeypatch.context() as patch:
        patch.setattr(cupy.RawKernel, "__call__", counted("launch", cupy.RawKernel.__call__))
        patch.setattr(cupy.ndarray, "get", counted("copy", cupy.ndarray.get))
        for name in ("tolist", "item", "__int__", "__float__", "__bool__"):
            patch.setattr(cupy.ndarray, name, counted("wait", getattr(cupy.ndarray, name)))
        patch.setitem(inside, "wrap", counted("operation", inside["wrap"]))
        parts = describe_series(stacks, "sagittal", recipe)
        to_host(cupy.concatenate([part.values.ravel() for part in parts]))
    assert all(len(found) == 1 for found in stacks.values())
    return n_calls


def test_a_larger_batch_needs_no_more_operations(emulated_gpu, monkeypatch):
    few, many = (count_operations(emulated_gpu, monkeypatch, n_exams) for n_exams in (2, 5))
    assert few["launch"] == many["launch"]
    assert few["copy"] == many["copy"] == 1
    assert few["wait"] == many["wait"]
    # entropies use a table of logarithms where that is faster, so the number varies a little
    assert many["operation"] < 1.01 * few["operation"]


@dataclass(frozen=True)
class Picky(Family):
    """Raises if an exam has `refused` slices, or a batch `refused` exams."""

    name: ClassVar[str] = "picky"
    planes: ClassVar[tuple[str, ...]] = ("coronal",)

    refused: int = 4
    is_full: bool = False

    def count(self, stack):
        sizes = np.diff([*stack.exam_starts, stack.n_slices])
        if self.refused in sizes or self.refused == len(sizes):
            raise (MemoryError if self.is_full else ValueError)(f"refused {self.refused}")
        return stack.regions[:, :1, 0]

    def describe(self, counts):
        return {"x": counts * 1.0}


@pytest.mark.usefixtures("gpu")
def test_the_exam_at_fault_in_a_batch_is_named():
    with pytest.raises(ValueError, match="refused 4") as caught:
        describe_batch(EXAMS, recipe_of([Picky()]), "cuda")
    notes = " ".join(caught.value.__notes__)
    assert "the exam at index 3, plane 'coronal'" in notes
    assert "Picky(" in notes


@pytest.mark.usefixtures("gpu")
def test_an_error_that_only_the_batch_has_is_raised():
    with pytest.raises(ValueError, match="refused 3") as caught:
        describe_batch([EXAMS[0], EXAMS[4], EXAMS[5]], recipe_of([Picky(3)]), "cuda")
    notes = " ".join(caught.value.__notes__)
    assert "a batch of 3 exams, plane 'coronal'" in notes
    assert "No exam of the batch fails when it is described by itself." in notes


@pytest.mark.usefixtures("gpu")
def test_after_out_of_memory_exams_are_not_tried_one_by_one():
    batch = [EXAMS[0], EXAMS[1], EXAMS[4]]  # alone, EXAMS[1] would have 3 slices
    with pytest.raises(MemoryError) as caught:
        describe_batch(batch, recipe_of([Picky(3, is_full=True)]), "cuda")
    assert not any("the exam at index" in note for note in caught.value.__notes__)


@pytest.mark.parametrize("module", ["runtime", "driver"])
def test_an_error_that_cuda_reports_later_names_the_batch_only(emulated_gpu, module):
    name = {"runtime": "CUDARuntimeError", "driver": "CUDADriverError"}[module]
    cuda_error = getattr(getattr(emulated_gpu.cuda, module), name)

    class Broken(Picky):
        def count(self, stack):
            raise cuda_error(700)

    with pytest.raises(cuda_error, match="illegal memory access") as caught:
        describe_batch(EXAMS[2:5], recipe_of([Broken()]), "cuda")
    notes = caught.value.__notes__
    assert "The batch was the exam at index 2 to the exam at index 4." in notes
    assert not any(note.startswith("while describing the exam at index") for note in notes)


def test_statistics_that_depend_on_the_content_of_the_stack_are_refused():
    @dataclass(frozen=True)
    class Moody(Picky):
        name: ClassVar[str] = "moody"

        def describe(self, counts):
            return {"x" if counts.shape[0] == 1 else "y": counts * 1.0}

    with pytest.raises(ValueError, match="must not depend on the content of the stack") as caught:
        describe_batch(EXAMS[:1], recipe_of([Moody()]), "cpu")
    assert "the exam at index 0, plane 'coronal'" in " ".join(caught.value.__notes__)


def test_a_batch_of_exams_with_gaps_has_the_rows_that_they_have_alone():
    planes = ("axial_fluid", "coronal", "sagittal_structural")
    recipe = FeatureExtractor("baseline", planes=planes, missing="nan").recipe()
    exams = []
    for seed, shape in enumerate(SHAPES):
        stacks = dict(zip(planes, draw_exam(seed, shape).values(), strict=True))
        for k, plane in enumerate(planes):
            if seed >> k & 1:  # no gap, axial, coronal, both, sagittal
                del stacks[plane]
        exams.append(read_exam(stacks, seed, planes, "nan"))
    found = describe_together(exams, recipe, "cpu")
    assert_identical(found, np.concatenate([describe_together([e], recipe, "cpu") for e in exams]))
    for row, exam in zip(found, exams, strict=True):
        for plane in planes:
            columns = np.concatenate([block.columns for block in recipe.column_blocks(plane)])
            assert np.isnan(row[columns]).all() == (plane not in exam.stacks)
