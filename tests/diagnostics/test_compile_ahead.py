"""Code is compiled ahead: parts are listed, kept, and not compiled again."""

import os
import subprocess
import sys

import pytest

from mrnet_features.diagnostics import compile_ahead as module
from mrnet_features.diagnostics.compile_ahead import KNEES, compile_ahead, list_parts
from mrnet_features.families.presets import discover_families


def test_all_families_and_the_knees_are_parts():
    assert set(list_parts()) == {KNEES, *discover_families()}
    assert list_parts()[0] == "intensity"


def test_a_family_with_two_settings_is_one_part():
    parts = list_parts("full")
    assert len(parts) == len(set(parts))
    assert {"glcm", "lbp", "gabor"} <= set(parts)


def test_an_unknown_family_is_refused():
    with pytest.raises(ValueError, match="glmc"):
        compile_ahead(["glmc"])


def test_the_shared_part_is_finished_before_the_others_start(monkeypatch):
    called = []
    monkeypatch.setattr(module, "compile_part", called.append)
    assert compile_ahead(["lbp", "hog"], n_jobs=1, progress=False) == called
    assert called == ["intensity", "lbp", "hog"]


COUNT = """
from numba.core import event
import numpy as np

from mrnet_features import FeatureExtractor
from mrnet_features.diagnostics.compile_ahead import compile_ahead

if {first}:
    compile_ahead("minimal", progress=False)
rng = np.random.default_rng(1)
planes = ("axial", "coronal", "sagittal")
exam = {{plane: rng.integers(0, 256, (3, 256, 256), np.uint8) for plane in planes}}
with event.install_recorder("numba:compile") as recorder:
    FeatureExtractor("minimal").fit_transform([exam])
print(len(recorder.buffer))
"""


def count_compiled(folder, first):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", COUNT.format(first=first)],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return int(done.stdout)


def test_an_extraction_after_it_compiles_nothing(tmp_path):
    assert count_compiled(tmp_path, first=True) == 0
    assert count_compiled(tmp_path, first=False) == 0
