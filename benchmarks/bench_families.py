"""Cost of each family, and how it grows with slices, side, levels and regions.

    python benchmarks/bench_families.py --repeats 3

Times are processor seconds of one thread, after a warm-up call, to count, to describe every slice
and to describe the stack. Every call gets a new stack, so that no count is taken from memory. At
the end, whole exams are timed, from the pixels of three planes to a row.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib.metadata
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from bench_peers import RESULTS, describe_machine, make_stack
from threadpoolctl import threadpool_limits

from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.families.base import Family
from mrnet_features.families.presets import PRESETS, discover_families, find_families
from mrnet_features.stacks.stack import Stack
from mrnet_features.synthetic import draw_knee

BASE = {"slices": 30, "side": 256, "levels": 32, "regions": 1}
SEED = 4711
GROWTH = {
    "slices": (15, 60),
    "side": (128, 512),
    "levels": (16, 64),
    "regions": (2, 6),
}


def cut_regions(stack: Stack, n_regions: int) -> Stack:
    """Stack with its region cut into vertical stripes."""
    stripes = np.arange(stack.grey.shape[2]) * n_regions // stack.grey.shape[2] + 1
    regions = (stack.regions * stripes).astype(np.uint8)
    names = tuple(f"stripe{k}" for k in range(n_regions))
    return Stack(stack.grey, stack.levels, regions, stack.n_levels, names)


def time_of(run: Callable[[], object], repeats: int) -> float:
    """Median processor seconds, after a warm-up call."""
    run()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return float(np.median(times))


def measure(families: list[Family], stack: Stack, repeats: int) -> dict[str, float]:
    """Seconds to count, describe the slices and describe the stack, and their sum."""

    def fresh() -> Stack:
        return Stack(stack.grey, stack.levels, stack.regions, stack.n_levels, stack.region_names)

    def count() -> list[object]:
        one = fresh()
        return [family.count(one) for family in families]

    counts = count()
    pairs = list(zip(families, counts, strict=True))
    found = {
        "count": time_of(count, repeats),
        "describe": time_of(lambda: [f.describe(c) for f, c in pairs], repeats),
        "describe_stack": time_of(lambda: [f.describe_stack(c, (0,)) for f, c in pairs], repeats),
    }
    return {**found, "total": sum(found.values())}


def measure_exams(preset: str, n_exams: int) -> float:
    """Median processor seconds per synthetic exam, from three stacks to a row, on one core."""
    exams = [draw_knee(SEED, "train", k).stacks for k in range(n_exams + 1)]
    extractor = FeatureExtractor(preset, n_jobs=1, progress=False).fit(exams)
    extractor.transform(exams[:1])

    def time_once(chosen: list[dict[str, np.ndarray]]) -> float:
        start = time.process_time()
        extractor.transform(chosen)
        return time.process_time() - start

    return float(np.median([time_once([exam]) for exam in exams[1:]]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--exams", type=int, default=12, help="whole exams per preset")
    parser.add_argument("--growth", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--out", type=Path, default=RESULTS / "families.json")
    options = parser.parse_args()
    machine = describe_machine()
    subjects: dict[str, list[Family]] = {k: [cls()] for k, cls in discover_families().items()}
    for preset in PRESETS:
        subjects[f"preset {preset}"] = list(find_families(preset))
    settings = [BASE]
    if options.growth:
        settings += [{**BASE, what: value} for what, values in GROWTH.items() for value in values]
    rows = []
    with threadpool_limits(1):
        for setting in settings:
            stack = make_stack(setting["slices"], setting["side"], setting["levels"])
            stack = cut_regions(stack, setting["regions"])
            for name, families in subjects.items():
                if setting is not BASE and name.startswith("preset"):
                    continue
                repeats = options.repeats if setting is BASE else 1
                seconds = measure(families, stack, repeats)
                rows.append({"family": name, **setting, **seconds})
                what = " ".join(f"{key} {value}" for key, value in setting.items())
                print(f"{what}: {name} {1e3 * seconds['total']:.1f} ms", flush=True)
        exams = {name: measure_exams(name, options.exams) for name in PRESETS}
    base = {row["family"]: row["total"] for row in rows[: len(subjects)]}
    print(f"{'milliseconds':18s}{'count':>10s}{'slices':>10s}{'stack':>10s}{'total':>10s}")
    for row in rows[: len(subjects)]:
        cells = [f"{1e3 * row[k]:10.1f}" for k in ("count", "describe", "describe_stack", "total")]
        print(f"{row['family']:18s}" + "".join(cells))
    changes = [(what, value) for what, values in GROWTH.items() for value in values]
    if options.growth:
        print("relative to base " + "".join(f"{f'{w} {v}':>13s}" for w, v in changes))
        for name in discover_families():
            by_change = {
                (what, value): row["total"] / base[name]
                for row in rows
                for what, value in changes
                if row["family"] == name and row == {**row, **BASE, what: value}
            }
            print(f"{name:17s}" + "".join(f"{by_change[change]:13.2f}" for change in changes))
    for name, seconds in exams.items():
        print(f"preset {name}: {seconds:.3f} s per exam")
    result = {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": machine,
        "versions": {
            name: importlib.metadata.version(name)
            for name in ("mrnet-features", "numpy", "numba", "scipy")
        },
        "repeats": options.repeats,
        "exams": {
            "n_exams": options.exams,
            "source": f"synthetic, seed {SEED}",
            "median_processor_seconds": exams,
        },
        "rows": rows,
    }
    options.out.parent.mkdir(exist_ok=True)
    options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
