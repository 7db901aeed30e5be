"""Time and memory of the whole pipeline as the number of exams grows, on synthetic knees.

    python benchmarks/bench_pipeline.py --exams 100 300 1130

Each size runs the three commands of the README in separate processes; the peak resident memory of
each process tree is sampled from outside. Results go to ``benchmarks/results/``.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from importlib.metadata import version
from pathlib import Path

import psutil

RESULTS = Path(__file__).parent / "results"
SAMPLES_PER_SECOND = 20


def measure(arguments: list[str]) -> dict[str, float]:
    """Seconds of a command, and peak resident MB of all its processes and of the largest one."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "mrnet_features", *arguments], stdout=subprocess.DEVNULL
    )
    peak = {"sum": 0, "largest": 0}
    done = threading.Event()

    def watch() -> None:
        root = psutil.Process(process.pid)
        while not done.wait(1 / SAMPLES_PER_SECOND):
            try:
                members = [root, *root.children(recursive=True)]
                sizes = [member.memory_info().rss for member in members]
            except psutil.NoSuchProcess:
                continue  # a process has ended meanwhile: skip this sample
            peak["sum"] = max(peak["sum"], sum(sizes))
            peak["largest"] = max(peak["largest"], *sizes)

    watcher = threading.Thread(target=watch)
    watcher.start()
    status = process.wait()
    done.set()
    watcher.join()
    if status:
        raise RuntimeError(f"{' '.join(arguments)} ended with status {status}.")
    return {
        "seconds": round(time.perf_counter() - start, 2),
        "peak_sum_mb": round(peak["sum"] / 1e6, 1),
        "peak_largest_mb": round(peak["largest"] / 1e6, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--exams", type=int, nargs="+", default=[100, 300, 1130])
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--jobs", default="2")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        root = f"{folder}/knees"
        measure(["knees", f"{folder}/warm", "--train", "2", "--valid", "0"])  # compiles
        measure(["extract", f"{folder}/warm", "--out", f"{folder}/warm.parquet"])
        for n_exams in sorted(options.exams):
            jobs = ["--jobs", options.jobs]
            table = f"{folder}/train{n_exams}.parquet"
            knees = ["knees", f"{root}{n_exams}", "--train", str(n_exams), "--valid", "0"]
            row = {
                "n_exams": n_exams,
                "knees": measure([*knees, "--seed", str(options.seed), *jobs]),
                "extract": measure(["extract", f"{root}{n_exams}", "--out", table, *jobs]),
                "cv": measure(["cv", table, f"{root}{n_exams}", *jobs]),
            }
            print(json.dumps(row), flush=True)
            rows.append(row)
            summary = Path(folder, f"train{n_exams}-cv", "summary.csv").read_text()
            print(summary, flush=True)
    result = {
        "benchmark": "pipeline",
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": {"processor": _name_processor(), "cores": len(os.sched_getaffinity(0))},
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("mrnet-features", "numpy", "numba", "lightgbm")},
        },
        "seed": options.seed,
        "rows": rows,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "pipeline.json").write_text(json.dumps(result, indent=2) + "\n")


def _name_processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.machine()


if __name__ == "__main__":
    main()
