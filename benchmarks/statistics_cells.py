"""Cells of the simulation in `bench_statistics`: tables whose true AUCs are known.

A cell is one setting. Each replicate draws a table with two tasks and two equally good sets of
columns, cross-validates one model on each set, and compares what `estimate_covariance` says with
the true AUC of the fitted models. The columns are normal with equal covariance in both classes, so
the true AUC of a linear score is known in closed form; that of LightGBM is measured on 4,000
further exams of each class.
"""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
from scipy.special import expit, ndtr, ndtri
from scipy.stats import rankdata
from scipy.stats import t as student

from mrnet_features.evaluation import logit_interval, make_folds
from mrnet_features.evaluation.metrics.auc_covariance import estimate_covariance
from mrnet_features.evaluation.metrics.auc_tests import Difference
from mrnet_features.evaluation.metrics.scored_folds import ScoredFolds

SHARED = 0.5
"""Correlation of the columns of the two models, and of the labels of the two tasks."""
SITE = 0.5
"""Standard deviation of a site's offset in each column, over that of the exams."""
N_FURTHER = 4000


@dataclass(frozen=True)
class Cell:
    """One setting of the simulation; the defaults are the base cell."""

    n_exams: int = 300
    auc: float = 0.8
    n_repeats: int = 3
    prevalence: float = 0.4
    learner: str = "logistic"
    n_groups: int = 0
    n_folds: int = 5
    n_columns: int = 10

    @property
    def name(self) -> str:
        """Values that differ from the base cell."""
        base = asdict(Cell())
        own = [f"{key} {value}" for key, value in asdict(self).items() if value != base[key]]
        return ", ".join(own) or "base"

    @property
    def n_replicates(self) -> int:
        """Replicates of a full run."""
        return 300 if self.learner == "lightgbm" else 1000


CELLS = (
    Cell(),
    *(Cell(n_exams=n) for n in (120, 1130)),
    *(Cell(auc=auc) for auc in (0.5, 0.65, 0.92)),
    *(Cell(n_repeats=n) for n in (1, 2, 10)),
    *(Cell(prevalence=share) for share in (0.1, 0.2, 0.8)),
    *(Cell(n_groups=n) for n in (5, 10, 20, 60)),
    *(Cell(n_exams=120, auc=auc) for auc in (0.5, 0.65)),
    Cell(n_exams=120, prevalence=0.05, n_folds=3),
    Cell(learner="lda"),
    *(Cell(learner="lightgbm", n_exams=n) for n in (120, 300)),
)


def simulate(cell: Cell, n_replicates: int) -> dict[str, Any]:
    """Coverage, type I error and width of one cell.

    Parameters
    ----------
    cell : Cell
    n_replicates : int

    Returns
    -------
    dict
        Setting and proportions; see `benchmarks/README.md`.
    """
    seed = [ord(letter) for letter in cell.name]
    random = np.random.default_rng(seed)
    length = np.sqrt(2) * ndtri(cell.auc)
    delta = np.full(cell.n_columns, length / np.sqrt(cell.n_columns))
    expected = _expect(cell, delta, np.random.default_rng([*seed, 1]))
    found: dict[str, list[Any]] = {}
    for number in range(n_replicates):
        for name, value in _replicate(cell, delta, expected, random, number).items():
            found.setdefault(name, []).append(value)
    interval = found.pop("interval")[0]
    means = {name: float(np.mean(values)) for name, values in found.items()}
    # Lengths of intervals have a long tail at few exams: their median is compared.
    widths = {k: float(np.median(v)) for k, v in found.items() if k.startswith("width")}
    return {
        "cell": cell.name,
        **asdict(cell),
        "n_replicates": n_replicates,
        "true_auc": round(means["true"], 4),
        "interval": interval,
        "coverage": {
            name.removeprefix("covered "): round(value, 4)
            for name, value in means.items()
            if name.startswith("covered ")
        },
        "type_1_error": {
            name.removeprefix("rejected "): round(value, 4)
            for name, value in means.items()
            if name.startswith("rejected ")
        },
        "width_over_fitted_models_given": round(widths["width"] / widths["width before"], 3),
    }


def _replicate(
    cell: Cell, delta: np.ndarray, expected: float, random: np.random.Generator, number: int
) -> dict[str, Any]:
    labels, site = _draw_labels(cell, random)
    folds = _draw_folds(cell, labels, site, number)
    n_tasks, n_exams = labels.shape
    scores = np.empty((3, n_tasks, *folds.shape))
    true = np.zeros((3, n_tasks))
    for task in range(n_tasks):
        tables = _draw_columns(cell, labels[task], site, delta, random)
        # A fixed file of predictions with the AUC that a fitted model has on average.
        shift = np.sqrt(2) * ndtri(expected)
        offset = SITE * random.normal(size=cell.n_groups or 1)
        fixed = shift * labels[task] + random.normal(size=n_exams)
        scores[2, task] = fixed + (offset[site] if cell.n_groups else 0)
        for repeat, fold in np.ndindex(len(folds), cell.n_folds):
            test = folds[repeat] == fold
            share = 1 / (len(folds) * cell.n_folds)
            same = _count_same_site(labels[task], site, test) if cell.n_groups else 1.0
            true[2, task] += share * _true_auc(shift, same)
            for model in range(2):
                table = tables[model]
                own, separation = _fit_and_score(
                    cell, table[~test], labels[task, ~test], table[test], delta, random
                )
                scores[model, task, repeat, test] = own
                true[model, task] += share * _true_auc(separation, same)
    data = ScoredFolds(
        labels=np.tile(labels.astype(float), (3, 1)),
        scores=scores.reshape(3 * n_tasks, *folds.shape),
        folds=folds,
        names=tuple(f"term {k}" for k in range(3 * n_tasks)),
    )
    return _judge(cell, data, true, site, expected)


