"""Machine code is kept where it can be, never trusted if damaged or someone else's, never stale."""

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import mrnet_features
from mrnet_features import compiling

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


def test_every_function_is_kept_in_this_way():
    sources = {path: path.read_text() for path in PACKAGE.rglob("*.py")}
    assert [path.name for path, text in sources.items() if "cache=True" in text] == []
    users = [path for path, text in sources.items() if "import cached_njit" in text]
    assert len(users) > 15


DOUBLE = """
from mrnet_features.compiling import cached_njit
from scale import FACTOR, shift


@cached_njit(error_model="numpy")
def double(x):
    return FACTOR * shift(x)
"""
SCALE = """
from mrnet_features.compiling import cached_njit

FACTOR = 2


@cached_njit()
def shift(x):
    return x + 0
"""


@pytest.fixture
def modules(tmp_path, monkeypatch):
    """Folder of two modules, of which one takes a number and a function from the other."""
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "double.py").write_text(DOUBLE)
    (folder / "scale.py").write_text(SCALE)
    monkeypatch.syspath_prepend(folder)
    return folder


def load():
    """Function `double` as a new process gets it."""
    for module in ("double", "scale"):
        sys.modules.pop(module, None)
    compiling._checksum.cache_clear()
    importlib.invalidate_caches()
    return importlib.import_module("double").double


def test_the_second_process_compiles_nothing(modules):
    assert load()(3) == 6
    again = load()
    assert again(3) == 6
    assert sum(again.stats.cache_hits.values()) == 1


