"""The command line, run in this process or in one of its own."""

import contextlib
import io
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import mrnet_features
from mrnet_features.cli import app

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(mrnet_features.__file__).parents[1])}
"""For processes that import the package these tests import."""


class Done(NamedTuple):
    """Exit status and what was printed."""

    status: int
    stdout: str
    stderr: str


def run(*arguments, cwd="."):
    """Run a command in this process."""
    stdout, stderr = io.StringIO(), io.StringIO()
    logger = logging.getLogger("mrnet_features")
    level = logger.level
    with (
        contextlib.chdir(cwd),
        contextlib.redirect_stdout(stdout),
        contextlib.redirect_stderr(stderr),
    ):
        try:
            app(list(map(str, arguments)), prog_name="mrnet-features")
            status = 0
        except SystemExit as end:
            status = end.code
        finally:
            logger.setLevel(level)  # which `--quiet` changes
    return Done(status, stdout.getvalue(), stderr.getvalue())


def run_alone(*arguments, cwd=None):
    """Run ``python -m mrnet_features`` as a process, with its logging and warnings."""
    command = [sys.executable, "-m", "mrnet_features", *map(str, arguments)]
    done = subprocess.run(
        command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    return Done(done.returncode, done.stdout, done.stderr)
