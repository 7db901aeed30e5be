"""A folder without the expected layout gives an error that says what to pass, rename or move."""

import shutil

import pytest

from mrnet_features.data.mrnet.load import load_labels, load_mrnet
from mrnet_features.data.mrnet.release_hints import guess_renaming
from tests.support.mrnet_folder import write_folder


@pytest.fixture
def root(tmp_path):
    return write_folder(tmp_path)


@pytest.mark.parametrize(
    ("make", "split", "message"),
    [
        (lambda root: root / "nowhere", "train", "There is no folder"),
        (lambda root: root.parent, "train", "which has it"),
        (lambda root: root, "valid", r"Folders present: 'train'\. Pass"),
    ],
)
def test_a_wrong_folder_gets_advice(root, make, split, message):
    (root / ".records" / "train").mkdir(parents=True)  # hidden folders of synthetic knees
    (root / ".records" / "valid").mkdir()
    with pytest.raises(FileNotFoundError, match=message):
        load_mrnet(make(root), split)


@pytest.mark.parametrize(
    ("make", "advice"),
    [
        (lambda root: root.parent, r"Pass '.*', which has it"),
        (lambda root: root / "train", "It lies inside a release. Pass '"),
        (lambda root: root / "train" / "axial", "It lies inside a release. Pass '"),
    ],
)
@pytest.mark.parametrize("stacks", ["stacks", "no stacks"])
def test_a_wrong_folder_of_labels_gets_the_same_advice(root, make, advice, stacks):
    place = make(root)
    if stacks == "no stacks":
        for path in root.glob("train/*/*.npy"):
            path.unlink()
        if place == root.parent:
            shutil.rmtree(root / "train")
    with pytest.raises(FileNotFoundError, match=f"has no labels of train, .* {advice}"):
        load_labels(place)


@pytest.mark.parametrize("below", ["train", "train/axial"])
@pytest.mark.parametrize("labels", ["labels", "no labels"])
def test_a_folder_inside_a_release_gets_the_path_of_the_release(root, below, labels, monkeypatch):
    if labels == "no labels":
        for path in root.glob("*.csv"):
            path.unlink()
    message = f"no folder 'train'.*It lies inside a release. Pass '{root}'"
    with pytest.raises(FileNotFoundError, match=message):
        load_mrnet(root / below)
    monkeypatch.chdir(root / below)
    with pytest.raises(FileNotFoundError, match=message):
        load_mrnet(".")


@pytest.mark.parametrize("name", ["release", "train"])
def test_planes_beside_the_labels_are_to_be_moved(root, name):
    flat = (root / "train").rename(root / name)
    for path in root.glob("*.csv"):
        path.rename(flat / path.name)
    with pytest.raises(FileNotFoundError, match=f"directly; move them into '{flat / 'train'}/'"):
        load_mrnet(flat)


@pytest.mark.parametrize(
    ("split", "name"), [("valid", "val"), ("valid", "Valid"), ("valid", "Test"), ("train", "Train")]
)
def test_a_renamed_split_gets_advice(root, split, name):
    (root / "train").rename(root / name)
    with pytest.raises(FileNotFoundError, match=f"has '{name}/'; rename it to '{split}'"):
        load_mrnet(root, split)
    assert guess_renaming(root, "valid" if split == "train" else "train") == ""
