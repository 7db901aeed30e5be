"""Coverage, type I error and power of the evaluation's intervals and tests, by simulation.

    python benchmarks/bench_statistics.py              # all parts, some minutes on one core
    python benchmarks/bench_statistics.py --only fixed noise

Scores and tables are synthetic and their true AUC is known in closed form. Results go to
``benchmarks/results/statistics.json``, one entry per part with its setting, number of replicates
and Monte Carlo error of a proportion.
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

import numpy as np
import pandas as pd
from scipy.special import ndtri
from scipy.stats import norm, rankdata, ttest_1samp, wilcoxon
from sklearn.feature_selection import SelectKBest
from sklearn.pipeline import make_pipeline

from mrnet_features.evaluation import cross_validate, logit_interval, measure_auc
from mrnet_features.evaluation.metrics.auc_tests import (
    delong_test,
    minimum_detectable_difference,
    nadeau_bengio_test,
)
from mrnet_features.models import ScaledLogistic, TunedClassifier, lightgbm_baseline

RESULTS = Path(__file__).parent / "results" / "statistics.json"
# Shares of the three tasks in MRNet's splits (Bien et al. 2018, table 1), by number of exams.
PREVALENCE = {120: (0.792, 0.450, 0.433), 1130: (0.808, 0.184, 0.351), 300: (0.808, 0.184, 0.351)}


def draw_labels(random: np.random.Generator, n_exams: int) -> np.ndarray:
    """Three correlated labels, at least two of each class."""
    shared = random.normal(size=(n_exams, 1))
    hidden = np.sqrt(0.5) * shared + np.sqrt(0.5) * random.normal(size=(n_exams, 3))
    return (hidden < ndtri(PREVALENCE[n_exams])).astype(int)


def draw_scores(random: np.random.Generator, labels: np.ndarray, aucs: list[float]) -> np.ndarray:
    """Binormal scores of each model, shape (n_models, n_exams, 3), with those true AUCs.

    Errors are shared half by the models and a third by the tasks.
    """
    n_exams = len(labels)
    exam = random.normal(size=(1, n_exams, 1))
    task = random.normal(size=(1, n_exams, 3))
    own = random.normal(size=(len(aucs), n_exams, 3))
    noise = np.sqrt(1 / 3) * exam + np.sqrt(1 / 6) * task + np.sqrt(1 / 2) * own
    shift = np.sqrt(2) * ndtri(aucs)
    return shift[:, None, None] * labels + noise


def summarise(hits: dict[str, list[bool]]) -> dict[str, float]:
    return {name: round(float(np.mean(values)), 4) for name, values in hits.items()}


def simulate_fixed(n_replicates: int = 2000) -> list[dict]:
    """Coverage, type I error and power for fixed predictions on one test set."""
    rows = []
    for n_exams in (120, 1130):
        random = np.random.default_rng(n_exams)
        covered: dict[str, list[bool]] = {}
        rejected: dict[str, list[bool]] = {}
        detectable = []
        for _ in range(n_replicates):
            labels = draw_labels(random, n_exams)
            scores = draw_scores(random, labels, [0.80, 0.86, 0.80])
            found = [[measure_auc(labels[:, k], s[:, k]) for k in range(3)] for s in scores]
            means = [np.mean([e.auc for e in model]) for model in found]
            psi = [np.mean([e.influence for e in model], axis=0) for model in found]
            positives = labels.sum(axis=0)
            ends = logit_interval(found[0][1].auc, found[0][1].se, *_count(positives[1], n_exams))
            covered.setdefault("one task", []).append(ends[0] <= 0.80 <= ends[1])
            se = float(np.sqrt((psi[0] ** 2).sum()))
            ends = logit_interval(means[0], se, *_count(positives.min(), n_exams))
            covered.setdefault("mean of three", []).append(ends[0] <= 0.80 <= ends[1])
            apart = float(np.sqrt(sum(e.se**2 for e in found[0])) / 3)
            ends = logit_interval(means[0], apart, *_count(positives.min(), n_exams))
            covered.setdefault("mean, tasks taken as independent (not offered)", []).append(
                ends[0] <= 0.80 <= ends[1]
            )
            one, two = found[0][1], found[1][1]
            low, high = delong_test(one.influence, two.influence, one.auc - two.auc).interval()
            covered.setdefault("difference, one task", []).append(low <= -0.06 <= high)
            better = delong_test(psi[0], psi[1], means[0] - means[1])
            low, high = better.interval()
            covered.setdefault("difference of the means", []).append(low <= -0.06 <= high)
            equal, three = delong_test(psi[0], psi[2], means[0] - means[2]), found[2][1]
            task = delong_test(one.influence, three.influence, one.auc - three.auc)
            rejected.setdefault("DeLong's test, mean of three", []).append(equal.p < 0.05)
            rejected.setdefault("DeLong's test, one task", []).append(task.p < 0.05)
            unpaired = (means[0] - means[2]) / np.sqrt((psi[0] ** 2).sum() + (psi[2] ** 2).sum())
            rejected.setdefault("unpaired z test (not offered)", []).append(
                2 * norm.sf(abs(unpaired)) < 0.05
            )
            detectable.append(minimum_detectable_difference(equal.se))
        distance = float(np.mean(detectable))
        power = []
        for _ in range(n_replicates):
            labels = draw_labels(random, n_exams)
            scores = draw_scores(random, labels, [0.80 - distance / 2, 0.80 + distance / 2])
            found = [[measure_auc(labels[:, k], s[:, k]) for k in range(3)] for s in scores]
            psi = [np.mean([e.influence for e in model], axis=0) for model in found]
            means = [np.mean([e.auc for e in model]) for model in found]
            power.append(delong_test(psi[0], psi[1], means[0] - means[1]).p < 0.05)
        rows.append(
            {
                "n_exams": n_exams,
                "n_replicates": n_replicates,
                "monte_carlo_error_at_.95": round(float(np.sqrt(0.95 * 0.05 / n_replicates)), 4),
                "setting": "fixed binormal scores of true AUC .80 (against .86, and against .80); "
                "labels correlated .5 on the latent scale; errors shared among models and tasks",
                "coverage_of_95": summarise(covered),
                "type_1_error_at_.05": summarise(rejected),
                "minimum_detectable_difference": round(distance, 4),
                "power_at_it": round(float(np.mean(power)), 4),
            }
        )
    return rows


def _count(n_positive: int, n_exams: int) -> tuple[int, int]:
    return int(n_positive), int(n_exams - n_positive)


def fit_centroids(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Weights of the difference of class means; its true AUC is known for normal classes."""
    return X[y == 1].mean(axis=0) - X[y == 0].mean(axis=0)


