"""The split beside the training split is found in a folder and in a zip file of it."""

import zipfile

import numpy as np
import pytest

from mrnet_features.names import PLANES, TASKS
from mrnet_features.workflows import networks


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "knees"
    for split, ids in (("train", range(8)), ("valid", range(8, 10))):
        for plane in PLANES:
            (root / split / plane).mkdir(parents=True)
            for k in ids:
                np.save(root / split / plane / f"{k:04d}.npy", np.zeros((2, 8, 8), np.uint8))
        for task in TASKS:
            (root / f"{split}-{task}.csv").write_text("".join(f"{k:04d},{k % 2}\n" for k in ids))
    return root


@pytest.fixture
def asked(monkeypatch):
    """Arguments of the training, which is left out."""
    asked = {}

    def train(exams, labels, **options):
        asked.update(options, exams=exams, labels=labels)

    monkeypatch.setattr(networks, "cross_validate_cnn", train)
    monkeypatch.setattr(
        networks, "_write_networks", lambda *arguments: asked.update(wrote=arguments)
    )
    return asked


@pytest.mark.parametrize("is_zip", [False, True])
def test_the_other_split_is_predicted_if_there_is_one(root, asked, is_zip):
    place = root
    if is_zip:
        place = root.with_suffix(".zip")
        with zipfile.ZipFile(place, "w") as file:
            for path in sorted(root.rglob("*.*")):
                file.write(path, path.relative_to(root.parent))
    networks.train_networks(place, "out", tasks=["acl"], n_splits=2)
    assert [exam.id for exam in asked["exams"]] == [f"{k:04d}" for k in range(8)]
    assert [exam.id for exam in asked["other"]] == ["0008", "0009"]
    assert list(asked["labels"]) == ["acl"]
    assert asked["wrote"][2] == "valid"


def test_without_another_split_nothing_else_is_predicted(root, asked):
    for plane in PLANES:
        for file in (root / "valid" / plane).iterdir():
            file.unlink()
        (root / "valid" / plane).rmdir()
    networks.train_networks(root, "out", n_splits=2)  # an empty folder, as of `knees --valid 0`
    assert asked.pop("other") == ()
    (root / "valid").rmdir()
    for task in TASKS:
        (root / f"valid-{task}.csv").unlink()
    networks.train_networks(root, "out", n_splits=2)
    assert asked["other"] == ()
    assert list(asked["labels"]) == list(TASKS)
