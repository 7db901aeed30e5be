"""Zip files: `load_mrnet` and `Exam.load`."""

import io
import struct
import zipfile
from random import Random

import numpy as np

from mrnet_features.data.mrnet.load import load_mrnet
from mrnet_features.names import PLANES, TASKS
from tests.fuzz.cases import Case, Target, require
from tests.fuzz.driver import main
from tests.fuzz.mutation import mutate

FILE = "MRNet-v1.0.zip"
TOKENS = (b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"__MACOSX/")
NUMBERS = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\1\0", b"\x0c\0", b"\x63\0")
NAMES = (
    "../a",
    "/etc/passwd",
    "train",
    "train/axial",
    "a\\b",
    "a\x1b[2J/b",
    "\u202eyoj",
    "x" * 300,
)
_STACK = np.random.default_rng(0).integers(0, 256, (2, 9, 7), np.uint8)


def make(rng: Random) -> Case:
    """Packed folder of two exams, as it is, with odd names in it, or with changed bytes."""
    kind = rng.random()
    packed = _pack(rng, rng.sample(NAMES, 2) if 0.1 < kind < 0.3 else ())
    if kind < 0.1:
        return Case({FILE: packed}, {"is_sound": True})
    if kind < 0.3:
        return Case({FILE: packed})
    if kind < 0.6:
        return Case({FILE: mutate(packed, rng, TOKENS, packed)})
    return Case({FILE: _change_directory(bytearray(packed), rng)})


def _pack(rng: Random, names=()) -> bytes:
    file = io.BytesIO()
    top = rng.choice(("", "MRNet-v1.0/", "a/b/"))
    method = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    stack = io.BytesIO()
    np.save(stack, _STACK)
    with zipfile.ZipFile(file, "w", method) as opened:
        for task in TASKS:
            opened.writestr(f"{top}train-{task}.csv", "0000,0\n0001,0\n")
        for plane in PLANES:
            for exam in ("0000", "0001"):
                opened.writestr(f"{top}train/{plane}/{exam}.npy", stack.getvalue())
        for name in names:
            opened.writestr(zipfile.ZipInfo(top * rng.randrange(2) + name), b"x")
    return file.getvalue()


def _change_directory(data: bytearray, rng: Random) -> bytes:
    """Zip file with other numbers in its directory, or at its end."""
    start = data.index(b"PK\x01\x02")
    for _ in range(rng.choice((1, 1, 2, 5))):
        number = rng.choice((*NUMBERS, struct.pack("<I", rng.randrange(len(data)))))
        place = rng.randrange(start, len(data) - len(number))
        data[place : place + len(number)] = number
    return bytes(data)


def read(folder, case) -> None:
    """Stacks have the bytes that were packed, or are refused; checksums tell."""
    train = load_mrnet(folder / FILE)
    require(set(train.ids) <= {"0000", "0001"} or not case.facts.get("is_sound"), "other exams")
    for exam in train:
        for plane in exam.paths:
            stack = exam.load(plane)
            require(np.array_equal(stack, _STACK), "pixels differ from those that were packed")
            require(exam.find_shape(plane) == stack.shape, "shapes differ")


TARGET = Target(make, read, (ValueError, OSError))

if __name__ == "__main__":
    raise SystemExit(main(__name__))
