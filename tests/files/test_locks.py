"""Locks of outputs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mrnet_features.files.locks import hold_lock

HOLDER = """
import sys, time
from mrnet_features.files.locks import hold_lock
with hold_lock(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_process_is_told_to_wait_and_a_killed_one_blocks_nobody(tmp_path: Path) -> None:
    table = tmp_path / "train.parquet"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(table)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        wait = r"writing '.*train\.parquet'\. Wait"
        with pytest.raises(RuntimeError, match=wait), hold_lock(table):
            pass
        holder.kill()
    with hold_lock(table):
        pass
    assert list(tmp_path.iterdir()) == []


def test_lock_is_given_back_after_an_error(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), hold_lock(tmp_path / "a"):
            raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_system_without_locks_is_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)  # as on Windows
    with pytest.warns(UserWarning, match="no locks that are used here") as caught:  # noqa: SIM117
        with hold_lock(tmp_path / "a"):
            assert list(tmp_path.iterdir()) == []
    assert caught[0].filename == __file__
