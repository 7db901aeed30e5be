"""Substitute for CuPy in tests: NumPy behind an array class of its own.

It refuses what CuPy refuses: NumPy and CuPy arrays in one operation, implicit conversion to NumPy,
kernel arguments of another type than the parameter, and names and keywords that are not in
cupy_names.txt. `empty` holds arbitrary bytes. Kernels run through emulator.py; devices, streams and
memory are in devices_on_cpu.py.
"""

import operator
import types

import numpy as np

from tests.cuda_emulator import devices_on_cpu as devices
from tests.cuda_emulator.list_cupy import read_names

METHODS = """
    all any argmax argmin argsort astype clip copy cumprod cumsum diagonal dot fill flatten max mean
    min nonzero prod ravel repeat reshape sort squeeze std sum swapaxes take transpose var view
"""


class ndarray:
    """Array on an emulated device."""

    __array_ufunc__ = None  # NumPy's operators defer to those of this class
    __hash__ = None
    __slots__ = ("__weakref__", "_device", "_held")

    def __init__(self, held):
        self._held = np.asarray(held)
        self._device = devices.current()
        devices.claim(self._held)

    def __array__(self, *args, **kwargs):
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Use `.get()`.")

    def __array_function__(self, function, *args):
        raise TypeError(f"numpy.{function.__name__} got an array of the device.")

    def get(self):
        """Copy as a NumPy array."""
        return self._held.copy()

    def set(self, arr, stream=None):
        """Copy from a NumPy array of this shape and dtype, in the order of a stream."""
        if not isinstance(arr, np.ndarray):
            raise TypeError("Only numpy.ndarray can be set to cupy.ndarray")
        if self.dtype != arr.dtype:
            raise TypeError(f"{arr.dtype} array cannot be set to {self.dtype} array")
        if self.shape != arr.shape:
            raise ValueError(f"Shape mismatch. Old shape: {self.shape}, new shape: {arr.shape}")
        devices.copy_in(self._held, arr, stream or devices.get_current_stream(self._device))

    def item(self, *args):
        return self._held.item(*args)

    def tolist(self):
        return self._held.tolist()

    @property
    def device(self):
        return devices.Device(self._device)

    @property
    def flags(self):
        return self._held.flags

    def __len__(self):
        return len(self._held)

    def __iter__(self):
        return (ndarray(part) for part in self._held)

    def __setitem__(self, index, value):
        self._held[unwrap(index)] = unwrap(value)

    def __repr__(self):
        return repr(self._held).replace("array", "device_array")


