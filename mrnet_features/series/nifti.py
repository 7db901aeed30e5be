"""NIfTI files -> Volume, by the affine and the JSON file beside it."""

from __future__ import annotations

import importlib
import math
import re
import struct
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from mrnet_features.arrays import Float64Array
from mrnet_features.files.reading import open_file, read_json
from mrnet_features.files.stored_paths import AnyPath
from mrnet_features.messages import quote
from mrnet_features.series.orientation import find_normal, make_directions
from mrnet_features.series.side import read_maker, read_side
from mrnet_features.series.volume import Image, Volume, find_size_problem, find_spacing_problem
from mrnet_features.series.weighting import Tags, find_weighting

SUFFIXES = (".nii", ".nii.gz")

ADVICE = "Copy it again from its source."

UNITS_MM = {"mm": 1.0, "meter": 1000.0, "micron": 0.001, "unknown": 1.0}

THICK = 1.5
"""Least ratio of the largest to the middle distance of voxels that tells the axis of slices."""

MOST_BYTES = 256 * 2**20
"""Most bytes of a compressed volume that is held in memory, if slices are not its last axis."""

HEADER_BYTES = 540
"""Length of the longer header, that of NIfTI 2."""

MOST_OFFSET = 64 * 2**20
"""Most bytes before the first voxel; a packed file could state more than can be unpacked."""

STEPS_MS = {"EchoTime": 1.0, "RepetitionTime": 30.0, "InversionTime": 10.0}
"""Least values that are milliseconds; BIDS has seconds, other converters keep those of DICOM."""


def is_nifti(path: AnyPath) -> bool:
    """Whether a name ends as that of a NIfTI file.

    Parameters
    ----------
    path : Path or StoredPath

    Returns
    -------
    bool
    """
    return path.name.lower().endswith(SUFFIXES)


def find_json_beside(path: AnyPath) -> AnyPath:
    """Path of the JSON file that describes a NIfTI file; it need not exist.

    Parameters
    ----------
    path : Path or StoredPath

    Returns
    -------
    Path or StoredPath

    Examples
    --------
    >>> find_json_beside(Path("a.b.nii.gz")).name
    'a.b.json'
    """
    ending = ".nii.gz" if path.name.lower().endswith(".gz") else ".nii"
    return path.with_name(f"{path.name[: -len(ending)]}.json")


def read_nifti_volume(
    path: Path, spacing_mm: tuple[float, float] | None = None, plane: str | None = None
) -> Volume:
    """Volume of a NIfTI file; no voxel is read yet.

    Parameters
    ----------
    path : Path
        ``.nii`` or ``.nii.gz``.
    spacing_mm : tuple of 2 floats, optional
        Distance of rows and columns if the file has no affine.
    plane : str, optional
        Plane as the caller says; it matters for slices halfway between two planes.

    Returns
    -------
    Volume

    Raises
    ------
    OSError, ValueError
        If it is not a regular file, not NIfTI, damaged, too large, or no single volume of numbers.
    ModuleNotFoundError
        If nibabel is missing.
    """
    picture = _open(path)
    header = picture.header
    shape = tuple(int(n) for n in picture.shape)
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    if len(shape) != 3:
        raise ValueError(
            f"'{path}' must hold one volume of three axes, got axes of {quote(str(shape))} voxels. "
            "Write one volume to a file of its own."
        )
    kind = np.dtype(header.get_data_dtype())
    if kind.kind not in "iuf" or kind.itemsize > 8:
        raise ValueError(
            f"'{path}' must hold integers or floats, got colours, complex or other values. "
            "Write the magnitude to a file of its own."
        )
    said: list[str] = []
    affine = _find_affine(picture, said)
    if affine is None:
        sizes = [abs(float(mm)) for mm in header.get_zooms()[:3]]
    else:
        sizes = [float(mm) for mm in np.linalg.norm(affine[:3, :3], axis=0)]
    axis = _find_slice_axis(header, sizes)
    # a picture's columns run along the first of the other axes, as in DICOM
    column_axis, row_axis = (k for k in range(3) if k != axis)
    n_slices, rows, columns = shape[axis], shape[row_axis], shape[column_axis]
    problem = find_size_problem(n_slices, rows, columns)
    if problem:
        raise ValueError(f"'{path}' {problem}. Leave it out.")
    pixel_mm = (sizes[row_axis], sizes[column_axis])
    if affine is None and spacing_mm is not None:
        pixel_mm = spacing_mm
    problem = find_spacing_problem(pixel_mm)
    if problem:
        raise ValueError(f"'{path}' {problem}. Correct its header, or leave it out.")
    directions, positions, is_reversed = None, None, False
    if affine is not None:
        unit = affine[:3, :3] / sizes
        directions = make_directions([*unit[:, column_axis], *unit[:, row_axis]])
    if affine is not None and directions is not None:
        steps = np.arange(n_slices)[:, None] * affine[:3, axis]
        positions = affine[:3, 3] + steps
        is_reversed = bool(find_normal(directions, plane) @ affine[:3, axis] < 0)
        positions = positions[::-1] if is_reversed else positions
    reader = _Reader(path, picture, shape, axis, (row_axis, column_axis))
    sides, maker, tags = _read_json_beside(path, said)
    gap = sizes[axis] if sizes[axis] > 0 else math.nan
    return Volume(
        n_slices=n_slices,
        shape=(rows, columns),
        pixel_mm=pixel_mm,
        read=lambda k: reader.read(n_slices - 1 - k if is_reversed else k),
        directions=directions,
        positions=positions,
        gap_mm=gap,
        side_tags=sides,
        maker=maker,
        weighting=find_weighting(tags),
        steps={"source": "NIfTI", "files": 1, "order": "affine" if directions else "as stored",
               "slice_axis": axis},
        warnings=said,
    )  # fmt: skip


