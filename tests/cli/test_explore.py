"""`mrnet-features explore`."""

import json

import pytest

from tests.support.audited_folder import N_TRAIN, stack_path, write_labels, write_legs
from tests.support.audited_folder import name as exam_id
from tests.support.command_line import run


@pytest.fixture
def root(tmp_path):
    """24 legs, one stack of train damaged, one exam of train labelled against itself."""
    write_legs(tmp_path)
    path = stack_path(tmp_path, 2, "axial")
    path.write_bytes(path.read_bytes()[:-10])
    labels = {exam_id(k): int(k == 5) for k in range(N_TRAIN)}
    write_labels(tmp_path, "train", "acl", labels)
    write_labels(tmp_path, "train", "abnormal", {**dict.fromkeys(labels, 1), "0005": 0})
    return tmp_path


def test_a_page_is_written_and_broken_exams_are_listed(root):
    done = run("explore", root, "--out", root / "page.html", "--jobs", 1)
    assert done.status == 0, done.stderr
    assert "19 exams" in done.stdout
    assert "Left out, since they can't be loaded: 0002, 0005." in done.stdout
    page = (root / "page.html").read_text()
    assert "stack-file" in page
    assert "label-conflict" in page


def test_without_the_audit_broken_exams_are_an_error(root):
    done = run("explore", root, "--out", root / "page.html", "--jobs", 1, "--no-audit")
    assert done.status == 1
    assert "0002" in done.stderr
    assert not (root / "page.html").exists()


def test_json_and_findings_of_the_split_alone(root):
    path = stack_path(root, N_TRAIN, "axial")  # in valid
    path.write_bytes(b"")
    options = ("--jobs", 1, "--json", "--sequences", "sagittal=PD fs, axial=T2")
    done = run("explore", root, "--out", root / "page.html", *options)
    result = json.loads(done.stdout)
    assert (result["exams"], result["left_out"]) == (19, ["0002", "0005"])
    assert exam_id(N_TRAIN) not in {flag["exam"] for flag in result["flags"]}
    assert "T2" in (root / "page.html").read_text()


def test_wrong_options_are_refused_before_any_work(root):
    done = run("explore", root, "--out", root / "page.html", "--sequences", "sagittal=STIR")
    assert done.status == 2
    assert "one of T1, T1 fs" in " ".join(done.stderr.replace("│", " ").split())
    done = run("explore", root, "--out", root / "train-acl.csv")
    assert done.status == 2
    assert "is an input" in " ".join(done.stderr.replace("│", " ").split())
