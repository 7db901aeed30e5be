"""Processor time of whole exams, from three stacks to a row, of this code and of another checkout.

    python benchmarks/bench_exams.py --before CHECKOUT --rounds 2

The two take turns in processes of their own, on one core; each set of families is timed after a
warm-up call, and the shortest time of all rounds is kept. Results go to ``benchmarks/results/``.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from bench_peers import RESULTS, describe_machine

SEED = 4711
ROOT = Path(__file__).parent.parent
BASELINE_0_1 = ("intensity", "glcm", "ngtdm", "lbp", "fluid", "marrow", "ligament")
FULL_0_1 = (
    *("intensity", "histogram", "volume", "glcm", "glrlm", "glszm", "gldzm", "ngtdm", "ngldm"),
    *("lbp", "hog", "laplacian", "haar", "gabor", "shape", "fluid", "dark_fluid", "marrow"),
    "ligament",
)
SETS = {
    "baseline of 0.1": (BASELINE_0_1, 32),
    "full of 0.1": (FULL_0_1, 32),
    "baseline": (("baseline",), 32),
    "full": (("full",), 32),
    "texture": (("texture",), 32),
    "texture, 255 levels": (("texture",), 255),
}


def time_sets(folder: Path) -> dict[str, dict[str, float]]:
    """Seconds per exam of each set of families in this process, and peak memory so far in MB."""
    from mrnet_features.extraction.extractor import FeatureExtractor
    from mrnet_features.families.glcm import Glcm
    from mrnet_features.families.lbp import Lbp
    from mrnet_features.stacks.discretisation import Discretisation

    exams = [dict(np.load(path)) for path in sorted(folder.glob("*.npz"))]
    found = {}
    for name, (families, n_levels) in SETS.items():
        more = (Glcm(distance=2), Lbp(radius=2), Lbp(radius=3)) if name == "full of 0.1" else ()
        extractor = FeatureExtractor(
            [*families, *more],
            n_jobs=1,
            progress=False,
            discretisation=Discretisation(n_levels=n_levels),
        )
        extractor.fit_transform(exams[:1])
        times = []
        for _ in range(2):
            start = time.process_time()
            extractor.transform(exams)
            times.append((time.process_time() - start) / len(exams))
        peak = find_peak_mb()
        found[name] = {"seconds": round(min(times), 4), "peak_mb": round(peak, 1)}
    return found


def find_peak_mb() -> float:
    """Largest memory of this process so far; `getrusage` would count that of its parent too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return float(status.split("VmHWM:")[1].split()[0]) / 1024


def run(checkout: Path, folder: Path) -> dict[str, dict[str, float]]:
    """`time_sets` in a process that imports the package of a checkout."""
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    command = [sys.executable, __file__, "--in-process", str(folder)]
    written = subprocess.run(
        command, env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    found: dict[str, dict[str, float]] = json.loads(written.splitlines()[-1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before", type=Path, required=False, help="checkout to compare with")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--exams", type=int, default=2)
    parser.add_argument("--in-process", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.in_process:
        print(json.dumps(time_sets(options.in_process)))
        return
    from mrnet_features.synthetic import draw_knee

    checkouts = {"now": ROOT, **({"before": options.before} if options.before else {})}
    machine = describe_machine()
    best: dict[str, dict[str, dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for k in range(options.exams):
            np.savez(folder / f"{k}.npz", **draw_knee(SEED, "train", k).stacks)
        for _ in range(options.rounds):
            for which, checkout in checkouts.items():
                for family, row in run(checkout, folder).items():
                    kept = best.setdefault(which, {}).setdefault(family, row)
                    best[which][family] = {key: min(kept[key], row[key]) for key in row}
                print(which, json.dumps(best[which]), flush=True)
    result = {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": machine,
        "versions": {
            name: importlib.metadata.version(name)
            for name in ("mrnet-features", "numpy", "numba", "scipy")
        },
        "exams": options.exams,
        "rounds": options.rounds,
        "source": f"synthetic, seed {SEED}",
        "sets": {name: [list(families), levels] for name, (families, levels) in SETS.items()},
        "found": best,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "exams.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