def _open(path: Path) -> Any:
    """Image of nibabel, whose header is checked and whose voxels are not read."""
    with open_file(path) as file:
        is_packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        start = _read_start(file, is_packed=is_packed)
    if is_packed != path.name.lower().endswith(".gz"):
        raise ValueError(
            f"'{path}' must be packed by gzip if its name ends with .gz, and only then. Rename it."
        )
    offset = _find_offset(start)
    if not 0 <= offset <= MOST_OFFSET:
        raise ValueError(
            f"'{path}' does not begin as a NIfTI file with its voxels in the first "
            f"{MOST_OFFSET // 2**20} MiB. {ADVICE}"
        )
    try:
        nibabel = importlib.import_module("nibabel")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "NIfTI files need nibabel: pip install 'mrnet-features[nifti]'."
        ) from error
    problem, picture = "", None
    try:
        picture = nibabel.load(path, mmap=False, keep_file_open=True)
    except Exception as error:  # noqa: BLE001 (a damaged file raises almost anything)
        problem = type(error).__name__
    if picture is not None and not isinstance(picture, nibabel.Nifti1Image):
        problem = "another format"
    if problem or picture is None:
        raise ValueError(f"'{path}' can't be read as NIfTI ({problem}). {ADVICE}")
    return picture


def _read_start(file: BinaryIO, *, is_packed: bool) -> bytes:
    """First bytes of a file, unpacked; fewer if it is damaged."""
    if not is_packed:
        return file.read(HEADER_BYTES)
    try:
        return zlib.decompressobj(wbits=31).decompress(file.read(2**16), HEADER_BYTES)
    except zlib.error:
        return b""


def _find_offset(start: bytes) -> float:
    """Position of the first voxel that a header states; -1 if it is none of NIfTI 1 or 2."""
    for order in "<>":
        for length, place, form in ((348, 108, "f"), (540, 168, "q")):
            if len(start) >= length and struct.unpack_from(f"{order}i", start)[0] == length:
                offset = float(struct.unpack_from(f"{order}{form}", start, place)[0])
                return offset if math.isfinite(offset) else -1.0
    return -1.0


def _find_affine(picture: Any, said: list[str]) -> Float64Array | None:
    """Affine to patient coordinates (left, posterior, superior) in mm, or None."""
    header = picture.header
    if int(header["sform_code"]) <= 0 and int(header["qform_code"]) <= 0:
        return None
    affine = np.array(picture.affine, dtype=np.float64)
    unit = header.get_xyzt_units()[0] if hasattr(header, "get_xyzt_units") else "unknown"
    affine[:3] *= UNITS_MM.get(unit, 1.0)
    affine[:2] *= -1.0  # NIfTI counts to the right and to the front
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    if not np.isfinite(affine).all() or not np.min(lengths) > 0:
        said.append("The affine is not valid, so it was not used.")
        return None
    return affine


