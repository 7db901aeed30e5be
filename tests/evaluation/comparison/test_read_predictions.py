"""Prediction files: all formats give the same table, bad files are refused with advice."""

import time

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from mrnet_features.evaluation import make_folds
from mrnet_features.evaluation.comparison.read_predictions import (
    list_columns,
    read_paths,
    read_predictions,
)
from mrnet_features.names import TASKS

EXAMS = [f"{k:04d}" for k in range(1130, 1250)]


@pytest.fixture
def truth():
    """Labels and good predictions for the exams of the valid split."""
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(120, 3))
    labels = pd.DataFrame((hidden > [-0.8, 0.2, 0.2]).astype(int), EXAMS, TASKS)
    scores = 1 / (1 + np.exp(-hidden - [1.0, 0.0, 0.0]))
    return labels, pd.DataFrame(scores, EXAMS, TASKS).rename_axis("exam")


@pytest.fixture
def paths(tmp_path):
    file = tmp_path / "valid-paths.csv"
    planes = ("sagittal", "coronal", "axial")
    file.write_text("".join(f"MRNet-v1.0/valid/{p}/{e}.npy\n" for e in EXAMS for p in planes))
    return file


def test_every_format_gives_the_same_table(truth, paths, tmp_path):
    labels, scores = truth
    scores.to_csv(tmp_path / "competition.csv", header=False, index=False)
    scores.rename_axis("id").to_csv(tmp_path / "tidy.csv")
    scores.sample(frac=1, random_state=0).reset_index().to_parquet(tmp_path / "flat.parquet")
    scores.to_parquet(tmp_path / "indexed.parquet")
    scores.rename_axis(None).to_parquet(tmp_path / "unnamed.parquet")
    logit(scores).to_csv(tmp_path / "logits.csv")
    each = {}
    for task in TASKS:
        each[task] = tmp_path / f"{task}.csv"
        scores[task].to_csv(each[task], header=False)
    found = [
        read_predictions(tmp_path / "competition.csv", paths=paths, labels=labels),
        *(read_predictions(tmp_path / name) for name in ("tidy.csv", "flat.parquet")),
        *(read_predictions(tmp_path / name) for name in ("indexed.parquet", "unnamed.parquet")),
        read_predictions(tmp_path / "logits.csv", logits=True),
        read_predictions(each),
    ]
    for table in found:
        pd.testing.assert_frame_equal(table, scores, check_names=False, atol=1e-12)
        assert table.index.tolist() == EXAMS


def test_out_of_fold_files_keep_their_folds(truth, tmp_path):
    labels, scores = truth
    rows = make_folds(labels, n_repeats=2).frame.join(scores, on="exam")
    rows.to_csv(tmp_path / "cv.csv", index=False)
    pd.testing.assert_frame_equal(read_predictions(tmp_path / "cv.csv"), rows)


def test_probabilities_read_as_log_odds_give_a_warning(truth, tmp_path):
    _, scores = truth
    scores.to_csv(tmp_path / "cnn.csv")
    with pytest.warns(UserWarning, match="cnn.csv' are from 0 to 1, .* Leave out logits=True"):
        read_predictions(tmp_path / "cnn.csv", logits=True)


def test_swapped_columns_give_a_warning_with_and_without_labels(truth, paths, tmp_path):
    labels, scores = truth
    order = ["acl", "meniscus", "abnormal"]
    scores[order].to_csv(tmp_path / "swapped.csv", header=False, index=False)
    for known in (None, labels):
        with pytest.warns(UserWarning, match="look swapped.*or pass tasks="):
            read_predictions(tmp_path / "swapped.csv", paths=paths, labels=known)
    mended = read_predictions(tmp_path / "swapped.csv", paths=paths, tasks=order, labels=labels)
    pd.testing.assert_frame_equal(mended[list(TASKS)], scores, check_names=False)


