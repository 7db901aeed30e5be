"""The decorator that turns a typed function into machine code, cached on disk."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Return `function` compiled by Numba, with its type kept for the type checker.

    Parameters
    ----------
    function : callable
        A function over numbers and arrays.

    Returns
    -------
    callable
        The same function as machine code; the compiled code is cached next to the source.
    """
    return cast("Function", njit(cache=True, error_model="numpy")(function))
