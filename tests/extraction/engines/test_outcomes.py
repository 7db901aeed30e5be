"""Each exam has an outcome, its row or why it has none, and no other exam is lost."""

import errno
import os

import numpy as np
import pandas as pd
import pytest

from mrnet_features import jobs
from mrnet_features.data import stack_files
from mrnet_features.extraction.describe import Row, StackWarning
from mrnet_features.extraction.engines.failures import Failure
from mrnet_features.extraction.engines.outcomes import iterate_outcomes
from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.extraction.runs.resume import extract_features
from tests.support.deadly import Deadly, Fragile, spoil


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
    found = list(iterate_outcomes(extractor, mixed, skips=True))
    outcomes = [outcome for _, outcome in found]
    assert [index for index, _ in found] == list(range(5))
    assert [isinstance(outcome, Row) for outcome in outcomes] == [True, False, True, False, True]
    missing, failed = outcomes[1], outcomes[3]
    assert missing.plane == "axial"
    assert missing.family == ""
    assert "0001.npy" in missing.error
    assert failed == Failure("axial", repr(Fragile()), "a seven")


@pytest.mark.parametrize(
    "kind", [MemoryError, ConnectionError, ConnectionResetError, ModuleNotFoundError]
)
def test_memory_and_network_are_no_fault_of_the_exam(mixed, monkeypatch, kind):
    monkeypatch.setattr(Fragile, "error", kind)
    extractor = FeatureExtractor([Fragile()], planes=("axial",)).fit(mixed)
    with pytest.raises(kind, match="a seven"):
        list(iterate_outcomes(extractor, mixed, skips=True))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE])
def test_a_full_disk_and_too_many_open_files_are_no_fault_of_the_exam(exams, monkeypatch, number):
    extractor = FeatureExtractor("minimal", planes=("axial",)).fit(exams)

    def refuse(path):
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(stack_files, "open_file", refuse)
    with pytest.raises(ValueError, match=os.strerror(number)):
        list(iterate_outcomes(extractor, exams, skips=True))


@pytest.mark.parametrize("skips", [True, False])
def test_stacks_that_look_wrong_are_named(exams, skips):
    np.save(exams[2].paths["axial"], np.full((2, 40, 40), 9, np.uint8))
    extractor = FeatureExtractor("minimal", planes=("axial",)).fit(exams)
    with pytest.warns(StackWarning, match="exam '0002', plane 'axial'"):
        found = list(iterate_outcomes(extractor, exams, skips=skips))
    assert all(isinstance(outcome, Row) for _, outcome in found)


def test_worker_processes_send_failures_back(exams, tmp_path):
    exams[2].paths["axial"].write_bytes(b"")
    extractor = FeatureExtractor("minimal", planes=("axial",), n_jobs=2).fit(exams)
    found = list(iterate_outcomes(extractor, exams, skips=True))
    assert [isinstance(outcome, Failure) for _, outcome in found] == [False, False, True] + [
        False
    ] * 2


def test_without_skipping_the_first_error_ends_the_run(mixed):
    extractor = FeatureExtractor([Fragile()], planes=("axial",)).fit(mixed)
    found = iterate_outcomes(extractor, mixed, skips=False)
    index, outcome = next(found)
    assert index == 0
    assert isinstance(outcome, Row)
    with pytest.raises(ValueError, match="0001.npy"):
        next(found)


def test_an_exam_that_kills_its_worker_process_is_named_and_not_skipped(
    exams, tmp_path, monkeypatch
):
    monkeypatch.setattr(jobs, "MAX_TRIES", 1)  # workers take seconds to start
    for k, exam in enumerate(exams):
        spoil(exam, 7 if k == 2 else 0)
    path = tmp_path / "table.parquet"
    extractor = FeatureExtractor([Deadly()], planes=("axial",), n_jobs=2)
    said = "worker process of exam '0002' was killed each time"
    with pytest.raises(RuntimeError, match=said):
        extract_features(exams, path, extractor=extractor, on_error="skip")
    assert path.with_name("table.parquet.unfinished").exists()
    spoil(exams[2], 0)
    table = extract_features(exams, path, extractor=extractor, on_error="skip")
    pd.testing.assert_frame_equal(table, extractor.set_params(n_jobs=1).fit_transform(exams))
