"""Changed exams are found by the times of their files, and surely by the hash of their pixels."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from mrnet_features.data.exam import Exam
from mrnet_features.extraction import changes
from mrnet_features.extraction.changes import find_fingerprint, hash_file_state, keep_unchanged
from mrnet_features.extraction.journal import FinishedRow
from tests.support.stack_files import change_pixel

PLANES = ("axial",)


def keep(exams, known, **options):
    states = [hash_file_state(exam, PLANES) for exam in exams]
    options = {"verify": False, "n_jobs": 1, "progress": False, **options}
    return keep_unchanged(exams, states, known, PLANES, **options)


@pytest.fixture
def known(exams):
    return {
        exam.id: FinishedRow(
            np.zeros(1, np.float32),
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


def test_the_code_hash_covers_everything_between_pixels_and_table(monkeypatch):
    read = []
    monkeypatch.setattr(Path, "read_text", lambda path, **_: read.append(path.name) or "")
    changes.hash_code.__wrapped__()
    code = {"compiling.py", "histogram.py", "histogram.cu", "tiles.cuh", "glcm.py", "recipe.py"}
    assert code | {"exam.py"} <= set(read)
