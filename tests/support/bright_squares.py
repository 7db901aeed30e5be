"""Stacks of noise, of which positive exams have a bright square on one slice."""

import numpy as np
import pandas as pd

from mrnet_features.extraction.read import hold_stacks


def make_squares(n_exams=48, size=64, n_slices=5, series=("axial",), seed=0):
    """Exams in memory and their labels; the square is on the first series alone."""
    rng = np.random.default_rng(seed)
    labels = pd.DataFrame(
        {"acl": np.arange(n_exams) % 2}, index=[f"{k:04d}" for k in range(n_exams)]
    )
    exams = []
    for exam, label in labels["acl"].items():
        stacks = {}
        for name in series:
            grey = rng.normal(90, 20, (n_slices, size, size))
            if label and name == series[0]:
                row, column = rng.integers(4, size - 14, 2)
                grey[rng.integers(n_slices), row : row + 10, column : column + 10] += 120
            stacks[name] = grey.clip(0, 255).astype(np.uint8)
        exams.append(hold_stacks(stacks, exam))
    return exams, labels
