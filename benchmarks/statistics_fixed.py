"""Parts of `bench_statistics` beside its cells: fixed predictions, and tables of scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.metrics import roc_auc_score

from mrnet_features.evaluation import Evaluation, cross_validate, logit_interval
from mrnet_features.evaluation.metrics.auc_covariance import estimate_covariance
from mrnet_features.evaluation.metrics.auc_tests import Difference, minimum_detectable_difference
from mrnet_features.evaluation.metrics.scored_folds import ScoredFolds
from mrnet_features.models import logistic_baseline

# Shares of the three tasks in MRNet's splits (Bien et al. 2018, table 1), by number of exams.
PREVALENCE = {120: (0.792, 0.450, 0.433), 1130: (0.808, 0.184, 0.351)}


def simulate_fixed(n_exams: int, n_replicates: int) -> dict[str, Any]:
    """Coverage, type I error and power for fixed predictions of three tasks on one test set.

    Parameters
    ----------
    n_exams : {120, 1130}
    n_replicates : int

    Returns
    -------
    dict
    """
    random = np.random.default_rng(n_exams)
    found: dict[str, list[Any]] = {}
    for _ in range(n_replicates):
        for name, value in _judge(n_exams, (0.80, 0.86, 0.80), random).items():
            found.setdefault(name, []).append(value)
    distance = float(np.mean(found.pop("detectable")))
    aucs = (0.80 - distance / 2, 0.80 + distance / 2, 0.80)
    power = [
        _judge(n_exams, aucs, random)["rejected mean, against .86"] for _ in range(n_replicates)
    ]
    means = {name: round(float(np.mean(values)), 4) for name, values in found.items()}
    return {
        "n_exams": n_exams,
        "n_replicates": n_replicates,
        "setting": "binormal scores of true AUC .80, .86 and .80; labels correlated .5 on the "
        "latent scale; errors shared among models and tasks",
        "coverage": {
            name.removeprefix("covered "): value
            for name, value in means.items()
            if name.startswith("covered ")
        },
        "type_1_error": {
            name.removeprefix("rejected ").removesuffix(", against .80"): value
            for name, value in means.items()
            if name.startswith("rejected ") and name.endswith(".80")
        },
        "minimum_detectable_difference": round(distance, 4),
        "power_at_it": round(float(np.mean(power)), 4),
    }


def _judge(
    n_exams: int, aucs: tuple[float, float, float], random: np.random.Generator
) -> dict[str, Any]:
    shared = random.normal(size=(n_exams, 1))
    hidden = np.sqrt(0.5) * shared + np.sqrt(0.5) * random.normal(size=(n_exams, 3))
    labels = (hidden < ndtri(PREVALENCE[n_exams])).astype(float)
    exam, task = random.normal(size=(1, n_exams, 1)), random.normal(size=(1, n_exams, 3))
    own = random.normal(size=(3, n_exams, 3))
    noise = np.sqrt(1 / 3) * exam + np.sqrt(1 / 6) * task + np.sqrt(1 / 2) * own
    scores = np.sqrt(2) * ndtri(np.array(aucs))[:, None, None] * labels + noise
    data = ScoredFolds(
        labels=np.tile(labels.T, (3, 1)),
        scores=np.moveaxis(scores, 2, 1).reshape(9, 1, n_exams),
        folds=np.zeros((1, n_exams), dtype=np.intp),
        names=tuple(f"term {k}" for k in range(9)),
    )
    covariance = estimate_covariance(data)
    measured = covariance.fold_aucs[0, 0]
    positive = labels.sum(axis=0)
    result: dict[str, Any] = {}
    for name, share in (("task", np.array([0, 1.0, 0])), ("mean", np.full(3, 1 / 3))):
        weights = np.concatenate([share, np.zeros(6)])
        error = covariance.combine(weights)
        used = positive[share > 0]
        low, high = logit_interval(
            measured @ weights,
            error.se,
            int(used.min()),
            int((n_exams - used).min()),
            0.95,
            error.degrees,
        )
        result[f"covered {name}"] = low <= aucs[0] <= high
        for other, against in ((1, ".86"), (2, ".80")):
            pair = np.zeros((3, 3))
            pair[0], pair[other] = share, -share
            error = covariance.combine(pair.ravel())
            found = Difference(float(measured @ pair.ravel()), error.se, error.degrees)
            low, high = found.interval()
            if other == 1:
                result[f"covered difference, {name}"] = low <= aucs[0] - aucs[1] <= high
            elif name == "mean":
                result["detectable"] = minimum_detectable_difference(error.se, error.degrees)
            result[f"rejected {name}, against {against}"] = found.p < 0.05
    return result


def compare_with_independent_code() -> list[dict[str, Any]]:
    """Scores of two tables of scikit-learn, by the library and by loops over pairs of exams.

    Returns
    -------
    list of dict
        One per table: AUC, standard error, and the largest difference between the two.
    """
    cancer, digits = load_breast_cancer(), load_digits()
    tables = {
        "breast cancer": (cancer.data, {"malignant": (cancer.target == 0).astype(int)}),
        "digits": (digits.data, {f"is {k}": (digits.target == k).astype(int) for k in (3, 8)}),
    }
    rows = []
    for name, (data, tasks) in tables.items():
        features = pd.DataFrame(data).add_prefix("column")
        features = features.loc[:, features.std() > 0]
        run = cross_validate(
            logistic_baseline(), features, pd.DataFrame(tasks), n_repeats=2, progress=False
        )
        summary = run.summary()
        for task in tasks:
            auc, se = score_by_pairs(run, task)
            rows.append(
                {
                    "table": name,
                    "n_exams": len(features),
                    "task": task,
                    "auc": round(auc, 6),
                    "se": round(se, 6),
                    "largest_difference": max(
                        abs(auc - summary.loc[task, "auc"]), abs(se - summary.loc[task, "se"])
                    ),
                }
            )
    return rows


def score_by_pairs(run: Evaluation, task: str) -> tuple[float, float]:
    """AUC and standard error of one task from their definitions; shares no code with the library.

    Parameters
    ----------
    run : Evaluation
        Of two repeats or more, without groups.
    task : str

    Returns
    -------
    auc, se : float
    """
    rows = run.predictions
    labels = run.labels[task]
    n_repeats, n_folds = rows["repeat"].nunique(), rows["fold"].nunique()
    size = {label: int((labels == label).sum()) for label in (0, 1)}
    influence = dict.fromkeys(labels.index, 0.0)
    placements: dict[Any, list[float]] = {exam: [] for exam in labels.index}
    drawn_variance = dict.fromkeys(labels.index, 0.0)
    aucs = []
    for _, part in rows.groupby(["repeat", "fold"]):
        truth = labels.loc[part["exam"]].to_numpy()
        scores = part[task].to_numpy()
        auc = roc_auc_score(truth, scores)
        aucs.append(auc)
        for exam, own, score in zip(part["exam"], truth, scores, strict=True):
            others = scores[truth != own]
            sign = 1 if own else -1
            won = ((np.sign(sign * (score - others)) + 1) / 2).tolist()
            placement = sum(won) / len(won)
            n_own = int((truth == own).sum())
            share = 1 / (n_folds * n_repeats)
            influence[exam] += share * (placement - auc) / (n_own * (n_own - 1)) ** 0.5
            placements[exam].append(placement)
            variance = sum((w - placement) ** 2 for w in won) / (len(won) - 1)
            fraction = len(won) / size[1 - own]
            drawn_variance[exam] += variance / len(won) * (1 - fraction) / n_repeats
    test = sum(value**2 for value in influence.values())
    excess = sum(
        (np.var(placements[exam], ddof=1) - drawn_variance[exam]) / size[labels[exam]] ** 2
        for exam in labels.index
    )
    f = (1 - 1 / n_folds) * len(labels) / (len(labels) - 1)
    return float(np.mean(aucs)), float((test + min(test, f / (1 - f) * max(0.0, excess))) ** 0.5)
