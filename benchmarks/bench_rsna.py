"""How long `load_rsna_knee` takes for as many studies as the set has, in empty folders.

    python benchmarks/bench_rsna.py --folder /tmp/rsna

Writes the tables and folders of 4,407 studies with 24,371 series, slots as often as in the set, an
empty file each where a slot has several series, and loads them. No pixel is there or needed. The
times are those of a local disk whose listings the system remembers; a network drive takes longer.

Results are written to ``benchmarks/results/rsna.json``.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import importlib.metadata
import json
import resource
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from bench_peers import describe_machine

import mrnet_features as mf

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("mrnet-features", "numpy", "pandas")
SHARES = {"axial 1": 1.0, "sagittal 0": 0.97, "coronal 1": 0.96, "sagittal 1": 0.94,
          "coronal 0": 0.77, "axial 0": 0.19}  # fmt: skip
"""Fraction of the studies that have a slot: plane, and whether it is fluid-sensitive."""


def write_tree(root: Path, n_studies: int, n_series: int) -> None:
    """Write tables and folders."""
    rng = np.random.default_rng(0)
    studies = [f"2.25.{10**20 + k}" for k in range(n_studies)]
    pairs = [(s, slot) for s in studies for slot, part in SHARES.items() if rng.random() < part]
    extra = n_series - len(pairs)
    pairs += [(studies[rng.integers(n_studies)], [*SHARES][rng.integers(6)]) for _ in range(extra)]
    counted = Counter(pairs)
    rows = []
    for k, (study, slot) in enumerate(pairs):
        plane, bit = slot.split()
        uid = f"2.25.{10**21 + k}"
        rows.append((study, uid, bit, bit, plane.title()))
        folder = root / "train_series" / study / uid
        folder.mkdir(parents=True)
        if counted[study, slot] > 1:
            (folder / "1.dcm").touch()
    with (root / "train.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["StudyInstanceUID", "Report", *(f"Finding {k}" for k in range(12))])
        for k, study in enumerate(studies):
            labels = rng.integers(0, 2, 12) if k < 58 else [""] * 12
            writer.writerow([study, "No report, in many words. " * 60, *labels])
    with (root / "train_series.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["StudyInstanceUID", "SeriesInstanceUID", "Fluid_Sensitive",
                         "Fat_Suppression", "Anatomical_Plane"])  # fmt: skip
        writer.writerows(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="new folder for the tree")
    parser.add_argument("--studies", type=int, default=4407)
    parser.add_argument("--series", type=int, default=24_371)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, default=RESULTS / "rsna.json")
    options = parser.parse_args()
    machine = describe_machine()
    write_tree(options.folder, options.studies, options.series)
    seconds, processor = [], []
    for _ in range(options.repeats):
        start, used = time.perf_counter(), time.process_time()
        train = mf.load_rsna_knee(options.folder)
        seconds.append(round(time.perf_counter() - start, 2))
        processor.append(round(time.process_time() - used, 2))
    table = train.table()
    result: dict[str, Any] = {
        "benchmark": "rsna",
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": machine,
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
        "n_studies": len(train),
        "n_series": len(table),
        "n_series_listed": int(table["n_files"].notna().sum()),
        "seconds": seconds,
        "processor_seconds": processor,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    print(json.dumps(result, indent=1))
    options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
