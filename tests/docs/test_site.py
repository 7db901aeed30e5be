"""The documentation site builds without a warning, works offline, and leaves nothing out."""

import html.parser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import mrnet_features as mf
from mrnet_features.families.documentation import read_statistics
from mrnet_features.families.presets import discover_families
from tests.support.browser import Watched, find_violations, measure_overflow, open_browser

ROOT = Path(__file__).parents[2]
NEEDED = ("sphinx", "myst_nb", "numpydoc", "pydata_sphinx_theme", "matplotlib", "PIL")
LOADING = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src"}
WATCHED = (
    "index",
    "start",
    "for-radiologists",
    "generated/notebooks/index",
    "generated/families/index",
    "generated/families/fluid",
    "generated/api/mrnet_features.compare",
)


class Links(html.parser.HTMLParser):
    """What a page loads, where it links to, and the places in it."""

    def __init__(self, path):
        super().__init__()
        self.loads, self.links, self.ids = [], [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids.add(found.get("id"))
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if tag in LOADING and found.get("rel") not in ("next", "prev", "index", "search"):
            self.loads.append(found.get(LOADING[tag]) or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    for name in NEEDED:
        pytest.importorskip(name, reason="the site needs pip install '.[docs,report]'")
    root = tmp_path_factory.mktemp("site")  # a copy: the build writes pages into docs/
    ignored = shutil.ignore_patterns("_build", "generated", "results")
    for name in ("docs", "notebooks", "benchmarks"):
        shutil.copytree(ROOT / name, root / name, ignore=ignored)
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        shutil.copy(ROOT / name, root)
    (root / "mrnet_features").symlink_to(ROOT / "mrnet_features")
    folder = root / "html"
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q"]
    found = subprocess.run(
        [*command, root / "docs", folder],
        capture_output=True,
        text=True,
        env={**os.environ, "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"},
    )
    assert found.returncode == 0, found.stderr[-3000:]
    return folder


@pytest.fixture(scope="module")
def pages(site):
    return {path: Links(path) for path in sorted(site.rglob("*.html"))}


def test_a_page_loads_nothing_from_outside(site, pages):
    loads = {load for page in pages.values() for load in page.loads}
    assert loads
    assert [load for load in loads if load.startswith(("http:", "https:", "//"))] == []
    styles = [path.read_text(encoding="utf-8") for path in site.rglob("*.css")]
    assert [
        style for style in styles if re.search(r"(url\(|@import)\s*['\"]?(https?:)?//", style)
    ] == []


def test_formulas_are_drawn_by_the_browser(site):
    page = site / "generated" / "api" / "mrnet_features.plan_sample_size.html"
    assert '<math display="inline"' in page.read_text(encoding="utf-8")


def test_every_link_leads_somewhere(site, pages):
    broken = []
    for path, page in pages.items():
        for link in page.links:
            target = urlsplit(link)
            if target.scheme or link == "#":
                continue
            leads_to = (path.parent / unquote(target.path)).resolve() if target.path else path
            known = pages.get(leads_to)
            if not leads_to.is_file() or (
                known and target.fragment and unquote(target.fragment) not in known.ids
            ):
                broken.append((path.relative_to(site).as_posix(), link))
    assert broken == []


def test_every_public_name_has_a_page(site):
    listed = (site / "api.html").read_text(encoding="utf-8")
    for name in mf.__all__:
        page = f"generated/api/mrnet_features.{name}.html"
        assert f'href="{page}' in listed
        assert f'id="mrnet_features.{name}"' in (site / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(discover_families()))
def test_a_family_has_a_page_with_its_statistics_and_a_picture(site, name):
    page = (site / f"generated/families/{name}.html").read_text(encoding="utf-8")
    text = re.sub(r"<[^>]+>", "", page)
    for row in read_statistics(discover_families()[name]):
        assert row["statistic"] in text
        assert row.get("IBSI", "") in text
    assert (site / "_images" / f"{name}-0.png").stat().st_size > 5000


def test_there_are_at_most_seven_entries_on_top(site):
    page = (site / "index.html").read_text(encoding="utf-8")
    menu = page[page.index("bd-navbar-elements") :]
    assert 5 <= menu[: menu.index("</ul>")].count("<li") <= 7


def test_pages_fit_a_phone_and_can_be_read_by_everyone(site):
    with open_browser() as browser:
        for scheme in ("light", "dark"):
            context = browser.new_context(
                viewport={"width": 390, "height": 800}, color_scheme=scheme
            )
            for name in WATCHED:
                watched = Watched(context.new_page())
                watched.page.goto((site / f"{name}.html").as_uri())
                assert measure_overflow(watched.page) <= 0
                assert [url for url in watched.requests if not url.startswith("file:")] == []
                assert find_violations(watched.page) == []
