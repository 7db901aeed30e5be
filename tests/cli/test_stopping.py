"""Ctrl-C and SIGTERM end a command within seconds, with all its processes; it can be resumed."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest

from mrnet_features.__main__ import main
from mrnet_features.cli.stopping import stop_on_signals
from mrnet_features.synthetic import write_knees
from tests.support.command_line import ENVIRONMENT
from tests.support.processes import wait_for_end

# A shell that runs the tests in the background makes them ignore Ctrl-C.
CODE = (
    "import signal, runpy; signal.signal(signal.SIGINT, signal.default_int_handler);"
    "runpy.run_module('mrnet_features', run_name='__main__', alter_sys=True)"
)
N_EXAMS = 8  # enough that the run is still going when its first file is seen
COMMAND = ("knees", "knees", "--train", str(N_EXAMS), "--valid", "0", "--jobs", "2")


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    """Files of a run that was not stopped, by name."""
    folder = write_knees(tmp_path_factory.mktemp("knees") / "knees", n_train=N_EXAMS, n_valid=0)
    return read_all(folder)


def read_all(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    ("wait_for", "number", "to_all", "status"),
    [
        ("knees.json", signal.SIGTERM, True, 143),  # before its workers have loaded the library
        ("train/axial/*", signal.SIGTERM, False, 143),
        ("train/axial/*", signal.SIGKILL, False, -9),
    ],
)
def test_a_stopped_run_leaves_no_process_and_is_resumed(
    tmp_path, complete, wait_for, number, to_all, status
):
    with subprocess.Popen(
        [sys.executable, "-c", CODE, *COMMAND],
        cwd=tmp_path,
        env=ENVIRONMENT,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        while not list(tmp_path.glob(f"knees/{wait_for}")):
            assert process.poll() is None
            time.sleep(0.01)
        (os.killpg if to_all else os.kill)(process.pid, number)
        assert process.wait(timeout=5) == status
        assert wait_for_end(process.pid) == []
        shown = process.stderr.read()
    if number != signal.SIGKILL:
        # joblib's resource tracker sometimes warns that a folder it was to remove is gone already
        ours = re.sub(
            rb"^.*resource_tracker.*\n(  warnings.warn.*\n)?", b"", shown, flags=re.MULTILINE
        )
        assert ours.startswith(b"Stopped. Run the same command again to continue: ")
        assert ours.count(b"\n") == 1
    write_knees(tmp_path / "knees", n_train=N_EXAMS, n_valid=0)
    assert read_all(tmp_path / "knees") == complete


@pytest.mark.parametrize("before", ["", "sys.stderr.close(); ", "sys.stderr = None; "])
def test_a_process_that_loses_the_exception_ends_nevertheless(before):
    code = (
        f"import sys, time; {before}"
        "from mrnet_features.cli import stopping; stopping.SECONDS = 0.3\n"
        "with stopping.stop_on_signals(lambda: 'Stopped.'):\n"
        "    while True:\n"
        "        try: print(flush=True); time.sleep(60)\n"
        "        except BaseException: pass\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        process.stdout.readline()
        process.terminate()
        _, shown = process.communicate(timeout=5)
    assert process.returncode == 143
    assert shown == (b"" if before else b"Stopped.\n")


def test_handlers_are_restored_and_those_of_others_kept():
    mine = signal.signal(signal.SIGINT, signal.SIG_IGN), signal.getsignal(signal.SIGTERM)
    try:
        with stop_on_signals(str):
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN  # as under nohup
            assert signal.getsignal(signal.SIGTERM) is not mine[1]
        assert signal.getsignal(signal.SIGTERM) is mine[1]
    finally:
        signal.signal(signal.SIGINT, mine[0])


def test_ctrl_c_while_modules_are_loading_is_no_traceback():
    code = (
        "import runpy, sys\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'typer': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "runpy.run_module('mrnet_features', run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=ENVIRONMENT, check=False
    )
    assert (done.returncode, done.stderr) == (130, "Stopped.\n")


def test_ctrl_c_while_the_process_ends_is_ignored(monkeypatch):
    before = signal.getsignal(signal.SIGINT)

    def finish():
        raise SystemExit(0)

    monkeypatch.setattr("mrnet_features.__main__.run", finish)
    try:
        with pytest.raises(SystemExit):
            main()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
