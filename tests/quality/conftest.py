"""Folders of drawn legs: one without faults, and a copy of it for each test to change."""

import os
import shutil

import pytest

from tests.support.audited_folder import write_legs


@pytest.fixture(scope="session")
def clean(tmp_path_factory):
    """24 exams without a fault, in the layout of the release."""
    root = tmp_path_factory.mktemp("clean")
    write_legs(root)
    return root


@pytest.fixture
def root(clean, tmp_path):
    """A copy of the folder without faults; its stacks are links."""
    for path in clean.rglob("*"):
        target = tmp_path / path.relative_to(clean)
        if path.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        elif path.suffix == ".npy":
            os.link(path, target)
        else:
            shutil.copy(path, target)
    return tmp_path
