"""Exams behind ``s3://`` while the connection breaks: the table is that of the local folder.

    pip install 'moto[server]'
    python benchmarks/check_remote.py --exams 16

Starts a moto server and a TCP proxy before it on loopback, uploads synthetic knees, and runs
``mrnet-features extract s3://...`` with two processes: undisturbed, with the proxy killed for ten
seconds in the middle, and with the proxy killed for good, then once more with it. Counts the
requests that reach the server. The tables must have the bytes of the local one, as must those of
``memory://`` and of a zip file. With ``--before FOLDER``, a checkout of an earlier version, it also
compares the time that loading and reading local stacks takes. Writes ``results/remote.json``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime as dt
import importlib.metadata
import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

import mrnet_features as mf

RESULTS = Path(__file__).parent / "results"
PACKAGE = Path(mf.__file__).parents[1]
OUTAGE_SECONDS = 10.0
PLANES = ("axial", "coronal", "sagittal")
TASKS = ("abnormal", "acl", "meniscus")


def find_port():
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return opened.getsockname()[1]


async def forward(reader, writer):
    with contextlib.suppress(OSError):
        while data := await reader.read(2**16):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()


async def serve_proxy(port, target):
    async def meet(reader, writer):
        try:
            there = await asyncio.open_connection("127.0.0.1", target)
        except OSError:
            writer.close()
            return
        await asyncio.gather(forward(reader, there[1]), forward(there[0], writer))

    server = await asyncio.start_server(meet, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


class Servers:
    """A moto server, whose log is kept, and a proxy that can be killed."""

    def __init__(self, folder):
        self.log = folder / "moto.log"
        self.server_port, self.proxy_port = find_port(), find_port()
        self._opened = self.log.open("w")
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1"]
        self._server = subprocess.Popen(
            [*command, "-p", str(self.server_port)], stdout=self._opened, stderr=self._opened
        )
        self._proxy = None
        self.start_proxy()
        wait_for_port(self.server_port)

    def start_proxy(self):
        command = [sys.executable, __file__, "--proxy", str(self.proxy_port)]
        self._proxy = subprocess.Popen([*command, str(self.server_port)])
        wait_for_port(self.proxy_port)

    def kill_proxy(self):
        self._proxy.kill()
        self._proxy.wait()

    def count_requests(self):
        """Requests so far by kind."""
        counts = Counter()
        # answers that hold a part of a file are in colour
        lines = re.findall(r'"(?:\x1b\[[0-9;]*m)*(GET|HEAD) (\S+) HTTP', self.log.read_text())
        for method, target in lines:
            kind = "stacks" if target.endswith(".npy") else "tables"
            kind = "listings" if "list-type" in target else kind
            counts[kind if method == "GET" else method] += 1
        return counts

    def close(self):
        for process in (self._proxy, self._server):
            process.kill()
            process.wait()
        self._opened.close()


def wait_for_port(port):
    for _ in range(300):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise TimeoutError(f"nothing answers at port {port}")


def make_environment(port):
    return {
        **os.environ,
        "PYTHONPATH": str(PACKAGE),
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "planted-key-id",
        "AWS_SECRET_ACCESS_KEY": "planted-secret-key",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "no_proxy": "127.0.0.1",
    }


def start_extract(root, out, environment, n_jobs=2):
    command = [sys.executable, "-m", "mrnet_features", "extract", root, "--out", out]
    command += ["--families", "minimal", "-j", str(n_jobs)]
    return subprocess.Popen(
        list(map(str, command)), env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def wait_for_rows(out, process, n_rows):
    """Wait until some exams are finished; their rows stand in the journal."""
    journal = Path(f"{out}.unfinished")
    while process.poll() is None:
        if journal.exists() and journal.read_bytes().count(b"\n") > n_rows:
            return
        time.sleep(0.05)
    raise RuntimeError(f"ended too early: {process.stdout.read()}")


def read_bytes(path):
    """Ids, columns and bytes of the values of a table."""
    table = mf.read_features(path)
    return list(table.index), list(table.columns), table.to_numpy(np.float32).tobytes()


def upload(folder, port):
    os.environ.update(make_environment(port))
    s3fs = importlib.import_module("s3fs")
    system = s3fs.S3FileSystem(endpoint_url=f"http://127.0.0.1:{port}")
    system.mkdir("bucket")
    system.put(str(folder), "bucket/MRNet-v1.0", recursive=True)
    return sum(path.is_file() for path in folder.rglob("*"))


def run_steps(servers, folder, root, n_exams):
    found = {}
    environment = make_environment(servers.proxy_port)
    upload(root, servers.server_port)
    url = "s3://bucket/MRNet-v1.0"
    local = folder / "local.parquet"
    start = time.perf_counter()
    process = start_extract(root, local, environment)
    assert process.wait() == 0, process.stdout.read()
    found["local_seconds"] = round(time.perf_counter() - start, 1)
    expected = read_bytes(local)
    assert len(expected[0]) == n_exams

    before, start = servers.count_requests(), time.perf_counter()
    process = start_extract(url, folder / "calm.parquet", environment)
    assert process.wait() == 0, process.stdout.read()
    found["calm_seconds"] = round(time.perf_counter() - start, 1)
    found["calm_requests"] = dict(servers.count_requests() - before)
    found["calm_is_equal"] = read_bytes(folder / "calm.parquet") == expected

    before, start = servers.count_requests(), time.perf_counter()
    process = start_extract(url, folder / "calm.parquet", environment)
    assert process.wait() == 0, process.stdout.read()
    found["second_run_seconds"] = round(time.perf_counter() - start, 1)
    found["second_run_requests"] = dict(servers.count_requests() - before)

    before, start = servers.count_requests(), time.perf_counter()
    out = folder / "broken.parquet"
    process = start_extract(url, out, environment)
    wait_for_rows(out, process, 2)
    servers.kill_proxy()
    time.sleep(OUTAGE_SECONDS)
    assert process.poll() is None, process.stdout.read()
    servers.start_proxy()
    text = process.communicate()[0]
    assert process.returncode == 0, text
    found["broken_seconds"] = round(time.perf_counter() - start, 1)
    found["broken_requests"] = dict(servers.count_requests() - before)
    found["broken_is_equal"] = read_bytes(out) == expected
    found["broken_said"] = [line for line in text.splitlines() if "can't be reached" in line][:2]

    out = folder / "gone.parquet"
    process = start_extract(url, out, environment)
    wait_for_rows(out, process, 2)
    servers.kill_proxy()
    start = time.perf_counter()
    text = process.communicate()[0]
    found["gone_seconds_to_error"] = round(time.perf_counter() - start, 1)
    found["gone_status"] = process.returncode
    found["gone_said"] = [line for line in text.splitlines() if line.startswith("Error")]
    assert "planted" not in text
    servers.start_proxy()
    before = servers.count_requests()
    process = start_extract(url, out, environment)
    text = process.communicate()[0]
    assert process.returncode == 0, text
    found["again_requests"] = dict(servers.count_requests() - before)
    found["again_is_equal"] = read_bytes(out) == expected
    found["gone_exams_kept"] = n_exams - found["again_requests"]["stacks"] / len(PLANES)

    archive = shutil.make_archive(str(folder / "MRNet-v1.0"), "zip", root.parent, root.name)
    process = start_extract(archive, folder / "zip.parquet", environment)
    text = process.communicate()[0]
    assert process.returncode == 0, text
    found["zip_is_equal"] = read_bytes(folder / "zip.parquet") == expected
    fsspec = importlib.import_module("fsspec")
    fsspec.filesystem("memory").put(str(root), "/MRNet-v1.0", recursive=True)
    extractor = mf.FeatureExtractor("minimal")
    exams = mf.load_mrnet("memory://MRNet-v1.0").exams
    mf.extract_features(exams, folder / "memory.parquet", extractor=extractor)
    found["memory_is_equal"] = read_bytes(folder / "memory.parquet") == expected
    for path in folder.glob("*.parquet"):
        assert b"planted" not in path.read_bytes()
    return found


TIMED = """
import sys, time
import mrnet_features as mf
mf.load_mrnet(sys.argv[1])[0].load("axial")
times = []
for _ in range(5):
    start = time.process_time()
    train = mf.load_mrnet(sys.argv[1])
    middle = time.process_time()
    for exam in train:
        for plane in exam.paths:
            exam.load(plane)
    times.append((middle - start, time.process_time() - middle))
