"""extract_features: whatever stops a run, the next one completes it with the same bytes."""

import contextlib
import errno
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from mrnet_features.data.exam import Exam
from mrnet_features.extraction import rows as rows_module
from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.extraction.recipe import Recipe
from mrnet_features.extraction.rows import describe_exam
from mrnet_features.extraction.runs import changes, resume, table_run
from mrnet_features.extraction.runs import journal as journal_module
from mrnet_features.extraction.runs.resume import extract_features
from mrnet_features.extraction.table_files import file as table_file
from mrnet_features.extraction.table_files import writer as table_writer
from mrnet_features.extraction.table_files.features import read_features
from mrnet_features.extraction.table_files.keys import split_hashes
from mrnet_features.files.csv_files import read_table
from mrnet_features.files.parquet_files import ParquetSource
from tests.support.command_line import ENVIRONMENT
from tests.support.stack_files import change_pixel


def test_the_file_holds_the_table_of_the_extractor(exams, extractor, tmp_path):
    path = tmp_path / "out" / "table.parquet"
    table = extract_features(exams, path, extractor=extractor)
    back = read_features(path)
    pd.testing.assert_frame_equal(back, extractor.fit_transform(exams))
    pd.testing.assert_frame_equal(table, back)
    assert list(back.index) == [exam.id for exam in exams]
    assert [p.name for p in path.parent.iterdir()] == ["table.parquet"]


def watch(monkeypatch, stop_at=None):
    """List the exams that are described; one of them can be interrupted."""
    described = []

    def describe(exam, *args):
        if exam.id == stop_at:
            raise KeyboardInterrupt
        described.append(exam.id)
        return describe_exam(exam, *args)

    monkeypatch.setattr(rows_module, "describe_exam", describe)
    return described


def test_an_interrupted_run_resumes_after_the_last_exam(exams, extractor, tmp_path, monkeypatch):
    path, whole = tmp_path / "table.parquet", tmp_path / "whole.parquet"
    extract_features(exams, whole, extractor=extractor)
    for stop, expected in (("0001", ["0000"]), ("0003", ["0001", "0002"])):
        described = watch(monkeypatch, stop)
        with pytest.raises(KeyboardInterrupt):
            extract_features(exams, path, extractor=extractor)
        assert not path.exists()
        assert described == expected
    described = watch(monkeypatch)
    table = extract_features(exams, path, extractor=extractor)
    assert described == ["0003", "0004"]
    assert path.read_bytes() == whole.read_bytes()
    pd.testing.assert_frame_equal(table, extractor.fit_transform(exams))


def test_rows_of_another_recipe_are_neither_used_nor_lost(exams, extractor, tmp_path, monkeypatch):
    path = tmp_path / "table.parquet"
    watch(monkeypatch, "0003")
    with pytest.raises(KeyboardInterrupt):
        extract_features(exams, path, extractor=extractor)
    watch(monkeypatch)
    other = FeatureExtractor("minimal", planes=("axial",), pools=("max",))
    with pytest.raises(FileExistsError, match="3 finished exams of a stopped run with another"):
        extract_features(exams, path, extractor=other)
    path.with_name("table.parquet.unfinished").unlink()
    table = extract_features(exams, path, extractor=other)
    pd.testing.assert_frame_equal(table, other.fit_transform(exams))


def test_a_finished_table_is_read_and_not_extracted_again(exams, extractor, tmp_path, monkeypatch):
    path = tmp_path / "table.parquet"
    made = extract_features(exams, path, extractor=extractor)
    monkeypatch.setattr(rows_module, "describe_exam", lambda *_: pytest.fail("extracted again"))
    again = extract_features(exams, path, extractor=extractor)
    pd.testing.assert_frame_equal(again, made)
    assert again.attrs == made.attrs


