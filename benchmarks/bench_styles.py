"""AUCs of the presets and of peers on synthetic knees of several styles, with paired intervals.

    python benchmarks/bench_styles.py --folder /tmp/styles --styles 101 102 --exams 400 --jobs 2

Each style is another make of knee: anatomy, position, contrast, noise and lesions are drawn at
random. Per style, all tables are scored on the same folds: the preset `baseline`; `baseline` of
another checkout (`--before`), which shows what changed; scikit-image (`peer_features.py`); other
peers if their table, such as ``pyradiomics.parquet``, lies in the folder of the style. The part of
a family is how much the AUCs fall without it. Everything is kept in the folder, so a stopped run
goes on where it was. Results are written to ``results/styles.json``.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import hashlib
import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path

import joblib
import pandas as pd
from bench_peers import describe_machine
from peer_features import extract as extract_with_peer

import mrnet_features as mf
from mrnet_features.families.presets import PRESETS
from mrnet_features.synthetic.style import sample_style

RESULTS = Path(__file__).parent / "results"
PEERS = ("scikit-image", "pyradiomics", "nyxus")
EXTRACT = """
import sys
import mrnet_features as mf
folder, out, jobs = sys.argv[1:]
exams = mf.load_mrnet(folder, split="train").exams
mf.extract_features(exams, out, extractor=mf.FeatureExtractor("baseline", n_jobs=int(jobs)))
"""


def read_tables(folder: Path, options: argparse.Namespace) -> dict[str, pd.DataFrame]:
    """Feature tables of a style by name; those that are missing are extracted."""
    places = {"baseline": Path(__file__).parents[1]}
    if options.before is not None:
        places["before"] = options.before
    for name, checkout in places.items():
        command = [sys.executable, "-c", EXTRACT, folder, folder / f"{name}.parquet", options.jobs]
        environment = {**os.environ, "PYTHONPATH": str(checkout.resolve())}
        subprocess.run([str(part) for part in command], env=environment, cwd="/", check=True)
    tables = {name: mf.read_features(folder / f"{name}.parquet") for name in places}
    for name in PEERS:
        path = folder / f"{name}.parquet"
        if name == "scikit-image" and not path.is_file():
            extract_with_peer(name, folder, options.jobs)[0].to_parquet(path)
        if path.is_file():
            tables[name] = mf.read_features(path)
    return tables


def score(
    path: Path, table: pd.DataFrame, labels: pd.DataFrame, folds: mf.Folds, jobs: int
) -> mf.Evaluation:
    """Cross-validation of a table, kept in a file whose name holds a hash of the table."""
    digest = hashlib.sha256(pd.util.hash_pandas_object(table).to_numpy().tobytes()).hexdigest()
    path = path.with_stem(f"{path.stem}-{digest[:8]}")
    if not path.is_file():
        path.parent.mkdir(exist_ok=True)
        found = mf.cross_validate(None, table, labels, folds=folds, n_jobs=jobs, progress=False)
        joblib.dump(found, path)
    return joblib.load(path)


def list_aucs(evaluation: mf.Evaluation) -> dict[str, dict[str, float]]:
    summary = evaluation.summary()
    return {
        task: {key: round(float(summary.loc[task, key]), 4) for key in ("auc", "se")}
        for task in summary.index
    }


def list_differences(first: mf.Evaluation, second: mf.Evaluation) -> dict[str, dict[str, object]]:
    """First minus second, per task and of the mean, with 95 % intervals."""
    table = mf.compare({"first": first, "second": second}, first.labels).summary()
    return {
        str(row["task"]): {
            "difference": round(float(row["difference"]), 4),
            "ci": [round(float(row["ci_low"]), 4), round(float(row["ci_high"]), 4)],
        }
        for _, row in table.iterrows()
    }


def measure_parts(
    folder: Path, table: pd.DataFrame, labels: pd.DataFrame, options: argparse.Namespace
) -> dict[str, dict[str, object]]:
    """Fall of the AUCs without each family of `baseline`, with one repeat."""
    folds = mf.make_folds(labels, n_repeats=1, seed=options.seed)
    whole = score(folder / "scores" / "whole.joblib", table, labels, folds, options.jobs)
    aucs = whole.summary()["auc"]
    families = pd.Series({c: mf.parse_name(c).family for c in table.columns})
    parts: dict[str, dict[str, object]] = {}
    for family in families.unique():
        kept = table.loc[:, (families != family).to_numpy()]
        path = folder / "scores" / f"without-{family}.joblib"
        fall = aucs - score(path, kept, labels, folds, options.jobs).summary()["auc"]
        parts[family] = {
            "n_columns": int((families == family).sum()),
            **{task: round(float(value), 4) for task, value in fall.items()},
        }
    return parts


def measure_style(style: int, options: argparse.Namespace) -> dict[str, object]:
    folder = options.folder / f"style{style}"
    mf.write_knees(
        folder,
        n_train=options.exams,
        n_valid=0,
        seed=options.seed,
        style=style or None,
        n_jobs=options.jobs,
    )
    labels = mf.load_mrnet(folder, split="train").labels
    tables = read_tables(folder, options)
    folds = mf.make_folds(labels, n_repeats=options.repeats, seed=options.seed)
    found = {
        name: score(folder / "scores" / f"{name}.joblib", table, labels, folds, options.jobs)
        for name, table in tables.items()
    }
    for name, evaluation in found.items():
        print(style, name, tables[name].shape, evaluation.summary()["auc"].round(3).to_dict())
    row: dict[str, object] = {
        "style": dataclasses.asdict(sample_style(style)) if style else "default",
        "positive": {task: int(labels[task].sum()) for task in labels},
        "n_columns": {name: table.shape[1] for name, table in tables.items()},
        "auc": {name: list_aucs(evaluation) for name, evaluation in found.items()},
        "baseline minus": {
            name: list_differences(found["baseline"], other)
            for name, other in found.items()
            if name != "baseline"
        },
    }
    if options.parts:
        row["fall without"] = measure_parts(folder, tables["baseline"], labels, options)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="folder for knees and tables")
    parser.add_argument("--styles", type=int, nargs="+", required=True, help="0: the default set")
    parser.add_argument("--exams", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--parts", action="store_true", help="also measure each family's part")
    parser.add_argument("--before", type=Path, help="checkout whose `baseline` is compared")
    parser.add_argument("--out", type=Path, default=RESULTS / "styles.json")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    result = {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": describe_machine(),
        "versions": {
            name: importlib.metadata.version(name)
            for name in ("mrnet-features", "numpy", "lightgbm", "scikit-learn", "scikit-image")
        },
        "n_exams": options.exams,
        "seed": options.seed,
        "n_repeats": options.repeats,
        "baseline": list(PRESETS["baseline"]),
        "styles": {str(style): measure_style(style, options) for style in options.styles},
    }
    options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
