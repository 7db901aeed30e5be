"""Checks of this machine, without libgomp and with an emulated GPU."""

import builtins
import importlib.metadata
import sys

import pytest

from mrnet_features.counts.histogram import histogram
from mrnet_features.diagnostics.doctor import check_machine
from tests.support.command_line import run


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
    assert "apt-get install libgomp1" in check.advice


@pytest.mark.usefixtures("without_libgomp")
def test_doctor_fails_where_libgomp_is_missing():
    done = run("doctor")
    assert done.status == 1
    assert "apt-get install libgomp1" in done.stdout


@pytest.mark.usefixtures("without_libgomp")
def test_the_demo_fails_before_any_work_where_libgomp_is_missing(tmp_path):
    done = run("demo", "--out", tmp_path / "x")
    assert done.status == 1
    assert "apt-get install libgomp1" in done.stderr
    assert not (tmp_path / "x").exists()


def gpu_checks():
    return {f.subject: f for f in check_machine() if f.subject.startswith("gpu")}


def test_doctor_compares_a_gpu_with_the_cpu(emulated_gpu):
    found = gpu_checks()
    assert found["gpu"].state == found["gpu against cpu"].state == "ok"
    for text in ("emulated device", "GiB free", "driver for CUDA 12.8"):
        assert text in found["gpu"].found
    assert "counts and statistics equal in" in found["gpu against cpu"].found


def test_doctor_reports_a_gpu_with_wrong_counts(emulated_gpu, monkeypatch):
    monkeypatch.setattr(histogram, "_gpu", lambda *a, **k: emulated_gpu.zeros((3, 2, 256), "int32"))
    found = gpu_checks()["gpu against cpu"]
    assert found.state == "failed"
    assert "counts or statistics differ in " in found.found
    assert "intensity" in found.found


def test_doctor_reports_a_gpu_that_fails(emulated_gpu, monkeypatch):
    monkeypatch.setattr(emulated_gpu, "RawModule", None)
    found = gpu_checks()["gpu against cpu"]
    assert found.state == "failed"
    assert "NoneType" in found.found


def test_doctor_reports_a_gpu_that_cannot_be_described(emulated_gpu, monkeypatch):
    def fail():
        raise RuntimeError("the driver\nfell over")

    monkeypatch.setattr("mrnet_features.diagnostics.doctor.describe_device", fail)
    assert [(c.state, c.found) for c in gpu_checks().values()] == [
        ("failed", "the driver fell over")
    ]


def test_doctor_goes_on_without_the_version_of_a_package(monkeypatch):
    real = importlib.metadata.version

    def version(name):
        if name in {"mrnet-features", "scipy"}:
            raise importlib.metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr("importlib.metadata.version", version)
    missing = {check.subject for check in check_machine() if check.state == "missing"}
    assert missing == {"mrnet-features", "scipy"}


def test_doctor_lists_the_readers_of_files_and_how_to_install_them(monkeypatch):
    checks = {check.subject: check for check in check_machine()}
    assert (checks["pydicom"].state, checks["nibabel"].state) == ("ok", "ok")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    checks = {check.subject: check for check in check_machine()}
    assert "DICOM files" in checks["pydicom"].advice
    assert "[dicom]" in checks["pydicom"].advice
    assert "[nifti]" in checks["nibabel"].advice
