"""The catalogue lists every family with the statistics of its docstring."""

import pytest

from mrnet_features.diagnostics.family_catalogue import list_families, list_statistics
from mrnet_features.families.base import Family
from mrnet_features.families.documentation import read_statistics
from mrnet_features.families.presets import discover_families


def test_every_family_is_in_the_catalogue():
    table = list_families()
    assert list(table.index) == list(discover_families())
    assert table.loc["glcm", "n_statistics"] == 25
    assert table.loc["intensity", "presets"] == "minimal, baseline, texture, full"
    assert table.loc["acquisition", "presets"] == ""
    assert table["description"].str.len().min() > 10


@pytest.mark.parametrize("name", discover_families())
def test_every_statistic_has_a_formula_a_unit_and_a_range(name):
    table = list_statistics(name)
    assert {"formula", "unit", "range"} <= set(table.columns)
    assert (table[["formula", "unit"]].map(len) > 0).all(axis=None)


def test_every_family_takes_time():
    assert (list_families(cost=True)["ms_per_slice"] > 0).all()


def test_a_row_may_have_two_lines():
    class Lines(Family):
        """Rows of two lines.

        ========= ===========
        statistic formula
        ========= ===========
        one       the first
                  of two
        two       alone
        ========= ===========
        """

        name = "lines"

        def count(self, stack):
            return stack.grey

        def describe(self, counts):
            return {}

    assert read_statistics(Lines) == [
        {"statistic": "one", "formula": "the first of two"},
        {"statistic": "two", "formula": "alone"},
    ]


def test_an_unknown_family_and_a_missing_table_are_named():
    with pytest.raises(ValueError, match="There is no family 'texture'. Families: acquisition"):
        list_statistics("texture")
    with pytest.raises(ValueError, match="must hold a table whose first column is 'statistic'"):
        read_statistics(Family)
