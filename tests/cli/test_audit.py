"""`mrnet-features audit`."""

import json

import numpy as np
import pytest

from mrnet_features.names import PLANES, TASKS
from mrnet_features.quality import CODES
from tests.support.command_line import run
from tests.support.dicom_files import draw_stack, write_series
from tests.support.rsna_folder import HEADER, write_rows


@pytest.fixture
def root(tmp_path):
    """One exam with blank stacks."""
    for plane in PLANES:
        (tmp_path / "train" / plane).mkdir(parents=True)
        np.save(tmp_path / "train" / plane / "0000.npy", np.zeros((4, 64, 64), np.uint8))
    for task in TASKS:
        (tmp_path / f"train-{task}.csv").write_text("0000,1\n")
    return tmp_path


def test_the_help_lists_all_codes():
    listed = run("audit", "--help").stdout.split("Codes:")[1].split("Examples:")[0]
    assert listed.replace(",", " ").split() == list(CODES)


def test_findings_are_printed_as_a_table(root):
    done = run("audit", root, "--jobs", 1)
    assert done.status == 0
    rows = [line.split() for line in done.stdout.splitlines()]
    assert rows[0] == ["severity", "split", "exam", "plane", "code", "value", "advice"]
    assert ["reject", "train", "0000", "axial", "blank-slices", "4", "slices"] in [
        row[:7] for row in rows
    ]
    assert done.stderr == f"Next: mrnet-features audit {root} --json > audit.json\n"
    assert "exam (train 1)" in done.stdout
    assert "Not checked for axial (1 of the 20 exams needed)" in done.stdout


def test_json_holds_the_findings_and_the_note_goes_to_standard_error(root):
    done = run("audit", root, "--jobs", 1, "--json", "--codes", "blank-slices,noise")
    findings = json.loads(done.stdout)
    found = {
        (row["split"], row["exam"], row["code"], row["value"], row["unit"]) for row in findings
    }
    assert found == {("train", "0000", "blank-slices", 4.0, "slices")}
    assert done.stderr.startswith("Not checked")
    done = run("audit", root, "--jobs", 1, "--json", "--codes", "blank-slices")
    assert done.stderr == ""
    done = run("audit", root, "--jobs", 1, "--json", "--skip", "blank-slices,duplicate")
    assert "blank-slices" not in done.stdout


def test_series_that_exams_lack_are_counted(tmp_path):
    pytest.importorskip("pydicom", reason="the extra `dicom` is not installed")
    listed = [HEADER]
    for study, slots in (("1.2.1", ("axial", "coronal")), ("1.2.2", ("axial",))):
        for plane in slots:
            uid = f"{study}.{len(listed)}"
            listed.append((study, uid, 1, 1, plane.capitalize()))
            folder = tmp_path / "train_series" / study / uid
            write_series(folder, plane, draw_stack(9), ScanOptions="FS")
    write_rows(tmp_path / "train.csv", [("StudyInstanceUID", "ACL"), ("1.2.1", 0), ("1.2.2", 1)])
    write_rows(tmp_path / "train_series.csv", listed)
    said = "Exams of 2 without a series (no fault by itself): coronal_fluid 1."
    done = run("audit", tmp_path, "--jobs", 1, "--json", "--codes", "header-side")
    assert json.loads(done.stdout) == []
    assert said in done.stderr
    done = run("audit", tmp_path, "--jobs", 1, "--codes", "header-side")
    assert said in done.stdout
