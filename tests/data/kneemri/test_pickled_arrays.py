"""Pickles of arrays: those of NumPy are read, no code runs, time and memory are bounded."""

import pickle
import struct
import time
import tracemalloc

import numpy as np
import pytest

from mrnet_features.data.kneemri.pickled_arrays import MOST_BYTES, read_pickled_array

PERMUTED = (
    b"\x80\x05\x95\xb0\x00\x00\x00\x00\x00\x00\x00\x8c\x13numpy._core.numeric\x94\x8c\x0b_frombuffer\x94"
    b"\x93\x94(\x960\x00\x00\x00\x00\x00\x00\x00%b\x94\x8c\x05numpy\x94\x8c\x05dtype\x94\x93\x94\x8c\x02i2\x94"
    b"\x89\x88\x87\x94R\x94(K\x03\x8c\x01<\x94NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t\x94bK\x02K\x03"
    b"K\x04\x87\x94\x8c\x01K\x94K\x02K\x00K\x01\x87\x94t\x94R\x94."
) % np.arange(24, dtype="<i2").tobytes()
"""Protocol 5 as NumPy 2.5 writes an array of shape (2, 3, 4) with axes in the order 2, 0, 1."""


def make_bytes(text):
    """Pickle code of an array of one byte with another text in place of its bytes."""
    return (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n)R(K\x01K\x01\x85"
        b"cnumpy\ndtype\nU\x02u1\x85R\x89" + text + b"tb."
    )


DOUBLING = b")" + b"\x86".join([b"q\x00h\x00"] * 200) + b"\x86"
"""A tuple of two tuples of two tuples ..., 200 times."""

HOSTILE = {
    "doubling tuples as the value": DOUBLING + b".",
    "doubling tuples as a shape": (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n)R(K\x01" + DOUBLING
        + b"cnumpy\ndtype\nU\x02u1\x85R\x89U\x00tb."
    ),
    "doubling tuples as a type": b"cnumpy\ndtype\n" + DOUBLING + b"\x85R.",
    "doubling tuples as an encoding": b"c_codecs\nencode\nU\x00" + DOUBLING + b"\x86R.",
    "a memo index of 32 bits": b"Nr\xff\xff\xff\xff.",
    "a memo index of 4000 digits": b"Np" + b"9" * 4000 + b"\n.",
    "a memo index of 9000 digits": b"Np" + b"9" * 9000 + b"\n.",
    "an absent memo index": b"j\xff\xff\xff\xff.",
    "a frame of 2**64 - 1 bytes": b"\x80\x04\x95" + b"\xff" * 8 + b"N.",
    "text of 2**64 - 1 bytes": b"\x8d" + b"\xff" * 8 + b".",
    "bytes of 2**40 bytes": b"\x8e" + struct.pack("<Q", 2**40) + b".",
    "a byte array of 2**40 bytes": b"\x96" + struct.pack("<Q", 2**40) + b".",
    "text of -1 bytes": b"T\xff\xff\xff\xff.",
    "an integer of 2 GiB": b"\x8b\xff\xff\xff\x7f.",
    "an integer of 9000 digits": b"I" + b"9" * 9000 + b"\n.",
    "a million values": b"N" * 1_000_000 + b".",
    "a million lists": b"]" * 1_000_000 + b".",
    "a value from an empty stack": b"q\x00.",
    "a tuple from an empty stack": b"\x87.",
    "a tuple without a mark": b"t.",
    "a mark above the stack": b"NN(tt.",
    "buffers that are elsewhere": b"\x80\x05\x97.",
    "a persistent id": b"Pa\n.",
    "an extension": b"\x82\x01.",
    "attributes of a function": b"cnumpy\nndarray\n(tb.",
    "a dotted name": b"\x8c\x05numpy\x8c\x0bdtype.__new__\x93.",
    "a type of Python objects": b"cnumpy\ndtype\nU\x01O\x85R.",
    "an array without bytes": b"cnumpy.core.multiarray\n_reconstruct\n)R.",
    "text that is not latin 1": make_bytes(b"V\\u0660\n"),
    "too few bytes": make_bytes(b"U\x00"),
    "axes that repeat": PERMUTED.replace(b"K\x02K\x00K\x01", b"K\x02K\x02K\x01"),
    "axes out of range": PERMUTED.replace(b"K\x02K\x00K\x01", b"K\x63K\x00K\x01"),
    "sizes that are booleans": PERMUTED.replace(b"K\x02K\x03K\x04", b"\x88K\x06K\x04"),
    "sizes whose product overflows": make_bytes(b"U\x00").replace(
        b"K\x01\x85", b"\x8a\x06\x00\x00\x00\x00\x01\x00\x8a\x06\x00\x00\x00\x00\x01\x00\x86"
    ),
    "a mebibyte encoded 190 times": (
        b"X" + struct.pack("<I", 2**20) + bytes(2**20) + b"q\x00"
        + b"c_codecs\nencode\nh\x00U\x06latin1\x86R" * 190 + b"."
    ),
}  # fmt: skip


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "array",
    [
        np.arange(24, dtype=">u2").reshape(2, 3, 4),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.array([[True, False]]),
        np.array(7, np.int32),
    ],
)
def test_pickles_of_numpy_arrays_are_read(array, protocol, tmp_path):
    (tmp_path / "a.pck").write_bytes(pickle.dumps(array, protocol=protocol))
    found = read_pickled_array(tmp_path / "a.pck")
    np.testing.assert_array_equal(found, array)
    assert found.dtype == array.dtype


