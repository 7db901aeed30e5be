"""Exams that can't be described: each is found, with plane and family, and no other is lost."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from mrnet_features.csv_files import read_table
from mrnet_features.extraction.describe import Row, StackWarning
from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.extraction.failures import (
    Failure,
    explain_failure,
    is_failures_file,
    iterate_outcomes,
    write_failures,
)
from mrnet_features.families.base import Family


@dataclass(frozen=True)
class Fragile(Family):
    """A family that fails where the first pixel is 7."""

    name: ClassVar[str] = "fragile"
    error: ClassVar[type[Exception]] = ValueError

    def count(self, stack):
        if bool((stack.grey[:, 0, 0] == 7).any()):
            raise self.error("a seven")
        return stack.grey

    def describe(self, counts):
        return {"x": counts[:, :1, 0] * 1.0}

    def describe_stack(self, counts, starts):
        return {}


def spoil(exam, value):
    stack = np.load(exam.paths["axial"])
    stack[0, 0, 0] = value
    np.save(exam.paths["axial"], stack)


@pytest.fixture
def mixed(exams):
    """Five exams; the second has no file, the fourth makes the family fail."""
    for exam in exams:
        spoil(exam, 0)
    exams[1].paths["axial"].unlink()
    spoil(exams[3], 7)
    return exams


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_each_exam_at_fault_is_found_and_no_other_is_lost(mixed, device, request):
    if device == "cuda":
        request.getfixturevalue("emulated_gpu")
    extractor = FeatureExtractor([Fragile()], planes=("axial",), device=device).fit(mixed)
    outcomes = list(iterate_outcomes(extractor, mixed))
    assert [isinstance(outcome, Row) for outcome in outcomes] == [True, False, True, False, True]
    missing, failed = outcomes[1], outcomes[3]
    assert missing.plane == "axial"
    assert missing.family == ""
    assert "0001.npy" in missing.error
    assert failed == Failure("axial", repr(Fragile()), "a seven")


def test_too_little_memory_is_no_fault_of_the_exam(mixed, monkeypatch):
    monkeypatch.setattr(Fragile, "error", MemoryError)
    extractor = FeatureExtractor([Fragile()], planes=("axial",)).fit(mixed)
    with pytest.raises(MemoryError, match="a seven"):
        list(iterate_outcomes(extractor, mixed))


def test_stacks_that_look_wrong_are_named_as_without_skipping(exams):
    np.save(exams[2].paths["axial"], np.full((2, 40, 40), 9, np.uint8))
    extractor = FeatureExtractor("minimal", planes=("axial",)).fit(exams)
    with pytest.warns(StackWarning, match="exam '0002', plane 'axial'"):
        outcomes = list(iterate_outcomes(extractor, exams))
    assert all(isinstance(outcome, Row) for outcome in outcomes)


def test_worker_processes_send_failures_back(exams, tmp_path):
    exams[2].paths["axial"].write_bytes(b"")
    extractor = FeatureExtractor("minimal", planes=("axial",), n_jobs=2).fit(exams)
    outcomes = list(iterate_outcomes(extractor, exams))
    assert [isinstance(outcome, Failure) for outcome in outcomes] == [False, False, True] + [
        False
    ] * 2


def test_the_file_is_safe_in_a_spreadsheet_and_known_again(tmp_path):
    path = tmp_path / "table.errors.csv"
    assert not is_failures_file(path)
    error = explain_failure(ValueError("=1+1\nsecond\x1b[2J line" + "x" * 5000))
    write_failures({"0001": error, "-2": Failure("axial", "Glcm()", "short")}, path)
    assert is_failures_file(path)
    text = path.read_text()
    assert "'=1+1 second\\x1b[2J line" in text
    assert "'-2,axial,Glcm(),short\n" in text
    rows = read_table(path)
    assert rows["exam"].tolist() == ["0001", "-2"]
    assert rows["error"].str.len().max() == 1000
    path.write_text("exam,plane\n")
    assert not is_failures_file(path)


def test_an_error_without_a_message_has_the_name_of_its_kind():
    assert explain_failure(RuntimeError()).error == "RuntimeError"
    assert explain_failure(KeyError("no plane")).error == "no plane"


def test_a_failure_names_the_series():
    error = ValueError("no slice")
    error.add_note("while reading exam '0042', series 'sagittal_fluid'")
    assert explain_failure(error) == Failure("sagittal_fluid", "", "no slice")
