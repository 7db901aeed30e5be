"""Stability of the columns of a preset under perturbed synthetic knees.

    python benchmarks/bench_stability.py --folder /tmp/stability --families baseline --jobs 2

Writes ``results/stability.json``: share of columns with ICC(2,1) of .75 or more, per family and
perturbation, and the quartiles of the ICC. Feature tables are kept in the folder, so that a stopped
run continues.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib.metadata
import json
import platform
from pathlib import Path

from mrnet_features.models.stable_columns import MIN_ICC
from mrnet_features.stacks import perturbations
from mrnet_features.workflows.stability import tabulate_stability

RESULTS = Path(__file__).parent / "results"
STRENGTHS = ("LEAST_NOISE", "BLUR", "BIAS", "GAMMA", "DEGREES", "SPACING")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="folder of knees and tables")
    parser.add_argument("--families", default="baseline", help="a preset or a family")
    parser.add_argument("--exams", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULTS / "stability.json")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    stability = tabulate_stability(
        options.folder / f"{options.families}.csv",
        families=options.families,
        n_exams=options.exams,
        seed=options.seed,
        n_jobs=options.jobs,
    )
    shares = stability.summary().round(3)
    print(shares.to_string(), flush=True)
    quartiles = stability.table().quantile([0.25, 0.5, 0.75]).round(3)
    result = {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": {"processor": platform.processor() or platform.machine()},
        "versions": {
            name: importlib.metadata.version(name)
            for name in ("mrnet-features", "numpy", "scipy", "numba")
        },
        "knees": {"n_exams": options.exams, "seed": options.seed},
        "families": options.families,
        "n_columns": len(stability.icc),
        "n_columns_without_icc": int(stability.least.isna().sum()),
        "min_icc": MIN_ICC,
        "strengths": {name.lower(): getattr(perturbations, name) for name in STRENGTHS},
        "share_of_stable_columns": shares.to_dict("index"),
        "quartiles_of_icc": {f"{q:g}": row.to_dict() for q, row in quartiles.iterrows()},
    }
    options.out.parent.mkdir(exist_ok=True)
    options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