@pytest.mark.parametrize("ending", ["nbi", "nbc"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: bytes(len(data)),
        lambda data: data[: len(data) // 3] + bytes(64) + data[len(data) // 3 + 64 :],
    ],
    ids=["empty", "half", "zeros", "a block of zeros"],
)
def test_a_damaged_file_is_compiled_again(modules, ending, damage):
    load()(3)
    [path] = (modules / "__pycache__").glob(f"double.double-*.{ending}")
    path.write_bytes(damage(path.read_bytes()))
    anew = load()
    assert anew(3) == 6
    assert sum(anew.stats.cache_hits.values()) == 0
    repaired = load()
    assert repaired(3) == 6
    assert sum(repaired.stats.cache_hits.values()) == 1


def find_code(modules):
    return sorted((modules / "__pycache__").glob("double.double-*.nbc"))


def test_code_in_the_file_of_another_signature_is_compiled_again(modules):
    double = load()
    assert (double(3), double(1.5)) == (6, 3.0)
    first, second = find_code(modules)
    both = first.read_bytes(), second.read_bytes()
    first.write_bytes(both[1])  # as when two processes write at once
    second.write_bytes(both[0])
    anew = load()
    assert (anew(3), anew(1.5)) == (6, 3.0)
    assert sum(anew.stats.cache_hits.values()) == 0


def test_code_of_an_older_source_under_a_newer_index_is_compiled_again(modules):
    assert load()(3) == 6
    [old] = find_code(modules)
    code = old.read_bytes()
    (modules / "scale.py").write_text(SCALE.replace("x + 0", "x + 1") + "\n" * 9)
    assert load()(3) == 8
    old.write_bytes(code)  # the index is written before the code
    assert load()(3) == 8


@pytest.mark.parametrize(
    ("old", "new", "expected"), [("FACTOR = 2", "FACTOR = 5", 15), ("x + 0", "x + 1", 8)]
)
def test_a_change_in_an_imported_module_is_compiled(modules, old, new, expected):
    assert load()(3) == 6
    (modules / "scale.py").write_text(SCALE.replace(old, new) + "\n" * 9)  # another size
    assert load()(3) == expected


def test_a_full_disk_does_not_end_the_run(modules, monkeypatch, caplog):
    def fail(*_):
        raise OSError(28, "No space left on device")

    compiling._say_once.cache_clear()
    monkeypatch.setattr(compiling, "_LOST", set())
    monkeypatch.setattr(compiling.caching.IndexDataCacheFile, "_save_data", fail)
    double = load()
    assert not compiling.has_lost_code()
    assert double(3) == 6
    assert "No space left" in caplog.text
    assert compiling.has_lost_code()


def call_without_caches(modules, temporary):
    """Result and standard error of a process with no folder for caches but the temporary one."""
    pycache = modules / "__pycache__"
    shutil.rmtree(pycache, ignore_errors=True)
    pycache.touch()  # a file instead of the folder stops root, too
    env = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}
    env |= {"HOME": "/dev/null", "XDG_CACHE_HOME": "/dev/null", "IPYTHONDIR": "/dev/null"}
    env |= {"TMPDIR": str(temporary), "PYTHONPATH": f"{modules}:{PACKAGE.parent}"}
    code = "import double; print(double.double(3), sum(double.double.stats.cache_hits.values()))"
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    return done.stdout, done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no user numbers")
def test_without_other_folders_a_private_temporary_one_is_used(modules, tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir(mode=0o700)
    assert call_without_caches(modules, temporary)[0] == "6 0\n"
    [folder] = temporary.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    result, shown = call_without_caches(modules, temporary)
    assert result == "6 1\n"
    assert len(shown.splitlines()) == 1
    assert f"kept in '{folder}'" in shown
    assert "NUMBA_CACHE_DIR" in shown


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no user numbers")
def test_without_any_folder_functions_are_compiled_in_each_process(modules, tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir(mode=0o700)
    (temporary / f"mrnet_features-{os.getuid()}").mkdir(mode=0o777)
    (temporary / f"mrnet_features-{os.getuid()}").chmod(0o777)
    for _ in range(2):
        result, shown = call_without_caches(modules, temporary)
        assert result == "6 0\n"
        assert len(shown.splitlines()) == 1
        assert "not kept" in shown


REFUSE = """
import sys
from mrnet_features import FeatureExtractor
from mrnet_features.compiling import NotCompiledError, refuse_compiling

try:
    with refuse_compiling():
        FeatureExtractor("minimal").get_feature_names_out()
except NotCompiledError as error:
    print(error.folder)
FeatureExtractor("minimal").get_feature_names_out()
"""


def test_compiling_can_be_refused_and_what_is_kept_is_loaded(tmp_path):
    env = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    first, second = (
        subprocess.run(
            [sys.executable, "-c", REFUSE], env=env, capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    )
    assert first.startswith(str(tmp_path))
    assert second == ""


REFUSE_HERE = """
from threading import Thread
from mrnet_features import FeatureExtractor
from mrnet_features.compiling import NotCompiledError, refuse_compiling

def compile_minimal():
    FeatureExtractor("minimal").get_feature_names_out()
    print("compiled")

with refuse_compiling():
    other = Thread(target=compile_minimal)
    other.start()
    other.join()
    try:
        FeatureExtractor("lbp").get_feature_names_out()
    except NotCompiledError:
        print("refused")
"""


def test_another_thread_compiles_while_this_one_refuses(tmp_path):
    env = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", REFUSE_HERE], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["compiled", "refused"]


def test_a_change_of_a_number_of_an_imported_module_is_compiled(tmp_path, monkeypatch):
    package = tmp_path / "mrnet_features_like"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "tissues.py").write_text("AIR = 2\n")
    (package / "paint.py").write_text(
        "from mrnet_features.compiling import cached_njit\n"
        "from mrnet_features_like import tissues as t\n\n\n"
        "@cached_njit()\ndef paint(x):\n    return x * t.AIR\n"
    )
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.syspath_prepend(tmp_path)

    def paint(x):
        for name in [name for name in sys.modules if name.startswith("mrnet_features_like")]:
            del sys.modules[name]
        compiling._checksum.cache_clear()
        importlib.invalidate_caches()
        return importlib.import_module("mrnet_features_like.paint").paint(x)

    assert paint(3) == 6
    (package / "tissues.py").write_text("AIR = 50\n")
    assert paint(3) == 150
