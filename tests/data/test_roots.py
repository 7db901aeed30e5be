"""A set of exams in a zip file or behind a URL loads, reads and resumes as the one on disk."""

import pickle
import shutil
import zipfile

import numpy as np
import pytest
from upath import UPath

import mrnet_features as mf
from mrnet_features.data.layouts import find_layout, load_labels
from mrnet_features.data.mrnet.load import load_mrnet
from mrnet_features.data.roots import open_root
from mrnet_features.data.rsna.load import load_rsna_knee
from mrnet_features.names import PLANES
from tests.support.mrnet_folder import write_folder
from tests.support.rsna_folder import write_set
from tests.support.stores import CountedFileSystem, pack, upload


@pytest.fixture
def root(tmp_path):
    CountedFileSystem.clear()
    yield write_folder(tmp_path / "set")
    CountedFileSystem.clear()


@pytest.fixture(params=["counted", "memory", "zip", "zip behind a URL"])
def stored(request, root):
    """The same set in another place, as a caller names it."""
    if request.param == "zip":
        return pack(root, root.parent / "MRNet-v1.0.zip")
    if request.param == "memory":
        return UPath(upload(root, "memory://place/set"))
    if request.param == "counted":
        return upload(root, "counted://place/set")
    pack(root, root.parent / "MRNet-v1.0.zip")
    shutil.rmtree(root / "train")
    upload(root.parent, "counted://place")
    return "counted://place/MRNet-v1.0.zip"


def test_exams_and_labels_are_those_of_the_local_folder(tmp_path, stored):
    there, here = load_mrnet(stored), load_mrnet(write_folder(tmp_path / "again"))
    assert there.ids == here.ids
    assert there.labels.equals(here.labels)
    assert load_labels(stored).equals(here.labels)
    assert find_layout(stored) == "mrnet"
    for exam in here:
        for plane in PLANES:
            stack = there[exam.id].load(plane)
            assert np.array_equal(stack, exam.load(plane))
            assert stack.flags.writeable
            assert stack.flags.c_contiguous
            assert there[exam.id].find_shape(plane) == exam.find_shape(plane)
            assert there[exam.id].list_files(plane) == [there[exam.id].paths[plane]]
        assert there[exam.id].find_side().name == "unknown"


def test_exams_can_be_sent_to_other_processes(stored):
    for exam in load_mrnet(stored):
        copy = pickle.loads(pickle.dumps(exam))
        assert copy == exam
        assert np.array_equal(copy.load("axial"), exam.load("axial"))


def test_the_state_of_a_stack_stays_until_it_changes(root, stored):
    states = [load_mrnet(stored)["0001"].describe_files("axial") for _ in range(2)]
    assert states[0] == states[1]
    assert states[0] != load_mrnet(stored)["0001"].describe_files("sagittal")
    if not str(stored).endswith("zip"):
        path = root / "train" / "axial" / "0001.npy"
        np.save(path, np.load(path) + 1)
        upload(root, str(stored))
        assert load_mrnet(stored)["0001"].describe_files("axial") != states[0]


def test_loading_asks_for_each_folder_once_and_reading_for_each_stack_once(root):
    train = load_mrnet(upload(root, "counted://place/set"))
    calls = CountedFileSystem.calls
    folders = ["", "/train/axial", "/train/coronal", "/train/sagittal"]
    assert sorted(path for kind, path in calls if kind == "list") == [
        f"/place/set{folder}" for folder in folders
    ]
    assert sorted(path for kind, path in calls if kind == "read") == [
        f"/place/set/train-{task}.csv" for task in ("abnormal", "acl", "meniscus")
    ]
    assert {kind for kind, _ in calls} == {"list", "read"}
    calls.clear()
    copies = pickle.loads(pickle.dumps(train.exams))
    for exam in train:
        for plane in PLANES:
            exam.describe_files(plane)
    assert not calls
    for exam in copies:
        for plane in PLANES:
            exam.load(plane)
    assert sorted(calls) == sorted(
        ("read", f"/place/set/train/{plane}/{exam}.npy") for plane in PLANES for exam in train.ids
    )


def test_an_empty_or_huge_stack_is_found_in_the_listing(root, monkeypatch):
    url = upload(root, "counted://place/set")
    CountedFileSystem().pipe_file("/place/set/train/axial/0001.npy", b"")
    with pytest.raises(ValueError, match=r"Exam '0001', plane 'axial': .*0001.npy' is empty"):
        load_mrnet(url)
    monkeypatch.setattr("mrnet_features.data.stack_files.MOST_PIXELS", -(2**17))
    with pytest.raises(ValueError, match="0002.npy' must hold at most .* got a file of"):
        load_mrnet(url)


def test_a_damaged_stack_behind_a_url_is_an_error_when_it_is_read(root):
    url = upload(root, "counted://place/set")
    CountedFileSystem().pipe_file("/place/set/train/axial/0001.npy", b"\x93NUMPY and more")
    train = load_mrnet(url)
    for read in (train["0001"].load, train["0001"].find_shape):
        with pytest.raises(
            ValueError, match=r"Exam '0001', plane 'axial': 'counted://.*/0001.npy' can't be read"
        ):
            read("axial")
    CountedFileSystem().rm_file("/place/set/train/axial/0000.npy")
    with pytest.raises(ValueError, match=r"There is no file .*0000.npy'. Copy it again"):
        train["0000"].load("axial")


