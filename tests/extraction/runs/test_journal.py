"""Rows of finished exams: all come back, whatever happens to the lines of others."""

import numpy as np
import pytest

from mrnet_features.extraction.runs.journal import FinishedExam, FinishedRow, Journal


def make_rows(n_exams=4, n_features=3):
    rng = np.random.default_rng(0)
    return {
        f"{k:04d}": FinishedRow(rng.normal(size=n_features).astype(np.float32), f"f{k}", f"s{k}")
        for k in range(n_exams)
    }


@pytest.fixture
def journal(tmp_path):
    return Journal(tmp_path / "table.parquet.unfinished", "key", "recipe", 3)


@pytest.fixture
def rows(journal):
    made = make_rows()
    with journal:
        for exam, row in made.items():
            journal.append(exam, row)
    return made


def assert_same(journal, expected):
    read = journal.read()
    assert list(read) == list(expected)
    values = journal.iterate_values(exam.offset for exam in read.values())
    for exam, found in zip(read, values, strict=True):
        assert read[exam][:2] == expected[exam][1:]
        np.testing.assert_array_equal(found, expected[exam].values)


def test_rows_come_back_bit_by_bit(journal, rows):
    assert_same(journal, rows)
    special = np.array([np.nan, -0.0, np.finfo(np.float32).tiny], np.float32)
    with journal:
        appended = journal.append("é, \n'", FinishedRow(special, "f", "s"))
    assert journal.read()["é, \n'"] == appended
    (found,) = journal.iterate_values([appended.offset])
    assert found.tobytes() == special.tobytes()


def test_there_are_no_rows_without_a_file(journal):
    assert journal.read() == {}


def test_the_last_row_of_an_exam_counts(journal, rows):
    with journal:
        journal.append("0001", rows["0001"]._replace(fingerprint="new"))
    assert journal.read()["0001"].fingerprint == "new"


def test_rows_of_another_request_or_width_are_ignored(journal, rows):
    assert Journal(journal.path, "other", "recipe", 3).read() == {}
    assert Journal(journal.path, "key", "recipe", 4).read() == {}
    with pytest.raises(FileExistsError, match="stopped run with another recipe"):
        Journal(journal.path, "key", "another", 500).read()


@pytest.mark.parametrize("damage", ["zeros", "flipped bit", "long line", "text"])
def test_damage_costs_the_damaged_lines_alone(journal, rows, damage):
    lines = journal.path.read_bytes().splitlines(keepends=True)
    if damage == "zeros":
        lines[1] = bytes(len(lines[1]))  # joins the next line
        del rows["0002"]
    elif damage == "flipped bit":
        lines[1] = lines[1][:60] + bytes([lines[1][60] ^ 1]) + lines[1][61:]
    else:
        lines[1] = b"a" * 1_000_000 + b"\n" if damage == "long line" else b"no journal\n"
    del rows["0001"]
    journal.path.write_bytes(b"".join(lines))
    with pytest.warns(UserWarning, match=r"unfinished' is damaged in .* extracted again"):
        assert_same(journal, rows)


def test_rows_after_half_a_line_are_whole(journal, rows):
    content = journal.path.read_bytes()
    journal.path.write_bytes(content[:-20])
    with journal:
        journal.append("0009", rows["0003"])
    with pytest.warns(UserWarning, match="is damaged in 1 place;"):
        assert list(journal.read()) == ["0000", "0001", "0002", "0009"]


def test_a_removed_file_is_an_error_and_not_a_loss_at_the_end(journal, rows):
    with journal:
        journal.append("0005", rows["0003"])
        journal.path.unlink()
        with pytest.raises(FileNotFoundError, match="was removed"):
            journal.append("0006", rows["0003"])


def test_a_folder_in_its_place_is_an_error(journal):
    journal.path.mkdir()
    with pytest.raises(IsADirectoryError, match="must be a file"):
        journal.read()


def test_a_line_of_version_0_1_0_is_read(journal):
    record = (
        b'{"key": "key", "recipe": "recipe", "exam": "0042", "fingerprint": "f", '
        b'"file_state": "s", "values": "AACAPwAAAEAAAEBA"}'
    )
    journal.path.write_bytes(b"5ee28450b6f875df5e1f7aaded457a25 " + record + b"\n")
    assert journal.read() == {"0042": FinishedExam("f", "s", 0)}
    (values,) = journal.iterate_values([0])
    assert values.tolist() == [1.0, 2.0, 3.0]


def test_a_line_that_is_damaged_after_it_was_found_is_an_error(journal, rows):
    finished = journal.read()
    content = bytearray(journal.path.read_bytes())
    content[finished["0002"].offset + 60] ^= 1
    journal.path.write_bytes(content)
    values = journal.iterate_values(exam.offset for exam in finished.values())
    assert next(values).tolist() == rows["0000"].values.tolist()
    with pytest.raises(OSError, match=r"unfinished' was damaged while it was in use. Run it again"):
        list(values)
