"""Rows of features, labels, groups, weights and predictions are matched by exam id."""

import numpy as np
import pandas as pd
import pytest

from mrnet_features.evaluation.alignment import (
    align_data,
    align_groups,
    align_predictions,
    align_tables,
    align_weights,
    check_predictions,
)

IDS = ["0003", "0001", "0002", "0000"]


def make_tables():
    features = pd.DataFrame({"b": [3.0, 1.0, 2.0, 0.0], "a": [0.5] * 4}, index=IDS)
    labels = pd.DataFrame({"acl": [1, 0, 1, 0]}, index=IDS)
    return features, labels


def test_rows_are_matched_by_id_and_columns_keep_their_order():
    features, labels = make_tables()
    table, truth = align_tables(features.iloc[::-1], labels)
    assert table.index.equals(truth.index)
    assert table.index.tolist() == sorted(IDS)
    assert table.columns.tolist() == ["b", "a"]
    assert table["b"].tolist() == [0.0, 1.0, 2.0, 3.0]


def test_input_is_not_written():
    features, labels = make_tables()
    before = features.copy(), labels.copy()
    align_tables(features, labels)
    pd.testing.assert_frame_equal(features, before[0])
    pd.testing.assert_frame_equal(labels, before[1])


@pytest.mark.parametrize("kind", [object, "str", "string"])
def test_ids_of_any_text_type_are_accepted(kind):
    features, labels = make_tables()
    features.index = features.index.astype(kind)
    table, truth = align_tables(features, labels)
    assert table.index.tolist() == truth.index.tolist()


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        (lambda f, y: (f.iloc[1:], y), ValueError, r"3 in both, 1 only in `labels` \('0003'\)"),
        (lambda f, y: (f, y.iloc[:2]), ValueError, r"2 only in `features` \('0000', '0002'\)"),
        (
            lambda f, y: (f.set_axis([str(int(i)) for i in f.index]), y),
            ValueError,
            "only in leading zeros: read them as text",
        ),
        (lambda f, y: (f.set_axis(range(4)), y), ValueError, "One side has text ids, the other"),
        (lambda f, y: (f, y.set_axis([0.5, 1, 2, 3])), TypeError, r"text or integers, got 0.5"),
        (lambda f, y: (f, y.set_axis(["a", 1, 2, 3])), TypeError, "text such as 'a' and integers"),
        (lambda f, y: (f.set_axis(["a", "a", "b", "c"]), y), ValueError, "'a' more than once"),
        (lambda f, y: (f, y.set_axis(["a", "a", "b", "c"])), ValueError, "`labels` must hold each"),
        (lambda f, y: (f.assign(t="x"), y), TypeError, "must be numeric, got .* in 't'"),
        (lambda f, y: (f.assign(b=np.inf), y), ValueError, "finite or NaN, got infinity in 'b'"),
        (lambda f, y: (f.set_axis(["a", "a"], axis=1), y), ValueError, "each column once"),
        (lambda f, y: (f.set_axis([0, 1], axis=1), y), TypeError, "column names as text, got 0"),
        (lambda f, y: (f[[]], y), ValueError, "at least one column"),
        (lambda f, y: (f.to_numpy(), y), TypeError, "must be a pandas DataFrame .* got ndarray"),
        (lambda f, y: (f["a"], y), TypeError, "must be a pandas DataFrame .* got Series"),
        (lambda f, y: (f, "acl"), TypeError, "must be a pandas DataFrame .* got str"),
        (lambda f, y: (f, y[[]]), ValueError, "one column per task, got none"),
        (lambda f, y: (f, y * 2), ValueError, r"must be 0 or 1, got .*2.* exam '0003'"),
        (lambda f, y: (f, y.where(y == 1)), ValueError, r"nan.* \(2 such exams\)"),
        (lambda f, y: (f, y.rename(columns={"acl": "mean"})), ValueError, "a task 'mean'"),
        (lambda f, y: (f.assign(acl=0.0), y), ValueError, "columns 'acl', which are tasks"),
    ],
)
def test_errors_name_the_problem(change, kind, message):
    with pytest.raises(kind, match=message):
        align_tables(*change(*make_tables()))


def test_groups_are_found_by_id():
    exams = pd.Index(["a", "b", "c"])
    groups = pd.Series({"c": "Ann", "b": "Bob", "a": "Ann", "not asked for": "Eve"})
    assert align_groups(groups, exams).tolist() == [0, 1, 0]
    assert align_groups(None, exams) is None


@pytest.mark.parametrize(
    ("groups", "kind", "message"),
    [
        ([1, 2, 3], TypeError, "Series indexed by exam id or a mapping from exam id, got list"),
        ({"a": 1, "b": 2}, ValueError, "got none for 'c'"),
        ({"a": 1, "b": 2, "c": None}, ValueError, "got none for 'c'"),
        (pd.Series([1, 2, 3], index=["a", "a", "b"]), ValueError, "exam 'a' twice"),
    ],
)
def test_groups_that_do_not_fit_are_refused(groups, kind, message):
    with pytest.raises(kind, match=message):
        align_groups(groups, pd.Index(["a", "b", "c"]))


def test_integer_ids_are_matched_by_value_never_by_position():
    features, labels = (table.set_axis([30, 1, 2, 10]) for table in make_tables())
    table, truth = align_tables(features, labels.iloc[::-1])
    assert table.index.tolist() == truth.index.tolist() == [1, 2, 10, 30]
    assert truth["acl"].tolist() == [0, 1, 0, 1]
    assert table["b"].tolist() == [1.0, 2.0, 0.0, 3.0]


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


def test_weights_are_found_by_id_and_checked():
    exams = pd.Index(["a", "b"])
    assert align_weights(pd.Series([2, 1], ["b", "a"]), exams).tolist() == [1.0, 2.0]
    for wrong in (-1.0, np.inf):
        with pytest.raises(ValueError, match="finite and at least 0, got .* for exam 'b'"):
            align_weights({"a": 1.0, "b": wrong}, exams)
    with pytest.raises(ValueError, match="a value for every exam, got none for 'b'"):
        align_weights({"a": 1.0, "b": np.nan}, exams)


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
        (lambda rows: pd.concat([rows, rows[:1]]), ValueError, "once per repeat, got exam 'b'"),
        (lambda rows: rows.assign(exam=[0.5] * 4), TypeError, "CNN must be indexed by exam ids"),
        (lambda rows: rows.assign(acl=np.nan), ValueError, "NaN or infinity for exam 'b'"),
        (lambda rows: rows[rows["exam"] == "a"], ValueError, "1 only in `labels`"),
    ],
)
def test_predictions_that_do_not_fit_are_refused(change, kind, message):
    labels, rows = make_predictions()
    with pytest.raises(kind, match=message):
        align_predictions(change(rows), labels, "CNN")


def test_predictions_of_another_labelling_are_refused():
    class Found:
        labels, predictions = make_predictions()

    with pytest.raises(ValueError, match="must equal the labels that `model` was evaluated with"):
        check_predictions(Found(), 1 - Found.labels)
