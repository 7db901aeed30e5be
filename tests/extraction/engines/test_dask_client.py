"""Clients of Dask: what is no cluster is refused, and calls are only bytes to Dask."""

import subprocess
import sys

import pytest

from mrnet_features.extraction.engines import dask_client
from mrnet_features.extraction.engines.dask_client import connect
from mrnet_features.files.url_store import UrlStore

distributed = pytest.importorskip("distributed", reason="needs the extra `remote`")


def test_what_is_no_cluster_is_refused(monkeypatch):
    monkeypatch.setattr(dask_client, "CONNECT_SECONDS", 0.5)
    with pytest.raises(ConnectionError, match="must be a Dask scheduler at 'tcp://127.0.0.1:1'"):
        connect("tcp://127.0.0.1:1").__enter__()
    with pytest.raises(ValueError, match="must be the address of a scheduler.* got 'tcp://host'"):
        connect("tcp://host").__enter__()
    with pytest.raises(TypeError, match="or a distributed.Client, got int"):
        connect(8786).__enter__()
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'mrnet-features\[remote\]'"):
        connect("tcp://127.0.0.1:1").__enter__()


def test_a_client_of_the_caller_is_used_and_left_open():
    options = {"processes": False, "n_workers": 1, "threads_per_worker": 1}
    with distributed.Client(dashboard_address=":0", set_as_default=False, **options) as client:
        with connect(client) as used:
            assert used is client
        assert client.status == "running"
        assert dask_client.submit(client, pow, 2, 5).result(timeout=10) == 32
        lacking = ModuleNotFoundError("No module named 'x'")
        with pytest.raises(ModuleNotFoundError, match="No module named 'x'"):
            dask_client.explain_missing(client, lacking)


class Recorder:
    """A client that keeps what is submitted."""

    def submit(self, function, *arguments, **options):
        self.function, self.arguments, self.options = function, arguments, options


def test_what_is_submitted_shows_no_credentials_and_needs_no_package_to_be_loaded():
    store = UrlStore("s3://", {"key": "AKIDEXAMPLE", "secret": "wJalrXUtnFEMI"})
    recorder = Recorder()
    dask_client.submit(recorder, tuple, [store])
    shown = repr((recorder.function, recorder.arguments, recorder.options))
    assert not [text for text in ("AKIDEXAMPLE", "wJalrXUtnFEMI", "UrlStore") if text in shown]
    assert recorder.function(*recorder.arguments) == (store,)
    dask_client.submit(recorder, pow, 2, 5)
    (call,) = recorder.arguments
    code = f"import pickle; print(pickle.loads({call!r}))"
    found = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, check=True)
    assert found.stdout.split() == [b"32"]
