"""Pixels of DICOM frames, one frame at a time."""

from __future__ import annotations

import math
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from mrnet_features.files.reading import open_file
from mrnet_features.series.codestreams import find_stated_size
from mrnet_features.series.dicom_files import ADVICE, import_pydicom, quiet_pydicom
from mrnet_features.series.dicom_frames import Frame, Storage
from mrnet_features.series.volume import Image

NATIVE = {
    "1.2.840.10008.1.2": "Implicit VR Little Endian",
    "1.2.840.10008.1.2.1": "Explicit VR Little Endian",
    "1.2.840.10008.1.2.2": "Explicit VR Big Endian",
}
"""Uncompressed transfer syntaxes."""

BIG_ENDIAN = "1.2.840.10008.1.2.2"
RLE = "1.2.840.10008.1.2.5"

COMPRESSED = {
    "1.2.840.10008.1.2.4.50": ("JPEG Baseline", "gdcm"),
    "1.2.840.10008.1.2.4.51": ("JPEG Extended", "gdcm"),
    "1.2.840.10008.1.2.4.57": ("JPEG Lossless", "gdcm"),
    "1.2.840.10008.1.2.4.70": ("JPEG Lossless SV1", "gdcm"),
    "1.2.840.10008.1.2.4.80": ("JPEG-LS Lossless", "gdcm"),
    "1.2.840.10008.1.2.4.81": ("JPEG-LS Near-lossless", "gdcm"),
    "1.2.840.10008.1.2.4.90": ("JPEG 2000 Lossless", "pylibjpeg"),
    "1.2.840.10008.1.2.4.91": ("JPEG 2000", "pylibjpeg"),
    "1.2.840.10008.1.2.4.201": ("High-Throughput JPEG 2000 Lossless", "pylibjpeg"),
    "1.2.840.10008.1.2.4.202": ("High-Throughput JPEG 2000 Lossless RPCL", "pylibjpeg"),
    "1.2.840.10008.1.2.4.203": ("High-Throughput JPEG 2000", "pylibjpeg"),
    RLE: ("RLE Lossless", "pylibjpeg"),
}
"""Name of each compressed transfer syntax, and the one decoder that is used: where another one is
installed as well, pixels stay the same."""

LARGEST_FRAME = 2.0
"""Most bytes of a compressed frame, in bytes of the decoded one; sound ones have less than 1.1."""

ITEM = b"\xfe\xff\x00\xe0"
"""Tag of an item."""

SMALL = 2**16
"""Bytes that any compressed frame may have."""


def name_syntax(syntax: str) -> str:
    """Name of a transfer syntax; empty if it is not read.

    Parameters
    ----------
    syntax : str
        UID.

    Returns
    -------
    str

    Examples
    --------
    >>> name_syntax("1.2.840.10008.1.2.1"), name_syntax("1.2.840.10008.1.2.4.100")
    ('Explicit VR Little Endian', '')
    """
    return NATIVE.get(syntax) or COMPRESSED.get(syntax, ("", ""))[0]


def read_stored(frame: Frame) -> NDArray[Any]:
    """Stored values of a frame.

    Parameters
    ----------
    frame : Frame

    Returns
    -------
    ndarray of shape (rows, columns), uint8, int8, uint16 or int16
        Without the bits that hold no value.

    Raises
    ------
    OSError
        If the file is gone or is not a regular file.
    ValueError
        If the pixels are truncated, damaged or encoded in a way that is not read.
    ModuleNotFoundError
        If a decoder is missing.
    """
    path, storage = frame.file.path, frame.storage
    if not name_syntax(frame.file.syntax):
        raise ValueError(
            f"'{path}' has pixels in a transfer syntax that is not read. Convert it, such as with "
            "`dcmdjpeg` or `gdcmconv -w`."
        )
    with open_file(path) as file:
        if frame.file.syntax in NATIVE:
            return _read_native(file, frame)
        values = _read_compressed(file, frame)
    if values.shape != (storage.rows, storage.columns):
        raise ValueError(f"'{path}' has a picture of another size than it states. {ADVICE}")
    return values


def read_image(frame: Frame) -> Image:
    """Values of a frame after the rescale, high where bright, NaN outside the scanned area.

    Parameters
    ----------
    frame : Frame

    Returns
    -------
    ndarray of shape (rows, columns), float32

    Raises
    ------
    OSError, ValueError, ModuleNotFoundError
        As `read_stored`.
    """
    stored = read_stored(frame)
    image = stored.astype(np.float32)
    sign = -1.0 if frame.storage.is_inverted else 1.0
    if frame.slope != 1.0 or sign < 0:
        image *= np.float32(sign * frame.slope)
    if frame.intercept != 0.0:
        image += np.float32(sign * frame.intercept)
    if frame.storage.padding is not None:
        low, high = frame.storage.padding
        image[(stored >= low) & (stored <= high)] = np.nan
    return image


def _find_dtype(storage: Storage, order: str = "<") -> np.dtype[Any]:
    kind = "i" if storage.is_signed else "u"
    return np.dtype(f"{order}{kind}{storage.bits_allocated // 8}")


