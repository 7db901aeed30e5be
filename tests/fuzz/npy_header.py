"""Stack files: `find_stack_problem` and `Exam.load`."""

import io
import struct
from random import Random

import numpy as np

from mrnet_features.data.exam import Exam
from mrnet_features.data.stack_files import find_stack_problem
from tests.fuzz.cases import Case, Target, find_message_problem, require
from tests.fuzz.driver import main
from tests.fuzz.mutation import NUMBERS, mutate

FILE = "0001.npy"
TOKENS = (
    b"'descr'", b"'fortran_order'", b"'shape'", b"'|u1'", b"'|O'", b"'<u8'", b"'|V1000000000'",
    b"True", b"False", b"\x93NUMPY", b"(2, 9, 7)", b"[('a', '|u1')]", b"-", b"+", b"not ", b"10L",
    b"1 if 1 else 2", b"lambda: 0", b"__import__('os')", b"f'{1}'", b"'a' 'b'", b"\\N{x}", b"\\d",
)  # fmt: skip
SIZES = (
    b"2",
    b"9",
    b"7",
    b"3",
    b"1",
    b"2.0",
    b"'2'",
    b"(2,)",
    b"-2",
    b"10**9",
    b"4294967296",
    *NUMBERS,
)
DTYPES = (
    "|u1",
    "|i1",
    "<u2",
    ">u2",
    "<f8",
    "|O",
    "|S5",
    "|V0",
    "|V3000000000",
    "<M8[D]",
    "xyz",
    "",
)


def _save(array, version=None) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=version)
    return file.getvalue()


_STACK = np.random.default_rng(0).integers(0, 256, (2, 9, 7), np.uint8)
SEEDS = (
    _save(_STACK, (1, 0)), _save(_STACK, (2, 0)), _save(_STACK, (3, 0)),
    _save(np.asfortranarray(_STACK)), _save(_STACK[:, :0]), _save(_STACK.astype(np.float32)),
    _save(np.array([[[None, 1]]], dtype=object)), _save(_STACK[0]),
    _save(np.zeros((1, 2, 3), [("a", "u1")])),
)  # fmt: skip


def make(rng: Random) -> Case:
    """Valid file, changed bytes, or a header put together from broken parts."""
    kind = rng.random()
    if kind < 0.02:
        return Case({FILE: SEEDS[rng.choice((0, 1, 3))]}, {"is_sound": True})
    if kind < 0.6:
        return Case({FILE: mutate(rng.choice(SEEDS), rng, TOKENS, rng.choice(SEEDS))})
    return Case({FILE: _make_header(rng) + rng.randbytes(rng.choice((0, 1, 125, 126, 127)))})


def _make_header(rng: Random) -> bytes:
    shape = b", ".join(rng.choice(SIZES) for _ in range(rng.choice((0, 1, 2, 3, 3, 3, 3, 4, 64))))
    nested = rng.choice((0, 0, 0, 0, 1, 50, 3000, 9000))
    shape = b"(" * nested + b"(" + shape + b",)" + b")" * rng.choice((nested, nested, 0))
    descr = repr(rng.choice(DTYPES)).encode()
    if rng.random() < 0.1:
        descr = b"[" * rng.choice((1, 5000)) + b"('a', " + descr + b")" + b"]"
    order = rng.choice((b"False", b"False", b"True", b"0", b"None", b"2"))
    parts = [b"'descr': " + descr, b"'fortran_order': " + order, b"'shape': " + shape]
    rng.shuffle(parts)
    text = b"{" + b", ".join(parts[: rng.choice((2, 3, 3, 3, 3))]) + b", }"
    if rng.random() < 0.2:
        text = mutate(text, rng, TOKENS, text)
    text += b" " * rng.choice((0, 1, 10, 60, 20_000)) + b"\n"
    length = rng.choice((len(text), len(text), len(text), len(text) + 1, 0, 2**16 - 1, 2**32 - 1))
    version = rng.choice(((1, 0), (1, 0), (2, 0), (3, 0), (1, 1), (255, 255)))
    size = struct.pack("<H", length % 2**16) if version[0] == 1 else struct.pack("<I", length)
    return b"\x93NUMPY" + bytes(version) + size + text


def read(folder, case) -> None:
    """Both readers agree, and a stack has the bytes of its file."""
    path = folder / FILE
    problem = find_stack_problem(path)
    if problem is not None:
        fault = find_message_problem(problem, [FILE])
        require(fault is None, f"find_stack_problem: the text {fault}")
    try:
        stack = Exam("0001", {"axial": path}).load("axial")
    except (ValueError, OSError):
        require(problem is not None, "find_stack_problem finds nothing in a file that load refuses")
        raise
    require(problem is None, "load reads a file with a problem")
    require(stack.dtype == np.uint8 and stack.ndim == 3 and stack.size, "it is not a stack")
    mapped = Exam("0001", {"axial": path}).load("axial", mmap=True)
    require(np.array_equal(stack, mapped), "the mapped stack differs")
    require(path.read_bytes().endswith(stack.tobytes("A")), "pixels differ from the file's bytes")
    if case.facts.get("is_sound"):
        require(np.array_equal(stack, _STACK), "a valid stack is read differently")


TARGET = Target(make, read, (ValueError, OSError))

if __name__ == "__main__":
    raise SystemExit(main(__name__))
