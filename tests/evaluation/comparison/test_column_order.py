"""Swapped and constant columns of predictions."""

import itertools
import time
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from mrnet_features.evaluation.comparison.column_order import _find_better_order, warn_of_columns
from mrnet_features.names import TASKS


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
        warn_of_columns(scores, list(labels), labels, "'a'", named=True)
    assert time.process_time() - start < 3


def test_labels_without_a_task_are_refused():
    labels, scores = make_tables(3, [0, 1, 2])
    with pytest.raises(ValueError, match="`labels` must have a column for every task, .* 't1'"):
        warn_of_columns(scores, list(labels), labels.drop(columns="t1"), "'a'", named=True)


def test_one_row_is_not_called_constant():
    labels, scores = make_tables(3, [0, 1, 2])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_columns(scores.iloc[:1], list(labels), None, "'a'", named=True)


def make_knees(n_exams, seed, gain):
    """Labels of correlated tasks, and scores of a model."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(n_exams, 1)) + rng.normal(size=(n_exams, 3))
    labels = pd.DataFrame((hidden > [-0.6, 1.2, 0.6]).astype(int), columns=TASKS)
    scores = 1 / (1 + np.exp(-gain * hidden - rng.normal(size=hidden.shape)))
    return labels, pd.DataFrame(scores, columns=TASKS)


def find_warnings(scores, labels, *, named):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        warn_of_columns(scores, list(TASKS), labels, "'a'", named=named)
    return [str(one.message) for one in found]


@pytest.mark.parametrize("n_exams", [12, 20, 30])
@pytest.mark.parametrize("with_labels", [True, False])
def test_small_sets_in_the_right_order_are_rarely_called_swapped(n_exams, with_labels):
    count = 0
    for seed in range(60):
        labels, scores = make_knees(n_exams, seed, 0.3)
        count += bool(find_warnings(scores, labels if with_labels else None, named=True))
    assert count <= 3


def test_repeats_of_the_same_exams_are_no_further_evidence():
    count = 0
    for seed in range(40):
        labels, scores = make_knees(30, seed, 0.0)
        count += bool(find_warnings(pd.concat([scores] * 10), labels, named=True))
    assert count <= 3


@pytest.mark.parametrize("with_labels", [True, False])
def test_the_advice_fits_the_file(with_labels):
    labels, scores = make_knees(120, 0, 2.0)
    swapped = scores.assign(abnormal=scores["abnormal"] ** 0.5)
    swapped = swapped[["acl", "meniscus", "abnormal"]].set_axis(TASKS, axis=1)
    known = labels if with_labels else None
    (message,) = find_warnings(swapped, known, named=True)
    assert "rename the columns" in message
    assert "tasks=" not in message
    (message,) = find_warnings(swapped, known, named=False)
    assert (
        "write the columns in the order abnormal, acl, meniscus, or pass tasks=('acl'," in message
    )
