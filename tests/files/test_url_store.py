"""What is asked of a store behind a URL, how often, and what its errors become."""

import importlib
import json
import logging
import types

import pytest
from fsspec.registry import known_implementations

from mrnet_features.files import url_store
from mrnet_features.files.paths import to_path
from mrnet_features.files.url_store import MARKS, UrlStore
from tests.support.stores import CountedFileSystem

URL = "counted://place/a.bin"


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """An empty store, and a clock that waiting moves on; the list holds the waits."""
    CountedFileSystem.clear()
    waits = []
    monkeypatch.setattr(url_store, "monotonic", lambda: sum(waits))
    monkeypatch.setattr(url_store, "sleep", waits.append)
    yield waits
    CountedFileSystem.clear()


@pytest.fixture
def file():
    CountedFileSystem().pipe_file("/place/a.bin", b"0123456789")
    path = to_path("counted://place") / "a.bin"
    path.find()
    CountedFileSystem.calls.clear()
    return path


def answer(status):
    """Error of an answer of a web server."""
    error = type("ClientResponseError", (Exception,), {})(f"status {status}")
    error.status = status
    return error


def answer_s3(code):
    """Error of s3fs for an error code of S3."""
    error = OSError(22, "Wrong")
    error.__cause__ = Exception()
    error.__cause__.response = {"Error": {"Code": code}}
    return error


FAULTS = [
    answer(429),
    answer(503),
    OSError(5, "Input/output error"),
    TimeoutError(),
    ConnectionResetError(104, "reset"),
]
FAULTS += [type("ClientError", (Exception,), {})("503 slow down"), RuntimeError("no loop")]
FAULTS += [json.JSONDecodeError("no JSON", "<html>", 0), answer_s3("BadDigest")]
FAULTS += [UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_faults_of_a_network_or_server_are_tried_again_with_growing_waits(
    file, clock, caplog, fault
):
    CountedFileSystem.faults[:] = [fault] * 5
    assert file.read(0, 100) == b"0123456789"
    assert clock == [1, 2, 4, 8, 15]
    assert len(CountedFileSystem.calls) == 6
    (said,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "'counted://place/a.bin' can't be reached" in said.getMessage()


def test_a_store_that_stays_away_for_a_minute_is_one_error(file, clock):
    CountedFileSystem.faults[:] = [OSError("no route to host")] * 100
    with pytest.raises(
        ConnectionError, match=r"'counted://place/a.bin' can't be reached \(no route to host\)"
    ) as caught:
        file.read(0, 100)
    assert 60 <= sum(clock) <= 75
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("fault", "kind", "message"),
    [
        (FileNotFoundError("/x"), FileNotFoundError, "There is no file or folder 'counted://pl"),
        (PermissionError("Denied"), ConnectionError, r"refuses access \(Denied\). Check the cre"),
        (IsADirectoryError("b"), IsADirectoryError, r"a.bin' can't be read \(b\)"),
        (ValueError("bad bucket"), ValueError, r"a.bin' can't be read \(bad bucket\). Check the U"),
        (TypeError("no option x"), ValueError, r"\(no option x\). Check the URL and its storage"),
        (type("NoCredentialsError", (Exception,), {})("Unable"), ConnectionError, "Unable"),
        (type("RefreshError", (Exception,), {})("invalid_grant"), ConnectionError, "refuses acc"),
        (answer_s3("InvalidToken"), ConnectionError, "store of 'counted://.*a.bin' refuses access"),
        (answer_s3("400"), ConnectionError, "refuses access"),
        (answer_s3("InvalidRequest"), ValueError, "Check the URL"),
        (OSError(22, "The requested range is not valid"), ValueError, "range is not valid"),
        (OSError("Forbidden: b/a.bin"), ConnectionError, "Forbidden"),
        (answer(401), ConnectionError, "refuses access"),
        (answer(403), ConnectionError, "refuses access"),
        (answer(404), FileNotFoundError, "There is no file"),
        (answer(416), ValueError, "can't be read"),
    ],
)
def test_faults_of_the_file_itself_are_raised_at_once(file, clock, fault, kind, message):
    CountedFileSystem.faults[:] = [fault]
    with pytest.raises(kind, match=message):
        file.read(0, 100)
    assert not clock
    assert len(CountedFileSystem.calls) == 1


def test_too_little_memory_is_no_fault_of_the_store(file, clock):
    CountedFileSystem.faults[:] = [MemoryError()]
    with pytest.raises(MemoryError):
        file.read(0, 100)
    assert not clock


def test_errors_hold_no_credentials(file):
    store = UrlStore("counted://", {"key": "hunter2", "client": {"tokens": ["s3cr3t-token"]}})
    said = "key hunter2 token s3cr3t-token at https://me:pass@host/x?sig=abc, and 'y?a=b'"
    CountedFileSystem.faults[:] = [PermissionError(said), *[OSError(said)] * 100]
    for said_first in ("refuses access", "can't be reached"):
        with pytest.raises(ConnectionError, match=said_first) as caught:
            store.read("place/a.bin", file.find(), 0, 9)
        text = str(caught.value)
        for secret in ("hunter2", "s3cr3t", "me:pass", "abc", "a=b"):
            assert secret not in text
        assert "https://...@host/x?..., and 'y?...'" in text
        assert caught.value.__suppress_context__


def test_a_file_is_read_in_one_request(file):
    assert file.read(0, 100) == b"0123456789"
    assert file.read(2, 5) == b"234"
    assert CountedFileSystem.calls == [("read", "/place/a.bin")] * 2


def test_an_empty_file_is_not_asked_for():
    CountedFileSystem().pipe_file("/place/a.bin", b"")
    path = to_path("counted://place") / "a.bin"
    path.find()
    CountedFileSystem.calls.clear()
    assert path.read(0, 9) == b""
    assert not CountedFileSystem.calls


@pytest.mark.parametrize("content", [b"", b"0123", bytes(25)])
def test_a_file_that_has_another_size_by_now_is_read_as_it_is_now(file, content):
    CountedFileSystem().pipe_file("/place/a.bin", content)
    assert file.read(0, 20) == content[:20]
    assert file.find().size == 10


def test_no_more_is_read_than_was_asked_for(monkeypatch, file):
    asked = []
    monkeypatch.setattr(
        CountedFileSystem,
        "cat_file",
        lambda self, path, start, end: asked.append((start, end)) or bytes(end - start),
    )
    assert len(file.read(0, 4)) == 4
    assert asked == [(0, 4)]


def test_a_server_that_sends_the_whole_file_in_place_of_a_part_is_refused(monkeypatch, file):
    monkeypatch.setattr(CountedFileSystem, "cat_file", lambda *_, **__: b"0123456789")
    assert file.read(0, 100) == file.read(0, 10) == b"0123456789"
    for start, stop in ((2, 5), (7, 100), (0, 3)):
        with pytest.raises(ValueError, match=r"a.bin' must answer range requests.* Copy the file"):
            file.read(start, stop)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [(answer(403), ConnectionError), (answer(503), ConnectionError), (answer(404), None)],
)
def test_a_web_server_that_fails_is_not_taken_for_one_without_the_file(monkeypatch, fault, kind):
    """Fsspec raises FileNotFoundError for each error of a request for the size of a file."""

    class Failing:
        def invalidate_cache(self, path):
            pass

        def info(self, path):
            raise FileNotFoundError(path) from fault

    monkeypatch.setattr(UrlStore, "_connect", lambda _, key: (Failing(), key))
    with pytest.raises(kind or FileNotFoundError):
        to_path("https://host/a.npy").find()


