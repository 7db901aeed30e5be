"""What a Dask worker does: its software is compared, and files that it lacks are found."""

import pickle
import zipfile

import pytest

from mrnet_features.data.exam import Exam
from mrnet_features.extraction.engines.dask_worker import (
    UnseenFileError,
    check_software,
    find_unseen,
    list_software,
)
from mrnet_features.families.lbp import Lbp
from mrnet_features.files.paths import to_path


def test_software_is_compared_in_both_directions():
    software = list_software("cpu", ("pydicom",))
    assert {"numpy", "numba", "mrnet-features", "code", "pydicom"} <= software.keys()
    check_software(software, dict(software), "tcp://a:1")
    fewer = {name: text for name, text in software.items() if name != "pydicom"}
    with pytest.raises(RuntimeError, match=r"tcp://a:1 .* pydicom missing \(here [\d.]+\)"):
        check_software(software, fewer, "tcp://a:1")
    with pytest.raises(RuntimeError, match=r"pydicom [\d.]+ \(here missing\)"):
        check_software(fewer, software, "tcp://a:1")


class Own(Lbp):
    """Family that is not of the library."""


def test_families_of_your_own_are_software():
    assert "family_code" not in list_software("cpu", (), (Lbp(),))
    assert list_software("cpu", (), (Own(),))["family_code"]


def test_a_file_that_is_gone_is_found(exams):
    assert find_unseen(exams[0]) is None
    exams[0].paths["axial"].unlink()
    assert find_unseen(exams[0]) == exams[0].paths["axial"]
    assert find_unseen(Exam("0042", {})) is None


def test_a_zip_file_that_is_gone_is_found(exams, tmp_path):
    archive = tmp_path / "exams.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(exams[0].paths["axial"], "knees/0000.npy")
    exam = Exam("0000", {"axial": to_path(archive) / "knees" / "0000.npy"})
    assert exam.load("axial").shape == (2, 40, 40)
    assert find_unseen(exam) is None
    archive.unlink()
    assert find_unseen(exam) == archive


def test_the_error_survives_the_way_to_the_caller():
    error = pickle.loads(pickle.dumps(UnseenFileError("/data/0042.npy", "tcp://a:1")))
    assert (error.path, error.worker) == ("/data/0042.npy", "tcp://a:1")
    assert "Dask worker tcp://a:1 can't read '/data/0042.npy'" in str(error)