@pytest.mark.parametrize("axes", [(2, 0, 1), (0, 2, 1), (1, 0, 2)])
def test_arrays_with_permuted_axes_are_read(axes, tmp_path):
    array = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    payload = PERMUTED.replace(b"K\x02K\x00K\x01", b"K%cK%cK%c" % axes)
    for data in (payload, pickle.dumps(array.transpose(axes), 5)):
        (tmp_path / "a.pck").write_bytes(data)
        found = read_pickled_array(tmp_path / "a.pck")
        np.testing.assert_array_equal(found, array.transpose(axes))
        assert found.dtype == np.int16


def test_pickles_of_python_2_in_protocol_0_are_read(tmp_path):
    payload = (
        b"cnumpy.core.multiarray\n_reconstruct\np0\n(cnumpy\nndarray\np1\n(I0\ntp2\nS'b'\np3\ntp4\n"
        b"Rp5\n(I1\n(L2L\ntp6\ncnumpy\ndtype\np7\n(S'u2'\np8\nI0\nI1\ntp9\nRp10\n(I3\nS'<'\np11\n"
        b"NNNI-1\nI-1\nI0\ntp12\nbI00\nS'\\x01\\x00\\xff\x0f'\np13\ntp14\nb."
    )
    (tmp_path / "a.pck").write_bytes(payload)
    assert read_pickled_array(tmp_path / "a.pck").tolist() == [1, 4095]


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_file_costs_little_time_and_memory(case, tmp_path):
    (tmp_path / "a.pck").write_bytes(HOSTILE[case])
    tracemalloc.start()
    start = time.perf_counter()
    with pytest.raises(ValueError, match="can't be read as a pickled array of numbers") as caught:
        read_pickled_array(tmp_path / "a.pck")
    assert time.perf_counter() - start < 1
    assert tracemalloc.get_traced_memory()[1] < 10 * 2**20
    tracemalloc.stop()
    assert len(str(caught.value)) < 400 + len(str(tmp_path))


def test_a_file_that_is_too_large_is_refused(tmp_path):
    with (tmp_path / "a.pck").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(ValueError, match="it has more than 64 MiB"):
        read_pickled_array(tmp_path / "a.pck")


def test_pickles_of_python_2_are_read(tmp_path):
    # Protocol 2 as numpy 1 under Python 2 wrote it: bytes as a short str, old module names.
    payload = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02K\x00\x85q\x03"
        b"U\x01bq\x04\x87q\x05Rq\x06(K\x01K\x02\x85q\x07cnumpy\ndtype\nq\x08U\x02u2q\x09K\x00K\x01"
        b"\x87q\nRq\x0b(K\x03U\x01<q\x0cNNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tq\rb\x89"
        b"U\x04\x01\x00\xff\x0fq\x0etq\x0fb."
    )
    (tmp_path / "a.pck").write_bytes(payload)
    assert read_pickled_array(tmp_path / "a.pck").tolist() == [1, 4095]


class Bomb:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_no_code_in_a_pickle_runs(tmp_path):
    trace = tmp_path / "trace"
    bombs = [
        Bomb(trace),
        [np.zeros(3), Bomb(trace)],
        np.array([Bomb(trace)], dtype=object),
        {"volume": np.zeros(3)},
        np.array(["text"]),
        np.array([object()], dtype=object),
        np.zeros(2, dtype=[("a", "i4")]),
        np.float64(3.0),
    ]
    for k, bomb in enumerate(bombs):
        for protocol in (0, 2, 4, 5):
            file = tmp_path / f"{k}.pck"
            file.write_bytes(pickle.dumps(bomb, protocol=protocol))
            with pytest.raises(ValueError, match="can't be read as a pickled array of numbers"):
                read_pickled_array(file)
    assert not trace.exists()


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"not a pickle",
        pickle.dumps(np.arange(9))[:40],
        b"cos\nsystem\n(S'true'\ntR.",
        b"cnumpy.core.multiarray\nscalar\n(tR.",
        b"cnumpy\nload\n(S'x'\ntR.",
        pickle.dumps(np.arange(9, dtype=np.int16)).replace(b"\x00\x00\x01\x00", b"\x00"),
        # 72 zeros of a number instead of bytes
        b"cnumpy.core.numeric\n_frombuffer\n(I72\ncnumpy\ndtype\n(S'i8'\ntR(I9\ntS'C'\ntR.",
    ],
)
def test_broken_files_are_refused(payload, tmp_path):
    (tmp_path / "a.pck").write_bytes(payload)
    with pytest.raises(ValueError, match="can't be read as a pickled array of numbers"):
        read_pickled_array(tmp_path / "a.pck")
