"""The items are those of the published editions, and every fact they name exists."""

import re

import pytest

from mrnet_features.evaluation.checklists.fill import FACTS
from mrnet_features.evaluation.checklists.items import CHECKLISTS, find_item, read_checklist

ITEMS = [item for name in CHECKLISTS for item in read_checklist(name)[1]]


def test_numbers_are_those_of_the_publications():
    numbers = {name: [item.number for item in read_checklist(name)[1]] for name in CHECKLISTS}
    assert numbers["CLEAR"] == [str(k) for k in range(1, 59)]
    assert numbers["CLAIM"] == [str(k) for k in range(1, 45)]
    parts = {3: "abc", 5: "ab", 6: "abc", 8: "abc", 9: "abc", 12: "abcdefg", 18: "abcdef"}
    parts |= {20: "abc", 23: "ab", 27: "abc"}
    wanted = [f"{k}{letter}" for k in range(1, 28) for letter in parts.get(k, [""])]
    assert numbers["TRIPOD+AI"] == wanted
    assert len(wanted) == 52


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("CLEAR 8", "Ethics"),
        ("CLEAR 15", "Split"),
        ("CLEAR 30", "balance"),
        ("CLEAR 41", "comparison"),
        ("CLEAR 57", "model"),
        ("TRIPOD+AI 10", "size"),
        ("TRIPOD+AI 12e", "Measures"),
        ("TRIPOD+AI 18d", "Registration"),
        ("TRIPOD+AI 21", "events"),
        ("CLAIM 11", "De-identification"),
        ("CLAIM 20", "disjoint"),
        ("CLAIM 33", "external"),
        ("CLAIM 44", "Funding"),
    ],
)
def test_item_means_what_the_publication_says(name, word):
    assert word in find_item(name, CHECKLISTS).text


def test_editions_name_year_and_doi():
    for name in CHECKLISTS:
        edition = read_checklist(name)[0]
        assert name in edition
        assert re.search(r"20(23|24)\b.*doi:10\.\d{4}/", edition), edition


def test_every_fact_is_used_and_exists():
    named = {item.fact for item in ITEMS if item.fact}
    assert named == set(FACTS)


def test_texts_are_short_and_only_facts_need_additions():
    for item in ITEMS:
        assert 5 < len(item.text) < 100, item
        assert item.fact or not item.add, item


@pytest.mark.parametrize("name", ["CLEAR 15", "clear 15", " CLEAR  #15 "])
def test_names_are_read_with_any_case_and_spaces(name):
    assert find_item(name, CHECKLISTS).name == "CLEAR 15"


@pytest.mark.parametrize("name", ["15", 15])
def test_a_number_suffices_for_one_checklist(name):
    assert find_item(name, ["CLAIM"]).name == "CLAIM 15"


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("CLEAR 59", "'CLEAR 58', 'CLEAR 57', 'CLEAR 56'"),
        ("TRIPOD+AI 12", "'TRIPOD+AI 12a', 'TRIPOD+AI 12b', 'TRIPOD+AI 12c'"),
        ("TRIPOD+AI 12h", "'TRIPOD+AI 12g', 'TRIPOD+AI 12f', 'TRIPOD+AI 12e'"),
        ("CLAIM 0", "'CLAIM 1', 'CLAIM 2', 'CLAIM 3'"),
    ],
)
def test_unknown_items_are_refused_with_the_nearest(name, nearest):
    with pytest.raises(ValueError, match=re.escape(f"Nearest: {nearest}.")):
        find_item(name, CHECKLISTS)


@pytest.mark.parametrize(
    "name", ["15", "STARD 3", "ethics", "", None, ("CLEAR", 8), "CLEAR 15x", -1]
)
def test_names_that_are_no_item_are_refused(name):
    with pytest.raises(ValueError, match="`stated` must name items of CLEAR or TRIPOD"):
        find_item(name, CHECKLISTS)


@pytest.mark.parametrize(
    ("name", "match"),
    [("x" * 10**6, "more characters"), (10**5000, "whole number of about")],
    ids=["text", "number"],
)
def test_long_names_are_cut(name, match):
    with pytest.raises(ValueError, match=match) as caught:
        find_item(name, CHECKLISTS)
    assert len(str(caught.value)) < 400
