"""Load a KneeMRI folder (Štajduhar 2017): exams, labels and groups; no pickle is executed."""

from __future__ import annotations

import io
import pickle
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mrnet_features.arrays import UInt8Array
from mrnet_features.data.exam import Dataset, Exam

PLANE = "sagittal"
N_LEVELS_12_BIT = 4096

LEVELS_12_BIT = (np.arange(N_LEVELS_12_BIT) // 16).astype(np.uint8)
"""Grey level 0 to 255 of each 12-bit value: the value divided by 16. The same for every exam, so
that grey levels can be compared between exams."""

COLUMNS = ("examId", "seriesNo", "aclDiagnosis", "volumeFilename")


@dataclass(frozen=True)
class KneeMriExam(Exam):
    """One KneeMRI volume: an `Exam` stored as a pickled 12-bit array.

    Parameters
    ----------
    id : str
        ``examId-seriesNo``, such as "329637-8".
    paths : mapping of str to Path
        The ``.pck`` file of the sagittal plane.
    """

    def load(self, plane: str, *, mmap: bool = False) -> UInt8Array:
        """Stack of the sagittal plane, converted from 12 bit to 8 by `LEVELS_12_BIT`.

        Parameters
        ----------
        plane : str
            "sagittal".
        mmap : bool, default False
            Must be False: a pickle can't be mapped into memory.

        Returns
        -------
        ndarray of shape (n_slices, height, width), uint8
            Grey levels 0 to 255.

        Raises
        ------
        KeyError
            If the exam has no file for the plane.
        ValueError
            If the file is not a pickled array of three dimensions with values 0 to 4095.
        """
        if plane not in self.paths:
            raise KeyError(
                f"Exam '{self.id}' has no file for plane '{plane}' (planes present: "
                f"{', '.join(self.paths)}). Pass planes=('sagittal',)."
            )
        if mmap:
            raise ValueError(
                "`mmap` must be False for KneeMRI, got True: a pickle can't be mapped."
            )
        volume = read_pickled_array(self.paths[plane])
        if volume.ndim != 3 or 0 in volume.shape or volume.dtype.kind not in "iu":
            raise ValueError(
                f"Exam '{self.id}' must hold integers of shape (n_slices, height, width), got "
                f"{volume.shape} {volume.dtype}. Copy the file again."
            )
        if volume.min() < 0 or volume.max() >= N_LEVELS_12_BIT:
            raise ValueError(
                f"Exam '{self.id}' must hold 12-bit values 0 to 4095, got {volume.min()} to "
                f"{volume.max()}. Copy the file again."
            )
        return np.ascontiguousarray(LEVELS_12_BIT[volume])


@dataclass(frozen=True, eq=False)
class KneeMriDataset(Dataset):
    """Volumes with their labels and examinations; indexed as a `Dataset`.

    Parameters
    ----------
    exams : tuple of KneeMriExam
        Sorted by id.
    labels : DataFrame of shape (n_volumes, 2), int8
        Columns injury (diagnosis 1 or 2) and rupture (diagnosis 2).
    groups : Series of shape (n_volumes,), str
        The examId of each volume. Pass it to `cross_validate`: an examination can have several
        volumes.
    regions : DataFrame of shape (n_volumes, 6), int64
        The published box: roiX, roiY, roiZ, roiWidth, roiHeight, roiDepth in pixels and slices.
        No columns if ``metadata.csv`` has none of them.
    """

    groups: pd.Series[Any]
    regions: pd.DataFrame


def load_kneemri(root: str | Path) -> KneeMriDataset:
    """Volumes and labels of a KneeMRI folder.

    Parameters
    ----------
    root : path
        Folder that holds ``metadata.csv`` and, at any depth, the ``.pck`` volumes it names. All
        volumes are sagittal, so an extractor needs ``planes=("sagittal",)``.

    Returns
    -------
    KneeMriDataset

    Raises
    ------
    FileNotFoundError
        If ``metadata.csv`` or a volume is missing.
    ValueError
        If a column is missing, a diagnosis is not 0, 1 or 2, or a volume is listed twice or found
        in two folders.

    References
    ----------
    Štajduhar, Mamula, Miletić and Ünal 2017, Computer Methods and Programs in Biomedicine
    140:151-164.
    """
    folder = Path(root)
    table = folder / "metadata.csv"
    if not table.is_file():
        raise FileNotFoundError(
            f"There is no '{table}'. Pass the folder that holds metadata.csv and the volumes."
        )
    rows = pd.read_csv(table, dtype=str, keep_default_na=False, skipinitialspace=True)
    missing = [column for column in COLUMNS if column not in rows.columns]
    if missing:
        raise ValueError(
            f"'{table}' must have the columns {', '.join(COLUMNS)}, but lacks "
            f"{', '.join(missing)}. Copy it again."
        )
    wrong = rows[~rows["aclDiagnosis"].isin(["0", "1", "2"])]
    if len(wrong):
        raise ValueError(
            f"'{table}' must have an aclDiagnosis of 0, 1 or 2, got "
            f"{wrong['aclDiagnosis'].iloc[0]!r} for exam {wrong['examId'].iloc[0]!r}. "
            "Copy it again."
        )
    rows.index = pd.Index(rows["examId"] + "-" + rows["seriesNo"], name="exam")
    rows = rows.sort_index()
    if rows.index.has_duplicates:
        twice = rows.index[rows.index.duplicated()][0]
        raise ValueError(
            f"'{table}' must name each volume once, got {twice!r} twice. Copy it again."
        )
    files: dict[str, Path] = {}
    for path in sorted(folder.rglob("*.pck")):
        if path.name in files and path.name in set(rows["volumeFilename"]):
            raise ValueError(
                f"'{folder}' must hold each volume once, got '{files[path.name]}' and '{path}'. "
                "Delete the one that is not part of the data set."
            )
        files[path.name] = path
    absent = [name for name in rows["volumeFilename"] if name not in files]
    if absent:
        raise FileNotFoundError(
            f"There is no '{absent[0]}' under '{folder}' ({len(absent)} of {len(rows)} volumes "
            "are missing). Unpack all archives of the data set."
        )
    diagnosis = rows["aclDiagnosis"].astype("int8")
    labels = pd.DataFrame({"injury": diagnosis >= 1, "rupture": diagnosis == 2}).astype("int8")
    boxes = [column for column in rows.columns if re.fullmatch("roi[A-Z].*", column)]
    return KneeMriDataset(
        exams=tuple(
            KneeMriExam(exam, {PLANE: files[name]})
            for exam, name in zip(rows.index, rows["volumeFilename"], strict=True)
        ),
        labels=labels,
        groups=rows["examId"].rename("group"),
        regions=rows[boxes].astype("int64"),
    )


def read_pickled_array(path: str | Path) -> np.ndarray[Any, Any]:
    """Numeric array of a pickle file, read without executing the pickle.

    A pickle is a program that may call any function. This reader accepts only the five calls in
    NumPy's own pickles of plain numbers, builds the array from shape, type and bytes itself, and
    rejects every other call.

    Parameters
    ----------
    path : path

    Returns
    -------
    ndarray
        Integers, floats or booleans.

    Raises
    ------
    ValueError
        If the pickle holds anything except one array of numbers.
    """
    data = Path(path).read_bytes()
    try:
        found = _ArrayUnpickler(io.BytesIO(data), encoding="latin1").load()
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"'{path}' must be a pickled array of numbers: {error}. Copy it again from a source "
            "you trust."
        ) from error
    except (
        EOFError, AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError,
    ) as error:  # fmt: skip
        raise ValueError(
            f"'{path}' must be a pickled array of numbers, but can't be read ({error}). "
            "Copy it again."
        ) from error
    array = found.value if isinstance(found, _Array) else found
    if isinstance(array, np.ndarray):
        return array
    raise ValueError(
        f"'{path}' must be a pickled array of numbers, got {type(found).__name__}. Copy it again."
    )


