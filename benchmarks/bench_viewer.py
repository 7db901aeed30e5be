"""How fast the viewer paints, how large its pages are, and how many keys two readings take.

    python benchmarks/bench_viewer.py --folder /tmp/viewer --exams 160 --style 3

Synthetic exams of one style are written to the folder, `baseline` is extracted and cross-validated
with the default model; what is there already is used again. Then, in headless Chromium:

- 200 slice changes by key, on the sagittal plane, without and with all overlays: from the key's
  time stamp to the second animation frame after it, when the change has been painted. In a page of
  twelve exams, and in JupyterLab with the kernel beside it.
- Size of a page of one exam (the largest of twelve) and of twelve.
- A torn ACL found from the model's words, in each of the first ten exams that are torn in truth and
  that the model calls torn: keys from the opened exam until the mark of a contribution lies on the
  ligament's course in the truth (half of its pixels within two pixels of it).
- Twenty exams in which model and label of the meniscus disagree, the most confident first: of each,
  three contributions are looked at, a mark is made, and the marks are saved and read by
  ``--exclude``.

A script does not think. `seconds` is its own time; `seconds_with_reading` adds 1.35 s per key for
the reader's decision and 0.28 s for the key itself (the keystroke-level model of Card, Moran and
Newell 1980, doi:10.1145/358886.358895), and, in the second reading, 15 s per exam to look at it.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib.metadata
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from bench_peers import describe_machine
from scipy.ndimage import maximum_filter

import mrnet_features as mf
from mrnet_features.cli.named_files import read_exclusion
from mrnet_features.report.viewer.view import write_view
from mrnet_features.synthetic import find_lesions

sys.path.insert(0, str(Path(__file__).parents[1]))  # the tests' browser and JupyterLab

from tests.support.browser import Watched, open_browser
from tests.support.jupyter import open_lab, open_notebook, run_cell, write_notebook

RESULTS = Path(__file__).parent / "results"
N_CHANGES = 200
N_READ = 20
DECIDE, PRESS, LOOK = 1.35, 0.28, 15.0  # seconds
NEAR = 2  # pixels

WATCH = """() => {
    window.painted = [];
    document.addEventListener("keydown", (event) => {
        const start = event.timeStamp;
        requestAnimationFrame(() => {
            requestAnimationFrame(() => window.painted.push(performance.now() - start));
        });
    }, true);
}"""


def prepare(folder: Path, n_exams: int, style: int, seed: int) -> tuple[Any, ...]:
    """Dataset, evaluation and features."""
    knees = folder / "knees"
    if not knees.is_dir():
        mf.write_knees(knees, n_train=n_exams, n_valid=0, seed=seed, style=style, n_jobs=1)
    dataset = mf.load_mrnet(knees)
    features = mf.extract_features(dataset, folder / "train.parquet", progress=False)
    evaluation = mf.cross_validate(None, features, dataset.labels, n_repeats=2, progress=False)
    return dataset, evaluation, features


def measure_changes(page: Any) -> dict[str, Any]:
    """Milliseconds from a key to the painted slice."""
    page.locator("[data-plane=sagittal] .mv-screen").focus()
    page.evaluate(WATCH)
    found = {}
    for name, keys in (("plain", ()), ("all_overlays", ("f", "g", "u", "b"))):
        for key in keys:
            page.keyboard.press(key)
        page.keyboard.press("Home")
        page.wait_for_timeout(300)
        page.evaluate("() => { window.painted = []; }")
        key, before = "ArrowDown", ""
        for _ in range(N_CHANGES):
            page.keyboard.press(key)
            page.wait_for_timeout(40)  # slower than any frame, so that changes don't pile up
            position = page.locator("[data-plane=sagittal] .mv-position").inner_text()
            first, last = position.split(" / ")
            assert position != before, "the slice has not changed"
            before = position
            key = {last: "ArrowUp", "1": "ArrowDown"}.get(first, key)
        painted = page.evaluate("window.painted")
        found[name] = {
            "n": len(painted),
            "median_ms": round(statistics.median(painted), 1),
            "p95_ms": round(float(np.percentile(painted, 95)), 1),
            "largest_ms": round(max(painted), 1),
        }
    return found


def measure_page(folder: Path, dataset: Any, evaluation: Any, features: Any) -> dict[str, Any]:
    """Slice changes and sizes of a page of twelve exams."""
    ids = list(dataset.ids[:12])
    page_file = folder / "twelve.html"
    start = time.perf_counter()
    write_view(page_file, dataset, evaluation, features, ids=ids)
    seconds = time.perf_counter() - start
    sizes = []
    for exam in ids[:4]:
        write_view(folder / "one.html", dataset, evaluation, features, ids=[exam])
        sizes.append((folder / "one.html").stat().st_size)
    with open_browser() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        watched = Watched(page)
        page.goto(page_file.as_uri())
        page.wait_for_selector("#mv-root[data-exam]", timeout=60_000)
        page.wait_for_timeout(1500)  # the next exam is decoded meanwhile
        changes = measure_changes(page)
        return {
            "changes": changes,
            "requests": len(watched.requests),
            "console_messages": len(watched.complaints),
            "bytes_twelve_exams": page_file.stat().st_size,
            "bytes_one_exam_largest": max(sizes),
            "seconds_to_write_per_exam": round(seconds / len(ids), 2),
        }


def measure_lab(knees: Path) -> dict[str, Any]:
    """Slice changes in JupyterLab."""
    cell = f"import mrnet_features as mf\nmf.view(mf.load_mrnet({str(knees)!r}))"
    with tempfile.TemporaryDirectory() as name, open_browser() as browser:
        write_notebook(Path(name) / "look.ipynb", cell)
        with open_lab(Path(name)) as address:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            open_notebook(page, address, "look.ipynb")
            run_cell(page, 0)
            page.wait_for_selector(".mv-root[data-exam]", timeout=180_000)
            page.wait_for_timeout(8000)  # the next exam is fetched meanwhile
            return {"changes": measure_changes(page)}


class Reader:
    """Presses keys and counts them."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.n_keys = 0
        self.start = time.perf_counter()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.n_keys += 1

    def wait(self, exam: str) -> None:
        self.page.wait_for_selector(f"#mv-root[data-exam='{exam}']", timeout=30_000)

    def report(self, n_looks: int = 0) -> dict[str, float]:
        seconds = time.perf_counter() - self.start
        reading = self.n_keys * (DECIDE + PRESS) + n_looks * LOOK
        return {
            "keys": self.n_keys,
            "seconds": round(seconds, 1),
            "seconds_with_reading": round(seconds + reading, 1),
        }


