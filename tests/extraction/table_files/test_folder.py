"""A folder of tables is read as one; tables that are no parts of one are refused."""

import contextlib

import numpy as np
import pandas as pd
import pytest

from mrnet_features.data.exam import Exam
from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.extraction.runs.resume import extract_features
from mrnet_features.extraction.table_files import features as table
from mrnet_features.extraction.table_files import file as table_file
from mrnet_features.extraction.table_files.features import read_features, write_features


@pytest.fixture
def folder(exams, extractor, tmp_path):
    """Tables of two and of three exams, as two jobs write them, with other files beside."""
    for name, part in (("b", exams[:2]), ("a", exams[2:])):
        extract_features(part, tmp_path / "tables" / f"{name}.parquet", extractor=extractor)
    (tmp_path / "tables" / ".a.parquet").write_bytes(b"")
    (tmp_path / "tables" / "notes.txt").write_text("x")
    return tmp_path / "tables"


def test_parts_are_read_as_one_table_by_file_name(folder, exams, extractor, tmp_path):
    found = read_features(folder)
    whole = extract_features([*exams[2:], *exams[:2]], tmp_path / "w.parquet", extractor=extractor)
    pd.testing.assert_frame_equal(found, whole)
    assert found.attrs == whole.attrs


@pytest.mark.parametrize("is_plain", [True, False])
def test_one_table_is_open_at_a_time(tmp_path, monkeypatch, is_plain):
    for k in range(5):
        part = pd.DataFrame(
            {"age": [k + 0.5]}, [f"{k}a"], dtype=np.float32 if is_plain else np.float64
        )
        write_features(part, tmp_path / f"{k}.parquet")
    n_open = most = 0

    @contextlib.contextmanager
    def watch(*given):
        nonlocal n_open, most
        n_open += 1
        most = max(n_open, most)
        with table_file.open_table(*given) as opened:
            yield opened
        n_open -= 1

    monkeypatch.setattr(table, "open_table", watch)
    assert list(read_features(tmp_path)["age"]) == [0.5, 1.5, 2.5, 3.5, 4.5]
    assert most == 1


@pytest.mark.parametrize("change", ["ids", "columns"])
def test_a_table_that_is_replaced_meanwhile_is_refused(tmp_path, monkeypatch, change):
    for k in range(2):
        write_features(pd.DataFrame({"age": [1.0]}, [f"{k}a"]), tmp_path / f"{k}.parquet")
    read_heads = table._read_heads

    def read_and_replace(*given):
        heads = read_heads(*given)
        other = {"age": [2.0]} if change == "ids" else {"mass": [2.0]}
        ids = ["9a"] if change == "ids" else ["1a"]
        write_features(pd.DataFrame(other, ids), tmp_path / "1.parquet")
        return heads

    monkeypatch.setattr(table, "_read_heads", read_and_replace)
    with pytest.raises(ValueError, match=r"1.parquet' was replaced while it was read"):
        read_features(tmp_path)


def test_parts_of_other_tools_are_read_as_one_table(tmp_path):
    parts = [pd.DataFrame({"age": [1.5, 2.5], "n": [k, 3]}, [f"{k}a", f"{k}b"]) for k in range(2)]
    for k, part in enumerate(parts):
        part.rename_axis("exam").to_parquet(tmp_path / f"{k}.parquet")
    whole = pd.concat(parts).rename_axis("exam")
    pd.testing.assert_frame_equal(read_features(tmp_path), whole)
    pd.testing.assert_frame_equal(read_features(tmp_path, exams=["1b"]), whole.loc[["1b"]])


def test_columns_and_exams_of_a_folder_are_chosen(folder, exams, extractor):
    whole = read_features(folder)
    chosen = list(whole.columns[:3])
    part = read_features(folder, columns=chosen, exams=["0001", "0004"])
    pd.testing.assert_frame_equal(part, whole.loc[["0004", "0001"], chosen])
    only = read_features(folder, exams=["0004"])
    pd.testing.assert_frame_equal(only, whole.loc[["0004"]])
    with pytest.raises(ValueError, match=r"must be in '.*tables', which lacks '0009'"):
        read_features(folder, exams=["0009"])


def test_an_exam_in_two_tables_is_refused(folder, exams, extractor):
    extract_features(exams[:1], folder / "c.parquet", extractor=extractor)
    with pytest.raises(ValueError, match=r"'0000' is in '.*b.parquet' and in '.*c.parquet'"):
        read_features(folder)


def test_a_table_of_another_recipe_is_refused(folder, exams):
    other = FeatureExtractor("minimal", planes=("axial",), pools=("max",))
    last = Exam("0009", exams[0].paths)
    extract_features([last], folder / "c.parquet", extractor=other)
    with pytest.raises(ValueError, match=r"'.*a.parquet' and '.*c.parquet' have other recipes"):
        read_features(folder)


def test_a_table_with_other_columns_is_refused(folder):
    table = read_features(folder).set_axis([f"001{k}" for k in range(5)])
    write_features(table.iloc[:, 1:], folder / "c.parquet")
    with pytest.raises(ValueError, match=rf"have other columns \('{table.columns[0]}'\)"):
        read_features(folder)
    write_features(table.iloc[:, ::-1], folder / "c.parquet")
    with pytest.raises(ValueError, match=r"have other columns \(another order\)"):
        read_features(folder)


def test_differing_versions_and_devices_are_both_told(tmp_path):
    for name, version, device in (("a", "1.0", "cpu"), ("b", "2.0", "cuda")):
        table = pd.DataFrame({"age": [1.0]}, [name])
        scale = {"pixel_mm": 0.6, "size": 256, "percentiles": [0.1, 99.9]}
        table.attrs["provenance"] = {
            "device": device,
            "versions": {"numpy": "2.0", "numba": version},
            "missing": {"axial": [name]},
            "sides": {"given": 1, "tag": 2},
            "scales": [scale],
            "fingerprints": ["a" + name],
        }
        write_features(table, tmp_path / f"{name}.parquet")
    found = read_features(tmp_path).attrs["provenance"]
    assert found["device"] == "cpu and cuda"
    assert found["versions"] == {"numpy": "2.0", "numba": "1.0 and 2.0"}
    assert found["missing"] == {"axial": ["a", "b"]}
    assert found["sides"] == {"given": 2, "tag": 4}
    assert found["scales"] == [scale]
    assert found["fingerprints"] == "aa ab"


def test_a_folder_without_a_table_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="must be a file, got a folder that holds no table"):
        read_features(tmp_path)


def test_damage_in_one_of_the_tables_is_found(folder):
    file = folder / "b.parquet"
    damaged = bytearray(file.read_bytes())
    damaged[60] ^= 1
    file.write_bytes(damaged)
    with pytest.raises(ValueError, match=r"b.parquet' (was changed or damaged|can't be read)"):
        read_features(folder)
    assert np.isfinite(read_features(folder / "a.parquet").to_numpy()).all()
