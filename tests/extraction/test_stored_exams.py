"""Exams in a store give the table of the local ones, and a store that fails loses none of them."""

from pathlib import Path

import numpy as np
import pytest

import mrnet_features as mf
from mrnet_features.data.exam import Exam
from mrnet_features.data.mrnet.load import load_mrnet
from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.files import url_store
from mrnet_features.files.paths import to_path
from mrnet_features.names import PLANES
from tests.support.mrnet_folder import write_labels
from tests.support.stores import CountedFileSystem, pack, upload


@pytest.fixture
def root(tmp_path):
    CountedFileSystem.clear()
    rng = np.random.default_rng(0)
    for plane in PLANES:
        (tmp_path / "set" / "train" / plane).mkdir(parents=True)
        for k in range(4):
            stack = rng.integers(0, 256, (2, 40, 40), np.uint8)
            np.save(tmp_path / "set" / "train" / plane / f"{k:04d}.npy", stack)
    write_labels(tmp_path / "set", abnormal="0111", acl="0101", meniscus="0011")
    yield tmp_path / "set"
    CountedFileSystem.clear()


def make(n_jobs=1):
    return FeatureExtractor("minimal", pools=("mean",), n_jobs=n_jobs)


def again(exams):
    """The exams by paths that have not been listed yet."""
    return [
        Exam(exam.id, {plane: to_path(str(path)) for plane, path in exam.paths.items()})
        for exam in exams
    ]


def assert_equal(one, other):
    assert list(one.index) == list(other.index)
    assert list(one.columns) == list(other.columns)
    assert one.to_numpy().tobytes() == other.to_numpy().tobytes()


@pytest.mark.parametrize("place", ["counted", "zip", "zip behind a URL"])
def test_the_table_is_that_of_the_local_folder(root, tmp_path, place):
    here = mf.extract_features(load_mrnet(root).exams, tmp_path / "a.parquet", extractor=make())
    if place == "counted":
        there = upload(root, "counted://place/set")
    else:
        there = pack(root, tmp_path / "MRNet-v1.0.zip")
    if "URL" in place:
        CountedFileSystem().pipe_file("/place/a.zip", there.read_bytes())
        there = "counted://place/a.zip"
    extractor = make(n_jobs=2 if place == "zip" else 1)
    found = mf.extract_features(
        load_mrnet(there).exams, tmp_path / "b.parquet", extractor=extractor
    )
    assert_equal(found, here)
    CountedFileSystem.calls.clear()
    again = load_mrnet(there).exams
    assert_equal(mf.extract_features(again, tmp_path / "b.parquet", extractor=extractor), here)
    read = [path for kind, path in CountedFileSystem.calls if kind == "read"]
    assert not [path for path in read if path.endswith(".npy")]


def test_a_changed_object_is_read_again_and_no_other(root, tmp_path):
    url = upload(root, "counted://place/set")
    mf.extract_features(load_mrnet(url).exams, tmp_path / "a.parquet", extractor=make())
    path = root / "train" / "axial" / "0002.npy"
    np.save(path, 255 - np.load(path))
    CountedFileSystem().pipe_file("/place/set/train/axial/0002.npy", path.read_bytes())
    CountedFileSystem.calls.clear()
    found = mf.extract_features(load_mrnet(url).exams, tmp_path / "a.parquet", extractor=make())
    read = {path for kind, path in CountedFileSystem.calls if kind == "read" and ".npy" in path}
    assert read == {f"/place/set/train/{plane}/0002.npy" for plane in PLANES}
    assert_equal(found, make().fit_transform(load_mrnet(root).exams))


@pytest.mark.parametrize("on_error", ["stop", "skip"])
def test_a_store_that_stays_away_stops_the_run_and_finished_exams_are_kept(
    root, tmp_path, monkeypatch, on_error
):
    monkeypatch.setattr(url_store, "MOST_SECONDS", 0.0)
    monkeypatch.setattr(url_store, "FIRST_WAIT", 0.0)
    exams = load_mrnet(upload(root, "counted://place/set")).exams
    path = tmp_path / "a.parquet"
    CountedFileSystem.faults[:] = [None] * 6 + [OSError("no route to host")] * 100
    with pytest.raises(ConnectionError, match="counted://place/set/train/.*0002.npy' can't be rea"):
        mf.extract_features(exams, path, extractor=make(), on_error=on_error)
    assert not path.exists()
    CountedFileSystem.faults.clear()
    CountedFileSystem.calls.clear()
    found = mf.extract_features(exams, path, extractor=make(), on_error=on_error)
    assert_equal(found, make().fit_transform(load_mrnet(root).exams))
    read = {path[-8:-4] for kind, path in CountedFileSystem.calls if kind == "read"}
    assert read == {"0002", "0003"}


def test_a_store_that_is_away_at_the_start_is_one_error(root, tmp_path, monkeypatch):
    """Also where an earlier run has left a table, whose exams would be compared one by one."""
    monkeypatch.setattr(url_store, "FIRST_WAIT", 0.0)
    url = upload(root, "counted://place/set")
    mf.extract_features(load_mrnet(url).exams, tmp_path / "a.parquet", extractor=make())
    upload(root, url)  # at another time
    exams = load_mrnet(url).exams
    monkeypatch.setattr(url_store, "MOST_SECONDS", 0.0)
    CountedFileSystem.calls.clear()
    CountedFileSystem.faults[:] = [OSError("no route to host")] * 100
    with pytest.raises(ConnectionError, match="can't be reached"):
        mf.extract_features(exams, tmp_path / "a.parquet", extractor=make(), on_error="skip")
    assert len(CountedFileSystem.calls) == 2


def test_exams_of_a_store_that_tells_no_state_are_read_once(root, tmp_path, monkeypatch):
    monkeypatch.setattr(url_store, "MARKS", ())
    exams = load_mrnet(upload(root, "counted://place/set"), planes="axial").exams
    extractor = FeatureExtractor("minimal", planes=["axial"], pools=("mean",), n_jobs=1)
    loaded, load = [], Exam.load
    monkeypatch.setattr(
        Exam, "load", lambda exam, *_, **__: loaded.append(exam.id) or load(exam, *_, **__)
    )
    mf.extract_features(exams, tmp_path / "a.parquet", extractor=extractor)
    assert loaded == [exam.id for exam in exams]
    CountedFileSystem().rm_file("/place/set/train/axial/0003.npy")
    loaded.clear()
    with pytest.raises(ValueError, match="0003.npy"):
        mf.extract_features(again(exams), tmp_path / "b.parquet", extractor=extractor)
    assert loaded == ["0003"]


def test_tables_are_written_on_this_computer(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exams = load_mrnet(root, planes="axial").exams
    extractor = FeatureExtractor("acquisition", planes=["axial"], n_jobs=1)
    for place in ("s3://bucket/a.parquet", Path("s3://bucket/a.parquet")):
        with pytest.raises(ValueError, match="'s3://bucket/a.parquet' must be a path on this com"):
            mf.extract_features(exams, place, extractor=extractor)
        with pytest.raises(ValueError, match="'s3://bucket/a.parquet' must be a path on this com"):
            mf.write_features(extractor.fit_transform(exams), place)
    assert not list(tmp_path.glob("s3*"))
