"""Checks of this machine, without libgomp and with an emulated GPU."""

import builtins
import importlib
import pkgutil
import sys

import pytest

from mrnet_features import cli, counts
from mrnet_features.arrays import DeviceFunction
from mrnet_features.cli.format import format_machine_checks
from mrnet_features.counts.histogram import histogram
from mrnet_features.diagnostics import gpu_selftest as selftest
from mrnet_features.diagnostics.doctor import check_machine
from mrnet_features.diagnostics.gpu_selftest import compare_devices
from mrnet_features.families.intensity import Intensity


@pytest.fixture
def without_libgomp(monkeypatch):
    """LightGBM fails to import, as in a container image without libgomp."""
    real = builtins.__import__

    def fail(name, *args, **kwargs):
        if name.split(".")[0] == "lightgbm":
            raise OSError("libgomp.so.1: cannot open shared object file: No such file or directory")
        return real(name, *args, **kwargs)

    for name in [name for name in sys.modules if name.split(".")[0] == "lightgbm"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", fail)


@pytest.mark.usefixtures("without_libgomp")
def test_doctor_names_the_package_of_a_missing_libgomp():
    [check] = [f for f in check_machine() if f.subject == "lightgbm"]
    assert check.state == "missing"
    assert "apt-get install libgomp1" in format_machine_checks([check])


@pytest.mark.usefixtures("without_libgomp")
def test_doctor_fails_where_libgomp_is_missing(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["mrnet-features", "doctor"])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 1
    assert "apt-get install libgomp1" in capsys.readouterr().out


@pytest.mark.usefixtures("without_libgomp")
def test_the_demo_fails_before_any_work_where_libgomp_is_missing(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(sys, "argv", ["mrnet-features", "demo", "--out", str(tmp_path / "x")])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 1
    assert "apt-get install libgomp1" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def gpu_checks():
    return {f.subject: f for f in check_machine() if f.subject.startswith("gpu")}


def test_doctor_compares_a_gpu_with_the_cpu(emulated_gpu):
    found = gpu_checks()
    assert found["gpu"].state == found["gpu counts"].state == "ok"
    for text in ("emulated device", "GiB free", "driver for CUDA 12.8"):
        assert text in found["gpu"].found
    assert "equal the CPU's in" in found["gpu counts"].found


def test_the_self_test_reaches_every_count(emulated_gpu, monkeypatch):
    reached = set()
    real = DeviceFunction.__call__

    def note(self, *args, **kwargs):
        reached.add(self.__name__)
        return real(self, *args, **kwargs)

    monkeypatch.setattr(DeviceFunction, "__call__", note)
    compare_devices()
    monkeypatch.undo()
    modules = [
        importlib.import_module(f"{counts.__name__}.{info.name}")
        for info in pkgutil.iter_modules(counts.__path__)
    ]
    twins = {n for m in modules for n, item in vars(m).items() if isinstance(item, DeviceFunction)}
    assert reached == twins


def test_doctor_reports_a_gpu_with_wrong_counts(emulated_gpu, monkeypatch):
    monkeypatch.setattr(histogram, "_gpu", lambda *a, **k: emulated_gpu.zeros((3, 2, 256), "int32"))
    found = gpu_checks()["gpu counts"]
    assert found.state == "missing"
    assert "differ from the CPU's in " in found.found
    assert "intensity" in found.found


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_the_tolerance_of_statistics_is_relative(emulated_gpu, monkeypatch, scale):
    real, error = Intensity.describe, 1.0

    def describe(self, counts):
        wrong = error if isinstance(counts, emulated_gpu.ndarray) else 1.0
        return {name: values * scale * wrong for name, values in real(self, counts).items()}

    monkeypatch.setattr(selftest, "discover_families", lambda: {"intensity": Intensity})
    monkeypatch.setattr(Intensity, "describe", describe)
    assert compare_devices() == (1, [])
    error = 1 + 1e-8
    assert compare_devices() == (1, ["intensity"])


def test_doctor_reports_a_gpu_that_fails(emulated_gpu, monkeypatch):
    monkeypatch.setattr(emulated_gpu, "RawModule", None)
    found = gpu_checks()["gpu counts"]
    assert found.state == "missing"
    assert found.found.startswith("failed: ")