def simulate_cross_validation(n_replicates: int = 600) -> list[dict]:
    """Coverage of cross-validated intervals for the mean true AUC of the fitted models."""
    rows = []
    for n_exams, n_columns, length in (
        *((n, 30, length) for n in (120, 1130) for length in (1.6, 0.8, 0.0)),
    ):
        random = np.random.default_rng(n_exams * 100 + int(10 * length))
        covered: dict[str, list[bool]] = {}
        target_aucs, errors, widths = [], [], []
        delta = np.zeros((3, n_columns))
        for k in range(3):
            delta[k, 8 * k : 8 * k + 8] = length / np.sqrt(8)
        for _ in range(n_replicates):
            labels = draw_labels(random, n_exams)
            psi, estimates, truths = np.zeros((3, n_exams)), np.zeros(3), np.zeros(3)
            # Shuffled within joint labels: each fold has its share of every task.
            order = np.lexsort((random.random(n_exams), labels @ (4, 1, 2)))
            fold = np.empty(n_exams, dtype=int)
            fold[order] = np.arange(n_exams) % 5
            for k in range(3):
                X = random.normal(size=(n_exams, n_columns)) + labels[:, [k]] * delta[k]
                for number in range(5):
                    test = fold == number
                    weights = fit_centroids(X[~test], labels[~test, k])
                    estimate = measure_auc(labels[test, k], X[test] @ weights)
                    estimates[k] += estimate.auc / 5
                    psi[k, test] = estimate.influence / 5
                    shift = weights @ delta[k] / np.linalg.norm(weights)
                    truths[k] += norm.cdf(shift / np.sqrt(2)) / 5
            se = float(np.sqrt((psi[1] ** 2).sum()))
            ends = logit_interval(estimates[1], se, 20, 20)
            covered.setdefault("one task", []).append(ends[0] <= truths[1] <= ends[1])
            se = float(np.sqrt((psi.mean(axis=0) ** 2).sum()))
            ends = logit_interval(estimates.mean(), se, 20, 20)
            covered.setdefault("mean of three", []).append(ends[0] <= truths.mean() <= ends[1])
            target_aucs.append(truths.mean())
            errors.append(estimates.mean() - truths.mean())
            widths.append(se)
        rows.append(
            {
                "n_exams": n_exams,
                "n_replicates": n_replicates,
                "monte_carlo_error_at_.95": round(float(np.sqrt(0.95 * 0.05 / n_replicates)), 4),
                "setting": f"5 folds, difference of class means on {n_columns} normal columns, 8 "
                f"informative; target: mean true AUC of the fitted models, "
                f"{np.mean(target_aucs):.3f}",
                "coverage_of_95": summarise(covered),
                "true_spread_over_se": round(float(np.std(errors) / np.mean(widths)), 3),
            }
        )
    return rows