def _judge(
    cell: Cell, data: ScoredFolds, true: np.ndarray, site: np.ndarray, expected: float
) -> dict[str, Any]:
    n_tasks = true.shape[1]
    found = estimate_covariance(data, site if cell.n_groups else None)
    aucs = found.fold_aucs.mean(axis=(0, 1))
    positive = int(data.labels[0].sum())
    result: dict[str, Any] = {"true": true[0, 0]}
    single, mean = np.eye(n_tasks)[0], np.full(n_tasks, 1 / n_tasks)
    for name, task in (("task", single), ("mean", mean)):
        weights = np.concatenate([task, np.zeros(2 * n_tasks)])
        error = found.combine(weights)
        ends = logit_interval(
            aucs @ weights, error.se, positive, cell.n_exams - positive, 0.95, error.degrees
        )
        result[f"covered {name}"] = ends[0] <= true.ravel() @ weights <= ends[1]
        if name == "task":
            before = np.linalg.norm(found.influence @ weights)
            old = logit_interval(aucs @ weights, before, positive, cell.n_exams - positive)
            result["interval"] = error.source
            result["width"], result["width before"] = ends[1] - ends[0], old[1] - old[0]
            result["covered task, fitted models given"] = old[0] <= true[0, 0] <= old[1]
            if not cell.n_groups:
                result["covered task, procedure"] = ends[0] <= expected <= ends[1]
    for name, other in (("two models", 1), ("model and fixed file", 2)):
        weights = np.zeros((3, n_tasks))
        weights[0], weights[other] = mean, -mean
        weights = weights.ravel()
        error = found.combine(weights)
        difference = Difference(float(aucs @ weights), error.se, error.degrees)
        low, high = difference.interval()
        result[f"covered difference, {name}"] = low <= true.ravel() @ weights <= high
        if error.source.startswith("test"):
            result[f"rejected {name}"] = difference.p < 0.05
        if name == "two models":
            by_fold = (found.fold_aucs @ weights).ravel()
            variance = (1 / len(by_fold) + 1 / (cell.n_folds - 1)) * by_fold.var(ddof=1)
            ratio = abs(by_fold.mean()) / np.sqrt(variance)
            p = 2 * student.sf(ratio, len(by_fold) - 1)
            result["rejected two models, Nadeau-Bengio (not offered)"] = p < 0.05
    return result


