"""Time and memory of tables of 1,000, 10,000 and 100,000 exams, and of a cross-validation.

    python benchmarks/bench_scale.py --folder /tmp/scale --sizes 1000,10000,100000 --score

Writes ``results/scale.json``. Each size has its own stack files, of random pixels: three planes of
(4, 32, 32). A step runs in a process of its own, so that its peak of memory is its own: the first
extraction (``load=False``), a second one of the finished table, and reading parts of it. ``growth``
is the difference of the peaks of the two largest sizes per exam. Wall times depend on what else the
machine does; processor seconds, of the workers too, depend on it less. A size needs 25 kB of disk
per exam. ``--sizes 1000,10000`` takes some minutes, 100,000 exams about two hours.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import importlib.metadata
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil

import mrnet_features as mf
from mrnet_features.names import PLANES, TASKS

RESULTS = Path(__file__).parent / "results"
SHAPE = (4, 32, 32)
STEPS = ("first_run", "second_run", "read_part")
N_PART = 25
N_SCORED, N_COLUMNS = 10_000, 1_500
SECONDS_BETWEEN_SAMPLES = 0.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="folder of stacks and tables")
    parser.add_argument("--sizes", default="1000,10000", help="numbers of exams, with commas")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--score", action="store_true", help="cross-validate, too")
    parser.add_argument("--repeats", type=int, default=1, help="of the cross-validation")
    parser.add_argument("--out", type=Path, default=RESULTS / "scale.json")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        print(json.dumps(run_step(options.step, options.folder, options.jobs, options.repeats)))
        return
    sizes = [int(size) for size in options.sizes.split(",") if size]
    result = describe_run(options.jobs)
    if options.out.exists():  # other sizes can be measured on another day
        known = json.loads(options.out.read_text())
        result |= {key: known[key] for key in ("sizes", "cross_validate") if key in known}
    result["exams"] = {"planes": len(PLANES), "shape": SHAPE, "families": "minimal"}
    for n_exams in sizes:
        folder = options.folder / str(n_exams)
        write_exams(folder, n_exams)
        for left in folder.glob("train.parquet*"):
            left.unlink()
        load = [round(each, 2) for each in os.getloadavg()]
        found = {step: measure(step, folder, options) for step in STEPS}
        result.setdefault("sizes", {})[str(n_exams)] = {"load_before": load, **found}
        (folder / "train.parquet").unlink()
        write_result(result, options.out)
    if len(result.get("sizes", {})) > 1:
        result["growth_bytes_per_exam"] = find_growth(result["sizes"])
    if options.score:
        result["cross_validate"] = measure("cross_validate", options.folder, options)
    write_result(result, options.out)


def describe_run(n_jobs: int) -> dict[str, Any]:
    """Machine, versions and date."""
    names = ("mrnet-features", "numpy", "pandas", "pyarrow", "joblib", "lightgbm")
    return {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
            "load_before": [round(load, 2) for load in os.getloadavg()],
        },
        "python": platform.python_version(),
        "versions": {name: importlib.metadata.version(name) for name in names},
        "n_jobs": n_jobs,
    }


def write_exams(root: Path, n_exams: int) -> None:
    """Folder in the layout of MRNet with stacks of random pixels; those that are there stay."""
    n_digits = max(4, len(str(n_exams - 1)))
    ids = [f"{k:0{n_digits}d}" for k in range(n_exams)]
    for number, plane in enumerate(PLANES):
        folder = root / "train" / plane
        folder.mkdir(parents=True, exist_ok=True)
        for k, exam in enumerate(ids):
            file = folder / f"{exam}.npy"
            if not file.exists():
                stack = np.random.default_rng([number, k]).integers(0, 256, SHAPE, np.uint8)
                np.save(file, stack)
    for k, task in enumerate(TASKS):
        lines = (f"{exam},{(i >> k) % 2 if k else 1}\n" for i, exam in enumerate(ids))
        (root / f"train-{task}.csv").write_text("".join(lines))


def measure(step: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Run one step in a process of its own, and watch its workers."""
    command = [sys.executable, __file__, "--folder", folder, "--step", step]
    command += ["--jobs", options.jobs, "--repeats", options.repeats]
    peaks: dict[int, float] = {}
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True) as child:
        while child.poll() is None:
            peaks |= list_worker_peaks(child.pid)
            time.sleep(SECONDS_BETWEEN_SAMPLES)
        text = child.stdout.read() if child.stdout else ""
    if child.returncode:
        raise SystemExit(f"Step {step} in '{folder}' failed.")
    found: dict[str, Any] = json.loads(text)
    if peaks:
        found["largest_worker_peak_mb"] = round(max(peaks.values()), 1)
    print(folder.name, step, found, flush=True)
    return found


