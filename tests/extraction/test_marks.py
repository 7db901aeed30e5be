"""find_marks: values of the table, slices of the pool, sides of a pair, positions in the stack."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from mrnet_features import FeatureExtractor, find_marks
from mrnet_features.counts.histogram import histogram
from mrnet_features.extraction.pooling import POOLS
from mrnet_features.families.base import Family, divide, namespace
from mrnet_features.families.ligament import Ligament
from tests.support.knees import make_knee

REAL_KNEE = Path(os.environ.get("MRNET_FEATURES_REAL_KNEE", "/nonexistent"))


@pytest.fixture(scope="module")
def exam():
    """A drawn knee on each plane, of another size and number of slices."""
    shapes = {"axial": (7, 96, 100), "coronal": (9, 120, 100), "sagittal": (11, 124, 110)}
    return {plane: make_knee(60, shape, seed=k) for k, (plane, shape) in enumerate(shapes.items())}


def test_values_are_those_of_the_table(exam):
    table = FeatureExtractor(pools=tuple(POOLS), extensive=True).fit_transform([exam])
    chosen = np.random.default_rng(0).choice(table.columns, 60, replace=False).tolist()
    found = find_marks(exam, chosen)
    assert list(found) == chosen
    for column, mark in found.items():
        assert mark.column == column
        np.testing.assert_equal(mark.value, float(table[column].iloc[0]), err_msg=column)


def test_marks_lie_in_the_picture_and_in_the_order_of_the_slices(exam):
    table = FeatureExtractor().fit_transform([exam])
    chosen = np.random.default_rng(1).choice(table.columns, 40, replace=False).tolist()
    for mark in find_marks(exam, chosen).values():
        n_slices, height, width = exam[mark.plane].shape
        slices = [part.slice for part in mark.slices]
        assert slices == sorted(slices)
        assert 0 <= mark.best_slice < n_slices
        if not mark.slices:
            assert np.isnan(mark.value)
            continue
        assert mark.best_slice in slices
        for part in mark.slices:
            assert 0 <= part.slice < n_slices
            if mark.kind != "segment":
                assert part.outline.shape == (height, width)
            else:
                rows, columns = zip(*part.segment, strict=True)
                assert 0 <= min(rows) <= max(rows) < height
                assert 0 <= min(columns) <= max(columns) < width


@pytest.mark.parametrize(
    ("pool", "expected", "best"),
    [
        ("max", [4], 4),
        ("top3", [1, 4, 6], 4),
        ("mean", [0, 1, 2, 3, 4, 5, 6], 4),
        ("std", [0, 1, 2, 3, 4, 5, 6], 4),
        ("middle", [2, 3, 4], 4),
        ("outer", [0, 1, 5, 6], 6),
        ("p90", [4, 6], 4),
    ],
)
def test_the_slices_of_the_pool_are_marked(pool, expected, best):
    stack = np.zeros((7, 40, 40), np.uint8)
    stack[:, 5:35, 5:35] = np.array([60, 90, 80, 50, 200, 70, 110])[:, None, None]
    column = f"axial__knee__intensity__median__{pool}"
    mark = find_marks({"axial": stack}, column, families="minimal")[column]
    assert [part.slice for part in mark.slices] == expected
    assert mark.best_slice == best


POOLED = {"max": np.max, "top3": np.mean, "mean": np.mean, "middle": np.mean, "std": np.std}


def test_pooling_the_values_of_the_marks_gives_the_feature(exam):
    table = FeatureExtractor(pools=tuple(POOLED)).fit_transform([exam])
    pooled = [column for column in table.columns if not column.endswith("__stack")]
    chosen = np.random.default_rng(2).choice(pooled, 60, replace=False).tolist()
    for column, mark in find_marks(exam, chosen).items():
        if not np.isnan(mark.value):
            pool = POOLED[column.rpartition("__")[2]]
            values = [part.value for part in mark.slices]
            assert pool(values) == pytest.approx(mark.value, rel=1e-5, abs=1e-5), column


@pytest.mark.parametrize("family", ["ligament", "meniscus", "cells"])
def test_values_of_the_stack_are_those_of_the_marked_slices(exam, family):
    table = FeatureExtractor(family).fit_transform([exam])
    whole = [
        column
        for column in table.columns
        if column.endswith("__stack") and not ("difference" in column or "__level" in column)
    ]
    for column, mark in find_marks(exam, whole[::11], families=family).items():
        values = [part.value for part in mark.slices]
        if values:  # the mean over ties, over the highest three, or over all slices
            assert np.mean(values) == pytest.approx(mark.value, rel=1e-5), column


@dataclass(frozen=True)
class Bright(Family):
    """Fraction of bright pixels.

    ========= ======================= ======== =====
    statistic formula                 unit     range
    ========= ======================= ======== =====
    fraction  pixels >= T / pixels    fraction 0..1
    ========= ======================= ======== =====

    NaN where the region has no pixel.
    """

    name: ClassVar[str] = "bright"
    planes: ClassVar[tuple[str, ...]] = ("coronal", "sagittal")
    region_sets: ClassVar[tuple[str, ...]] = ("menisci",)
    threshold: int = 200

    def count(self, stack):
        return histogram(stack)

    def describe(self, counts):
        xp = namespace(counts)
        bright = xp.sum(counts[..., self.threshold :], axis=-1)
        return {"fraction": divide(bright, xp.sum(counts, axis=-1))}

    def find_pixels(self, stack, statistic):
        return stack.grey >= self.threshold


def test_a_spot_is_marked_where_it_is_in_the_whole_picture_on_either_side():
    for columns in (slice(28, 33), slice(67, 72)):
        grey = make_knee(60)
        grey[4, 56:60, columns] = 250
        names = [f"coronal__meniscus_{value}__bright__fraction__max" for value in ("high", "low")]
        high, low = find_marks({"coronal": grey}, names, families=Bright()).values()
        assert high.best_slice == 4
        [part] = high.slices
        assert np.array_equal(part.outline, grey[4] >= 250)
        assert part.region == ("meniscus_one" if columns.start < 50 else "meniscus_other")
        assert low.value == 0
        assert low.slices[0].region != part.region


def test_the_difference_of_a_pair_marks_both_sides():
    grey = make_knee(60)
    grey[4, 56:60, 28:33] = 250
    column = "coronal__meniscus_difference__bright__fraction__max"
    mark = find_marks({"coronal": grey}, column, families=Bright())[column]
    assert {part.region for part in mark.slices} == {"meniscus_one", "meniscus_other"}
    assert mark.best_slice == 4


def test_a_family_without_pixels_of_its_own_marks_its_region(exam):
    column = "coronal__knee__glcm__contrast__top3"
    mark = find_marks(exam, column, families="glcm")[column]
    assert len(mark.slices) == 3
    assert mark.kind == "pixels"
    for part in mark.slices:
        assert part.outline[exam["coronal"][part.slice] > 60].mean() > 0.99


@pytest.mark.parametrize("pool", ["max", "top3", "mean"])
def test_where_no_pixel_gives_the_value_the_region_is_marked_and_named_so(pool):
    grey = make_knee(60)
    column = f"coronal__meniscus_high__bright__fraction__{pool}"
    mark = find_marks({"coronal": grey}, column, families=Bright())[column]
    assert (mark.value, mark.kind) == (0, "region")
    assert mark.best_slice in {part.slice for part in mark.slices}
    assert all(part.outline.any() for part in mark.slices)
    grey[4, 56:60, 28:33] = 250  # on one slice of the region is enough
    mark = find_marks({"coronal": grey}, column, families=Bright())[column]
    assert mark.kind == "pixels"
    pixels = sum(part.outline.sum() for part in mark.slices)
    assert pixels == 20


def test_a_stack_without_fluid_marks_its_region_in_all_slices():
    grey = make_knee(60)
    column = "sagittal__knee__fluid__core_192__stack"
    mark = find_marks({"sagittal": grey}, column, families="fluid")[column]
    assert (mark.value, mark.kind) == (0, "region")
    assert [part.slice for part in mark.slices] == list(range(len(grey)))
    assert all(part.outline.sum() > 1000 for part in mark.slices)
    grey[3:6, 60:66, 40:46] = 250
    mark = find_marks({"sagittal": grey}, column, families="fluid")[column]
    assert mark.kind == "pixels"
    assert [part.outline.sum() for part in mark.slices] == [36, 36, 36]


def test_a_band_is_marked_as_a_segment(exam):
    column = "sagittal__notch__ligament__acl_contrast__stack"
    mark = find_marks(exam, column, families=[Ligament()])[column]
    assert mark.kind == "segment"
    assert all(part.outline is None for part in mark.slices)


def test_an_empty_region_has_no_marks():
    stack = np.full((3, 40, 40), 100, np.uint8)  # no air around the knee, so boxes lie outside
    column = "sagittal__notch__ligament__acl_contrast__stack"
    mark = find_marks({"sagittal": stack[:, :12, :12]}, column, families="ligament")[column]
    assert np.isnan(mark.value)
    assert (mark.slices, mark.best_slice) == ((), 1)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("contrast", "must be of the form"),
        ("axial__knee__glcm__contrast__mean", "there is no 'glcm', only 'intensity'"),
        ("coronal__knee__fluid__fraction_192__stack", "only the planes axial and sagittal"),
        ("axial__kneecap__intensity__mean__mean", "its regions on this plane are 'knee'"),
        ("axial__knee__intensity__mean__top5", "the pool must be stack or one of mean"),
        ("axial__knee__intensity__brightness__mean", "has no statistic 'brightness' of slices"),
        ("axial__knee__fluid__peak_brightest__mean", "has no statistic 'peak_brightest' of slices"),
    ],
)
def test_columns_of_no_family_are_refused(exam, column, message):
    with pytest.raises(ValueError, match=message):
        find_marks(exam, [column])


def test_an_exam_without_the_plane_or_that_is_none_is_refused(exam):
    column = "axial__knee__intensity__mean__mean"
    with pytest.raises(KeyError, match="no plane 'axial'"):
        find_marks({"coronal": exam["coronal"]}, column)
    with pytest.raises(TypeError, match="`exam` must be an Exam or a mapping"):
        find_marks([exam], column)
    assert find_marks(exam, []) == {}


@pytest.mark.skipif(
    not REAL_KNEE.is_dir(),
    reason="set MRNET_FEATURES_REAL_KNEE to a folder of real stacks (echo*.npy); none is shipped",
)
@pytest.mark.parametrize("name", ["echo1_te06ms.npy", "echo8_te50ms.npy"])
def test_the_posterior_ligament_of_a_real_knee_is_marked(name):
    column = "sagittal__notch__ligament__pcl_contrast__stack"
    exam = {"sagittal": np.load(REAL_KNEE / name)}
    mark = find_marks(exam, column, families="ligament")[column]
    assert mark.best_slice == 12
    # in the images it runs from row 135, column 150 down to row 165, column 172
    for row, column in mark.slices[0].segment:
        along = np.array([30, 22]) / np.hypot(30, 22)
        off = np.array([row - 135, column - 150])
        assert abs(off[0] * along[1] - off[1] * along[0]) < 6
        assert 0 <= off @ along <= 40


def test_a_feature_of_a_series_is_marked_on_its_stack(exam):
    stacks = {"sagittal_fluid": exam["sagittal"], "coronal_fluid": exam["coronal"]}
    columns = [
        "sagittal_fluid__suprapatellar__fluid__fraction_adaptive__top3",
        "coronal_fluid__knee__intensity__mean__mean",
    ]
    found = find_marks(stacks, columns)
    table = FeatureExtractor(planes=tuple(stacks)).fit_transform([stacks])
    assert [mark.plane for mark in found.values()] == ["sagittal_fluid", "coronal_fluid"]
    for column in columns:
        assert found[column].value == table[column].item()
    with pytest.raises(ValueError, match="only the planes axial and sagittal, and series"):
        find_marks(stacks, columns[0].replace("fluid", "structural", 1))