def is_on(mark: Any, lesion: np.ndarray) -> bool:
    """Whether half of a mark on its best slice lies on the lesion, within two pixels."""
    wide = maximum_filter(lesion[mark.best_slice], size=2 * NEAR + 1)
    pixels = np.zeros(wide.shape, bool)
    for each in mark.slices:
        if each.slice != mark.best_slice:
            continue
        if each.outline is not None:
            pixels |= each.outline
        if each.segment is not None:
            (row, column), (end_row, end_column) = each.segment
            rows = np.linspace(row, end_row, 43).round().astype(int)
            columns = np.linspace(column, end_column, 43).round().astype(int)
            pixels[rows, columns] = True
    return bool(pixels.any()) and wide[pixels].mean() >= 0.5


def find_tears(
    folder: Path, dataset: Any, evaluation: Any, features: Any, style: int, seed: int
) -> list[dict[str, Any]]:
    """Keys until a mark lies on the torn ligament, for exams that the model calls torn."""
    truth = pd.read_csv(folder / "knees" / "train-truth.csv", dtype={"id": str}).set_index("id")
    scores = evaluation.predictions.groupby("exam")["acl"].mean()
    torn = truth["acl_state"].isin(["partial", "complete"])
    ids = [exam for exam in dataset.ids if torn[exam] and scores[exam] >= 0.5][:10]
    top = mf.explain_predictions(evaluation, features, exams=ids).frame(top=8)
    page_file = folder / "torn.html"
    write_view(page_file, dataset, evaluation, features, ids=ids)
    rows = []
    with open_browser() as browser:
        for exam in ids:
            lesions = find_lesions(seed, index=int(exam), style=style)
            masks = next(lesion.masks for lesion in lesions if lesion.lesion == "acl")
            columns = top[(top["exam"] == exam) & (top["task"] == "acl")]["column"]
            marks = mf.find_marks(dataset[exam], columns)
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.goto(page_file.as_uri())
            reader = Reader(page)
            reader.wait(ids[0])
            reader.press(*["n"] * ids.index(exam))
            reader.wait(exam)
            reader.n_keys, reader.start = 0, time.perf_counter()  # from the opened exam
            reader.press("t")
            found = None
            for place, column in enumerate(columns, start=1):
                reader.press("j")
                mark = marks[column]
                if is_on(mark, masks[mark.plane]):
                    shown = f"[data-plane={mark.plane}] .mv-position"
                    text = f"{mark.best_slice + 1} / "
                    page.locator(shown, has_text=text).wait_for(timeout=5_000)
                    found = place
                    break
            rows.append({"exam": exam, "contribution": found, **reader.report()})
            page.close()
    return rows


