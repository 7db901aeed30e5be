"""Every Python block of the README and of docs/ runs, links lead somewhere, words are few."""

import re
import sys
import types
from pathlib import Path

import matplotlib as mpl
import pytest

import mrnet_features as mf
from mrnet_features.synthetic import draw_knee
from tests.support.dicom_files import write_series
from tests.support.quick_studies import TINY, write_quick_studies
from tests.support.scanners import write_scanners

ROOT = Path(__file__).parents[1]
DOCS = [  # written by hand, not by docs/generate or Sphinx
    page
    for page in sorted((ROOT / "docs").rglob("*.md"))
    if not {"_build", "generated"} & set(page.relative_to(ROOT).parts)
]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS]
NEEDS_EXAMS = {page for page in PAGES if "MRNet-v1.0" in page.read_text(encoding="utf-8")}


def list_blocks(page):
    """Python blocks of a page, with its line numbers."""
    text = page.read_text(encoding="utf-8")
    for found in re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield "\n" * text[: found.start(1)].count("\n") + found[1]


def write_disc(folder):
    """DICOM files of one study, as a hospital's CD holds them."""
    for number, (plane, grey) in enumerate(draw_knee(3).stacks.items()):
        names = [f"IM{number}{k:02d}" for k in range(len(grey))]
        write_series(folder, plane, grey[::3], SeriesNumber=number, names=names)


def run(page, monkeypatch):
    """Run the blocks of a page one after another, as a reader would, in a module of its own."""
    module = types.ModuleType("page")
    monkeypatch.setitem(sys.modules, "page", module)  # where pickle looks for its classes
    for block in list_blocks(page):
        exec(compile(block, str(page), "exec"), vars(module))


@pytest.mark.parametrize("page", sorted(set(PAGES) - NEEDS_EXAMS), ids=lambda page: page.name)
def test_the_code_of_a_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if page.name == "dicom.md":
        pytest.importorskip("pydicom", reason="the extra `dicom` is not installed")
        pytest.importorskip("nibabel", reason="the extra `nifti` is not installed")
        write_disc(tmp_path / "disc")
    if page.name == "rsna.md":
        pytest.importorskip("pydicom", reason="the extra `dicom` is not installed")
    if page.name == "networks.md":
        pytest.importorskip("torchvision", reason="the extra `cnn` is not installed")
    if page.name == "headers.md":
        pytest.importorskip("pydicom", reason="the extra `dicom` is not installed")
        write_scanners(tmp_path / "rsna-knee")
    run(page, monkeypatch)


@pytest.mark.timeout(1800)  # what a reader of all pages runs: several audits, fits and pages
def test_the_code_of_pages_about_exams_runs(tmp_path, monkeypatch, capsys):
    mpl.use("Agg")
    monkeypatch.chdir(tmp_path)
    # 70: enough exams without abnormality for the five folds of measure_added_value
    mf.write_knees("MRNet-v1.0", n_train=100, n_valid=70, seed=5, n_jobs=1)
    pytest.importorskip("pydicom", reason="the extra `dicom` is not installed")
    write_disc(tmp_path / "disc")
    write_quick_studies("rsna-knee", n_train=4, n_valid=1, style=TINY)
    names = {"README", "audit", "command-line", "comparison", "explore", "report", "viewer"}
    assert {page.stem for page in NEEDS_EXAMS} == names
    for page in sorted(NEEDS_EXAMS):
        run(page, monkeypatch)
    assert "meniscus" in capsys.readouterr().out


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page):
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    links = [link for link in links if not link.startswith("generated/")]  # by the site's build
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_api_page_lists_every_public_name_once():
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^   (\w+)$", page, re.MULTILINE)) == sorted(mf.__all__)


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 200
