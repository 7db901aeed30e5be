"""The page of an exploration: complete, small, escaped, and usable in a browser."""

import dataclasses
import io
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import mrnet_features as mf
from mrnet_features.data.dataset import Dataset
from mrnet_features.data.exam import Exam
from mrnet_features.quality.findings import Finding
from mrnet_features.report.explore.blocks import show
from mrnet_features.report.explore.label_sections import _judge_auc
from tests.support.audited_folder import write_legs
from tests.support.browser import Watched, find_violations, measure_overflow, open_browser

EVIL = '<img src=x onerror="alert(1)">'


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """21 exams of two planes with labels of two tasks."""
    root = tmp_path_factory.mktemp("legs")
    write_legs(root)
    loaded = mf.load_mrnet(root, planes=("axial", "coronal"))
    labels = loaded.labels[["abnormal", "acl"]].copy()
    labels.iloc[::3] = 1
    labels.iloc[1::3] = 0
    return Dataset(loaded.exams, labels)


@pytest.fixture(scope="module")
def found(dataset):
    rows = [
        Finding(exam, "axial", "noise", "check", 5.0, f"Look at it {EVIL}.")
        for exam in dataset.ids[:4]
    ]
    rows.append(Finding("0005", "", "label-conflict", "reject", np.nan, "Correct it."))
    rows.append(Finding(EVIL, "axial", "stack-file", "reject", np.nan, "Copy it."))
    return mf.explore(dataset, pd.DataFrame(rows))


@pytest.fixture(scope="module")
def page(found):
    return found.make_page().html


def test_all_sections_tables_and_figures_are_there(page, found):
    for title in ("The set", "Labels", "Slice counts", "Grey levels", "Tissues", "Unusual exams"):
        assert f">{title}</h2>" in page
    # prevalence and co-occurrence; slice counts, grey medians and tissues by plane; histograms
    assert page.count('role="img"') == 2 + 3 * 2 + 2 * 2
    assert page.count("data:image/webp;base64,") == len(found.thumbnails) >= 5
    assert "may not be shared" in page
    assert re.search(
        r"Exploring took [\d.]+ s, [\d.]+ s per exam, without the audit before it\.", page
    )


def test_texts_from_outside_are_escaped_and_nothing_is_loaded(page):
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page
    assert not re.search(r"(src|href)=\"(?!data:|#)", page)
    assert " style=" not in page


def test_the_checked_implication_is_told(page, dataset):
    assert "every exam labelled acl is labelled abnormal too" in page
    labels = dataset.labels.iloc[:3].copy()
    labels.loc["0001", "acl"] = 1
    exams = tuple(Exam(e.id, {"axial": e.paths["axial"]}) for e in dataset.exams[:3])
    wrong = mf.explore(Dataset(exams, labels)).make_page().html
    assert "Labelled acl but not abnormal: 1 exam: 0001" in wrong


@pytest.mark.parametrize("labels", [pd.DataFrame(), pd.DataFrame({"acl": [1]}, index=["0000"])])
def test_a_page_of_little(dataset, labels):
    exam = Exam("0000", {"coronal": dataset.exams[0].paths["coronal"]})
    page = mf.explore(Dataset((exam,), labels)).make_page().html
    assert page.startswith("<!DOCTYPE html>")
    assert "1 exam; planes: coronal" in page


def test_a_long_reason_is_shown_whole(found):
    reason = f"{'Pixels of another exam are in it. ' * 12}Leave the exam out unless they miss it."
    picture = show(found.thumbnails[0]._replace(reasons=(reason,)))
    assert picture.lines[0] == reason


def test_a_combination_that_cannot_be_has_no_ratio_in_its_table(page):
    combinations = page[page.index("Combinations of labels</span>") :]
    cells = re.findall(r"<td[^>]*>(.*?)</td>", combinations)
    assert "0, as it must be" in cells
    assert "0.00 (" not in page


