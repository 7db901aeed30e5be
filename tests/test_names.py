"""Column names are built from five parts and parsed back; series names say plane and weighting."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrnet_features.names import (
    PLANES,
    Name,
    check_series,
    format_name,
    group_names,
    parse_name,
    parse_series,
    sort_series,
)

words = st.from_regex(r"[A-Za-z0-9]+", fullmatch=True)
parts = st.from_regex(r"[A-Za-z0-9]+(_[A-Za-z0-9]+)*", fullmatch=True)
series = st.builds(
    lambda plane, rest: "_".join([plane, *rest]), st.sampled_from(PLANES), st.lists(words)
)


@given(st.tuples(parts, parts, parts, parts, parts))
def test_parsing_inverts_formatting(name):
    assert parse_name(format_name(Name(*name))) == name


@given(series, st.tuples(parts, parts, parts, parts))
def test_the_series_of_a_column_is_read_back_with_its_plane(name, rest):
    found = parse_name(format_name(Name(name, *rest)))
    assert (found.series, found.plane) == (name, name.split("_")[0])


@given(series)
def test_the_words_of_a_series_make_its_name(name):
    assert "_".join(filter(None, parse_series(name))) == name
    assert parse_series(name).plane in PLANES


@given(st.text())
def test_other_texts_are_no_series(name):
    plane, *rest = name.split("_")
    if plane in PLANES and all(word.isascii() and word.isalnum() for word in rest):
        return
    with pytest.raises(ValueError, match="A series must be named by its plane"):
        parse_series(name)


@pytest.mark.parametrize("part", ["", "_a", "a_", "a__b", "a b", "a,b", "[x]", "é", "a\n"])
def test_parts_that_could_not_be_parsed_are_refused(part):
    with pytest.raises(ValueError, match="The region of a column name must be letters"):
        format_name(Name("axial", part, "glcm", "energy", "mean"))


@pytest.mark.parametrize("column", ["", "age", "a__b__c__d", "a__b__c__d__e__f", "a____b__c__d"])
def test_other_columns_are_refused(column):
    with pytest.raises(ValueError, match="series__region__family__statistic__pool"):
        parse_name(column)


def test_every_column_is_in_one_group():
    columns = [f"{p}__knee__{f}__mean__max" for p in ("axial", "coronal") for f in ("b", "a")]
    groups = group_names(columns, "family")
    assert list(groups) == ["b", "a"]
    assert sorted(c for group in groups.values() for c in group) == sorted(columns)
    with pytest.raises(ValueError, match="`by` must be one of series, plane, region"):
        group_names(columns, "tissue")


def test_a_plane_joins_its_series():
    names = ("sagittal_fluid", "coronal", "sagittal_structural")
    columns = [f"{name}__knee__intensity__mean__max" for name in names]
    assert group_names(columns, "series") == {
        name: [column] for name, column in zip(names, columns, strict=True)
    }
    assert group_names(columns, "plane") == {
        "sagittal": [columns[0], columns[2]],
        "coronal": [columns[1]],
    }


@pytest.mark.parametrize(
    ("name", "weighting"),
    [
        ("axial", "fluid"),
        ("coronal", "structural"),
        ("sagittal", "fluid"),
        ("coronal_fluid", "fluid"),
        ("axial_structural_thin", "structural"),
        ("sagittal_dess", ""),
    ],
)
def test_a_plane_alone_has_the_weighting_of_mrnet(name, weighting):
    assert parse_series(name).known_weighting == weighting


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("sagittal_fluids", "sagittal_fluid"),
        ("axial_Fluid", "axial_fluid"),
        ("coronal_fluid2", "coronal_fluid"),
        ("coronal_structual", "coronal_structural"),
        ("coronal_struct_thin", "coronal_structural"),
    ],
)
def test_a_weighting_that_is_almost_known_is_refused(name, meant):
    with pytest.raises(ValueError, match=f"Name the series '{meant}', or '{meant}_' with a word"):
        check_series([name])


@pytest.mark.parametrize(
    "names", [[], ["axial", "axial"], ["fluid"], ["axial__fluid"], [3], [["axial"]]]
)
def test_lists_without_a_series_are_refused(names):
    with pytest.raises(ValueError, match="must be some of axial, coronal, sagittal, or series"):
        check_series(names)


def test_a_number_is_no_list_of_series():
    with pytest.raises(TypeError, match="`slots` must be the name of a series or several of them"):
        check_series(3, "slots")


def test_series_are_sorted_by_plane_and_other_names_are_left_out():
    names = ["sagittal_fluid", "report", "sagittal", "axial_structural", 7, "coronal"]
    assert sort_series(names) == ["axial_structural", "coronal", "sagittal", "sagittal_fluid"]
