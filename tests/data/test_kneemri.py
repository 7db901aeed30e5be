"""KneeMRI folders are read, and no code in their pickles is executed."""

import pickle

import numpy as np
import pandas as pd
import pytest

from mrnet_features import FeatureExtractor, make_folds
from mrnet_features.data.kneemri import (
    LEVELS_12_BIT,
    KneeMriDataset,
    load_kneemri,
    read_pickled_array,
)


@pytest.fixture
def folder(tmp_path):
    """Six volumes of five examinations, one with two series, in the folders of two archives."""
    rng = np.random.default_rng(0)
    rows = []
    for k, (exam, series) in enumerate([(101, 3), (101, 5), (102, 3), (103, 3), (9, 3), (104, 2)]):
        volume = rng.integers(0, 4096, size=(4, 32, 32)).astype(np.int16)
        part = tmp_path / f"vol{k % 2}"
        part.mkdir(exist_ok=True)
        with (part / f"{exam}-{series}.pck").open("wb") as file:
            pickle.dump(volume, file, protocol=k)
        rows.append([exam, series, k % 3, 1, 10, 12, 1, 8, 9, 2, f"{exam}-{series}.pck"])
    columns = ["examId", "seriesNo", "aclDiagnosis", "kneeLR", "roiX", "roiY", "roiZ"]
    columns += ["roiHeight", "roiWidth", "roiDepth", "volumeFilename"]
    pd.DataFrame(rows, columns=columns).to_csv(tmp_path / "metadata.csv", index=False)
    return tmp_path


def test_labels_groups_and_regions(folder):
    dataset = load_kneemri(folder)
    assert [exam.id for exam in dataset.exams] == sorted(dataset.labels.index)
    assert dataset.labels.loc["101-3"].tolist() == [0, 0]
    assert dataset.labels.loc["101-5"].tolist() == [1, 0]
    assert dataset.labels.loc["102-3"].tolist() == [1, 1]
    assert dataset.groups["101-3"] == dataset.groups["101-5"] == "101"
    assert dataset.groups.nunique() == 5
    assert dataset.regions.columns.tolist() == [
        "roiX", "roiY", "roiZ", "roiHeight", "roiWidth", "roiDepth"
    ]  # fmt: skip


def test_a_part_keeps_its_groups_and_regions(folder):
    dataset = load_kneemri(folder)
    part = dataset[dataset.labels["rupture"] == 1]
    assert isinstance(part, KneeMriDataset)
    assert part.ids == tuple(part.labels.index) == tuple(part.groups.index)
    assert part.ids == tuple(part.regions.index) == ("102-3", "104-2")


def test_volumes_are_described_by_the_extractor(folder):
    dataset = load_kneemri(folder)
    extractor = FeatureExtractor("minimal", planes=("sagittal",), pools=("mean",))
    table = extractor.fit_transform(dataset.exams)
    assert table.index.tolist() == dataset.labels.index.tolist()
    with pytest.raises(KeyError, match="has no file for plane 'axial'"):
        dataset.exams[0].load("axial")
    with pytest.raises(ValueError, match="can't be mapped"):
        dataset.exams[0].load("sagittal", mmap=True)


