"""The IBSI digital phantom: every statistic has a reference, every reference a statistic."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mrnet_features.counts.pairs import pairs
from mrnet_features.extraction.pooling import pool_slices
from mrnet_features.families.glcm import Glcm
from mrnet_features.families.intensity import Intensity, IntensityHistogram
from mrnet_features.stacks.prepare import Stack

IBSI = Path(__file__).parents[1] / "ibsi"
AGGREGATIONS = {
    "_2D_avg": (Glcm(directions="averaged"), "slices"),
    "_2D_comb": (Glcm(directions="merged"), "slices"),
    "_2_5D_avg": (Glcm(directions="averaged"), "stack"),
    "_2_5D_comb": (Glcm(directions="merged"), "stack"),
}


def read_phantom() -> Stack:
    table = pd.read_csv(IBSI / "phantom_zyx.csv")
    grey = table.pivot(index=["z", "y"], columns="x", values="value").to_numpy(np.uint8)
    mask = table.pivot(index=["z", "y"], columns="x", values="mask").to_numpy(np.uint8)
    shape = (table["z"].max() + 1, table["y"].max() + 1, table["x"].max() + 1)
    grey, mask = grey.reshape(shape), mask.reshape(shape)
    return Stack(grey, np.where(mask == 1, grey, 1).astype(np.uint8), mask, n_levels=6)


def read_references() -> dict[str, tuple[float, float]]:
    """Tag -> value and absolute tolerance: 1e-6 of full precision, else the consensus' own."""
    full = pd.read_csv(IBSI / "phantom_checked_full_precision.csv", index_col="tag")["recomputed"]
    table = pd.read_csv(IBSI / "consensus_digital_phantom.csv", encoding="utf-8-sig")
    references = {}
    for row in table.itertuples():
        if row.tag in full.index:
            references[row.tag] = (full[row.tag], 1e-6 * max(1.0, abs(full[row.tag])))
        else:
            # a three-figure consensus is right to half a unit of its last figure
            value = float(row._5)
            digits = 0.5 * 10 ** (np.floor(np.log10(abs(value))) - 2) if value else 0.0
            references[row.tag] = (value, max(float(row.tolerance), digits, 1e-9))
    return references


PHANTOM = read_phantom()
REFERENCES = read_references()


def describe_phantom() -> dict[str, float]:
    values = {}
    for prefix, family in (("stat", Intensity()), ("ih", IntensityHistogram())):
        statistics = family.describe_stack(family.count(PHANTOM))
        values |= {f"{prefix}_{name}": float(v[0]) for name, v in statistics.items()}
    for suffix, (family, scope) in AGGREGATIONS.items():
        counts = family.count(PHANTOM)
        if scope == "stack":
            pooled = {n: v[0] for n, v in family.describe_stack(counts).items()}
        else:
            pooled = {n: v.mean() for n, v in family.describe(counts).items()}
        values |= {f"cm_{name}{suffix}": float(v) for name, v in pooled.items()}
    return values


OURS = describe_phantom()


def test_every_statistic_has_a_reference():
    assert not set(OURS) - set(REFERENCES)


def test_every_reference_has_a_statistic():
    asked = {
        tag
        for tag in REFERENCES
        if tag.startswith(("stat_", "ih_")) or (tag.startswith("cm_") and "_3D" not in tag)
    }
    assert not asked - set(OURS)


@pytest.mark.parametrize("tag", sorted(OURS))
def test_phantom_value(tag):
    value, tolerance = REFERENCES[tag]
    assert OURS[tag] == pytest.approx(value, rel=0, abs=tolerance)


def test_the_mean_pool_is_the_2d_average():
    family = Glcm()
    statistics = family.describe(family.count(PHANTOM))
    pooled = pool_slices({"contrast": statistics["contrast"]}, ["mean"])
    assert float(pooled[0, 0, 0]) == pytest.approx(OURS["cm_contrast_2D_avg"])


def test_co_occurrence_matrices_of_the_phantom():
    table = pd.read_csv(IBSI / "phantom_matrices.csv")
    table = table[(table["family"] == "glcm") & (table["dims"] == "2D")]
    expected = np.zeros((PHANTOM.n_slices, 1, 4, 6, 6), int)
    directions = {(0, 1): 0, (1, -1): 1, (1, 0): 2, (1, 1): 3}
    for row in table.itertuples():
        place = directions[int(row.dy), int(row.dx)]
        expected[int(row.slice), 0, place, int(row.i) - 1, int(row.j) - 1] = row.n
    ours = pairs(PHANTOM.levels, PHANTOM.regions, n_levels=6, n_regions=1, distance=1)
    assert np.array_equal(ours, expected)
