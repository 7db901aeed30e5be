"""Speed of an extraction on a GPU: each count, one exam, many exams; the CPU and peers beside it.

    python benchmarks/bench_gpu.py                      # on new synthetic knees
    python benchmarks/bench_gpu.py --root MRNet-v1.0    # on a folder in the layout of MRNet
    python benchmarks/bench_gpu.py --table benchmarks/results/gpu.json

Every count that a family calls is timed, between two events on the device and after a warm-up
call, and compared with a plain copy on the same card. Exams are read from the page cache: every
file is read once before. The stages of an extraction are timed in a separate run, which waits for
the device before and after each stage. The CPU and every installed peer are timed in the same run;
a missing peer is reported and left out. The current device is used; `CUDA_VISIBLE_DEVICES` chooses
another one.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import dataclasses
import datetime as dt
import importlib.metadata
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from bench_peers import RESULTS, describe_machine, make_stack
from gpu_peers import OURS, measure_peers
from gpu_table import make_table
from gpu_timing import repeat_stack, time_on_device

from mrnet_features.arrays import missing_for_cuda, to_device
from mrnet_features.counts.counting import Count
from mrnet_features.data.exam import Exam
from mrnet_features.data.mrnet.load import load_mrnet
from mrnet_features.extraction import describe as batches
from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.extraction.read import read_exam
from mrnet_features.families.presets import PRESETS, discover_families
from mrnet_features.stacks.stack import Stack
from mrnet_features.synthetic import write_knees

# the sum of what such a count returns is the number of times that it added one
TABLES = ("histogram", "cooccurrence", "run_lengths", "binary_patterns")
STAGES = {"prepare": "prepare_batch", "pool": "pool_slices"}


def describe_card() -> dict[str, object]:
    """Name, driver and memory of the current device, and whether it is emulated."""
    import cupy

    runtime = cupy.cuda.runtime
    found = runtime.getDeviceProperties(runtime.getDevice())
    return {
        "name": found["name"].decode(),
        "compute_capability": f"{found['major']}.{found['minor']}",
        "memory_bytes": int(found["totalGlobalMem"]),
        "driver": int(runtime.driverGetVersion()),
        "runtime": int(runtime.runtimeGetVersion()),
        "cupy": cupy.__version__,
        "emulated": hasattr(cupy, "stand_in"),
    }


def measure_ceiling(n_bytes: int, repeats: int) -> float:
    """Bytes read and written per second by a copy from the device to itself."""
    import cupy

    source, target = cupy.zeros(n_bytes, cupy.uint8), cupy.zeros(n_bytes, cupy.uint8)

    def copy() -> None:
        target[...] = source

    return 2 * n_bytes / time_on_device(copy, repeats)


def measure_copies(n_bytes: int, repeats: int) -> float:
    """Bytes per second copied from page-locked memory to the device."""
    import cupy

    memory = cupy.cuda.alloc_pinned_memory(n_bytes)
    here, there = np.frombuffer(memory, np.uint8, n_bytes), cupy.zeros(n_bytes, cupy.uint8)
    stream = cupy.cuda.get_current_stream()
    return n_bytes / time_on_device(lambda: there.set(here, stream=stream), repeats)


@contextlib.contextmanager
def watch_counts() -> Iterator[dict[str, Callable[[], object]]]:
    """Counts that are called, by name and options."""
    calls: dict[str, Callable[[], object]] = {}
    real = Count.__call__

    def call(self: Any, stack: Stack, **kwargs: Any) -> Any:
        options = ", ".join(f"{k}={v}" for k, v in kwargs.items() if not hasattr(v, "shape"))
        # a derived stack remembers no earlier result
        calls[f"{self.__name__}({options})"] = lambda: real(
            self, stack.with_grey(stack.grey), **kwargs
        )
        return real(self, stack, **kwargs)

    Count.__call__ = call  # type: ignore[method-assign]
    try:
        yield calls
    finally:
        Count.__call__ = real  # type: ignore[method-assign]


def measure_counts(stack: Stack, ceiling: float, repeats: int) -> list[dict[str, object]]:
    """Time, bytes and increments of every count that a family calls.

    Bytes are those of a count's input and output, the least that any implementation moves.
    """
    with watch_counts() as calls:
        for family in discover_families().values():
            family().count(dataclasses.replace(stack))
    rows: list[dict[str, object]] = []
    for label, run in sorted(calls.items()):
        name = label.split("(")[0]
        found = run()
        outputs = found if isinstance(found, tuple) else (found,)
        n_bytes = stack.grey.nbytes + stack.regions.nbytes
        n_bytes += sum(part.nbytes for part in outputs if hasattr(part, "nbytes"))
        increments = int(outputs[0].sum()) if name in TABLES else None
        del found, outputs
        seconds = time_on_device(run, repeats)
        rows.append(
            {
                "count": label,
                "seconds": seconds,
                "bytes": int(n_bytes),
                "pixels_per_second": stack.grey.size / seconds,
                "increments_per_second": None if increments is None else increments / seconds,
                "share_of_copy": n_bytes / seconds / ceiling,
            }
        )
        print(f"{label}: {1e3 * seconds:.3f} ms", flush=True)
    return rows


@contextlib.contextmanager
def watch_stages() -> Iterator[dict[str, float]]:
    """Seconds of each stage inside the block; a stage within a stage belongs to the outer one."""
    import cupy

    seconds: dict[str, float] = collections.defaultdict(float)
    depth = [0]

    def timed(stage: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if depth[0]:
                return real(*args, **kwargs)
            cupy.cuda.runtime.deviceSynchronize()
            start, depth[0] = time.perf_counter(), 1
            try:
                return real(*args, **kwargs)
            finally:
                cupy.cuda.runtime.deviceSynchronize()
                seconds[stage] += time.perf_counter() - start
                depth[0] = 0

        return call

    modules = [
        module for name, module in sys.modules.items() if name.startswith(batches.__package__)
    ]
    targets: list[tuple[str, Any, str]] = []
    for stage, name in STAGES.items():
        owners = [module for module in modules if hasattr(module, name)]
        if not owners:
            raise RuntimeError(
                f"`{name}` must be in a module of {batches.__package__}, got none. Correct its "
                "name in STAGES."
            )
        targets += [(stage, module, name) for module in owners]
    for family in discover_families().values():
        targets.append(("count", family, "count"))
        targets += [("describe", family, name) for name in ("describe", "describe_stack")]
    with contextlib.ExitStack() as undo:
        for stage, owner, name in targets:
            was = vars(owner).get(name)
            setattr(owner, name, timed(stage, getattr(owner, name)))
            undo.callback(delattr, owner, name) if was is None else undo.callback(
                setattr, owner, name, was
            )
        yield seconds
    unseen = {"prepare", "count", "describe", "pool"} - set(seconds)
    if unseen:
        raise RuntimeError(
            f"No function of {', '.join(sorted(unseen))} was called. Correct its name in STAGES."
        )


def measure_exams(
    exams: Sequence[Exam], preset: str, batch_size: int, repeats: int
) -> dict[str, object]:
    """Device seconds per exam, and clock seconds per exam of each stage."""
    chosen = FeatureExtractor(preset).recipe()
    chosen.columns()
    batch = []
    read = 0.0
    for k, exam in enumerate(exams[:batch_size]):
        start = time.perf_counter()
        pixels = read_exam(exam, k, chosen.planes)
        read += time.perf_counter() - start
        there = {plane: to_device(grey, "cuda") for plane, grey in pixels.stacks.items()}
        batch.append(pixels._replace(stacks=there))
    n_bytes = sum(int(grey.nbytes) for pixels in batch for grey in pixels.stacks.values())

    def describe() -> object:
        return batches.describe_batch(batch, chosen, "cuda")

    seconds = time_on_device(describe, repeats)
    copies = measure_copies(n_bytes, repeats)
    with watch_stages() as stages:
        start = time.perf_counter()
        describe()
        whole = time.perf_counter() - start
    spent = {"read by one thread": read, "copy": n_bytes / copies, **stages}
    spent["between stages"] = whole - sum(stages.values())
    return {
        "batch_size": len(batch),
        "n_slices": sum(len(grey) for pixels in batch for grey in pixels.stacks.values())
        / len(batch),
        "seconds_per_exam": seconds / len(batch),
        "stage_seconds_per_exam": {name: s / len(batch) for name, s in spent.items()},
        "copy_bytes_per_second": copies,
    }


def measure_pipeline(exams: Sequence[Exam], preset: str, options: Any) -> dict[str, object]:
    """Exams per second from files to table on GPU and CPU, and the largest difference."""
    few = exams[: options.cpu_exams]
    there = FeatureExtractor(
        preset,
        device="cuda",
        n_jobs=options.readers,
        batch_size=options.batch_size,
        progress=False,
    )
    here = FeatureExtractor(preset, device="cpu", n_jobs=options.jobs, progress=False)
    for exam in exams:
        for plane in exam.paths:
            exam.load(plane)  # puts the files into the page cache
    tables, speeds = {}, {}
    for name, extractor, chosen in (("cuda", there, exams), ("cpu", here, few)):
        extractor.fit_transform(chosen[: min(2, len(chosen))])  # compile, start workers
        start = time.perf_counter()
        tables[name] = extractor.fit_transform(chosen)
        speeds[name] = len(chosen) / (time.perf_counter() - start)
    ours, theirs = tables["cpu"].to_numpy(float), tables["cuda"].to_numpy(float)[: len(few)]
    if not np.array_equal(np.isnan(ours), np.isnan(theirs)):
        raise RuntimeError("The tables of GPU and CPU have NaN in different cells.")
    apart = np.nanmax(np.abs(ours - theirs) / np.maximum(np.abs(ours), 1.0), initial=0.0)
    return {
        "n_exams": len(exams),
        "exams_per_second": speeds["cuda"],
        "readers": options.readers,
        "cpu_exams": len(few),
        "cpu_exams_per_second": speeds["cpu"],
        "cpu_jobs": options.jobs,
        "times_cpu": speeds["cuda"] / speeds["cpu"],
        "largest_difference": float(apart),
    }


def run(options: argparse.Namespace) -> dict[str, object]:
    """Results of all measurements."""
    machine, device = describe_machine(), describe_card()
    stack = make_stack(options.slices, options.side, options.levels)
    ceiling = measure_ceiling(options.copy_bytes, options.repeats)
    print(f"{device['name']}: a copy moves {ceiling / 1e9:.0f} GB per second", flush=True)
    counts = measure_counts(repeat_stack(stack, options.stacks), ceiling, options.repeats)
    with tempfile.TemporaryDirectory() as folder:
        root = options.root
        if root is None:
            root = Path(folder, "knees")
            write_knees(root, n_train=options.exams, n_valid=0, seed=4711, n_jobs=options.jobs)
        exams = load_mrnet(root).exams[: options.exams]
        exam = measure_exams(exams, options.preset, options.batch_size, options.repeats)
        whole = measure_pipeline(exams, options.preset, options)
    peers, versions, missing = measure_peers(stack, options.repeats)
    return {
        "benchmark": "gpu",
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "device": device,
        "machine": machine,
        "versions": {
            **{k: importlib.metadata.version(k) for k in (OURS, "numpy", "numba", "scipy")},
            **versions,
        },
        "missing": missing,
        "source": "synthetic" if options.root is None else "given folder",
        "preset": options.preset,
        "stack": {
            "shape": [options.slices, options.side, options.side],
            "levels": options.levels,
            "end_to_end": options.stacks,
        },
        "repeats": options.repeats,
        "copy_bytes_per_second": ceiling,
        "counts": counts,
        "exam": exam,
        "pipeline": whole,
        "peers": peers,
    }


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--root", type=Path, help="folder in the layout of MRNet")
    parser.add_argument("--preset", default="baseline", choices=list(PRESETS))
    parser.add_argument("--exams", type=int, default=512)
    parser.add_argument("--cpu-exams", type=int, default=64, help="exams extracted on the CPU")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--readers", type=int, default=16)
    parser.add_argument("--jobs", type=int, default=-1, help="parallel processes on the CPU")
    parser.add_argument("--slices", type=int, default=30)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--levels", type=int, default=32)
    parser.add_argument("--stacks", type=int, default=64, help="stacks per batch for a count")
    parser.add_argument("--copy-bytes", type=int, default=2**30)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--out", type=Path, default=RESULTS / "gpu.json")
    parser.add_argument("--table", type=Path, help="print the table of a result file and exit")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    options = parse(arguments)
    if options.table is not None:
        print(make_table(json.loads(options.table.read_text())))
        return
    missing = missing_for_cuda()
    if missing is not None:
        sys.exit(f"This benchmark needs a GPU: {missing}")
    card = describe_card()
    if card["emulated"] and options.out.parent.resolve() == RESULTS.resolve():
        sys.exit("Times of an emulated device mean nothing. Choose an --out outside of results/.")
    result = run(options)
    options.out.parent.mkdir(exist_ok=True)
    options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
