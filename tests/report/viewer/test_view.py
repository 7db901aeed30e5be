"""The viewer as a page in Chromium: what is painted, keys, filters, marks, safety."""

import json
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest

import mrnet_features as mf
from mrnet_features.cli.named_files import read_exclusion
from mrnet_features.report.viewer.view import write_view
from tests.support.browser import Watched, find_violations, measure_overflow, open_browser
from tests.support.viewed_exams import (
    ACL,
    FLUID,
    OWN,
    SHAPES,
    evaluate_exams,
    make_stack,
    write_exams,
)
from tests.support.viewer_page import press, read_pixel, read_position, settle

HOSTILE = "<img src=x onerror=alert(1)></script>"
PLANES = ["axial", "coronal", "sagittal"]


@pytest.fixture(scope="module")
def browser():
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return write_exams(tmp_path_factory.mktemp("exams"))


@pytest.fixture(scope="module")
def page_file(dataset, tmp_path_factory):
    """Page of 20 exams with predictions, findings and a text that would be dangerous as HTML."""
    evaluation, table = evaluate_exams(dataset)
    row = {"exam": "0002", "plane": "axial", "code": "noise", "severity": "check", "value": 5.0}
    findings = pd.DataFrame([{**row, "advice": HOSTILE, "split": "", "unit": "SD"}])
    file = tmp_path_factory.mktemp("page") / "view.html"
    write_view(file, dataset, evaluation, table, findings)
    return file


def open_page(browser, file, **options):
    context = browser.new_context(viewport={"width": 1280, "height": 800}, **options)
    watched = Watched(context.new_page())
    watched.page.goto(Path(file).as_uri())
    wait_for_exam(watched.page)
    return watched


def wait_for_exam(page, exam=None):
    value = "" if exam is None else f'="{exam}"'
    page.wait_for_selector(f"#mv-root[data-exam{value}]", timeout=20_000)
    settle(page)


@pytest.fixture
def viewer(browser, page_file):
    watched = open_page(browser, page_file)
    yield watched.page
    watched.page.context.close()
    assert len(watched.requests) == 1
    assert watched.complaints == []


def test_keys_and_wheel_show_the_slice_they_name(viewer):
    # slice k of the stacks has grey level 60 + 10 k; WebP may change it by a little
    assert read_position(viewer, "sagittal") == "5 / 9"
    for keys, k in ((["ArrowDown"], 5), (["ArrowUp", "ArrowUp"], 3), (["End"], 8), (["Home"], 0)):
        press(viewer, *keys)
        assert read_position(viewer, "sagittal") == f"{k + 1} / 9"
        assert read_pixel(viewer, "sagittal") == pytest.approx([60 + 10 * k] * 3, abs=3)
    press(viewer, "PageDown")
    assert read_position(viewer, "sagittal") == "6 / 9"
    viewer.locator("[data-plane=sagittal] .mv-screen").hover()
    viewer.mouse.wheel(0, 120)  # a notch of a mouse wheel
    settle(viewer)
    assert read_position(viewer, "sagittal") == "7 / 9"
    for _ in range(8):  # a touch pad
        viewer.mouse.wheel(0, -10)
    settle(viewer)
    assert read_position(viewer, "sagittal") == "6 / 9"
    press(viewer, "1", "End")
    assert read_position(viewer, "axial") == "7 / 7"
    assert read_pixel(viewer, "axial") == pytest.approx([120] * 3, abs=3)


def test_a_drag_changes_slices_and_a_right_drag_the_window(viewer):
    box = viewer.locator("[data-plane=sagittal] .mv-screen").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    viewer.mouse.move(x, y)
    viewer.mouse.down()
    viewer.mouse.move(x, y + box["height"] / 3, steps=4)
    viewer.mouse.up()
    settle(viewer)
    assert read_position(viewer, "sagittal") == "8 / 9"
    viewer.mouse.move(x, y)
    viewer.mouse.down(button="right")
    viewer.mouse.move(x - 100, y + 20, steps=4)
    viewer.mouse.up(button="right")
    settle(viewer)
    assert viewer.locator("[data-plane=sagittal] .mv-window").inner_text() == "W 155 L 138"
    assert read_position(viewer, "sagittal") == "8 / 9"
    # grey level 130 through a window of 155 around 137.5
    expected = ((130 - 137.5) / 155 + 0.5) * 255
    assert read_pixel(viewer, "sagittal") == pytest.approx([expected] * 3, abs=4)
    press(viewer, "r")
    assert read_pixel(viewer, "sagittal") == pytest.approx([130] * 3, abs=3)


