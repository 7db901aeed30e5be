"""A machine without libgomp learns the package's name, from every door."""

import builtins
import sys

import pytest

from mrnet_features import cli
from mrnet_features.report.doctor import examine_machine
from mrnet_features.report.terminal import format_findings


@pytest.fixture
def without_libgomp(monkeypatch):
    """LightGBM's import fails as it does on a slim image."""
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
    [finding] = [f for f in examine_machine() if f.subject == "lightgbm"]
    assert finding.state == "missing"
    assert "apt-get install libgomp1" in format_findings([finding])


@pytest.mark.usefixtures("without_libgomp")
def test_doctor_fails_where_libgomp_is_missing(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["mrnet-features", "doctor"])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 1
    assert "apt-get install libgomp1" in capsys.readouterr().out


@pytest.mark.usefixtures("without_libgomp")
def test_the_demo_says_so_before_any_work(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(sys, "argv", ["mrnet-features", "demo", "--out", str(tmp_path / "x")])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 1
    assert "apt-get install libgomp1" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_every_other_error_passes_through_untouched(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["mrnet-features", "doctor"])
    monkeypatch.setattr("mrnet_features.report.doctor.examine_machine", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        cli.main()