def test_lost_zeros_are_refused_or_restored(tmp_path):
    file = tmp_path / "integers.csv"
    file.write_text("id,abnormal,acl,meniscus\n7,0.9,0.1,0.2\n12,0.8,0.2,0.1\n")
    with pytest.raises(ValueError, match="with their leading zeros.*'7'. Pass id_width=4"):
        read_predictions(file)
    assert read_predictions(file, id_width=4).index.tolist() == ["0007", "0012"]
    file.write_text("id,abnormal,acl,meniscus\n30,0.9,0.1,0.2\n41,0.8,0.2,0.1\n")
    labels = pd.DataFrame({task: [0, 1] for task in TASKS}, index=["0030", "0041"])
    with pytest.raises(ValueError, match="integers.csv' must hold .* '30'. Pass id_width=4 to"):
        read_predictions(file, labels=labels)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "id,abnormal,acl,meniscus\n0001,2.5,-1.0,0.3\n",
            r"got 2.5 for exam '0001', task 'abnormal' \(2 such cells\).*logits=True",
        ),
        (
            "id,abnormal,acl,meniscus\n0001,0.5,,0.3\n",
            r"got '' for exam '0001', task 'acl' \(the only such cell\)",
        ),
        ("id,abnormal,acl,meniscus\n0001,0.5,nan,0.3\n", "got 'nan' for exam '0001'"),
        ("id,abnormal,acl\n0001,0.5,0.3\n", "lacks 'meniscus'"),
        (
            "abnormal,acl,meniscus\n0.5,0.5,0.3\n",
            "must have a column of exam ids named exam, .*Name the column of ids 'exam'",
        ),
        ("0.5,0.4,0.3\n0.6,0.5,0.3\n", "seems to have no header; pass `paths`"),
        ("0001,0.5,0.4,0.3\n", "Add the header, such as 'exam,abnormal,acl,meniscus'"),
        ("3.68e-01 1.84e-01 7.04e-02\n", "separated by commas, got spaces in line 1: '3.68e-01 "),
        ("[0.36 0.18 0.07]\n[0.5 0.2 0.1]\n", "must have cells separated by commas"),
        (
            "id,abnormal,acl,meniscus\n0001,0.5,0.1,0.3\n0001,0.5,0.1,0.3\n",
            "'0001' more than once",
        ),
    ],
)
def test_refusals(text, message, tmp_path):
    file = tmp_path / "predictions.csv"
    file.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_predictions(file)


def test_refusals_of_several_files(truth, paths, tmp_path):
    _, scores = truth
    scores.iloc[1:].to_csv(tmp_path / "short.csv", header=False, index=False)
    with pytest.raises(ValueError, match="one row for each of the 120 exams .* got 119 rows of 3"):
        read_predictions(tmp_path / "short.csv", paths=paths)
    scores.to_csv(tmp_path / "ids.csv", header=False)
    with pytest.raises(ValueError, match="of 4 cells.*add the header 'exam,abnormal,acl,meniscus'"):
        read_predictions(tmp_path / "ids.csv", paths=paths)
    scores.to_csv(tmp_path / "header.csv", index=False)
    with pytest.raises(ValueError, match="got 121 rows of 3 cells. Line 1 is a header: delete it"):
        read_predictions(tmp_path / "header.csv", paths=paths)
    np.savetxt(tmp_path / "spaces.csv", scores)
    for source in (tmp_path / "spaces.csv", dict.fromkeys(TASKS, tmp_path / "spaces.csv")):
        with pytest.raises(ValueError, match="must have cells separated by commas"):
            read_predictions(source, paths=paths)
    with pytest.raises(FileNotFoundError, match="There is no file"):
        read_predictions(tmp_path / "nowhere.csv")
    files = {task: tmp_path / f"{task}.csv" for task in TASKS}
    for k, (task, file) in enumerate(files.items()):
        scores[task].iloc[k:].to_csv(file, header=False)
    with pytest.raises(ValueError, match="got 119 in both, 1 only in .*abnormal.csv"):
        read_predictions(files)
    with pytest.raises(
        ValueError, match="one file for each of 'abnormal', 'acl', 'meniscus', got 'acl'"
    ):
        read_predictions({"acl": files["acl"]})


def test_paths_out_of_order_are_refused(paths):
    assert list(read_paths(paths)) == EXAMS
    lines = paths.read_text().splitlines()
    paths.write_text("\n".join([lines[1], lines[0], *lines[2:]]))
    with pytest.raises(ValueError, match="lines 1 to 3 must be the sagittal, coronal and axial"):
        read_paths(paths)
    paths.write_text("\n".join(["path", *lines]))
    with pytest.raises(ValueError, match="got 361 lines. Line 1 is a header, 'path': delete it."):
        read_paths(paths)
    paths.write_text("\n".join(lines[:-1]))
    with pytest.raises(ValueError, match="three lines per exam .* got 359 lines"):
        read_paths(paths)
    paths.write_text("\n".join([*lines[:3], *lines[:3]]))
    with pytest.raises(ValueError, match="exam '1130' again"):
        read_paths(paths)