def test_a_container_is_no_user():
    path = to_path("abfs://knees@account.dfs.core.windows.net/train")
    assert str(path) == "abfs://knees@account.dfs.core.windows.net/train"
    assert str(to_path("abfs://me:hunter2@account/train")) == "abfs://account/train"


@pytest.mark.parametrize("mark", sorted({*MARKS, "modify", "blob_id", "oid"}))
def test_each_mark_of_a_store_tells_a_changed_file(monkeypatch, mark):
    listed = {"name": "/place/a.bin", "type": "file", "size": 3, mark: "one"}
    monkeypatch.setattr(CountedFileSystem, "ls", lambda *_, **__: [dict(listed)])
    states = []
    for value in ("one", "two"):
        listed[mark] = value
        states.append((to_path("counted://place") / "a.bin").state())
    assert states[0] != states[1]
    listed["size"] = 4
    assert (to_path("counted://place") / "a.bin").state() not in states


def test_a_store_that_marks_no_file_does_not_tell_whether_one_has_changed(monkeypatch):
    listed = {"name": "/place/a.bin", "type": "file", "size": 3}
    monkeypatch.setattr(CountedFileSystem, "ls", lambda *_, **__: [listed])
    monkeypatch.setattr(CountedFileSystem, "info", lambda *_, **__: listed)
    with pytest.raises(OSError, match="does not tell whether the file has changed"):
        (to_path("counted://place") / "a.bin").state()


def test_a_marker_of_the_folder_itself_is_no_file_in_it(monkeypatch):
    listed = [
        {"name": "/place", "type": "file", "size": 0},
        {"name": "/place/", "type": "directory", "size": 0},
        {"name": "/place/..", "type": "file", "size": 0},
        {"name": "/place/b/", "type": "directory", "size": 0},
    ]
    monkeypatch.setattr(CountedFileSystem, "ls", lambda *_, **__: listed)
    assert [path.name for path in to_path("counted://place").iterdir()] == ["b"]


def test_a_missing_package_is_named_with_the_extra(monkeypatch):
    find = importlib.import_module

    def refuse(name, *rest):
        if name.startswith("fsspec"):
            raise ModuleNotFoundError("No module named 'fsspec'")
        return find(name, *rest)

    monkeypatch.setattr(url_store, "importlib", types.SimpleNamespace(import_module=refuse))
    with pytest.raises(
        ModuleNotFoundError, match=r"'s3://b/a' needs fsspec: pip install 'mrnet-features\[remote\]"
    ):
        to_path("s3://b/a").exists()


def test_a_missing_package_of_a_store_is_named(monkeypatch):
    absent = {"class": "no_such_package.FileSystem", "err": "Install no_such_package"}
    monkeypatch.setitem(known_implementations, "absent", absent)
    with pytest.raises(
        ModuleNotFoundError,
        match=r"'absent://b' needs another package \(Install no_such_package\): pip .*\[remote\]",
    ):
        to_path("absent://b").exists()


def test_an_unknown_scheme_is_refused():
    with pytest.raises(ValueError, match=r"'nowhere://a' can't be read \(.*nowhere.*Check the URL"):
        to_path("nowhere://a").exists()
