"""Public names of the package: each is loaded when it is first used."""

import subprocess
import sys

import pytest

import mrnet_features as mf


def test_every_public_name_is_found():
    assert sorted(mf.__all__) == mf.__all__ == [name for name in dir(mf) if name[0] != "_"]
    for name in mf.__all__:
        assert getattr(mf, name).__name__ == name


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'train'"):
        _ = mf.train


def test_importing_the_package_loads_none_of_its_dependencies():
    code = (
        "import sys, mrnet_features as mf; "
        "heavy = {'numpy', 'pandas', 'sklearn', 'numba', 'lightgbm', 'scipy', 'cupy'}; "
        "assert not heavy & set(sys.modules), heavy & set(sys.modules); "
        "assert len(mf.__all__) <= 53 and set(mf.__all__) <= set(dir(mf))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