HEADER = "id,abnormal,acl,meniscus\n"


@pytest.mark.parametrize("cell", ["[0.9]", "[[0.9]]", "[ 0.9 ]"])
def test_a_number_in_brackets_is_read(tmp_path, cell):
    file = tmp_path / "a.csv"
    file.write_text(f"{HEADER}0007,{cell},0.2,0.5\n")
    assert read_predictions(file).loc["0007"].tolist() == [0.9, 0.2, 0.5]


@pytest.mark.parametrize("cell", ["tensor(0.9)", "[array(0.9)]", "[]", '"[0.9, 0.1]"'])
def test_a_printed_array_is_named_for_what_it_is(tmp_path, cell):
    file = tmp_path / "a.csv"
    file.write_text(f"{HEADER}0007,{cell},0.2,0.5\n")
    with pytest.raises(ValueError, match="exam '0007', task 'abnormal' .*a printed array"):
        read_predictions(file)


@pytest.mark.parametrize(
    ("cell", "advice"),
    [
        ("90%", "Write 0.9."),
        ("150%", "Write a number"),
        ("NaN", "Predict every"),
        ("", "Predict every"),
    ],
)
def test_a_missing_cell_is_told_from_one_that_is_no_number(tmp_path, cell, advice):
    file = tmp_path / "a.csv"
    file.write_text(f"{HEADER}0007,{cell},0.2,0.5\n")
    with pytest.raises(ValueError, match=f"task 'abnormal' .*{advice}"):
        read_predictions(file)


def test_rounding_in_float32_is_clipped(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text(f"{HEADER}0007,1.0000001,0.2,-1e-7\n0008,0.5,0.123456789,1\n")
    found = read_predictions(file)
    assert found.to_numpy().tolist() == [[1.0, 0.2, 0.0], [0.5, 0.123456789, 1.0]]


@pytest.mark.parametrize(
    ("value", "message", "other"),
    [
        ("1.00001", "got 1.00001 for exam '0007', task 'acl' .*float32 explains 1e-6", "log-odds"),
        ("-0.0000011", "got -1.1e-06 for exam '0007'", "log-odds"),
        ("97.5", "got 97.5 for exam '0007'.*logits=True; if percentages, divide", "float32"),
    ],
)
def test_values_outside_0_to_1_are_shown_in_full(tmp_path, value, message, other):
    file = tmp_path / "a.csv"
    file.write_text(f"{HEADER}0007,0.5,{value},0.2\n")
    with pytest.raises(ValueError, match=message) as caught:
        read_predictions(file)
    assert other not in str(caught.value)


def save_both(table, folder, index):
    table.to_parquet(folder / "a.parquet")
    table.to_csv(folder / "a.csv", index=index)
    return folder / "a.csv", folder / "a.parquet"


def read_or_refuse(path, width):
    try:
        return read_predictions(path, id_width=width)
    except ValueError:
        return None


def test_csv_and_parquet_of_a_table_agree(tmp_path):
    scores = pd.DataFrame({"abnormal": [0.9, 0.7], "acl": [0.1, 0.2], "meniscus": [0.3, 0.4]})
    read = refused = 0
    for ids in (["0007", "1130"], [7, 1130], [7.0, 1130.0], ["a", "b"], [7.5, 8.5], ["7", "٨"],
                [None, "0007"], [True, False], [1e17, 2e17]):  # fmt: skip
        for name in ("ID", "case_id", "Unnamed: 0"):
            column, index = scores.assign(**{name: ids}), scores.set_axis(pd.Index(ids, name=name))
            for table, has_index in ((column, False), (column, True), (index, True)):
                files = save_both(table, tmp_path, has_index)
                for width in (None, 4):
                    found = [read_or_refuse(path, width) for path in files]
                    if found[0] is None or found[1] is None:
                        assert found[0] is found[1] is None
                        refused += 1
                    else:
                        pd.testing.assert_frame_equal(*found)
                        assert name == "ID"
                        read += 1
    assert read >= 15
    assert refused >= 50


@pytest.mark.parametrize("index", [None, [3, 9], pd.Index([3, 9], name="row")])
def test_row_numbers_of_parquet_are_refused(tmp_path, index):
    scores = pd.DataFrame({task: [0.1, 0.2] for task in TASKS}, index=index)
    scores.to_parquet(tmp_path / "a.parquet")
    for width in (None, 4):
        with pytest.raises(ValueError, match="column of exam ids .* may be row numbers"):
            read_predictions(tmp_path / "a.parquet", id_width=width)


def test_a_constant_column_is_called_constant(truth, tmp_path):
    labels, scores = truth
    scores.assign(acl=0.99).to_csv(tmp_path / "a.csv")
    for known in (None, labels):
        with pytest.warns(UserWarning, match="Constant columns in .*'acl = 0.99'") as caught:
            read_predictions(tmp_path / "a.csv", labels=known)
        assert len(caught) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER, "must have a row per exam, got none"),
        (f"{HEADER}0007,0.5,0.1\n", "got '' for exam '0007', task 'meniscus'"),
        (f"{HEADER}0007,0.5,0.1,0.2,0.3\n", "line 2 must have the 4 cells"),
        (f"{HEADER}0007,True,0.1,0.2\n", "got 'True' for exam '0007'"),
        (f"{HEADER}0007,inf,0.1,0.2\n", "got 'inf' for exam '0007'"),
        ("id,repeat,fold,abnormal,acl,meniscus\n7,0.5,0,0.1,0.1,0.1\n", "whole numbers .*'0.5'"),
        (HEADER + "0007,0.1,0.2,0.3\n" * 3, "got '0007' more than once .2 rows too many"),
        ("id,fold,abnormal,acl,meniscus\n7,0,0.1,0.1,0.1\n", "or neither, but has no 'repeat'"),
        ("id,repeat,abnormal,acl,meniscus\n7,0,0.1,0.1,0.1\n", "or neither, but has no 'fold'"),
        (f"{HEADER}{'x' * 10**5},0.1,0.2,0.3\n", "at most 200 characters, got 100000"),
        (f"{HEADER}0007,{'x' * 10**5},0.2,0.3\n", "more characters.* for exam '0007'"),
    ],
)
def test_bad_cells_are_named_in_short_messages(tmp_path, text, message):
    file = tmp_path / "a.csv"
    file.write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        read_predictions(file)
    assert len(str(caught.value)) < 600


