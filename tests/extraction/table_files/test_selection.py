"""Parts of a feature table: equal to the same part of the whole, or an error with a close name."""

import re

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from mrnet_features.extraction.table_files import writer as table_writer
from mrnet_features.extraction.table_files.features import read_features, write_features
from mrnet_features.files.parquet_files import ParquetSource

COLUMNS = [
    f"{plane}__knee__{family}__{statistic}__mean"
    for plane in ("axial", "sagittal")
    for family, statistic in (("fluid", "area"), ("lbp", "p0"), ("lbp", "p1"))
]
IDS = [f"{k:05d}" for k in range(23)]


@pytest.fixture
def table():
    values = np.random.default_rng(0).normal(size=(len(IDS), len(COLUMNS))).astype(np.float32)
    values[3, 2] = np.nan
    return pd.DataFrame(values, pd.Index(IDS, name="exam"), COLUMNS)


@pytest.fixture
def path(table, tmp_path, monkeypatch):
    """The table in row groups of four exams."""
    monkeypatch.setattr(table_writer, "VALUES_PER_BLOCK", 4 * len(COLUMNS))
    write_features(table, tmp_path / "t.parquet")
    return tmp_path / "t.parquet"


@pytest.fixture
def taken(monkeypatch):
    """Columns and row groups that are read."""
    read = []
    iterate = ParquetSource.iterate

    def watch(source, columns, n_rows, groups=None):
        read.append((list(columns), groups))
        return iterate(source, columns, n_rows, groups)

    monkeypatch.setattr(ParquetSource, "iterate", watch)
    return read


def assert_equal(found, expected):
    pd.testing.assert_frame_equal(found, expected, check_index_type=False, check_column_type=False)


def test_the_whole_table_comes_back_from_several_row_groups(path, table):
    assert pq.ParquetFile(path).num_row_groups == 6
    assert_equal(read_features(path), table)


def test_columns_come_as_asked_for_and_others_are_not_read(path, table, taken):
    chosen = [COLUMNS[4], COLUMNS[1]]
    assert_equal(read_features(path, columns=chosen), table[chosen])
    assert all(columns == chosen for columns, _ in taken)
    assert_equal(read_features(path, columns=COLUMNS[2]), table[[COLUMNS[2]]])


def test_families_come_in_the_order_of_the_table(path, table):
    lbp = table.filter(like="__lbp__")
    assert_equal(read_features(path, families="lbp"), lbp)
    assert_equal(read_features(path, families=["lbp", "fluid"]), table)


def test_row_groups_without_a_wanted_exam_are_not_read(path, table, taken):
    chosen = [IDS[21], IDS[5], IDS[6]]
    found = read_features(path, exams=chosen, families=["fluid"])
    assert_equal(found, table.filter(like="fluid").loc[sorted(chosen)])
    assert [groups for _, groups in taken] == [[1], [5]]


