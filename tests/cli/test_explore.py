"""`mrnet-features explore`."""

import json
import logging
import re

import numpy as np
import pytest

from mrnet_features.names import PLANES, TASKS
from tests.support.command_line import run
from tests.support.legs import draw_leg
from tests.support.small_sets import write_study

TRAIN, VALID = ("0000", "0001", "0002", "0003"), ("0004", "0005")


@pytest.fixture
def root(tmp_path):
    """Four exams in train and two in valid; in train one is damaged, one contradicts itself."""
    for split, ids in (("train", TRAIN), ("valid", VALID)):
        for plane in PLANES:
            (tmp_path / split / plane).mkdir(parents=True)
            for exam in ids:
                leg = draw_leg(np.random.default_rng([int(exam), PLANES.index(plane)]), plane)
                np.save(tmp_path / split / plane / f"{exam}.npy", leg)
        for task in TASKS:
            rows = "".join(f"{exam},{int(task == 'abnormal')}\n" for exam in ids)
            (tmp_path / f"{split}-{task}.csv").write_text(rows)
    path = tmp_path / "train" / "axial" / "0002.npy"
    path.write_bytes(path.read_bytes()[:-10])
    for task, label in (("acl", 1), ("abnormal", 0)):
        labels = tmp_path / f"train-{task}.csv"
        labels.write_text(labels.read_text().replace(f"0003,{1 - label}", f"0003,{label}"))
    return tmp_path


def test_a_page_is_written_and_broken_exams_are_listed(root):
    done = run("explore", root, "--out", root / "page.html", "--jobs", 1)
    assert done.status == 0, done.stderr
    told = re.search(r"2 exams in ([\d.]+) s, ([\d.]+) s of it for the audit", done.stdout)
    assert float(told[1]) >= float(told[2]) > 0
    assert "Left out, since they can't be loaded: 0002, 0003." in done.stdout
    page = (root / "page.html").read_text()
    assert "stack-file" in page
    assert "label-conflict" in page


def test_without_the_audit_broken_exams_are_an_error(root):
    done = run("explore", root, "--out", root / "page.html", "--jobs", 1, "--no-audit")
    assert done.status == 1
    assert "0002" in done.stderr
    assert not (root / "page.html").exists()


def test_json_and_findings_of_the_split_alone(root):
    (root / "valid" / "axial" / "0004.npy").write_bytes(b"")
    options = ("--jobs", 1, "--json", "--sequences", "sagittal=PD fs, axial=T2")
    done = run("explore", root, "--out", root / "page.html", *options)
    result = json.loads(done.stdout)
    assert (result["exams"], result["left_out"]) == (2, ["0002", "0003"])
    assert result["seconds"] >= result["audit_seconds"] > 0
    assert "0004" not in {flag["exam"] for flag in result["flags"]}
    assert "T2" in (root / "page.html").read_text()


def test_wrong_options_are_refused_before_any_work(root):
    done = run("explore", root, "--out", root / "page.html", "--sequences", "sagittal=STIR")
    assert done.status == 2
    assert "one of T1, T1 fs" in " ".join(done.stderr.replace("│", " ").split())
    done = run("explore", root, "--out", root / "train-acl.csv")
    assert done.status == 2
    assert "is an input" in " ".join(done.stderr.replace("│", " ").split())


def test_studies_are_read_once_for_audit_and_page(tmp_path, caplog):
    for number in (1, 2, 3):
        write_study(tmp_path / "studies" / f"K{number}", number)
    with caplog.at_level(logging.INFO, "mrnet_features"):
        done = run("explore", "studies", "-o", "x.html", "-j", 1, cwd=tmp_path)
    assert done.status == 0, done.stderr
    assert sum("holds 3 DICOM studies" in said for said in caplog.messages) == 1