def test_groups_keep_an_examination_in_one_fold():
    exams = [f"{k // 2}-{k % 2}" for k in range(40)]
    labels = pd.DataFrame({"injury": [k // 2 % 2 for k in range(40)]}, index=exams)
    groups = pd.Series([exam.split("-")[0] for exam in exams], index=exams)
    folds = make_folds(labels, groups=groups)
    assert (folds.frame["fold"].groupby(folds.frame["exam"].map(groups)).nunique() == 1).all()


def test_twelve_bits_become_eight_by_the_table(folder):
    assert len(LEVELS_12_BIT) == 4096
    assert np.bincount(LEVELS_12_BIT).tolist() == [16] * 256
    exam = load_kneemri(folder).exams[0]
    with exam.paths["sagittal"].open("rb") as file:
        volume = pickle.load(file)
    np.testing.assert_array_equal(exam.load("sagittal"), volume // 16)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "array",
    [
        np.arange(24, dtype=">u2").reshape(2, 3, 4),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.array([[True, False]]),
        np.array(7, np.int32),
    ],
)
def test_pickles_of_numpy_arrays_are_read(array, protocol, tmp_path):
    (tmp_path / "a.pck").write_bytes(pickle.dumps(array, protocol=protocol))
    found = read_pickled_array(tmp_path / "a.pck")
    np.testing.assert_array_equal(found, array)
    assert found.dtype == array.dtype


def test_pickles_of_python_2_are_read(tmp_path):
    # Protocol 2 as numpy 1 under Python 2 wrote it: bytes as a short str, old module names.
    payload = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02K\x00\x85q\x03"
        b"U\x01bq\x04\x87q\x05Rq\x06(K\x01K\x02\x85q\x07cnumpy\ndtype\nq\x08U\x02u2q\x09K\x00K\x01"
        b"\x87q\nRq\x0b(K\x03U\x01<q\x0cNNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tq\rb\x89"
        b"U\x04\x01\x00\xff\x0fq\x0etq\x0fb."
    )
    (tmp_path / "a.pck").write_bytes(payload)
    assert read_pickled_array(tmp_path / "a.pck").tolist() == [1, 4095]


class Bomb:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_no_code_in_a_pickle_runs(tmp_path):
    trace = tmp_path / "trace"
    bombs = [
        Bomb(trace),
        [np.zeros(3), Bomb(trace)],
        np.array([Bomb(trace)], dtype=object),
        {"volume": np.zeros(3)},
        np.array(["text"]),
        np.array([object()], dtype=object),
        np.zeros(2, dtype=[("a", "i4")]),
        np.float64(3.0),
    ]
    for k, bomb in enumerate(bombs):
        for protocol in (0, 2, 4, 5):
            file = tmp_path / f"{k}.pck"
            file.write_bytes(pickle.dumps(bomb, protocol=protocol))
            with pytest.raises(ValueError, match="must be a pickled array of numbers"):
                read_pickled_array(file)
    assert not trace.exists()


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"not a pickle",
        pickle.dumps(np.arange(9))[:40],
        b"cos\nsystem\n(S'true'\ntR.",
        b"cnumpy.core.multiarray\nscalar\n(tR.",
        b"cnumpy\nload\n(S'x'\ntR.",
        pickle.dumps(np.arange(9, dtype=np.int16)).replace(b"\x00\x00\x01\x00", b"\x00"),
        # 72 zeros of a number instead of bytes
        b"cnumpy.core.numeric\n_frombuffer\n(I72\ncnumpy\ndtype\n(S'i8'\ntR(I9\ntS'C'\ntR.",
    ],
)
def test_broken_files_are_refused(payload, tmp_path):
    (tmp_path / "a.pck").write_bytes(payload)
    with pytest.raises(ValueError, match="must be a pickled array of numbers"):
        read_pickled_array(tmp_path / "a.pck")


def test_a_volume_in_two_folders_is_refused(folder):
    (folder / "copy").mkdir()
    (folder / "vol0" / "101-3.pck").rename(folder / "copy" / "unlisted.pck")
    (folder / "vol1" / "unlisted.pck").write_bytes(b"")
    with pytest.raises(FileNotFoundError, match=r"no '101-3\.pck'"):
        load_kneemri(folder)
    for part in ("vol0", "copy"):
        (folder / part / "101-3.pck").write_bytes(b"")
    with pytest.raises(ValueError, match=r"each volume once, got .*copy.101-3.* and .*vol0.101-3"):
        load_kneemri(folder)


def test_an_incomplete_or_wrong_folder_is_refused(folder, tmp_path):
    dataset = load_kneemri(folder)
    path = dataset.exams[0].paths["sagittal"]
    path.write_bytes(pickle.dumps(np.full((2, 3, 3), 5000, np.int16)))
    with pytest.raises(ValueError, match="12-bit values 0 to 4095, got 5000 to 5000"):
        dataset.exams[0].load("sagittal")
    path.write_bytes(pickle.dumps(np.zeros((3, 3))))
    with pytest.raises(ValueError, match=r"got \(3, 3\) float64"):
        dataset.exams[0].load("sagittal")
    path.unlink()
    with pytest.raises(FileNotFoundError, match="1 of 6 volumes are missing"):
        load_kneemri(folder)
    table = folder / "metadata.csv"
    text = table.read_text()
    table.write_text(text.replace("aclDiagnosis", "diagnosis"))
    with pytest.raises(ValueError, match="lacks aclDiagnosis"):
        load_kneemri(folder)
    table.write_text(text.replace("101,5", "101,3"))
    with pytest.raises(ValueError, match="got '101-3' twice"):
        load_kneemri(folder)
    table.write_text(text.replace("102,3,2", "102,3,7"))
    with pytest.raises(ValueError, match="got '7' for exam '102'"):
        load_kneemri(folder)
    with pytest.raises(FileNotFoundError, match=r"no .*metadata\.csv"):
        load_kneemri(folder / "elsewhere")
