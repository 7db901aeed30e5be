"""A Dask cluster gives the table of this machine, whatever happens to its workers."""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
import types

import numpy as np
import pandas as pd
import pytest

from mrnet_features.data.exam import Exam
from mrnet_features.extraction.describe import Row, StackWarning
from mrnet_features.extraction.engines import dask_engine
from mrnet_features.extraction.engines.dask_engine import describe_on_dask
from mrnet_features.extraction.engines.dask_worker import UnseenFileError
from mrnet_features.extraction.engines.failures import Failure
from mrnet_features.extraction.engines.outcomes import iterate_outcomes
from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.extraction.runs.resume import extract_features
from tests.support.deadly import Deadly, DeadlyOnce, Fragile, Unreachable, spoil

dask = pytest.importorskip("dask", reason="needs the extra `remote`")
distributed = pytest.importorskip("distributed", reason="needs the extra `remote`")


@pytest.fixture(scope="module")
def cluster():
    """Two worker processes, in a folder from which the tests can be imported."""
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", memory_limit=0
        ) as made,
        distributed.Client(made, set_as_default=False) as client,
    ):
        client.run(sys.path.extend, sys.path)
        yield made


@pytest.fixture
def many(tmp_path):
    rng = np.random.default_rng(1)
    made = []
    for k in range(40):
        path = tmp_path / f"{k:04d}.npy"
        np.save(path, rng.integers(10, 256, (2, 40, 40), np.uint8))
        made.append(Exam(path.stem, {"axial": path}))
    return made


def make_fragile(exams, family=None, **parameters):
    family = family or Fragile()
    return FeatureExtractor([family], planes=("axial",), **parameters).fit(exams)


def test_the_file_has_the_bytes_of_a_local_run_though_a_worker_is_killed(
    many, tmp_path, cluster, caplog
):
    caplog.set_level("INFO", "mrnet_features")
    spoil(many[9], 7)
    here, there = tmp_path / "here.parquet", tmp_path / "there.parquet"
    extractor = make_fragile(many, DeadlyOnce(str(tmp_path / "killed")))
    with distributed.Client(cluster, set_as_default=False) as client:
        before = set(client.run(os.getpid).values())
        table = extract_features(many, there, extractor=extractor, dask=client)
        assert client.status == "running"  # it is the caller's
        assert not client.futures
        client.wait_for_workers(2, timeout=30)
        assert len(before & set(client.run(os.getpid).values())) < 2
    extract_features(many, here, extractor=extractor)
    assert there.read_bytes() == here.read_bytes()
    pd.testing.assert_frame_equal(table, extractor.fit_transform(many))
    assert "Describing 40 exams on a Dask cluster with 2 threads." in caplog.messages


def test_each_exam_at_fault_is_found_and_no_other_is_lost(many, cluster):
    spoil(many[3], 7)
    spoil(many[9], 7)
    many[8].paths["axial"].unlink()
    np.save(many[5].paths["axial"], np.full((2, 40, 40), 9, np.uint8))
    extractor = make_fragile(many)
    address = cluster.scheduler_address
    with pytest.warns(StackWarning, match="exam '0005', plane 'axial'"):
        found = dict(iterate_outcomes(extractor, many, skips=True, dask=address))
    assert sorted(found) == list(range(40))
    failures = {k: found[k] for k in found if isinstance(found[k], Failure)}
    assert sorted(failures) == [3, 8, 9]
    assert failures[3] == Failure("axial", repr(Fragile()), "a seven")
    here = dict(iterate_outcomes(extractor, [many[8]], skips=True))
    assert failures[8] == here[0]
    with pytest.raises(ValueError, match=r"a seven|There is no file .*0008") as raised:
        dict(describe_on_dask(extractor, many, address, skips=False))
    assert any("exam '00" in note for note in raised.value.__notes__)
    with pytest.raises(ConnectionError, match="a seven") as raised:
        dict(describe_on_dask(make_fragile(many, Unreachable()), many, address, skips=True))
    assert raised.value.__notes__[-1].startswith("on the Dask worker tcp://127.0.0.1:")


