"""What several test files share: hypothesis' profile and scikit-learn's checks."""

import functools
import importlib
import os
import sys
from unittest import mock

import pytest
import scipy.stats  # noqa: F401 (before the variable below is set: it changes what scipy accepts)
import sklearn
from hypothesis import HealthCheck, settings

from mrnet_features import arrays, launch
from mrnet_features.arrays import missing_for_cuda
from tests.cuda_emulator import cupy_on_cpu, emulator

settings.register_profile(
    "default", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("default")

if sklearn.__version__.startswith("1.6."):
    # Beside array-api-compat its checks can't be imported unless this variable is set.
    with mock.patch.dict(os.environ, {"SCIPY_ARRAY_API": "1"}):
        importlib.import_module("sklearn.utils.estimator_checks")


def pytest_addoption(parser):
    parser.addoption(
        "--require-gpu",
        action="store_true",
        help="run the tests that use a GPU, and no others, on a device; fail where there is none",
    )


def pytest_collection_modifyitems(config, items):
    """Leave the tests that use a device, whether or not the fixture `gpu` is asked for by name."""
    if config.getoption("--require-gpu"):
        others = [item for item in items if not _uses_gpu(item)]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if _uses_gpu(item)]


def _uses_gpu(item):
    names, case = getattr(item, "fixturenames", ()), getattr(item, "callspec", None)
    values = [] if case is None else case.params.values()
    is_chosen = any(isinstance(value, str) and value == "cuda" for value in values)
    return ("gpu" in names or is_chosen) and "emulated_gpu" not in names


@pytest.fixture
def gpu(request):
    """CuPy on a device with `--require-gpu`, else the module that stands in for it."""
    if not request.config.getoption("--require-gpu"):
        return request.getfixturevalue("emulated_gpu")
    missing = missing_for_cuda()
    if missing:
        pytest.fail(missing)
    return importlib.import_module("cupy")


@pytest.fixture
def emulated_gpu(monkeypatch, pytestconfig):
    """Module that stands in for CuPy: kernels are compiled by g++ and run on the CPU."""
    if pytestconfig.getoption("--require-gpu"):
        pytest.skip("of the emulated device, which is not used beside a real one")
    if emulator.COMPILER is None:
        pytest.skip("no g++ on Linux: CUDA sources can not be run on the CPU")
    modules = _make_cupy(pytestconfig.cache.mkdir("emulated_kernels"))
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    modules["cupy"].stand_in.set_devices()
    caches = (launch._load, launch._find_kernel, arrays._upload)
    for cache in caches:
        cache.cache_clear()
    yield modules["cupy"]
    for cache in caches:
        cache.cache_clear()


@functools.cache
def _make_cupy(folder):
    """Make the modules once: array-api-compat keeps what it has seen of them."""
    return cupy_on_cpu.make_modules(emulator, folder)


@pytest.fixture
def watched_gpu(emulated_gpu, monkeypatch):
    """The same, and accesses to memory that no barrier orders are errors."""
    monkeypatch.setattr(emulator, "watch_races", True)
    return emulated_gpu