def test_window_and_level_have_keys(viewer):
    before = read_pixel(viewer, "sagittal")[0]
    press(viewer, "l", "l")
    assert read_pixel(viewer, "sagittal")[0] == pytest.approx(before + 16, abs=2)
    press(viewer, "Shift+L", "Shift+L", "w", "Shift+W")
    assert read_pixel(viewer, "sagittal")[0] == before


def test_a_stack_keeps_its_proportions(viewer):
    # the coronal slice is 64 rows by 80 columns: wider than high, on a square canvas
    press(viewer, "h", "o")
    left, top = read_pixel(viewer, "coronal", 0.2, 0.5), read_pixel(viewer, "coronal", 0.5, 0.1)
    assert left[0] > 40
    assert top == [0, 0, 0]
    assert read_position(viewer, "coronal") == "1 / 1"
    press(viewer, "2", "ArrowDown", "End")
    assert read_position(viewer, "coronal") == "1 / 1"


def test_a_zoomed_picture_is_moved_by_keys_and_by_drag(viewer):
    press(viewer, "h", "End", "+", "+", "+")
    assert read_pixel(viewer, "sagittal", 0.02, 0.5)[0] > 100  # the leg fills the canvas
    press(viewer, *["Shift+ArrowLeft"] * 4)
    assert read_pixel(viewer, "sagittal", 0.02, 0.5) == [0, 0, 0]
    box = viewer.locator("[data-plane=sagittal] .mv-screen").bounding_box()
    x, y = box["x"] + 200, box["y"] + 100
    viewer.keyboard.down("Shift")
    viewer.mouse.move(x, y)
    viewer.mouse.down()
    viewer.mouse.move(x - 160, y, steps=3)
    viewer.mouse.up()
    viewer.keyboard.up("Shift")
    settle(viewer)
    assert read_pixel(viewer, "sagittal", 0.02, 0.5)[0] > 100
    assert read_position(viewer, "sagittal") == "9 / 9"


def test_exams_are_shown_one_after_another(viewer):
    assert viewer.locator("#mv-root").get_attribute("data-exam") == "0000"
    press(viewer, "n")
    wait_for_exam(viewer, "0001")
    press(viewer, "p")
    wait_for_exam(viewer, "0000")
    press(viewer, "p")
    viewer.wait_for_timeout(350)
    assert viewer.locator("[aria-live]").inner_text() == "First exam"


def open_place(browser, file, place):
    watched = Watched(browser.new_page())
    watched.page.goto(f"{Path(file).as_uri()}#{place}")
    return watched.page


def test_an_address_opens_an_exam_in_a_plane_and_slice(browser, page_file):
    column = quote(FLUID)
    place = f"exam=0003&task=acl&plane=axial&slice=6&column={column}"
    page = open_place(browser, page_file, place)
    wait_for_exam(page, "0003")
    assert read_position(page, "axial") == "6 / 7"
    assert read_position(page, "sagittal") == "5 / 9"
    assert page.locator(".mv-active").get_attribute("data-plane") == "axial"
    assert "acl" in page.locator(".mv-tasks [aria-pressed=true]").inner_text()
    assert FLUID in page.locator(".mv-contributions [aria-pressed=true]").get_attribute("title")
    press(page, "n")
    wait_for_exam(page, "0004")
    page.evaluate("location.hash = '#exam=0001&plane=sagittal&slice=99'")
    wait_for_exam(page, "0001")
    assert read_position(page, "sagittal") == "9 / 9"
    page.close()


@pytest.mark.parametrize(
    "place", [f"exam={quote(HOSTILE)}", "exam=9999&slice=2", "plane=axial", "%E0%A4%A&=&exam"]
)
def test_an_address_of_no_exam_opens_the_first(browser, page_file, place):
    page = open_place(browser, page_file, place)
    wait_for_exam(page, "0000")
    assert page.locator(".mv-root img").count() == 0
    is_said = "This page has no exam" in page.locator(".mv-status").inner_text()
    assert is_said == place.startswith("exam=")
    page.close()


def test_an_address_can_name_an_exam_by_any_text(browser, dataset, tmp_path):
    write_view(tmp_path / "view.html", mf.Exam("a+b &c=%41", dataset.exams[0].paths))
    page = open_place(browser, tmp_path / "view.html", f"exam={quote('a+b &c=%41', safe='')}")
    wait_for_exam(page)
    assert page.locator(".mv-status").inner_text() == ""
    page.close()


