"""Features, a small network and both, on synthetic knees of a style, in the same folds.

    python benchmarks/bench_cnn.py --folder /tmp/cnn --style 105 --exams 400 --jobs 2

AUCs with intervals, paired differences, what each adds to the other, and what each costs. Needs
the extra `cnn`. Knees, tables and networks are kept in the folder, so a stopped run goes on where
it was; times are those of the run that did the work. Results are written to ``results/cnn.json``.
With ``--predictions FOLDER`` labels and out-of-fold predictions are written too, as CSV:

    python benchmarks/bench_cnn.py --folder /tmp/cnn --style 105 --resolution 64 --epochs 8 \\
        --predictions notebooks/predictions
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import importlib.metadata
import json
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from bench_peers import describe_machine
from joblib.externals.loky import get_reusable_executor

import mrnet_features as mf
from mrnet_features.evaluation.comparison.added_value import AddedValue, measure_both_ways

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("mrnet-features", "torch", "numpy", "lightgbm", "scikit-learn")


class Costs:
    """Wall and processor time of each step, kept in a file for a later run."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.seconds: dict[str, dict[str, float]] = (
            json.loads(path.read_text()) if path.is_file() else {}
        )

    @contextlib.contextmanager
    def measure(self, step: str) -> Iterator[None]:
        start, used = time.perf_counter(), _processor_seconds()
        yield
        wall, processor = time.perf_counter() - start, _processor_seconds() - used
        before = self.seconds.get(step, {})
        if processor >= before.get("processor", 0.0):
            self.seconds[step] = {"wall": round(wall, 1), "processor": round(processor, 1)}
            self._path.write_text(json.dumps(self.seconds))


def _processor_seconds() -> float:
    """Of this process and of its workers, which have to end to be counted."""
    get_reusable_executor().shutdown(wait=True)
    parts = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(part.ru_utime + part.ru_stime for part in parts)


def list_rows(table: pd.DataFrame, columns: list[str]) -> dict[str, dict[str, object]]:
    return {
        str(name): {column: round(float(row[column]), 4) for column in columns if column in row}
        for name, row in table.iterrows()
    }


def describe_gain(found: AddedValue) -> dict[str, dict[str, object]]:
    columns = ["auc_base", "auc_combined", "gain", "se", "ci_low", "ci_high"]
    return list_rows(found.summary(), columns)


def write_predictions(
    folder: Path, labels: pd.DataFrame, features: mf.Evaluation, network: mf.Evaluation
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    labels.to_csv(folder / "labels.csv")
    for name, model in {"features": features, "network": network}.items():
        model.predictions.to_csv(folder / f"{name}.csv", index=False, float_format="%.6f")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="folder for knees and results")
    parser.add_argument("--style", type=int, required=True)
    parser.add_argument("--exams", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--network", default="small")
    parser.add_argument("--resolution", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULTS / "cnn.json")
    parser.add_argument("--predictions", type=Path, help="folder for labels and predictions")
    options = parser.parse_args()
    machine = describe_machine()
    root = options.folder / "knees"
    options.folder.mkdir(parents=True, exist_ok=True)
    costs = Costs(options.folder / "costs.json")
    mf.write_knees(
        root,
        n_train=options.exams,
        n_valid=0,
        seed=options.seed,
        style=options.style,
        n_jobs=options.jobs,
    )
    train = mf.load_mrnet(root)
    folds = mf.make_folds(train.labels, options.folds, options.repeats, seed=options.seed)
    with costs.measure("extraction"):
        table = mf.extract_features(
            train.exams,
            options.folder / "train.parquet",
            extractor=mf.FeatureExtractor("baseline", n_jobs=options.jobs),
        )
    with costs.measure("models of the features"):
        features = mf.cross_validate(None, table, train.labels, folds=folds, n_jobs=options.jobs)
    with costs.measure("networks"):
        network = mf.cross_validate_cnn(
            train.exams,
            train.labels,
            folds=folds,
            network=options.network,
            resolution=options.resolution,
            epochs=options.epochs,
            device=options.device,
            out=options.folder / "cnn",
            n_jobs=options.jobs,
        )
    if options.predictions is not None:
        write_predictions(options.predictions, train.labels, features, network)
    gain_of_features, gain_of_network = measure_both_ways(network, features)
    models = {"features": features, "network": network}
    difference = mf.compare(models).summary().set_index("task")
    aucs = ["auc", "se", "ci_low", "ci_high"]
    kept = network.curves[network.curves["is_kept"]]
    result = {
        "benchmark": "cnn",
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": machine,
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
        "settings": {
            name: getattr(options, name)
            for name in (
                *("style", "exams", "seed", "folds", "repeats", "network", "resolution"),
                *("epochs", "device", "jobs"),
            )
        },
        "n_columns": table.shape[1],
        "n_weights": int(network.cost["n_weights"].iloc[0]),
        "positive": {task: int(train.labels[task].sum()) for task in train.labels},
        "auc": {name: list_rows(model.summary(), aucs) for name, model in models.items()},
        "features minus network": list_rows(
            difference, ["difference", "ci_low", "ci_high", "p", "minimum_detectable_difference"]
        ),
        "features added to the network": describe_gain(gain_of_features),
        "network added to the features": describe_gain(gain_of_network),
        "seconds": costs.seconds,
        "networks": list_rows(network.cost, list(network.cost.columns)),
        "kept epoch, mean": round(float(kept["epoch"].mean()) + 1, 1),
        "tuning loss, first and kept epoch": [
            round(float(network.curves.query("epoch == 0")["tuning_loss"].mean()), 3),
            round(float(kept["tuning_loss"].mean()), 3),
        ],
    }
    print(json.dumps(result, indent=1))
    options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
