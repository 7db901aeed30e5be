"""Processes of a group, for tests of what is left after a run was stopped."""

import contextlib
import os
import time

import psutil


def list_alive(group):
    """Command lines of the processes of a group that have not ended."""
    alive = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                alive.append(process.cmdline())
    return alive


def wait_for_end(group, seconds=5.0):
    """Processes of a group that are alive after some seconds; returns as soon as all ended."""
    until = time.monotonic() + seconds
    while (alive := list_alive(group)) and time.monotonic() < until:
        time.sleep(0.05)
    return alive
