"""Pictures for the viewer: a stack as one WebP picture, and masks as packed bits."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mrnet_features.arrays import BoolArray, UInt8Array
from mrnet_features.report.pictures import encode_picture

QUALITIES = (85, 80, 75, 70, 60, 50)
"""Qualities of a lossy picture, tried in this order until it is small enough."""

SAMPLED = 5
"""One slice in so many tells which quality is small enough."""

LONGEST_SIDE = 16383  # pixels of a WebP picture


class StackPicture(NamedTuple):
    """All slices of a stack as tiles of one picture.

    Attributes
    ----------
    data : bytes
        WebP file.
    tiles_across : int
        Slices per row of tiles.
    quality : int or None
        None if nothing was lost.
    """

    data: bytes
    tiles_across: int
    quality: int | None


def encode_stack(grey: UInt8Array, most_bytes: int | None = None) -> StackPicture:
    """Encode a stack as one WebP picture.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8
    most_bytes : int, optional
        Size that is aimed at, by a lower quality where needed, but not below 50. Without it,
        nothing is lost.

    Returns
    -------
    StackPicture

    Raises
    ------
    ImportError
        If pillow is not installed.
    ValueError
        If the tiles don't fit into a WebP picture.

    Examples
    --------
    >>> picture = encode_stack(np.zeros((5, 8, 8), np.uint8))
    >>> picture.tiles_across, picture.quality
    (3, None)
    """
    n_slices, height, width = grey.shape
    across = math.ceil(math.sqrt(n_slices * height / width))
    across = min(max(across, 1), n_slices)
    down = math.ceil(n_slices / across)
    if max(across * width, down * height) > LONGEST_SIDE:
        raise ValueError(
            f"A stack of shape {grey.shape} must fit into one WebP picture, with at most "
            f"{LONGEST_SIDE} pixels along each side. Leave out slices, or make them smaller."
        )
    whole = _tile(grey, down, across)
    if most_bytes is None:
        # noise can't be compressed much, so the fastest method is as good as any
        return StackPicture(encode_picture(whole, lossless=True, quality=0, method=0), across, None)
    sample = grey[::SAMPLED]
    share = most_bytes * len(sample) // n_slices
    first, _ = _encode(_tile(sample, len(sample), 1), QUALITIES, share)
    quality, data = _encode(whole, QUALITIES[QUALITIES.index(first) :], most_bytes)
    return StackPicture(data, across, quality)


def _tile(grey: UInt8Array, down: int, across: int) -> UInt8Array:
    """Slices as tiles of one picture, row by row; black where there are fewer slices."""
    n_slices, height, width = grey.shape
    tiles = np.zeros((down * across, height, width), np.uint8)
    tiles[:n_slices] = grey
    sheet = tiles.reshape(down, across, height, width).swapaxes(1, 2)
    return np.ascontiguousarray(sheet.reshape(down * height, across * width))


def _encode(picture: UInt8Array, qualities: Sequence[int], most_bytes: int) -> tuple[int, bytes]:
    """First quality at which a picture is small enough, else the last, and the file."""
    quality, data = 0, b""
    for quality in qualities:
        data = encode_picture(picture, quality=quality, method=4)
        if len(data) <= most_bytes:
            break
    return quality, data


class MaskStore:
    """Masks of the slices of one stack, each kept once.

    Examples
    --------
    >>> store = MaskStore()
    >>> store.add(np.eye(3, dtype=bool)), store.add(np.ones((3, 3), bool))
    (0, 1)
    >>> store.add(np.eye(3, dtype=bool)), store.add(np.zeros((3, 3), bool))
    (0, -1)
    """

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}

    def add(self, mask: BoolArray) -> int:
        """Number of a mask; -1 if it is empty.

        Parameters
        ----------
        mask : ndarray of shape (height, width), bool

        Returns
        -------
        int
        """
        if not mask.any():
            return -1
        return self._numbers.setdefault(np.packbits(mask).tobytes(), len(self._numbers))

    def compress(self) -> bytes:
        """All masks, one after another, each in whole bytes, compressed by zlib.

        Returns
        -------
        bytes
        """
        return zlib.compress(b"".join(self._numbers), 9)
