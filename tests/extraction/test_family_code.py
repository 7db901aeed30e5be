"""The hash of the code of your own families: what changes it, and what does not."""

import importlib
import os
import subprocess
import sys

import pytest

from mrnet_features.extraction.family_code import hash_family_code
from mrnet_features.families.presets import find_families

FAMILY = '''
from dataclasses import dataclass
from typing import ClassVar

import own_counts
from own_counts import add_up
from mrnet_features.counts.histogram import histogram
from mrnet_features.families.base import Family, divide, namespace

LEAST = 200
KINDS = frozenset({"one", "other", "third"})


@dataclass(frozen=True)
class Bright(Family):
    """Fraction of bright pixels."""

    name: ClassVar[str] = "bright"
    region_sets: ClassVar[tuple[str, ...]] = ("knee",)

    def count(self, stack):
        return own_counts.count(stack)

    def describe(self, counts):
        bright = add_up(counts[..., LEAST:]) if "one" in KINDS else None
        return {"fraction": divide(bright, add_up(counts))}
'''

COUNTS = """
from mrnet_features.arrays import namespace
from mrnet_features.compiling import cached_njit
from mrnet_features.counts.histogram import histogram

@cached_njit()
def keep(number):
    return number * 1

def add_up(counts):
    return namespace(counts).sum(counts, axis=-1)

class Weight:
    def __call__(self, number):
        return number * 5

weigh = Weight()

def count(stack):
    return histogram(stack) * keep(1) * weigh(1)
"""


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Load a family from its files, with texts in them replaced."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def load(old="", new=""):
        for name, text in (("own_counts", COUNTS), ("own_family", FAMILY)):
            (tmp_path / f"{name}.py").write_text(text.replace(old, new))
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        return importlib.import_module("own_family").Bright()

    yield load
    for name in ("own_counts", "own_family"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("divide(bright, add_up(counts))", "divide(bright, add_up(counts)) + 1"),
        ("LEAST = 200", "LEAST = 100"),
        ('"third"', '"fourth"'),
        ("axis=-1", "axis=-2"),
        ("histogram(stack) *", "histogram(stack, of='levels') *"),
        ("number * 1", "number * 2"),
        ("number * 5", "number * 6"),
        ('= ("knee",)', '= ("bones",)'),
    ],
    ids=["method", "number", "set", "imported", "of a module", "compiled", "object", "attribute"],
)
def test_an_edit_of_what_a_family_computes_changes_the_hash(load, old, new):
    before = hash_family_code([load()])
    assert before == hash_family_code([load()])
    assert before != hash_family_code([load(old, new)])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LEAST = 200", "UNUSED = 5\n\n\nLEAST = 200  # grey levels"),
        ("Fraction of bright pixels.", "Share of bright pixels."),
    ],
)
def test_comments_lines_and_docstrings_do_not_change_it(load, old, new):
    assert hash_family_code([load()]) == hash_family_code([load(old, new)])


def test_families_of_the_library_have_none(load):
    assert hash_family_code(find_families("full")) == ""
    own = load()
    assert hash_family_code([*find_families("full"), own]) == hash_family_code([own])


SCRIPT = """
import own_family
from mrnet_features.extraction.family_code import hash_family_code
print(hash_family_code([own_family.Bright()]))
"""


def test_another_process_finds_the_same_whether_python_has_compiled_the_files(load, tmp_path):
    expected = hash_family_code([load()])
    for seed in ("1", "2"):  # the second finds compiled files
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), *sys.path])
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stdout.strip() == expected
    assert list((tmp_path / "__pycache__").glob("own_family*.pyc"))
