"""Swapped and constant columns of predictions."""

import itertools
import time
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from mrnet_features.evaluation.comparison.column_order import _find_better_order, warn_of_columns


def make_tables(n_tasks, order, seed=0):
    rng = np.random.default_rng(seed)
    names, exams = [f"t{k}" for k in range(n_tasks)], [f"{k:04d}" for k in range(200)]
    hidden = rng.normal(size=(200, n_tasks))
    labels = pd.DataFrame((hidden > 0).astype(int), exams, names)
    scores = pd.DataFrame(hidden + rng.normal(size=hidden.shape), exams, names)
    return labels, scores[[names[k] for k in order]].set_axis(names, axis=1)


@pytest.mark.parametrize("order", itertools.permutations(range(4)))
def test_the_order_is_the_best_of_all_permutations(order):
    labels, scores = make_tables(4, order)
    names = list(labels)
    found = _find_better_order(scores, names, labels)

    def total(read_as):
        pairs = zip(read_as, names, strict=True)
        return sum(roc_auc_score(labels[task], scores[column]) for task, column in pairs)

    best = max(itertools.permutations(names), key=total)
    assert found == (None if best == tuple(names) else list(best))


def test_forty_tasks_take_no_time():
    labels, scores = make_tables(40, [1, 0, *range(2, 40)])
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the mean gain of two swapped columns of 40 is small
        warn_of_columns(scores, list(labels), labels, "'a'")
    assert time.process_time() - start < 3


def test_labels_without_a_task_are_refused():
    labels, scores = make_tables(3, [0, 1, 2])
    with pytest.raises(ValueError, match="`labels` must have a column for every task, .* 't1'"):
        warn_of_columns(scores, list(labels), labels.drop(columns="t1"), "'a'")


def test_one_row_is_not_called_constant():
    labels, scores = make_tables(3, [0, 1, 2])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_columns(scores.iloc[:1], list(labels), None, "'a'")