def test_a_contribution_jumps_to_its_place(viewer):
    press(viewer, "t")  # from abnormal to acl
    buttons = viewer.locator(".mv-contributions button")
    names = buttons.evaluate_all("all => all.map(each => each.title)")
    fluid = next(k for k, name in enumerate(names) if FLUID in name)
    press(viewer, "End")
    buttons.nth(fluid).focus()
    press(viewer, "Enter")
    assert viewer.locator(".mv-active").get_attribute("data-plane") == "axial"
    assert read_position(viewer, "axial") == "4 / 7"  # the slice with the bright spot
    assert FLUID in viewer.locator(".mv-status").inner_text()
    viewer.wait_for_timeout(350)
    assert "Axial slice 4 of 7" in viewer.locator("[aria-live]").inner_text()
    orange = viewer.evaluate(
        """() => {
            const canvas = document.querySelector("[data-plane=axial] canvas");
            const wide = canvas.width - 12 * devicePixelRatio;
            const { data } = canvas.getContext("2d").getImageData(0, 0, wide, canvas.height);
            let n = 0;
            for (let i = 0; i < data.length; i += 4) {
                n += data[i] > 200 && data[i + 1] > 100 && data[i + 1] < 190 && data[i + 2] < 110;
            }
            return n;
        }"""
    )
    assert 50 < orange < 2000  # an outline about the spot, not about the leg
    own = next(k for k, name in enumerate(names) if OWN in name)
    buttons.nth(own).click()
    assert "It has no mark" in viewer.locator(".mv-status").inner_text()


def test_a_region_without_fluid_is_not_shown_as_fluid(browser, tmp_path, dataset):
    evaluation, table = evaluate_exams(dataset)
    grey = np.zeros((5, 96, 96), np.uint8)
    grey[:, 12:-12, 12:-12] = 90  # a leg of one grey level
    np.save(tmp_path / "axial.npy", grey)
    dry = mf.Exam("0000", {"axial": tmp_path / "axial.npy"})
    write_view(tmp_path / "view.html", dry, evaluation, table)
    watched = open_page(browser, tmp_path / "view.html")
    page = watched.page
    press(page, "t")
    page.locator(f".mv-contributions button[title*={FLUID}]").click()
    assert page.locator(".mv-status").inner_text().endswith("None found; region outlined.")
    page.wait_for_timeout(350)
    assert "none found, Axial slice 3 of 5" in page.locator("[aria-live]").inner_text()
    assert watched.complaints == []
    page.context.close()


def test_the_keys_walk_through_the_contributions(viewer):
    press(viewer, "t", "j")
    pressed = ".mv-contributions button[aria-pressed=true]"
    first = viewer.locator(pressed).get_attribute("title")
    assert ACL in first
    press(viewer, "j")
    assert viewer.locator(pressed).get_attribute("title") != first
    press(viewer, "Shift+J")
    assert viewer.locator(pressed).get_attribute("title") == first


def test_the_sum_of_the_other_contributions_is_said(browser, tmp_path, dataset, monkeypatch):
    monkeypatch.setattr("mrnet_features.report.viewer.cases.TOP", 1)
    evaluation, table = evaluate_exams(dataset)
    write_view(tmp_path / "view.html", dataset[:1], evaluation, table)
    explained = mf.explain_predictions(evaluation, table, exams=["0000"]).frame()
    of_task = explained[explained["task"] == "abnormal"]["contribution"]
    watched = open_page(browser, tmp_path / "view.html")
    text = watched.page.locator(".mv-others").inner_text().replace("−", "-")
    assert text == f"2 other features: {of_task.iloc[1:].sum():+.2f}"
    assert watched.complaints == []
    watched.page.context.close()


def test_a_jump_shows_the_picture_on_a_phone_and_moves_no_list(browser, page_file):
    watched = open_page(browser, page_file)
    page = watched.page
    buttons = page.locator(".mv-contributions button")
    page.set_viewport_size({"width": 1366, "height": 768})
    press(page, "t")
    before = buttons.evaluate_all("all => all.map(each => each.offsetTop)")
    for _ in range(2):
        press(page, "j")
        assert buttons.evaluate_all("all => all.map(each => each.offsetTop)") == before
        assert page.locator(".mv-status").inner_text() != ""
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator(f".mv-contributions button[title*={FLUID}]").click()
    settle(page)
    box = page.locator("[data-plane=axial] .mv-screen").bounding_box()
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= 844
    page.context.close()
    assert watched.complaints == []