def _find_slice_axis(header: Any, sizes: list[float]) -> int:
    """Axis of the slices: as the header says, else the one with the largest voxels, else the last.

    Converters write slices along the last axis.
    """
    stated = header.get_dim_info()[2]
    if stated is not None:
        return int(stated)
    ordered = sorted(sizes)
    return int(np.argmax(sizes)) if ordered[2] > THICK * ordered[1] else 2


class _Reader:
    """Slices of a NIfTI file, one by one."""

    def __init__(
        self, path: Path, picture: Any, shape: tuple[int, ...], axis: int, axes: tuple[int, int]
    ) -> None:
        self._path, self._proxy, self._shape = path, picture.dataobj, shape
        self._axis, self._is_turned = axis, axes[0] > axes[1]
        self._whole: Any = None
        n_bytes = math.prod(shape) * np.dtype(picture.header.get_data_dtype()).itemsize
        self._is_packed = path.name.lower().endswith(".gz")
        if self._is_packed and axis != 2 and n_bytes > MOST_BYTES:
            raise ValueError(
                f"'{path}' is compressed and its slices are not its last axis, so that its "
                f"{n_bytes} bytes would be held in memory; at most {MOST_BYTES} are. Unpack it "
                "with `gunzip`."
            )

    def read(self, k: int) -> Image:
        """Slice of shape (rows, columns), float32."""
        problem, values = "", None
        try:
            values = self._read(k)
        except Exception as error:  # noqa: BLE001 (a damaged file raises almost anything)
            problem = type(error).__name__
        if problem or values is None:
            raise ValueError(f"'{self._path}' ends early or is damaged ({problem}). {ADVICE}")
        image: Image = np.asarray(values.T if self._is_turned else values, dtype=np.float32)
        return image

    def _read(self, k: int) -> Any:
        index: list[Any] = [slice(None)] * 3
        index[self._axis] = k
        if self._is_packed and self._axis != 2:
            if self._whole is None:
                self._whole = self._proxy.get_unscaled().reshape(self._shape)
            stored = self._whole[tuple(index)].astype(np.float32)
            slope, inter = self._proxy.slope, self._proxy.inter
            return stored * np.float32(slope) + np.float32(inter)
        index += [0] * (len(self._proxy.shape) - 3)
        return self._proxy[tuple(index)]


def _read_json_beside(path: Path, said: list[str]) -> tuple[frozenset[str], str, Tags]:
    """Side, maker and sequence from ``name.json`` beside ``name.nii.gz``, by an allow-list."""
    beside = find_json_beside(path)
    if not beside.exists():
        return frozenset(), "", Tags()
    found = read_json(beside, "Correct it, or move it away.")
    if not isinstance(found, dict):
        said.append(f"'{beside}' does not hold one JSON object, so it was not used.")
        return frozenset(), "", Tags()
    fields = found

    def first(key: str) -> Any:
        value = fields.get(key)
        while isinstance(value, list) and value:
            value = value[0]
        return value

    def text(key: str) -> str:
        value = first(key)
        return value[:200] if isinstance(value, str) else ""

    def milliseconds(key: str) -> float:
        value = first(key)
        if not isinstance(value, int | float) or isinstance(value, bool) or not value > 0:
            return math.nan
        return float(value) * (1.0 if value >= STEPS_MS[key] else 1000.0)

    options = fields.get("ScanOptions")
    if isinstance(options, str):
        options = re.split(r"[\\_]", options[:200])
    listed = options if isinstance(options, list) else []
    sides = {read_side(text(key)) for key in ("ImageLaterality", "Laterality", "FrameLaterality")}
    tags = Tags(
        echo=milliseconds("EchoTime"),
        repetition=milliseconds("RepetitionTime"),
        inversion=milliseconds("InversionTime"),
        scan_options=tuple(part[:40] for part in listed[:20] if isinstance(part, str)),
        is_gradient_echo="GR" in text("ScanningSequence").upper().split("_"),
        words=" ".join(text(key) for key in ("SeriesDescription", "ProtocolName")),
    )
    return frozenset(sides - {""}), read_maker(text("Manufacturer")), tags
