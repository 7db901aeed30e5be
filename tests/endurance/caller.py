"""A program that calls the library again and again, and notes its memory and open files.

``python -m tests.endurance.caller ROOT BASE LOG`` appends a line of JSON per round to LOG until it
is ended with SIGTERM.
"""

import gc
import hashlib
import json
import sys
import time
from pathlib import Path

import pandas as pd
import psutil

import mrnet_features as mf
from mrnet_features.evaluation.comparison.read_predictions import read_predictions
from mrnet_features.models.bundle import load_bundle

N_EXAMS = 4


def main() -> None:
    """Loop over the library's functions; results of a round do not depend on earlier rounds."""
    root, base, log = map(Path, sys.argv[1:])
    process = psutil.Process()
    number = 0
    while True:
        started = time.monotonic()
        digest = hashlib.sha256()
        for result in call_library(root, base, n_jobs=1 + number % 2):
            digest.update(result.to_csv().encode())
        gc.collect()
        note = {
            "round": number,
            "seconds": round(time.monotonic() - started, 2),
            "megabytes": round(process.memory_info().rss / 2**20, 1),
            "n_open": process.num_fds(),
            "n_threads": process.num_threads(),
            "n_processes": len(process.children(recursive=True)),
            "digest": digest.hexdigest(),
        }
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(note) + "\n")
        number += 1


def call_library(root: Path, base: Path, n_jobs: int) -> list[pd.DataFrame]:
    """Tables of one round: labels, features, predictions, scores, findings."""
    train = mf.load_mrnet(root, "train")
    table = mf.read_features(base / "train.parquet")
    extractor = mf.FeatureExtractor("minimal", n_jobs=n_jobs)
    evaluation = mf.cross_validate(
        mf.logistic_baseline(), table, train.labels, n_splits=3, n_jobs=n_jobs
    )
    refused = []
    for read in (mf.read_features, mf.read_predictions, mf.Folds.read, load_bundle):
        try:
            read(base / "broken.csv")
        except (ValueError, OSError) as error:
            refused.append(f"{type(error).__name__}: {error}")
    return [
        train.labels,
        extractor.fit_transform(train.exams[:N_EXAMS]),
        evaluation.summary(),
        load_bundle(base / "model").predict(table),
        read_predictions(base / "cv" / "predictions.csv"),
        mf.Folds.read(base / "cv" / "folds.csv").frame,
        mf.audit(root, n_jobs=n_jobs),
        pd.DataFrame({"refused": refused}),
    ]


if __name__ == "__main__":
    main()