def test_disagreements_are_listed_the_most_confident_first(viewer, dataset):
    evaluation, _ = evaluate_exams(dataset)
    scores = evaluation.predictions.set_index("exam")["acl"]
    labels = dataset.labels["acl"]
    gap = (scores - labels).abs()
    expected = list(gap[(scores > 0.5) != (labels == 1)].sort_values(ascending=False).index)
    assert {"0003", "0008"} <= set(expected)
    choose_filter(viewer, "acl: model and label disagree")
    assert viewer.locator(".mv-exam .mv-row select option").all_inner_texts() == expected
    wait_for_exam(viewer, expected[0])
    assert viewer.locator(".mv-tasks [aria-pressed=true] .mv-differs").count() == 1
    assert "wrong" not in viewer.locator("body").inner_text().lower()


def choose_filter(page, text):
    options = page.locator(".mv-exam > .mv-field select").first.locator("option")
    texts = options.all_inner_texts()
    found = next(k for k, each in enumerate(texts) if each.startswith(text))
    page.locator(".mv-exam > .mv-field select").first.select_option(index=found)
    settle(page)


def test_the_keys_work_after_a_choice_in_a_list(viewer):
    choose_filter(viewer, "acl labelled 1")
    wait_for_exam(viewer, "0001")
    press(viewer, "n")
    wait_for_exam(viewer, "0005")
    viewer.locator(".mv-exam .mv-row select").select_option(index=0)
    wait_for_exam(viewer, "0001")
    press(viewer, "t", "x")
    assert viewer.locator(".mv-reader button[aria-pressed=true]").inner_text().startswith("Exclude")
    assert viewer.get_by_role("button", name="Save 1 mark as a file (S)").is_visible()
    for key in ("Enter", "Escape"):
        press(viewer, "/", "ArrowDown", "ArrowUp")  # a closed list keeps the arrows
        assert viewer.evaluate("document.activeElement.tagName") == "SELECT"
        press(viewer, key)
        viewer.wait_for_function("document.activeElement.className === 'mv-screen'")
        press(viewer, "Home")
        assert read_position(viewer, "sagittal") == "1 / 9"


def test_labels_and_findings_filter(viewer, dataset):
    choose_filter(viewer, "acl labelled 1")
    expected = list(dataset.labels.index[dataset.labels["acl"] == 1])
    assert viewer.locator(".mv-exam .mv-row select option").all_inner_texts() == expected
    choose_filter(viewer, "noise")
    wait_for_exam(viewer, "0002")
    assert viewer.locator(".mv-exam .mv-row select option").all_inner_texts() == ["0002"]
    assert HOSTILE in viewer.locator(".mv-findings").inner_text()


def test_marks_are_saved_in_the_form_that_exclude_reads(browser, page_file, tmp_path):
    watched = open_page(browser, page_file, accept_downloads=True)
    page = watched.page
    press(page, "x", "c")
    page.keyboard.type("moved <b>")
    press(page, "Escape", "n")
    wait_for_exam(page, "0001")
    press(page, "t", "c")  # from abnormal to acl
    page.keyboard.type("see; slice 4")
    press(page, "Escape", "Shift+D")
    wait_for_exam(page, "0002")
    press(page, "t", "a", "a", "a")  # agree, taken back, agree
    with page.expect_download() as download:
        press(page, "s")
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    row = {"plane": "", "code": "reader", "value": None}
    doubt = "label of acl doubtful (label 1); see; slice 4"
    agreed = "label of abnormal confirmed (label 0)"
    assert json.loads(file.read_text()) == [
        {"exam": "0000", "severity": "reject", "advice": "moved <b>", **row},
        {"exam": "0001", "severity": "check", "advice": doubt, **row},
        {"exam": "0002", "severity": "agree", "advice": agreed, **row},
    ]
    assert file.name == "marks.json"
    assert read_exclusion(str(file)) == ["0000"]
    page.reload()
    wait_for_exam(page)
    assert page.locator("textarea").input_value() == "moved <b>"
    press(page, "n")
    wait_for_exam(page, "0001")
    assert page.locator("textarea").input_value() == "see; slice 4"
    remarks = page.locator(".mv-remarks")
    assert remarks.inner_text() == "label of acl doubtful (label 1)"
    press(page, "d")  # of abnormal too
    assert remarks.inner_text().endswith("; label of abnormal doubtful (label 1)")
    press(page, "d", "t", "d")  # both taken back
    assert remarks.inner_text() == ""
    assert page.locator(".mv-reader button[aria-pressed=true]").count() == 0
    page.context.close()
    assert watched.complaints == []


