"""Figures as SVG of a page."""

import re
from xml.etree import ElementTree as ET

import pytest

from mrnet_features.evaluation.plots import make_axes
from mrnet_features.report import svg


def draw():
    axes = make_axes(4, 3)
    axes.plot([0, 1], [0, 1], "--", label="a dashed line")
    axes.fill_between([0, 1], [0, 1], hatch="//")
    axes.set_title("two words")
    return axes


def test_svg_keeps_text_and_has_no_inline_style():
    drawn = svg.to_svg(draw(), "a < b", "figure-1")
    root = ET.fromstring(drawn)
    texts = ["".join(node.itertext()).strip() for node in root.iter(f"{svg.SVG}text")]
    assert "two words" in texts
    assert "style" not in drawn
    assert root.get("aria-label") == "a < b"
    assert root.get("width") is None
    assert root.get("viewBox")


def test_two_figures_of_a_page_share_no_id_and_find_their_own_parts():
    found = [svg.to_svg(draw(), "", f"figure-{k}") for k in (1, 2)]
    ids = [set(re.findall(r'\bid="([^"]*)"', drawn)) for drawn in found]
    assert ids[0]
    assert not ids[0] & ids[1]
    for drawn, known in zip(found, ids, strict=True):
        used = re.findall(r'url\(#([^)]*)\)|href="#([^"]*)"', drawn)
        assert {one or other for one, other in used} <= known


def test_a_figure_is_the_same_each_time():
    one, other = (svg.to_svg(draw(), "", "figure-1") for _ in range(2))
    assert one == other


def test_control_characters_of_a_name_do_not_break_the_drawing():
    axes = draw()
    axes.set_title("a\x0bb")
    with pytest.warns(UserWarning, match="Glyph 11"):  # of matplotlib: no font has it
        drawn = svg.to_svg(axes, "", "figure-1")
    assert "a\ufffdb" in "".join(ET.fromstring(drawn).itertext())
