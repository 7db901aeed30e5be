"""Table of header fields of DICOM series: what a model could know without a pixel."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import warnings
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
from joblib import delayed

from mrnet_features.data.exam import Exam
from mrnet_features.jobs import run_jobs, show_progress
from mrnet_features.messages import name_some, quote
from mrnet_features.names import sort_series
from mrnet_features.series.first_picture import read_first_picture
from mrnet_features.series.header_fields import CODES, KEPT_TAGS, NUMBERS, WORDS, read_fields
from mrnet_features.series.nifti import is_nifti

__all__ = ["read_headers"]

SALT_BYTES = 32
"""Length of a random salt."""

FEWEST_SALT_BYTES = 8
"""Shorter salts can be found by trying all of them."""

COLUMNS = ("files", *NUMBERS, *WORDS, *CODES, "problem")


def read_headers(
    exams: Iterable[Exam],
    *,
    salt: str | bytes | None = None,
    n_jobs: int | None = None,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Header fields of each DICOM series of each exam, by an allow-list.

    Of each series one file's header is read, no pixel. Numbers outside a plausible range are taken
    as missing, words are compared with lists of known ones, and of free text such as the model of
    the scanner only a keyed hash is kept. No name, birth date, accession number or patient id is in
    the table.

    Parameters
    ----------
    exams : Dataset or sequence of Exam
    salt : str or bytes, optional
        Key of the hashes, at least 8 bytes. By default a random one per call, which nobody keeps:
        codes can then be compared within the table alone, and not be found by trying patient ids.
        Pass the same one to compare codes of several tables, and keep it as secret as the ids.
    n_jobs : int, optional
        Worker processes: -1 for all cores, None for 1 unless a joblib context sets it.
    progress : bool, optional
        Whether to show a bar. None shows it on a terminal.

    Returns
    -------
    DataFrame with one row per exam and series
        Index: exam, series. Columns:

        - files: files of the series;
        - numbers, NaN if missing: field_t, frequency_mhz, echo_ms, repetition_ms, inversion_ms,
          flip_deg, echo_train, averages, bandwidth_hz, acquired_rows, acquired_columns,
          sampling_percent, phase_field_percent, rows, columns, row_mm, column_mm, thickness_mm,
          spacing_mm, bits_allocated, bits_stored, is_signed, frames;
        - known words, "other" for others, empty if missing: maker, model, sequence, acquisition,
          scan_options, image_type, position, photometric, body_part, character_set, description,
          syntax;
        - codes, empty if missing or a placeholder such as ANONYMOUS: model_code, software_code,
          coil_code, device_code (serial number and station), institution_code, description_code,
          patient;
        - problem: why the header can't be read, empty if it can. The other fields are missing then.

    Raises
    ------
    ModuleNotFoundError
        If pydicom is missing; says what to install.
    TypeError
        If `exams` is not a dataset or a sequence of exams.
    ValueError
        If there are no exams, an id occurs twice, no exam has a header that can be read, or the
        salt is too short.

    Warns
    -----
    UserWarning
        If some series have no header, with the number and the first file.

    See Also
    --------
    scanner_groups : Groups of exams for the folds.

    Examples
    --------
    Does a model know the scanner? ::

        import mrnet_features as mf
        from mrnet_features.data.headers.columns import encode_headers
        train = mf.load_rsna_knee("rsna")
        headers = mf.read_headers(train, n_jobs=-1)
        groups = mf.scanner_groups(headers)
        model = mf.lightgbm_baseline()
        mf.measure_group_gap(model, encode_headers(headers), train.labels, groups).summary()
    """
    listed = _list_exams(exams)
    key = make_key(salt)
    calls = (delayed(read_exam_fields)(exam, key) for exam in listed)
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    with (
        contextlib.closing(run_jobs(calls, n_jobs)) as results,
        show_progress(len(listed), "headers", "exam", progress) as bar,
    ):
        for exam, found in zip(listed, results, strict=True):
            rows |= {(exam.id, series): fields for series, fields in found.items()}
            bar.update()
    table = build_headers(rows)
    _tell_problems(table["problem"])
    return table