def test_a_part_has_the_provenance_of_the_whole(path, table):
    table.attrs["provenance"] = {"device": "cpu"}
    write_features(table, path)
    assert read_features(path, exams=IDS[:2]).attrs == {"provenance": {"device": "cpu"}}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": ["axial__knee__lbp__p3__mean"]}, f"Did you mean '{COLUMNS[2]}'?"),
        ({"families": ["lbq", "fluid"]}, "which lacks 'lbq'. Did you mean 'lbp'?"),
        ({"exams": ["00010", "10"]}, "which lacks '10'."),
        ({"columns": [], "exams": IDS}, "at least one name, got none"),
        ({"exams": ["00001", "00001"]}, "each name once, got '00001' twice"),
        ({"columns": COLUMNS[:1], "families": "lbp"}, "must not be given both"),
    ],
)
def test_an_unknown_name_is_an_error_with_a_close_one(path, options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        read_features(path, **options)


def test_an_exam_by_its_number_is_an_error(path):
    with pytest.raises(TypeError, match=r"`exams` must hold names as text, got int\. .*'0042'"):
        read_features(path, exams=[7])


@pytest.mark.parametrize("index", ["column", "index", "several"])
def test_parts_of_tables_of_other_tools_are_read(table, tmp_path, index):
    mixed = table.assign(age=np.arange(len(table)), sex=pd.array([1, None] * 11 + [0], "Int8"))
    made = mixed if index == "index" else mixed.reset_index()
    if index == "several":
        made = made.set_index(["exam", COLUMNS[0]])
    made.to_parquet(tmp_path / "o.parquet", index=index != "column")
    part = read_features(tmp_path / "o.parquet", columns=["sex", COLUMNS[0]], exams=IDS[:3])
    expected = mixed.astype({"sex": np.float64}).loc[IDS[:3], ["sex", COLUMNS[0]]]
    assert_equal(part.astype({COLUMNS[0]: np.float32}), expected)
    assert_equal(read_features(tmp_path / "o.parquet", families="lbp"), table.filter(like="lbp"))
    if index != "several":
        assert_equal(read_features(tmp_path / "o.parquet"), mixed.astype({"sex": np.float64}))


def test_a_column_whose_name_begins_with_another_is_not_taken_for_it(tmp_path):
    table = pd.DataFrame({"a.b": [1.0], "a": [2.0]}, ["0001"], dtype=np.float32)
    for kind in (np.float32, np.float64):
        write_features(table.astype(kind), tmp_path / "t.parquet")
        assert read_features(tmp_path / "t.parquet", columns="a").to_dict("list") == {"a": [2.0]}


def test_a_part_of_a_table_that_was_changed_outside_is_refused(path):
    table = pq.read_table(path)
    changed = table.set_column(5, COLUMNS[5], [np.zeros(len(IDS), np.float32)])
    pq.write_table(changed.replace_schema_metadata(table.schema.metadata), path)
    with pytest.raises(ValueError, match="was changed or damaged after it was written"):
        read_features(path, columns=COLUMNS[:2])
    pq.write_table(table, path)  # by another tool, but not changed
    assert list(read_features(path, columns=COLUMNS[:2])) == COLUMNS[:2]


def test_a_part_of_a_table_of_an_older_version_is_compared_with_its_checksum(path, taken):
    whole = pq.read_table(path)
    metadata = {k: v for k, v in whole.schema.metadata.items() if b"seal" not in k}
    pq.write_table(whole.replace_schema_metadata(metadata), path)
    read_features(path, columns=COLUMNS[:1])
    assert [columns for columns, _ in taken] == [COLUMNS, COLUMNS[:1]]


def test_a_damaged_byte_is_never_another_value_of_a_part(path, table):
    whole = path.read_bytes()
    expected = table.loc[IDS[5:15], COLUMNS[2:4]]
    footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    # that of a column; its digits say float
    kind = whole.index(b"\x15\x08", whole.index(COLUMNS[2].encode(), footer)) + 1
    chunk = pq.ParquetFile(path).metadata.row_group(1).column(2)
    after = pq.ParquetFile(path).metadata.row_group(1).column(3)
    starts = [encode(each.data_page_offset) for each in (chunk, after)]
    place = whole.index(starts[0], footer)
    assert len(starts[0]) == len(starts[1])
    wrong = [(kind, b"\x00"), (place, starts[1])]
    flipped = ((k, bytes([whole[k] ^ 1 << k % 8])) for k in range(0, len(whole), 5))
    refused = set()
    for position, content in (*wrong, *flipped):
        path.write_bytes(whole[:position] + content + whole[position + len(content) :])
        try:
            read = read_features(path, columns=COLUMNS[2:4], exams=IDS[5:15])
        except ValueError:
            refused.add(position)
        else:
            pd.testing.assert_frame_equal(read, expected, check_names=False)
    assert refused >= {kind, place}
    assert len(refused) > 20


def encode(number):
    """Number as the footer of a parquet file has it: a zigzag varint of thrift."""
    number, digits = 2 * number, bytearray()
    while number >= 128:
        digits.append(number % 128 + 128)
        number //= 128
    return bytes([*digits, number])
