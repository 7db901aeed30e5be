"""JupyterLab on this machine, for a browser that tests drive."""

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

import mrnet_features

PACKAGE = str(Path(mrnet_features.__file__).parents[1])


def write_notebook(path, *cells):
    """Notebook with code cells."""
    listed = [
        {
            "cell_type": "code",
            "id": f"cell{k}",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": source,
        }
        for k, source in enumerate(cells)
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {
        "cells": listed,
        "metadata": {"kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(json.dumps(notebook))


@contextlib.contextmanager
def open_lab(folder):
    """Address of a JupyterLab server over a folder; a skipped test without JupyterLab."""
    pytest.importorskip("jupyterlab", reason="JupyterLab is not installed")
    home = folder / "home"
    own = {name: str(home / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR")}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--port=0"]
    command += [f"--ServerApp.root_dir={folder}", "--ip=127.0.0.1", "--IdentityProvider.token="]
    command += [
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    environment = {**os.environ, **own, "PYTHONPATH": PACKAGE, "HOME": str(home)}
    home.mkdir()
    with (folder / "lab.log").open("wb") as log:
        server = subprocess.Popen(
            command, env=environment, cwd=folder, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            yield _wait_for_address(server, Path(own["JUPYTER_RUNTIME_DIR"]), folder / "lab.log")
        finally:
            server.terminate()
            server.wait(timeout=20)


def _wait_for_address(server, runtime, log):
    for _ in range(300):
        assert server.poll() is None, log.read_text()
        for file in runtime.glob("jpserver-*.json"):
            address = json.loads(file.read_text() or "{}").get("url")
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{address}api", timeout=5).close()
                return address
        time.sleep(0.2)
    raise AssertionError(log.read_text())


def open_notebook(page, address, name):
    """Open a notebook and wait for its kernel."""
    page.goto(f"{address}lab/tree/{name}")
    page.locator(".jp-CodeCell .cm-content").first.wait_for(timeout=60_000)
    page.get_by_text("| Idle").wait_for(timeout=60_000)


def run_cell(page, number):
    """Run a cell of the open notebook."""
    page.locator(".jp-CodeCell .cm-content").nth(number).click()
    page.keyboard.press("Control+Enter")