def _read_native(file: BinaryIO, frame: Frame) -> NDArray[Any]:
    """Values of an uncompressed frame."""
    storage, source = frame.storage, frame.file
    dtype = _find_dtype(storage, ">" if source.syntax == BIG_ENDIAN else "<")
    n_pixels = storage.rows * storage.columns
    file.seek(source.pixel_start + frame.order * n_pixels * dtype.itemsize)
    values = np.fromfile(file, dtype, n_pixels)
    stated = n_pixels * dtype.itemsize * storage.n_frames
    if values.size < n_pixels or 0 <= source.pixel_bytes < stated:
        raise ValueError(
            f"'{source.path}' must hold {stated} bytes of pixels, but ends early. {ADVICE}"
        )
    values = values.astype(dtype.newbyteorder("="), copy=False)
    spare = storage.bits_allocated - storage.high_bit - 1
    unused = storage.bits_allocated - storage.bits_stored
    # the other bits may hold an overlay
    if unused and spare == unused and not storage.is_signed:
        np.bitwise_and(values, dtype.type(2**storage.bits_stored - 1), out=values)
    elif unused:
        np.left_shift(values, spare, out=values)
        np.right_shift(values, unused, out=values)
    return values.reshape(storage.rows, storage.columns)


def _read_compressed(file: BinaryIO, frame: Frame) -> NDArray[Any]:
    """Values of a compressed frame."""
    storage, source = frame.storage, frame.file
    name, plugin = COMPRESSED[source.syntax]
    decoder = import_pydicom("pydicom.pixels").get_decoder(source.syntax)
    if plugin not in decoder.available_plugins:
        raise ModuleNotFoundError(
            f"'{source.path}' is compressed ({name}), which needs a decoder: pip install "
            "'mrnet-features[dicom]'."
        )
    problem, values = "", None
    try:
        with quiet_pydicom():
            packed, start = _read_packed(file, frame)
            problem = _check_frame(packed, start, frame)
            if not problem:
                values, _ = decoder.as_array(
                    packed,
                    index=0,
                    raw=True,
                    decoding_plugin=plugin,
                    rows=storage.rows,
                    columns=storage.columns,
                    number_of_frames=1,
                    samples_per_pixel=1,
                    photometric_interpretation="MONOCHROME2",
                    bits_allocated=storage.bits_allocated,
                    bits_stored=storage.bits_stored,
                    pixel_representation=int(storage.is_signed),
                    pixel_keyword="PixelData",
                )
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 (a decoder in Rust panics beside Exception)
        problem = type(error).__name__
    if problem or values is None:
        raise ValueError(
            f"'{source.path}' can't be decoded as {name} ({problem}). Copy it again from its "
            "source, or convert it, such as with `gdcmconv -w`."
        )
    return np.asarray(values)


def _read_packed(file: BinaryIO, frame: Frame) -> tuple[bytes, int]:
    """One compressed frame as pixel data of its own, and where its first byte is."""
    source, most = frame.file, _find_most_bytes(frame.storage)
    is_alone = frame.storage.n_frames == 1 and not source.tags.has("ExtendedOffsetTable")
    if is_alone:
        file.seek(source.pixel_start)
        data = file.read(most + 1)
        # without a table of offsets, or with that of a frame at its start
        for table in (bytes(4), b"\4\0\0\0" + bytes(4)):
            if len(data) <= most and data.startswith(ITEM + table + ITEM):
                return data, len(table) + 12
    offsets = None
    if source.tags.has("ExtendedOffsetTable"):
        names = ("ExtendedOffsetTable", "ExtendedOffsetTableLengths")
        offsets = (source.tags.raw(names[0]), source.tags.raw(names[1]))
    file.seek(source.pixel_start)
    data = import_pydicom("pydicom.encaps").get_frame(
        LimitedReads(file, most),
        frame.order,
        number_of_frames=frame.storage.n_frames,
        extended_offsets=offsets,
    )
    data += bytes(len(data) % 2)
    return b"".join([ITEM, bytes(4), ITEM, len(data).to_bytes(4, "little"), data]), 16


class LimitedReads:
    """File of which no read returns more than so many bytes.

    Parameters
    ----------
    file : BinaryIO
    most_bytes : int
    """

    def __init__(self, file: BinaryIO, most_bytes: int) -> None:
        self._file, self._most = file, most_bytes
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        """Next bytes.

        Parameters
        ----------
        size : int, default -1

        Returns
        -------
        bytes
        """
        if size < 0 or size > self._most:
            raise ValueError("a compressed picture is larger than the decoded one")
        return self._file.read(size)


def _find_most_bytes(storage: Storage) -> int:
    decoded = storage.rows * storage.columns * storage.bits_allocated // 8
    return SMALL + math.ceil(LARGEST_FRAME * decoded)


def _check_frame(packed: bytes, start: int, frame: Frame) -> str:
    """Why a compressed frame is not decoded; empty if it is."""
    storage = frame.storage
    if len(packed) > _find_most_bytes(storage) + 16:
        return "the compressed picture is larger than the decoded one"
    if frame.file.syntax == RLE:  # its decoder fills what the header states, and no more
        return ""
    stated = find_stated_size(packed[start : start + SMALL])
    if stated is None:
        return "no size was found in the compressed picture"
    if stated != (storage.rows, storage.columns, 1):
        return "the compressed picture has another size or number of samples"
    return ""