def test_the_headers_of_stacks_in_a_zip_file_are_checked(root):
    (root / "train" / "axial" / "0001.npy").write_bytes(b"\x93NUMPY and more")
    np.save(root / "train" / "coronal" / "0002.npy", np.zeros((3, 8, 8), np.float32))
    path = root / "train" / "sagittal" / "0000.npy"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match="has 3 problems") as caught:
        load_mrnet(pack(root, root.parent / "a.zip"))
    for said in ("axial/0001.npy' can't", "0002.npy' must hold an array", "got 251. The copy is"):
        assert said in str(caught.value)


def test_headers_in_a_zip_file_may_be_long(root):
    path = root / "train" / "axial" / "0001.npy"
    header = b"{'descr': '|u1', 'fortran_order': True, 'shape': (3, 9, 7), }".ljust(5000)
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(189))
    stack = load_mrnet(pack(root, root.parent / "a.zip"))["0001"].load("axial")
    assert stack.shape == (3, 9, 7)
    assert stack.flags.f_contiguous


@pytest.mark.parametrize("top", ["", "MRNet-v1.0/", "a/b/c/"])
def test_the_set_in_a_zip_file_is_found(root, top):
    archive = pack(root, root.parent / "a.zip", top=top)
    with zipfile.ZipFile(archive, "a") as opened:
        opened.writestr("README.txt", "read me")
        opened.writestr("docs/a.txt", "more")
    assert str(open_root(archive)) == f"{archive}/{top}".rstrip("/")
    assert len(load_mrnet(archive)) == 3
    assert len(load_mrnet(f"{archive}/{top}")) == 3


def test_two_sets_in_a_zip_file_are_named(root):
    archive = pack(root, root.parent / "a.zip", top="one/")
    with zipfile.ZipFile(archive, "a") as opened:
        opened.writestr("two/train-acl.csv", "0000,1\n")
    with pytest.raises(FileNotFoundError, match="has no folder 'train'. Pass '.*a.zip/one'"):
        load_mrnet(archive)
    assert len(load_mrnet(f"{archive}/one")) == 3


@pytest.mark.parametrize("place", ["memory://nowhere/set", "counted://nowhere"])
def test_a_missing_folder_is_named(place):
    for load in (load_mrnet, load_labels, find_layout, mf.audit):
        with pytest.raises(FileNotFoundError, match=f"There is no folder '{place}'"):
            load(place)


def test_a_store_that_can_not_be_reached_is_no_fault_of_an_exam(root, monkeypatch):
    url = upload(root, "counted://place/set")
    train = load_mrnet(url)
    monkeypatch.setattr("mrnet_features.files.url_store.MOST_SECONDS", 0.0)
    monkeypatch.setattr("mrnet_features.files.url_store.FIRST_WAIT", 0.0)

    def fail(self, *arguments, **options):
        raise OSError("no route to host")

    monkeypatch.setattr(CountedFileSystem, "cat_file", fail)
    for act in (
        lambda: train["0001"].load("axial"),
        lambda: train["0001"].find_shape("axial"),
        lambda: load_mrnet(url),
        lambda: load_labels(url),
        lambda: mf.audit(train, n_jobs=1),
    ):
        with pytest.raises(ConnectionError, match="counted://place/set.*can't be reached"):
            act()
    monkeypatch.setattr(CountedFileSystem, "ls", fail)
    with pytest.raises(ConnectionError, match="'counted://place/set' can't be reached"):
        load_mrnet(url)


def test_a_notebook_asks_for_no_file_behind_a_url(root):
    exam = load_mrnet(upload(root, "counted://place/set"))["0001"]
    CountedFileSystem.calls.clear()
    assert "not looked at" in exam._repr_html_()
    assert "counted://place/set/train/axial/0001.npy" in exam._repr_html_()
    assert not CountedFileSystem.calls


def test_options_are_shown_nowhere(root):
    upload(root, "memory://place/set")
    train = load_mrnet(UPath("memory://place/set", secret="hunter2"))
    for plane in PLANES:
        path = train["0001"].paths[plane]
        assert "hunter2" not in path.state() + repr(path.store)
    extractor = mf.FeatureExtractor("acquisition", planes=["axial"], n_jobs=1)
    with pytest.warns(UserWarning, match="All pixels"):
        table = extractor.fit_transform(train.exams)
    shown = [train, train.exams, train["0001"]._repr_html_(), table.attrs, train["0001"].paths]
    assert "hunter2" not in repr(shown)
    assert train["0001"].paths["axial"].store.options == {"secret": "hunter2"}


def test_a_set_in_the_rsna_layout_loads_from_anywhere(tmp_path):
    root = write_set(tmp_path / "set")
    here = load_rsna_knee(root)
    for place in (upload(root, "memory://place/rsna"), pack(root, tmp_path / "a.zip")):
        there = load_rsna_knee(place)
        assert there.labels.equals(here.labels)
        assert there.table().equals(here.table())
        for exam in here:
            for series, path in exam.paths.items():
                stored = there[exam.id].paths[series]
                assert str(stored).endswith(str(path.relative_to(root)))
                names = [file.name for file in there[exam.id].list_files(series)]
                assert names == [file.name for file in exam.list_files(series)]
    CountedFileSystem.clear()
