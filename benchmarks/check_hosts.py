"""Table of three hosts, one of which is unplugged, compared with that of one host.

    pip install 'moto[server]' 'mrnet-features[remote]'
    sudo python benchmarks/check_hosts.py --exams 30

Linux only, as root. Each host is a network namespace on a bridge: one has the Dask scheduler, an
object store (moto) with synthetic knees and ``mrnet-features extract s3://... --dask``; two have a
worker each. When a third of the exams is finished, the link of one worker is taken down and stays
down. Prints one JSON object, which also goes to ``results/hosts.json``; the exit status is 1 unless
the file is byte-equal to that of a run on the first host alone. All processes and namespaces are
removed at the end, also after an error.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Self

import numpy as np
from bench_peers import describe_machine
from cluster_processes import count_finished, list_command, start, stop, wait_for_address

import mrnet_features as mf

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("mrnet-features", "dask", "distributed", "s3fs", "moto", "numpy", "numba")
NETWORK = "10.77.19"
STORE_PORT = 5000
LONGEST_SECONDS = 900.0
URL = "s3://bucket/knees"
SETTINGS = {
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "15s",
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "15s",
    "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "30s",
}
"""How soon a silent host counts as lost; Dask's own defaults are 30 s, 30 s and 5 min."""

ENVIRONMENT = {
    **SETTINGS,
    "PYTHONPATH": str(Path(mf.__file__).parents[1]),
    "AWS_ENDPOINT_URL": f"http://{NETWORK}.1:{STORE_PORT}",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "no_proxy": "*",
}


def run_ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, timeout=30)


class Hosts:
    """Network namespaces on one bridge; number 1 has the bridge."""

    def __init__(self, n_hosts: int, log: Path) -> None:
        self._stack = contextlib.ExitStack()
        self.log = log
        self._names = {k: f"mrnet{os.getpid()}h{k}" for k in range(1, n_hosts + 1)}

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as undo:
            undo.callback(self._stack.close)
            for name in self._names.values():
                run_ip("netns", "add", name)
                self._stack.callback(run_ip, "netns", "del", name)
                run_ip("-n", name, "link", "set", "lo", "up")
            first = self._names[1]
            run_ip("-n", first, "link", "add", "bridge", "type", "bridge")
            run_ip("-n", first, "addr", "add", f"{NETWORK}.1/24", "dev", "bridge")
            run_ip("-n", first, "link", "set", "bridge", "up")
            for k, name in list(self._names.items())[1:]:
                pair = ("link", "add", f"port{k}", "netns", first, "type", "veth")
                run_ip(*pair, "peer", "name", "eth0", "netns", name)
                run_ip("-n", first, "link", "set", f"port{k}", "master", "bridge", "up")
                run_ip("-n", name, "addr", "add", f"{NETWORK}.{k}/24", "dev", "eth0")
                run_ip("-n", name, "link", "set", "eth0", "up")
            undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start(self, host: int, *module: str) -> subprocess.Popen[bytes]:
        """Start a module of Python on a host; it is ended with the hosts."""
        within = ("ip", "netns", "exec", self._names[host])
        process = start(*module, log=self.log, within=within, env=ENVIRONMENT)
        self._stack.callback(stop, process)
        return process

    def finish(self, host: int, *module: str) -> float:
        """Run a module of Python on a host to its end; seconds."""
        began = time.monotonic()
        if self.start(host, *module).wait(LONGEST_SECONDS):
            raise RuntimeError(self.log.read_text()[-5000:])
        return time.monotonic() - began

    def unplug(self, host: int) -> None:
        """Take the link of a host down: packets are lost, and nobody is told."""
        run_ip("-n", self._names[1], "link", "set", f"port{host}", "down")


def upload(folder: str) -> None:
    """Copy a folder to the store; runs on the first host."""
    import s3fs

    until = time.monotonic() + 60
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection((f"{NETWORK}.1", STORE_PORT)):
            break
        time.sleep(0.2)
    system = s3fs.S3FileSystem()
    system.mkdir("bucket")
    system.put(folder, URL.removeprefix("s3://"), recursive=True)


