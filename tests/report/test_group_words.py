"""Feature groups in words."""

import pytest

from mrnet_features.families.presets import discover_families
from mrnet_features.report.group_words import FAMILIES, describe_group


def test_every_family_of_the_library_has_words_of_its_own():
    assert set(FAMILIES) == set(discover_families())
    assert len(set(FAMILIES.values())) == len(FAMILIES)
    assert max(map(len, FAMILIES.values())) <= 32


@pytest.mark.parametrize(
    ("by", "group", "words"),
    [
        ("family", "clinic", "clinic"),
        ("family", "my_family", "my family"),
        ("family, plane", "fluid, axial", "bright free fluid, axial"),
        ("structure", "knee", "whole knee"),
        ("structure", "suprapatellar", "above the kneecap"),
        ("structure", "cell", "cells of the grid on the joint"),
        ("region", "femur_low", "femur, min side"),
        ("pool", "top3", "top3"),
        ("cluster", "axial__knee__intensity__mean__mean", "mean grey level, mean of slices, axial"),
        ("column", "age", "age"),
        ("mapping", "fluid", "fluid"),
    ],
)
def test_groups_in_words(by, group, words):
    assert describe_group(by, group).startswith(words)
