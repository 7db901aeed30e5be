"""Code of families that are not of this library: an edit of it changes their features."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import CellType, CodeType, FunctionType, MappingProxyType, MethodType, ModuleType
from typing import Any

import numpy as np

from mrnet_features.arrays import DeviceFunction
from mrnet_features.extraction.table_files.keys import hash_texts
from mrnet_features.families.base import Family

__all__ = ["hash_family_code"]

PACKAGE = __name__.partition(".")[0]

INSTALLED = {"site-packages", "dist-packages"}
"""Folders of installed packages, whose code is taken to be that of their version."""


def hash_family_code(families: Sequence[Family]) -> str:
    """Hash of the code of families that are not of this library.

    It covers the classes, and the functions, classes and values of your own modules that their
    methods use. Comments, docstrings of classes and line numbers do not count.

    Parameters
    ----------
    families : sequence of Family

    Returns
    -------
    str
        Empty if all families are of this library.
    """
    tops = {type(family): _find_top(type(family).__module__) for family in families}
    own = {cls: top for cls, top in tops.items() if top != PACKAGE}
    walk = _Walk(frozenset(own.values()))
    return hash_texts([text for cls in own for text in walk.describe(cls)]) if own else ""


class _Walk:
    """Texts of all that the code of a family consists of; each object once.

    Parameters
    ----------
    tops : set of str
        Packages of the families: theirs even where they are installed.
    """

    def __init__(self, tops: frozenset[str]) -> None:
        self._tops = tops
        self._seen: dict[int, Any] = {}  # kept alive, so that no other object gets its number
        self._open: set[int] = set()

    def describe(self, value: Any) -> Iterator[str]:
        """Texts of a class, a function or a value; its name alone if it is of another package."""
        if value is None or isinstance(value, bool | int | float | complex | str | bytes):
            yield repr(value)
        elif isinstance(value, np.ndarray | np.generic) and value.dtype != object:
            yield f"{value.dtype} {value.shape} {value.tobytes().hex()}"
        elif isinstance(value, CodeType):
            yield value.co_code.hex()
            yield from value.co_names
            yield from self.describe(value.co_consts)
        elif isinstance(value, tuple | list | dict | MappingProxyType | set | frozenset):
            # equal constants may be one object or several, so each is described
            if id(value) not in self._open:
                self._open.add(id(value))
                yield from self._describe_container(value)
                self._open.remove(id(value))
        elif id(value) not in self._seen:
            self._seen[id(value)] = value
            if isinstance(value, type):
                yield from self._describe_class(value)
            else:
                yield from self._describe_object(value)

    def _describe_container(self, parts: Any) -> Iterator[str]:
        if isinstance(parts, set | frozenset):  # its order differs from process to process
            yield from sorted(text for part in parts for text in self.describe(part))
            return
        for part in parts if isinstance(parts, tuple | list) else parts.items():
            yield from self.describe(part)

    def _describe_class(self, cls: type) -> Iterator[str]:
        yield f"{cls.__module__}.{cls.__qualname__}"
        for base in cls.__mro__:
            for name, part in sorted(vars(base).items()) if self._is_own(base.__module__) else ():
                if _is_written(name, part):
                    yield name
                    yield from self.describe(part)

    def _describe_object(self, value: Any) -> Iterator[str]:
        """Function, whatever wraps functions, or an instance of a class."""
        if isinstance(value, FunctionType):
            yield from self._describe_function(value)
        elif isinstance(value, property | functools.partial | DeviceFunction):
            parts = (value.fget,) if isinstance(value, property) else _list_parts(value)
            for part in parts:
                yield from self.describe(part)
        elif isinstance(value, ModuleType):
            yield value.__name__
        else:
            for name in ("__func__", "__wrapped__", "func", "py_func"):
                inner = getattr(value, name, None)
                if isinstance(inner, FunctionType | MethodType):
                    yield from self.describe(inner)
                    return
            yield from self.describe(type(value))
            if self._is_own(type(value).__module__):
                yield from self.describe(getattr(value, "__dict__", {}))

    def _describe_function(self, function: FunctionType) -> Iterator[str]:
        yield f"{function.__module__}.{function.__qualname__}"
        if not self._is_own(function.__module__ or ""):
            return
        yield from self.describe(function.__code__)
        yield from self.describe(function.__defaults__)
        yield from self.describe(function.__kwdefaults__)
        for cell in function.__closure__ or ():
            yield from self.describe(_read_cell(cell))
        yield from self._describe_used(function.__globals__, set(_list_names(function.__code__)))

    def _describe_used(self, names: Mapping[str, Any], used: set[str]) -> Iterator[str]:
        """Globals of a module that code uses, and those of your own modules among them."""
        for name in sorted(used & names.keys()):
            found = names[name]
            yield name
            if not isinstance(found, ModuleType):
                yield from self.describe(found)
            elif self._is_own(found.__name__) and id(found) not in self._seen:
                # the names that are used of it are among the names of the code
                self._seen[id(found)] = found
                yield from self._describe_used(vars(found), used)
                del self._seen[id(found)]  # other functions use other names of it

    def _is_own(self, module: str) -> bool:
        """Whether a module is neither of this library nor of Python nor of an installed package."""
        top = _find_top(module)
        if top in self._tops:
            return True
        return top != PACKAGE and top not in sys.stdlib_module_names and not _is_installed(top)


def _find_top(module: str) -> str:
    return module.partition(".")[0]


def _is_installed(top: str) -> bool:
    found = sys.modules.get(top)
    folders = [getattr(found, "__file__", None), *getattr(found, "__path__", ())]
    return any(INSTALLED & set(Path(folder).parts) for folder in folders if folder)


def _is_written(name: str, part: object) -> bool:
    """Whether an attribute of a class is of its author, not of Python or `dataclass`."""
    if not name.startswith(("__", "_abc_")):
        return True
    if not isinstance(part, FunctionType) or name.startswith(("__annotate", "__repr")):
        return False
    return part.__code__.co_filename != "<string>"


def _read_cell(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # nothing has been put into it
        return None


def _list_parts(value: Any) -> tuple[Any, ...]:
    if isinstance(value, functools.partial):
        return value.func, value.args, value.keywords
    return tuple(part for part in vars(value).values() if isinstance(part, FunctionType))


def _list_names(code: CodeType) -> Iterator[str]:
    """Names of globals and attributes in code and in the functions inside it."""
    yield from code.co_names
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from _list_names(part)