def fast_auc(labels: np.ndarray, scores: np.ndarray) -> float:
    positive = labels == 1
    m, n = positive.sum(), (~positive).sum()
    return float((rankdata(scores)[positive].sum() - m * (m + 1) / 2) / (m * n))


def simulate_procedures(n_replicates: int = 400) -> list[dict]:
    """Type I error of tests for two learning procedures on shared folds, 5 x 10."""
    rows = []
    for n_exams in (300, 1130):
        for weaker in (1.0, 0.75):
            random = np.random.default_rng(n_exams + int(100 * weaker))
            rejected: dict[str, list[bool]] = {}
            detectable, differences = [], []
            length = np.array([1.0, weaker])
            for _ in range(n_replicates):
                y = (random.random(n_exams) < 0.35).astype(int)
                # Each procedure has its own columns, equally informative where `weaker` is 1.
                delta = length[:, None, None] / np.sqrt(10) * y[None, :, None]
                X = random.normal(size=(2, n_exams, 10)) + delta
                by_fold, pooled = [], np.zeros((2, n_exams))
                for repeat in range(10):
                    fold = np.empty(n_exams, dtype=int)
                    for label in (0, 1):
                        members = np.flatnonzero(y == label)
                        fold[random.permutation(members)] = np.arange(len(members)) % 5
                    for number in range(5):
                        test = fold == number
                        aucs = []
                        for model in range(2):
                            weights = fit_centroids(X[model][~test], y[~test])
                            scores = X[model][test] @ weights
                            aucs.append(fast_auc(y[test], scores))
                            if repeat == 0:
                                pooled[model, test] = scores
                        by_fold.append(aucs[0] - aucs[1])
                corrected = nadeau_bengio_test(by_fold, 1 / 4)
                one, two = (measure_auc(y, scores) for scores in pooled)
                delong = delong_test(one.influence, two.influence, one.auc - two.auc)
                for name, p in (
                    ("nadeau-bengio", corrected.p),
                    ("plain t over 50 folds (not offered)", ttest_1samp(by_fold, 0).pvalue),
                    ("wilcoxon over 50 folds (not offered)", wilcoxon(by_fold).pvalue),
                    ("delong on pooled scores (not offered)", delong.p),
                ):
                    rejected.setdefault(name, []).append(bool(p < 0.05))
                detectable.append(minimum_detectable_difference(corrected.se, corrected.degrees))
                differences.append(corrected.estimate)
            key = "type_1_error_at_.05" if weaker == 1 else "share_rejected"
            rows.append(
                {
                    "n_exams": n_exams,
                    "n_replicates": n_replicates,
                    "monte_carlo_error_at_.05": round(
                        float(np.sqrt(0.05 * 0.95 / n_replicates)), 4
                    ),
                    "setting": "5 folds x 10 repeats, difference of class means on 10 normal "
                    "columns each, of separation 1 and "
                    f"{weaker}",
                    key: summarise(rejected),
                    "mean_difference": round(float(np.mean(differences)), 4),
                    "minimum_detectable_difference": round(float(np.mean(detectable)), 4),
                }
            )
    return rows


def make_noise(seed: int, n_exams: int = 1130, n_columns: int = 1500) -> tuple:
    random = np.random.default_rng(seed)
    exams = [f"{k:04d}" for k in range(n_exams)]
    features = pd.DataFrame(random.normal(size=(n_exams, n_columns)).astype(np.float32), exams)
    labels = pd.DataFrame(draw_labels(random, n_exams), exams, ["abnormal", "acl", "meniscus"])
    return features.add_prefix("noise_"), labels


