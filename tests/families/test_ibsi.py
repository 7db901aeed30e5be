"""Statistics equal the reference values of the IBSI digital phantom."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mrnet_features.counts.cooccurrence import cooccurrence
from mrnet_features.counts.distance_zone import distance_zones
from mrnet_features.counts.neighbourhood import neighbourhoods
from mrnet_features.counts.run_length import run_lengths
from mrnet_features.counts.size_zone import size_zones
from mrnet_features.extraction.pooling import pool_slices
from mrnet_features.families.base import Family
from mrnet_features.families.glcm import Glcm
from mrnet_features.families.gldzm import Gldzm
from mrnet_features.families.glrlm import Glrlm
from mrnet_features.families.glszm import Glszm
from mrnet_features.families.intensity import Intensity
from mrnet_features.families.intensity_histogram import IntensityHistogram
from mrnet_features.families.intensity_volume import IntensityVolume
from mrnet_features.families.ngldm import Ngldm
from mrnet_features.families.ngtdm import Ngtdm
from mrnet_features.stacks.stack import Stack

PREFIXES = ("stat_", "ih_", "ivh_", "cm_", "rlm_", "szm_", "dzm_", "ngt_", "ngl_")
IBSI = Path(__file__).parents[1] / "ibsi"


def read_phantom() -> Stack:
    table = pd.read_csv(IBSI / "phantom_zyx.csv")
    grey = table.pivot(index=["z", "y"], columns="x", values="value").to_numpy(np.uint8)
    mask = table.pivot(index=["z", "y"], columns="x", values="mask").to_numpy(np.uint8)
    shape = (table["z"].max() + 1, table["y"].max() + 1, table["x"].max() + 1)
    grey, mask = grey.reshape(shape), mask.reshape(shape)
    return Stack(grey, np.where(mask == 1, grey, 1).astype(np.uint8), mask, n_levels=6)


def read_references() -> dict[str, tuple[float, float]]:
    """Value and absolute tolerance by tag: 1e-6 for full precision, else that of the consensus."""
    full = pd.read_csv(IBSI / "phantom_checked_full_precision.csv", index_col="tag")["recomputed"]
    table = pd.read_csv(IBSI / "consensus_digital_phantom.csv", encoding="utf-8-sig")
    references = {}
    for row in table.itertuples():
        if row.tag in full.index:
            references[row.tag] = (full[row.tag], 1e-6 * max(1.0, abs(full[row.tag])))
        else:
            # consensus values are rounded to three figures: half a unit of the last one
            value = float(row._5)
            digits = 0.5 * 10 ** (np.floor(np.log10(abs(value))) - 2) if value else 0.0
            references[row.tag] = (value, max(float(row.tolerance), digits, 1e-9))
    return references


PHANTOM = read_phantom()
REFERENCES = read_references()


def families_by_tag() -> list[tuple[str, Family, str]]:
    """Prefix of the tag, family, and tag suffixes of its slice and stack statistics."""
    whole = [("stat", Intensity()), ("ih", IntensityHistogram()), ("ivh", IntensityVolume())]
    zonal = [("szm", Glszm()), ("dzm", Gldzm()), ("ngt", Ngtdm()), ("ngl", Ngldm())]
    return [
        *((prefix, family, (None, "")) for prefix, family in whole),
        *((prefix, family, ("_2D", "_2_5D")) for prefix, family in zonal),
        *(
            (prefix, cls(directions=directions), (f"_2D_{ending}", f"_2_5D_{ending}"))
            for prefix, cls in (("cm", Glcm), ("rlm", Glrlm))
            for directions, ending in (("averaged", "avg"), ("merged", "comb"))
        ),
    ]


def describe_phantom() -> dict[str, float]:
    values = {}
    for prefix, family, (of_slices, of_stack) in families_by_tag():
        counts = family.count(PHANTOM)
        for name, value in family.describe_stack(counts, (0,)).items():
            values[f"{prefix}_{name}{of_stack}"] = float(value[0, 0])
        if of_slices is not None:
            for name, value in family.describe(counts).items():
                values[f"{prefix}_{name}{of_slices}"] = float(value.mean())
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
    assert float(pooled[0, 0, 0, 0]) == pytest.approx(OURS["cm_contrast_2D_avg"])


DIRECTIONS = {(0, 1): 0, (1, -1): 1, (1, 0): 2, (1, 1): 3}


def read_matrix(family: str, n_columns: int) -> np.ndarray:
    """Matrix of shape (n_slices, 1, 4, 6, n_columns); matrices without direction use the first."""
    table = pd.read_csv(IBSI / "phantom_matrices.csv")
    table = table[(table["family"] == family) & (table["dims"] == "2D")]
    counts = np.zeros((PHANTOM.n_slices, 1, 4, 6, n_columns), int)
    for row in table.itertuples():
        direction = 0 if np.isnan(row.dx) else DIRECTIONS[int(row.dy), int(row.dx)]
        counts[int(row.slice), 0, direction, int(row.i) - 1, int(row.j) - 1] = row.n
    return counts


def test_co_occurrence_matrices_of_the_phantom():
    ours = cooccurrence(PHANTOM)
    assert np.array_equal(ours, read_matrix("glcm", 6))


def test_run_length_matrices_of_the_phantom():
    ours = run_lengths(PHANTOM)
    assert np.array_equal(ours, read_matrix("glrlm", ours.shape[-1]))


def test_zone_matrices_of_the_phantom():
    found = size_zones(PHANTOM)
    sizes = np.zeros((PHANTOM.n_slices, 1, 6, 20), int)
    for s in range(PHANTOM.n_slices):
        for level, size, number in zip(*(part[s, 0] for part in found[:3]), strict=True):
            if number:
                sizes[s, 0, level - 1, size - 1] = number
    assert np.array_equal(sizes, read_matrix("glszm", 20)[:, :, 0])


def test_distance_matrices_of_the_phantom():
    found = distance_zones(PHANTOM).distances
    assert np.array_equal(found, read_matrix("gldzm", found.shape[-1])[:, :, 0])


def test_dependence_matrices_of_the_phantom():
    found = neighbourhoods(PHANTOM)
    assert np.array_equal(found.dependence, read_matrix("ngldm", 9)[:, :, 0])


def test_tone_differences_of_the_phantom():
    table = pd.read_csv(IBSI / "phantom_ngtdm.csv")
    table = table[table["dims"] == "2D"].sort_values(["slice", "i"])
    found = neighbourhoods(PHANTOM)
    assert np.array_equal(found.number.ravel(), table["n_i"])
    s = (found.difference / np.arange(1, 9)).sum(axis=-1).ravel()
    np.testing.assert_allclose(s, table["s_i"], atol=1e-12)
