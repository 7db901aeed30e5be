"""A folder without the RSNA layout gives an error that says what to pass, copy or unpack."""

import shutil

import pytest

from mrnet_features.data.mrnet.load import load_labels, load_mrnet
from mrnet_features.data.rsna.load import load_rsna_knee
from tests.support.mrnet_folder import write_folder
from tests.support.rsna_folder import write_set


@pytest.fixture
def root(tmp_path):
    return write_set(tmp_path / "set")


@pytest.mark.parametrize(
    ("below", "advice"),
    [
        ("..", "Pass '.*set', which has it"),
        ("train_series", "It lies inside a set. Pass '.*set'"),
        ("train_series/1.2.1", "It lies inside a set. Pass '.*set'"),
        ("train_series/1.2.1/1.2.1.1", "It lies inside a set. Pass '.*set'"),
    ],
)
def test_a_folder_near_the_set_gets_its_path(root, below, advice, monkeypatch):
    with pytest.raises(FileNotFoundError, match=f"has no file 'train.csv'. {advice}"):
        load_rsna_knee((root / below).resolve())
    monkeypatch.chdir(root / below)
    with pytest.raises(FileNotFoundError, match=advice):
        load_rsna_knee(".")


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("train.csv", "has no file 'train.csv'. Copy it from the set"),
        ("train_series.csv", "has no file 'train_series.csv'. Copy it from the set"),
        ("train_series", "has no folder 'train_series'. Copy it .* labels alone use `mf.load_lab"),
    ],
)
def test_what_is_missing_is_named(root, missing, message):
    path = root / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(FileNotFoundError, match=message):
        load_rsna_knee(root)


def test_the_other_split_is_not_taken(root):
    with pytest.raises(FileNotFoundError, match="has no file 'test.csv'. Copy it"):
        load_rsna_knee(root, "test")
    with pytest.raises(ValueError, match="must be 'train' or 'test', got 'valid'. The layout has"):
        load_rsna_knee(root, "valid")
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        load_rsna_knee(root / "none")


def test_an_archive_is_to_be_unpacked(tmp_path):
    (tmp_path / "rsna-knee.zip").touch()
    with pytest.raises(FileNotFoundError, match="Unpack 'rsna-knee.zip' first"):
        load_rsna_knee(tmp_path)
    (tmp_path / "rsna-knee.zip").rename(tmp_path / "notes.txt")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="Folders present: 'empty'. Pass"):
        load_rsna_knee(tmp_path)


def test_each_loader_names_the_other_one(root, tmp_path):
    for load in (load_mrnet, load_labels):
        with pytest.raises(FileNotFoundError, match="RSNA layout: load it with `mf.load_rsna_kn"):
            load(root)
    (tmp_path / "mrnet").mkdir()
    with pytest.raises(FileNotFoundError, match="MRNet's layout: load it with `mf.load_mrnet`"):
        load_rsna_knee(write_folder(tmp_path / "mrnet"))
