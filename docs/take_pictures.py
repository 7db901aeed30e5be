"""Take the README's two pictures from the folder of a demo: the page of a study, and the viewer.

``mrnet-features demo && python docs/take_pictures.py mrnet-demo``
"""

import argparse
import shutil
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

import mrnet_features as mf
from mrnet_features.report.disagreement import rank_disagreements
from mrnet_features.report.viewer.view import write_view

PICTURES = Path(__file__).parent / "pictures"
SIZE = {"width": 1120, "height": 760}
SECTION = "Where model and label disagree"


def open_file(browser, path):
    """Page of a file, painted."""
    page = browser.new_page(viewport=SIZE, color_scheme="light")
    page.goto(path.absolute().as_uri())
    time.sleep(1)
    return page


def main():
    """Write both pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("demo", type=Path, help="folder of `mrnet-features demo`")
    demo = parser.parse_args().demo
    train = mf.load_mrnet(demo / "knees")
    features = mf.read_features(demo / "train.parquet")
    folds = mf.Folds.read(demo / "train-cv" / "folds.csv")
    evaluation = mf.cross_validate(None, features, train.labels, folds=folds, n_jobs=-1)
    exam = rank_disagreements(train.labels, evaluation.predictions).index[0]
    path = shutil.which("chromium")
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = open_file(browser, demo / "report.html")
        page.get_by_role("heading", name=SECTION).evaluate("heading => heading.scrollIntoView()")
        time.sleep(0.5)
        page.screenshot(path=PICTURES / "page.png")
        viewer = Path(folder) / "view.html"
        write_view(viewer, train, evaluation, features, ids=[exam])
        open_file(browser, viewer).screenshot(path=PICTURES / "viewer.png")
        browser.close()


if __name__ == "__main__":
    main()