def test_an_exam_that_kills_every_worker_is_named_and_not_skipped(many, tmp_path, cluster, caplog):
    spoil(many[17], 7)
    extractor, path = make_fragile(many, Deadly()), tmp_path / "table.parquet"
    address = cluster.scheduler_address
    with pytest.raises(RuntimeError, match="Every Dask worker that described exam '0017' has died"):
        extract_features(many, path, extractor=extractor, on_error="skip", dask=address)
    assert any("'0017'" in message for message in caplog.messages)
    spoil(many[17], 0)
    table = extract_features(many, path, extractor=extractor, dask=address)
    pd.testing.assert_frame_equal(table, extractor.fit_transform(many))


def test_a_file_that_only_the_caller_sees_is_named_with_the_worker(
    many, tmp_path, cluster, monkeypatch
):
    monkeypatch.chdir(tmp_path)  # a link that leads elsewhere in each process
    exams = [Exam(e.id, {"axial": f"/proc/self/cwd/{e.id}.npy"}) for e in many]
    extractor = make_fragile(exams)
    for skips in (True, False):
        said = r"worker tcp://127.0.0.1:\d+ can't read '/proc/self/cwd/00..\.npy', but this process"
        with pytest.raises(UnseenFileError, match=said):
            dict(describe_on_dask(extractor, exams, cluster.scheduler_address, skips=skips))


def test_a_worker_with_other_software_is_refused(many, cluster, monkeypatch):
    software = dask_engine.list_software("cpu", ())
    extractor = make_fragile(many)
    for changed, said in (
        ({"numpy": "9.0"}, r"tcp://127.0.0.1:\d+ must .* has numpy [\d.]+ \(here 9.0\)"),
        ({"code": "x"}, "has other source code of mrnet-features of the same version"),
        ({"family_code": "x"}, "has other source code of families of your own"),
    ):
        monkeypatch.setattr(dask_engine, "list_software", lambda *_, c=changed: {**software, **c})
        with pytest.raises(RuntimeError, match=said):
            dict(describe_on_dask(extractor, many, cluster.scheduler_address, skips=True))


def test_a_run_that_is_stopped_takes_its_tasks_back(many, cluster):
    with distributed.Client(cluster, set_as_default=False) as client:
        found = describe_on_dask(make_fragile(many), many, client, skips=False)
        assert isinstance(next(found)[1], Row)
        found.close()
        until = time.monotonic() + 10
        while cluster.scheduler.tasks and time.monotonic() < until:
            time.sleep(0.05)
        assert not cluster.scheduler.tasks


@contextlib.contextmanager
def start_scheduler(port_file):
    """Scheduler in a process of its own, without workers; its address."""
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--no-dashboard"]
    options = ["--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(port_file)]
    with subprocess.Popen([*command, *options], stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_cluster_without_workers_is_waited_for_and_a_lost_scheduler_ends_the_run(
    many, tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(dask_engine, "SECONDS_WITHOUT_WORKERS", 0.0)
    file = tmp_path / "scheduler.json"
    with start_scheduler(file) as process:
        while not file.exists():
            time.sleep(0.05)
        address = json.loads(file.read_text())["address"]
        killer = threading.Timer(2.0, process.kill)
        killer.start()
        with pytest.raises(ConnectionError, match="tcp://127.0.0.1:.* was lost"):
            dict(describe_on_dask(make_fragile(many), many, address, skips=True))
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    assert any("has no worker; waiting" in message for message in caplog.messages)


def test_a_worker_that_lacks_a_module_goes_on_and_the_error_names_the_module(
    many, cluster, monkeypatch
):
    module = types.ModuleType("only_here")
    module.Mine = type("Mine", (Fragile,), {"__module__": "only_here", "name": "mine"})
    monkeypatch.setitem(sys.modules, "only_here", module)
    extractor = make_fragile(many, module.Mine())
    with distributed.Client(cluster, set_as_default=False) as client:
        before = client.run(os.getpid)
        with pytest.raises(
            ModuleNotFoundError, match=r"worker can't import .*'only_here'.*for all"
        ):
            dict(describe_on_dask(extractor, many, client, skips=True))
        assert client.run(os.getpid) == before


def test_a_worker_describes_batches_on_its_gpu(many, emulated_gpu):
    here = make_fragile(many).fit_transform(many)
    extractor = make_fragile(many, device="cuda", batch_size=7)
    with distributed.Client(
        processes=False, n_workers=1, threads_per_worker=2, dashboard_address=":0"
    ) as client:
        found = dict(describe_on_dask(extractor, many, client, skips=True))
    rows = np.stack([found[k].values for k in range(40)])
    assert np.array_equal(rows, here.to_numpy())
