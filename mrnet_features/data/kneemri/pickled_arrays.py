"""Numeric arrays in pickle files, read without executing the pickle.

A pickle is a program for a stack machine that may call any function. NumPy's own pickles of
numbers need few of its instructions and five calls. `read_pickled_array` knows these alone: no code
in the file runs, and time and memory are bounded by the size of the file.
"""

from __future__ import annotations

import codecs
import io
import math
import os
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mrnet_features.files.reading import explain_errors, open_file
from mrnet_features.messages import quote

__all__ = ["read_pickled_array"]

MOST_BYTES = 64 * 2**20
"""Largest pickle that is read: several volumes of KneeMRI."""

MOST_STEPS = 1000
"""Most instructions that are run; NumPy's pickles have under a hundred."""


def read_pickled_array(path: str | Path) -> np.ndarray[Any, Any]:
    """Numeric array of a pickle file, read without executing the pickle.

    Parameters
    ----------
    path : path
        Written by Python 2 or 3 with any protocol.

    Returns
    -------
    ndarray
        Integers, floats or booleans. Read-only unless the file holds a writable buffer.

    Raises
    ------
    OSError
        If there is no such file, or it is not a regular file.
    ValueError
        If the pickle holds anything except one array of numbers.

    Examples
    --------
    >>> import pickle, tempfile
    >>> file = Path(tempfile.mkdtemp(), "a.pck")
    >>> _ = file.write_bytes(pickle.dumps(np.array([1, 2])))
    >>> read_pickled_array(file)
    array([1, 2])
    """
    advice = "Copy it again from a source you trust."
    with open_file(path) as file, explain_errors(path, "a pickled array of numbers", advice):
        n_bytes = os.fstat(file.fileno()).st_size
        if n_bytes > MOST_BYTES:
            raise ValueError(f"it has more than {MOST_BYTES // 2**20} MiB")
        found = _Machine(file.read(n_bytes)).run()
        if not isinstance(found, _Array):
            raise TypeError(f"it holds {_describe(found)}")
        return _build(*found.parts)


class _Dtype:
    """A type of plain numbers."""

    def __init__(self, code: Any, *_: Any) -> None:
        if not isinstance(code, str) or not re.fullmatch(r"[iuf][1248]|b1", code):
            shown = quote(code) if isinstance(code, str) else _describe(code)
            raise ValueError(f"{shown} is not a type of plain numbers")
        self.value = np.dtype(code)

    def set_state(self, _version: Any, byte_order: Any, *_: Any) -> None:
        if byte_order in ("<", ">"):
            self.value = self.value.newbyteorder(byte_order)


class _Array:
    """An array that is not built yet: a pickle may describe many, but only one is its value."""

    def __init__(self, *_: Any) -> None:
        self.parts: tuple[Any, ...] = ()

    def set_state(self, _version: Any, shape: Any, dtype: Any, is_fortran: Any, data: Any) -> None:
        self.parts = (data, dtype, shape, "F" if is_fortran else "C")


def _from_buffer(*parts: Any) -> _Array:
    array = _Array()
    array.parts = parts
    return array


def _encode(text: Any, encoding: Any) -> Any:
    """Text that stands for bytes, as protocols below 3 store them with ``codecs.encode``."""
    if encoding not in ("latin1", "latin-1"):
        raise ValueError("its bytes are not text encoded in latin1")
    return text


def _build(data: Any, dtype: Any, shape: Any, order: Any, axes: Any = None) -> np.ndarray[Any, Any]:
    """Array of some bytes; in order "K", `axes` permutes the axes of an array in order "C"."""
    if not isinstance(data, str | bytes | bytearray):  # a number would give that many zeros
        raise TypeError(f"the array's data is {_describe(data)}, not bytes")
    if not isinstance(dtype, _Dtype):
        raise TypeError("the array has no type of numbers")
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
        raise TypeError("the shape is not a tuple of sizes")
    flat = np.frombuffer(data.encode("latin1") if isinstance(data, str) else data, dtype.value)
    if flat.size != math.prod(shape):
        raise ValueError(f"{flat.size} numbers do not fill the shape")
    if order != "K":
        return flat.reshape(shape, order="F" if order == "F" else "C")
    if not isinstance(axes, tuple) or not all(type(axis) is int for axis in axes):
        raise TypeError("the axes are not a tuple of numbers")
    return flat.reshape(shape).transpose(axes)


CALLS: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy.core.numeric", "_frombuffer"): _from_buffer,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Dtype,
    ("_codecs", "encode"): _encode,
}
"""What is called instead of the functions and classes in NumPy's pickles."""


def _describe(value: Any) -> str:
    """Kind of a value; its contents are not to be trusted, and can be endless."""
    return f"a value of type {type(value).__name__.removeprefix('_').lower()}"


def _read_line_of_text(line: bytes) -> str:
    """A string between quotes, as Python 2 wrote it."""
    if len(line) < 2 or line[0] != line[-1] or line[:1] not in (b"'", b'"'):
        raise ValueError("it has a string without quotes")
    return codecs.escape_decode(line[1:-1])[0].decode("latin1")


