"""Ids are found in the tables of files, and come back as the text that they were."""

import pandas as pd
import pytest

from mrnet_features.ids.reading import index_by_id, restore_ids


@pytest.mark.parametrize(
    "text", ["0042", "1130", "1.2.840.113619", "knee 7, left", "NA", "Zürich #1", "12345e67", "三"]
)
def test_ids_of_any_set(text):
    assert restore_ids([text], "'a.csv'") == [text]


def test_numbers_that_go_on_after_the_last_of_four_digits_have_lost_no_zeros():
    ids = [f"{k:04d}" for k in range(9_990, 10_010)]
    assert restore_ids(["0001", *ids], "'a.csv'") == ["0001", *ids]
    assert restore_ids(["0001", *ids], "'a.csv'", known={"0001", *ids, "77777"}) == ["0001", *ids]
    for lost in (ids, ["1", *ids], ["0001", "30", "10000"], ["0", "10000"], ["01", "0030"]):
        with pytest.raises(ValueError, match="with their leading zeros, got numbers of"):
            restore_ids(lost, "'a.csv'")


def test_numbers_get_their_zeros_back():
    assert restore_ids([7, 1130], "'a'", 4) == ["0007", "1130"]
    assert restore_ids(["7", "1130"], "'a'", 4) == ["0007", "1130"]
    assert restore_ids([7.0, 1130.0], "'a'", 4) == ["0007", "1130"]
    assert restore_ids(["7.0", "1130.0"], "'a'", 4) == ["0007", "1130"]
    assert restore_ids([7, 10_000], "'a'", 1) == ["7", "10000"]
    assert restore_ids(["left 7"], "'a'", 4) == ["left 7"]


@pytest.mark.parametrize(
    ("ids", "width", "message"),
    [
        ([7, 1130], None, "'a' must hold exam ids with their leading zeros, got numbers of 1 to 4"),
        ([7.0, 8.0], None, "'7.0' is a decimal number.*Pass `id_width`"),
        ([7.5], 4, "'7.5' is a decimal number"),
        ([1e17], 4, "is a decimal number"),
        ([float("nan")], 4, "'' is empty"),
        ([None], None, "'' is empty"),
        ([float("inf")], 4, "'inf' stands for"),
        ([pd.Timestamp("2020-01-01")], None, "got a value of type Timestamp"),
        ([True], None, "got a value of type bool"),
        ([[1, 2]], None, "got a value of type list"),
        ([10**5000], None, "at most 200 characters"),
        (["x"], 0, "`id_width` must be at least 1"),
        (["x"], 10**9, "`id_width` must be at most 200"),
    ],
)
def test_ids_of_a_file_that_are_not_sure_are_refused(ids, width, message):
    with pytest.raises(ValueError, match=message):
        restore_ids(ids, "'a'", width)


ROWS = pd.DataFrame({"acl": [0.1, 0.2]})


@pytest.mark.parametrize("name", ["exam", "ID", "Exam_ID", "case", "Study"])
def test_ids_are_found_wherever_they_stand(name):
    ids = ["0007", "0003"]
    tables = [
        ROWS.assign(**{name: ids}),
        ROWS.set_axis(pd.Index(ids, name=name)),
        ROWS.set_axis(pd.MultiIndex.from_arrays([[0, 1], ids], names=["fold", name])),
        ROWS.assign(**{name: pd.Categorical(ids)}).set_axis([5, 9]),
        pd.DataFrame({"": [0, 1], name: ids, "acl": [0.1, 0.2]}),
        pd.DataFrame({"Unnamed: 0": [0, 1], name: ids, "acl": [0.1, 0.2]}),
    ]
    for table in tables:
        found = index_by_id(table, "'a'")
        assert found.index.tolist() == ids
        assert found.index.name == "exam"
        assert found["acl"].tolist() == [0.1, 0.2]
        assert set(found.columns) <= {"acl", "fold"}
    assert index_by_id(tables[2], "'a'")["fold"].tolist() == [0, 1]


def test_an_index_of_text_without_a_name_holds_ids():
    assert index_by_id(ROWS.set_axis(["1130", "1131"]), "'a'").index.tolist() == ["1130", "1131"]
    from_csv = pd.DataFrame({"": ["0007", "0008"], "acl": ["0.1", "0.2"]})
    assert index_by_id(from_csv, "'a'").index.tolist() == ["0007", "0008"]


@pytest.mark.parametrize(
    "table",
    [
        ROWS,
        ROWS.set_axis([3, 9]),
        ROWS.set_axis([0.5, 1.5]),
        ROWS.set_axis(pd.Index(["0007", "0008"], name="patient")),
        ROWS.set_axis(pd.Index([7, 8], name="row")),
        ROWS.assign(case_id=["0007", "0008"]),
        ROWS.assign(**{"Unnamed: 0": ["0007", "0008"]}),
        pd.DataFrame({"": ["0", "1"], "acl": ["0.1", "0.2"]}),
        pd.DataFrame({"__index_level_0__": [3, 9], "acl": [0.1, 0.2]}),
    ],
)
def test_row_numbers_and_other_columns_are_never_ids(table):
    with pytest.raises(ValueError, match="'a' must have a column of exam ids named .*'exam' and"):
        index_by_id(table, "'a'", 4)


def test_two_id_columns_must_agree():
    twice = ROWS.assign(exam=["0007", "0008"], id=["0007", "0008"])
    assert index_by_id(twice, "'a'").columns.tolist() == ["acl"]
    with pytest.raises(ValueError, match="several with different values .'exam', 'id'"):
        index_by_id(twice.assign(id=["0008", "0007"]), "'a'")
    inside = ROWS.assign(exam=["b", "a"]).set_axis(pd.Index(["a", "b"], name="exam"))
    with pytest.raises(ValueError, match="several with different values"):
        index_by_id(inside, "'a'")


def test_numbers_of_different_lengths_are_right_if_the_set_has_them() -> None:
    ids = ["8", "12", "7"]
    assert restore_ids(ids, "'a.csv'", known={"7", "8", "12", "13"}) == ids
    with pytest.raises(ValueError, match="leading zeros"):
        restore_ids(ids, "'a.csv'", known={"0007", "0008", "0012"})


def test_row_numbers_as_decimal_numbers_are_no_ids() -> None:
    frame = pd.DataFrame({"": ["0.0", "1.0"], "acl": ["0.2", "0.3"]})
    with pytest.raises(ValueError, match="may be row numbers"):
        index_by_id(frame, "'a.csv'", 4)


def test_zeros_that_the_set_has_and_all_numbers_lack_are_lost():
    known = {"0030", "0041", "0052"}
    with pytest.raises(ValueError, match="numbers of 2 digits such as '30'. Pass id_width=4 to"):
        restore_ids(["30", "41"], "'a'", known=known)
    assert restore_ids(["30", "41"], "'a'", width=4, known=known) == ["0030", "0041"]
    assert restore_ids(["30", "99"], "'a'", known=known) == ["30", "99"]
    assert restore_ids(["30", "41"], "'a'", known={30, 41}) == ["30", "41"]
    assert restore_ids(["30", "41"], "'a'", width=1, known=known) == ["30", "41"]