def list_worker_peaks(pid: int) -> dict[int, float]:
    """Peak of memory so far in MB, by process, of the workers of a process."""
    peaks: dict[int, float] = {}
    # a process may end meanwhile
    with contextlib.suppress(psutil.Error, OSError):
        for worker in psutil.Process(pid).children(recursive=True):
            lines = Path(f"/proc/{worker.pid}/status").read_text().splitlines()
            held = [line for line in lines if line.startswith("VmHWM")]
            peaks.update((worker.pid, int(line.split()[1]) / 1024) for line in held)
    return peaks


def run_step(step: str, folder: Path, n_jobs: int, n_repeats: int) -> dict[str, Any]:
    """Seconds and peak of memory of a step, of its parts, too."""
    parts: dict[str, float] = {}

    def timed(name: str, call: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        value = call()
        parts[name] = round(time.perf_counter() - start, 2)
        return value

    if step == "cross_validate":
        features, labels = draw_table()
        size = {"n_exams": N_SCORED, "n_features": N_COLUMNS, "n_repeats": n_repeats}
        timed(
            step,
            lambda: mf.cross_validate(
                mf.lightgbm_baseline(), features, labels, n_repeats=n_repeats, n_jobs=n_jobs
            ),
        )
    elif step == "read_part":
        path = folder / "train.parquet"
        chosen = read_columns(path)[:N_PART]
        found = timed("columns", lambda: mf.read_features(path, columns=chosen))
        some = list(found.index[::-101])
        timed("exams", lambda: mf.read_features(path, families="intensity", exams=some))
        size = {"shape": list(found.shape), "n_exams": len(some)}
    else:
        train = timed("load_mrnet", lambda: mf.load_mrnet(folder, "train"))
        extractor = mf.FeatureExtractor("minimal", n_jobs=n_jobs, progress=False)
        path = folder / "train.parquet"
        timed(
            "extract_features",
            lambda: mf.extract_features(
                train.exams, path, extractor=extractor, progress=False, load=False
            ),
        )
        size = {"table_mb": round(path.stat().st_size / 1e6, 1)}
    return {
        "seconds": round(sum(parts.values()), 2),
        "parts": parts,
        "processor_seconds": round(count_processor_seconds(), 2),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        **size,
    }


def read_columns(path: Path) -> list[str]:
    """Names of the columns of a table."""
    import pyarrow.parquet as pq

    return [name for name in pq.read_schema(path).names if name != "exam"]


def count_processor_seconds() -> float:
    """Of this process and of its workers, which still run."""
    own = os.times()
    total = own.user + own.system + own.children_user + own.children_system
    for worker in psutil.Process().children(recursive=True):
        times = worker.cpu_times()
        total += times.user + times.system
    return total


def draw_table() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Random features, and labels that the first ten tell a little about."""
    generator = np.random.default_rng(0)
    values = generator.normal(size=(N_SCORED, N_COLUMNS)).astype(np.float32)
    ids = pd.Index([f"{k:05d}" for k in range(N_SCORED)], name="exam")
    signal = values[:, :10].sum(axis=1)
    labels = pd.DataFrame(
        {
            task: (signal + 5 * generator.normal(size=N_SCORED) > 2 * k).astype(np.int8)
            for k, task in enumerate(TASKS)
        },
        index=ids,
    )
    return pd.DataFrame(values, ids, [f"x{k}" for k in range(N_COLUMNS)]), labels


def find_growth(sizes: dict[str, Any]) -> dict[str, float]:
    """Bytes of memory per exam by step, from the peaks of the two largest sizes."""
    smaller, larger = sorted(sizes, key=int)[-2:]
    n_more = int(larger) - int(smaller)
    peaks = {step: [sizes[size][step]["peak_mb"] for size in (smaller, larger)] for step in STEPS}
    return {step: round((b - a) * 2**20 / n_more) for step, (a, b) in peaks.items()}


def write_result(result: dict[str, Any], path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
