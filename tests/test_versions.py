"""The package runs from a folder of its source, where it has no metadata."""

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

import mrnet_features
from mrnet_features.versions import find_version

ROOT = Path(mrnet_features.__file__).parents[1]

# Python reads the metadata of other packages only
EXTRACT = """
import importlib.metadata as metadata, runpy, sys
found = metadata.Distribution.from_name
def from_name(name):
    if name == "mrnet-features":
        raise metadata.PackageNotFoundError(name)
    return found(name)
metadata.Distribution.from_name = from_name
import numpy as np
import mrnet_features as mf
knee = np.random.default_rng(0).integers(0, 255, (3, 40, 40), np.uint8)
extractor = mf.FeatureExtractor("minimal", planes=["axial"], progress=False)
rows = extractor.fit_transform([{"axial": knee}])
print(rows.attrs["provenance"]["versions"]["mrnet-features"])
sys.argv = ["mrnet-features", "--version"]
runpy.run_module("mrnet_features", run_name="__main__")
"""


def test_versions_are_those_of_the_metadata():
    assert find_version("numpy") == importlib.metadata.version("numpy")
    assert find_version("mrnet-features") == mrnet_features.__version__
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        find_version("no-such-package")


def test_a_folder_of_the_source_without_metadata_extracts_features(tmp_path):
    (tmp_path / "mrnet_features").symlink_to(ROOT / "mrnet_features")
    found = subprocess.run(
        [sys.executable, "-c", EXTRACT],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout.split() == [mrnet_features.__version__] * 2
