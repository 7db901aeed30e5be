"""Pools equal NumPy's, whatever the direction of the slices; folding ignores the side."""

import array_api_strict
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mrnet_features.extraction.pooling import (
    POOLS,
    fold_pairs,
    list_folded,
    pool_slices,
    rank_slices,
)

slices = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=20),
    elements=st.floats(-1e6, 1e6) | st.just(np.nan),
)


def pool(values, name):
    return pool_slices({"x": values}, [name])[0, :, 0, 0]


def reference(values, name):
    """Each pool for one region, in NumPy."""
    third = len(values) // 3
    outer = max(third, 1)
    known = values[~np.isnan(values)]
    parts = {
        "middle": values[third : len(values) - third],
        "outer": np.concatenate([values[:outer], values[-outer:]]),
    }
    part = parts.get(name, values)
    if np.isnan(part).all():
        return np.nan
    return {
        "mean": lambda: known.mean(),
        "std": lambda: known.std(),
        "max": lambda: known.max(),
        "p90": lambda: np.quantile(known, 0.9),
        "top3": lambda: np.sort(known)[-3:].mean(),
        "middle": lambda: np.nanmean(part),
        "outer": lambda: np.nanmean(part),
    }[name]()


@given(values=slices, name=st.sampled_from(sorted(POOLS)))
def test_pools_equal_numpy(values, name):
    expected = [reference(values[:, r], name) for r in range(values.shape[1])]
    assert np.allclose(pool(values, name), expected, rtol=1e-9, atol=1e-6, equal_nan=True)


@given(values=slices, name=st.sampled_from(sorted(POOLS)))
def test_reversing_the_slices_changes_nothing(values, name):
    assert np.allclose(
        pool(values, name), pool(values[::-1], name), rtol=1e-9, atol=1e-6, equal_nan=True
    )


@given(values=slices, name=st.sampled_from(sorted(POOLS)))
def test_pools_work_with_any_array_library(values, name):
    strict = array_api_strict.asarray(values)
    pooled = pool_slices({"x": strict}, [name])
    assert np.allclose(np.asarray(pooled)[0, :, 0, 0], pool(values, name), equal_nan=True)


@given(
    exams=st.lists(
        st.integers(1, 20).flatmap(
            lambda n: hnp.arrays(
                np.float64, (n, 2), elements=st.floats(-1e6, 1e6) | st.just(np.nan)
            )
        ),
        min_size=1,
        max_size=4,
    )
)
def test_pools_of_an_exam_do_not_depend_on_the_batch(exams):
    starts = np.cumsum([0, *map(len, exams[:-1])]).tolist()
    pooled = pool_slices({"x": np.concatenate(exams)}, list(POOLS), starts)
    alone = [pool_slices({"x": values}, list(POOLS))[0] for values in exams]
    np.testing.assert_array_equal(pooled, alone)  # to the last bit


def test_the_axes_are_exams_regions_statistics_pools():
    statistics = {"a": np.zeros((4, 2)), "b": np.ones((4, 2)), "c": np.full((4, 2), 2.0)}
    pooled = pool_slices(statistics, ["mean", "max"])
    assert pooled.shape == (1, 2, 3, 2)
    assert pooled[0, 1, :, 0].tolist() == [0, 1, 2]


@pytest.mark.parametrize("pools", [[], ["median"], ["mean", "first"]])
def test_unknown_pools_are_refused(pools):
    with pytest.raises(ValueError, match="`pools` must be some of mean, std"):
        pool_slices({"x": np.zeros((1, 1))}, pools)


def test_swapping_the_regions_of_a_pair_changes_nothing():
    rng = np.random.default_rng(0)
    table = rng.normal(size=(4, 5))
    names = ["notch", "horn_one", "horn_other", "elsewhere"]
    one, other = fold_pairs(names, table), fold_pairs(names, table[[0, 2, 1, 3]])
    assert list(one) == ["notch", "horn_low", "horn_high", "horn_difference", "elsewhere"]
    for name, row in one.items():
        assert np.array_equal(row, other[name])


def test_only_the_chosen_values_of_a_pair_are_kept():
    folded = fold_pairs(["horn_one", "horn_other"], np.array([[1.0], [3.0]]), ["high"])
    assert {name: row.tolist() for name, row in folded.items()} == {"horn_high": [3.0]}


def test_nan_on_one_side_gives_nan():
    folded = fold_pairs(["horn_one", "horn_other"], np.array([[np.nan], [3.0]]))
    assert all(np.isnan(row).all() for row in folded.values())


def test_each_exam_is_folded_by_itself():
    tables = np.random.default_rng(1).normal(size=(3, 3, 4))
    names = ["horn_one", "horn_other", "elsewhere"]
    for name, rows in fold_pairs(names, tables).items():
        for exam, row in zip(tables, rows, strict=True):
            assert np.array_equal(fold_pairs(names, exam)[name], row)


def test_an_incomplete_pair_is_refused():
    with pytest.raises(ValueError, match="'horn_one' must be followed by 'horn_other'"):
        fold_pairs(["horn_one", "notch"], np.zeros((2, 1)))


@given(values=slices, name=st.sampled_from(sorted(POOLS)))
def test_pooling_the_ranked_slices_gives_the_pooled_value(values, name):
    for r, pooled in enumerate(pool(values, name)):
        used = rank_slices(values[:, r], name)
        assert len(set(used)) == len(used)
        if not used:
            assert np.isnan(pooled)
            continue
        of_slices = values[used, r]
        if name == "std":
            assert np.isclose(of_slices.std(), pooled, atol=1e-6)
            distance = np.abs(of_slices - of_slices.mean())
            assert np.isclose(distance[0], distance.max(), atol=1e-6)
        elif name == "p90":
            assert of_slices.min() - 1e-6 <= pooled <= of_slices.max() + 1e-6
        else:
            assert np.isclose(of_slices.mean(), pooled, rtol=1e-9, atol=1e-6)
            assert (np.diff(of_slices) <= 0).all()


@given(values=slices, name=st.sampled_from(sorted(POOLS)))
def test_the_first_slice_of_a_reversed_exam_is_the_same(values, name):
    for column in values.T:
        one, other = rank_slices(column, name), rank_slices(column[::-1], name)
        assert len(one) == len(other)
        if one and name != "std":  # its mean is rounded
            assert column[one[0]] == column[::-1][other[0]]


def test_folded_names_come_from_one_region_or_two():
    names = ["notch", "horn_one", "horn_other", "elsewhere"]
    found = list_folded(names, ("low", "difference"))
    assert found == {
        "notch": (0,),
        "horn_low": (1, 2),
        "horn_difference": (1, 2),
        "elsewhere": (3,),
    }
    assert list(found) == list(fold_pairs(names, np.zeros((4, 1)), ("low", "difference")))
