"""Tables with a known signal: features and labels, predictions of models, probabilities."""

import numpy as np
import pandas as pd
from scipy.special import expit

from mrnet_features.evaluation import make_folds

FAMILIES = ("glcm", "fluid", "copies", "noise", "more_noise")
TASKS = ["abnormal", "acl", "meniscus"]


def plant_signal(n_exams=400, seed=0):
    """Five families of six columns: `glcm` alone carries task one, `fluid` alone task two.

    `copies` are six nearly equal columns that all carry both tasks a little: each by itself can
    be replaced by the five others.
    """
    rng = np.random.default_rng(seed)
    exams = [f"{i:04d}" for i in range(n_exams)]
    hidden = rng.normal(size=(n_exams, 3))
    odds = pd.DataFrame(
        {"one": 2 * hidden[:, 0] + hidden[:, 2], "two": -2 * hidden[:, 1] + hidden[:, 2]}
    )
    labels = (odds + rng.logistic(size=odds.shape) > 0).astype(int).set_index(pd.Index(exams))
    columns = {}
    for family in FAMILIES:
        for k in range(6):
            values = rng.normal(size=n_exams)
            if family == "copies":
                values = hidden[:, 2] + 0.05 * values
            elif family in ("glcm", "fluid") and k < 2:
                values = hidden[:, FAMILIES.index(family)] + 0.5 * values
            columns[f"axial__knee__{family}__s{k}__mean"] = values
    return pd.DataFrame(columns, index=exams), labels


def make_models(seed=0, n_exams=160, n_models=2, noise=1.0):
    """Labels, and equally good models that err in their own way."""
    rng = np.random.default_rng(seed)
    exams = [f"{i:04d}" for i in range(n_exams)]
    hidden = rng.normal(size=(n_exams, 3)) + rng.normal(size=(n_exams, 1))
    labels = pd.DataFrame((hidden + rng.normal(size=hidden.shape) > 0.4).astype(int), index=exams)
    labels.columns = TASKS
    models = {
        f"model {k}": pd.DataFrame(
            expit(hidden + noise * rng.normal(size=hidden.shape)), index=exams, columns=TASKS
        )
        for k in range(n_models)
    }
    return labels, models


def add_folds(labels, model, **options):
    return make_folds(labels, **options).frame.join(model, on="exam")


def make_probabilities(n_exams=400, seed=0, shift=0.0, factor=1.0):
    """Probabilities whose log-odds are `factor` times the true ones, and off by `shift`."""
    rng = np.random.default_rng(seed)
    exams = [f"{i:05d}" for i in range(n_exams)]
    odds = rng.normal(-0.5, 1.2, size=(n_exams, 2))
    truth = (rng.random(odds.shape) < expit(odds)).astype(int)
    columns = ["one", "two"]
    labels = pd.DataFrame(truth, exams, columns)
    return labels, pd.DataFrame(expit(factor * odds + shift), exams, columns)
