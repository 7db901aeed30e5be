"""Tables are matched by exam id, and what could go wrong quietly is refused aloud."""

import numpy as np
import pandas as pd
import pytest

from mrnet_features.evaluation.alignment import align_groups, align_tables
from mrnet_features.evaluation.tables import check_features

IDS = ["0003", "0001", "0002", "0000"]


def make_tables():
    features = pd.DataFrame({"b": [3.0, 1.0, 2.0, 0.0], "a": [0.5] * 4}, index=IDS)
    labels = pd.DataFrame({"acl": [1, 0, 1, 0]}, index=IDS)
    return features, labels


def test_rows_meet_by_id_and_columns_keep_their_order():
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
def test_any_text_type_of_ids_will_do(kind):
    features, labels = make_tables()
    features.index = features.index.astype(kind)
    table, truth = align_tables(features, labels)
    assert table.index.tolist() == truth.index.tolist()


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
def test_what_is_wrong_is_named(change, kind, message):
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
