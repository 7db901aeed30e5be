"""Sources and sizes of kernel launches; CUDA itself is tested in tests/counts."""

import re

import numpy as np
import pytest

from mrnet_features import launch

SOURCES = sorted(path.name for folder in launch.FOLDERS for path in folder.glob("*.cu"))


def test_file_names_of_sources_are_unique():
    files = [path for folder in launch.FOLDERS for path in folder.iterdir() if path.is_file()]
    assert len({path.name for path in files}) == len(files)
    assert SOURCES


@pytest.mark.parametrize("source", SOURCES)
def test_own_headers_replace_their_include_lines(source):
    text = launch.read_source(source)
    assert not re.search(r'#include "', text)
    assert "__global__" in text


def test_too_many_items_are_refused():
    launch.check_items(launch.MAX_ITEMS)
    with pytest.raises(ValueError, match=f"at most {launch.MAX_ITEMS} pixels, got"):
        launch.check_items(launch.MAX_ITEMS + 1)


@pytest.mark.parametrize("size", [1, 255, 256, 257, 5000])
def test_there_is_a_thread_for_every_item(monkeypatch, size):
    launched = []
    monkeypatch.setattr(launch, "launch", lambda *args: launched.append(args))
    launch.launch_each("a.cu", "kernel", size, ())
    [(_, _, n_blocks, n_threads, _)] = launched
    assert (n_blocks - 1) * n_threads < size <= n_blocks * n_threads


def test_no_items_launch_nothing(monkeypatch):
    monkeypatch.setattr(launch, "launch", lambda *args: pytest.fail("launched"))
    launch.launch_each("a.cu", "kernel", 0, ())


def test_a_strided_array_is_refused_with_its_position(emulated_gpu):
    array = emulated_gpu.zeros((4, 4), np.uint8)[:, ::2]
    with pytest.raises(ValueError, match=r"Argument 1 of kernel .* got strides \(4, 2\)"):
        launch.launch("histogram.cu", "histogram", 1, 32, (3, array))
