"""Families of knee structures on synthetic knees: truth, cost and symmetry.

    python benchmarks/bench_signals.py --folder /tmp/knees --exams 300 --seed 271828 --jobs 2

Makes synthetic knees with a seed that nothing was tuned on and writes ``results/signals.json``:
rank correlation of the fluid estimates with the true effusion; processor seconds per exam; and the
largest change of a column when knees are mirrored and their slices reversed. What the families add
to the AUCs is measured by ``bench_styles.py``.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib.metadata
import json
import platform
import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm, spearmanr

import mrnet_features as mf
from mrnet_features.families.presets import find_families
from mrnet_features.names import PLANES
from mrnet_features.stacks.prepare import prepare_sets

RESULTS = Path(__file__).parent / "results"
SIGNALS = ("fluid", "dark_fluid", "marrow", "ligament", "meniscus", "cells", "profiles")
ESTIMATES = {
    "sagittal": "sagittal__suprapatellar__fluid__core_brightest__stack",
    "axial": "axial__front__fluid__core_brightest__stack",
}


def read_truth(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "train-truth.csv", dtype={"id": str}).set_index("id")


def correlate(features: pd.DataFrame, truth: pd.DataFrame) -> list[dict[str, object]]:
    """Spearman correlation with a 95 % interval by Fisher's transformation."""
    rows = []
    truth = truth.loc[features.index]
    for plane, column in ESTIMATES.items():
        for which, kept in (("all", truth.index), ("plane not degraded", truth.index)):
            known = truth.loc[kept]
            if which != "all":
                known = known[known["bad_plane"] != plane]
            rho = spearmanr(features.loc[known.index, column], known["effusion_ml"]).statistic
            half = norm.ppf(0.975) * np.sqrt((1 + rho**2 / 2) / (len(known) - 3))
            low, high = np.tanh(np.arctanh(rho) + np.array([-half, half]))
            rows.append(
                {
                    "plane": plane,
                    "column": column,
                    "exams": which,
                    "n_exams": len(known),
                    "spearman": round(float(rho), 4),
                    "ci": [round(float(low), 4), round(float(high), 4)],
                }
            )
    return rows


def measure_cost(exams: list[mf.Exam]) -> dict[str, float]:
    """Processor seconds per exam of each family, on all of its region sets."""
    seconds = dict.fromkeys(SIGNALS, 0.0)
    stacks = [(plane, exam.load(plane)) for exam in exams for plane in PLANES]
    for warm in (True, False):
        for name, family in zip(SIGNALS, find_families(list(SIGNALS)), strict=True):
            for plane, grey in stacks[: len(PLANES) if warm else None]:
                if plane not in family.planes:
                    continue
                sets = prepare_sets(grey, plane, family.region_sets)
                start = time.process_time()
                for region_set in family.region_sets:
                    counts = family.count(sets[region_set])
                    family.describe(counts)
                    family.describe_stack(counts, sets[region_set].exam_starts)
                if not warm:
                    seconds[name] += time.process_time() - start
    found = {name: round(value / len(exams), 4) for name, value in seconds.items()}
    return {**found, "all": round(sum(found.values()), 4)}


def measure_symmetry(exams: list[mf.Exam]) -> dict[str, object]:
    """Largest change of a column, relative if above 1, when knees are mirrored and reversed."""
    extractor = mf.FeatureExtractor(list(SIGNALS), progress=False)
    as_stored = [{plane: exam.load(plane) for plane in PLANES} for exam in exams]
    turned = [
        {
            p: np.ascontiguousarray(g[::-1] if p == "sagittal" else g[::-1, :, ::-1])
            for p, g in e.items()
        }
        for e in as_stored
    ]
    one, other = (extractor.fit_transform(each).astype(float) for each in (as_stored, turned))
    if not (one.isna() == other.isna()).all(axis=None):
        raise RuntimeError("A column is NaN only before or only after mirroring.")
    change = ((one - other).abs() / one.abs().clip(lower=1)).fillna(0).max()
    return {
        "n_exams": len(exams),
        "n_columns": int(change.size),
        "largest_change": float(change.max()),
        "column": str(change.idxmax()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="folder of the knees")
    parser.add_argument("--exams", type=int, default=300)
    parser.add_argument("--seed", type=int, default=271828)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--turned", type=int, default=12, help="exams whose symmetry is measured")
    parser.add_argument("--features", type=Path, help="feature table, instead of extracting")
    parser.add_argument("--out", type=Path, default=RESULTS / "signals.json")
    options = parser.parse_args()
    folder = mf.write_knees(
        options.folder, n_train=options.exams, n_valid=1, seed=options.seed, n_jobs=options.jobs
    )
    train = mf.load_mrnet(folder, split="train")
    table = options.features or folder / "signals.parquet"
    if table.is_file():
        features = pd.read_parquet(table)
    else:
        extractor = mf.FeatureExtractor(list(SIGNALS), n_jobs=options.jobs)
        features = mf.extract_features(train.exams, table, extractor=extractor)
    correlations = correlate(features, read_truth(folder))
    print(json.dumps(correlations, indent=1), flush=True)
    symmetry = measure_symmetry(train.exams[: options.turned])
    print(symmetry, flush=True)
    cost = measure_cost(train.exams[:6])
    print(cost, flush=True)
    result = {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": {"processor": platform.processor() or platform.machine()},
        "versions": {
            name: importlib.metadata.version(name)
            for name in ("mrnet-features", "numpy", "scipy", "numba", "lightgbm", "scikit-learn")
        },
        "knees": {"n_train": options.exams, "seed": options.seed},
        "effusion": correlations,
        "symmetry": symmetry,
        "processor_seconds_per_exam": cost,
    }
    options.out.parent.mkdir(exist_ok=True)
    options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
