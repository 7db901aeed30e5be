"""Folds: a partition that survives a file and refuses what is none."""

import re
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mrnet_features.evaluation.protocol.folds import Folds
from mrnet_features.evaluation.protocol.stratify import make_folds


def make_labels(n_exams=300):
    labels = np.random.default_rng(0).random((n_exams, 2)) < (0.8, 0.3)
    exams = [f"{i:04d}" for i in range(n_exams)]
    return pd.DataFrame(labels, columns=["abnormal", "acl"], index=exams).astype(int)


def test_file_keeps_ids_and_hash(tmp_path):
    labels = make_labels(60)
    labels.index = [*labels.index[:-3], "NA", 'a,"b"', "Zürich #1"]
    folds = make_folds(labels, n_splits=2)
    path = tmp_path / "folds.csv"
    folds.save(path)
    again = Folds.read(path)
    assert again.hash == folds.hash
    pd.testing.assert_frame_equal(again.frame, folds.frame, check_dtype=False)
    assert path.read_text(encoding="utf-8").splitlines()[1] == "exam,repeat,fold"


def test_file_is_a_plain_csv_to_others(tmp_path):
    folds = make_folds(make_labels())
    folds.save(tmp_path / "folds.csv")
    frame = pd.read_csv(tmp_path / "folds.csv", comment="#", dtype={"exam": str})
    assert Folds(frame).hash == folds.hash
    frame.sample(frac=1, random_state=0).to_csv(tmp_path / "others.csv", index=False)
    assert Folds.read(tmp_path / "others.csv").hash == folds.hash


def test_a_file_that_can_not_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "folds.csv"
    make_folds(make_labels()).save(path)
    before = path.read_bytes()
    write = Path.write_text

    def fill_disk(self, text, **kwargs):
        write(self, text[:100], **kwargs)
        raise OSError("no space left")

    monkeypatch.setattr(Path, "write_text", fill_disk)
    with pytest.raises(OSError, match="no space left"):
        make_folds(make_labels(), seed=1).save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_changed_file_is_refused(tmp_path):
    path = tmp_path / "folds.csv"
    make_folds(make_labels(), n_repeats=1).save(path)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("\n0007,0,", "\n7,0,"), encoding="utf-8")
    with pytest.raises(ValueError, match=r"changed after it was written"):
        Folds.read(path)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("a", 0, 0), ("a", 0, 1)], "once per repeat, got 'a' more than once"),
        ([("a", 0, 0), ("b", 0, 1), ("a", 1, 0), ("c", 1, 1)], "same exams in every repeat"),
        ([("a", 0, 0), ("b", 0, 2)], "1 repeats by 3 folds with 2 of them filled"),
        ([("a", 0, 0), ("b", 0, 0)], "1 repeats by 1 folds"),
        ([], "0 repeats by 0 folds"),
    ],
)
def test_invalid_partitions_are_refused(rows, message):
    with pytest.raises(ValueError, match=message):
        Folds(pd.DataFrame(rows, columns=["exam", "repeat", "fold"]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,fold\na,0\n", r"folds.csv' must have the columns .* got 'id', 'fold'"),
        ("exam,repeat,fold\na,0,x\n", r"folds.csv' must have whole numbers"),
        ("exam,repeat,fold\na,0,0\n", r"folds.csv' must number repeats and folds"),
        ("", r"folds.csv' must hold a table with a header, got no line"),
    ],
)
def test_a_file_of_something_else_is_named(tmp_path, text, message):
    path = tmp_path / "folds.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        Folds.read(path)


def test_ids_of_two_kinds_are_refused():
    with pytest.raises(TypeError, match="text such as 'a' and integers such as 8"):
        Folds(pd.DataFrame({"exam": ["a", 8], "repeat": 0, "fold": [0, 1]}))


def test_integer_ids_stay_integers_in_a_file(tmp_path):
    folds = make_folds(make_labels().set_axis(range(300, 0, -1)))
    folds.save(tmp_path / "folds.csv")
    again = Folds.read(tmp_path / "folds.csv")
    assert again.hash == folds.hash
    assert again.exams.tolist() == list(range(1, 301))


def test_columns_are_named():
    with pytest.raises(ValueError, match="got 'id', 'fold'"):
        Folds(pd.DataFrame({"id": ["a"], "fold": [0]}))


def test_check_refuses_other_exams_and_one_sided_folds():
    labels = make_labels()
    folds = make_folds(labels)
    with pytest.raises(ValueError, match="299 in both, 1 only in `folds`"):
        folds.check(labels.iloc[1:])
    rare = labels.assign(rare=0)
    rare.iloc[:4, -1] = 1
    with pytest.raises(ValueError, match=r"fold \d of repeat 0 has [01] positive .* 'rare'"):
        folds.check(rare)


