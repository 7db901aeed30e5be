"""DICOM and NIfTI files in a store are read as local ones, and leave no copy behind."""

import tempfile

import numpy as np
import pytest

from mrnet_features.data.exam import Exam
from mrnet_features.files.paths import to_path
from mrnet_features.series import fetching
from mrnet_features.series.fetching import fetch
from mrnet_features.series.load import load_series
from tests.support.dicom_files import draw_stack, write_nifti, write_series
from tests.support.stores import CountedFileSystem, pack, upload

pytest.importorskip("pydicom", reason="the extra `dicom` is not installed")
pytest.importorskip("nibabel", reason="the extra `nifti` is not installed")


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """Folder of temporary files, which must be empty at the end."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    CountedFileSystem.clear()
    yield tmp_path / "temporary"
    CountedFileSystem.clear()
    assert not list((tmp_path / "temporary").iterdir())


@pytest.fixture
def folder(tmp_path):
    """Two DICOM series and a NIfTI file; the tags of all say left."""
    folder = tmp_path / "set"
    write_series(folder / "1.1", "sagittal", draw_stack(7), Laterality="L")
    write_series(folder / "1.2" / "below", "coronal", draw_stack(6), Laterality="L")
    write_nifti(folder / "c.nii.gz", "axial", draw_stack(5), fields={"Laterality": "L"})
    return folder


@pytest.fixture(params=["counted", "zip"])
def stored(request, folder):
    if request.param == "zip":
        return to_path(pack(folder, folder.parent / "a.zip")) / "MRNet-v1.0"
    return to_path(upload(folder, "counted://place/set"))


PLACES = {"sagittal_fluid": "1.1", "coronal": "1.2", "axial": "c.nii.gz"}


def test_series_are_read_as_local_ones(folder, stored):
    here = Exam("a", {series: folder / place for series, place in PLACES.items()})
    there = Exam("a", {series: stored / place for series, place in PLACES.items()})
    for series in PLACES:
        assert np.array_equal(there.load(series), here.load(series))
        assert there.find_shape(series) == here.find_shape(series)
        assert there.is_scanned(series)
        assert len(there.list_files(series)) == len(here.list_files(series))
    assert there.find_side() == here.find_side()
    assert there.find_side().name == "left"
    for place in PLACES.values():
        one, other = load_series(stored / place), load_series(folder / place)
        assert np.array_equal(one.stack, other.stack)
        assert one.side == other.side == "left"


def test_one_file_tells_the_side_and_one_listing_the_state(folder):
    exam = Exam("a", {"sagittal": to_path(upload(folder, "counted://place/set")) / "1.1"})
    assert exam.find_side().name == "left"
    assert [kind for kind, _ in CountedFileSystem.calls].count("read") == 1
    CountedFileSystem.calls.clear()
    state = exam.describe_files("sagittal")
    assert exam.describe_files("sagittal") == state
    assert not CountedFileSystem.calls  # the listing is known


@pytest.mark.parametrize("changed", ["1.1/IM0003", "c.json", "c.nii.gz"])
def test_a_changed_file_changes_the_state(folder, changed):
    url = upload(folder, "counted://place/set")
    states = []
    for _ in range(2):
        exam = Exam("a", {"sagittal": to_path(url) / "1.1", "axial": to_path(url) / "c.nii.gz"})
        states.append([exam.describe_files("sagittal"), exam.describe_files("axial")])
        CountedFileSystem().pipe_file(f"/place/set/{changed}", (folder / changed).read_bytes())
    assert (states[0][0] != states[1][0]) == changed.startswith("1.1")
    assert (states[0][1] != states[1][1]) == changed.startswith("c")


@pytest.mark.parametrize("damaged", ["1.1/IM0003", "c.nii.gz"])
def test_errors_name_the_path_in_the_store(folder, temporary, damaged):
    data = (folder / damaged).read_bytes()
    (folder / damaged).write_bytes(data[: len(data) // 2])
    root = to_path(upload(folder, "counted://place/set"))
    exam = Exam("a", {"sagittal": root / "1.1", "axial": root / "c.nii.gz"})
    series = "sagittal" if damaged.startswith("1") else "axial"
    with pytest.raises(ValueError, match=f"'counted://place/set/{damaged}' ") as caught:
        exam.load(series)
    assert str(temporary) not in str(caught.value)
    CountedFileSystem().pipe_file("/place/set/text/a.txt", b"no picture")
    with pytest.raises(ValueError, match="'counted://place/set/text' holds no DICOM file with"):
        load_series("counted://place/set/text/")
    with pytest.raises(FileNotFoundError, match="no file or folder 'counted://place/nowhere'"):
        load_series("counted://place/nowhere")


def test_notes_name_the_path_in_the_store(folder, temporary):
    (folder / "1.1" / "notes.txt").write_text("no picture")
    series = load_series(upload(folder, "counted://place/set") + "/1.1")
    assert "1 of 8 files in 'counted://place/set/1.1' are no DICOM pictures." in series.warnings
    assert str(temporary) not in repr(series.warnings)


def test_no_copy_stays_behind_whatever_happens(stored, temporary):
    def stop(local, error):
        assert len(list(local.iterdir())) == 7
        raise error

    for error in (KeyboardInterrupt, RuntimeError, ValueError):
        with pytest.raises(error), fetch(stored / "1.1") as local:
            stop(local, error)
        assert not list(temporary.iterdir())
    CountedFileSystem.faults[:] = [FileNotFoundError()] * 20
    if stored.is_remote:
        with pytest.raises(FileNotFoundError), fetch(stored / "1.1"):
            pass
    CountedFileSystem.faults.clear()


def test_a_series_that_is_too_large_is_not_fetched(stored, monkeypatch):
    monkeypatch.setattr(fetching, "MOST_BYTES", 20_000)
    with pytest.raises(ValueError, match="1.1' must hold at most .* of files of one series"):
        Exam("a", {"sagittal": stored / "1.1"}).load("sagittal")


@pytest.mark.parametrize("name", ["a\\b", "c:", "d\\..", "e:f"])
def test_a_name_that_may_lead_elsewhere_is_refused(name):
    CountedFileSystem().pipe_file(f"/place/set/{name}", b"")
    with (
        pytest.raises(ValueError, match="must have a name that a local file can have"),
        fetch(to_path("counted://place/set")),
    ):
        pass


def test_a_local_series_is_not_copied(folder):
    with fetch(folder / "1.1") as local:
        assert local == folder / "1.1"