@pytest.mark.parametrize(
    ("n_each", "said"), [(12, "few exams: possible shortcut"), (60, "differs from 0.5: likely")]
)
def test_few_exams_are_said_to_be_few_beside_an_auc(n_each, said):
    row = {"auc": 0.8, "ci_low": 0.6, "ci_high": 0.9, "n_positive": n_each, "n_negative": 200}
    assert said in _judge_auc(row, "shortcut")
    assert "may be" in _judge_auc({**row, "n_positive": 90, "ci_low": 0.4}, "shortcut")
    assert _judge_auc({**row, "n_positive": 9, "ci_low": 0.4}, "") == "few exams: can't tell"


def test_the_time_of_the_audit_is_told_where_it_is_known(found):
    timed = dataclasses.replace(found, audit_seconds=12.34)
    assert "and the audit before it 12.3 s." in timed.make_page().foot[1]
    untold = dataclasses.replace(found, audited=False).make_page().foot[1]
    assert "audit" not in untold


def test_a_set_without_a_readable_stack_still_has_a_page(tmp_path):
    (tmp_path / "bad.npy").write_bytes(b"")
    exam = Exam("0000", {"axial": tmp_path / "bad.npy"})
    page = mf.explore(Dataset((exam,), pd.DataFrame())).make_page().html
    assert "stack-file" in page
    assert "planes: none" in page


def test_thumbnails_keep_a_page_small(found, page):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (256, 256), dtype=np.uint8)  # compresses worse than any knee
    pictures = tuple(t._replace(picture=noise) for t in found.thumbnails[:1] * 36)
    full = sum(len(show(thumbnail).source) for thumbnail in pictures)
    without = sum(len(show(thumbnail).source) for thumbnail in found.thumbnails)
    assert len(page.encode()) - without + full < 3e6


def test_in_a_browser_it_fits_every_width_and_axe_finds_nothing(found, tmp_path):
    found.save_as_html(tmp_path / "page.html")
    with open_browser() as browser:
        for width, scheme in ((390, "light"), (1280, "dark"), (1920, "light")):
            size = {"width": width, "height": 900}
            page = browser.new_page(viewport=size, color_scheme=scheme)
            watched = Watched(page)
            page.goto((tmp_path / "page.html").as_uri())
            assert measure_overflow(page) == 0
            page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            assert measure_overflow(page) == 0
            assert find_violations(page) == []
            assert watched.complaints == []
            assert [url for url in watched.requests if not url.startswith("data:")] == [page.url]


def test_a_table_wider_than_a_phone_has_a_shadow_until_it_is_scrolled(found, tmp_path):
    found.save_as_html(tmp_path / "page.html")
    with open_browser() as browser:
        page = browser.new_page(viewport={"width": 390, "height": 900})
        page.goto((tmp_path / "page.html").as_uri())
        table = page.locator(".scroll").first
        assert table.evaluate("e => e.scrollWidth > e.clientWidth + 50")

        def look():
            """Grey levels at the right edge and in the middle, above the first line."""
            shot = Image.open(io.BytesIO(table.screenshot())).convert("L")
            levels = np.asarray(shot)[-6:-3].max(axis=0)
            return int(levels[-2]), int(levels[-40:-30].max())

        assert look()[0] < 200 < look()[1]
        table.evaluate("e => e.scrollLeft = e.scrollWidth")
        assert look()[0] > 250


def test_in_a_notebook_the_page_is_shown_in_its_frame(found, tmp_path):
    (tmp_path / "notebook.html").write_text(found._repr_html_(), encoding="utf-8")
    with open_browser() as browser:
        page = browser.new_page()
        watched = Watched(page)
        page.goto((tmp_path / "notebook.html").as_uri())
        frame = page.frame_locator("iframe")
        assert frame.locator("h1").inner_text() == "Exploration of a knee MRI set"
        assert (
            frame.locator("h2").first.evaluate("e => getComputedStyle(e).borderTopWidth") == "1px"
        )
        assert watched.complaints == []
