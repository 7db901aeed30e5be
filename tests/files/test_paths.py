"""A path is a local one, one in a zip file, or one behind a URL."""

import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from upath import UPath

from mrnet_features.data.exam import Exam
from mrnet_features.files.paths import is_url, require_local, to_path
from mrnet_features.files.stored_paths import StoredPath
from tests.support.stores import CountedFileSystem, pack, upload


@pytest.fixture(autouse=True)
def empty_store():
    CountedFileSystem.clear()
    yield
    CountedFileSystem.clear()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "set" / "b").mkdir(parents=True)
    (tmp_path / "set" / "b" / "c.npy").write_bytes(b"one")
    (tmp_path / "set" / "a.csv").write_text("two")
    return tmp_path / "set"


@pytest.fixture(params=["memory", "counted", "zip"])
def stored(request, folder):
    """The folder in another place."""
    if request.param == "zip":
        return to_path(pack(folder, folder.parent / "a.ZIP")) / "MRNet-v1.0"
    return to_path(upload(folder, f"{request.param}://place/set"))


@pytest.mark.parametrize("given", ["a/b", Path("a/b"), UPath("a/b")])
def test_local_paths_are_those_of_pathlib(given):
    assert to_path(given) == Path("a/b")
    assert type(to_path(given)) is type(Path())


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("file:///a/b", "/a/b"),
        ("file:///a%20b", "/a b"),
        ("FILE://localhost/a", "/a"),
        (UPath("file:///a/b"), "/a/b"),
        ("file:///", "/"),
    ],
)
def test_file_urls_are_local_paths(url, path):
    assert to_path(url) == Path(path)


