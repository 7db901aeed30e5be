"""Calls that a batch of exams makes on the emulated GPU: launches, array calls, waits, uploads.

    python benchmarks/count_gpu_calls.py --before CHECKOUT
    python benchmarks/count_gpu_calls.py --lines 30        # which lines wait and upload most

Each call takes a GPU's host some microseconds, whatever the size of the batch, and a wait leaves
the GPU idle. Calls are counted in describing one batch, from stacks on the device to rows on the
host, after another batch with other numbers of slices has filled the caches. It needs g++, no GPU,
and is no measure of time.
"""

from __future__ import annotations

import argparse
import collections
import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from bench_peers import describe_machine

ROOT = Path(__file__).parents[1]
KINDS = {
    "launches": "kernels of our own that are launched",
    "calls": "functions and methods of CuPy",
    "operators": "operators between arrays, such as + and <",
    "indexings": "arrays indexed, most of them views",
    "waits": "times that the host waits for the device, most of them to read a value",
    "uploads": "arrays copied from the host to the device",
}
READS = ["get", "item", "tolist", "__int__", "__float__", "__bool__", "__index__", "__complex__"]
WAITING = {"nonzero", "flatnonzero", "argwhere", "unique", "bincount", "extract", "compress"}
HOST = (np.ndarray, list, tuple)
SLICES = ((3, 5, 4, 2), (4, 2, 3, 5))  # of the exams of each batch; the last batch is counted


class Tally:
    """Counts of calls, by kind and by kind and line of the package."""

    def __init__(self) -> None:
        self.kinds: collections.Counter[str] = collections.Counter()
        self.lines: collections.Counter[tuple[str, str]] = collections.Counter()

    def add(self, kind: str) -> None:
        """Count a call of the innermost line of the package."""
        frame: Any = sys._getframe(1)  # noqa: SLF001 (the frame that calls)
        while frame is not None and "mrnet_features" not in frame.f_code.co_filename:
            frame = frame.f_back
        where = "elsewhere"
        if frame is not None:
            name = frame.f_code.co_filename.rpartition("mrnet_features/")[2]
            where = f"{name}:{frame.f_lineno}"
        self.kinds[kind] += 1
        self.lines[kind, where] += 1

    def counted(self, function: Callable[..., Any], kind: str) -> Callable[..., Any]:
        """Function that is counted when called, and what it waits for and uploads."""
        name = getattr(function, "__name__", "")

        def call(*args: Any, **kwargs: Any) -> Any:
            self.add(kind)
            if name in WAITING or (name == "where" and len(args) == 1):
                self.add("waits")
            if name in ("array", "asarray") and isinstance(args[0], HOST):
                self.add("uploads")
            if name == "set":
                self.add("uploads")
            if name == "getitem":
                self._look_at_index(args[1])
            return function(*args, **kwargs)

        return call

    def _look_at_index(self, index: Any) -> None:
        for part in index if isinstance(index, tuple) else (index,):
            if isinstance(part, HOST):
                self.add("uploads")
            elif getattr(part, "dtype", None) == np.bool_:
                self.add("waits")


def watch(cupy: Any, tally: Tally) -> None:
    """Count the calls of the stand-in for CuPy; before anything else has imported from it."""
    for module in (cupy, cupy.linalg, cupy.fft):
        for name, item in list(vars(module).items()):
            if type(item).__name__ == "function" and not name.startswith(("_", "get_default")):
                setattr(module, name, tally.counted(item, "calls"))
    for name, item in list(vars(cupy.ndarray).items()):
        if type(item).__name__ != "function" or name in ("__init__", "__iter__", "__repr__"):
            continue
        if name in READS:
            kind = "waits"
        elif name in ("__getitem__", "__setitem__"):
            kind = "indexings"
        else:
            kind = "operators" if name.startswith("__") else "calls"
        setattr(cupy.ndarray, name, tally.counted(item, kind))
    cupy.RawKernel.__call__ = tally.counted(cupy.RawKernel.__call__, "launches")