def save_as_excel(text):
    """Rows as a spreadsheet saves them: padded, CRLF, a byte order mark, no leading zeros."""
    lines = [line.split(",") for line in text.splitlines()]
    cells = [[cell.lstrip("0") or "0" for cell in row] for row in lines]
    return "\ufeff" + "".join(",".join([*row, "", ""][:3]) + "\r\n" for row in cells)


@pytest.mark.parametrize(
    "change",
    [
        save_as_excel,
        lambda text: save_as_excel(text).replace(",", ";"),
        lambda text: text.replace("\n", ",,\n"),
        lambda text: "".join(f'"{line}"\n'.replace(",", '","') for line in text.splitlines()),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_folds_survive_a_spreadsheet(tmp_path, change, encoding):
    folds = make_folds(make_labels(120), n_repeats=2)
    path = tmp_path / "folds.csv"
    folds.save(path)
    path.write_text(change(path.read_text()), encoding=encoding, newline="")
    again = Folds.read(path)
    assert again.hash == folds.hash
    assert again.exams.tolist() == folds.exams.tolist()


def test_other_changes_than_lost_zeros_are_refused(tmp_path):
    path = tmp_path / "folds.csv"
    make_folds(make_labels(120), n_repeats=1).save(path)
    text = save_as_excel(path.read_text())
    for changed in (text.replace("\r\n7,0,", "\r\n777,0,"), text.rsplit("\r\n", 2)[0]):
        path.write_text(changed, encoding="utf-8", newline="")
        with pytest.raises(ValueError, match="folds.csv' was changed after it was written"):
            Folds.read(path)


def test_ids_that_start_formulas_and_comments_survive(tmp_path):
    exams = ["=1+1", "+1", "-x", "@a", "#b", "'c", "'=d", "7.0", "nan", "1e5"]
    folds = Folds(pd.DataFrame({"exam": exams, "repeat": 0, "fold": [0, 1] * 5}))
    folds.save(tmp_path / "folds.csv")
    assert "\n'=1+1,0," in (tmp_path / "folds.csv").read_text()
    assert Folds.read(tmp_path / "folds.csv").exams.tolist() == sorted(exams)


def test_without_a_hash_lost_zeros_are_restored_or_refused_when_folds_meet_labels(tmp_path):
    path = tmp_path / "folds.csv"
    path.write_text("ID,repeat,fold\n7,0,0\n12,0,1\n")
    with pytest.raises(ValueError, match="differ only in leading zeros"):
        Folds.read(path).check(pd.DataFrame({"acl": [0, 1]}, index=["0007", "0012"]))
    assert Folds.read(path, id_width=4).exams.tolist() == ["0007", "0012"]
    path.write_text("# by Ann\nexam,repeat,fold\nb,0,0\na,0,1\n")
    assert Folds.read(path).exams.tolist() == ["a", "b"]


@pytest.mark.parametrize("fold", [0.5, -1, np.nan, 1e12, "x", "1_0", "१", None])
def test_numbers_of_folds_are_whole(fold):
    frame = pd.DataFrame(
        {"exam": ["a", "b"], "repeat": 0, "fold": pd.Series([fold, 0], dtype=object)}
    )
    with pytest.raises(ValueError, match="must have whole numbers from 0 in column 'fold', got"):
        Folds(frame)


def test_huge_numbers_of_folds_take_no_time():
    start = time.process_time()
    with pytest.raises(ValueError, match="got 1 repeats by 1000000000 folds with 2 of them filled"):
        Folds(pd.DataFrame({"exam": ["a", "b"], "repeat": 0, "fold": [0, 999_999_999]}))
    assert time.process_time() - start < 1


def test_the_summary_counts_exams_and_positives_of_each_fold():
    labels = make_labels(60).astype(float)
    labels.iloc[0, 1] = np.nan
    folds = make_folds(labels, n_splits=3, n_repeats=2)
    table = folds.summary(labels)
    assert table.columns.tolist() == ["n_exams", "n_positive_abnormal", "n_positive_acl"]
    for repeat, fold, _, test in folds.split():
        counted = [len(test), *labels.loc[test].eq(1).sum()]
        assert table.loc[(repeat, fold)].tolist() == counted
    assert folds.summary().equals(table[["n_exams"]])
    with pytest.raises(ValueError, match="same exams"):
        folds.summary(labels[1:])


def test_a_notebook_shows_the_sizes_of_the_folds():
    frame = pd.DataFrame({"exam": list("abcde"), "repeat": 0, "fold": [0, 0, 0, 1, 1]})
    text = Folds(frame)._repr_html_()
    assert "<th>fold 0</th>" in text
    assert re.findall("<td>(.*?)</td>", text) == ["0", "3", "2"]
    assert "sha256" in text
    frame = pd.DataFrame({"exam": np.arange(50), "repeat": 0, "fold": np.arange(50) % 49})
    assert re.findall("<td>(.*?)</td>", Folds(frame)._repr_html_()) == ["0", "1", "2"]
