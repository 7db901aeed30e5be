"""A KneeMRI folder: `load_kneemri` and the pickled volume of an exam."""

import pickle
import struct
from random import Random

import numpy as np

from mrnet_features.data.kneemri.load import LEVELS_12_BIT, load_kneemri
from tests.fuzz.cases import Case, Target, require
from tests.fuzz.driver import main
from tests.fuzz.mutation import SIZES, mutate

TABLE, VOLUME = "metadata.csv", "vol01/329637-8.pck"
ROWS = (
    b"examId,seriesNo,aclDiagnosis,kneeLR,roiX,roiY,roiZ,roiHeight,roiWidth,roiDepth,volumeFilename\n"
    b"329637,8,0,1,139,184,14,74,72,3,329637-8.pck\n"
)
TOKENS = (
    b"cnumpy.core.multiarray\n_reconstruct\n", b"cnumpy\nndarray\n", b"cnumpy\ndtype\n",
    b"cos\nsystem\n", b"c_codecs\nencode\n", b"(", b"t", b"R", b"b", b".", b"\x85", b"\x86", b"2",
    b"q\x00", b"h\x00", b"r\xff\xff\xff\x7f", b"\x94", b"0", b"N", b"]", b"}", b"\x93", b"\x92",
)  # fmt: skip
_RANDOM = np.random.default_rng(0)
_STACK = _RANDOM.integers(0, 4096, (3, 8, 6)).astype(np.int16)
ARRAYS = (
    _STACK, np.asfortranarray(_STACK), _STACK.transpose(2, 0, 1), _STACK.astype(">i2"),
    _STACK.astype(np.int64), _STACK.astype(np.float32), _STACK[0], _STACK - 4096, _STACK > 5,
    np.array([None]), _STACK.tolist(),
)  # fmt: skip
SEEDS = tuple((pickle.dumps(a, protocol), k) for k, a in enumerate(ARRAYS) for protocol in range(6))
SOUND = range(5)
"""Arrays that are 12-bit volumes."""


def make(rng: Random) -> Case:
    """A folder of one volume: sound, broken, or a program of pickle that grows."""
    kind = rng.random()
    if kind < 0.1:
        data, number = rng.choice(SEEDS)
        return Case({TABLE: ROWS, VOLUME: data}, {"array": number, "is_sound": number in SOUND})
    if kind < 0.25:
        changed = mutate(ROWS, rng, (b"329637", b"0", b"2", b".pck", b"aclDiagnosis"), ROWS)
        return Case({TABLE: changed, VOLUME: SEEDS[0][0]}, {})
    if kind < 0.65:
        data = mutate(rng.choice(SEEDS)[0], rng, TOKENS, rng.choice(SEEDS)[0])
        return Case({TABLE: ROWS, VOLUME: data}, {})
    return Case({TABLE: ROWS, VOLUME: _make_program(rng)}, {})


def _make_program(rng: Random) -> bytes:
    """Opcodes with huge memo indices, lengths and doubling tuples, or any opcodes."""
    size = rng.choice((*SIZES, 2**20, 2**28, 2**40))
    small, wide = struct.pack("<I", size % 2**32), struct.pack("<Q", size)
    n_times = rng.choice((1, 5, 30, 60))
    pieces = (
        b"\x80" + bytes([rng.randrange(7)]), b"K\x01", b"N", b")", b"]", b"}", b"(", b"0", b"2",
        b"1", b"r" + small, b"j" + small, b"p%d\n" % size, b"g%d\n" % size, b"\x94",
        b"X" + small + b"abc", b"\x8d" + wide + b"abc", b"\x8e" + wide + b"abc", b"B" + small,
        b"\x96" + wide + b"abc", b"\x95" + wide, b"\x8b" + small + b"\x01", b"T" + small + b"abc",
        b"I%d\n" % size, b"L%dL\n" % size, b"L" + b"9" * 5000 + b"L\n", b"F1e999\n", b"V\\ud800\n",
        b"2\x86" * n_times, b"(" * n_times * 300, b"]" * n_times + b"a" * n_times, b"2t",
        b"(" + b"22" * n_times + b"t", b"\x85" * 5000, b"t", b"l", b"d", b"e", b"u", b"s", b"b",
        b"R", b"P0\n", b"Q", b"\x82\x01", b"\x97", b"\x98", b"\x81", b"\x92", b"i__main__\nx\n",
        b"cnumpy.core.multiarray\n_reconstruct\n", b"cnumpy\nndarray\n", b"cnumpy\ndtype\n",
        b"cnumpy._core.numeric\n_frombuffer\n", b"c_codecs\nencode\n", b"cbuiltins\neval\n",
        b"X\x02\x00\x00\x00i2", b"X\x06\x00\x00\x00latin1", b"K\x00\x85C\x01b\x87R",
    )  # fmt: skip
    program = b"".join(rng.choice(pieces) for _ in range(rng.choice((1, 3, 10, 40))))
    if rng.random() < 0.4:  # before, after or inside a sound array
        data, _ = rng.choice(SEEDS)
        at = rng.choice((0, 2, max(0, len(data) - 1), rng.randrange(len(data))))
        return data[:at] + program + data[at:]
    return b"\x80\x04" + rng.choice((b"", b"K\x01", b"N)")) + program + b"."


def read(folder, case) -> None:
    """A volume is a uint8 stack; a sound one is read exactly."""
    dataset = load_kneemri(folder)
    require(len(dataset) and list(dataset.labels.columns) == ["injury", "rupture"], "no labels")
    require(dataset.labels.isin([0, 1]).all(axis=None), "labels are not 0 or 1")
    for exam in dataset:
        stack = exam.load("sagittal")
        require(stack.dtype == np.uint8 and stack.ndim == 3 and stack.size, "it is not a stack")
    number = case.facts.get("array")
    if number is not None and not case.facts.get("is_changed"):
        require(number in SOUND, "a volume that is not 12-bit integers is accepted")
        expected = LEVELS_12_BIT[np.asarray(ARRAYS[number])]
        require(np.array_equal(stack, expected), "the volume is read differently")


TARGET = Target(make, read, (ValueError, OSError))

if __name__ == "__main__":
    raise SystemExit(main(__name__))
