"""Size that a compressed picture states, read before it is decoded.

A few bytes can stand for a picture that fills the memory. The size in the codestream must be that
in the header of the file, which is limited.
"""

from __future__ import annotations

import struct

JPEG_FRAMES = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
"""Markers of JPEG and JPEG-LS that hold the size."""

ALONE = {0x01, *range(0xD0, 0xD9)}
"""Markers without a length."""

MOST_SEGMENTS = 1000
"""Most segments before the size."""


def find_stated_size(frame: bytes) -> tuple[int, int, int] | None:
    r"""Rows, columns and samples that a compressed picture states.

    Parameters
    ----------
    frame : bytes
        JPEG, JPEG-LS or JPEG 2000, with or without the JP2 container.

    Returns
    -------
    tuple of 3 ints, or None
        None if no size is found.

    Examples
    --------
    >>> sof = b"\xff\xd8" + b"\xff\xc3" + struct.pack(">HBHHB", 11, 12, 7, 9, 1)
    >>> find_stated_size(sof)
    (7, 9, 1)
    """
    if frame.startswith(b"\xff\xd8"):
        return _read_jpeg(frame)
    start = frame[:4096].find(b"\xff\x4f\xff\x51")
    if start < 0 or (start > 0 and frame[4:8] != b"jP  "):
        return None
    size = frame[start + 4 : start + 42]
    if len(size) < 38:
        return None
    right, down, left, top = struct.unpack(">IIII", size[4:20])
    (samples,) = struct.unpack(">H", size[36:38])
    return down - top, right - left, samples


def _read_jpeg(frame: bytes) -> tuple[int, int, int] | None:
    position = 2
    for _ in range(MOST_SEGMENTS):
        while frame[position : position + 2] == b"\xff\xff":  # fill bytes
            position += 1
        head = frame[position : position + 4]
        if len(head) < 4 or head[0] != 0xFF:
            return None
        if head[1] in JPEG_FRAMES:
            size = frame[position + 5 : position + 10]
            if len(size) < 5:
                return None
            rows, columns, samples = struct.unpack(">HHB", size)
            return rows, columns, samples
        position += 2 if head[1] in ALONE else 2 + int.from_bytes(head[2:4], "big")
    return None