print(*[min(part) for part in zip(*times)])
"""


def compare_speed(folder, before):
    """Milliseconds of CPU to load a folder and to read its 1,002 small stacks."""
    root = folder / "small"
    rng = np.random.default_rng(0)
    for plane in PLANES:
        (root / "train" / plane).mkdir(parents=True)
        for k in range(334):
            stack = rng.integers(0, 256, (4, 64, 64), np.uint8)
            np.save(root / "train" / plane / f"{k:04d}.npy", stack)
    for task in TASKS:
        (root / f"train-{task}.csv").write_text("".join(f"{k:04d},1\n" for k in range(334)))
    times = {"before": [], "after": []}
    for _ in range(5):
        for name, checkout in (("before", before), ("after", PACKAGE)):
            done = subprocess.run(
                [sys.executable, "-c", TIMED, str(root)],
                env={**os.environ, "PYTHONPATH": str(checkout)},
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            times[name].append([1000 * float(part) for part in done.stdout.split()])
    best = {name: np.min(parts, axis=0).round(1).tolist() for name, parts in times.items()}
    ratios = np.divide(best["after"], best["before"]).round(3).tolist()
    return {"load_and_read_ms": best, "ratios": ratios}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--exams", type=int, default=16)
    parser.add_argument("--before", type=Path)
    parser.add_argument("--speed-only", action="store_true")
    parser.add_argument("--results", type=Path, default=RESULTS / "remote.json")
    parser.add_argument("--proxy", type=int, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.proxy:
        asyncio.run(serve_proxy(*options.proxy))
        return
    packages = ("mrnet-features", "fsspec", "s3fs", "moto", "universal-pathlib", "numpy")
    found = {
        "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "versions": {name: importlib.metadata.version(name) for name in packages},
        "exams": options.exams,
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if not options.speed_only:
            root = folder / "MRNet-v1.0"
            mf.write_knees(root, n_train=options.exams, n_valid=0, n_jobs=2)
            servers = Servers(folder)
            try:
                found |= run_steps(servers, folder, root, options.exams)
            finally:
                servers.close()
        if options.before:
            found |= compare_speed(folder, options.before)
    options.results.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
