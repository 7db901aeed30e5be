"""Table of a Dask cluster whose workers are killed, compared with that of one machine.

    python benchmarks/check_dask.py --exams 60 --kills 10

Starts a scheduler and two workers as processes on loopback and runs ``mrnet-features extract
--dask`` on synthetic knees. Each time another part of the exams is finished, a random worker
process gets SIGKILL. Prints one JSON object, which also goes to ``results/dask.json``; the exit
status is 1 unless the file is byte-equal to that of a local run.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench_peers import describe_machine
from cluster_processes import count_finished, list_command, start, stop, wait_for_address
from distributed import Client

import mrnet_features as mf

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("mrnet-features", "dask", "distributed", "numpy", "numba")
LONGEST_SECONDS = 1800.0


@contextlib.contextmanager
def start_cluster(folder: Path, n_workers: int) -> Iterator[str]:
    """Scheduler and workers of one thread each; yields the address."""
    file, log = folder / "scheduler.json", folder / "cluster.log"
    common = ("--host", "127.0.0.1", "--no-dashboard")
    with contextlib.ExitStack() as stack:
        options = ("--port", "0", "--scheduler-file", str(file), *common)
        process = start("distributed.cli.dask_scheduler", *options, log=log)
        stack.callback(stop, process)
        address = wait_for_address(file)
        for _ in range(n_workers):
            options = (address, "--nthreads", "1", *common, "--memory-limit", "0")
            stack.callback(stop, start("distributed.cli.dask_worker", *options, log=log))
        yield address


def kill_workers(
    address: str, run: subprocess.Popen[bytes], table: Path, n_kills: int, n_exams: int
) -> list[int]:
    """Kill random workers while a run goes on; exams that were finished at each kill."""
    killed_at: list[int] = []
    choose = random.Random(19)
    with Client(address, timeout=60, set_as_default=False) as client:
        while run.poll() is None and len(killed_at) < n_kills:
            time.sleep(0.05)
            done = count_finished(table)
            if done < (len(killed_at) + choose.random()) * n_exams / (n_kills + 1):
                continue
            workers = sorted(client.run(os.getpid).values())
            if workers:
                os.kill(choose.choice(workers), signal.SIGKILL)
                killed_at.append(done)
                time.sleep(1.0)  # until the scheduler has noticed
    return killed_at


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--exams", type=int, default=60)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--families", default="baseline")
    parser.add_argument("--out", type=Path, default=RESULTS / "dask.json")
    options = parser.parse_args()
    machine = describe_machine()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        knees, here, there = folder / "knees", folder / "here.parquet", folder / "there.parquet"
        mf.write_knees(knees, n_train=options.exams, n_valid=1, seed=19, n_jobs=2)
        began = time.monotonic()
        command = list_command(knees, here, options.families)
        local = start(*command, "-j", "2", log=folder / "run.log")
        if local.wait(LONGEST_SECONDS):
            raise RuntimeError((folder / "run.log").read_text())
        local_seconds = time.monotonic() - began
        with start_cluster(folder, 2) as address:
            began = time.monotonic()
            command = list_command(knees, there, options.families)
            run = start(*command, "--dask", address, log=folder / "dask.log")
            try:
                killed_at = kill_workers(address, run, there, options.kills, options.exams)
                status = run.wait(LONGEST_SECONDS)
            finally:
                stop(run)
            seconds = time.monotonic() - began
        if status:
            raise RuntimeError((folder / "dask.log").read_text())
        is_equal = here.read_bytes() == there.read_bytes()
        log = (folder / "cluster.log").read_text()
        result = {
            "benchmark": "dask",
            "date": datetime.now(UTC).date().isoformat(),
            "machine": machine,
            "versions": {package: version(package) for package in PACKAGES},
            "families": options.families,
            "n_exams": options.exams,
            "n_workers": 2,
            "n_killed": len(killed_at),
            "finished_exams_at_each_kill": killed_at,
            "n_restarted": log.count("Restarting worker"),
            "is_byte_equal": is_equal,
            "seconds_local_2_processes": round(local_seconds, 1),
            "seconds_dask_with_kills": round(seconds, 1),
        }
    print(json.dumps(result, indent=1))
    options.out.write_text(json.dumps(result, indent=1) + "\n")
    sys.exit(0 if is_equal and len(killed_at) == options.kills else 1)


if __name__ == "__main__":
    main()
