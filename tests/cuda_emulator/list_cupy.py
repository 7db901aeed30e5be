"""List what CuPy has: names, parameters of functions and methods. See README.md.

    python -m tests.cuda_emulator.list_cupy        # rewrites cupy_names.txt

CuPy must be installed; a GPU is not needed.
"""

import functools
import importlib
import inspect
import re
import types
from pathlib import Path

PATH = Path(__file__).with_name("cupy_names.txt")
MODULES = ("", "linalg", "fft", "cuda", "cuda.runtime", "cuda.driver", "cuda.nvrtc", "cuda.memory")
CLASSES = (
    *("ndarray", "RawModule", "RawKernel", "cuda.Device", "cuda.Stream", "cuda.Event"),
    *("cuda.MemoryPool", "cuda.PinnedMemoryPool", "cuda.runtime.CUDARuntimeError"),
)
OF_UFUNCS = ("out", "dtype", "casting")
ANY = ("*", "**")  # parameters of what tells none


@functools.cache
def read_names(path=PATH):
    """Parameters by name, as they lie in a file; None for classes and what can't be called."""
    names = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            name, bracket, parameters = line.partition("(")
            listed = tuple(part for part in parameters[:-1].split(", ") if part)
            names[name] = listed if bracket else None
    return names


def list_names():
    """The same, of the installed CuPy."""
    names = {module: None for module in MODULES if module}
    for module in MODULES:
        _add(names, f"{module}." if module else "", _find(module))
    for name in CLASSES:
        _add(names, f"{name}.", _find(name))
    return names


def _find(path):
    found = importlib.import_module("cupy")
    for part in path.split(".") if path else ():
        found = getattr(found, part)
    return found


def _add(names, before, owner):
    for name in dir(owner):
        item = getattr(owner, name, None)
        is_plain = isinstance(item, type) or not callable(item)
        is_operator = before == "ndarray." and re.fullmatch("__[a-z]+__", name)
        is_constant = before.startswith(("cuda.runtime", "cuda.driver")) and isinstance(item, int)
        is_foreign = isinstance(item, types.ModuleType)
        if (is_operator or not name.startswith("_")) and not (is_constant or is_foreign):
            names[before + name] = None if is_plain else _list_parameters(item)


def _list_parameters(item):
    if type(item).__name__ == "ufunc":
        return (*(f"x{k}" for k in range(1, item.nin + 1)), *OF_UFUNCS)
    try:
        parameters = inspect.signature(item).parameters.values()
    except (TypeError, ValueError):  # compiled: the signature is in the first line of the text
        return _read_signature(item.__doc__ or "")
    kinds = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    listed = tuple(kinds.get(p.kind, p.name) for p in parameters)
    return listed[1:] if listed[:1] == ("self",) else listed


def _read_signature(text):
    found = re.match(r"[\w.]+\((.*?)\)(?: ->.*)?$", text.partition("\n")[0])
    if found is None:
        return ANY
    listed = []
    for part in re.sub(r"\([^)]*\)|\[[^]]*\]", "", found[1]).split(","):
        declared = re.split("[=:]", part)[0].strip()
        stars = declared[: len(declared) - len(declared.lstrip("*"))]
        listed.append(stars or declared.rpartition(" ")[2])  # the name after its type in C
    return tuple(name for name in listed if name not in ("", "/", "self", "cls"))


def write_names(path=PATH):
    """Write the list of the installed CuPy."""
    cupy = importlib.import_module("cupy")
    lines = [f"# CuPy {cupy.__version__}, written by `python -m tests.cuda_emulator.list_cupy`"]
    for name, parameters in sorted(list_names().items()):
        lines.append(name if parameters is None else f"{name}({', '.join(parameters)})")
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")


if __name__ == "__main__":
    write_names()
