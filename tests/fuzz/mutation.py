"""Mutations of bytes: the same random state gives the same bytes."""

import re
from random import Random

LONGEST = 1 << 16
"""Most bytes of a mutated input, except for the rare ones that are made long on purpose."""

NUMBERS = (
    b"0", b"-0", b"-1", b"1", b"7", b"007", b"7.0", b"1e5", b"255", b"256", b"-32768", b"65536",
    b"2147483647", b"2147483648", b"-2147483649", b"4294967296", b"9223372036854775807",
    b"9223372036854775808", b"-9223372036854775809", b"18446744073709551616", b"1" + b"0" * 30,
    b"9" * 5000, b"1e308", b"1e400", b"-1e400", b"5e-324", b"nan", b"inf", b"-inf", b"0x10", b"1_0",
    "٣".encode(), "²".encode(), b"True", b"None", b"",
)  # fmt: skip
TOKENS = (
    b"\x00", b"\xff", b"\r\n", b"\r", b"\n\n", b"\x1a", b"\x1b[2J", b"\x7f", b"\xef\xbb\xbf",
    b"\xff\xfe", b"\xfe\xff", b"\xed\xa0\x80", b"\xc0\x80", "\u202e".encode(), "\u2028".encode(),
    b"'", b'"', b'""', b",", b";", b"\t", b"#", b"=1+1", b"@x", b"\\", b"\\ud800", b"../../x",
    b"%s", b"{}", b"[]", b"null", b"[[", b"}}", b"((", b"))", b"a" * 300, b"(" * 9000, b"[" * 20000,
)  # fmt: skip
SIZES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1)


def mutate(data: bytes, rng: Random, tokens: tuple[bytes, ...] = (), other: bytes = b"") -> bytes:
    """Bytes after one to a few random changes.

    Parameters
    ----------
    data : bytes
        A valid input.
    rng : Random
    tokens : tuple of bytes
        Words of the format, inserted beside the general ones.
    other : bytes
        Another valid input, whose parts are spliced in.

    Returns
    -------
    bytes
    """
    words = (*TOKENS, *tokens * 3)
    while True:
        data = rng.choice(CHANGES)(data, rng, words, other)
        if rng.random() < 0.5:
            break
    if rng.random() < 0.003:
        return _stretch(data, rng)
    return data[:LONGEST]


def _flip_bits(data, rng, words, other):
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 8))):
        if changed:
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _set_bytes(data, rng, words, other):
    start, stop = _span(data, rng, 8)
    return (
        data[:start] + bytes([rng.choice((0, 1, 0x7F, 0x80, 0xFF))]) * (stop - start) + data[stop:]
    )


def _truncate(data, rng, words, other):
    return data[: rng.randrange(len(data) + 1)]


def _drop_start(data, rng, words, other):
    return data[rng.randrange(len(data) + 1) :]


def _delete(data, rng, words, other):
    start, stop = _span(data, rng)
    return data[:start] + data[stop:]


def _repeat(data, rng, words, other):
    start, stop = _span(data, rng)
    return data[:stop] + data[start:stop] * rng.choice((1, 1, 2, 10, 100)) + data[stop:]


def _move(data, rng, words, other):
    start, stop = _span(data, rng)
    rest = data[:start] + data[stop:]
    at = rng.randrange(len(rest) + 1)
    return rest[:at] + data[start:stop] + rest[at:]


def _insert_word(data, rng, words, other):
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.choice(words) + data[at:]


def _replace_by_word(data, rng, words, other):
    start, stop = _span(data, rng, 12)
    return data[:start] + rng.choice(words) + data[stop:]


def _change_number(data, rng, words, other):
    found = list(re.finditer(rb"-?\d+(\.\d+)?", data[:LONGEST]))
    if not found:
        return data
    number = rng.choice(found)
    return data[: number.start()] + rng.choice(NUMBERS) + data[number.end() :]


def _change_size(data, rng, words, other):
    """Write a number over 1 to 8 bytes, as in a field that holds a length."""
    width = rng.choice((1, 2, 4, 8))
    at = rng.randrange(max(1, len(data) - width + 1))
    if rng.random() < 0.3:  # lengths often stand at the start or the end
        at = rng.choice((8, max(0, len(data) - 8)))
    size = rng.choice((*SIZES, len(data), len(data) + 1, rng.randrange(1 << 8 * width)))
    order = rng.choice(("little", "little", "big"))
    return data[:at] + (size % (1 << 8 * width)).to_bytes(width, order) + data[at + width :]


def _splice(data, rng, words, other):
    return data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other) + 1) :]


def _change_lines(data, rng, words, other):
    """Repeat, drop, swap or reverse lines."""
    lines = data.split(b"\n")
    at, to = rng.randrange(len(lines)), rng.randrange(len(lines))
    action = rng.randrange(4)
    if action == 0:
        lines.insert(to, lines[at])
    elif action == 1:
        del lines[at]
    elif action == 2:
        lines[at], lines[to] = lines[to], lines[at]
    else:
        lines.reverse()
    return b"\n".join(lines)


def _recode(data, rng, words, other):
    """Write text in another encoding, or with other line ends or separators."""
    action = rng.randrange(6)
    if action == 0:
        return b"\xef\xbb\xbf" + data
    if action == 1:
        return data.replace(b"\n", rng.choice((b"\r\n", b"\r", b"\n\n")))
    if action == 2:
        return data.replace(b",", rng.choice((b";", b"\t", b", ", b"|")))
    if action == 3:
        return data.decode("latin1").encode(rng.choice(("utf-16", "utf-16-le", "utf-32", "cp500")))
    return data.replace(b".", b",") if action == 4 else re.sub(rb"(\w+)", rb'"\1"', data)


def _fill(data, rng, words, other):
    return rng.choice((b"", b"\0" * len(data), rng.randbytes(min(len(data), 400)), data * 2))


def _stretch(data, rng):
    """A long input: some part a great many times."""
    start, stop = _span(data, rng, 40)
    part = data[start:stop] or b"0"
    return data[:start] + part * (rng.choice((1 << 18, 1 << 21)) // len(part)) + data[stop:]


def _span(data, rng, longest=64):
    start = rng.randrange(len(data) + 1)
    return start, min(len(data), start + rng.randrange(longest + 1))


CHANGES = (
    _flip_bits, _flip_bits, _set_bytes, _truncate, _drop_start, _delete, _repeat, _move,
    _insert_word, _replace_by_word, _change_number, _change_number, _change_size, _change_size,
    _splice, _change_lines, _recode, _fill,
)  # fmt: skip
