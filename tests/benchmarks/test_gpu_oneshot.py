"""The script of a first run on a GPU runs all device tests, and says why it stops without one."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "benchmarks" / "gpu_oneshot.sh"
USE = re.compile(r'(?:usefixtures|getfixturevalue)\("gpu"\)|def test\w*\([^)]*\bgpu\b')
FOLDERS = ("tests/counts", "tests/stacks", "tests/extraction")


def run(*command, **variables):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHON": sys.executable, **variables}
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def collect(*paths):
    options = ("--require-gpu", "--collect-only", "-q", "-n", "0")
    found = run(sys.executable, "-m", "pytest", *options, *paths)
    assert found.returncode == 0, found.stdout
    return {line for line in found.stdout.splitlines() if "::" in line}


def test_its_folders_hold_all_device_tests():
    assert " ".join(FOLDERS) in SCRIPT.read_text(encoding="utf-8")
    found = collect(*FOLDERS)
    files = {line.partition("::")[0] for line in found}
    assert "tests/stacks/test_prepare_cuda.py" in files
    assert not any(name.startswith("tests/extraction/gpu") for name in files)
    of_batches = {line for line in found if "test_components_do_not_cross_exams" in line}
    assert of_batches == {"tests/counts/test_batches.py::test_components_do_not_cross_exams[cuda]"}
    using = [path for path in (ROOT / "tests").rglob("test_*.py") if USE.search(path.read_text())]
    names = {path.relative_to(ROOT).as_posix() for path in using}
    assert [name for name in names if not name.startswith(FOLDERS)] == []


def test_it_says_what_is_missing_without_a_gpu(tmp_path):
    found = run("bash", str(SCRIPT), OUT=str(tmp_path), CUDA_VISIBLE_DEVICES="")
    assert found.returncode == 1
    assert "== doctor" in found.stdout
    assert "== tests" not in found.stdout
    assert "no tests and no benchmark without a GPU" in found.stderr
    assert "mrnet-features" in (tmp_path / "doctor.txt").read_text()


def test_it_runs_in_a_checkout_only(tmp_path):
    found = subprocess.run(
        ["bash", str(SCRIPT)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stdout) == (1, "")
    assert "root of a checkout" in found.stderr
