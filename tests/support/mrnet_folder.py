"""A small MRNet folder for tests, and ways to break it."""

import numpy as np

from mrnet_features.names import PLANES

GOOD_LABELS = "0000,0\n0001,1\n0002,0\n"
"""Content of ``train-acl.csv``."""


def write_folder(folder):
    """Write three exams: normal, torn ACL, torn meniscus; planes differ in slice counts."""
    for depth, plane in enumerate(PLANES, start=2):
        (folder / "train" / plane).mkdir(parents=True)
        for k in range(3):
            stack = np.full((depth + k, 9, 7), 10 * k, np.uint8)
            np.save(folder / "train" / plane / f"{k:04d}.npy", stack)
    write_labels(folder, abnormal="011", acl="010", meniscus="001")
    return folder


def write_labels(root, **tasks):
    """Write label files of train; a string holds the labels of exams 0000, 0001, ..."""
    for task, labels in tasks.items():
        lines = [f"{k:04d},{label}" for k, label in enumerate(labels)]
        (root / f"train-{task}.csv").write_text("\n".join(lines) + "\n")


def write_acl_file(root, text):
    """Replace the content of ``train-acl.csv``."""
    (root / "train-acl.csv").write_text(text)
