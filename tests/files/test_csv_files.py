"""One reader for CSV files of spreadsheets, shells and scripts; one writer."""

import random
import time

import pandas as pd
import pytest

from mrnet_features.files.csv_files import read_lines, read_rows, read_table
from mrnet_features.files.csv_format import format_csv

TABLE = [["id", "acl"], ["0042", "0.9"], ["0043", "0.2"]]


def write(folder, data):
    file = folder / "a.csv"
    file.write_bytes(data if isinstance(data, bytes) else data.encode())
    return file


@pytest.mark.parametrize(
    "data",
    [
        b"id,acl\n0042,0.9\n0043,0.2\n",
        b"id,acl\n0042,0.9\n0043,0.2",
        b"\xef\xbb\xbfid,acl\r\n0042,0.9\r\n0043,0.2\r\n",
        "id,acl\r\n0042,0.9\r\n0043,0.2\r\n".encode("utf-16"),
        "\ufeffid,acl\n0042,0.9\n0043,0.2\n".encode("utf-16-be"),
        b"id,acl\r0042,0.9\r0043,0.2\r",
        b"id;acl\n0042;0,9\n0043;0,2\n",
        b"id\tacl\n0042\t0.9\n0043\t0,2\n",
        b'"id","acl"\n"0042","0.9"\n"0043","0.2"\n',
        b'id, acl\n"0042", "0.9"\n 0043 , 0.2 \n',
        b"# sha256: abc,,\nid,acl,,\n0042,0.9,,\n\n,,\n0043,0.2,,\n",
        b"sep=;\r\nid;acl\r\n0042;0,9\r\n0043;0,2\r\n",
        b'"# a comment in quotes",\nid,acl\n0042,0.9\n0043,0.2\n',
    ],
)
def test_what_programs_write_gives_the_same_cells(tmp_path, data):
    assert [row.cells for row in read_rows(write(tmp_path, data))] == TABLE


def test_rows_carry_their_first_line(tmp_path):
    file = write(tmp_path, '# note\nid,acl\n"a\nb",1\n\nc,2\n')
    assert [tuple(row) for row in read_rows(file)] == [
        (2, ["id", "acl"]), (3, ["a\nb", "1"]), (6, ["c", "2"]),
    ]  # fmt: skip
    assert read_lines(file)[-1] == (6, "c,2")


def test_a_comma_in_a_name_is_no_separator_and_in_a_number_a_decimal_point(tmp_path):
    assert read_rows(write(tmp_path, "exam,a;b\n1,2\n"))[0].cells == ["exam", "a;b"]
    assert read_rows(write(tmp_path, "0,9;0,8\n"))[0].cells == ["0.9", "0.8"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must hold a table with a header, got no line"),
        ("# note\n\n", "must hold a table with a header, got no line"),
        ("id,acl\na,1,2\n", "a.csv' line 2 must have the 2 cells of the header, got 3"),
        ("id,acl,acl\n", "must have each column once, got 'acl' again"),
        ("0.9,1e-5\n0.1,0.2\n", "must have a header .* line 1 holds numbers: '0.9', '1e-5'"),
        ('id,acl\na,1\n"b,2\nc,3\n', "a.csv' line 3 can't be read as CSV .a quote is not closed"),
        ('id,acl\n"a"b,1\n', "a.csv' line 2 can't be read as CSV"),
        ("id,acl\na,1\n#b,2\n", "a.csv' line 3 begins with #, .*in quotes"),
        ("id,acl\na," + "9" * 200_000, "a.csv' line 2 can't be read as CSV .*too long"),
    ],
)
def test_a_fault_is_named_by_file_and_line(tmp_path, text, message):
    with pytest.raises(ValueError, match=message) as caught:
        read_table(write(tmp_path, text))
    assert len(str(caught.value)) < 500


def test_a_quoted_hash_is_data(tmp_path):
    table = read_table(write(tmp_path, 'id,acl\na,1\n"#b",2\n"c\n#d",3\n'))
    assert table["id"].tolist() == ["a", "#b", "c\n#d"]


def test_short_rows_end_with_empty_cells(tmp_path):
    assert read_table(write(tmp_path, "id,acl,meniscus\na,1\n")).to_numpy().tolist() == [
        ["a", "1", ""]
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a" * 6_000_000, "lines of at most 4,000,000 characters, got one of 6,000,000"),
        (b"id" + b",1" * 60_000 + b"\n" + b"1,2\n", "columns and 8,000,000 cells|column once"),
        (b"0007,1\n" * 1_200_000, "at most 1,048,576 lines, got 1,200,000 such as '0007,1'"),
        (b'id,acl\n"' + b"a\n" * 900_000, "line 2 can't be read as CSV"),
        ((",".join(map("c{}".format, range(9000))) + "\n" + "1\n" * 9000).encode(), "8,000,000"),
    ],
)
def test_hostile_sizes_are_refused_at_once(tmp_path, data, message):
    file = write(tmp_path, data)
    start = time.process_time()
    with pytest.raises(ValueError, match=message) as caught:
        read_table(file)
    assert time.process_time() - start < 2
    assert len(str(caught.value)) < 500


def test_predictions_of_100_000_exams_in_10_repeats_are_not_too_many(tmp_path):
    assert len(read_lines(write(tmp_path, b"exam\n" + b"0\n" * 1_000_000))) == 1_000_001


def test_many_columns_are_checked_in_linear_time(tmp_path):
    names = ",".join(map("c{}".format, range(40_000)))
    start = time.process_time()
    with pytest.raises(ValueError, match="each column once, got 'c7' again"):
        read_table(write(tmp_path, f"{names},c7\n"))
    assert time.process_time() - start < 2


def test_formulas_are_disarmed_and_numbers_are_not():
    table = pd.DataFrame({"=name": ["=1+1", "+1", "-x", "@a", "'=b", "#c", "d"], "acl": [-0.5] * 7})
    assert format_csv(table).splitlines() == [
        "'=name,acl", "'=1+1,-0.5", "'+1,-0.5", "'-x,-0.5", "'@a,-0.5", "''=b,-0.5", "'#c,-0.5",
        "d,-0.5",
    ]  # fmt: skip


def test_what_is_written_is_read_again(tmp_path):
    draw = random.Random(0)
    parts = ["=", "+", "-", "@", "'", '"', "#", ",", ";", "\t", "\n", " ", "0", "1", "é", "\u2028"]

    def make_cell():
        cell = "".join(draw.choices(parts, k=draw.randrange(6))).strip()
        return cell or "x"  # the reader drops spaces around cells, and empty cells at the end

    for _ in range(200):
        names = [f"{make_cell()}{k}" for k in range(3)]
        table = pd.DataFrame(
            {name: [make_cell() for _ in range(4)] for name in ["exam", *names] if "\n" not in name}
        )
        again = read_table(write(tmp_path, format_csv(table)))
        assert again.columns.tolist() == table.columns.tolist()
        assert again.to_numpy().tolist() == table.to_numpy().tolist()


def test_a_table_without_formulas_is_written_as_pandas_does():
    table = pd.DataFrame({"exam": ["0007", 'a,"b"'], "acl": [0.1, None], "n": [1, 2]})
    assert format_csv(table) == table.to_csv(index=False, lineterminator="\n")
    assert format_csv(table.set_index("exam"), index=True) == format_csv(table)
    assert format_csv(table, header=False) == format_csv(table).partition("\n")[2]
