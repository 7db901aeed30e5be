"""Headers of ``.npy`` files, read by patterns; NumPy's own reader evaluates them as Python."""

from __future__ import annotations

import re
from typing import Any, BinaryIO, Literal, NamedTuple

import numpy as np

from mrnet_features.messages import quote

__all__ = ["NpyHeader", "read_npy_header"]

MAGIC = b"\x93NUMPY"

LENGTH_BYTES = {(1, 0): 2, (2, 0): 4, (3, 0): 4}
"""Bytes that hold the length of the header, by version of the format."""

FIELDS = {"descr": "'([^']*)'", "fortran_order": "(True|False)", "shape": r"\(([0-9L, ]*)\)"}
"""Pattern of each value in a header. Python 2 wrote sizes such as 256L."""

LONGEST_HEADER = 2**16
"""Most bytes of a header with its padding: what version 1.0 can hold."""


class NpyHeader(NamedTuple):
    """What the header of a ``.npy`` file says.

    Attributes
    ----------
    dtype : dtype
        It may hold Python objects, which must not be unpickled.
    order : {"C", "F"}
    shape : tuple of int
        Sizes from 0, of any length.
    """

    dtype: np.dtype[Any]
    order: Literal["C", "F"]
    shape: tuple[int, ...]


def read_npy_header(file: BinaryIO) -> NpyHeader:
    """Header of a ``.npy`` file, in bounded time and memory.

    Parameters
    ----------
    file : BinaryIO
        At its start; afterwards at the first value of the array.

    Returns
    -------
    NpyHeader

    Raises
    ------
    ValueError, TypeError
        If it is not the header of a plain array. Call it inside `explain_errors`.

    Examples
    --------
    >>> import io
    >>> file = io.BytesIO()
    >>> np.save(file, np.zeros((2, 3), np.uint8))
    >>> _ = file.seek(0)
    >>> read_npy_header(file)
    NpyHeader(dtype=dtype('uint8'), order='C', shape=(2, 3))
    """
    start = file.read(len(MAGIC) + 2)
    version = tuple(start[len(MAGIC) :])
    if not start.startswith(MAGIC) or len(version) != 2:
        raise ValueError("it does not begin as such a file")
    if version not in LENGTH_BYTES:
        raise ValueError(f"it is in .npy format {version}, not one of 1.0, 2.0 and 3.0")
    length = int.from_bytes(file.read(LENGTH_BYTES[version]), "little")
    if length > LONGEST_HEADER:
        raise ValueError(f"its header has {length} bytes")
    text = file.read(length).decode("latin1").strip().replace('"', "'")
    found = [re.findall(rf"'{name}' *: *{value}", text) for name, value in FIELDS.items()]
    if any(len(values) != 1 for values in found):
        raise ValueError(f"its header is not that of a plain array: {quote(text)}")
    (descr,), (is_fortran,), (sizes,) = found
    shape = tuple(int(size.strip().rstrip("L")) for size in sizes.split(",") if size.strip())
    return NpyHeader(np.dtype(descr), "F" if is_fortran == "True" else "C", shape)
