"""Finished studies of 120 exams and two tasks, made once; do not change them."""

import functools

import mrnet_features as mf
from tests.support.tables import plant_signal


@functools.cache
def plant_study():
    """Features and labels."""
    return plant_signal(120)


@functools.cache
def cross_study():
    """Logistic regression, three folds, two repeats."""
    features, labels = plant_study()
    model = mf.logistic_baseline()
    return mf.cross_validate(model, features, labels, n_splits=3, n_repeats=2, n_jobs=1)


@functools.cache
def hold_out_study():
    """The same model fitted on 80 exams and tried on 40."""
    features, labels = plant_study()
    parts = [(features.iloc[rows], labels.iloc[rows]) for rows in (slice(80), slice(80, None))]
    return mf.evaluate(mf.logistic_baseline(), *parts)
