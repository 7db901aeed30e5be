"""Processes of a cluster for the checks of Dask: start and end them, and watch a run."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path


def start(
    *arguments: str, log: Path, within: Sequence[str] = (), env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a module of Python in its own session; output goes to a file.

    `within` is a command before it, such as ``ip netns exec NAME``.
    """
    with log.open("ab") as file:
        return subprocess.Popen(
            [*within, sys.executable, "-m", *arguments],
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, **(env or {})},
        )


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process and those that it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_for_address(file: Path) -> str:
    """Address that a scheduler writes to a file."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with contextlib.suppress(OSError, ValueError):
            return str(json.loads(file.read_text())["address"])
        time.sleep(0.1)
    raise TimeoutError("The scheduler did not start; see cluster.log.")


def count_finished(table: Path) -> int:
    """Exams in the journal of a run."""
    with contextlib.suppress(FileNotFoundError):
        lines = table.with_name(f"{table.name}.unfinished").read_bytes().split(b"\n")
        return sum(map(bool, lines))
    return 0


def list_command(knees: str | Path, table: Path, families: str) -> list[str]:
    """Module and arguments that extract a table."""
    return ["mrnet_features", "extract", str(knees), "-o", str(table), "--families", families]
