"""Coverage of the interval of `measure_exclusion`, by simulation.

    python benchmarks/bench_exclusion.py     # about ten minutes on one core

Scores are normal with a known AUC; flagged exams have scores of another AUC. The true difference
is known for fixed scores; for a cross-validation it is the mean over the replicates.
"""

from __future__ import annotations

import argparse
import datetime as dt
import itertools
import json
import time
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from bench_peers import describe_machine
from scipy.special import ndtr, stdtrit
from sklearn.linear_model import LogisticRegression

from mrnet_features.evaluation import (
    FewExamsWarning,
    make_folds,
    measure_auc,
    measure_exclusion,
)
from mrnet_features.evaluation.comparison.exclusion import estimate_error

RESULTS = Path(__file__).parent / "results" / "exclusion.json"
GAP = 1.5
"""Distance of the classes, in standard deviations, among the exams that are not flagged."""


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicates", type=int, default=1000, help="of fixed scores")
    parser.add_argument("--validations", type=int, default=100, help="replicates that fit models")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    warnings.simplefilter("ignore", FewExamsWarning)
    machine, started, cells = describe_machine(), time.perf_counter(), []
    sizes = ((120, 0.4), (400, 0.3), (1130, 0.18))
    for (n_exams, prevalence), share, gap, negative in itertools.product(
        sizes, (0.02, 0.05, 0.2), (GAP, 0.0, -2.0), (False, True)
    ):
        rng = np.random.default_rng(len(cells))
        setting = {"n_exams": n_exams, "prevalence": prevalence, "share": share}
        setting |= {"gap_of_flagged": gap, "only_negative": negative}
        found = [draw_fixed(rng, **setting) for _ in range(options.replicates)]
        cells.append(summarise({"scores": "fixed", **setting}, found, find_difference(**setting)))
        print(cells[-1])
    for n_exams, gap, share in itertools.product((200, 600), (0.0, GAP), (0.05, 0.2)):
        rng = np.random.default_rng(len(cells))
        setting = {"n_exams": n_exams, "gap": gap, "share": share}
        found = [draw_validation(rng, **setting) for _ in range(options.validations)]
        cells.append(summarise({"scores": "cross-validated", **setting}, found, None))
        print(cells[-1])
    result = {
        "benchmark": "exclusion",
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "seconds": round(time.perf_counter() - started),
        "machine": machine,
        "versions": {name: version(name) for name in ("numpy", "scipy", "scikit-learn", "pandas")},
        "cells": cells,
    }
    options.results.write_text(json.dumps(result, indent=1) + "\n")


def find_difference(share: float, gap_of_flagged: float, only_negative: bool, **_: Any) -> float:
    """True AUC without the flagged exams minus that of all."""
    own = 0.0 if only_negative else share
    gaps = ((GAP, 1 - own), (gap_of_flagged, own)), ((GAP, 1 - share), (gap_of_flagged, share))
    everyone = sum(
        weight * other * find_auc((gap + own_gap) / 2)
        for gap, weight in gaps[0]
        for own_gap, other in gaps[1]
    )
    return find_auc(GAP) - everyone


def find_auc(gap: float) -> float:
    """AUC of normal scores whose means are `gap` standard deviations apart."""
    return float(ndtr(gap / np.sqrt(2)))


def draw_fixed(
    rng: np.random.Generator,
    n_exams: int,
    prevalence: float,
    share: float,
    gap_of_flagged: float,
    only_negative: bool,
) -> dict[str, float] | None:
    """Difference, standard error and degrees for one test set; None if it holds too few exams."""
    truth = rng.random(n_exams) < prevalence
    flagged = (rng.random(n_exams) < share) & ~(truth & only_negative)
    if too_few(truth, flagged):
        return None
    gaps = np.where(flagged, gap_of_flagged, GAP)
    scores = rng.normal(size=n_exams) + gaps * (truth - 0.5)
    whole, kept = measure_auc(truth, scores), measure_auc(truth[~flagged], scores[~flagged])
    changes = -whole.influence
    changes[~flagged] += kept.influence
    se, degrees = estimate_error(changes)
    return {"difference": kept.auc - whole.auc, "se": se, "degrees": degrees}


def draw_validation(
    rng: np.random.Generator, n_exams: int, gap: float, share: float
) -> dict[str, float] | None:
    """The same for logistic regression on eight columns, in three repeats of five folds."""
    truth = rng.random(n_exams) < 0.35
    flagged = rng.random(n_exams) < share
    if too_few(truth, flagged):
        return None
    X = rng.normal(size=(n_exams, 8)) * np.where(flagged, 2.0, 1.0)[:, None]
    X[:, 0] += gap * (truth - 0.5) * ~flagged
    labels = pd.DataFrame({"task": truth.astype(int)})
    folds = make_folds(labels, n_splits=5, n_repeats=3, seed=int(rng.integers(2**31)))
    rows = folds.frame.assign(task=0.0)
    for (_, _, train, test), (_, part) in zip(
        folds.split(), rows.groupby(["repeat", "fold"]), strict=True
    ):
        model = LogisticRegression().fit(X[train], truth[train])
        scores = pd.Series(model.decision_function(X[test]), index=test)
        rows.loc[part.index, "task"] = scores.loc[part["exam"]].to_numpy()
    found = measure_exclusion(rows, np.flatnonzero(flagged), labels).measured.iloc[0]
    return {name: float(found[name]) for name in ("difference", "se", "degrees")}


def too_few(truth: np.ndarray[Any, Any], flagged: np.ndarray[Any, Any]) -> bool:
    """Whether fewer than 2 exams are flagged, or 10 of a class are left."""
    kept = truth[~flagged]
    return bool(flagged.sum() < 2 or min(kept.sum(), (~kept).sum()) < 10)


def summarise(setting: dict[str, Any], found: list[Any], expected: float | None) -> dict[str, Any]:
    """Coverage, and the standard error beside the standard deviation of the difference."""
    table = pd.DataFrame([row for row in found if row is not None])
    difference, se = table["difference"], table["se"]
    aim = difference.mean() if expected is None else expected
    off = (difference - aim).abs()
    return {
        **setting,
        "n_replicates": len(table),
        "difference": round(float(aim), 5),
        "sd": round(float(difference.std()), 5),
        "root_mean_square_se": round(float(np.sqrt((se**2).mean())), 5),
        "coverage": round(float((off <= stdtrit(table["degrees"], 0.975) * se).mean()), 3),
        "coverage_normal": round(float((off <= 1.96 * se).mean()), 3),
    }


if __name__ == "__main__":
    main()
