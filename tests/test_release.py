"""Wheel and source archive hold what they need and no exams; the files about a release agree."""

import importlib.resources
import re
import shutil
import subprocess
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

import mrnet_features

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "mrnet_features"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MADE = {".pyc", ".pyo", ".nbi", ".nbc"}
"""Endings of files that Python and Numba write beside the sources."""


@pytest.fixture(scope="module")
def builders():
    """hatchling's builders of a wheel and a source archive; they need no network."""
    wheel = pytest.importorskip(
        "hatchling.builders.wheel", reason="hatchling, of the extra `test`, is not installed"
    )
    sdist = pytest.importorskip("hatchling.builders.sdist")
    return wheel.WheelBuilder, sdist.SdistBuilder


def build(builder, root, target):
    """File that a builder writes."""
    [made] = builder(str(root)).build(directory=str(target), versions=["standard"])
    return Path(made)


def list_sdist(root, builders, target):
    """Files of a source archive, below its folder."""
    with tarfile.open(build(builders[1], root, target)) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


def list_package_files():
    """Files of the package in the checkout, but those that running it has written."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.suffix not in MADE and ".tmp." not in path.name
    }


def list_tracked():
    """Files under version control; skips outside a checkout."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("no checkout: an unpacked source archive, or no git")
    done = subprocess.run([git, "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return {name for name in done.stdout.splitlines() if (ROOT / name).exists()}


def test_the_wheel_holds_every_file_of_the_package(builders, tmp_path):
    with zipfile.ZipFile(build(builders[0], ROOT, tmp_path)) as wheel:
        inside = {name for name in wheel.namelist() if ".dist-info/" not in name}
        about = next(name for name in wheel.namelist() if name.endswith("/METADATA"))
        text = wheel.read(about).decode()
    assert inside == list_package_files()
    endings = {Path(name).suffix for name in inside}
    assert {".py", ".cu", ".cuh", ".html", ".css", ".js", ".json", ".typed"} <= endings
    assert f"\nVersion: {mrnet_features.__version__}\n" in text


def test_no_file_of_the_package_is_ignored_by_git():
    """Builders leave out what git ignores, such as a folder named `build`."""
    assert list_package_files() <= list_tracked() | list_untracked()


def list_untracked():
    """New files that git would add."""
    done = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.splitlines())


def test_the_source_archive_holds_the_repository(builders, tmp_path):
    inside = list_sdist(ROOT, builders, tmp_path)
    missing = list_tracked() - inside
    assert missing <= {".gitignore"}
    assert inside - list_tracked() - list_untracked() <= {"PKG-INFO"}


def test_exams_that_lie_in_the_folder_are_in_no_archive(builders, tmp_path):
    root = tmp_path / "copy"
    root.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, root)
    places = ["MRNet-v1.0/train/axial", "mrnet-demo/knees", "notebooks/knees", "tests", "docs"]
    for place in places:
        (root / place).mkdir(parents=True)
        (root / place / "0000.npy").write_bytes(b"pixels")
    for name in ("train.parquet", "MRNet-v1.0/train-acl.csv", "mrnet_features/0000.npy"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(b"labels")
    (root / "mrnet_features" / "__init__.py").write_text('__version__ = "1"\n')
    inside = list_sdist(root, builders, tmp_path)
    assert "mrnet_features/__init__.py" in inside
    assert not [name for name in inside if name.endswith((".npy", ".parquet", ".csv"))]
    with zipfile.ZipFile(build(builders[0], root, tmp_path)) as wheel:
        assert not [name for name in wheel.namelist() if name.endswith(".npy")]


def test_data_files_are_found_where_the_package_is_installed():
    package = importlib.resources.files("mrnet_features")
    for name in sorted(list_package_files()):
        assert package.joinpath(*name.split("/")[1:]).is_file(), name


def test_version_and_licence_are_the_same_everywhere():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    version = re.escape(mrnet_features.__version__)
    assert re.search(rf"^version: {version}$", citation, re.MULTILINE)
    assert re.search(rf"^license: {PROJECT['license']}$", citation, re.MULTILINE)
    assert PROJECT["authors"][0]["name"] in citation
    heads = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert heads[0] == mrnet_features.__version__
    numbers = [[int(part) for part in head.split(".")] for head in heads]
    assert numbers == sorted(numbers, reverse=True)


def test_the_licence_of_every_dependency_is_listed():
    listed = re.findall(r"^\| ([\w-]+) \| [\w.]+ \| (.+) \|$", read("licences.md"), re.MULTILINE)
    names = {name for name, _ in listed}
    optional = PROJECT["optional-dependencies"]
    lines = [*PROJECT["dependencies"], *optional["report"], *optional["view"]]
    for line in lines:
        assert re.match(r"[\w-]+", line)[0].lower() in names, (
            f"{line}: run .ci/list_licences.py, see docs/releases.md"
        )
    licences = dict(listed)
    assert not [name for name in licences if "GPL" in licences[name]]


def test_what_is_not_tested_is_said():
    for text in (read("releases.md"), (ROOT / "README.md").read_text(encoding="utf-8")):
        assert re.search(r"Windows and macOS are not", text)
        assert "not a medical device" in text
    systems = [line for line in PROJECT["classifiers"] if line.startswith("Operating System")]
    assert systems == ["Operating System :: POSIX :: Linux"]


def read(page):
    return (ROOT / "docs" / page).read_text(encoding="utf-8")
