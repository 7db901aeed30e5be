"""Runs that hold the answer to every item a run can answer, and runs that hold few."""

import functools

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import RobustScaler, StandardScaler

from mrnet_features.evaluation import compare, cross_validate, importance, measure_calibration
from mrnet_features.models import SeedAveragedLightGBM, TunedClassifier, logistic_baseline


def make_table(n_exams=120, n_columns=6, tasks=("acl", "meniscus"), seed=0):
    """Features whose first columns carry the tasks, labels, and pairs of exams as groups."""
    rng = np.random.default_rng(seed)
    exams = [f"{k:04d}" for k in range(n_exams)]
    values = rng.normal(size=(n_exams, n_columns))
    noise = rng.normal(size=(n_exams, len(tasks)))
    labels = pd.DataFrame((values[:, : len(tasks)] + noise > 0).astype(int), exams, list(tasks))
    names = [f"axial__knee__{'glcm' if k % 2 else 'fluid'}__s{k}__mean" for k in range(n_columns)]
    groups = pd.Series(np.arange(n_exams) // 2, index=exams)
    return pd.DataFrame(values, exams, names), labels, groups


def _make_first_model():
    inner = SeedAveragedLightGBM(n_seeds=2, n_estimators=3)
    tuned = TunedClassifier(inner, {"num_leaves": [3]}, n_candidates=1, n_splits=2)
    select = SelectKBest(k=3).set_output(transform="pandas")
    return make_pipeline(StandardScaler().set_output(transform="pandas"), select, tuned)


def _make_second_model():
    inner = RandomForestClassifier(n_estimators=3, class_weight="balanced")
    tuned = TunedClassifier(inner, {"max_depth": [1]}, n_candidates=1, n_splits=3)
    select = SelectKBest(k=2).set_output(transform="pandas")
    return make_pipeline(RobustScaler().set_output(transform="pandas"), select, tuned)


@functools.cache
def make_full_runs():
    """Two sets of results that differ in everything: arguments of `fill_checklist`."""
    found = []
    for make, n_exams, n_columns, tasks, n_splits in (
        (_make_first_model, 120, 6, ("acl", "meniscus"), 3),
        (_make_second_model, 90, 5, ("acl",), 2),
    ):
        features, labels, groups = make_table(n_exams, n_columns, tasks, seed=n_exams)
        run = cross_validate(
            make(), features, labels, groups=groups, n_splits=n_splits, n_repeats=2
        )
        other = cross_validate(
            logistic_baseline(), features, labels, groups=groups, folds=run.folds
        )
        features = features.copy()
        features.iloc[:n_splits, 0] = np.nan  # measured nowhere, only counted
        results = (
            run,
            measure_calibration(run),
            compare({"selected": run, "logistic": other}),
            importance(run, features.fillna(0), n_permutations=1),
        )
        found.append((results, features))
    return found


@functools.cache
def make_plain_run(seed=0, **options):
    """A logistic regression without groups, and its table."""
    features, labels, _ = make_table()
    options = {"n_repeats": 2, **options}
    return cross_validate(logistic_baseline(), features, labels, seed=seed, **options), features
