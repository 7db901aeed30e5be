"""Predictions are written as a competition asks for them, or not at all."""

import numpy as np
import pandas as pd
import pytest

import mrnet_features as mf
from mrnet_features.workflows.submission import write_submission

TASKS = ["MCL", "Baker's", "ACL"]
IDS = ["1.2.840.9", "1.2.840.10", "1.2.840.2"]


@pytest.fixture
def sample(tmp_path):
    path = tmp_path / "sample_submission.csv"
    rows = "".join(f"{exam},0.5,0.5,0.5\n" for exam in IDS)
    path.write_text(f"StudyInstanceUID,{','.join(TASKS)}\n{rows}")
    return path


@pytest.fixture
def predictions():
    values = np.random.default_rng(0).random((3, 3))
    return pd.DataFrame(values, index=sorted(IDS), columns=sorted(TASKS))


def test_ids_and_columns_are_in_the_order_of_the_sample(sample, predictions, tmp_path):
    out = tmp_path / "submission.csv"
    table = write_submission(predictions, out, sample)
    cells = pd.read_csv(out, dtype=str)
    assert list(cells.columns) == ["StudyInstanceUID", *TASKS]
    assert cells["StudyInstanceUID"].tolist() == IDS
    assert np.array_equal(cells[TASKS].map(float), predictions.loc[IDS, TASKS])
    assert np.array_equal(table, predictions.loc[IDS, TASKS])


def test_a_submission_is_read_back_to_the_bit(sample, predictions, tmp_path):
    write_submission(predictions, tmp_path / "submission.csv", sample)
    read = mf.read_predictions(tmp_path / "submission.csv", tasks=TASKS)
    assert read.equals(predictions[TASKS].rename_axis(index="exam"))


def test_ids_may_stand_in_another_column(predictions, tmp_path):
    sample = tmp_path / "sample.csv"
    sample.write_text(f"ACL,StudyInstanceUID\n0,{IDS[0]}\n")
    write_submission(predictions.loc[IDS[:1], ["ACL"]], tmp_path / "out.csv", sample)
    value = float(predictions.loc[IDS[0], "ACL"])
    assert (tmp_path / "out.csv").read_text() == f"ACL,StudyInstanceUID\n{value!r},{IDS[0]}\n"


@pytest.mark.parametrize("name", ["studyinstanceuid", "STUDY", "Exam_ID"])
def test_the_column_of_ids_is_found_in_any_letter_case(predictions, tmp_path, name):
    sample = tmp_path / "sample.csv"
    sample.write_text(f"ACL,{name}\n0,{IDS[0]}\n")
    table = write_submission(predictions.loc[IDS[:1], ["ACL"]], tmp_path / "out.csv", sample)
    assert list(table.index) == IDS[:1]
    assert (tmp_path / "out.csv").read_text().startswith(f"ACL,{name}\n")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p.drop(columns="ACL"), "all 3 tasks of .*but lacks 'ACL'.* pass fill=0.5"),
        (lambda p: p.drop(index=IDS[1]), "all 3 exams of .*but lacks '1.2.840.10'"),
        (lambda p: p.assign(acl=0.5), "the tasks of .* alone, got 'acl'. It asks for 'MCL'"),
        (lambda p: p.rename({IDS[0]: "1.3"}), "the exams of .* alone, got '1.3'"),
        (
            lambda p: p.drop(index=IDS[2]).reindex(p.index),
            "none for exam .*2', task 'MCL' .3 such",
        ),
        (lambda p: p + 1, "must be probabilities from 0 to 1, got 1.*Convert scores"),
    ],
)
def test_anything_else_than_what_is_asked_for_is_an_error(sample, predictions, change, message):
    out = sample.with_name("submission.csv")
    out.write_text("old")
    with pytest.raises(ValueError, match=message):
        write_submission(change(predictions), out, sample)
    assert out.read_text() == "old"
    assert sorted(path.name for path in out.parent.iterdir()) == [sample.name, out.name]


def test_gaps_are_filled_on_request(sample, predictions, tmp_path):
    part = predictions.drop(columns="ACL").drop(index=IDS[1])
    part.iloc[0, 0] = np.nan
    table = write_submission(part, tmp_path / "out.csv", sample, fill=0.5)
    assert (table["ACL"] == 0.5).all()
    assert (table.loc[IDS[1]] == 0.5).all()
    assert (table == 0.5).to_numpy().sum() == 3 + 2 + 1
    with pytest.raises(ValueError, match="`fill` must be a probability"):
        write_submission(part, tmp_path / "out.csv", sample, fill=50)


def test_without_a_sample_it_is_the_file_of_mrnet(predictions, tmp_path):
    predictions.columns = ["meniscus", "abnormal", "acl"]
    write_submission(predictions, tmp_path / "out.csv")
    cells = pd.read_csv(tmp_path / "out.csv", header=None, dtype=str).map(float)
    assert np.array_equal(cells, predictions[["abnormal", "acl", "meniscus"]])
    with pytest.raises(ValueError, match="all 3 tasks of the competition, but lacks 'acl'"):
        write_submission(predictions.drop(columns="acl"), tmp_path / "out.csv")


def test_float32_may_round(sample, predictions, tmp_path):
    predictions.iloc[0] = 1 + 5e-7
    table = write_submission(predictions, tmp_path / "out.csv", sample)
    assert table.loc[min(IDS)].tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("StudyInstanceUID,ACL\n", "got 0 rows"),
        ("StudyInstanceUID\n1.2.3\n", "a column per task"),
        ("StudyInstanceUID,ACL\n1.2.3,0\n1.2.3,0\n", "each exam once, got '1.2.3'"),
        ("StudyInstanceUID,ACL\nnan,0\n", "stands for a missing value"),
        ("", "got no line"),
    ],
)
def test_a_broken_sample_is_an_error(predictions, tmp_path, text, message):
    (tmp_path / "sample.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        write_submission(predictions, tmp_path / "out.csv", tmp_path / "sample.csv")


def test_the_sample_is_not_replaced(sample, predictions):
    with pytest.raises(ValueError, match="is an input"):
        write_submission(predictions, sample, sample)
    with pytest.raises(TypeError, match="`predictions` must be a pandas DataFrame"):
        write_submission([[0.5]], sample.with_name("out.csv"), sample)
    with pytest.raises(TypeError, match="`predictions` must be numbers"):
        write_submission(predictions.astype(str), sample.with_name("out.csv"), sample)