def test_local_paths_load_no_fsspec():
    code = (
        "import sys; from mrnet_features.files.paths import to_path; "
        "to_path('a'); to_path('s3://a/b'); "
        "unused = {'fsspec', 'upath', 'zipfile', 's3fs'}; "
        "assert not unused & set(sys.modules), unused & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_stored_folder_reads_as_a_local_one(stored, folder):
    assert stored.is_dir()
    assert not stored.is_file()
    assert sorted(path.name for path in stored.iterdir()) == ["a.csv", "b"]
    file = stored / "b" / "c.npy"
    assert file == stored / "b/c.npy"
    assert file.is_file()
    assert file.exists()
    assert not file.is_dir()
    assert (file.name, file.suffix, file.parent) == ("c.npy", ".npy", stored / "b")
    assert file.with_name("d.npy") == stored / "b" / "d.npy"
    assert file.read(0, 100) == b"one"
    assert file.read(1, 2) == b"n"
    assert not (stored / "c").exists()
    assert not (stored / "b" / "d" / "e").exists()
    assert not (file / "d").exists()
    assert sorted([file, stored / "a.csv"]) == [stored / "a.csv", file]
    with pytest.raises(IsADirectoryError, match="b' must be a file, got a folder"):
        (stored / "b").read(0, 9)
    with pytest.raises(FileNotFoundError, match="There is no file '.*set.*/d'|MRNet-v1.0/d'"):
        (stored / "d").read(0, 9)
    with pytest.raises((FileNotFoundError, NotADirectoryError)):
        list((stored / "a.csv").iterdir())


def test_a_stored_path_is_the_same_in_another_process(stored):
    file = stored / "b" / "c.npy"
    copy = pickle.loads(pickle.dumps(file))
    assert copy == file
    assert hash(copy) == hash(file)
    assert str(copy) == str(file)
    assert copy != stored
    CountedFileSystem.calls.clear()
    assert copy.read(0, 100) == b"one"
    assert [kind for kind, _ in CountedFileSystem.calls] in ([], ["read"])


def test_each_folder_is_listed_once(folder):
    root = to_path(upload(folder, "counted://place/set"))
    for _ in range(3):
        assert (root / "a.csv").is_file()
        assert not (root / "z.csv").exists()
        assert [path.name for path in (root / "b").iterdir()] == ["c.npy"]
        assert (root / "b" / "c.npy").state()
    assert CountedFileSystem.calls == [("list", "/place/set"), ("list", "/place/set/b")]


def test_a_listing_is_made_again_when_the_state_of_a_file_must_be_recent(folder, monkeypatch):
    file = to_path(upload(folder, "counted://place/set")) / "a.csv"
    state = file.state()
    upload(folder, "counted://place/set")  # the same bytes at another time
    assert file.state() == state
    monkeypatch.setattr("mrnet_features.files.stored_paths.RECENT_SECONDS", -1.0)
    assert file.state() != state


def test_options_travel_with_a_path_and_are_shown_nowhere(folder):
    upload(folder, "memory://place/set")
    given = UPath("memory://place/set", secret="hunter2")
    path = to_path(given)
    assert path.store.options == {"secret": "hunter2"}
    assert path != to_path("memory://place/set")
    copy = pickle.loads(pickle.dumps(path / "a.csv"))
    assert copy.store.options == {"secret": "hunter2"}
    assert "hunter2" not in repr(copy) + str(copy) + repr(copy.store) + copy.state()
    assert copy.read(0, 9) == b"two"


def test_user_and_password_of_a_url_are_not_shown():
    path = to_path("ftp://me:hunter2@host/set") / "a.csv"
    assert str(path) == "ftp://host/set/a.csv"
    assert str(to_path("https://host/a.npy?sig=hunter2")) == "https://host/a.npy"
    assert to_path("https://host/a.npy?sig=hunter2").name == "a.npy"


def test_a_url_that_was_made_a_path_is_refused():
    with pytest.raises(ValueError, match="URL 's3:/bucket/a' must be passed as text"):
        to_path(Path("s3://bucket/a"))
    assert is_url(Path("s3://bucket/a"))
    assert not is_url("/s3:/a")


@pytest.mark.parametrize("scheme", ["s3", "gs", "abfs", "https", "sftp"])
def test_paths_of_any_scheme_are_built_without_its_package(scheme):
    path = to_path(f"{scheme}://bucket/MRNet-v1.0/") / "train" / "axial"
    assert str(path) == f"{scheme}://bucket/MRNet-v1.0/train/axial"
    assert [str(above) for above in path.parents] == [
        f"{scheme}://bucket/{name}".rstrip("/") for name in ("MRNet-v1.0/train", "MRNet-v1.0", "")
    ]
    assert path.parent.parent == to_path(f"{scheme}://bucket/MRNet-v1.0")


def test_a_chain_of_places_is_refused():
    with pytest.raises(ValueError, match="must be followed by one place"):
        to_path("zip://a::s3://bucket/b.zip")


@pytest.mark.parametrize("given", ["s3://bucket/a", UPath("memory://a")])
def test_what_must_be_local_is_refused_elsewhere(given):
    with pytest.raises(ValueError, match="KneeMRI is read from a folder on this computer, got '"):
        require_local(given, "KneeMRI")


@pytest.mark.parametrize("cache", ["simplecache", "filecache", "blockcache", "FileCache"])
def test_a_cache_that_is_never_checked_is_refused(cache):
    with pytest.raises(ValueError, match=f"{cache.lower()}::s3:// must be s3:// alone: a cache"):
        to_path(f"{cache}::s3://bucket/b")


def test_a_file_of_which_nothing_is_listed_is_no_folder(folder, monkeypatch):
    """So fsspec answers for a file behind https://."""
    url = upload(folder, "counted://place/set")
    listing = CountedFileSystem.ls

    def list_nothing(self, path, detail=True, **options):
        found = listing(self, path, detail=detail, **options)
        return [] if found and found[0]["name"] == path else found

    monkeypatch.setattr(CountedFileSystem, "ls", list_nothing)
    file = to_path(f"{url}/b/c.npy")
    assert not file.is_dir()
    assert file.is_file()
    assert to_path(url).is_dir()
    exam = Exam("1", {"axial": file})
    assert exam.list_files("axial") == [file]
    assert exam.describe_files("axial") == file.state() != ""


def test_a_path_below_a_file_can_be_sent_to_another_process(stored):
    path = stored / "a.csv" / "b"
    assert pickle.loads(pickle.dumps(path)) == path


def test_the_content_of_a_zip_file_behind_a_url_is_a_folder(folder):
    upload(folder.parent, "counted://place")
    pack(folder, folder.parent / "a.zip")
    upload(folder.parent, "counted://place")
    root = to_path("counted://place/a.zip")
    file = root / "MRNet-v1.0" / "b" / "c.npy"
    copy = pickle.loads(pickle.dumps(file))
    CountedFileSystem.calls.clear()
    assert copy.read(0, 9) == b"one"
    assert CountedFileSystem.calls == [("read", "/place/a.zip")]
    assert isinstance(to_path("counted://place/a.zip/MRNet-v1.0/a.csv"), StoredPath)
    assert to_path("counted://place/a.zip/MRNet-v1.0/a.csv").read(0, 9) == b"two"
