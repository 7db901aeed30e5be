"""Typed Numba decorators, and a number that changes with every edit of this package."""

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import njit

from mrnet_features.compiling import FEWER_WRAPPERS, cached_njit

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a function with Numba, for use inside a cached one.

    Parameters
    ----------
    function : callable
        A function over numbers and arrays.

    Returns
    -------
    callable
        The compiled function, with the type of the original for the type checker.

    Notes
    -----
    The function can't create arrays. Numba then counts no references to its arguments, which costs
    a fifth of the time of functions that are called for each pixel.
    """
    options = {"error_model": "numpy", "forceinline": True, "_nrt": False}
    return cast("Function", njit(**options, **FEWER_WRAPPERS)(function))


def cached(function: Function) -> Function:
    """Compile a function with Numba and keep the machine code on disk between processes.

    Parameters
    ----------
    function : callable
        A function over numbers and arrays.

    Returns
    -------
    callable
        The compiled function, with the type of the original for the type checker.
    """
    return cached_njit(error_model="numpy")(function)


def source_stamp() -> int:
    """Checksum of this package's sources, which changes with every edit."""
    stamp = 0
    for path in sorted(Path(__file__).parent.glob("*.py")):
        stamp = zlib.crc32(path.read_bytes(), stamp)
    return stamp