def test_many_duplicates_are_refused_at_once(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text(HEADER + "0007,0.1,0.2,0.3\n" * 50_000)
    start = time.process_time()
    with pytest.raises(ValueError, match="got '0007' more than once .49999 rows"):
        read_predictions(file)
    assert time.process_time() - start < 3


@pytest.mark.parametrize("change", [
    lambda text: "\ufeff" + text,
    lambda text: text.replace("/", "\\"),
    lambda text: text.replace("/valid/", "/valid\\"),
    lambda text: text.replace("\n", "\r\n\r\n"),
    lambda text: "".join(f'"{line}"\n' for line in text.splitlines()),
])  # fmt: skip
def test_paths_of_windows_and_spreadsheets(paths, change):
    expected = read_paths(paths)
    paths.write_text(change(paths.read_text()), encoding="utf-8", newline="")
    assert read_paths(paths) == expected


def test_paths_name_the_true_lines(paths):
    lines = paths.read_text().splitlines()
    paths.write_text("\n\n".join([*lines[:3], *lines[:3]]))
    with pytest.raises(ValueError, match="line 7 must start another exam, got exam '1130' again"):
        read_paths(paths)


def test_other_kinds_of_files_are_refused(tmp_path):
    for path in (tmp_path, "/dev/null"):
        for read in (read_paths, read_predictions):
            with pytest.raises(OSError, match="must be a"):
                read(path)


def test_tasks_are_those_of_the_labels_or_of_the_file(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("StudyInstanceUID,Note,ACL,Baker's\n1.2.3,0.1,0.2,0.3\n1.2.4,0.4,0.5,0.6\n")
    assert list_columns(file) == ["Note", "ACL", "Baker's"]
    assert list(read_predictions(file)) == ["Note", "ACL", "Baker's"]
    labels = pd.DataFrame({"Baker's": [0, 1], "ACL": [1, None]}, index=["1.2.3", "1.2.4"])
    assert list(read_predictions(file, labels=labels)) == ["Baker's", "ACL"]
    each = {}
    for task in ("ACL", "MCL"):
        each[task] = tmp_path / f"{task}.csv"
        each[task].write_text("1.2.3,0.2\n1.2.4,0.3\n")
    assert list(read_predictions(each)) == ["ACL", "MCL"]


def test_one_task_of_mrnet_asks_for_all_three(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("id,acl\n0001,0.2\n")
    with pytest.raises(ValueError, match="lacks 'abnormal', 'meniscus'"):
        read_predictions(file)
    file.write_text("0.2,0.3\n")
    assert list_columns(file) == []