def test_marks_work_without_storage(browser, page_file):
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new Error('no'); }})"
    )
    page.goto(page_file.as_uri())
    wait_for_exam(page)
    press(page, "x")
    assert page.locator(".mv-reader button[aria-pressed=true]").inner_text().startswith("Exclude")
    context.close()


def test_letters_typed_into_a_note_are_no_keys(viewer):
    press(viewer, "c")
    viewer.keyboard.type("nax")
    settle(viewer)
    assert viewer.locator("#mv-root").get_attribute("data-exam") == "0000"
    assert viewer.locator(".mv-reader button[aria-pressed=true]").count() == 0
    assert viewer.locator("textarea").input_value() == "nax"


def test_rows_are_linked_by_the_joint_line_and_axial_slices_by_height(viewer):
    press(viewer, "1", "Home")
    top = read_position(viewer, "axial")
    press(viewer, "v")  # the axial stack turned round: the line is at the bottom now
    press(viewer, "3")
    box = viewer.locator("[data-plane=sagittal] .mv-screen").bounding_box()
    viewer.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.2)
    settle(viewer)
    assert (top, read_position(viewer, "axial")) == ("1 / 7", "7 / 7")
    press(viewer, "v")
    viewer.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.2)
    settle(viewer)
    assert read_position(viewer, "axial") == "1 / 7"
    caption = viewer.locator(".mv-caption").inner_text()
    assert "Left and right, front and back can't be linked" in caption


def test_everything_is_reached_by_tab_with_a_visible_focus(viewer):
    reached = set()
    for _ in range(60):
        viewer.keyboard.press("Tab")
        element, outline = viewer.evaluate(
            """() => {
                const element = document.activeElement;
                const style = getComputedStyle(element);
                return [element.outerHTML.slice(0, 200), style.outlineWidth + style.outlineStyle];
            }"""
        )
        if not element.startswith("<body"):
            assert outline == "3pxsolid", element
            reached.add(element)
    n = viewer.locator(
        "#mv-root button:not(dialog *), #mv-root select, #mv-root textarea, #mv-root .mv-screen"
    ).count()
    assert len(reached) == n


def test_every_key_of_the_help_does_something(viewer):
    press(viewer, "?")
    help_text = viewer.locator("dialog[open]").inner_text()
    for word in ("next slice", "linked height up", "label doubtful", "narrower window"):
        assert word in help_text
    assert find_violations(viewer) == []
    press(viewer, "Escape")
    assert viewer.locator("dialog[open]").count() == 0
    names = ["f", "g", "u", "b", "m", "o", "h", "v", "z", "[", "]", "+", "-", "r", "t", "j"]
    press(viewer, *names)
    assert viewer.locator(".mv-large").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280, 1920])
def test_no_barrier_and_no_overflow(browser, page_file, scheme, width):
    watched = open_page(browser, page_file, color_scheme=scheme)
    page = watched.page
    page.set_viewport_size({"width": width, "height": 844})
    press(page, "t", "j", "f", "g", "u", "b", "x")
    assert measure_overflow(page) <= 0
    assert find_violations(page) == []
    press(page, "z")
    assert measure_overflow(page) <= 0
    page.context.close()
    assert watched.complaints == []


def test_the_first_task_with_a_prediction_is_chosen(browser, tmp_path, dataset):
    labels = pd.DataFrame({"other": [0.0], "scored": [1.0]}, index=["0000"])
    scores = pd.DataFrame({"scored": [0.1]}, index=["0000"])
    write_view(tmp_path / "view.html", mf.Dataset(dataset.exams[:1], labels), scores)
    watched = open_page(browser, tmp_path / "view.html")
    assert "scored" in watched.page.locator(".mv-tasks [aria-pressed=true]").inner_text()
    watched.page.context.close()


