"""Run CUDA sources on the CPU: compiled by g++ with emulator.h, launched by ctypes.

Each argument is compared with the parameter of the kernel, and guard bytes around arrays are
checked after each launch.
"""

import ctypes
import functools
import hashlib
import itertools
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HEADERS = [Path(__file__).with_name(name) for name in ("emulator.h", "races.h")]
COMPILER = shutil.which("g++") if sys.platform == "linux" else None
OPTIONS = ("-std=c++17", "-O1", "-ffp-contract=off", "-fPIC", "-w", "-c")
WATCHING = ("-DWATCH_RACES", "-fsanitize=thread", "--param=tsan-distinguish-volatile=1")
watch_races = False  # whether to look for data races, which is slow

MOST_THREADS = 1024
MOST_SHARED = 48 * 1024
GUARD = 256  # bytes on each side of an array
GUARD_BYTE = 0xA7

DTYPES = {
    "bool": np.bool_,
    "char": np.int8,
    "signed char": np.int8,
    "unsigned char": np.uint8,
    "short": np.int16,
    "unsigned short": np.uint16,
    "int": np.int32,
    "unsigned": np.uint32,
    "unsigned int": np.uint32,
    "long long": np.int64,
    "unsigned long long": np.uint64,
    "float": np.float32,
    "double": np.float64,
}


class LaunchError(RuntimeError):
    """Launch that a GPU would refuse, or a mistake found while the kernel ran."""


@dataclass(frozen=True)
class Parameter:
    """Parameter of a kernel."""

    name: str
    dtype: np.dtype
    is_array: bool
    is_const: bool


def read_kernels(text):
    """Kernels of a source and their parameters."""
    plain = re.sub(r"//[^\n]*|/\*.*?\*/", " ", text, flags=re.DOTALL)
    kernel = re.compile(
        r'extern\s+"C"\s+__global__\s+void\s+(?:__launch_bounds__\s*\([^)]*\)\s*)?'
        r"(\w+)\s*\(([^)]*)\)"
    )
    return {
        name: [read_parameter(part) for part in parameters.split(",") if part.strip()]
        for name, parameters in kernel.findall(plain)
    }


def read_parameter(text):
    """Parameter from its declaration."""
    words = re.sub(r"__restrict__", " ", text).replace("*", " * ").split()
    name, kind = words[-1], words[:-1]
    is_array = "*" in kind
    plain = " ".join(word for word in kind if word not in {"*", "const", "volatile"})
    if plain not in DTYPES:
        raise LaunchError(f"Parameter `{text.strip()}` has no NumPy dtype.")
    return Parameter(name, np.dtype(DTYPES[plain]), is_array, is_array and kind[0] == "const")


@functools.cache
def load(text, folder, watched):
    """Library of a compiled source, cached in `folder` by the hash of its contents."""
    options = (*OPTIONS, *(WATCHING if watched else ()), "-I", str(HEADERS[0].parent))
    made_of = (text, *(header.read_text() for header in HEADERS), *options)
    digest = hashlib.blake2b("".join(made_of).encode(), digest_size=12).hexdigest()
    library = Path(folder) / f"{digest}.so"
    if not library.exists():
        with tempfile.TemporaryDirectory(dir=folder) as work:
            source, part, whole = (Path(work) / f"kernel.{end}" for end in ("cpp", "o", "so"))
            source.write_text(translate(text))
            run_compiler(*options, str(source), "-o", str(part))
            run_compiler("-shared", str(part), "-o", str(whole))
            whole.rename(library)
    return ctypes.CDLL(str(library))


def run_compiler(*arguments):
    """Run g++; raise LaunchError with its message if it fails."""
    found = subprocess.run([COMPILER, *arguments], capture_output=True, text=True, check=False)
    if found.returncode:
        raise LaunchError(found.stderr)


def translate(text):
    """C++ of a CUDA source, with dynamic shared memory as a pointer and a C function per kernel."""
    dynamic = re.compile(
        r"extern\s+__shared__\s+(?:__align__\s*\(\d+\)\s*)?([\w ]+?)\s+(\w+)\s*\[\s*\]\s*;"
    )
    body = dynamic.sub(r"\1* \2 = reinterpret_cast<\1*>(emulator::dynamic_shared);", text)
    functions = []
    for name, parameters in read_kernels(text).items():
        types = [
            f"{type_name(p.dtype)}{'*' if p.is_array else ''}"  # const parameters accept it
            for p in parameters
        ]
        values = ", ".join(f"*static_cast<{t}*>(args[{k}])" for k, t in enumerate(types))
        functions.append(
            f"static void call_{name}(void** args) {{ {name}({values}); }}\n"
            f'extern "C" const char* launch_{name}(void** args, const unsigned* grid, '
            "const unsigned* block, size_t shared, uint64_t seed) "
            f"{{ return emulator::run(call_{name}, args, grid, block, shared, seed); }}\n"
        )
    return f'#include "emulator.h"\n#line 1 "kernel.cu"\n{body}\n{"".join(functions)}'


def type_name(dtype):
    return next(name for name, known in DTYPES.items() if np.dtype(known) == dtype)