def unwrap(value):
    """NumPy value of a device value; NumPy arrays are refused."""
    if isinstance(value, ndarray):
        if value._device != devices.current():
            raise ValueError(
                f"An array of device {value._device} is used on device {devices.current()}."
            )
        return value._held
    if isinstance(value, np.ndarray) and value.ndim > 0:
        raise TypeError(f"Unsupported type {type(value)}: a NumPy array beside those of CuPy.")
    if isinstance(value, tuple | list):
        parts = [unwrap(part) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return value


def wrap(value):
    """Device value of a NumPy value; single numbers stay on the device, as with CuPy."""
    if isinstance(value, np.ndarray | np.generic):
        return ndarray(value)
    if isinstance(value, tuple | list):
        parts = [wrap(part) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return value


def as_in_cupy(name, function):
    """Function that takes the arguments of CuPy's function of that name and no others."""
    parameters = read_names()[name]
    most = len(parameters) + name.startswith("ndarray.")

    def call(*args, **kwargs):
        unknown = [key for key in kwargs if key not in parameters and "**" not in parameters]
        if unknown or (len(args) > most and "*" not in parameters):
            raise TypeError(
                f"cupy.{name} takes ({', '.join(parameters)}), got {len(args)} arguments and "
                f"the keywords {list(kwargs)}."
            )
        return function(*args, **kwargs)

    call.__name__ = name.rpartition(".")[2]
    return call


def on_device(function):
    """NumPy function that takes and returns device arrays."""

    def call(*args, **kwargs):
        plain = {name: unwrap(value) for name, value in kwargs.items()}
        found = function(*unwrap(args), **plain)
        out = kwargs.get("out")
        return out if out is not None else wrap(found)

    call.__name__ = getattr(function, "__name__", "call")
    return call


def _fill_class():
    for name in ("shape", "dtype", "ndim", "size", "nbytes", "strides", "itemsize"):
        setattr(ndarray, name, property(lambda self, name=name: getattr(self._held, name)))
    for name in ("T", "mT", "real", "imag"):
        setattr(ndarray, name, property(lambda self, name=name: wrap(getattr(self._held, name))))
    for name in METHODS.split():
        method = on_device(getattr(np.ndarray, name))
        setattr(ndarray, name, as_in_cupy(f"ndarray.{name}", method))
    for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "lshift", "rshift"):
        _add_operator(name, getattr(operator, name))
    for name, key in (("and", "and_"), ("or", "or_"), ("xor", "xor")):
        _add_operator(name, getattr(operator, key))
    for name in ("lt", "le", "gt", "ge", "eq", "ne", "matmul", "getitem"):
        setattr(ndarray, f"__{name}__", on_device(getattr(operator, name)))
    for name in ("neg", "pos", "invert", "abs"):
        setattr(ndarray, f"__{name}__", on_device(getattr(operator, name)))
    for name, kind in (("int", int), ("float", float), ("bool", bool), ("complex", complex)):
        setattr(ndarray, f"__{name}__", lambda self, kind=kind: kind(self._held))


def _add_operator(name, function):
    def in_place(self, other, function=function):
        self._held[...] = function(self._held, unwrap(other)).astype(
            self._held.dtype, casting="same_kind"
        )
        return self

    setattr(ndarray, f"__{name}__", on_device(function))
    setattr(ndarray, f"__r{name}__", on_device(lambda one, other: function(other, one)))
    setattr(ndarray, f"__i{name}__", in_place)


class RawModule:
    """CUDA source, run by the emulator."""

    folder = None  # cache of compiled sources

    def __init__(self, *, code, options=(), backend="nvrtc"):
        if not isinstance(code, str) or not isinstance(options, tuple):
            raise TypeError("`code` must be a str and `options` a tuple.")
        self._code = code

    def get_function(self, name):
        return RawKernel(self._code, name)


class RawKernel:
    """Kernel of a CUDA source."""

    def __init__(self, code, name):
        if name not in emulator.read_kernels(code):
            raise emulator.LaunchError(f"The source has no kernel `{name}`.")
        self._code, self._name = code, name

    def __call__(self, grid, block, args, *, shared_mem=0):
        for what in (grid, block, args):
            if not isinstance(what, tuple):
                raise TypeError(f"Grid, block and arguments must be tuples, got {what!r}.")
        for arg in args:
            if not isinstance(arg, ndarray | np.generic):
                raise TypeError(
                    f"Kernel `{self._name}` got a {type(arg).__name__}. Pass device arrays and "
                    "NumPy scalars of the type of the parameter."
                )
        plain = [unwrap(arg) for arg in args]
        emulator.launch(self._code, RawModule.folder, self._name, grid, block, plain, shared_mem)


def asarray(obj, dtype=None, order=None, **kwargs):
    """Device array of any array-like."""
    if isinstance(obj, ndarray) and (dtype is None or obj.dtype == np.dtype(dtype)):
        return obj
    return array(obj, dtype=dtype, order=order or "K")


def array(obj, dtype=None, copy=True, order="K", **kwargs):
    held = obj._held if isinstance(obj, ndarray) else obj
    if isinstance(held, list | tuple) and any(isinstance(part, ndarray) for part in held):
        held = unwrap(list(held))
    return ndarray(np.array(held, dtype=dtype, order=order))


def empty(shape, dtype=float, order="C"):
    """Device array of arbitrary bytes."""
    made = np.empty(shape, dtype, order)
    made.reshape(-1).view(np.uint8)[:] = devices.RUBBISH
    return ndarray(made)


def empty_like(a, dtype=None, **kwargs):
    return empty(a.shape, dtype or a.dtype)


def asnumpy(a):
    return a.get()


def _make_submodule(name, **items):
    made = types.ModuleType(f"cupy.{name}")
    vars(made).update(items, __path__=[])
    return made


def _delegate(items, module=""):
    """Functions that take and return device arrays, as far as CuPy has them; others unchanged."""
    return {
        name: as_in_cupy(module + name, on_device(item)) if read_names()[module + name] else item
        for name, item in items.items()
        if module + name in read_names() and not isinstance(item, types.ModuleType)
    }


def make_modules(its_emulator, folder):
    """Module `cupy` and its submodules, for ``sys.modules``."""
    global emulator
    emulator = its_emulator
    RawModule.folder = str(folder)
    of_cuda = devices.make_submodules()
    pools = ("get_default_memory_pool", "get_default_pinned_memory_pool")
    inner = {
        "cuda": _make_submodule(
            "cuda", **{name: item for name, item in of_cuda.items() if name not in pools}
        ),
        **{
            name: _make_submodule(name, **_delegate(vars(getattr(np, name)), f"{name}."))
            for name in ("linalg", "fft")
        },
    }
    cupy = types.ModuleType("cupy")
    own = (asarray, array, empty, empty_like, asnumpy)
    plain = ("finfo", "iinfo", "issubdtype", "result_type", "can_cast")
    vars(cupy).update(
        _delegate({name: getattr(np, name) for name in dir(np)}),
        **{item.__name__: item for item in (ndarray, RawModule, RawKernel)},
        **{item.__name__: as_in_cupy(item.__name__, item) for item in own},
        **{name: getattr(np, name) for name in plain},
        **inner,
        **{name: of_cuda[name] for name in pools},
        stand_in=devices,
        __path__=[],
        __version__="0.0 (NumPy on the CPU)",
    )
    modules = [
        cupy,
        *inner.values(),
        *(m for m in of_cuda.values() if isinstance(m, types.ModuleType)),
    ]
    return {module.__name__: module for module in modules}


emulator = None
_fill_class()