def read_disagreements(
    folder: Path, dataset: Any, evaluation: Any, features: Any
) -> dict[str, Any]:
    """Read twenty disagreements in the page, and save the marks."""
    task = "meniscus"
    scores = evaluation.predictions.groupby("exam")[task].mean()
    gap = (scores - dataset.labels[task]).abs()
    ids = gap[(scores >= 0.5) != (dataset.labels[task] == 1)].nlargest(N_READ).index.tolist()
    page_file = folder / "disagreements.html"
    write_view(page_file, dataset, evaluation, features, ids=ids)
    with open_browser() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800}, accept_downloads=True)
        page.goto(page_file.as_uri())
        reader = Reader(page)
        page.wait_for_selector("#mv-root[data-exam]", timeout=30_000)
        reader.press("/")
        options = page.locator(".mv-exam > .mv-field option").all_inner_texts()
        wanted = next(k for k, text in enumerate(options) if text.startswith(f"{task}: model"))
        page.locator(".mv-exam > .mv-field select").select_option(index=wanted)
        reader.n_keys += 2  # a letter chooses the option, Enter takes it
        page.keyboard.press("Escape")
        reader.n_keys += 1
        for k, exam in enumerate(ids):
            reader.wait(exam)
            reader.press("j", "j", "j", ("Shift+A", "Shift+D", "Shift+X")[k % 3])
        with page.expect_download() as download:
            reader.press("s")
        file = folder / "marks.json"
        download.value.save_as(file)
    saved = json.loads(file.read_text())
    assert {row["exam"] for row in saved} == set(ids)
    assert set(read_exclusion(str(file))) == set(ids[2::3])
    return {"n_exams": len(ids), **reader.report(n_looks=len(ids))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--exams", type=int, default=160)
    parser.add_argument("--style", type=int, default=3)
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--results", type=Path, default=RESULTS / "viewer.json")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    load = [os.getloadavg()[0]]
    data = prepare(options.folder, options.exams, options.style, options.seed)
    tears = find_tears(options.folder, *data, options.style, options.seed)
    found = [row for row in tears if row["contribution"]]
    packages = ("mrnet-features", "numpy", "pillow", "anywidget", "jupyterlab", "playwright")
    report = {
        "benchmark": "viewer",
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": describe_machine(),
        "versions": {name: importlib.metadata.version(name) for name in packages},
        "n_exams": options.exams,
        "style": options.style,
        "seed": options.seed,
        "page": measure_page(options.folder, *data),
        "jupyterlab": measure_lab(options.folder / "knees"),
        "torn_acl": {
            "n_exams": len(tears),
            "n_found": len(found),
            "n_found_by_first_three": sum(row["contribution"] <= 3 for row in found),
            "median_keys": statistics.median(row["keys"] for row in found) if found else None,
            "largest_seconds_with_reading": max(row["seconds_with_reading"] for row in tears),
            "exams": tears,
        },
        "twenty_disagreements": read_disagreements(options.folder, *data),
    }
    load.append(os.getloadavg()[0])
    report["machine"]["load_before_and_after"] = [round(each, 2) for each in load]
    options.results.write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps({key: report[key] for key in ("page", "jupyterlab", "torn_acl")}, indent=2))
    print(json.dumps(report["twenty_disagreements"]))


if __name__ == "__main__":
    main()
