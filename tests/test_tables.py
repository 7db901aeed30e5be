"""Feature tables: types, names, values, arrays; rows are matched by exam id."""

import numpy as np
import pandas as pd
import pytest

from mrnet_features.labels import check_labels
from mrnet_features.tables import align_tables, check_features, choose_labels, name_rows

IDS = ["0003", "0001", "0002", "0000"]


def make_tables():
    features = pd.DataFrame({"b": [3.0, 1.0, 2.0, 0.0], "a": [0.5] * 4}, index=IDS)
    labels = pd.DataFrame({"acl": [1, 0, 1, 0]}, index=IDS)
    return features, labels


@pytest.mark.parametrize(
    ("column", "kind"),
    [([1, 2, 3, 4], np.float64), ([True, False, True, True], np.float64)],
)
def test_integers_and_booleans_become_floats(column, kind):
    table = check_features(pd.DataFrame({"x": column}, index=IDS))
    assert table.dtypes["x"] == kind


def test_single_precision_stays_and_missing_becomes_nan():
    values = pd.DataFrame({"x": np.zeros(4, dtype=np.float32)}, index=IDS)
    assert check_features(values).dtypes["x"] == np.float32
    nullable = pd.DataFrame({"x": pd.array([1.0, None, 2.0, 3.0], dtype="Float64")}, index=IDS)
    assert check_features(nullable)["x"].isna().sum() == 1


def test_arrays_get_names_and_row_numbers():
    features, labels = name_rows(np.zeros((3, 2)), [0, 1, 1])
    assert features.columns.tolist() == ["x0", "x1"]
    assert labels["label"].tolist() == [0, 1, 1]
    assert features.index.tolist() == labels.index.tolist() == [0, 1, 2]
    _, several = name_rows(np.zeros((3, 2)), np.ones((3, 2)))
    assert several.columns.tolist() == ["task_0", "task_1"]


@pytest.mark.parametrize(
    ("features", "labels", "message"),
    [
        (np.zeros(3), np.zeros(3), r"shape \(n_exams, n_features\), got \(3,\)"),
        (np.zeros((3, 1)), np.zeros(2), r"the 3 exams of `features`, got \(2,\)"),
        (np.zeros((3, 1)), np.zeros((3, 1, 1)), r"got \(3, 1, 1\)"),
    ],
)
def test_arrays_of_other_shapes_are_refused(features, labels, message):
    with pytest.raises(ValueError, match=message):
        name_rows(features, labels)


def test_labels_of_an_evaluation_are_the_default():
    class Found:
        labels = pd.DataFrame({"acl": [0, 1]}, index=["b", "a"])

    assert choose_labels(None, None, "anything", Found()).equals(check_labels(Found.labels))
    with pytest.raises(TypeError, match="must be given for predictions without labels"):
        choose_labels(None, None, Found.labels)


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
            "only in leading zeros, which `features` lacks",
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


def test_integer_ids_are_matched_by_value_never_by_position():
    features, labels = (table.set_axis([30, 1, 2, 10]) for table in make_tables())
    table, truth = align_tables(features, labels.iloc[::-1])
    assert table.index.tolist() == truth.index.tolist() == [1, 2, 10, 30]
    assert truth["acl"].tolist() == [0, 1, 0, 1]
    assert table["b"].tolist() == [1.0, 2.0, 0.0, 3.0]
