import dataclasses
import importlib

import pytest

from tests.fuzz.cases import SPECIAL, Case

TARGETS = (
    "npy_header",
    "label_csv",
    "rsna_tables",
    "predictions",
    "folds",
    "feature_table",
    "bundle",
    "kneemri",
    "scanner_files",
    "zip_files",
)
N_DRAWN = 60


def require_extras(name):
    if name == "scanner_files":
        pytest.importorskip("pydicom", reason="the extra `dicom` is not installed")
        pytest.importorskip("nibabel", reason="the extra `nifti` is not installed")


def draw(name):
    require_extras(name)
    target = importlib.import_module(f"tests.fuzz.{name}").TARGET
    return [target.draw(0, number) for number in range(N_DRAWN)]


@pytest.mark.parametrize("name", TARGETS)
def test_cases_depend_on_seed_and_number_alone(name):
    first = draw(name)
    assert first == draw(name)
    assert len({str(case.files) for case in first}) > N_DRAWN / 3


@pytest.mark.parametrize("name", TARGETS)
def test_a_pipe_or_a_folder_can_stand_in_place_of_a_file(name):
    require_extras(name)
    target = importlib.import_module(f"tests.fuzz.{name}").TARGET
    target = dataclasses.replace(target, special_share=1.0)
    drawn = [target.draw(0, number) for number in range(20)]
    special = {kind for case in drawn for kind in case.files.values() if isinstance(kind, str)}
    assert len(special) > 2
    assert special <= set(SPECIAL)


def test_some_bundles_have_right_hashes_and_broken_trees():
    cases = draw("bundle")
    assert sum(bool(case.facts.get("is_forged")) for case in cases) > N_DRAWN / 5


@pytest.mark.parametrize(
    "name", ["predictions", "feature_table", "folds", "label_csv", "rsna_tables"]
)
def test_some_tables_have_known_ids(name):
    known = [case for case in draw(name) if not case.facts.get("is_changed")]
    assert sum("ids" in case.facts or "labels" in case.facts for case in known) > N_DRAWN / 10


def test_predictions_of_other_tasks_are_no_finding(tmp_path):
    target = importlib.import_module("tests.fuzz.predictions").TARGET
    text = b"exam,Effusion\n0001,0.5\n"
    (tmp_path / "p.csv").write_bytes(text)
    facts = {"ids": ["0001"], "id_width": None, "logits": False, "is_changed": True}
    target.read(tmp_path, Case({"p.csv": text}, facts))
