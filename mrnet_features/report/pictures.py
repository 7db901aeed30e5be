"""Slices as WebP pictures."""

from __future__ import annotations

import io
from typing import Any

from mrnet_features.arrays import UInt8Array

__all__ = ["encode_picture"]


def encode_picture(grey: UInt8Array, **options: Any) -> bytes:
    """Grey levels as a WebP file.

    Parameters
    ----------
    grey : ndarray of shape (height, width), uint8
    **options
        As for Pillow, such as ``quality``.

    Returns
    -------
    bytes

    Raises
    ------
    ImportError
        If Pillow is not installed.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError(
            "Pictures need Pillow: pip install 'mrnet-features[view]', or [report], which has it "
            "too."
        ) from error
    file = io.BytesIO()
    Image.fromarray(grey).save(file, "WEBP", **options)
    return file.getvalue()
