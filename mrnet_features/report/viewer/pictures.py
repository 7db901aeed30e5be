"""Pictures for the viewer: a stack as one WebP picture, and masks as packed bits."""

from __future__ import annotations

import math
import zlib
from typing import NamedTuple

import numpy as np

from mrnet_features.arrays import BoolArray, UInt8Array
from mrnet_features.report.pictures import encode_picture

QUALITIES = (85, 80, 75, 70, 60, 50)
"""Qualities of a lossy picture, tried in this order until it is small enough."""

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
    tiles = np.zeros((down * across, height, width), np.uint8)
    tiles[:n_slices] = grey
    sheet = tiles.reshape(down, across, height, width).swapaxes(1, 2)
    whole = sheet.reshape(down * height, across * width)
    if most_bytes is None:
        # noise can't be compressed much, so the fastest method is as good as any
        return StackPicture(encode_picture(whole, lossless=True, quality=0, method=0), across, None)
    data, quality = b"", QUALITIES[0]
    for quality in QUALITIES:
        data = encode_picture(whole, quality=quality, method=4)
        if len(data) <= most_bytes:
            break
    return StackPicture(data, across, quality)


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
