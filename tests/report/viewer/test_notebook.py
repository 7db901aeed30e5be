"""The viewer in JupyterLab: exams come from the kernel, marks go back to it."""

import json
import re

import pytest

from tests.support.browser import Watched, find_violations, open_browser
from tests.support.jupyter import open_lab, open_notebook, run_cell, write_notebook
from tests.support.viewed_exams import write_exams
from tests.support.viewer_page import press, read_pixel, read_position

pytest.importorskip("anywidget", reason="anywidget is not installed")

SHOW = """
import pandas as pd
import mrnet_features as mf
exams = tuple(
    mf.Exam(f"{k:04d}", {p: f"{p}/{k:04d}.npy" for p in ("axial", "coronal", "sagittal")})
    for k in range(3)
)
labels = pd.DataFrame({"acl": [0, 1, 0]}, index=[exam.id for exam in exams])
viewer = mf.view(mf.Dataset(exams, labels))
viewer
"""
TELL = "print(viewer.marks[['exam', 'severity', 'advice']].to_json(orient='values'))"


def test_a_notebook_shows_exams_and_gets_the_marks(tmp_path):
    write_exams(tmp_path)
    (tmp_path / "axial" / "0002.npy").write_bytes(b"no stack")
    write_notebook(tmp_path / "look.ipynb", SHOW, TELL, "viewer.marks = viewer.marks[:0]")
    with open_lab(tmp_path) as address, open_browser() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        watched = Watched(page)
        open_notebook(page, address, "look.ipynb")
        run_cell(page, 0)
        page.wait_for_selector(".mv-root[data-exam='0000']", timeout=60_000)
        page.locator("[data-plane=sagittal] .mv-screen").focus()
        press(page, "End")
        # nothing is lost on the way: grey level 60 + 10 k of slice k
        assert read_position(page, "sagittal") == "9 / 9"
        assert read_pixel(page, "sagittal") == [140, 140, 140]
        for _ in range(100):
            if list_asked(watched) == ["0000", "0001"]:  # the next exam is fetched ahead
                break
            page.wait_for_timeout(200)
        press(page, *["ArrowUp"] * 8)
        assert read_pixel(page, "sagittal") == [60, 60, 60]
        assert list_asked(watched) == ["0000", "0001"]  # no slice asks for anything
        press(page, "Shift+X")
        page.wait_for_selector(".mv-root[data-exam='0001']", timeout=30_000)
        press(page, "d", "c")
        page.keyboard.type("flipped?")
        press(page, "Escape")
        # X and D cut and delete cells in JupyterLab; here they only mark
        assert page.locator(".jp-CodeCell").count() == 3
        assert find_violations(page, ".mv-root") == []
        complaints = [text for text in watched.complaints if "anywidget" in text.lower()]
        # a busy machine makes JupyterLab say how long it took to start
        assert [text for text in complaints if "to activate" not in text] == []
        run_cell(page, 1)
        output = page.locator(".jp-CodeCell").nth(1).locator(".jp-OutputArea-output")
        output.wait_for(timeout=30_000)
        assert json.loads(output.inner_text()) == [
            ["0000", "reject", ""],
            ["0001", "check", "label of acl doubtful (label 1); flipped?"],
        ]
        pressed = page.locator(".mv-reader button[aria-pressed=true]")
        assert pressed.count() == 1
        run_cell(page, 2)  # takes the marks back in Python
        pressed.wait_for(state="detached", timeout=30_000)
        page.locator("[data-plane=sagittal] .mv-screen").focus()
        press(page, "n")  # an exam with a broken file
        page.get_by_role("alert").filter(has_text="0002.npy").wait_for(timeout=30_000)


def list_asked(watched):
    """Ids of the exams that the browser has asked the kernel for."""
    frames = [frame if isinstance(frame, bytes) else frame.encode() for frame in watched.sent]
    found = [re.search(rb'"kind": ?"exam", ?"id": ?"(\d+)"', frame) for frame in frames]
    return [each[1].decode() for each in found if each]
