"""One training step of each network at full resolution: processor time and memory.

    python benchmarks/bench_network_steps.py --device cpu

One stack at a time, as in training: read, changed, forward, backward, step of AdamW, on one thread.
The numbers of slices are the smallest, the means of coronal and of axial stacks, and the largest of
MRNet; pixels are those of a synthetic knee, whose slices repeat. Each network has a process of its
own, since its memory is the largest of the process. Needs the extra `cnn`. Results are written to
``results/network_steps.json``.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import datetime as dt
import importlib.metadata
import json
import multiprocessing
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
from bench_peers import describe_machine

import mrnet_features as mf
from mrnet_features.cnn.augment import change_exam
from mrnet_features.cnn.libraries import import_torch, run_repeatably
from mrnet_features.cnn.networks import NETWORKS, count_weights, make_network, score_exams
from mrnet_features.cnn.pictures import resize
from mrnet_features.cnn.scoring import to_tensor

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("mrnet-features", "torch", "torchvision", "numpy")
N_SLICES = (17, 30, 34, 61)
N_TASKS = 3
SERIES = "coronal"


def measure_peak(device: str) -> float:
    """Largest memory so far in MiB."""
    if device == "cuda":
        return float(import_torch().cuda.max_memory_allocated()) / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def measure_network(
    name: str, resolution: int, device: str, stack: np.ndarray, repeats: int
) -> dict[str, object]:
    torch = import_torch()
    torch.manual_seed(0)
    modules = make_network(name, N_TASKS).to(device, memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(modules.parameters(), lr=1e-4)
    generator = torch.Generator().manual_seed(0)
    start = measure_peak(device)
    exams = {}
    with run_repeatably(device):
        for n in N_SLICES:
            exam = resize(stack[np.arange(n) % len(stack)], resolution)
            forward, step, predict = [], [], []
            for _ in range(repeats):
                modules["trunk"].train()
                begun = read_clock(device)
                changed = change_exam(to_tensor(exam, device), SERIES, generator)
                odds = score_exams(name, modules, changed, [n])
                forward.append(read_clock(device) - begun)
                wanted = torch.ones_like(odds)
                torch.nn.functional.binary_cross_entropy_with_logits(odds, wanted).backward()
                optimizer.step()
                optimizer.zero_grad()
                step.append(read_clock(device) - begun)
                modules.eval()
                begun = read_clock(device)
                with torch.no_grad():
                    score_exams(name, modules, to_tensor(exam, device), [n])
                predict.append(read_clock(device) - begun)
            exams[f"{n} slices"] = {
                "forward_seconds": round(min(forward), 3),
                "step_seconds": round(min(step), 3),
                "step_ms_per_slice": round(1000 * min(step) / n, 2),
                "predict_seconds": round(min(predict), 3),
                "peak_mib": round(measure_peak(device)),
            }
    return {
        "resolution": resolution,
        "n_weights": count_weights(modules),
        "mib_before": round(start),
        "exams": exams,
    }


def read_clock(device: str) -> float:
    """Processor seconds, which other load changes less; on a GPU clock seconds."""
    if device == "cuda":
        import_torch().cuda.synchronize()
        return time.perf_counter()
    return time.process_time()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, default=RESULTS / "network_steps.json")
    options = parser.parse_args()
    machine = describe_machine()
    with tempfile.TemporaryDirectory() as folder:
        root = mf.write_knees(Path(folder) / "knees", n_train=1, n_valid=0)
        stack = mf.load_mrnet(root)[0].load(SERIES)
    networks = {}
    asked = [("small", 64), *((name, network.resolution) for name, network in NETWORKS.items())]
    for name, resolution in [*asked, ("small", 256)]:
        spawn = multiprocessing.get_context("spawn")
        with concurrent.futures.ProcessPoolExecutor(1, spawn) as pool:
            given = (name, resolution, options.device, stack, options.repeats)
            key = f"{name}, {resolution} x {resolution}"
            networks[key] = pool.submit(measure_network, *given).result()
        print(key, json.dumps(networks[key]["exams"]), flush=True)
    result = {
        "benchmark": "network_steps",
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": machine,
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
        "settings": {"device": options.device, "repeats": options.repeats},
        "networks": networks,
    }
    options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
