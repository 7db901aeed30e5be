"""Typed decorators that turn functions into machine code, and a cache that sees every edit."""

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Return `function` compiled by Numba for use inside a cached one.

    Parameters
    ----------
    function : callable
        A function over numbers and arrays.

    Returns
    -------
    callable
        The same function as machine code, with its type kept for the type checker.
    """
    return cast("Function", njit(error_model="numpy", forceinline=True)(function))


def cached(function: Function) -> Function:
    """Return `function` compiled by Numba, its machine code kept on disk between processes.

    Parameters
    ----------
    function : callable
        A function over numbers and arrays. Where it calls compiled functions of other modules it
        must close over `source_stamp`, because Numba looks at one module's age alone.

    Returns
    -------
    callable
        The same function as machine code, with its type kept for the type checker.
    """
    return cast("Function", njit(cache=True, error_model="numpy")(function))


def source_stamp() -> int:
    """Return a number that changes with every edit of this package's sources."""
    stamp = 0
    for path in sorted(Path(__file__).parent.glob("*.py")):
        stamp = zlib.crc32(path.read_bytes(), stamp)
    return stamp
