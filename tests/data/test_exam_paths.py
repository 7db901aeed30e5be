import pickle
import tracemalloc
from pathlib import Path

import pytest

from mrnet_features.data.exam import Exam
from mrnet_features.data.exam_paths import ExamPaths
from mrnet_features.data.stack_files import StackFiles
from mrnet_features.files.stored_paths import StoredPath

PLANES = ("axial", "coronal", "sagittal")


def test_paths_equal_those_of_a_dict_and_are_made_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paths = ExamPaths({"axial": "a.npy", "coronal": Path("/b.npy")})
    expected = {"axial": tmp_path / "a.npy", "coronal": Path("/b.npy")}
    assert paths == expected
    assert dict(paths) == expected
    assert repr(paths) == repr(expected)
    assert "sagittal" not in paths
    with pytest.raises(KeyError, match="sagittal"):
        paths["sagittal"]


def test_stored_paths_keep_what_their_listing_said():
    paths = Exam("0042", {"axial": "memory://a/0042.npy"}).paths
    assert isinstance(paths["axial"], StoredPath)
    assert paths["axial"] is paths["axial"]


def test_an_exam_is_pickled_with_its_paths():
    exam = Exam("0042", {plane: f"/data/{plane}/0042.npy" for plane in PLANES})
    assert pickle.loads(pickle.dumps(exam)) == exam


def test_the_paths_of_an_exam_take_less_than_700_bytes():
    n_exams, folder = 2000, "/data/MRNet-v1.0/train"
    ids = [str(k) for k in range(n_exams)]
    tracemalloc.start()
    try:
        files = {plane: StackFiles(Path(folder, plane), ids) for plane in PLANES}
        held = [ExamPaths({plane: files[plane][name] for plane in PLANES}) for name in ids]
        for paths in held:  # a path that was used once must not stay in memory
            assert str(paths["axial"]).startswith(folder)
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert used / n_exams < 700


def test_files_of_a_folder_are_those_of_its_ids():
    files = StackFiles(Path("axial"), ["0007", "0003"])
    assert list(files) == ["0007", "0003"]
    assert files["0003"] == Path("axial/0003.npy")
    assert "0001" not in files
    with pytest.raises(KeyError):
        files["0001"]


@pytest.mark.parametrize(
    ("paths", "got"),
    [
        ("a.npy", "got str"),
        ([Path("a.npy")], "got list"),
        ({"axial": None}, "got NoneType for 'axial'"),
        ({1: "a.npy"}, "got 1 as a series"),
    ],
)
def test_what_is_no_mapping_to_paths_is_refused(paths, got):
    with pytest.raises(TypeError, match=f"`paths` of an exam must be a mapping .*, {got}"):
        Exam("0042", paths)