class Guarded:
    """Copy of an array between guard bytes."""

    def __init__(self, array):
        self.array = array
        self.bytes = np.full(array.nbytes + 2 * GUARD, GUARD_BYTE, np.uint8)
        # aligned to 8 bytes, the largest type (256 on a GPU)
        self.start = GUARD + -(self.bytes.ctypes.data + GUARD) % 8
        self.bytes[self.start : self.start + array.nbytes] = array.reshape(-1).view(np.uint8)
        self.before = self.bytes.copy()

    @property
    def address(self):
        return self.bytes.ctypes.data + self.start

    def inner(self):
        return self.bytes[self.start : self.start + self.array.nbytes]

    def is_intact(self):
        """Whether the guard bytes are unchanged."""
        end = self.start + self.array.nbytes
        before, now = self.before, self.bytes
        return np.array_equal(before[: self.start], now[: self.start]) and np.array_equal(
            before[end:], now[end:]
        )

    def is_unchanged(self):
        return np.array_equal(self.before, self.bytes)

    def write_back(self):
        if self.array.size:
            self.array.reshape(-1).view(np.uint8)[:] = self.inner()


_SEEDS = itertools.count(1)  # another order of threads per launch, the same in each session


def launch(text, folder, kernel, grid, block, args, shared):
    """Run a kernel; `args` are NumPy arrays and NumPy scalars."""
    parameters = read_kernels(text)[kernel]
    library = load(text, folder, watch_races)
    check_size(library, kernel, grid, block, shared)
    check_arguments(kernel, parameters, args)
    arrays = [arg for arg in args if isinstance(arg, np.ndarray)]
    guarded = {array.ctypes.data: Guarded(array) for array in arrays}
    held = [hold(arg, guarded) for arg in args]
    addresses = (ctypes.c_void_p * len(args))(*map(ctypes.addressof, held))
    sizes = [(ctypes.c_uint * 3)(*size, *(1,) * (3 - len(size))) for size in (grid, block)]
    function = getattr(library, f"launch_{kernel}")
    function.restype = ctypes.c_char_p
    function.argtypes = [ctypes.c_void_p] * 3 + [ctypes.c_size_t, ctypes.c_uint64]
    problem = function(addresses, *sizes, shared, next(_SEEDS))
    if problem:
        where = name_address(problem.decode(), parameters, args, guarded)
        raise LaunchError(f"Kernel `{kernel}`: {where}.")
    take_back(kernel, [p for p in parameters if p.is_array], arrays, guarded)


def hold(arg, guarded):
    """Memory from which a parameter is read: the address of the array, or the number."""
    if isinstance(arg, np.ndarray):
        return ctypes.c_void_p(guarded[arg.ctypes.data].address)
    return (ctypes.c_char * arg.nbytes).from_buffer_copy(arg.tobytes())


def name_address(problem, parameters, args, guarded):
    """Problem with an address replaced by parameter and index."""
    found = re.search(r"0x[0-9a-f]+", problem)
    for parameter, arg in zip(parameters, args, strict=True):
        if found and parameter.is_array:
            start = guarded[arg.ctypes.data].address
            if start <= int(found[0], 16) < start + arg.nbytes:
                index = (int(found[0], 16) - start) // arg.itemsize
                return problem.replace(found[0], f"`{parameter.name}[{index}]`")
    return problem


def take_back(kernel, parameters, arrays, guarded):
    """Copy results back; raise if the kernel wrote to guard bytes or const arrays."""
    pairs = list(zip(parameters, arrays, strict=True))
    written = {array.ctypes.data for p, array in pairs if not p.is_const}
    for parameter, array in pairs:
        held = guarded[array.ctypes.data]
        if not held.is_intact():
            raise LaunchError(f"Kernel `{kernel}` writes beyond `{parameter.name}`.")
        if array.ctypes.data not in written and not held.is_unchanged():
            raise LaunchError(f"Kernel `{kernel}` writes to `{parameter.name}`, which is const.")
    for address in written:
        guarded[address].write_back()


def check_size(library, kernel, grid, block, shared):
    """Raise unless a GPU accepts grid, block and shared memory."""
    n_threads = int(np.prod(block))
    library.emulator_static_shared.restype = ctypes.c_size_t
    used = shared + library.emulator_static_shared()
    if not 1 <= n_threads <= MOST_THREADS:
        raise LaunchError(f"Kernel `{kernel}`: a block has 1 to 1024 threads, not {n_threads}.")
    if min(grid) < 1 or grid[0] > 2**31 - 1 or max(grid[1:], default=1) > 65535:
        raise LaunchError(f"Kernel `{kernel}`: no device has a grid of {grid}.")
    if used > MOST_SHARED:
        raise LaunchError(f"Kernel `{kernel}`: {used} bytes of shared memory are more than 48 KB.")


def check_arguments(kernel, parameters, args):
    """Raise unless the arguments match the parameters."""
    if len(parameters) != len(args):
        raise LaunchError(f"Kernel `{kernel}` takes {len(parameters)} arguments, got {len(args)}.")
    spans = {}
    for parameter, arg in zip(parameters, args, strict=True):
        where = f"Kernel `{kernel}`, `{parameter.name}`"
        if parameter.is_array != isinstance(arg, np.ndarray):
            raise LaunchError(f"{where}: got {type(arg).__name__}.")
        if arg.dtype != parameter.dtype:
            raise LaunchError(f"{where} is {parameter.dtype}, got {arg.dtype}.")
        if parameter.is_array:
            if not arg.flags.c_contiguous:
                raise LaunchError(f"{where}: the array is not contiguous.")
            spans[arg.ctypes.data] = max(arg.nbytes, spans.get(arg.ctypes.data, 0))
    ordered = sorted(spans.items())
    for (one, size), (other, _) in itertools.pairwise(ordered):
        if one + size > other:
            raise LaunchError(f"Kernel `{kernel}`: two arrays overlap.")
