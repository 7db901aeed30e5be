"""Changed exams are found by the times of their files, and surely by the hash of their pixels."""

import shutil
from pathlib import Path

import pytest

from mrnet_features.data.exam import Exam
from mrnet_features.extraction.runs import changes
from mrnet_features.extraction.runs.changes import find_fingerprint, hash_file_state, keep_unchanged
from mrnet_features.extraction.runs.journal import FinishedExam
from tests.support.stack_files import change_pixel

PLANES = ("axial",)


def keep(exams, known, **options):
    states = [hash_file_state(exam, PLANES) for exam in exams]
    options = {"verify": False, "n_jobs": 1, "progress": False, **options}
    return keep_unchanged(exams, states, known, PLANES, **options)


@pytest.fixture
def known(exams):
    return {
        exam.id: FinishedExam(
            find_fingerprint(exam, 0, PLANES),
            hash_file_state(exam, PLANES),
        )
        for exam in exams
    }


def test_unchanged_files_are_not_read(exams, known, monkeypatch):
    monkeypatch.setattr(changes, "find_fingerprint", lambda *_: pytest.fail("read"))
    assert keep(exams, known) == known


def test_a_changed_stack_with_the_old_size_and_modification_time_is_found(exams, known):
    change_pixel(exams[2])
    assert list(keep(exams, known)) == ["0000", "0001", "0003", "0004"]


def test_a_copy_of_the_same_pixels_is_kept_with_its_new_state(exams, known):
    path = exams[0].paths["axial"]
    shutil.copy(path, path.with_suffix(".tmp"))
    path.with_suffix(".tmp").replace(path)
    kept = keep(exams, known)
    assert list(kept) == list(known)
    assert kept["0000"].file_state == hash_file_state(exams[0], PLANES)
    assert kept["0000"].file_state != known["0000"].file_state


def test_verify_reads_exams_whose_files_look_unchanged(exams, known):
    wrong = {exam: row._replace(fingerprint="other") for exam, row in known.items()}
    assert keep(exams, wrong) == wrong
    assert keep(exams, wrong, verify=True) == {}


def test_an_exam_that_can_not_be_read_counts_as_changed(exams, known):
    exams[1].paths["axial"].write_bytes(b"")
    assert "0001" not in keep(exams, known)
    assert hash_file_state(Exam("0009", {}), PLANES) == ""
    assert hash_file_state(Exam("0009", {"axial": Path("none.npy")}), PLANES) == ""


def test_a_series_that_an_exam_lacks_is_part_of_its_state(exams):
    planes = ("axial", "coronal_fluid")
    path = exams[0].paths["axial"]
    whole = Exam("0000", {"axial": path, "coronal_fluid": exams[1].paths["axial"]})
    states = [hash_file_state(exam, planes, "nan") for exam in (exams[0], whole)]
    assert "" not in states
    assert len(set(states)) == 2
    hashes = [find_fingerprint(exam, 0, planes, "nan") for exam in (exams[0], whole)]
    assert hashes[0] == find_fingerprint(exams[0], 0, PLANES)
    assert hashes[1] == find_fingerprint(whole, 0, planes) != hashes[0]
    assert hash_file_state(exams[0], planes) == find_fingerprint(exams[0], 0, planes) == ""
    assert hash_file_state(exams[0], planes[1:], "nan") == ""


def test_a_listed_file_that_does_not_exist_is_no_missing_series(exams):
    lost = Exam("0000", {**exams[0].paths, "coronal_fluid": Path("lost.npy")})
    planes = ("axial", "coronal_fluid")
    assert hash_file_state(lost, planes, "nan") == find_fingerprint(lost, 0, planes, "nan") == ""