def count_calls(preset: str) -> Tally:
    """Calls of one batch of synthetic exams, in this checkout."""
    from tests.cuda_emulator import cupy_on_cpu, emulator

    folder = Path(tempfile.gettempdir(), f"emulated-kernels-{os.getuid()}")
    folder.mkdir(exist_ok=True)
    modules = cupy_on_cpu.make_modules(emulator, folder)
    tally = Tally()
    watch(modules["cupy"], tally)
    sys.modules.update(modules)

    from mrnet_features.arrays import to_device
    from mrnet_features.extraction.describe import describe_batch
    from mrnet_features.extraction.extractor import FeatureExtractor
    from mrnet_features.extraction.read import read_exam
    from mrnet_features.synthetic import draw_knee

    recipe = FeatureExtractor(preset).recipe()
    recipe.columns()
    knee = draw_knee(1, "train", 0).stacks
    for lengths in SLICES:
        batch = []
        for k, length in enumerate(lengths):
            middle = {plane: len(grey) // 2 for plane, grey in knee.items()}
            exam = {
                plane: np.ascontiguousarray(grey[middle[plane] - 2 :][:length])
                for plane, grey in knee.items()
            }
            pixels = read_exam(exam, k, recipe.planes)
            there = {plane: to_device(grey, "cuda") for plane, grey in pixels.stacks.items()}
            batch.append(pixels._replace(stacks=there))
        tally.kinds.clear()
        tally.lines.clear()
        describe_batch(batch, recipe, "cuda")
    return tally


def count_in(checkout: Path, preset: str, lines: int) -> dict[str, Any]:
    """The same, in a process of its own that imports the package from a checkout."""
    command = [sys.executable, __file__, "--presets", preset, "--lines", str(lines), "--here"]
    found = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": str(checkout.resolve())},
        cwd=checkout,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    result: dict[str, Any] = json.loads(found.stdout)
    return result


def find_commit(checkout: Path) -> str:
    """Commit of a checkout."""
    command = ["git", "-C", str(checkout), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--before", type=Path, help="an earlier checkout to compare with")
    parser.add_argument("--presets", nargs="+", default=["baseline"])
    parser.add_argument("--lines", type=int, default=0, help="lines of code to print per kind")
    parser.add_argument("--here", action="store_true", help="count in this process, print JSON")
    parser.add_argument("--out", type=Path, help="result file, such as results/gpu_calls.json")
    options = parser.parse_args()
    if options.here:
        tally = count_calls(options.presets[0])
        lines = {
            kind: [[where, n] for (of, where), n in tally.lines.most_common() if of == kind][
                : options.lines
            ]
            for kind in KINDS
        }
        print(json.dumps({"counts": dict(tally.kinds), "lines": lines}))
        return
    sides = ({"before": options.before} if options.before else {}) | {"after": ROOT}
    calls = {}
    for preset in options.presets:
        found = {side: count_in(root, preset, options.lines) for side, root in sides.items()}
        calls[preset] = {
            kind: {side: found[side]["counts"].get(kind, 0) for side in sides} for kind in KINDS
        }
        print(preset)
        for kind, numbers in calls[preset].items():
            print(f"  {kind:10s}", *(f"{side} {number:6d}" for side, number in numbers.items()))
            for where, n in found["after"]["lines"][kind]:
                print(f"    {n:5d}  {where}")
    if options.out is not None:
        result = {
            "benchmark": "gpu_calls",
            "date": dt.datetime.now(dt.UTC).date().isoformat(),
            "machine": describe_machine(),
            "commits": {side: find_commit(root) for side, root in sides.items()},
            "numpy": np.__version__,
            "exams": len(SLICES[-1]),
            "kinds": KINDS,
            "calls_per_batch": calls,
        }
        options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
