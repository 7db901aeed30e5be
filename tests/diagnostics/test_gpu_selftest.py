"""The self-test of a GPU uses every count and compares statistics with a relative tolerance."""

import importlib
import pkgutil

import pytest

from mrnet_features import counts
from mrnet_features.counts.counting import Count
from mrnet_features.diagnostics import gpu_selftest
from mrnet_features.diagnostics.gpu_selftest import compare_devices
from mrnet_features.families.intensity import Intensity


def test_every_count_is_used(emulated_gpu, monkeypatch):
    reached = set()
    real = Count.__call__

    def record(self, *args, **kwargs):
        reached.add(self.__name__)
        return real(self, *args, **kwargs)

    monkeypatch.setattr(Count, "__call__", record)
    compare_devices()
    monkeypatch.undo()
    modules = [
        importlib.import_module(f"{counts.__name__}.{info.name}")
        for info in pkgutil.iter_modules(counts.__path__)
    ]
    known = {n for m in modules for n, item in vars(m).items() if isinstance(item, Count)}
    assert reached == known


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_the_tolerance_of_statistics_is_relative(emulated_gpu, monkeypatch, scale):
    real, error = Intensity.describe, 1.0

    def describe(self, counts):
        wrong = error if isinstance(counts, emulated_gpu.ndarray) else 1.0
        return {name: values * scale * wrong for name, values in real(self, counts).items()}

    monkeypatch.setattr(gpu_selftest, "discover_families", lambda: {"intensity": Intensity})
    monkeypatch.setattr(Intensity, "describe", describe)
    assert compare_devices() == (1, [])
    error = 1 + 1e-8
    assert compare_devices() == (1, ["intensity"])
