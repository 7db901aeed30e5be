"""Words of a family: patterns, nouns and arithmetic on names."""

import re

import numpy as np
import pytest

from mrnet_features.families.documentation import (
    Star,
    Words,
    fill_nouns,
    match_pattern,
    read_statistics,
    word_emphases,
)
from mrnet_features.families.glrlm import NAMES
from mrnet_features.families.presets import discover_families
from mrnet_features.stacks.example_stack import make_stack, stack_of


def test_the_name_itself_comes_before_a_pattern_and_a_long_pattern_before_a_short_one():
    patterns = ["*", "core_*", "core_0p*", "core_1"]
    assert match_pattern(patterns, "core_1") == ("core_1", ())
    assert match_pattern(patterns, "core_0p25") == ("core_0p*", ("25",))
    assert match_pattern(patterns, "core_192") == ("core_*", ("192",))
    assert match_pattern(patterns, "other") == ("*", ("other",))
    assert match_pattern(patterns[1:], "other") is None


def test_a_pattern_is_no_regular_expression():
    assert match_pattern(["a.c"], "abc") is None


@pytest.mark.parametrize(
    ("text", "spec", "said"),
    [
        ("1p25", "", "1.25"),
        ("top3", "", "top3"),
        ("p90", "", "p90"),
        ("0", "+1", "1"),
        ("3", "*180/8", "67.5"),
        ("2", "*20", "40"),
    ],
)
def test_a_star_is_said_in_words(text, spec, said):
    assert format(Star(text), spec) == said


def test_nouns_are_filled_in_everywhere():
    words = {"core_@": Words("thick @", "more @", "share of @", "of @")}
    assert fill_nouns(words, {"192": ("fluid", "bright fluid")}) == {
        "core_192": Words("thick fluid", "more fluid", "share of bright fluid", "of bright fluid")
    }


def test_emphases_are_in_the_order_of_the_statistics():
    words = word_emphases(NAMES, "short {}runs", "long {}runs", "{}runs", "runs", "length", "GLRLM")
    assert {
        name: words[name].phrase for name in ("sre", "lgre", "srhge", "lrlge", "rlnu_norm")
    } == {
        "sre": "short runs",
        "lgre": "dark runs",
        "srhge": "short bright runs",
        "lrlge": "long dark runs",
        "rlnu_norm": "length non-uniformity of runs",
    }
    assert words["r_perc"].phrase == "number of runs per pixel"
    assert words["rl_entr"].phrase == "entropy of runs"


@pytest.mark.parametrize("name", discover_families())
def test_every_statistic_that_a_family_returns_has_words(name):
    family = discover_families()[name]()
    stack = make_stack()
    counts = family.count(stack)
    returned = [*family.describe(counts), *family.describe_stack(counts, stack.exam_starts)]
    assert all(match_pattern(family.words, statistic) for statistic in returned)


NUMBER = r"-?[\d.]*\d"


@pytest.mark.parametrize("cls", discover_families().values(), ids=discover_families())
def test_values_of_noise_lie_in_the_range_of_the_table(cls):
    rng = np.random.default_rng(0)
    regions = np.repeat([1, 2], [40, 56]).astype(np.uint8)[:, None].repeat(100, axis=1)
    stack = stack_of(rng.choice(np.uint8([0, 255]), (2, 96, 100)), np.stack([regions] * 2))
    family = cls()
    rows = {row["statistic"]: row["range"] for row in read_statistics(cls)}
    counts = family.count(stack)
    for found in (family.describe(counts), family.describe_stack(counts, stack.exam_starts)):
        for name, values in found.items():
            pattern, _ = match_pattern(rows, name)
            limits = re.fullmatch(f"({NUMBER})?\\.\\.({NUMBER})?", rows[pattern])
            low, high = limits.groups() if limits else (None, None)
            known = values[~np.isnan(values)]
            assert np.all(known >= float(low or "-inf")), name
            assert np.all(known <= float(high or "inf")), name
