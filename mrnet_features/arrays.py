"""Array types, devices of arrays, and functions with one body per device."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Hashable
from types import ModuleType
from typing import Any, Generic, Literal, ParamSpec, TypeAlias, TypeVar

import array_api_compat
import array_api_compat.numpy
import numpy as np

Array: TypeAlias = Any
"""An array of any array-API library; NumPy on the CPU, CuPy on a GPU."""

BoolArray: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]
UInt8Array: TypeAlias = np.ndarray[Any, np.dtype[np.uint8]]
UInt16Array: TypeAlias = np.ndarray[Any, np.dtype[np.uint16]]
UInt32Array: TypeAlias = np.ndarray[Any, np.dtype[np.uint32]]
UInt64Array: TypeAlias = np.ndarray[Any, np.dtype[np.uint64]]
Int16Array: TypeAlias = np.ndarray[Any, np.dtype[np.int16]]
Int32Array: TypeAlias = np.ndarray[Any, np.dtype[np.int32]]
Int64Array: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]
Float32Array: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]
Float64Array: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]

Device = Literal["cpu", "cuda"]

P = ParamSpec("P")
R = TypeVar("R")


def namespace(*arrays: Array) -> ModuleType:
    """Array-API namespace of the arrays.

    Parameters
    ----------
    *arrays : arrays of one library

    Returns
    -------
    module
        ``array_api_compat.numpy`` for NumPy arrays, and so on.

    Examples
    --------
    >>> import numpy as np
    >>> xp = namespace(np.ones(3))
    >>> float(xp.sum(xp.ones(3)))
    3.0
    """
    for array in arrays:
        if type(array) is not np.ndarray:
            break
    else:
        if arrays:
            return array_api_compat.numpy  # type: ignore[no-any-return] # as below, but faster
    return array_api_compat.array_namespace(*arrays)  # type: ignore[no-any-return]


def resolve_device(device: str) -> Device:
    """Device to use on this machine.

    Parameters
    ----------
    device : {"auto", "cpu", "cuda"}
        "auto" is "cpu" for now: a GPU is used only if asked for.

    Returns
    -------
    {"cpu", "cuda"}

    Raises
    ------
    ValueError
        If `device` is none of these.
    RuntimeError
        If `device` is "cuda" and CuPy, the driver, a device or the compiler is missing.

    Examples
    --------
    >>> resolve_device("cpu")
    'cpu'
    """
    if device not in {"auto", "cpu", "cuda"}:
        raise ValueError(f"`device` must be 'auto', 'cpu' or 'cuda', got {device!r}.")
    if device != "cuda":
        return "cpu"  # for "auto" too, until the CUDA bodies have been timed on a GPU
    missing = missing_for_cuda()
    if missing is not None:
        raise RuntimeError(
            f"device='cuda' needs CuPy, an NVIDIA driver and a GPU. {missing} "
            "Use device='cpu' to compute without a GPU."
        )
    return "cuda"


def missing_for_cuda() -> str | None:
    """What this machine lacks for CUDA and how to get it; None if nothing is missing."""
    try:
        import cupy
    except ImportError:
        return (
            "CuPy is not installed. Install the extra that matches your driver: "
            "pip install 'mrnet-features[cuda12]' or 'mrnet-features[cuda13]'."
        )
    try:
        n_devices = int(cupy.cuda.runtime.getDeviceCount())
    except cupy.cuda.runtime.CUDARuntimeError as error:
        return f"The NVIDIA driver does not respond ({error}). Check that `nvidia-smi` works."
    if n_devices == 0:
        return "The driver reports no GPU. Check CUDA_VISIBLE_DEVICES."
    try:
        cupy.cuda.nvrtc.getVersion()
    except (ImportError, OSError, RuntimeError) as error:  # which one depends on CuPy's version
        return (
            f"CuPy finds no CUDA compiler ({error}). The extras install it: "
            "pip install 'mrnet-features[cuda12]' or 'mrnet-features[cuda13]'."
        )
    return None


def to_device(array: Array, device: Device) -> Array:
    """Array on the device; not copied if it is there already."""
    if device == "cpu":
        return to_host(array)
    import cupy

    return cupy.asarray(array)


def to_host(array: Array) -> np.ndarray[Any, Any]:
    """NumPy array of the values; not copied if it is one already."""
    if isinstance(array, np.ndarray):
        return array
    if array_api_compat.is_cupy_array(array):
        return np.asarray(array.get())
    return np.asarray(array)


def is_on_gpu(array: object) -> bool:
    """Whether an object is an array on a GPU."""
    return bool(array_api_compat.is_cupy_array(array))


def upload_once(make: Callable[..., np.ndarray[Any, Any]], *args: Hashable, like: Array) -> Array:
    """Small table ``make(*args)`` on the device of another array; on a GPU it is shared.

    An upload takes a GPU's host as long as hundreds of array operations, so tables of the same
    arguments are uploaded once while they are among the last 256.

    Parameters
    ----------
    make : callable
        A function of a module: a new one each time would be a new table.
    *args : hashable
    like : array

    Returns
    -------
    array
        Must not be written to.

    Examples
    --------
    >>> import numpy as np
    >>> upload_once(np.arange, 3, like=np.zeros(1))
    array([0, 1, 2])
    """
    if not is_on_gpu(like):
        return namespace(like).asarray(make(*args))
    import cupy

    stream = cupy.cuda.get_current_stream().ptr
    return _upload(make, args, int(cupy.cuda.runtime.getDevice()), stream)


@functools.lru_cache(maxsize=256)
def _upload(
    make: Callable[..., np.ndarray[Any, Any]],
    args: tuple[Hashable, ...],
    device: int,  # noqa: ARG001 (an array belongs to a device)
    stream: int,  # noqa: ARG001 (other streams do not wait for the copy)
) -> Array:
    """Table on the current device, uploaded in the current stream."""
    import cupy

    return cupy.asarray(make(*args))


def contiguous(array: Array) -> Array:
    """Array in C order; not copied if it is in C order already."""
    return namespace(array).ascontiguousarray(array)


class DeviceFunction(Generic[P, R]):
    """Function with one body for the CPU and one for the GPU; made by `device_function`."""

    def __init__(self, cpu: Callable[P, R]) -> None:
        functools.update_wrapper(self, cpu)
        self._cpu = cpu
        self._gpu: Callable[P, R] | None = None

    def gpu(self, body: Callable[P, R]) -> Callable[P, R]:
        """Register the GPU body; its signature must equal the CPU body's."""
        ours, theirs = inspect.signature(self._cpu), inspect.signature(body)
        if ours != theirs:
            raise TypeError(
                f"The GPU body of `{self._cpu.__name__}` must have the signature {ours}, "
                f"got {theirs}. Give both bodies the same parameters."
            )
        self._gpu = body
        return body

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the body for the device of the arrays."""
        return self.body(on_gpu=any(map(is_on_gpu, (*args, *kwargs.values()))))(*args, **kwargs)

    def body(self, *, on_gpu: bool) -> Callable[P, R]:
        """Body for arrays on a GPU, or for NumPy arrays."""
        if not on_gpu:
            return self._cpu
        if self._gpu is None:
            raise RuntimeError(
                f"`{self._cpu.__name__}` can't run on a GPU, but its input is on one. "
                "Use device='cpu' for the families that need it."
            )
        return self._gpu


def device_function(cpu: Callable[P, R]) -> DeviceFunction[P, R]:
    """Decorate the CPU body of a function that runs on the device of its input.

    The body runs on NumPy arrays and carries the docstring. ``@name.gpu`` registers the GPU body.
    It imports CuPy inside, so that the module imports, and signatures are compared, on any machine.

    Parameters
    ----------
    cpu : callable
        Body for NumPy arrays.

    Returns
    -------
    DeviceFunction
        Callable with the same signature.

    Examples
    --------
    >>> import numpy as np
    >>> @device_function
    ... def total(values):
    ...     return int(values.sum())
    >>> @total.gpu
    ... def _(values):
    ...     return int(values.sum().get())
    >>> total(np.arange(4))
    6
    """
    return DeviceFunction(cpu)