def simulate_noise(n_replicates: int = 8, n_jobs: int = 1) -> list[dict]:
    """Pure noise, 1,130 x 1,500, with selection and tuning inside the folds and outside."""
    base = make_pipeline(SelectKBest(k=30), ScaledLogistic())
    grid = {"selectkbest__k": [10, 100], "scaledlogistic__C": [0.1, 10.0]}
    tuned = TunedClassifier(base, grid, n_candidates=2, n_splits=3)
    inside, outside = [], []
    for seed in range(n_replicates):
        features, labels = make_noise(seed)
        found = cross_validate(
            model=tuned,
            features=features,
            labels=labels,
            n_jobs=n_jobs,
            seed=seed,
            progress=False,
        )
        inside.append(float(found.summary().loc[found.headline, "auc"]))
        aucs = []
        for task in labels:
            chosen = SelectKBest(k=30).fit(features, labels[task]).get_support()
            leaked = cross_validate(
                model=ScaledLogistic(),
                features=features.loc[:, chosen],
                labels=labels[[task]],
                progress=False,
            )
            aucs.append(float(leaked.summary()["auc"].loc[task]))
        outside.append(float(np.mean(aucs)))
    features, labels = make_noise(99)
    start = time.perf_counter()
    default = cross_validate(None, features, labels, n_jobs=2, progress=False)
    seconds = time.perf_counter() - start
    return [
        {
            "n_exams": 1130,
            "n_columns": 1500,
            "n_replicates": n_replicates,
            "setting": "selection (10 to 100 columns) and tuning inside the folds, 3 tasks",
            "mean_auc": round(float(np.mean(inside)), 4),
            "standard_error_over_tables": round(
                float(np.std(inside, ddof=1) / np.sqrt(n_replicates)), 4
            ),
            "mean_auc_with_selection_outside": round(float(np.mean(outside)), 4),
        },
        {
            "n_exams": 1130,
            "n_columns": 1500,
            "n_replicates": 1,
            "setting": "default LightGBM, 3 tasks, 5 folds, 2 workers",
            "mean_auc": round(float(default.summary().loc[default.headline, "auc"]), 4),
            "standard_error": round(float(default.summary().loc[default.headline, "se"]), 4),
            "seconds": round(seconds, 1),
            "load_average": [round(value, 1) for value in os.getloadavg()],
        },
    ]


def check_workers() -> list[dict]:
    """Whether predictions on one and two workers are bit-identical."""
    features, labels = make_noise(7, n_exams=300, n_columns=100)
    rows = []
    for name, model in (
        ("lightgbm", lightgbm_baseline(n_estimators=60)),
        ("logistic", ScaledLogistic()),
    ):
        one, two = (
            cross_validate(
                model=model, features=features, labels=labels, n_jobs=n_jobs, progress=False
            ).predictions
            for n_jobs in (1, 2)
        )
        rows.append({"model": name, "bit_identical_on_1_and_2_workers": bool(one.equals(two))})
    return rows


PARTS = {
    "fixed": simulate_fixed,
    "cross_validation": simulate_cross_validation,
    "procedures": simulate_procedures,
    "noise": simulate_noise,
    "workers": check_workers,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    options = parser.parse_args()
    RESULTS.parent.mkdir(exist_ok=True)
    result = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {"benchmark": "statistics"}
    for part in options.only:
        start = time.perf_counter()
        rows = PARTS[part]()
        names = ("mrnet-features", "numpy", "scipy", "scikit-learn", "lightgbm")
        result[part] = {
            "date": dt.datetime.now(dt.UTC).date().isoformat(),
            "seconds": round(time.perf_counter() - start, 1),
            "machine": {"processor": _name_processor(), "cores": len(os.sched_getaffinity(0))},
            "versions": {
                "python": platform.python_version(),
                **{name: version(name) for name in names},
            },
            "rows": rows,
        }
        print(json.dumps({part: rows}, indent=1), flush=True)
        RESULTS.write_text(json.dumps(result, indent=2) + "\n")


def _name_processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.machine()


if __name__ == "__main__":
    main()