def read_values(table: Path) -> tuple[list[str], list[str], bytes]:
    frame = mf.read_features(table)
    return list(frame.index), list(frame.columns), frame.to_numpy(np.float32).tobytes()


def run_with_loss(
    hosts: Hosts, table: Path, families: str, address: str, n_exams: int
) -> dict[str, float]:
    """Extract on the workers, and unplug one when a third of the exams is finished."""
    began = time.monotonic()
    process = hosts.start(1, *list_command(URL, table, families), "--dask", address)
    unplugged_at, n_then = 0.0, 0
    while process.poll() is None and time.monotonic() - began < LONGEST_SECONDS:
        time.sleep(0.05)
        n_then = count_finished(table)
        if n_then >= n_exams / 3:
            hosts.unplug(3)
            unplugged_at = time.monotonic() - began
            break
    if process.wait(LONGEST_SECONDS):
        raise RuntimeError(hosts.log.read_text()[-5000:])
    return {
        "finished_exams_when_unplugged": n_then,
        "seconds_until_unplugged": round(unplugged_at, 1),
        "seconds_dask": round(time.monotonic() - began, 1),
    }


@contextlib.contextmanager
def start_hosts(folder: Path, knees: Path) -> Iterator[tuple[Hosts, str]]:
    """Three hosts with store, scheduler and two workers; yields them with the address."""
    file = folder / "scheduler.json"
    with Hosts(3, folder / "hosts.log") as hosts:
        hosts.start(1, "moto.server", "-H", f"{NETWORK}.1", "-p", str(STORE_PORT))
        hosts.finish(1, "check_hosts", "--upload", str(knees))
        options = ("--port", "8786", "--no-dashboard", "--scheduler-file", str(file))
        hosts.start(1, "distributed.cli.dask_scheduler", "--host", f"{NETWORK}.1", *options)
        address = wait_for_address(file)
        for k in (2, 3):
            options = (address, "--nthreads", "1", "--no-dashboard", "--memory-limit", "0")
            hosts.start(k, "distributed.cli.dask_worker", "--host", f"{NETWORK}.{k}", *options)
        yield hosts, address


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--exams", type=int, default=30)
    parser.add_argument("--families", default="baseline")
    parser.add_argument("--out", type=Path, default=RESULTS / "hosts.json")
    parser.add_argument("--upload", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.upload:
        upload(options.upload)
        return
    machine = describe_machine()
    ENVIRONMENT["PYTHONPATH"] += f":{Path(__file__).parent}"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        knees, local = folder / "knees", folder / "local.parquet"
        here, there = folder / "here.parquet", folder / "there.parquet"
        mf.write_knees(knees, n_train=options.exams, n_valid=1, seed=19, n_jobs=2)
        with start_hosts(folder, knees) as (hosts, address):
            hosts.finish(1, *list_command(knees, local, options.families), "-j", "2")
            seconds = hosts.finish(1, *list_command(URL, here, options.families), "-j", "2")
            found = run_with_loss(hosts, there, options.families, address, options.exams)
        is_equal = here.read_bytes() == there.read_bytes()
        result = {
            "benchmark": "hosts",
            "date": datetime.now(UTC).date().isoformat(),
            "machine": machine,
            "versions": {package: version(package) for package in PACKAGES},
            "settings": SETTINGS,
            "families": options.families,
            "n_exams": len(read_values(there)[0]),
            "seconds_one_host": round(seconds, 1),
            **found,
            "is_byte_equal": is_equal,
            "has_values_of_local_files": read_values(local) == read_values(there),
        }
    print(json.dumps(result, indent=1))
    options.out.write_text(json.dumps(result, indent=1) + "\n")
    is_unplugged = 0 < result["finished_exams_when_unplugged"] < options.exams
    sys.exit(0 if is_equal and result["has_values_of_local_files"] and is_unplugged else 1)


if __name__ == "__main__":
    main()
