"""Code is compiled ahead: parts are listed, kept, not compiled again, and said once."""

import contextlib
import os
import subprocess
import sys

import pytest
from joblib import cpu_count

from mrnet_features.compiling import NotCompiledError
from mrnet_features.extraction import compile_ahead as module
from mrnet_features.extraction.compile_ahead import (
    KNEES,
    TOGETHER,
    compile_ahead,
    compile_missing,
    list_parts,
)
from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.families.lbp import Lbp
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
    monkeypatch.setattr(module, "_compile_part", lambda part, _: called.append(part))
    assert compile_ahead(["lbp", "hog"], n_jobs=1, progress=False) == called
    assert called == ["intensity", "lbp", "hog"]


def test_code_that_can_not_be_kept_is_not_compiled_by_other_processes(monkeypatch):
    called = []
    monkeypatch.setattr(module, "_compile_part", lambda part, _: called.append(part))
    monkeypatch.setattr(module, "has_lost_code", lambda: True)
    compile_ahead(["lbp", "hog"], n_jobs=1, progress=False)
    assert called == ["intensity"]


COUNT = """
from numba.core import event
import numpy as np

from mrnet_features import FeatureExtractor
from mrnet_features.extraction.compile_ahead import compile_ahead

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


def test_families_that_are_compiled_together_exist():
    assert {name for group in TOGETHER for name in group} <= set(discover_families())


@contextlib.contextmanager
def refuse():
    """As with an empty cache."""
    raise NotCompiledError("the cache")
    yield


@pytest.fixture
def compiled(monkeypatch):
    """Parts and numbers of processes that would be compiled, on four cores with an empty cache."""
    found = []
    monkeypatch.setattr(module, "refuse_compiling", refuse)
    monkeypatch.setattr(module, "cpu_count", lambda: 4)
    monkeypatch.setattr(
        module,
        "_compile_parts",
        lambda parts, recipe, n_jobs, progress: found.append((parts, n_jobs)),
    )
    return found


@pytest.mark.parametrize(
    ("families", "n_jobs", "n_processes"),
    [
        ("baseline", None, 3),
        ("baseline", -1, 3),
        ("baseline", 2, 2),
        ("full", -1, 4),
        ("full", -2, 3),
    ],
)
def test_missing_code_is_compiled_by_one_process_per_core_or_group(
    compiled, caplog, families, n_jobs, n_processes
):
    recipe = FeatureExtractor(families).recipe()
    compile_missing(recipe, n_jobs)
    assert compiled == [(list_parts(families), n_processes)]
    assert caplog.text.count("Compiling counts for the first time") == 1
    assert f"on {n_processes} cores" in caplog.text
    assert "the cache" in caplog.text


def test_only_families_that_are_asked_for_are_compiled(compiled):
    compile_missing(FeatureExtractor(["lbp", "hog", "glcm"]).recipe(), None)
    assert compiled == [(["intensity", "lbp", "hog", "glcm"], 3)]


def test_no_processes_are_started_where_they_do_not_help(compiled, monkeypatch):
    recipe = FeatureExtractor("baseline").recipe()
    compile_missing(recipe, 1)
    compile_missing(FeatureExtractor("minimal").recipe(), -1)
    monkeypatch.setattr(module, "cpu_count", lambda: 1)
    compile_missing(recipe, -1)
    monkeypatch.setattr(module, "cpu_count", lambda: 4)
    monkeypatch.setattr(module.multiprocessing.current_process(), "_name", "LokyProcess-1")
    compile_missing(recipe, -1)
    assert compiled == []


@pytest.mark.parametrize(
    "error", [OSError(12, "Cannot allocate memory"), ValueError("no such level")]
)
def test_where_processes_fail_the_extraction_compiles_and_says_why(
    compiled, monkeypatch, caplog, error
):
    def fail(*_):
        raise error

    monkeypatch.setattr(module, "_compile_parts", fail)
    compile_missing(FeatureExtractor("baseline").recipe(), -1)
    assert str(error.args[-1]) in caplog.text
    assert "in this process" in caplog.text


def test_an_error_in_a_worker_does_not_end_the_extraction(monkeypatch, caplog):
    monkeypatch.setattr(module, "refuse_compiling", refuse)
    monkeypatch.setattr(module, "cpu_count", lambda: 2)
    monkeypatch.setattr(module, "_group", lambda _: [["intensity"], ["broken"], ["broken"]])
    compile_missing(FeatureExtractor(["lbp", "hog"]).recipe(), 2)
    assert "'broken'" in caplog.text
    assert "in this process" in caplog.text


@pytest.mark.parametrize(
    ("n_jobs", "settings"), [(None, {"idle_worker_timeout": module.IDLE_SECONDS}), (2, {})]
)
def test_worker_processes_stay_only_for_an_extraction_that_uses_them(
    compiled, monkeypatch, n_jobs, settings
):
    found = []

    def configure(backend, **given):
        found.append((backend, given))
        return contextlib.nullcontext()

    monkeypatch.setattr(module, "parallel_config", configure)
    compile_missing(FeatureExtractor("baseline").recipe(), n_jobs)
    assert found == [("loky", settings)]


def test_a_family_that_can_not_be_pickled_stays_in_this_process(monkeypatch, caplog):
    class Local(Lbp):
        def __reduce__(self):
            raise TypeError("can't be pickled")

    monkeypatch.setattr(module, "refuse_compiling", refuse)
    monkeypatch.setattr(module, "cpu_count", lambda: 2)
    compile_missing(FeatureExtractor(["hog", "histogram", Local()]).recipe(), None)
    assert "failed" not in caplog.text


EXTRACT = """
import numpy as np
from mrnet_features import FeatureExtractor

stack = np.tile(np.arange(64, dtype=np.uint8), (3, 64, 1))
FeatureExtractor(["hog", "histogram"], planes=("sagittal",)).fit_transform([{"sagittal": stack}])
"""


@pytest.mark.skipif(cpu_count() < 2, reason="one core compiles alone")
def test_the_first_extraction_says_once_that_it_compiles_and_the_second_does_not(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    shown = [
        subprocess.run(
            [sys.executable, "-c", EXTRACT],
            env=environment, capture_output=True, text=True, check=True,
        ).stderr
        for _ in range(2)
    ]  # fmt: skip
    assert shown[0].count("Compiling") == 1
    assert "on 2 cores" in shown[0]
    assert f"kept in '{tmp_path}" in shown[0]
    assert "Compiling" not in shown[1]


UNWRITABLE = """
import resource

resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))  # of the worker processes, too
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of the size of a file")
@pytest.mark.skipif(cpu_count() < 2, reason="one core compiles alone")
def test_a_cache_that_can_not_be_written_is_said_and_never_said_to_be_kept(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", UNWRITABLE + EXTRACT],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "Compiled code can't be kept in" in done.stderr
    assert "not kept in" in done.stderr
    assert "are kept" not in done.stderr
