"""Recipes: equal ones have equal digests and columns; blocks hold every column once."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from mrnet_features import FeatureExtractor
from mrnet_features.extraction.table_files.keys import hash_texts
from mrnet_features.families.base import Family
from mrnet_features.names import PLANES, parse_name
from mrnet_features.stacks.discretisation import Discretisation
from tests.support.zoo import make_stack


def test_parameters_that_change_rows_change_the_digest():
    digests = {
        FeatureExtractor(**parameters).recipe().digest
        for parameters in (
            {},
            {"families": "minimal"},
            {"planes": ("axial",)},
            {"pools": ("mean",)},
            {"discretisation": Discretisation(16)},
            {"extensive": True},
        )
    }
    assert len(digests) == 6
    assert FeatureExtractor(n_jobs=2).recipe().digest == FeatureExtractor().recipe().digest


@pytest.mark.parametrize(
    ("families", "n_columns", "digest", "columns"),
    [
        ("minimal", 255, "8733a2d5520e2db0", "0b8da13427fed7413ef69f71f4ef5187"),
        ("baseline", 1730, "7f5c3bd4cad3e619", "c22f46c0632b263a21e93e428b5d9997"),
        ("texture", 1920, "c0e8e59a0b92c1be", "6330be0f51d7723299444a43bdfcb0a5"),
        ("full", 6935, "685c7f2ec527fc40", "d09297ecdd85581573a3a88b55fc6f06"),
        (["acquisition", "profiles"], 102, "f85ff792e4da1300", "5dbd862c0f9665367447526f120beeb8"),
    ],
)
def test_the_tables_of_mrnet_keep_their_recipe_and_columns(families, n_columns, digest, columns):
    """Hashes of the version before series had names; a new preset or statistic changes them."""
    recipe = FeatureExtractor(families).recipe()
    assert len(recipe.columns()) == n_columns
    assert recipe.digest == digest
    assert hash_texts(recipe.columns()) == columns


RECORDED = {
    "intensity": 273.38995, "histogram": 12.71025, "volume": 62.83647, "glcm": 2365.8567,
    "glcm_distance2": 2361.9609, "glrlm": 69.007368, "glszm": 75.095117, "gldzm": 4265.2443,
    "ngtdm": 1309.0704, "ngldm": 75.335834, "lbp": 0.28388104, "lbp_radius2": 0.14176801,
    "lbp_radius3": 0.087676897, "hog": 8.1280054, "laplacian": 59.02813, "haar": 323.57967,
    "gabor": 9.0863012, "shape": 0.87278193, "fluid": 10.86475, "marrow": 0.16261568,
    "dark_fluid": 0.1365647, "meniscus": 20.689818, "cells": 1.5305812, "ligament": 26.852289,
}  # fmt: skip


def test_folded_tables_keep_their_values():
    """Mean size of each family's values, recorded before sides could be known."""
    rng = np.random.default_rng(18)
    stacks = {plane: rng.integers(30, 256, (7, 72, 65), np.uint8) for plane in PLANES}
    row = FeatureExtractor("full").fit_transform([stacks]).iloc[0].astype(float).abs()
    found = row.groupby([parse_name(column).family for column in row.index]).mean()
    assert found.to_dict() == pytest.approx(RECORDED, rel=1e-6)


def test_a_series_has_the_columns_of_its_plane_and_weighting():
    named = {"axial": "axial_fluid", "coronal": "coronal_structural", "sagittal": "sagittal_fluid"}
    columns = FeatureExtractor("full").recipe().columns()
    parts = [column.split("__", 1) for column in columns]
    found = FeatureExtractor("full", planes=tuple(named.values())).recipe().columns()
    assert found == [f"{named[plane]}__{rest}" for plane, rest in parts]


def test_what_to_do_about_a_missing_series_is_no_part_of_the_recipe():
    one, other = (FeatureExtractor(missing=missing).recipe() for missing in ("error", "nan"))
    assert (one.digest, one.as_dict()) == (other.digest, other.as_dict())


def test_blocks_hold_every_column_once():
    recipe = FeatureExtractor("full", pools=("mean",)).recipe()
    blocks = [block for plane in PLANES for block in recipe.column_blocks(plane)]
    indices = np.concatenate([block.columns for block in blocks])
    assert sorted(indices) == list(range(len(recipe.columns())))


def test_columns_of_a_block_end_in_its_suffixes():
    recipe = FeatureExtractor(["fluid", "glcm"], planes=("sagittal",)).recipe()
    columns = recipe.columns()
    for block in recipe.column_blocks("sagittal"):
        assert block.columns.size % len(block.suffixes) == 0
        for k, column in enumerate(block.columns):
            name = parse_name(columns[column])
            assert name.plane == block.plane
            assert name[2:] == block.suffixes[k % len(block.suffixes)]


def test_columns_are_ordered_by_plane_then_family():
    names = [parse_name(column) for column in FeatureExtractor(["lbp", "glcm"]).recipe().columns()]
    order = list(dict.fromkeys((name.plane, name.family) for name in names))
    assert order == [(plane, family) for plane in PLANES for family in ("lbp", "glcm")]


@dataclass(frozen=True)
class Area(Family):
    """Pixels of each region; `total` grows with the number of slices."""

    name: ClassVar[str] = "area"
    extensive: ClassVar[frozenset[str]] = frozenset({"total"})

    fails: bool = False

    def count(self, stack):
        if self.fails:
            raise RuntimeError("count failed")
        return (stack.regions == 1).sum((1, 2))[:, None]

    def describe(self, counts):
        return {"area": counts * 1.0}

    def describe_stack(self, counts, starts):
        return {"total": np.add.reduceat(counts * 1.0, list(starts)), "widest": counts[:1] * 1.0}


@pytest.mark.parametrize("extensive", [False, True])
def test_suffixes_are_pooled_statistics_then_those_of_the_stack(extensive):
    recipe = FeatureExtractor([Area()], pools=("mean", "max"), extensive=extensive).recipe()
    stack = make_stack(np.ones((2, 4, 4), np.uint8), np.ones((2, 4, 4), np.uint8))
    statistics = recipe.compute_statistics(stack, "axial", "knee")
    whole = [
        ("area", name, "stack") for name in ("total", "widest") if extensive or name != "total"
    ]
    pooled = [("area", "area", "mean"), ("area", "area", "max")]
    assert statistics.suffixes(recipe.pools) == (*pooled, *whole)
    assert statistics.per_slice["area", "area"].tolist() == [[16.0], [16.0]]


def test_an_error_in_a_family_names_it():
    recipe = FeatureExtractor([Area(fails=True)]).recipe()
    with pytest.raises(RuntimeError, match="count failed") as caught:
        recipe.columns()
    assert caught.value.__notes__ == ["while computing family Area(fails=True)"]
