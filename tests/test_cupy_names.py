"""Every CuPy name and keyword that the package uses exists in CuPy.

CuPy imports without a GPU; where it is not installed, its names are those of the list that lies
beside the emulated GPU.
"""

import ast
import importlib
import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

import mrnet_features
from tests.cuda_emulator import list_cupy

PACKAGE = Path(mrnet_features.__file__).parent
IS_INSTALLED = importlib.util.find_spec("cupy") is not None


@pytest.fixture(scope="module")
def cupy_names():
    return list_cupy.list_names() if IS_INSTALLED else list_cupy.read_names()


def parse_package():
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE), ast.parse(path.read_text(encoding="utf-8"))


def spell(node):
    """Dotted name of an expression such as ``cupy.cuda.Stream``, else an empty text."""
    if isinstance(node, ast.Name):
        return node.id
    before = spell(node.value) if isinstance(node, ast.Attribute) else ""
    return f"{before}.{node.attr}" if before else ""


def list_uses(root):
    """Uses of a name such as ``cupy``: file, line, dotted name after it, call if it is called."""
    for path, tree in parse_package():
        called = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
        inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        for node in ast.walk(tree):
            name = spell(node)
            if name.startswith(f"{root}.") and id(node) not in inner:
                yield f"{path}:{node.lineno}", name.removeprefix(f"{root}."), called.get(id(node))


def find_faults(uses, names):
    """Uses of a name that is not listed, or with arguments that it does not take."""
    faults = []
    for where, name, call in uses:
        if name == "__version__":
            continue
        if name not in names:
            faults.append(f"{where}: cupy has no {name}")
        elif call is not None and names[name] is not None:
            takes = names[name]
            keywords = [part.arg for part in call.keywords if part.arg is not None]
            lacking = [key for key in keywords if key not in takes and "**" not in takes]
            if lacking or (len(call.args) > len(takes) and "*" not in takes):
                faults.append(f"{where}: cupy.{name} takes {takes}")
    return faults


def test_every_name_and_keyword_of_the_package_is_one_of_cupy(cupy_names):
    uses = list(list_uses("cupy"))
    assert len(uses) > 100
    assert find_faults(uses, cupy_names) == []


def test_a_name_or_keyword_that_cupy_lacks_is_found(cupy_names):
    calls = "cupy.zeros(3, like=a)", "cupy.busday_count(a, a)", "cupy.take(a, b, 0, None, 'clip')"
    uses = [(text, *read_call(text)) for text in calls]
    assert len(find_faults(uses, cupy_names)) == 3


def read_call(text):
    call = ast.parse(text, mode="eval").body
    return spell(call.func).removeprefix("cupy."), call


def test_every_array_api_name_of_the_package_is_there_for_cupy(emulated_gpu):
    xp = importlib.import_module("array_api_compat.cupy")
    used = {name for _, name, _ in list_uses("xp")}
    assert len(used) > 30
    assert sorted(name for name in used if not hasattr(xp, name)) == []


def test_the_emulated_gpu_refuses_what_cupy_lacks(emulated_gpu):
    values = emulated_gpu.zeros((2, 3))
    with pytest.raises(TypeError, match="cupy.sum takes"):
        emulated_gpu.sum(values, where=values > 0)
    with pytest.raises(TypeError, match=r"cupy.ndarray.max takes \(axis, out, keepdims\)"):
        values.max(initial=0.0)
    with pytest.raises(TypeError, match="cupy.cumsum takes"):
        emulated_gpu.cumsum(values, 0, None, None, None)
    lacking = [name for name in dir(np) if not name.startswith("_")]
    lacking = [name for name in lacking if name not in list_cupy.read_names()]
    assert "nansum" not in lacking
    assert len(lacking) > 20
    assert [name for name in lacking if hasattr(emulated_gpu, name)] == []
    extra = {name for name in vars(emulated_gpu) if not name.startswith("_")}
    assert extra - set(list_cupy.read_names()) == {"stand_in"}
    methods = {name for name in vars(emulated_gpu.ndarray) if not re.match("_[^_]|__.+_.+__", name)}
    lacking = {name for name in methods if f"ndarray.{name}" not in list_cupy.read_names()}
    assert lacking <= {"__firstlineno__", "__weakref__"}  # of Python


def test_a_list_that_was_written_is_read_back(tmp_path, monkeypatch):
    lines = "# CuPy 0", "add(x1, x2, out)", "float64", "ndarray.item()", ""
    path = tmp_path / "names.txt"
    path.write_text("\n".join(lines), encoding="utf-8")
    expected = {"add": ("x1", "x2", "out"), "float64": None, "ndarray.item": ()}
    assert list_cupy.read_names(path) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("array.sum(self, axis=None, dtype=None) -> array\n\nSum.", ("axis", "dtype")),
        ("array.reshape(self, *shape, order='C')", ("*", "order")),
        ("alloc(size_t size, int flags=(1, 2)) -> Memory", ("size", "flags")),
        ("No signature.", list_cupy.ANY),
    ],
)
def test_parameters_are_read_from_the_text_of_compiled_functions(text, expected):
    assert list_cupy._read_signature(text) == expected