def test_files_that_were_only_touched_count_as_the_same_exams(exams, extractor, tmp_path):
    path = tmp_path / "table.parquet"
    made = extract_features(exams, path, extractor=extractor)
    for exam in exams:
        exam.paths["axial"].touch()
    pd.testing.assert_frame_equal(extract_features(exams, path, extractor=extractor), made)


@pytest.mark.parametrize("changed", ["list_versions", "hash_code", "hash_family_code"])
def test_other_code_extracts_the_table_again(exams, extractor, tmp_path, monkeypatch, changed):
    path = tmp_path / "table.parquet"
    before = extract_features(exams, path, extractor=extractor).attrs["provenance"]["key"]
    monkeypatch.setattr(
        changes, changed, lambda *_: {"numpy": "other"} if "list" in changed else "x"
    )
    described = watch(monkeypatch)
    extract_features(exams, path, extractor=extractor)
    assert described == [exam.id for exam in exams]
    assert read_features(path).attrs["provenance"]["key"] != before


def test_stacks_in_memory_are_refused(extractor, tmp_path):
    stack = np.zeros((1, 40, 40), np.uint8)
    with pytest.raises(TypeError, match="must hold Exam, got mappings"):
        extract_features([{"axial": stack}], tmp_path / "t.parquet", extractor=extractor)


def test_another_file_extension_is_refused(exams, tmp_path):
    with pytest.raises(ValueError, match="must end in '.parquet'"):
        extract_features(exams, tmp_path / "table.csv")


def test_fingerprints_show_which_exam_changed(exams, extractor, tmp_path):
    path = tmp_path / "table.parquet"
    extract_features(exams, path, extractor=extractor)
    provenance = read_features(path).attrs["provenance"]
    change_pixel(exams[3])
    extract_features(exams, path, extractor=extractor)
    changed = read_features(path).attrs["provenance"]
    assert changed["data_fingerprint"] != provenance["data_fingerprint"]
    hashes = [split_hashes(each["fingerprints"]) for each in (changed, provenance)]
    differ = [a != b for a, b in zip(*hashes, strict=True)]
    assert differ == [False, False, False, True, False]


def test_another_device_extracts_the_table_again(exams, extractor, tmp_path, emulated_gpu):
    on_gpu = FeatureExtractor("minimal", planes=("axial",), pools=("mean",), device="cuda")
    path = tmp_path / "table.parquet"
    cpu, gpu = (
        extract_features(exams, path, extractor=each).attrs["provenance"]
        for each in (extractor, on_gpu)
    )
    assert (cpu["device"], gpu["device"]) == ("cpu", "cuda")
    assert "cupy" not in cpu["versions"]
    assert gpu["versions"]["cupy"] == emulated_gpu.__version__
    assert cpu["key"] != gpu["key"]


def test_an_exam_that_changed_behind_its_modification_time_is_extracted_again(
    exams, extractor, tmp_path, monkeypatch
):
    path = tmp_path / "table.parquet"
    extract_features(exams, path, extractor=extractor)
    change_pixel(exams[3])
    described = watch(monkeypatch)
    table = extract_features(exams, path, extractor=extractor)
    assert described == ["0003"]
    pd.testing.assert_frame_equal(table, extractor.fit_transform(exams))
    pd.testing.assert_frame_equal(read_features(path), table)


def test_new_times_of_unchanged_exams_are_recorded(exams, extractor, tmp_path, monkeypatch):
    path = tmp_path / "table.parquet"
    made = extract_features(exams, path, extractor=extractor)
    for exam in exams:
        exam.paths["axial"].touch()
    monkeypatch.setattr(rows_module, "describe_exam", lambda *_: pytest.fail("extracted again"))
    pd.testing.assert_frame_equal(extract_features(exams, path, extractor=extractor), made)
    monkeypatch.setattr(changes, "find_fingerprint", lambda *_: pytest.fail("read again"))
    extract_features(exams, path, extractor=extractor)


