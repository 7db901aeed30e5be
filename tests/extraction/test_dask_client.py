"""Clients of Dask: what is no cluster is refused, and calls are only bytes to Dask."""

import sys

import pytest

from mrnet_features.extraction import dask_client
from mrnet_features.extraction.dask_client import connect

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
