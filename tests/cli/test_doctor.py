"""`mrnet-features doctor`."""

import json

import pytest

from mrnet_features.diagnostics.doctor import MachineCheck
from tests.support.command_line import run


def test_the_checks_of_this_machine_are_printed():
    done = run("doctor", "--json")
    checks = {check["subject"]: check for check in json.loads(done.stdout)}
    assert done.status == 0
    assert checks["lightgbm"]["state"] == "ok"
    assert checks["gpu"]["state"] in {"ok", "optional"}
    assert all(check["advice"] for check in checks.values() if check["state"] != "ok")
    assert "lightgbm" in run("doctor").stdout


def test_code_is_compiled_on_request(monkeypatch):
    monkeypatch.setattr(
        "mrnet_features.extraction.compile_ahead.compile_ahead",
        lambda **_: ["intensity", "lbp"],
    )
    done = run("doctor", "--compile")
    assert done.status == 0
    assert done.stdout.startswith("Compiled 2 parts: ")
    assert json.loads(run("doctor", "--compile", "--json").stdout)["parts"] == ["intensity", "lbp"]


@pytest.mark.parametrize("state", ["missing", "failed"])
def test_a_failed_check_has_status_1(monkeypatch, state):
    checks = [MachineCheck("lightgbm", state, "does not load", "Install it.")]
    monkeypatch.setattr("mrnet_features.diagnostics.doctor.check_machine", lambda: checks)
    done = run("doctor")
    assert done.status == 1
    assert "Install it." in done.stdout
