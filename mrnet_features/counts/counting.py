"""`count` and `shared_count`: decorators for functions of a Stack with one body per device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeVar, cast

from mrnet_features.arrays import Array, DeviceFunction, is_on_gpu, namespace
from mrnet_features.stacks.stack import Stack

P = ParamSpec("P")
R = TypeVar("R")


class Count(DeviceFunction[P, R], Generic[P, R]):
    """Function of a Stack and keyword options, with a CPU and a GPU body; made by `count`."""

    def __init__(self, cpu: Callable[P, R], *, is_shared: bool = False) -> None:
        super().__init__(cpu)
        self._check: Callable[..., None] | None = None
        self._is_shared = is_shared

    def check(self, body: Callable[..., None]) -> Callable[..., None]:
        """Register a check of the options, run before either body."""
        self._check = body
        return body

    def __call__(self, *args: P.args, **options: P.kwargs) -> R:
        """Counts of the stack, computed on the device of its arrays."""
        stack = args[0] if args else None
        if len(args) != 1 or not isinstance(stack, Stack):
            got = ", ".join(type(arg).__name__ for arg in args) or "nothing"
            raise TypeError(
                f"`{self._cpu.__name__}` must get one Stack and keyword options, got {got}. "
                "Make a Stack with `prepare`."
            )
        if self._check is not None:
            self._check(**options)
        if not self._is_shared:
            return self._run(stack, options)
        key = (self, *sorted(options.items()))
        return stack.remember(key, lambda: self._run(stack, options))

    def _run(self, stack: Stack, options: dict[str, Any]) -> R:
        body = cast("Callable[..., R]", self.body(on_gpu=is_on_gpu(stack.grey)))
        return body(stack, **options)


def count(cpu: Callable[P, R]) -> Count[P, R]:
    """Decorate the CPU body of a count.

    The body runs on NumPy arrays and carries the docstring. ``@name.gpu`` registers the CUDA body,
    ``@name.check`` a check of the options for both.

    Parameters
    ----------
    cpu : callable
        Body for NumPy arrays: a Stack and keyword-only options.

    Returns
    -------
    Count

    Examples
    --------
    >>> import numpy as np
    >>> @count
    ... def brightest(stack, *, of="grey"):
    ...     return getattr(stack, of).max(axis=(1, 2))
    >>> ones = np.ones((2, 3, 3), np.uint8)
    >>> brightest(Stack(ones, ones, ones, n_levels=1), of="levels").tolist()
    [1, 1]
    """
    return Count(cpu)


def shared_count(cpu: Callable[P, R]) -> Count[P, R]:
    """Decorate the CPU body of a count whose result is stored in the stack.

    Several families can then share the result. It must not be written to, and the options must be
    hashable.

    Parameters
    ----------
    cpu : callable

    Returns
    -------
    Count
    """
    return Count(cpu, is_shared=True)


def per_slice(threshold: int | Array, stack: Stack) -> Array:
    """Threshold of each slice, from one number or one per slice.

    Parameters
    ----------
    threshold : int, or array of shape (n_slices,), integer
    stack : Stack

    Returns
    -------
    array of shape (n_slices,), int32
        On the device of the stack.

    Raises
    ------
    ValueError
        If it is neither one number nor one per slice.
    """
    xp = namespace(stack.grey)
    if isinstance(threshold, int):
        return xp.full((stack.n_slices,), threshold, dtype=xp.int32)
    if tuple(threshold.shape) != (stack.n_slices,):
        raise ValueError(
            f"`threshold` must be one number, or one for each of the {stack.n_slices} slices, got "
            f"shape {tuple(threshold.shape)}."
        )
    return xp.astype(threshold, xp.int32)
