"""Column names are built from five parts and parsed back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrnet_features.names import Name, format_name, group_names, parse_name

parts = st.from_regex(r"[A-Za-z0-9]+(_[A-Za-z0-9]+)*", fullmatch=True)


@given(st.tuples(parts, parts, parts, parts, parts))
def test_parsing_inverts_formatting(name):
    assert parse_name(format_name(Name(*name))) == name


@pytest.mark.parametrize("part", ["", "_a", "a_", "a__b", "a b", "a,b", "[x]", "é", "a\n"])
def test_parts_that_could_not_be_parsed_are_refused(part):
    with pytest.raises(ValueError, match="The region of a column name must be letters"):
        format_name(Name("axial", part, "glcm", "energy", "mean"))


@pytest.mark.parametrize("column", ["", "age", "a__b__c__d", "a__b__c__d__e__f", "a____b__c__d"])
def test_other_columns_are_refused(column):
    with pytest.raises(ValueError, match="plane__region__family__statistic__pool"):
        parse_name(column)


def test_every_column_is_in_one_group():
    columns = [f"{p}__knee__{f}__mean__max" for p in ("axial", "coronal") for f in ("b", "a")]
    groups = group_names(columns, "family")
    assert list(groups) == ["b", "a"]
    assert sorted(c for group in groups.values() for c in group) == sorted(columns)
    with pytest.raises(ValueError, match="`by` must be one of plane, region"):
        group_names(columns, "tissue")
