"""Small exams for tests of the viewer, and an evaluation whose contributions are known."""

import numpy as np
import pandas as pd

import mrnet_features as mf
from mrnet_features.models import logistic_baseline

ACL = "sagittal__notch__ligament__acl_contrast__stack"
FLUID = "axial__knee__fluid__fraction_brightest__stack"
OWN = "cnn_<img src=x onerror=alert(1)>"
"""Name of a column that is no feature of the library, and that would be dangerous as HTML."""

SHAPES = {"axial": (7, 96, 96), "coronal": (1, 64, 80), "sagittal": (9, 96, 80)}


def make_stack(shape, seed=0):
    """Slices with a leg of one grey level: slice k has 60 + 10 k, and a brighter spot."""
    n_slices, height, width = shape
    stack = np.zeros(shape, np.uint8)
    rng = np.random.default_rng(seed)
    for k in range(n_slices):
        stack[k, height // 8 : -height // 8, width // 8 : -width // 8] = 60 + 10 * (k % 10)
    row, column = rng.integers(height // 3, height // 2), width // 2
    stack[n_slices // 2, row : row + 9, column : column + 9] = 250
    return stack


def write_exams(folder, n=20):
    """Dataset of small exams; the acl label is that of the feature `ACL`, with two flipped."""
    exams = []
    for k in range(n):
        paths = {}
        for plane, shape in SHAPES.items():
            paths[plane] = folder / plane / f"{k:04d}.npy"
            paths[plane].parent.mkdir(parents=True, exist_ok=True)
            np.save(paths[plane], make_stack(shape, k))
        exams.append(mf.Exam(f"{k:04d}", paths))
    acl = np.arange(n) % 2
    acl[[3, 8]] = 1 - acl[[3, 8]]  # labels that a model of `ACL` disagrees with
    labels = pd.DataFrame({"abnormal": np.arange(n) % 2, "acl": acl}, dtype="int8")
    labels.index = pd.Index([exam.id for exam in exams], name="exam")
    return mf.Dataset(tuple(exams), labels)


def evaluate_exams(dataset):
    """Evaluation of a logistic regression, and its features."""
    n = len(dataset)
    rng = np.random.default_rng(1)
    table = pd.DataFrame(
        {
            ACL: 20.0 - 10 * (np.arange(n) % 2) + rng.normal(size=n),
            FLUID: rng.uniform(size=n),
            OWN: rng.normal(size=n),
        },
        index=dataset.labels.index,
    )
    evaluation = mf.cross_validate(
        logistic_baseline(), table, dataset.labels, n_splits=4, n_repeats=1, progress=False
    )
    return evaluation, table