def build_headers(rows: dict[tuple[str, str], dict[str, Any]]) -> pd.DataFrame:
    """Table of header fields, with the columns of `read_headers`.

    Parameters
    ----------
    rows : dict of (exam, series) to dict of column to value
        What is missing is NaN, or empty text.

    Returns
    -------
    DataFrame
    """
    index = pd.MultiIndex.from_tuples(rows, names=["exam", "series"])
    columns = {}
    for name in COLUMNS:
        is_number = name == "files" or name in NUMBERS
        values = [row.get(name, float("nan") if is_number else "") for row in rows.values()]
        columns[name] = pd.Series(values, index, dtype="float64" if is_number else "object")
    return pd.DataFrame(columns, index=index)


def make_key(salt: str | bytes | None) -> bytes:
    """Key of the hashes; a random one if no salt is given.

    Parameters
    ----------
    salt : str, bytes or None

    Returns
    -------
    bytes
        At most 64, the most that BLAKE2b takes.

    Raises
    ------
    TypeError, ValueError
        If it is no text or bytes, or has less than 8 bytes.
    """
    if salt is None:
        return secrets.token_bytes(SALT_BYTES)
    if not isinstance(salt, str | bytes):
        raise TypeError(f"`salt` must be text or bytes, got {type(salt).__name__}.")
    given = salt.encode() if isinstance(salt, str) else salt
    if len(given) < FEWEST_SALT_BYTES:
        raise ValueError(
            f"`salt` must have at least {FEWEST_SALT_BYTES} bytes, got {len(given)}: a short one "
            "is found by trying all. Pass a random one, such as `secrets.token_hex(16)`."
        )
    return hashlib.blake2b(given).digest()


def read_exam_fields(exam: Exam, key: bytes) -> dict[str, dict[str, Any]]:
    """Fields of each series of one exam, or the problem.

    Parameters
    ----------
    exam : Exam
    key : bytes
        Of the hashes.

    Returns
    -------
    dict of str to dict
        By series, in the order of `sort_series`.
    """
    found = {}
    for series in sort_series(exam.paths):
        try:
            found[series] = _read_series(exam, series, key)
        except ConnectionError:
            raise
        except (OSError, ValueError) as error:
            found[series] = {"problem": str(error)}
    return found


def _read_series(exam: Exam, series: str, key: bytes) -> dict[str, Any]:
    """Fields of the first file with a picture."""
    path = exam.paths[series]
    if not path.exists():
        raise FileNotFoundError(f"There is no file or folder '{path}'. Load the exams anew.")
    files = exam.list_files(series)
    if not exam.is_scanned(series) or (len(files) == 1 and is_nifti(files[0])):
        raise ValueError(f"'{path}' has no DICOM header.")
    header = read_first_picture(files, str(path), KEPT_TAGS)
    return {"files": len(files), **read_fields(header, key)}


def _list_exams(exams: Any) -> list[Exam]:
    """Exams, checked: at least one, each id once."""
    if isinstance(exams, Exam | str | Path) or not isinstance(exams, Iterable):
        raise TypeError(
            f"`exams` must be a Dataset or a list of Exam, got {type(exams).__name__}. Put one "
            "exam into a list, or load the folder first."
        )
    listed = list(exams)
    odd = [exam for exam in listed if not isinstance(exam, Exam)]
    if odd:
        raise TypeError(f"`exams` must hold Exam, got {type(odd[0]).__name__}.")
    if not listed:
        raise ValueError("`exams` must hold at least one exam, got none.")
    repeated = sorted(exam for exam, n in Counter(e.id for e in listed).items() if n > 1)
    if repeated:
        raise ValueError(f"`exams` must hold each exam id once, got {name_some(repeated)} again.")
    return listed


def _tell_problems(problems: pd.Series[str]) -> None:
    """Error if no series has a header; warning if some have none."""
    bad = problems[problems != ""]
    if not len(bad):
        return
    first = f"The first, exam {quote(bad.index[0][0])}, {bad.index[0][1]}: {bad.iloc[0]}"
    if len(bad) == len(problems):
        raise ValueError(
            f"None of the {len(problems)} series has a header that can be read. {first} Headers "
            "are read from DICOM files."
        )
    warnings.warn(
        f"{len(bad)} of {len(problems)} series have no header that can be read; column `problem` "
        f"says why. {first}",
        stacklevel=3,
    )
