"""Tasks are those of the labels that have positive and negative exams."""

import logging

import numpy as np
import pandas as pd
import pytest

from mrnet_features.workflows.tasks import choose_tasks

LABELS = pd.DataFrame(
    {"ACL": [0, 1, np.nan], "MCL": [np.nan] * 3, "Baker's": [1, 1, 0], "Fracture": [0, 0, np.nan]},
    index=["a", "b", "c"],
)


def test_tasks_that_cannot_be_scored_are_left_out_with_one_sentence(caplog):
    with caplog.at_level(logging.WARNING, "mrnet_features"):
        kept = choose_tasks(LABELS)
    pd.testing.assert_frame_equal(kept, LABELS[["ACL", "Baker's"]])
    (said,) = caplog.messages
    assert said.endswith("scored: MCL (no labels) and Fracture (labels of one class only).")


def test_the_order_is_that_of_the_labels_and_nothing_is_said_of_tasks_not_asked_for(caplog):
    assert list(choose_tasks(LABELS, ["Baker's", "ACL"])) == ["ACL", "Baker's"]
    assert not caplog.messages


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        (["acl"], "`tasks` must be some of .* .ACL, MCL, Baker's, Fracture., got 'acl'"),
        ([], "got none"),
        (["MCL", "Fracture"], r"No task has .*: MCL \(no labels\) and Fracture \(labels of one"),
    ],
)
def test_unknown_tasks_and_none_left_are_errors(tasks, said):
    with pytest.raises(ValueError, match=said):
        choose_tasks(LABELS, tasks)


def test_a_task_with_too_few_exams_for_the_folds_is_left_out(caplog):
    labels = pd.DataFrame({"ACL": [0, 1] * 4, "Baker's": [1, *[0] * 7], "MCL": [np.nan] * 8})
    with caplog.at_level(logging.WARNING, "mrnet_features"):
        assert list(choose_tasks(labels, n_splits=2)) == ["ACL"]
    (said,) = caplog.messages
    assert said.endswith(
        "scored: MCL (no labels) and Baker's (fewer than 4 exams of a class, which 2 folds need)."
    )


@pytest.mark.parametrize(
    ("tasks", "n_splits", "said"),
    [
        (["ACL", "Baker's"], 2, 'got 1 positive of task "Baker\'s". Name only ACL in `tasks`.'),
        (["ACL"], 3, "at least 6 exams of each class for 3 folds .* Pass n_splits=2."),
        (None, 3, "Pass n_splits=2 and name only ACL in `tasks`."),
        (["Baker's"], 2, "Add exams."),
    ],
)
def test_a_named_task_with_too_few_exams_is_an_error_that_says_what_works(tasks, n_splits, said):
    labels = pd.DataFrame({"ACL": [0, 1] * 4, "Baker's": [1, *[0] * 7]})
    with pytest.raises(ValueError, match=said):
        choose_tasks(labels, tasks, n_splits=n_splits)
