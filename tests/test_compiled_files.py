"""Compiled code is removed wherever it was kept; nothing else is, and links are not followed."""

import importlib
import json
import os
import sys
from pathlib import Path

import pytest
from numba import config

from mrnet_features import compiled_files
from mrnet_features.compiled_files import (
    CompiledFolder,
    clear_compiled_code,
    find_compiled_code,
    find_private_folder,
)
from tests.support.command_line import run

TWOFOLD = """
import numba

@numba.njit(cache=True)
def double(x):
    return 2 * x
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Package of two folders; caches of the user and of Numba are elsewhere, and empty."""
    folder = tmp_path / "site" / "package"
    for part in (folder, folder / "counts"):
        (part / "__pycache__").mkdir(parents=True)
        (part / "__init__.py").touch()
    (tmp_path / "temporary").mkdir(mode=0o700)
    monkeypatch.setattr(compiled_files, "PACKAGE", folder)
    monkeypatch.setattr(compiled_files.tempfile, "gettempdir", lambda: str(tmp_path / "temporary"))
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path / "numba"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    return folder


def write(folder, *names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"12345")
    return folder


def test_files_are_found_where_numba_puts_them(package, tmp_path, monkeypatch):
    (package / "counts" / "twofold.py").write_text(TWOFOLD)
    monkeypatch.syspath_prepend(package / "counts")
    kept = importlib.import_module("twofold").double
    assert kept(2) == 4
    folder = Path(kept.stats.cache_path)
    assert tmp_path / "numba" in folder.parents
    [found] = find_compiled_code()
    assert (found.folder, found.n_files) == (folder, 2)
    assert clear_compiled_code() == [found]
    assert not folder.exists()
    assert clear_compiled_code() == []


def test_only_compiled_code_of_the_package_is_removed(package, tmp_path):
    keep = ["a.cpython-313.pyc", "a.nbi.txt", "nbi", "notes.txt"]
    inside = write(package / "counts/__pycache__", "a.f-1.py313.nbi", "a.f-1.py313.1.nbc", *keep)
    left = write(package / "__pycache__", "a.f-1.py313.nbi.tmp.0123456789abcdef")
    others = write(tmp_path / "numba" / "package_0123", "b.g-1.py313.nbi")
    before = find_compiled_code()
    assert before == [CompiledFolder(left, 1, 5), CompiledFolder(inside, 2, 10)]
    assert clear_compiled_code() == before
    assert sorted(path.name for path in inside.iterdir()) == sorted(keep)
    assert len(list(others.iterdir())) == 1
    assert find_compiled_code() == []


def test_links_are_neither_followed_nor_removed(package, tmp_path):
    outside = write(tmp_path / "outside", "a.f-1.py313.nbi")
    (package / "__pycache__").rmdir()
    (package / "__pycache__").symlink_to(outside)
    inside = package / "counts/__pycache__"
    (inside / "b.f-1.py313.nbi").symlink_to(outside / "a.f-1.py313.nbi")
    (inside / "c.f-1.py313.nbi").mkdir()
    assert find_compiled_code() == clear_compiled_code() == []
    assert (outside / "a.f-1.py313.nbi").read_bytes() == b"12345"
    assert len(list(inside.iterdir())) == 2


def test_a_file_that_can_not_be_removed_is_named(package, monkeypatch):
    folder = write(package / "__pycache__", "a.f-1.py313.nbi", "b.f-1.py313.nbi")
    remove = Path.unlink

    def fail(self, missing_ok=False):
        if self.name.startswith("a."):
            raise PermissionError(13, "Permission denied")
        remove(self, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", fail)
    done = run("doctor", "--clear-cache")
    assert done.status == 1
    assert f"'{folder / 'a.f-1.py313.nbi'}' can't be removed (Permission denied)." in done.stderr
    assert "Removed 1 files of compiled code, 5 bytes." in done.stdout


def test_the_command_says_what_it_removed(package):
    folder = write(package / "__pycache__", "a.f-1.py313.nbi")
    done = run("doctor", "--clear-cache", "--json")
    assert done.status == 0
    assert json.loads(done.stdout) == {
        "n_files": 1,
        "n_bytes": 5,
        "folders": [{"folder": str(folder), "n_files": 1, "n_bytes": 5, "problem": ""}],
    }
    assert not list(folder.iterdir())
    assert run("doctor", "--clear-cache").stdout == "Removed 0 files of compiled code, 0 bytes.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no user numbers")
def test_looking_for_files_makes_no_folder(package, tmp_path):
    find_compiled_code()
    clear_compiled_code()
    assert not list((tmp_path / "temporary").iterdir())
    private = find_private_folder()
    cached = write(private / "package_0", "a.f-1.py313.nbi")
    assert find_private_folder(create=False) == private
    clear_compiled_code()
    assert len(list(cached.iterdir())) == 1  # of a package elsewhere


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no user numbers")
def test_a_temporary_folder_that_others_can_write_is_not_used(tmp_path, monkeypatch):
    temporary = tmp_path / "temporary"
    temporary.mkdir(mode=0o700)
    monkeypatch.setattr(compiled_files.tempfile, "gettempdir", lambda: str(temporary))
    folder = find_private_folder()
    assert folder is not None
    folder.chmod(0o770)
    assert find_private_folder() is None
    folder.rename(temporary / "elsewhere")
    folder.symlink_to(temporary / "elsewhere")
    (temporary / "elsewhere").chmod(0o700)
    assert find_private_folder() is None
    folder.unlink()
    temporary.chmod(0o777)  # without the sticky bit, others can rename what is inside
    assert find_private_folder() is None
    temporary.chmod(0o1777)
    assert find_private_folder() == folder
    someone = os.getuid() + 1
    monkeypatch.setattr(compiled_files.os, "getuid", lambda: someone)
    folder.rename(temporary / f"mrnet_features-{someone}")
    assert find_private_folder() is None
