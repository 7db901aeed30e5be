"""Journal: rows of finished exams on disk, from which a stopped run resumes."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import warnings
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self

import numpy as np

from mrnet_features.arrays import Float32Array
from mrnet_features.files.reading import open_file

LONGEST_LINE = 2**22
"""Most bytes of a line: rows of half a million features."""


class FinishedRow(NamedTuple):
    """Features of one exam, with what they were computed from.

    Attributes
    ----------
    values : ndarray of shape (n_features,), float32
    fingerprint : str
        Hash of the exam's pixels.
    file_state : str
        Hash of the sizes and times of the exam's files, taken before they were read.
    """

    values: Float32Array
    fingerprint: str
    file_state: str


class FinishedExam(NamedTuple):
    """Where the features of one exam are, with what they were computed from.

    Attributes
    ----------
    fingerprint, file_state : str
        As of its `FinishedRow`.
    offset : int or None
        Of its line in the journal, in bytes; None if its row is in the table of an earlier run.
    """

    fingerprint: str
    file_state: str
    offset: int | None = None


class Journal:
    """File that gets one line per finished exam, as soon as it is finished.

    A line is a checksum and a JSON object with the hashes of the request and of its recipe, the
    exam id, fingerprint, file state and base64 of the values. If the file is damaged, only the
    damaged lines are lost.

    Parameters
    ----------
    path : Path
    key : str
        Hash of the request; lines of other requests by the same recipe are ignored.
    recipe : str
        Digest of the recipe.
    n_features : int

    Examples
    --------
    >>> import tempfile
    >>> journal = Journal(Path(tempfile.mkdtemp(), "a"), "key", "recipe", n_features=2)
    >>> with journal:
    ...     row = FinishedRow(np.array([1, 2], np.float32), "f", "s")
    ...     finished = journal.append("0042", row)
    >>> journal.read() == {"0042": finished}
    True
    >>> list(journal.iterate_values([finished.offset]))
    [array([1., 2.], dtype=float32)]
    """

    def __init__(self, path: Path, key: str, recipe: str, n_features: int) -> None:
        self.path = path
        self._key = key
        self._recipe = recipe
        self._n_features = n_features
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def read(self) -> dict[str, FinishedExam]:
        """Finished exams by id; the last line of an exam counts. No values are kept in memory.

        Returns
        -------
        dict of str to FinishedExam

        Raises
        ------
        FileExistsError
            If it holds exams of another recipe, which would be lost.
        OSError
            If the path is not a regular file, or may not be read.

        Warns
        -----
        UserWarning
            If lines are damaged; their exams are not finished.
        """
        finished: dict[str, FinishedExam] = {}
        n_damaged = n_others = 0
        for offset, line in self._list_lines():
            record = _parse_line(line)
            if record is None:
                n_damaged += 1
            elif record.get("recipe") != self._recipe:
                n_others += 1
            elif record.get("key") == self._key:
                row = self._read_row(record)
                if row is not None:
                    exam = FinishedExam(row.fingerprint, row.file_state, offset)
                    finished[str(record["exam"])] = exam
        if n_others:
            raise FileExistsError(
                f"'{self.path}' holds {n_others} finished exam{'s' if n_others > 1 else ''} of a "
                "stopped run with another recipe. Finish that run, choose another table, or delete "
                "this file."
            )
        if n_damaged:
            warnings.warn(
                f"'{self.path}' is damaged in {n_damaged} place{'s' if n_damaged > 1 else ''}; the "
                "exams that can't be read from it are extracted again.",
                stacklevel=2,
            )
        return finished

    def iterate_values(self, offsets: Iterable[int]) -> Generator[Float32Array, None, None]:
        """Features of finished exams; their lines are read and checked again.

        Parameters
        ----------
        offsets : iterable of int
            As in `FinishedExam`.

        Yields
        ------
        ndarray of shape (n_features,), float32

        Raises
        ------
        OSError
            If a line has been damaged since it was found.
        """
        with open_file(self.path) as file:
            for offset in offsets:
                file.seek(offset)
                record = _parse_line(file.readline(LONGEST_LINE))
                row = None if record is None else self._read_row(record)
                if row is None:
                    raise OSError(
                        f"'{self.path}' was damaged while it was in use. Run it again: what can be "
                        "read is kept."
                    )
                yield row.values

    def append(self, exam_id: str, row: FinishedRow) -> FinishedExam:
        """Add a finished exam.

        Parameters
        ----------
        exam_id : str
        row : FinishedRow

        Returns
        -------
        FinishedExam

        Raises
        ------
        OSError
            If the file can't be written, or its folder was removed.
        """
        record = {
            "key": self._key,
            "recipe": self._recipe,
            "exam": exam_id,
            "fingerprint": row.fingerprint,
            "file_state": row.file_state,
            "values": base64.b64encode(np.ascontiguousarray(row.values, "<f4")).decode(),
        }
        line = _format_line(record)
        if self._file is None:
            self._file = self.path.open("ab", buffering=0)
            if self._file.tell():
                line = b"\n" + line  # the last line of a stopped run may be incomplete
        offset = self._file.tell() + line.startswith(b"\n")
        _write_all(self._file, line)
        if not self.path.exists():
            raise FileNotFoundError(2, "the file was removed", str(self.path))
        return FinishedExam(row.fingerprint, row.file_state, offset)

    def _list_lines(self) -> Iterator[tuple[int, bytes]]:
        """Lines that are not empty, with their offsets; too long ones are cut into several."""
        offset = 0
        with contextlib.suppress(FileNotFoundError), open_file(self.path) as file:
            while line := file.readline(LONGEST_LINE):
                if line != b"\n":
                    yield offset, line
                offset += len(line)

    def _read_row(self, record: dict[str, object]) -> FinishedRow | None:
        """Row of a record; None if it is not one of this version."""
        texts = [record.get(name) for name in ("exam", "fingerprint", "file_state", "values")]
        if not all(isinstance(text, str) for text in texts):
            return None
        _, fingerprint, file_state, encoded = map(str, texts)
        data = base64.b64decode(encoded)
        if len(data) != 4 * self._n_features:
            return None
        values = np.frombuffer(data, "<f4").astype(np.float32)
        return FinishedRow(values, fingerprint, file_state)


def _format_line(record: dict[str, str]) -> bytes:
    text = json.dumps(record).encode()
    return _hash(text) + b" " + text + b"\n"


def _hash(text: bytes) -> bytes:
    return hashlib.blake2b(text, digest_size=16).hexdigest().encode()


def _parse_line(line: bytes) -> dict[str, object] | None:
    """Record of a line; None if the line is damaged."""
    checksum, _, text = line.rstrip(b"\n").partition(b" ")
    if checksum != _hash(text):
        return None
    record = json.loads(text)
    return record if isinstance(record, dict) else None


def _write_all(file: BinaryIO, text: bytes) -> None:
    """Write a line, or nothing of it."""
    before = file.tell()
    try:
        rest = memoryview(text)
        while rest:
            rest = rest[file.write(rest) :]
    except OSError:
        with contextlib.suppress(OSError):  # an incomplete line does no harm
            file.truncate(before)
        raise
