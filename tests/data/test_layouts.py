"""Which layout a folder has, and what is loaded from it."""

import pytest

import mrnet_features as mf
from mrnet_features.data.layouts import LAYOUT_SPLITS, find_layout, load_split
from tests.support.mrnet_folder import write_folder
from tests.support.rsna_folder import write_set


@pytest.fixture
def mrnet(tmp_path):
    folder = tmp_path / "mrnet"
    folder.mkdir()
    return write_folder(folder)


@pytest.fixture
def rsna(tmp_path):
    return write_set(tmp_path / "rsna")


def test_a_layout_is_told_by_names(mrnet, rsna, monkeypatch):
    monkeypatch.setattr("mrnet_features.files.reading.open_file", None)
    assert (find_layout(mrnet), find_layout(rsna)) == ("mrnet", "rsna")


def test_tables_alone_tell_the_layout(tmp_path):
    (tmp_path / "train-acl.csv").write_text("0000,1\n")
    assert find_layout(tmp_path) == "mrnet"
    (tmp_path / "train-acl.csv").rename(tmp_path / "train.csv")
    assert find_layout(tmp_path) == "rsna"


@pytest.mark.parametrize(
    "below", ["train_series", "train_series/1.2.1", "train_series/1.2.1/1.2.1.1"]
)
def test_a_folder_inside_a_set_gets_the_path_of_the_set(rsna, below):
    for look in (find_layout, mf.load_mrnet, mf.load_labels):
        with pytest.raises(FileNotFoundError, match=f"It lies inside a set. Pass '{rsna}'"):
            look(rsna / below)


def test_a_folder_around_a_set_gets_its_path(tmp_path, mrnet):
    with pytest.raises(FileNotFoundError, match=f"Pass '{mrnet}', which has it"):
        find_layout(tmp_path)
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        find_layout(tmp_path / "none")


def test_exams_of_both_layouts_are_loaded(mrnet, rsna):
    assert load_split(mrnet, "train").ids == mf.load_mrnet(mrnet).ids
    assert list(load_split(mrnet, "train", "axial").exams[0].paths) == ["axial"]
    assert load_split(rsna, "train").ids == mf.load_rsna_knee(rsna).ids
    slots = ("sagittal_structural", "axial_fluid")
    assert tuple(load_split(rsna, "train", slots)["1.2.1"].paths) == slots
    assert "1.2.1" not in load_split(rsna, "train", exclude=["1.2.1"])
    assert len(load_split(rsna, "train", slots[:1], missing="drop")) == 1


def test_labels_of_both_layouts_are_loaded(mrnet, rsna):
    assert mf.load_labels(mrnet).equals(mf.load_mrnet(mrnet).labels)
    assert mf.load_labels(rsna).equals(mf.load_rsna_knee(rsna).labels)


@pytest.mark.parametrize(("layout", "split"), [("mrnet", "test"), ("rsna", "valid")])
def test_splits_belong_to_a_layout(mrnet, rsna, layout, split):
    assert split not in LAYOUT_SPLITS[layout]
    with pytest.raises(ValueError, match="`split` must be"):
        load_split(mrnet if layout == "mrnet" else rsna, split)