class _Machine:
    """Stack machine of the pickle format, limited to what arrays of numbers need.

    Parameters
    ----------
    data : bytes
        The pickle.
    """

    def __init__(self, data: bytes) -> None:
        self.file = io.BytesIO(data)
        self.n_bytes = len(data)
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        """Value that the pickle describes."""
        for _ in range(MOST_STEPS):
            code = self.take(1)
            if code == b".":
                return self.stack.pop()
            if code in CONSTANTS:
                self.stack.append(CONSTANTS[code])
            elif code in NUMBERS:
                self.stack.append(self.number(NUMBERS[code]))
            elif code in SIZED:
                form, decode = SIZED[code]
                self.stack.append(decode(self.take(self.number(form))))
            elif code in LINES:
                self.stack.append(LINES[code](self.line()))
            elif code in ACTIONS:
                ACTIONS[code](self)
            else:
                raise ValueError(f"it has the instruction {code!r}, which no such array needs")
        raise ValueError(f"it has more than {MOST_STEPS} instructions")

    def take(self, n_bytes: int) -> bytes:
        """Next bytes of the file."""
        if not 0 <= n_bytes <= self.n_bytes - self.file.tell():
            raise ValueError("it ends early")
        return self.file.read(n_bytes)

    def number(self, form: str) -> int:
        """Next number, in a format of `struct`."""
        return int(struct.unpack(form, self.take(struct.calcsize(form)))[0])

    def line(self) -> bytes:
        """Next bytes up to a line end."""
        return self.file.readline().removesuffix(b"\n")

    def push_tuple(self, size: int) -> None:
        if not 0 <= size <= len(self.stack):
            raise ValueError("it takes more values than it has")
        start = len(self.stack) - size
        self.stack[start:] = [tuple(self.stack[start:])]

    def push_call(self, module: Any, name: Any) -> None:
        """Push what stands for a function or class."""
        if not isinstance(module, str) or not isinstance(name, str):
            raise TypeError("it calls a function without a name")
        known = CALLS.get((module.replace("numpy._core", "numpy.core"), name))
        if known is None:
            raise ValueError(f"it calls {quote(f'{module}.{name}')}, which is never run")
        self.stack.append(known)

    def call(self) -> None:
        arguments, function = self.stack.pop(), self.stack.pop()
        if not isinstance(arguments, tuple) or not any(function is f for f in CALLS.values()):
            raise TypeError("it calls something that is not a function")
        self.stack.append(function(*arguments))

    def set_state(self) -> None:
        state = self.stack.pop()
        if not isinstance(state, tuple) or not isinstance(self.stack[-1], _Array | _Dtype):
            raise TypeError("it changes something that is not an array")
        self.stack[-1].set_state(*state)

    def put(self, index: int) -> None:
        self.memo[index] = self.stack[-1]

    def get(self, index: int) -> None:
        self.stack.append(self.memo[index])


CONSTANTS: dict[bytes, Any] = {b"N": None, b"\x88": True, b"\x89": False, b")": ()}
NUMBERS = {b"K": "<B", b"M": "<H", b"J": "<i"}
SIZED: dict[bytes, tuple[str, Callable[[bytes], Any]]] = {
    b"U": ("<B", lambda part: part.decode("latin1")),  # text of Python 2
    b"T": ("<i", lambda part: part.decode("latin1")),
    b"\x8c": ("<B", bytes.decode),
    b"X": ("<I", bytes.decode),
    b"\x8d": ("<Q", bytes.decode),
    b"C": ("<B", bytes),
    b"B": ("<I", bytes),
    b"\x8e": ("<Q", bytes),
    b"\x96": ("<Q", bytearray),
    b"\x8a": ("<B", lambda part: int.from_bytes(part, "little", signed=True)),
}
"""Instructions that push a value: the format of its length, and how it is read."""

LINES: dict[bytes, Callable[[bytes], Any]] = {
    b"I": int,
    b"L": lambda line: int(line.removesuffix(b"L")),
    b"S": _read_line_of_text,
    b"V": lambda line: line.decode("raw-unicode-escape"),
}
"""Instructions that push the value in the rest of their line."""

ACTIONS: dict[bytes, Callable[[_Machine], Any]] = {
    b"\x80": lambda m: m.take(1),  # protocol
    b"\x95": lambda m: m.take(8),  # frame: its length is not needed
    b"(": lambda m: m.marks.append(len(m.stack)),
    b"t": lambda m: m.push_tuple(len(m.stack) - m.marks.pop()),
    b"\x85": lambda m: m.push_tuple(1),
    b"\x86": lambda m: m.push_tuple(2),
    b"\x87": lambda m: m.push_tuple(3),
    b"p": lambda m: m.put(int(m.line())),
    b"q": lambda m: m.put(m.number("<B")),
    b"r": lambda m: m.put(m.number("<I")),
    b"\x94": lambda m: m.put(len(m.memo)),
    b"g": lambda m: m.get(int(m.line())),
    b"h": lambda m: m.get(m.number("<B")),
    b"j": lambda m: m.get(m.number("<I")),
    b"c": lambda m: m.push_call(m.line().decode(), m.line().decode()),
    b"\x93": lambda m: m.push_call(m.stack.pop(-2), m.stack.pop()),
    b"R": _Machine.call,
    b"b": _Machine.set_state,
}