def test_no_count_is_compiled_for_a_finished_table(exams, extractor, tmp_path, monkeypatch):
    path = tmp_path / "table.parquet"
    before = extract_features(exams, path, extractor=extractor)

    def refuse(_):
        raise AssertionError("counts give the names of the columns")

    monkeypatch.setattr(Recipe, "columns", refuse)
    pd.testing.assert_frame_equal(extract_features(exams, path, extractor=extractor), before)
    os.utime(exams[0].paths["axial"])
    after = extract_features(exams, path, extractor=extractor)
    pd.testing.assert_frame_equal(after, before)
    states = [table.attrs["provenance"]["file_states"] for table in (before, after)]
    assert states[0] != states[1]


def test_verify_finds_what_times_can_not_show(exams, extractor, tmp_path, monkeypatch):
    path = tmp_path / "table.parquet"
    monkeypatch.setattr(resume, "hash_file_state", lambda *_: "same")
    extract_features(exams, path, extractor=extractor)
    change_pixel(exams[0])
    described = watch(monkeypatch)
    extract_features(exams, path, extractor=extractor)
    assert described == []
    extract_features(exams, path, extractor=extractor, verify=True)
    assert described == ["0000"]


@pytest.mark.parametrize(
    "damage", [lambda _: b"", lambda b: b[: len(b) * 2 // 3], lambda b: bytes(len(b))]
)
def test_damaged_rows_of_a_stopped_run_are_extracted_again(
    exams, extractor, tmp_path, monkeypatch, damage
):
    path, whole = tmp_path / "table.parquet", tmp_path / "whole.parquet"
    extract_features(exams, whole, extractor=extractor)
    watch(monkeypatch, "0004")
    with pytest.raises(KeyboardInterrupt):
        extract_features(exams, path, extractor=extractor)
    journal = tmp_path / "table.parquet.unfinished"
    damaged = damage(journal.read_bytes())
    journal.write_bytes(damaged)
    described = watch(monkeypatch)
    with pytest.warns(UserWarning, match="is damaged in") if damaged else contextlib.nullcontext():
        extract_features(exams, path, extractor=extractor)
    assert described[-1] == "0004"
    assert len(described) >= 3
    assert path.read_bytes() == whole.read_bytes()
    assert not journal.exists()


def test_leftovers_of_killed_runs_are_removed(exams, extractor, tmp_path):
    folder = tmp_path / "out"
    path = folder / "table.parquet"
    names = [".table.parquet.1.partial", ".table.parquet.lock", "table.parquet.unfinished"]
    for _ in ("no table yet", "a finished table"):
        folder.mkdir(exist_ok=True)
        for name in names:
            (folder / name).write_bytes(b"")
        (folder / ".other.parquet.1.partial").write_bytes(b"")
        extract_features(exams, path, extractor=extractor)
        assert sorted(f.name for f in folder.iterdir()) == [
            ".other.parquet.1.partial",
            "table.parquet",
        ]


def test_a_second_run_on_the_same_output_is_refused_and_the_first_goes_on(
    exams, extractor, tmp_path, monkeypatch
):
    path = tmp_path / "out" / "table.parquet"
    errors = []

    def extract_twice(exam, *args):
        with pytest.raises(RuntimeError, match="Another process is writing") as caught:
            extract_features(exams, path, extractor=extractor)
        errors.append(caught.value)
        return describe_exam(exam, *args)

    monkeypatch.setattr(rows_module, "describe_exam", extract_twice)
    table = extract_features(exams, path, extractor=extractor)
    monkeypatch.undo()
    assert len(errors) == len(exams)
    pd.testing.assert_frame_equal(table, extractor.fit_transform(exams))
    assert [file.name for file in path.parent.iterdir()] == ["table.parquet"]


@pytest.mark.parametrize("full", ["journal", "table"])
def test_a_full_disk_is_one_sentence_and_the_next_run_completes(
    exams, extractor, tmp_path, monkeypatch, full
):
    path, whole = tmp_path / "table.parquet", tmp_path / "whole.parquet"
    extract_features(exams, whole, extractor=extractor)
    write_all = journal_module._write_all

    def write(file, text):
        if file.tell() > 1000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_all(file, text)

    def write_parquet(file, *_, **__):
        file.write(b"PAR1")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        if full == "journal":
            patch.setattr(journal_module, "_write_all", write)
        else:
            patch.setattr(
                "mrnet_features.extraction.table_files.writer.pq.ParquetWriter", write_parquet
            )
        with pytest.raises(
            OSError, match=r"table.parquet' can't be written \(No space left"
        ) as caught:
            extract_features(exams, path, extractor=extractor)
    assert str(caught.value).endswith("Free some space and run it again; finished exams are kept.")
    assert sorted(file.name for file in tmp_path.glob("table*")) == ["table.parquet.unfinished"]
    assert not list(tmp_path.glob(".*"))
    described = watch(monkeypatch)
    extract_features(exams, path, extractor=extractor)
    assert len(described) < len(exams)
    assert path.read_bytes() == whole.read_bytes()


def test_a_folder_that_is_removed_meanwhile_is_one_sentence(
    exams, extractor, tmp_path, monkeypatch
):
    path = tmp_path / "out" / "table.parquet"

    def remove_folder(exam, *args):
        if exam.id == "0002":
            shutil.rmtree(path.parent)
        return describe_exam(exam, *args)

    monkeypatch.setattr(rows_module, "describe_exam", remove_folder)
    with pytest.raises(
        FileNotFoundError, match=r"table.parquet' can't be written .* in place"
    ) as e:
        extract_features(exams, path, extractor=extractor)
    assert "kept" not in str(e.value)  # what was finished is gone
    monkeypatch.undo()
    table = extract_features(exams, path, extractor=extractor)
    pd.testing.assert_frame_equal(table, extractor.fit_transform(exams))


def test_how_many_exams_were_extracted_before_is_logged(exams, extractor, tmp_path, caplog):
    caplog.set_level("INFO", "mrnet_features")
    path = tmp_path / "table.parquet"
    extract_features(exams, path, extractor=extractor)
    assert caplog.messages == []
    extract_features(exams, path, extractor=extractor)
    stack = exams[0].paths["axial"]
    np.save(stack, np.load(stack)[::-1])
    extract_features(exams, path, extractor=extractor)
    first, second = caplog.messages
    n_exams = len(exams)
    assert first == f"All {n_exams} exams of '{path}' are already extracted."
    assert second.startswith(f"{n_exams - 1} of {n_exams} exams of '{path}' are already extracted;")


def test_a_finished_table_in_a_read_only_folder_is_read(exams, extractor, tmp_path, monkeypatch):
    path = tmp_path / "table.parquet"
    made = extract_features(exams, path, extractor=extractor)
    monkeypatch.setattr(resume.os, "access", lambda *_: False)
    for module in (resume, table_run):
        monkeypatch.setattr(module, "hold_lock", lambda _: pytest.fail("the folder was written to"))
    for exam in exams:
        exam.paths["axial"].touch()
    pd.testing.assert_frame_equal(extract_features(exams, path, extractor=extractor), made)
    change_pixel(exams[0])
    with pytest.raises(PermissionError, match="must be extracted again.* is read-only"):
        extract_features(exams, path, extractor=extractor)


def test_skipped_exams_are_listed_tried_again_and_then_in_the_table(exams, extractor, tmp_path):
    path, listed = tmp_path / "table.parquet", tmp_path / "table.errors.csv"
    sound = exams[1].paths["axial"].read_bytes()
    exams[1].paths["axial"].write_bytes(b"no stack")
    for _ in ("first run", "second run"):
        with pytest.warns(UserWarning, match=r"1 of 5 exams was skipped \('0001'\); .*errors.csv"):
            table = extract_features(exams, path, extractor=extractor, on_error="skip")
        assert list(table.index) == ["0000", "0002", "0003", "0004"]
        rows = read_table(listed)
        assert rows[["exam", "plane", "family"]].to_numpy().tolist() == [["0001", "axial", ""]]
        assert "can't be read as a .npy file" in rows["error"].iloc[0]
    with pytest.raises(ValueError, match="can't be read as a .npy file"):
        extract_features(exams, path, extractor=extractor)
    pd.testing.assert_frame_equal(read_features(path), table)
    exams[1].paths["axial"].write_bytes(sound)
    table = extract_features(exams, path, extractor=extractor, on_error="skip")
    pd.testing.assert_frame_equal(table, extractor.fit_transform(exams))
    assert not listed.exists()


def test_another_file_with_the_name_of_the_list_is_kept(exams, extractor, tmp_path):
    path, other = tmp_path / "table.parquet", tmp_path / "table.errors.csv"
    other.write_text("my notes\n")
    with pytest.raises(FileExistsError, match="errors.csv' must be a list of skipped exams"):
        extract_features(exams, path, extractor=extractor, on_error="skip")
    extract_features(exams, path, extractor=extractor)
    assert other.read_text() == "my notes\n"


def test_a_table_without_any_exam_is_not_written(exams, extractor, tmp_path):
    for exam in exams:
        exam.paths["axial"].unlink()
    with pytest.raises(ValueError, match=r"No exam could be described.* exam '0000': "):
        extract_features(exams, tmp_path / "t.parquet", extractor=extractor, on_error="skip")
    assert not list(tmp_path.iterdir())


def test_a_missing_file_stops_the_run_before_any_exam_is_described(
    exams, extractor, tmp_path, monkeypatch
):
    exams[4].paths["axial"].unlink()
    described = watch(monkeypatch)
    with pytest.raises(ValueError, match=r"0004.npy"):
        extract_features(exams, tmp_path / "t.parquet", extractor=extractor)
    assert not described


@pytest.mark.parametrize("options", [{"on_error": "ignore"}, {"on_error": None}])
def test_another_way_to_handle_errors_is_refused(exams, tmp_path, options):
    with pytest.raises(ValueError, match="`on_error` must be 'stop' or 'skip'"):
        extract_features(exams, tmp_path / "t.parquet", **options)


def test_an_id_that_a_file_can_not_hold_is_refused(exams, tmp_path):
    odd = Exam("7.0", exams[0].paths)
    with pytest.raises(ValueError, match="'7.0' is a decimal number"):
        extract_features([odd], tmp_path / "t.parquet")


def test_more_exams_than_a_table_can_hold_are_refused(exams, tmp_path, monkeypatch):
    monkeypatch.setattr(resume, "MOST_EXAMS", 4)
    with pytest.raises(ValueError, match=r"at most 4 exams, .* got 5\. Extract parts of them"):
        extract_features(exams, tmp_path / "t.parquet")


KILLED = """
import os, random, signal, sys, time
from pathlib import Path
from mrnet_features import FeatureExtractor, extract_features
from mrnet_features.data.exam import Exam

exams = [Exam(path.stem, {"axial": path}) for path in sorted(Path(sys.argv[1]).glob("*.npy"))]
extractor = FeatureExtractor("minimal", planes=("axial",), pools=("mean",), progress=False)


def start(path):
    child = os.fork()
    if child == 0:
        extract_features(exams, path, extractor=extractor)
        os._exit(0)
    return child


began = time.perf_counter()
assert os.waitpid(start("whole.parquet"), 0)[1] == 0
duration = time.perf_counter() - began
for _ in range(3):
    child = start("out/table.parquet")
    time.sleep(random.uniform(0, duration))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
assert os.waitpid(start("out/table.parquet"), 0)[1] == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes can't be forked")
def test_runs_killed_at_random_moments_end_in_the_same_bytes(tmp_path):
    for k in range(40):
        stack = np.random.default_rng(k).integers(0, 256, (4, 64, 64), np.uint8)
        np.save(tmp_path / f"{k:04d}.npy", stack)
    command = [sys.executable, "-c", KILLED, tmp_path]
    subprocess.run(command, cwd=tmp_path, env=ENVIRONMENT, check=True)
    table = tmp_path / "out" / "table.parquet"
    assert table.read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    assert [file.name for file in table.parent.iterdir()] == ["table.parquet"]


@pytest.fixture
def gaps(exams):
    """Exams of which the second and the fourth lack a series."""
    return [
        Exam(exam.id, dict.fromkeys(("axial", "coronal_fluid")[: 2 - k % 2], exam.paths["axial"]))
        for k, exam in enumerate(exams)
    ]


def make_gap_extractor(missing="nan"):
    planes = ("axial", "coronal_fluid")
    return FeatureExtractor("minimal", planes=planes, pools=("mean",), missing=missing)


def test_the_provenance_lists_the_exams_that_lack_a_series(gaps, tmp_path, monkeypatch):
    path = tmp_path / "table.parquet"
    table = extract_features(gaps, path, extractor=make_gap_extractor())
    assert read_features(path).attrs["provenance"]["missing"] == {"coronal_fluid": ["0001", "0003"]}
    pd.testing.assert_frame_equal(table, make_gap_extractor().fit_transform(gaps))
    described = watch(monkeypatch)
    again = extract_features(gaps, path, extractor=make_gap_extractor())
    pd.testing.assert_frame_equal(again, table)
    assert described == []


def test_a_series_that_appears_later_changes_one_row(exams, gaps, tmp_path, monkeypatch):
    path = tmp_path / "table.parquet"
    before = extract_features(gaps, path, extractor=make_gap_extractor())
    gaps[1] = Exam("0001", {**gaps[1].paths, "coronal_fluid": exams[2].paths["axial"]})
    described = watch(monkeypatch)
    after = extract_features(gaps, path, extractor=make_gap_extractor())
    assert described == ["0001"]
    assert after.loc["0001"].notna().all()
    assert after.drop("0001").equals(before.drop("0001"))
    assert after.attrs["provenance"]["missing"] == {"coronal_fluid": ["0003"]}
    gaps[0] = Exam("0000", {"axial": gaps[0].paths["axial"]})
    lost = extract_features(gaps, path, extractor=make_gap_extractor())
    assert described == ["0001", "0000"]
    assert lost.loc["0000"].filter(like="coronal_fluid").isna().all()


def test_a_run_that_stopped_at_a_missing_series_goes_on_with_nan(gaps, tmp_path):
    path = tmp_path / "table.parquet"
    with pytest.raises(KeyError, match="no file for series 'coronal_fluid'"):
        extract_features(gaps, path, extractor=make_gap_extractor("error"))
    complete = extract_features(gaps[::2], path, extractor=make_gap_extractor("error"))
    assert "missing" not in complete.attrs["provenance"]
    again = extract_features(gaps[::2], path, extractor=make_gap_extractor())
    pd.testing.assert_frame_equal(again, complete)


def test_exams_without_a_series_are_skipped_on_request(gaps, tmp_path):
    path = tmp_path / "table.parquet"
    with pytest.warns(UserWarning, match="2 of 5 exams were skipped"):
        table = extract_features(gaps, path, extractor=make_gap_extractor("error"), on_error="skip")
    assert list(table.index) == ["0000", "0002", "0004"]
    assert read_table(path.with_suffix(".errors.csv"))["plane"].tolist() == ["coronal_fluid"] * 2


@pytest.fixture
def small_groups(monkeypatch):
    """Tables in row groups of two exams."""
    monkeypatch.setattr(table_writer, "count_rows", lambda _: 2)
    monkeypatch.setattr(table_file, "count_rows", lambda _: 2)


def test_a_table_that_is_not_loaded_is_the_same_file(exams, extractor, tmp_path, small_groups):
    path, whole = tmp_path / "table.parquet", tmp_path / "whole.parquet"
    table = extract_features(exams, whole, extractor=extractor)
    assert extract_features(exams, path, extractor=extractor, load=False) is None
    assert path.read_bytes() == whole.read_bytes()
    assert extract_features(exams, path, extractor=extractor, load=False) is None
    pd.testing.assert_frame_equal(read_features(path), table)
    pd.testing.assert_frame_equal(table, extractor.fit_transform(exams))
    assert pq.ParquetFile(path).num_row_groups == 3


def test_no_value_of_a_finished_table_is_read(exams, extractor, tmp_path, monkeypatch):
    path = tmp_path / "table.parquet"
    extract_features(exams, path, extractor=extractor)
    monkeypatch.setattr(ParquetSource, "iterate", lambda *_: pytest.fail("values were read"))
    monkeypatch.setattr(changes, "find_fingerprint", lambda *_: pytest.fail("pixels were read"))
    extract_features(exams, path, extractor=extractor, load=False)


@pytest.mark.parametrize("changed", [[0], [1, 2], [4], [0, 2, 4]])
def test_rows_of_a_table_and_of_a_stopped_run_are_joined(
    exams, extractor, tmp_path, monkeypatch, small_groups, changed
):
    path, whole = tmp_path / "table.parquet", tmp_path / "whole.parquet"
    extract_features(exams, path, extractor=extractor)
    for k in changed:
        change_pixel(exams[k])
    watch(monkeypatch, exams[changed[-1]].id)
    with pytest.raises(KeyboardInterrupt):
        extract_features(exams, path, extractor=extractor, load=False)
    described = watch(monkeypatch)
    extract_features(exams, path, extractor=extractor, load=False)
    assert described == [exams[changed[-1]].id]
    extract_features(exams, whole, extractor=extractor)
    assert path.read_bytes() == whole.read_bytes()
    pd.testing.assert_frame_equal(read_features(path), extractor.fit_transform(exams))


def write_old_table(path):
    """Write a table again as version 0.1.0 wrote it."""
    table = pq.read_table(path)
    metadata = dict(table.schema.metadata)
    provenance = json.loads(metadata[b"mrnet_features"])
    provenance["fingerprints"] = provenance["fingerprints"].split()
    metadata[b"mrnet_features"] = json.dumps(provenance).encode()
    del metadata[b"mrnet_features_seal"]
    pq.write_table(table.replace_schema_metadata(metadata), path)


def test_a_table_of_an_older_version_is_resumed(exams, extractor, tmp_path, monkeypatch):
    path, whole = tmp_path / "table.parquet", tmp_path / "whole.parquet"
    made = extract_features(exams, path, extractor=extractor)
    write_old_table(path)
    old = path.read_bytes()
    described = watch(monkeypatch)
    pd.testing.assert_frame_equal(extract_features(exams, path, extractor=extractor), made)
    extract_features(exams, path, extractor=extractor, load=False)
    assert path.read_bytes() == old
    change_pixel(exams[3])
    extract_features(exams, path, extractor=extractor, load=False)
    assert described == ["0003"]
    extract_features(exams, whole, extractor=extractor)
    assert path.read_bytes() == whole.read_bytes()


def test_a_row_that_is_damaged_in_a_table_is_not_taken_over(
    exams, extractor, tmp_path, small_groups
):
    path = tmp_path / "table.parquet"
    table = extract_features(exams, path, extractor=extractor)
    whole = bytearray(path.read_bytes())
    place = whole.index(np.float32(table.iloc[2, 0]).tobytes())
    whole[place] ^= 1
    path.write_bytes(whole)
    change_pixel(exams[0])
    for load in (True, False):
        with pytest.raises(FileExistsError, match="Choose another file, or delete this one"):
            extract_features(exams, path, extractor=extractor, load=load)
    assert path.read_bytes() == whole