class _Dtype:
    """Replacement for numpy.dtype while unpickling; accepts only types of numbers."""

    def __init__(self, code: str, *_: Any) -> None:
        if not isinstance(code, str) or not re.fullmatch(r"[iuf][1248]|b1", code):
            raise pickle.UnpicklingError(f"{code!r} is not a type of plain numbers")
        self.value = np.dtype(code)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if state[1] in ("<", ">"):
            self.value = self.value.newbyteorder(state[1])


class _Array:
    """Replacement for numpy.ndarray while unpickling; built from shape, type and bytes."""

    value: np.ndarray[Any, Any] | None = None

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, dtype, is_fortran, data = state
        self.value = _build(data, dtype, shape, "F" if is_fortran else "C")


def _build(data: Any, dtype: Any, shape: Any, order: str) -> np.ndarray[Any, Any]:
    if not isinstance(data, str | bytes | bytearray):  # an int would give that many zeros
        raise pickle.UnpicklingError(f"the array's data is {type(data).__name__}, not bytes")
    raw = data.encode("latin1") if isinstance(data, str) else data
    if not isinstance(dtype, _Dtype):
        raise pickle.UnpicklingError("the array has no type of numbers")
    flat = np.frombuffer(raw, dtype=dtype.value)
    sizes = tuple(int(size) for size in shape)
    if min(sizes, default=1) < 0 or flat.size != int(np.prod(sizes, dtype=np.int64)):
        raise pickle.UnpicklingError(f"{flat.size} numbers do not fill the shape {sizes}")
    return flat.reshape(sizes, order="F" if order == "F" else "C")


def _make_array(*_: Any) -> _Array:
    return _Array()


def _encode(text: str, encoding: str) -> bytes:
    """Replacement for codecs.encode, with which protocols below 3 store bytes."""
    if encoding not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError(f"the bytes have the encoding {encoding!r}, not latin1")
    return text.encode("latin1")


class _ArrayUnpickler(pickle.Unpickler):
    """Unpickler that knows only the functions and classes above."""

    def find_class(self, module: str, name: str) -> Any:
        package = module.replace("numpy._core", "numpy.core")
        known = {
            ("numpy.core.multiarray", "_reconstruct"): _make_array,
            ("numpy.core.numeric", "_frombuffer"): _build,
            ("numpy", "ndarray"): _Array,
            ("numpy", "dtype"): _Dtype,
            ("_codecs", "encode"): _encode,
        }
        if (package, name) not in known:
            raise pickle.UnpicklingError(f"it calls {module}.{name}, which is never run")
        return known[package, name]
