"""Coverage and type I error of the evaluation's intervals and tests, by simulation.

    python benchmarks/bench_statistics.py --jobs 2     # about two hours on two cores
    python benchmarks/bench_statistics.py --replicates 10 --results /tmp/statistics.json

Every cell is saved as soon as it is done, and cells that a results file holds with as many
replicates are not run again. ``--write-text`` writes the measured coverage into the README and the
documentation.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from joblib import Parallel, delayed
from statistics_cells import CELLS, Cell, simulate
from statistics_fixed import compare_with_independent_code, simulate_fixed
from statistics_text import list_misses, write_texts

RESULTS = Path(__file__).parent / "results" / "statistics.json"
N_FIXED = 2000


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicates", type=int, help="replicates of every cell")
    parser.add_argument("--jobs", type=int, default=1, help="cells at a time")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--only", help="cells with this text in their name")
    parser.add_argument("--write-text", action="store_true", help="write README and docs, and end")
    options = parser.parse_args()
    known = json.loads(options.results.read_text()) if options.results.is_file() else {}
    if not options.write_text:
        run(known, options)
    for line in list_misses(known):
        print(line)
    if options.write_text:
        write_texts(known)


def run(result: dict[str, Any], options: argparse.Namespace) -> None:
    """Run the parts that the results lack, and save each.

    Parameters
    ----------
    result : dict
        Results so far; changed in place.
    options : Namespace
    """
    result.setdefault("benchmark", "statistics")
    cells = {row["cell"]: row for row in result.setdefault("cells", [])}

    def save() -> None:
        order = [cell.name for cell in CELLS]
        result["cells"] = sorted(cells.values(), key=lambda row: order.index(row["cell"]))
        options.results.parent.mkdir(exist_ok=True, parents=True)
        options.results.write_text(json.dumps(result, indent=1) + "\n")

    waiting = [
        (cell, options.replicates or cell.n_replicates)
        for cell in sorted(CELLS, key=lambda cell: cell.learner == "lightgbm", reverse=True)
        if not options.only or options.only in cell.name
    ]
    waiting = [
        (cell, number)
        for cell, number in waiting
        if cells.get(cell.name, {}).get("n_replicates", 0) < number
    ]
    calls = (delayed(_time)(cell, number) for cell, number in waiting)
    for row in Parallel(options.jobs, return_as="generator_unordered")(calls):
        cells[row["cell"]] = row
        save()
        print(f"{row['cell']}: {row['coverage']} {row['type_1_error']}", flush=True)
    if options.only:
        return
    n_fixed = options.replicates or N_FIXED
    if result.get("fixed", [{}])[0].get("n_replicates", 0) < n_fixed:
        result["fixed"] = [_describe(simulate_fixed(n, n_fixed)) for n in (120, 1130)]
        save()
    result["tables"] = compare_with_independent_code()
    save()


def _time(cell: Cell, n_replicates: int) -> dict[str, Any]:
    start = time.perf_counter()
    row = simulate(cell, n_replicates)
    return _describe({**row, "seconds": round(time.perf_counter() - start, 1)})


def _describe(row: dict[str, Any]) -> dict[str, Any]:
    names = ("mrnet-features", "numpy", "scipy", "scikit-learn", "lightgbm")
    return {
        **row,
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": f"{_name_processor()}, {len(os.sched_getaffinity(0))} cores",
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in names},
        },
    }


def _name_processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.machine()


if __name__ == "__main__":
    main()