def test_hostile_text_stays_text(browser, tmp_path, dataset):
    exam = mf.Exam(HOSTILE, dataset.exams[0].paths)
    labels = pd.DataFrame({HOSTILE: [1]}, index=[HOSTILE])
    scores = pd.DataFrame({HOSTILE: [0.1]}, index=[HOSTILE])
    write_view(tmp_path / "view.html", mf.Dataset((exam,), labels), scores)
    watched = open_page(browser, tmp_path / "view.html")
    press(watched.page, "c")
    watched.page.keyboard.type(HOSTILE)
    press(watched.page, "Escape", "x", "j")
    assert watched.page.locator("img, #mv-root script").count() == 0
    assert HOSTILE in watched.page.locator(".mv-tasks").inner_text()
    assert watched.complaints == []
    watched.page.context.close()


def test_missing_labels_and_probabilities_are_said(browser, tmp_path, dataset):
    labels = pd.DataFrame({"acl": [np.nan, 1.0]}, index=["0000", "0001"])
    scores = pd.DataFrame({"acl": [0.9, np.nan], "meniscus": 0.2}, index=["0000", "0001"])
    write_view(tmp_path / "view.html", mf.Dataset(dataset.exams[:2], labels), scores)
    watched = open_page(browser, tmp_path / "view.html")
    page = watched.page
    chips = page.locator(".mv-tasks button")
    assert chips.all_inner_texts() == [
        "acl\nlabel none\nmodel 0.90",
        "meniscus\nlabel none\nmodel 0.20",
    ]
    press(page, "n")
    wait_for_exam(page, "0001")
    assert chips.first.inner_text() == "acl\nlabel 1\nmodel none"
    options = page.locator(".mv-exam > .mv-field option").all_inner_texts()
    assert "acl: model and label disagree (0)" in options
    page.context.close()
    assert watched.complaints == []


def test_a_probability_of_one_half_counts_as_negative(browser, tmp_path, dataset):
    labels = pd.DataFrame({"acl": [0.0, 1.0]}, index=["0000", "0001"])
    scores = pd.DataFrame({"acl": [0.5, 0.5]}, index=["0000", "0001"])
    write_view(tmp_path / "view.html", mf.Dataset(dataset.exams[:2], labels), scores)
    watched = open_page(browser, tmp_path / "view.html")
    choose_filter(watched.page, "acl: model and label disagree (1)")
    assert watched.page.locator(".mv-exam .mv-row select option").all_inner_texts() == ["0001"]
    watched.page.context.close()


@pytest.mark.parametrize("stored", ["{}", "[1]", '[{"exam": "0000"}]', "null", "not JSON"])
def test_a_page_ignores_stored_marks_that_it_can_not_read(browser, tmp_path, stored):
    write_view(tmp_path / "view.html", {"sagittal": make_stack((3, 64, 64))})
    watched = open_page(browser, tmp_path / "view.html")
    page = watched.page
    press(page, "x")
    page.evaluate("text => localStorage.setItem(Object.keys(localStorage)[0], text)", stored)
    page.reload()
    wait_for_exam(page)
    assert page.locator(".mv-reader button[aria-pressed=true]").count() == 0
    press(page, "d")
    assert page.locator(".mv-reader button[aria-pressed=true]").count() == 1
    assert watched.complaints == []
    page.context.close()


def test_stacks_of_any_size_and_missing_planes(browser, tmp_path):
    stacks = {"axial": make_stack((61, 40, 90)), "sagittal": make_stack((1, 320, 320))}
    write_view(tmp_path / "view.html", stacks)
    watched = open_page(browser, tmp_path / "view.html")
    page = watched.page
    assert read_position(page, "coronal") == "no stack"
    assert read_position(page, "sagittal") == "1 / 1"
    press(page, "1", "End")
    assert read_position(page, "axial") == "61 / 61"
    assert read_pixel(page, "axial", 0.5, 0.5) == pytest.approx([60] * 3, abs=3)
    press(page, "2", "ArrowDown", "w", "+", "f", "g", "h", "v", "]", "x", "z", "t", "j")
    assert find_violations(page) == []
    assert watched.complaints == []
    page.context.close()


def test_an_exam_whose_pixels_are_all_equal_is_shown(browser, tmp_path):
    write_view(tmp_path / "view.html", {"sagittal": np.full((3, 64, 64), 90, np.uint8)})
    watched = open_page(browser, tmp_path / "view.html")
    press(watched.page, "f", "g", "u", "b", "ArrowDown")
    assert read_position(watched.page, "sagittal") == "3 / 3"
    assert watched.complaints == []
    watched.page.context.close()


def test_sizes_of_the_fixture_are_those_tested():
    assert [SHAPES[plane][0] for plane in PLANES] == [7, 1, 9]
