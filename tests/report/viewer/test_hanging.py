"""Exams with named series in the viewer: where they hang, what is linked, what is missing."""

import numpy as np
import pandas as pd
import pytest

import mrnet_features as mf
from mrnet_features.report.viewer.hanging import hang_series
from mrnet_features.report.viewer.view import write_view
from tests.support.browser import Watched, find_violations, measure_overflow, open_browser
from tests.support.dicom_files import draw_stack, write_series
from tests.support.viewed_exams import make_stack
from tests.support.viewer_page import press, read_position, settle

SLOTS = {
    "axial_fluid": 12,
    "coronal_fluid": 8,
    "sagittal_fluid": 9,
    "axial_structural": 18,
    "coronal_structural": 8,
    "sagittal_structural": 6,
}
FINDINGS = [
    *("ACL", "MCL", "Medial Meniscus", "Lateral Meniscus", "Medial OA", "Lateral OA", "PF OA"),
    *("Effusion", "Synovitis", "Baker's", "Contusion", "Fracture"),
]
STEM = "1.2.826.0.1.3680043.8.498." + "7" * 33
LACKING = f"{STEM}00002"


@pytest.fixture(scope="module")
def browser():
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Two exams with long ids and twelve findings; the second lacks two series."""
    folder = tmp_path_factory.mktemp("exams")
    for series, n in SLOTS.items():
        np.save(folder / f"{series}.npy", make_stack((n, 64, 64)))
    paths = {series: folder / f"{series}.npy" for series in SLOTS}
    fewer = {s: path for s, path in paths.items() if s not in ("axial_structural", "coronal_fluid")}
    exams = (mf.Exam(f"{STEM}00001", paths), mf.Exam(LACKING, fewer))
    labels = pd.DataFrame(np.nan, index=[exam.id for exam in exams], columns=FINDINGS)
    labels.iloc[0, :3] = [1, 0, 1]
    return mf.Dataset(exams, labels)


@pytest.fixture(scope="module")
def page_file(dataset, tmp_path_factory):
    scores = pd.DataFrame(0.7, index=dataset.labels.index, columns=FINDINGS)
    file = tmp_path_factory.mktemp("page") / "view.html"
    write_view(file, dataset, scores)
    return file


def open_page(browser, file, **options):
    context = browser.new_context(viewport={"width": 1280, "height": 900}, **options)
    watched = Watched(context.new_page())
    watched.page.goto(file.as_uri())
    watched.page.wait_for_selector("#mv-root[data-exam]", timeout=20_000)
    settle(watched.page)
    return watched


@pytest.fixture
def viewer(browser, page_file):
    watched = open_page(browser, page_file)
    yield watched.page
    watched.page.context.close()
    assert len(watched.requests) == 1
    assert watched.complaints == []


def read_positions(page):
    return {series: read_position(page, series) for series in SLOTS}


def test_any_names_hang_without_two_in_one_place():
    more = ["axial", "coronal", "sagittal_dess", "coronal_fluid_thin", "sagittal_t2_map", "notes"]
    names = [*SLOTS, *more]
    hung = hang_series(names)
    assert sorted(place["series"] for place in hung) == sorted(set(names) - {"notes"})
    places = [(place["row"], place["column"]) for place in hung]
    assert len(set(places)) == len(places)
    rows = {place["series"]: place["row"] for place in hung}
    assert rows["axial"] == rows["coronal_fluid"] == rows["sagittal_fluid"] == 1
    assert rows["axial_structural"] == rows["sagittal_structural"] > rows["coronal_fluid_thin"]
    assert rows["coronal"] == rows["axial_structural"]  # as in MRNet
    assert max(rows["sagittal_dess"], rows["sagittal_t2_map"]) == max(rows.values())


def test_series_of_some_planes_fill_the_rows():
    hung = hang_series(["sagittal_structural", "sagittal_fluid"])
    assert [place["series"] for place in hung] == ["sagittal_fluid", "sagittal_structural"]
    assert {place["column"] for place in hung} == {"auto"}


def test_planes_stand_in_columns_and_weightings_in_rows(viewer):
    boxes = {
        series: viewer.locator(f"[data-plane={series}] .mv-screen").bounding_box()
        for series in SLOTS
    }
    for plane in ("axial", "coronal", "sagittal"):
        fluid, structural = boxes[f"{plane}_fluid"], boxes[f"{plane}_structural"]
        assert fluid["x"] == pytest.approx(structural["x"], abs=2)
        assert fluid["y"] + fluid["height"] < structural["y"]
    lefts = [boxes[f"{plane}_fluid"]["x"] for plane in ("axial", "coronal", "sagittal")]
    assert lefts == sorted(lefts)
    press(viewer, "z")
    large = viewer.locator(".mv-active .mv-screen").bounding_box()
    assert large["width"] > 1.8 * boxes["axial_fluid"]["width"]


def test_scrolling_moves_the_series_of_the_same_plane_alone(viewer):
    before = read_positions(viewer)
    press(viewer, "1", "Home", "End")
    after = read_positions(viewer)
    assert after["axial_fluid"] == "12 / 12"
    assert after["axial_structural"] == "18 / 18"
    assert {s: after[s] for s in SLOTS if "axial" not in s} == {
        s: before[s] for s in SLOTS if "axial" not in s
    }
    press(viewer, "Home", "ArrowDown", "ArrowDown")
    # the third of 12 slices lies at 2.5 / 12 = .21 of the stack: the fourth of 18
    assert read_position(viewer, "axial_structural") == "4 / 18"
    press(viewer, "k", "End")
    assert read_position(viewer, "axial_structural") == "4 / 18"
    press(viewer, "k")
    assert read_position(viewer, "axial_structural") == "18 / 18"


def test_the_key_of_a_plane_goes_through_its_series(viewer):
    active = viewer.locator(".mv-active")
    for key, series in (("1", "axial_fluid"), ("1", "axial_structural"), ("1", "axial_fluid")):
        press(viewer, key)
        assert active.get_attribute("data-plane") == series
    press(viewer, "3")
    assert active.get_attribute("data-plane") == "sagittal_fluid"
    press(viewer, "?")
    assert "again: next series of the plane" in viewer.locator("dialog[open]").inner_text()


def test_a_missing_series_is_said_where_it_would_hang(viewer):
    press(viewer, "n")
    viewer.wait_for_selector(f'#mv-root[data-exam="{LACKING}"]')
    settle(viewer)
    pane = viewer.locator("[data-plane=coronal_fluid]")
    assert pane.locator(".mv-none").inner_text() == "The exam has no coronal fluid series"
    assert read_position(viewer, "coronal_fluid") == "no series"
    assert pane.locator(".mv-screen").get_attribute("role") == "img"
    assert pane.locator(".mv-screen").get_attribute("aria-label") == "Coronal fluid: no series"
    press(viewer, "2")  # goes past it
    assert viewer.locator(".mv-active").get_attribute("data-plane") == "coronal_structural"
    press(viewer, "ArrowDown", "1", "1", "h", "v", "]", "k", "k", "z", "g", "f", "u", "b")
    assert find_violations(viewer) == []


def test_long_ids_are_told_apart_in_the_list_and_shown_whole(viewer, dataset):
    options = viewer.locator(".mv-exam .mv-row select option").all_inner_texts()
    assert options == ["… 777777700001", "… 777777700002"]
    assert viewer.locator(".mv-id").inner_text() == dataset.ids[0]
    press(viewer, "x", "n")
    viewer.wait_for_selector(f'#mv-root[data-exam="{LACKING}"]')
    assert viewer.locator(".mv-id").inner_text() == LACKING
    options = viewer.locator(".mv-exam .mv-row select option").all_inner_texts()
    assert options[0] == "… 777777700001 (X)"


@pytest.mark.parametrize("width", [390, 1280, 1920])
def test_twelve_findings_and_six_series_have_no_barrier_and_no_overflow(browser, page_file, width):
    watched = open_page(browser, page_file)
    page = watched.page
    page.set_viewport_size({"width": width, "height": 844})
    settle(page)
    assert page.locator(".mv-tasks button").count() == 12
    overlaps = page.evaluate(
        """() => [...document.querySelectorAll(".mv-tasks button")].some(button => {
            const [, label, model] = [...button.children].map(e => e.getBoundingClientRect());
            const range = document.createRange();
            range.selectNodeContents(button.children[1]);
            return range.getBoundingClientRect().right > model.left;
        })"""
    )
    assert not overlaps
    for _ in range(2):
        assert measure_overflow(page) <= 0
        assert find_violations(page) == []
        press(page, "z")
    page.context.close()
    assert watched.complaints == []


def test_marks_and_bands_are_drawn_on_their_own_series(browser, dataset, tmp_path):
    column = "sagittal_structural__notch__ligament__acl_contrast__stack"
    n = 20
    paths = dataset.exams[0].paths
    exams = tuple(mf.Exam(f"{k:04d}", paths) for k in range(n))
    labels = pd.DataFrame({"acl": np.arange(n) % 2}, index=[exam.id for exam in exams])
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {column: labels["acl"] + rng.normal(0, 0.5, n), "axial_dess__knee__a__b__c": 0.0},
        index=labels.index,
    )
    evaluation = mf.cross_validate(None, table, labels, n_splits=3, n_repeats=1, progress=False)
    file = tmp_path / "view.html"
    with pytest.warns(UserWarning, match="belong to none of"):
        write_view(file, mf.Dataset(exams, labels), evaluation, table, ids=["0000"])
    watched = open_page(browser, file)
    page = watched.page
    page.locator(f".mv-contributions button[title*={column}]").click()
    settle(page)
    assert page.locator(".mv-active").get_attribute("data-plane") == "sagittal_structural"
    assert watched.complaints == []
    page.context.close()


@pytest.fixture(scope="module")
def scanned_file(tmp_path_factory):
    """Page of an exam from DICOM: two sagittal series of which one begins 12 mm further left."""
    pytest.importorskip("pydicom", reason="pydicom is not installed")
    folder = tmp_path_factory.mktemp("dicom")
    series = {
        "sagittal_fluid": (13, {"gap_mm": 3.0, "side_mm": 40.0}),
        "sagittal_structural": (7, {"gap_mm": 4.0, "side_mm": 52.0}),
        "axial_fluid": (9, {"gap_mm": 4.0}),
        "coronal_fluid": (5, {}),
    }
    paths = {
        name: write_series(folder / name, name.partition("_")[0], draw_stack(n), **options)
        for name, (n, options) in series.items()
    }
    write_view(folder / "view.html", mf.Exam("0001", paths))
    return folder / "view.html"


def test_scanned_slices_are_linked_by_millimetres(browser, scanned_file):
    watched = open_page(browser, scanned_file)
    page = watched.page
    press(page, "Home")
    press(page, *["ArrowDown"] * 4)  # at 52 mm
    assert read_position(page, "sagittal_structural") == "1 / 7"
    press(page, *["ArrowDown"] * 4)  # at 64 mm
    assert read_position(page, "sagittal_structural") == "4 / 7"
    # axial slices lie at heights from 0 to 32 mm, the middle of sagittal rows at 0
    press(page, "1", "End", "Home")
    box = page.locator("[data-plane=sagittal_fluid] .mv-screen").bounding_box()
    rows = box["height"] / 256
    page.mouse.click(box["x"] + 90, box["y"] + box["height"] / 2 - 12 / 0.6 * rows)
    settle(page)
    assert read_position(page, "axial_fluid") == "4 / 9"  # 12 mm up
    assert page.get_by_role("button", name="Flip axial").is_disabled()
    assert watched.complaints == []
    page.context.close()


def test_letters_say_where_left_and_right_are_only_where_files_do(browser, scanned_file, page_file):
    for file, has_letters in ((scanned_file, True), (page_file, False)):
        watched = open_page(browser, file)
        page = watched.page
        press(page, "h")
        for series in ("axial_fluid", "coronal_fluid"):
            white = page.evaluate(
                """series => {
                    const canvas = document.querySelector(`[data-plane=${series}] canvas`);
                    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
                    copy.drawImage(canvas, 0, 0);
                    const area = [4, canvas.height / 2 - 10, 18, 20];
                    const { data } = copy.getImageData(...area);
                    return data.some((value, i) => i % 4 === 0 && value > 240);
                }""",
                series,
            )
            assert white == has_letters
        caption = page.locator(".mv-caption").inner_text()
        assert ("R and L are the patient's" in caption) == has_letters
        assert ("by their fraction of the stack (K)" in caption) != has_letters
        page.context.close()
        assert watched.complaints == []
