"""The folder of synthetic knees: layout, determinism, resuming, damage, settings."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from joblib import Parallel, delayed

from mrnet_features.files.locks import hold_lock
from mrnet_features.names import PLANES, TASKS
from mrnet_features.synthetic import Style, draw_knee, find_lesions, write, write_knees
from mrnet_features.synthetic.lesion_positions import describe_lesions


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_knees(tmp_path_factory.mktemp("knees") / "set", n_train=3, n_valid=1, seed=3)


@pytest.fixture(scope="module")
def two_exams(tmp_path_factory):
    return write_knees(tmp_path_factory.mktemp("knees") / "two", n_train=1, n_valid=1, seed=3)


@pytest.fixture
def small(two_exams, tmp_path):
    """A copy of a folder of two exams."""
    return Path(shutil.copytree(two_exams, tmp_path / "two"))


def read_labels(folder, split, task):
    table = pd.read_csv(folder / f"{split}-{task}.csv", header=None, dtype={0: str})
    return dict(zip(table[0], table[1], strict=True))


def test_the_layout_is_that_of_the_release(folder):
    for split, ids in {"train": ["0000", "0001", "0002"], "valid": ["0003"]}.items():
        for plane in PLANES:
            assert sorted(p.name for p in (folder / split / plane).iterdir()) == [
                f"{exam}.npy" for exam in ids
            ]
        for task in TASKS:
            labels = read_labels(folder, split, task)
            assert list(labels) == ids
            assert set(labels.values()) <= {0, 1}
    first = (folder / "train-acl.csv").read_text().splitlines()[0]
    assert first in {"0000,0", "0000,1"}


def test_arrays_load_without_pickle_and_are_uint8(folder):
    for path in folder.rglob("*.npy"):
        with path.open("rb") as file:
            assert np.lib.format.read_magic(file) == (1, 0)
        stack = np.load(path, allow_pickle=False)
        assert stack.dtype == np.uint8
        assert stack.shape[1:] == (256, 256)
        assert stack.shape[0] >= 17


def test_no_partial_file_is_left(folder):
    assert not list(folder.rglob("*.part*"))


def test_truth_agrees_with_labels_up_to_recorded_flips(folder):
    for split in ("train", "valid"):
        truth = pd.read_csv(folder / f"{split}-truth.csv", dtype={"id": str}).set_index("id")
        for task in TASKS:
            labels = read_labels(folder, split, task)
            for exam, seen in labels.items():
                assert truth.loc[exam, task] ^ truth.loc[exam, f"{task}_flipped"] == seen


def test_another_process_with_other_counts_and_two_jobs_writes_the_same_bytes(folder, tmp_path):
    other = tmp_path / "other"
    code = (
        "from mrnet_features.synthetic import write_knees; import sys;"
        "write_knees(sys.argv[1], n_train=2, n_valid=1, seed=3, n_jobs=2)"
    )
    subprocess.run([sys.executable, "-c", code, str(other)], check=True, timeout=300)
    for plane in PLANES:
        for name in ("0000.npy", "0001.npy"):
            ours = (folder / "train" / plane / name).read_bytes()
            assert ours == (other / "train" / plane / name).read_bytes()
        # The first exam of valid has another id there, but is the same exam.
        ours = (folder / "valid" / plane / "0003.npy").read_bytes()
        assert ours == (other / "valid" / plane / "0002.npy").read_bytes()


def test_an_interrupted_run_is_resumed(folder, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    lost = copy / "train" / "coronal" / "0001.npy"
    kept = copy / "train" / "coronal" / "0000.npy"
    lost.unlink()
    (copy / "train-acl.csv").unlink()
    before = kept.stat().st_mtime_ns
    write_knees(copy, n_train=3, n_valid=1, seed=3)
    assert lost.read_bytes() == (folder / "train" / "coronal" / "0001.npy").read_bytes()
    assert kept.stat().st_mtime_ns == before
    assert (copy / "train-acl.csv").read_bytes() == (folder / "train-acl.csv").read_bytes()


def read_all(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


DAMAGES = {
    "empty": lambda data: b"",
    "half": lambda data: data[: len(data) // 2],
    "zeros": lambda data: bytes(len(data)),
    "a block of zeros": lambda data: data[:150] + bytes(50) + data[200:],
    "a bit": lambda data: data[:-20] + bytes([data[-20] ^ 1]) + data[-19:],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_stack_is_made_again(small, damage):
    before = read_all(small)
    stack = small / "train" / "coronal" / "0000.npy"
    stack.write_bytes(DAMAGES[damage](stack.read_bytes()))
    write_knees(small, n_train=1, n_valid=1, seed=3)
    assert read_all(small) == before


@pytest.mark.parametrize("damage", list(DAMAGES)[:4])
@pytest.mark.parametrize("name", [".records/valid/0001.json", "knees.json"])
def test_a_damaged_record_is_made_again(small, name, damage):
    before = read_all(small)
    (small / name).write_bytes(DAMAGES[damage]((small / name).read_bytes()))
    write_knees(small, n_train=1, n_valid=1, seed=3)
    assert read_all(small) == before


def test_a_damaged_knees_json_does_not_mix_settings(small):
    (small / "knees.json").write_bytes(b"")
    with pytest.raises(ValueError, match="got seed=3, n_train=1"):
        write_knees(small, n_train=1, n_valid=1, seed=4)


def test_what_a_killed_run_had_begun_to_write_is_removed(small):
    before = read_all(small)
    for name in (
        ".knees.json",
        ".train-acl.csv",
        "train/axial/.0000.npy",
        ".records/train/.0.json",
    ):
        (small / f"{name}.4711.partial").write_bytes(b"half")
    write_knees(small, n_train=1, n_valid=1, seed=3)
    assert read_all(small) == before


def test_a_run_that_was_killed_before_its_first_file_is_resumed(tmp_path, monkeypatch):
    monkeypatch.setattr(write, "write_exam", make_row)
    (tmp_path / ".knees.json.4711.partial").write_bytes(b"half")
    write_knees(tmp_path, n_train=1, n_valid=0)
    assert (tmp_path / "train-acl.csv").read_text() == "0000,1\n"
    assert not list(tmp_path.glob(".*.partial"))


def test_files_of_something_else_are_kept(tmp_path):
    (tmp_path / ".film.mp4.1.partial").write_bytes(b"half")
    with pytest.raises(FileExistsError, match=r"knees\.json"):
        write_knees(tmp_path, n_train=1, n_valid=0)
    assert [path.name for path in tmp_path.iterdir()] == [".film.mp4.1.partial"]


def test_two_processes_do_not_write_one_folder(folder):
    code = (
        "from mrnet_features.files.locks import hold_lock; import sys, time\n"
        "with hold_lock(sys.argv[1]): print(flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(folder / "knees.json")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        with pytest.raises(RuntimeError, match=r"Another process is writing '.*knees\.json'"):
            write_knees(folder, n_train=3, n_valid=1, seed=3)
        holder.kill()
    write_knees(folder, n_train=3, n_valid=1, seed=3)
    with hold_lock(folder / "knees.json"):
        pass  # given back


def make_row(root, settings, split, index, name):
    return {
        "id": name,
        "labels": dict.fromkeys(TASKS, 1),
        "truth": {"index": index},
        "lesions": [],
    }


@pytest.mark.parametrize(
    ("n_train", "n_valid", "first", "last"),
    [(9_000, 1_000, "0000", "9999"), (9_000, 1_001, "00000", "10000"), (1, 0, "0000", "0000")],
)
def test_ids_are_as_long_as_the_set_needs(tmp_path, monkeypatch, n_train, n_valid, first, last):
    monkeypatch.setattr(write, "write_exam", make_row)
    write_knees(tmp_path, n_train=n_train, n_valid=n_valid)
    ids = [*read_labels(tmp_path, "train", "acl")]
    if n_valid:
        ids += read_labels(tmp_path, "valid", "acl")
    assert (ids[0], ids[-1]) == (first, last)
    assert ids == sorted(set(ids))
    assert len(ids) == n_train + n_valid


@pytest.mark.parametrize(
    "change", [{"seed": 4}, {"n_train": 4}, {"n_valid": 0}, {"style": 1}, {"style": Style()}]
)
def test_a_folder_of_other_settings_is_refused(folder, change):
    settings = {"n_train": 3, "n_valid": 1, "seed": 3} | change
    with pytest.raises(ValueError, match=r"got seed=3, n_train=3"):
        write_knees(folder, **settings)


@pytest.mark.parametrize("record", [{"source": 7}, {"version": 1}])
def test_a_folder_of_other_code_is_refused(folder, tmp_path, record):
    settings = {"seed": 3, "n_train": 3, "n_valid": 1}
    (tmp_path / "knees.json").write_text(json.dumps(settings | record))
    with pytest.raises(ValueError, match=r"The code that draws them has changed since\. Choose"):
        write_knees(tmp_path, **settings)
    assert [path.name for path in tmp_path.iterdir()] == ["knees.json"]


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(FileExistsError, match=r"knees\.json"):
        write_knees(tmp_path, n_train=1, n_valid=0)


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"seed": -1}, "seed"),
        ({"n_train": -1}, "n_train"),
        ({"n_train": 0, "n_valid": 0}, "least 1"),
        ({"style": 0}, "style"),
    ],
)
def test_negative_or_no_exams_are_refused(tmp_path, settings, word):
    with pytest.raises(ValueError, match=word):
        write_knees(tmp_path / "new", **settings)
    assert not (tmp_path / "new").exists()


def test_a_full_disk_is_one_sentence_with_advice(tmp_path, monkeypatch):
    def fill(*_):
        raise OSError(28, "No space left on device", "0000.npy")

    monkeypatch.setattr(write, "write_exam", fill)
    # nothing is finished yet, so nothing is said to be kept
    said = r"k' can't be written .No space left.* Free some space and run it again\.$"
    with pytest.raises(OSError, match=said):
        write_knees(tmp_path / "k", n_train=1, n_valid=0, n_jobs=1)


def test_settings_are_recorded(folder):
    record = json.loads((folder / "knees.json").read_text())
    assert record["seed"] == 3
    assert (record["n_train"], record["n_valid"]) == (3, 1)


def test_workers_started_in_another_folder_write_where_they_were_told(tmp_path, monkeypatch):
    start, now = tmp_path / "start", tmp_path / "now"
    start.mkdir()
    now.mkdir()
    monkeypatch.chdir(start)
    Parallel(n_jobs=2)(delayed(os.getcwd)() for _ in range(2))  # joblib keeps these workers
    monkeypatch.chdir(now)
    write_knees("knees", n_train=2, n_valid=0, n_jobs=2)
    assert len(list(now.glob("knees/train/axial/*.npy"))) == 2
    assert not list(start.iterdir())


@pytest.mark.parametrize("style", [2, Style(drawn_pixels=64, slices=(19.0, 17.0, 17.0))])
def test_a_set_of_a_style_holds_its_exams_and_records_it(tmp_path, style):
    write_knees(tmp_path, n_train=1, n_valid=0, seed=3, style=style, n_jobs=1)
    stack = np.load(tmp_path / "train" / "coronal" / "0000.npy")
    assert np.array_equal(stack, draw_knee(3, style=style).stacks["coronal"])
    recorded = json.loads((tmp_path / "knees.json").read_text())["style"]
    assert recorded == 2 or recorded["slices"] == [19.0, 17.0, 17.0]
    write_knees(tmp_path, n_train=1, n_valid=0, seed=3, style=style, n_jobs=1)  # resumed
    with pytest.raises(ValueError, match="style"):
        write_knees(tmp_path, n_train=1, n_valid=0, seed=3, style=5, n_jobs=1)


def test_a_folder_of_a_style_with_unknown_fields_is_refused(tmp_path):
    settings = {"seed": 0, "n_train": 1, "n_valid": 0, "source": 1, "style": {"of_tomorrow": 3}}
    (tmp_path / "knees.json").write_text(json.dumps(settings))
    with pytest.raises(ValueError, match=r"style=Style\(of_tomorrow=3\)"):
        write_knees(tmp_path, n_train=1, n_valid=0)


def test_the_truth_table_holds_the_joint_of_every_plane(folder):
    truth = pd.read_csv(folder / "train-truth.csv")
    for plane in PLANES:
        names = ["row", "column"]
        names += ["slice"] if plane == "axial" else ["tilt", "slice_tilt"]
        joint = truth[[f"{plane}_joint_{name}" for name in names]]
        assert joint.notna().all(axis=None)
        assert joint.iloc[:, :2].ge(-80).all(axis=None)
        assert joint.iloc[:, :2].le(336).all(axis=None)


def test_the_table_of_lesions_holds_those_of_every_exam(folder):
    for split, ids in {"train": ["0000", "0001", "0002"], "valid": ["0003"]}.items():
        table = pd.read_csv(folder / f"{split}-lesions.csv", dtype={"id": str})
        for index, exam in enumerate(ids):
            rows = describe_lesions(find_lesions(3, split, index))
            assert table[table["id"] == exam].drop(columns="id").to_dict("records") == rows
