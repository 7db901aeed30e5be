"""Rows of features, labels, groups, weights and predictions are matched by exam id."""

import numpy as np
import pandas as pd
import pytest

from mrnet_features.evaluation.alignment import (
    align_data,
    align_features,
    align_predictions,
    check_predictions,
)

IDS = ["0003", "0001", "0002", "0000"]


def make_tables():
    features = pd.DataFrame({"b": [3.0, 1.0, 2.0, 0.0], "a": [0.5] * 4}, index=IDS)
    labels = pd.DataFrame({"acl": [1, 0, 1, 0]}, index=IDS)
    return features, labels


def test_arrays_of_labels_groups_and_weights_follow_the_rows_of_the_features():
    features, labels = make_tables()
    values = labels["acl"].to_numpy()
    data = align_data(features, values, ["Ann", "Bob", "Ann", "Eve"], [3, 1, 2, 0])
    assert data.labels.loc[IDS, "label"].tolist() == values.tolist()
    assert data.weights.loc[IDS].tolist() == [3, 1, 2, 0]
    assert data.groups["0003"] == data.groups["0002"] != data.groups["0001"]
    assert data.order.tolist() == IDS
    same = align_data(features, labels, None, [3, 1, 2, 0])
    assert same.weights.equals(data.weights)
    with pytest.raises(TypeError, match="`sample_weight` must be a Series indexed by exam id"):
        align_data(features, labels.iloc[::-1], None, [3, 1, 2, 0])
    with pytest.raises(ValueError, match=r"shape \(4,\), one value per exam, got \(3,\)"):
        align_data(features, values, [1, 2, 3])


def make_predictions():
    labels = pd.DataFrame({"acl": [0, 1]}, index=["a", "b"])
    rows = pd.DataFrame(
        {"exam": ["b", "a"] * 2, "repeat": [0, 0, 1, 1], "fold": [0, 1, 1, 0], "acl": [8, 2, 6, 4]}
    )
    return labels, rows


def test_repeats_are_averaged_or_the_first_is_taken():
    labels, rows = make_predictions()
    assert align_predictions(rows, labels)["acl"].tolist() == [3, 7]
    assert align_predictions(rows, labels, repeats="first")["acl"].tolist() == [2, 8]
    flat = rows[:2][["exam", "acl"]]
    for table in (flat, flat.set_index("exam")):
        assert align_predictions(table, labels)["acl"].tolist() == [2, 8]


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        (lambda rows: "file.csv", TypeError, "CNN must be an Evaluation, .* got str"),
        (lambda rows: rows.drop(columns="acl"), ValueError, "CNN must predict every task"),
        (lambda rows: pd.concat([rows, rows[:1]]), ValueError, "once per repeat, got 'b'"),
        (lambda rows: rows.assign(exam=[0.5] * 4), TypeError, "CNN must be indexed by exam ids"),
        (lambda rows: rows.assign(acl=np.nan), ValueError, "NaN or infinity for exam 'b'"),
        (lambda rows: rows[rows["exam"] == "a"], ValueError, "1 only in `labels`"),
        (lambda rows: rows[:2].drop(columns="repeat"), ValueError, "but has no 'repeat'"),
        (lambda rows: rows[:2].drop(columns="fold"), ValueError, "but has no 'fold'"),
        (lambda rows: rows.assign(fold=np.nan), ValueError, "whole numbers .* column 'fold'"),
    ],
)
def test_predictions_that_do_not_fit_are_refused(change, kind, message):
    labels, rows = make_predictions()
    with pytest.raises(kind, match=message):
        align_predictions(change(rows), labels, "CNN")


def test_out_of_fold_predictions_may_have_the_exams_as_index():
    labels, rows = make_predictions()
    found = check_predictions(rows.set_index("exam"), labels)
    pd.testing.assert_frame_equal(found, rows)


def test_predictions_of_another_labelling_are_refused():
    class Found:
        labels, predictions = make_predictions()

    with pytest.raises(ValueError, match="must equal the labels that `model` was evaluated with"):
        check_predictions(Found(), 1 - Found.labels)


def test_features_of_an_evaluation_hold_its_exams_and_not_its_labels():
    features, labels = make_tables()
    truth = labels.sort_index()
    assert align_features(features, truth).index.tolist() == sorted(IDS)
    with pytest.raises(ValueError, match="columns 'acl', which are tasks"):
        align_features(features.assign(acl=labels["acl"]), truth)
    with pytest.raises(ValueError, match="1 only in `evaluation`"):
        align_features(features[1:], truth)
