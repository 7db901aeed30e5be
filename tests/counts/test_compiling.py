"""Counts are compiled once, with one message, into a cache outside a read-only package."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import mrnet_features

PACKAGE = Path(mrnet_features.__file__).parent
EXTRACT = """
import numpy as np
from mrnet_features.extraction.extractor import FeatureExtractor
stack = np.tile(np.arange(64, dtype=np.uint8), (3, 64, 1))
FeatureExtractor("minimal", planes=("sagittal",), progress=False).fit_transform(
    [{"sagittal": stack}]
)
"""


def extract(package_folder, cache):
    """Standard error of a fresh process."""
    env = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}
    env |= {"HOME": str(cache), "XDG_CACHE_HOME": str(cache), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", EXTRACT],
        cwd=package_folder,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="the location of caches depends on the system")
def test_a_read_only_package_is_compiled_once_with_one_message(tmp_path):
    installed, cache = tmp_path / "installed", tmp_path / "cache"
    cache.mkdir()
    shutil.copytree(
        PACKAGE, installed / "mrnet_features", ignore=shutil.ignore_patterns("__pycache__")
    )
    folders = [path for path in (installed, *installed.rglob("*")) if path.is_dir()]
    for folder in folders:
        (folder / "__pycache__").touch()  # a file instead of the folder stops root, too
        folder.chmod(0o555)
    try:
        first, second = extract(installed, cache), extract(installed, cache)
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert first.count("Compiling counts for the first time") == 1
    assert str(cache) in first
    assert "Compiling" not in second
    assert list(cache.rglob("*.nbi"))
    assert not list(installed.rglob("*.nbi"))
