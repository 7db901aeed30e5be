"""KneeMRI folders are read, and no code in their pickles is executed."""

import os
import pickle

import numpy as np
import pandas as pd
import pytest

from mrnet_features import FeatureExtractor, make_folds
from mrnet_features.data.kneemri.load import LEVELS_12_BIT, KneeMriDataset, load_kneemri


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
    rows = folds.frame.assign(group=folds.frame["exam"].map(groups))
    assert (rows.groupby(["repeat", "group"])["fold"].nunique() == 1).all()


def test_twelve_bits_become_eight_by_the_table(folder):
    assert len(LEVELS_12_BIT) == 4096
    assert np.bincount(LEVELS_12_BIT).tolist() == [16] * 256
    exam = load_kneemri(folder).exams[0]
    with exam.paths["sagittal"].open("rb") as file:
        volume = pickle.load(file)
    np.testing.assert_array_equal(exam.load("sagittal"), volume // 16)


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


def test_one_file_is_not_the_volume_of_two_exams(folder):
    table = folder / "metadata.csv"
    table.write_text(table.read_text().replace("102-3.pck", "101-5.pck"))
    with pytest.raises(ValueError, match="each file once, got '101-5.pck' again in line 4"):
        load_kneemri(folder)


def change_table(folder, change):
    """Change the table of a folder, a DataFrame of text."""
    table = pd.read_csv(folder / "metadata.csv", dtype=str)
    change(table).to_csv(folder / "metadata.csv", index=False)


def test_whole_floats_are_the_numbers_that_they_stand_for(folder):
    expected = load_kneemri(folder)
    change_table(
        folder, lambda t: t.assign(roiX=t["roiX"] + ".0", aclDiagnosis=t["aclDiagnosis"] + ".")
    )
    found = load_kneemri(folder)
    assert found.regions.equals(expected.regions)
    assert found.labels.equals(expected.labels)
    assert (found.regions.dtypes == np.int64).all()


@pytest.mark.parametrize("cell", ["1.5", "", "nan", "1e3", "x", "9" * 5000, "\u0661", "1_0"])
def test_a_box_that_is_no_whole_number_names_file_line_and_column(folder, cell):
    change_table(folder, lambda t: t.assign(roiY=["12", cell, "12", "12", "12", "12"]))
    with pytest.raises(
        ValueError, match=r"metadata.csv' line 3, column 'roiY' must be a whole"
    ) as e:
        load_kneemri(folder)
    assert len(str(e.value)) < 400


@pytest.mark.parametrize(
    ("column", "cell"), [("examId", "102.0"), ("seriesNo", ""), ("examId", "\u0661\u0662")]
)
def test_an_id_that_is_no_id_names_file_line_and_column(folder, column, cell):
    change_table(folder, lambda t: t.assign(**{column: ["1", "2", cell, "4", "5", "6"]}))
    with pytest.raises(ValueError, match=f"metadata.csv' line 4, column '{column}': '{cell}'"):
        load_kneemri(folder)


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode("utf-16"),
        lambda text: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(),
        lambda text: text.replace(",", ";").encode(),
    ],
)
def test_the_table_may_come_from_a_spreadsheet(folder, encode):
    expected = load_kneemri(folder)
    text = (folder / "metadata.csv").read_text()
    (folder / "metadata.csv").write_bytes(encode(text))
    assert load_kneemri(folder).labels.equals(expected.labels)


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_a_volume_or_table_that_is_no_regular_file_is_refused(folder, make):
    exam = load_kneemri(folder)["101-3"]
    exam.paths["sagittal"].unlink()
    make(exam.paths["sagittal"])
    with pytest.raises(OSError, match=r"101-3.pck' must be a"):
        load_kneemri(folder)["101-3"].load("sagittal")
    (folder / "metadata.csv").unlink()
    make(folder / "metadata.csv")
    with pytest.raises(OSError, match=r"metadata.csv' must be a"):
        load_kneemri(folder)
