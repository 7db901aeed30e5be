"""Extract features to a file, exam by exam, so that an interrupted run can be resumed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

import pandas as pd

from mrnet_features.data.exam import Exam
from mrnet_features.extraction.engines.failures import refuse_other_file
from mrnet_features.extraction.exams import check_exams
from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.extraction.provenance import list_readers
from mrnet_features.extraction.read import read_exam, suffices
from mrnet_features.extraction.runs.changes import hash_file_state, hash_request, is_stored
from mrnet_features.extraction.runs.table_run import TableRun
from mrnet_features.extraction.sides import give_sides
from mrnet_features.extraction.table_files.features import read_features
from mrnet_features.files.csv_files import MOST_LINES
from mrnet_features.files.locks import hold_lock
from mrnet_features.files.paths import require_local_output
from mrnet_features.files.writing import explain_write_errors
from mrnet_features.ids.rules import find_id_problem
from mrnet_features.messages import name_some, quote
from mrnet_features.series.side import make_side

if TYPE_CHECKING:
    from distributed import Client

MOST_EXAMS = MOST_LINES
"""Most exams of a table: texts of their hashes are in the footer, which readers limit to 100 MB."""


@overload
def extract_features(
    exams: Sequence[Exam],
    path: str | Path,
    *,
    extractor: FeatureExtractor | None = None,
    verify: bool = False,
    on_error: Literal["stop", "skip"] = "stop",
    progress: bool | None = None,
    load: Literal[True] = True,
    dask: str | Client | None = None,
) -> pd.DataFrame: ...


@overload
def extract_features(
    exams: Sequence[Exam],
    path: str | Path,
    *,
    extractor: FeatureExtractor | None = None,
    verify: bool = False,
    on_error: Literal["stop", "skip"] = "stop",
    progress: bool | None = None,
    load: Literal[False],
    dask: str | Client | None = None,
) -> None: ...


def extract_features(
    exams: Sequence[Exam],
    path: str | Path,
    *,
    extractor: FeatureExtractor | None = None,
    verify: bool = False,
    on_error: Literal["stop", "skip"] = "stop",
    progress: bool | None = None,
    load: bool = True,
    dask: str | Client | None = None,
) -> pd.DataFrame | None:
    """Extract features and write them to a parquet file; an interrupted run is resumed.

    Each finished exam is kept in the file ``<path>.unfinished`` until the table is complete. The
    row of an exam is used again only if the recipe, the device, the package versions, the code of
    this library and of families of your own, and the exam's pixels are the same. Files with the
    same size, modification time and change time as before are not read; the pixels of others are
    compared by their hash, and their new times are recorded, so that the next run is quick. If only
    the recipe and the exams are the same, the table is extracted again and replaced. A table of
    another recipe or of other exams is never overwritten.

    Parameters
    ----------
    exams : sequence of Exam
    path : path
        Parquet file to write. If it already holds this table, it is read instead.
    extractor : FeatureExtractor, optional
        Default: ``FeatureExtractor()``.
    verify : bool, default False
        Compare the pixels of all exams by their hash, whatever the times of their files are.
    on_error : {"stop", "skip"}, default "stop"
        What to do about an exam that can't be read or described. "skip" leaves it out of the table
        and lists it in ``<path without .parquet>.errors.csv`` (exam, plane or series, family,
        error). The next run tries it again and removes that file when no error is left.
    progress : bool, optional
        Whether to show a progress bar. None shows it in a terminal.
    load : bool, default True
        Whether to read the table that was written. With False no more than a block of its rows is
        in memory at any time, however many exams there are.
    dask : str or distributed.Client, optional
        Address of a Dask scheduler such as "tcp://10.0.0.1:8786", or a client: its workers describe
        the exams. They need the same packages as this process, and the same files under the same
        paths. The table does not depend on it.

    Returns
    -------
    DataFrame of shape (n_exams, n_features), float32, or None
        None with ``load=False``. Else as ``extractor.transform(exams)``, with
        ``attrs["provenance"]``; without skipped exams. If the extractor has ``missing="nan"``,
        ``provenance["missing"]`` lists the exams that lack a series, by series.

    Raises
    ------
    FileExistsError
        If `path` holds anything but a table of these exams by this recipe: another file, a table
        with other exam ids, one whose pixels differ in every exam, one that was changed after
        extraction, or one of an older version of this library. An empty file is replaced. Or if the
        file for skipped exams is another one, or a stopped run with another recipe has left
        finished exams.
    IsADirectoryError
        If `path` is a folder.
    OSError
        If the table can't be written: the disk is full, or the folder is read-only or was removed.
    RuntimeError
        If another process is writing the same table.
    ValueError
        If `path` does not end in ``.parquet``, an exam id is not valid in a file, all exams would
        be skipped, or there are more than 1,048,576.
    TypeError
        If an exam is a mapping of stacks in memory.

    Warns
    -----
    UserWarning
        If exams are skipped, or finished exams on disk are damaged and extracted again. A
        `StackWarning`, as from `FeatureExtractor.transform`, when an exam is described, but not
        when its row is used again.
    """
    require_local_output(path)
    path = Path(path)
    if path.suffix != ".parquet":
        raise ValueError(f"`path` must end in '.parquet', got '{path}'.")
    if on_error not in ("stop", "skip"):
        raise ValueError(f"`on_error` must be 'stop' or 'skip', got {quote(on_error)}.")
    check_exams(exams)
    _check_files_and_ids(exams)
    extractor = extractor or FeatureExtractor()
    recipe = extractor.recipe()
    sided: list[Exam] = []
    if recipe.sides != "fold":
        exams = give_sides(exams, recipe.sides, skips=on_error == "skip")
        sided = [exam for exam in exams if suffices(make_side(exam.side), recipe.sides)]
    _fit(extractor, exams, sided or exams)
    run = TableRun(
        exams=exams,
        path=path,
        extractor=extractor,
        recipe=recipe,
        key=hash_request(recipe, extractor.device_, list_readers(exams, recipe.planes)),
        file_states={
            exam.id: hash_file_state(exam, recipe.planes, recipe.missing, recipe.sides)
            for exam in exams
        },
        verify=verify,
        on_error=on_error,
        progress=progress,
        dask=dask,
    )
    for index, exam in enumerate(exams if on_error == "stop" else ()):
        if not run.file_states[exam.id] and not is_stored(exam, recipe.planes, recipe.missing):
            # raises at once, not after hours
            read_exam(exam, index, recipe.planes, recipe.missing, recipe.sides)
    if on_error == "skip" and run.failures_path.exists():
        refuse_other_file(run.failures_path)
    head = run.find_existing()
    if head is not None and run.is_current(head):
        table = run.check_again(head, load=load)
        run.tidy()
        run.report(len(exams))
        return table
    folder = run.target.parent
    if head is not None and not os.access(folder, os.W_OK):
        table = run.check_again(head, load=load)
        if len(run.keep_unchanged(run.list_finished(head))) == len(exams):
            run.report(len(exams))
            return table
        raise PermissionError(
            f"'{path}' must be extracted again, since exams or code have changed, but '{folder}' "
            "is read-only. Choose another file."
        )
    with contextlib.ExitStack() as stack:
        with explain_write_errors(path, run.describe_kept):
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(hold_lock(run.target))
        run.complete()
        return read_features(path) if load else None


def _fit(extractor: FeatureExtractor, exams: Sequence[Exam], known: Sequence[Exam]) -> None:
    """Fit on the exams of known side; an error names the others."""
    try:
        extractor.fit(known)
    except ValueError as error:
        unknown = sorted({exam.id for exam in exams} - {exam.id for exam in known})
        if len(known) < len(exams):
            error.add_note(f"exams of unknown side, which are skipped: {name_some(unknown)}")
        raise


def _check_files_and_ids(exams: Sequence[Exam]) -> None:
    """Raise unless exams have files, and ids that a file can hold."""
    if not all(isinstance(exam, Exam) for exam in exams):
        raise TypeError(
            "`exams` must hold Exam, got mappings of stacks, which have no files to compare with "
            "those of an earlier run. Use `FeatureExtractor.transform` for stacks in memory, set "
            "the ids of the table (`table.index = ids`), and write it with `write_features`."
        )
    if len(exams) > MOST_EXAMS:
        raise ValueError(
            f"`exams` must hold at most {MOST_EXAMS:,} exams, as many as a table can, got "
            f"{len(exams):,}. Extract parts of them to tables in one folder, which `read_features` "
            "reads as one."
        )
    for exam in exams:
        problem = find_id_problem(exam.id)
        if problem:
            raise ValueError(
                f"`exams` must have ids that are valid in a file, but {quote(exam.id)} {problem}. "
                "Correct it."
            )
