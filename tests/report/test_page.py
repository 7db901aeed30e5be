"""`Page`: one file that loads nothing, and whose texts are escaped."""

import base64
import hashlib
import re
import sys

import pytest

from mrnet_features.report.page import (
    Bullets,
    Details,
    Figures,
    Page,
    Picture,
    Pictures,
    Section,
    Swatch,
    Table,
    Text,
)

EVIL = "<script>alert(1)</script>\"'&"
PIXEL = "data:image/webp;base64,UklGRg=="


def make_page(text, **options):
    """A page that shows a text in every place."""
    table = Table(text, [text, "grey"], [[text, Swatch(40, text)], ["a", "b"]])
    picture = Picture(PIXEL, 4, 4, text, [text])
    blocks = [
        Text(text, is_warning=True),
        table,
        Figures([("<svg></svg>", text)]),
        Pictures([picture]),
        Details(text, [Text(text)]),
    ]
    return Page(text, text, [Section(text, blocks), Section("Two", [])], foot=[text], **options)


def test_every_text_is_escaped():
    page = make_page(EVIL).html
    assert "<script>" not in page
    assert "alert(1)" in page
    assert page.count("&lt;script&gt;") == make_page("word-q7").html.count("word-q7")


def test_the_policy_allows_the_style_and_the_script_by_their_hashes_alone():
    page = make_page("a", script="const x = 1 < 2;").html
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    policy = policy.replace("&#39;", "'")
    for tag, name in (("style", "style-src"), ("script", "script-src")):
        body = re.search(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{name} 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "script-src" not in make_page("a").html
    assert " style=" not in page  # inline styles would be refused


def test_nothing_is_loaded():
    page = make_page("a").html
    assert not re.search(r"(src|href)=\"(?!data:|#)", page)


def test_sections_are_linked_and_tables_have_headings():
    page = make_page("a").html
    assert re.findall(r'href="#(section-\d)"', page) == re.findall(r'id="(section-\d)"', page)
    assert page.count('scope="row"') == 2
    assert page.count('scope="col"') == 2


def test_a_notebook_shows_the_page_in_a_sealed_frame():
    frame = make_page("a")._repr_html_()
    assert frame.startswith("<iframe ")
    assert 'sandbox=""' in frame
    assert "<style>" not in frame  # it is escaped inside the frame
    assert 'sandbox="allow-scripts"' in make_page("a", script="1")._repr_html_()


def test_a_page_is_written_whole(tmp_path):
    page = make_page("é")
    page.save_as_html(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == page.html
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_without_jinja2_the_error_says_what_to_install(monkeypatch):
    from mrnet_features.report import page

    page._load_template.cache_clear()
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ImportError, match=r"pip install 'mrnet-features\[report\]'"):
        make_page("a")._repr_html_()


def test_a_list_has_its_title_and_escaped_items():
    page = Page("Title", "Lead.", [Section("One", [Bullets("Not this", ["<b>bold</b>", "plain"])])])
    assert "<h3>Not this</h3>" in page.html
    assert "<li>&lt;b&gt;bold&lt;/b&gt;</li>" in page.html
    assert page.html.count("<li>") == 3  # with the link to the section