def _expect(cell: Cell, delta: np.ndarray, random: np.random.Generator) -> float:
    """AUC of the learning procedure within a site: mean over fresh training sets."""
    n_fits = 100 if cell.learner == "lightgbm" else 400
    aucs = []
    for _ in range(n_fits):
        labels, site = _draw_labels(cell, random)
        table = _draw_columns(cell, labels[0], site, delta, random)[0]
        train = np.zeros(cell.n_exams, dtype=bool)
        if cell.n_groups:
            train = site >= max(1, cell.n_groups // cell.n_folds)
        else:
            for label in (0, 1):
                members = random.permutation(np.flatnonzero(labels[0] == label))
                train[members[len(members) // cell.n_folds :]] = True
        _, separation = _fit_and_score(
            cell, table[train], labels[0, train], table[:1], delta, random
        )
        aucs.append(ndtr(separation / np.sqrt(2)))
    return float(np.mean(aucs))


def _draw_labels(cell: Cell, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Labels of shape (n_tasks, n_exams) with an exact number of positives, and sites."""
    n_tasks = 1 if cell.learner == "lightgbm" else 2
    n_positive = round(cell.n_exams * cell.prevalence)
    shared = random.normal(size=cell.n_exams)
    own = random.normal(size=(n_tasks, cell.n_exams))
    hidden = np.sqrt(SHARED) * shared + np.sqrt(1 - SHARED) * own
    labels = (np.argsort(np.argsort(-hidden, axis=1), axis=1) < n_positive).astype(int)
    site = np.arange(cell.n_exams) % max(1, cell.n_groups)
    return labels, site


def _draw_columns(
    cell: Cell,
    labels: np.ndarray,
    site: np.ndarray,
    delta: np.ndarray,
    random: np.random.Generator,
) -> np.ndarray:
    """Tables of both models, shape (2, n_exams, n_columns)."""
    shape = (cell.n_exams, cell.n_columns)
    shared = random.normal(size=shape)
    own = random.normal(size=(2, *shape))
    tables = np.sqrt(SHARED) * shared + np.sqrt(1 - SHARED) * own + labels[:, None] * delta
    if cell.n_groups:
        tables += SITE * random.normal(size=(2, cell.n_groups, cell.n_columns))[:, site]
    return tables


def _draw_folds(cell: Cell, labels: np.ndarray, site: np.ndarray, seed: int) -> np.ndarray:
    """Folds as `make_folds` draws them, shape (n_repeats, n_exams)."""
    table = pd.DataFrame(labels.T).add_prefix("task")
    groups = pd.Series(site) if cell.n_groups else None
    folds = make_folds(table, cell.n_folds, cell.n_repeats, groups, seed)
    return folds.frame["fold"].to_numpy(dtype=np.intp).reshape(cell.n_repeats, cell.n_exams)


def _count_same_site(labels: np.ndarray, site: np.ndarray, test: np.ndarray) -> float:
    """Fraction of the pairs of a fold whose exams are of one site."""
    positive = np.bincount(site[test & (labels == 1)], minlength=site.max() + 1)
    negative = np.bincount(site[test & (labels == 0)], minlength=site.max() + 1)
    return float((positive * negative).sum() / (positive.sum() * negative.sum()))


def _true_auc(separation: float, same: float) -> float:
    apart = ndtr(separation / np.sqrt(2 + 2 * SITE**2)) if same < 1 else 0.0
    return float(same * ndtr(separation / np.sqrt(2)) + (1 - same) * apart)


def _fit_and_score(
    cell: Cell,
    train: np.ndarray,
    labels: np.ndarray,
    test: np.ndarray,
    delta: np.ndarray,
    random: np.random.Generator,
) -> tuple[np.ndarray, float]:
    """Scores of the test exams, and distance of the class means of the score over its spread."""
    if cell.learner == "lightgbm":
        return _fit_lightgbm(train, labels, test, delta, random)
    fit = {"logistic": fit_logistic, "lda": fit_discriminant}[cell.learner]
    weights = fit(train, labels)
    return test @ weights, float(weights @ delta / np.linalg.norm(weights))


def fit_logistic(table: np.ndarray, labels: np.ndarray, penalty: float = 1.0) -> np.ndarray:
    """Weights of a ridge logistic regression on standardised columns, by Newton's method.

    Parameters
    ----------
    table : ndarray of shape (n_exams, n_columns)
    labels : ndarray of shape (n_exams,)
        0 or 1.
    penalty : float, default 1.0
        1 / C of scikit-learn.

    Returns
    -------
    ndarray of shape (n_columns,)
        For the columns as they are.
    """
    spread = table.std(axis=0)
    design = np.column_stack([np.ones(len(table)), (table - table.mean(axis=0)) / spread])
    ridge = np.r_[0.0, np.full(table.shape[1], penalty)]
    weights = np.zeros(design.shape[1])
    for _ in range(50):
        p = expit(design @ weights)
        gradient = design.T @ (p - labels) + ridge * weights
        curvature = (design.T * (p * (1 - p))) @ design + np.diag(ridge)
        step = np.linalg.solve(curvature, gradient)
        weights -= step
        if np.abs(step).max() < 1e-9:
            break
    return weights[1:] / spread


def fit_discriminant(table: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Weights of the linear discriminant with the pooled covariance.

    Parameters
    ----------
    table : ndarray of shape (n_exams, n_columns)
    labels : ndarray of shape (n_exams,)
        0 or 1.

    Returns
    -------
    ndarray of shape (n_columns,)
    """
    one, zero = table[labels == 1], table[labels == 0]
    pooled = (len(one) - 1) * np.cov(one.T) + (len(zero) - 1) * np.cov(zero.T)
    return np.linalg.solve(pooled / (len(table) - 2), one.mean(axis=0) - zero.mean(axis=0))


def _fit_lightgbm(
    train: np.ndarray,
    labels: np.ndarray,
    test: np.ndarray,
    delta: np.ndarray,
    random: np.random.Generator,
) -> tuple[np.ndarray, float]:
    model = lightgbm.LGBMClassifier(
        num_leaves=7,
        n_estimators=100,
        learning_rate=0.05,
        colsample_bytree=0.5,
        subsample=0.8,
        subsample_freq=1,
        min_child_samples=10,
        random_state=int(random.integers(2**31)),
        n_jobs=1,
        verbose=-1,
    ).fit(train, labels)
    further = np.repeat([1, 0], N_FURTHER)
    table = random.normal(size=(2 * N_FURTHER, len(delta))) + further[:, None] * delta
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # arrays have no column names
        scores = model.predict(np.concatenate([test, table]), raw_score=True)
    ranks = rankdata(scores[len(test) :])[:N_FURTHER].sum()
    auc = (ranks - N_FURTHER * (N_FURTHER + 1) / 2) / N_FURTHER**2
    return scores[: len(test)], float(np.sqrt(2) * ndtri(auc))
