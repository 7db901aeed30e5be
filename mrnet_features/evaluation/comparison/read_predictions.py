"""Read predictions of other models from the usual file formats."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from mrnet_features.evaluation.comparison.column_order import warn_of_columns
from mrnet_features.evaluation.comparison.probability_cells import check_probabilities
from mrnet_features.files.csv_files import (
    Row,
    build_table,
    holds_numbers,
    read_lines,
    read_rows,
)
from mrnet_features.files.parquet_files import PARQUET, read_parquet
from mrnet_features.ids.checks import require_same_exams, require_unique_ids
from mrnet_features.ids.reading import index_by_id, is_id_name
from mrnet_features.messages import name_some, quote
from mrnet_features.names import TASKS
from mrnet_features.tables import check_fold_columns

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


__all__ = ["read_paths", "read_predictions"]

PLANES_OF_PATHS = ("sagittal", "coronal", "axial")


def read_predictions(
    source: str | Path | Mapping[str, str | Path],
    *,
    paths: str | Path | None = None,
    tasks: Sequence[str] | None = None,
    labels: pd.DataFrame | None = None,
    id_width: int | None = None,
    logits: bool = False,
) -> pd.DataFrame:
    r"""Read and check predictions of any model.

    Formats: the ``predictions.csv`` of the competition with its ``valid-paths.csv``; a CSV or
    parquet table with exam ids in a column or index named exam, exam_id, id, case, study or
    StudyInstanceUID, and one column per task; the same with the columns repeat and fold, as
    `mrnet-features cv` writes it; or one CSV file per task with rows ``id,probability``.

    A number in brackets, such as ``[0.9]``, is read as the number. Values up to 1e-6 outside 0 to
    1, which float32 gives, become 0 or 1.

    Parameters
    ----------
    source : path, or mapping of task to path
        One file, or one per task.
    paths : path, optional
        The ``valid-paths.csv`` of a ``predictions.csv`` without a header: three lines per exam,
        in the order sagittal, coronal, axial.
    tasks : sequence of str, optional
        Columns to read; for the file of the competition also their order. By default those of
        `labels`, or the keys of `source`. Without either MRNet's three (abnormal, acl, meniscus)
        if the file has one of them or no header, else all columns of the file.
    labels : DataFrame of shape (n_exams, n_tasks), optional
        True labels, to find swapped columns by their AUCs instead of their means. Ids of the file
        that are all among theirs have lost no zeros.
    id_width : int, optional
        Digits of an id; shorter numbers get leading zeros. MRNet has 4; 1 keeps numbers as they
        are.
    logits : bool, default False
        Whether the values are log-odds, to be converted to probabilities.

    Returns
    -------
    DataFrame
        Index exam id as text and one column per task, float64, sorted by exam. If the file has
        folds: the columns exam, repeat, fold and one per task.

    Raises
    ------
    OSError
        If a file does not exist or is not a regular file.
    ValueError
        If a file can't be read, columns or rows are missing, there is a column repeat without fold
        or fold without repeat, there are row numbers in place of ids, an id is repeated or has
        lost leading zeros, or a value is not a probability.

    Warns
    -----
    UserWarning
        If a column is constant, the columns look swapped (some public scripts write acl, meniscus,
        abnormal), or values read as log-odds look like probabilities.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp(), "cnn.csv")
    >>> _ = file.write_text("id,abnormal,acl,meniscus\n0007,0.9,0.2,0.5\n")
    >>> read_predictions(file).loc["0007"].tolist()
    [0.9, 0.2, 0.5]
    """
    names = _name_tasks(source, tasks, labels, has_names=paths is None)
    known = frozenset(labels.index if labels is not None else ())
    if isinstance(source, Mapping):
        where = name_some([str(path) for path in source.values()])
        frame = _read_each_task(source, names, id_width, known)
    else:
        where = f"'{source}'"
        frame = (
            _read_competition(source, paths, names, id_width, known)
            if paths
            else _read_table(source, names, id_width, known)
        )
    if not len(frame):
        raise ValueError(f"{where} must have a row per exam, got none. Write it again.")
    frame[names] = check_probabilities(frame[names], logits, where)
    folded = {"repeat", "fold"} <= set(frame.columns)
    advice = "Delete them, or write the mean over the seeds."
    require_unique_ids(where, frame.index, frame["repeat"] if folded else None, advice)
    warn_of_columns(frame, names, labels, where, named=paths is None)
    if folded:
        rows = frame.reset_index()[["exam", "repeat", "fold", *names]]
        return rows.sort_values(["repeat", "exam"], ignore_index=True)
    return frame[names].sort_index()


def list_columns(source: str | Path) -> list[str]:
    r"""Names of the columns of a table of predictions, without those of ids and folds.

    Parameters
    ----------
    source : path
        CSV or parquet table.

    Returns
    -------
    list of str
        In the order of the file; empty if it has no header.

    Raises
    ------
    OSError, ValueError
        If the file can't be read.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp(), "cnn.csv")
    >>> _ = file.write_text("exam,repeat,fold,ACL\n0007,0,1,0.9\n")
    >>> list_columns(file)
    ['ACL']
    """
    if Path(source).suffix.lower() in PARQUET:
        columns = [str(name) for name in read_parquet(source).frame.columns]
    else:
        rows = _read_separated(source)
        columns = [] if not rows or holds_numbers(rows[0]) else list(rows[0].cells)
    others = ("", "repeat", "fold")
    return [name for name in columns if name.lower() not in others and not is_id_name(name)]


def _name_tasks(
    source: str | Path | Mapping[str, str | Path],
    tasks: Sequence[str] | None,
    labels: pd.DataFrame | None,
    *,
    has_names: bool,
) -> list[str]:
    """Tasks to read: those asked for, or those of labels, files or columns."""
    if tasks is not None:
        return list(tasks)
    if labels is not None:
        return list(labels.columns)
    if isinstance(source, Mapping):
        # in MRNet's order, so that a file too many or too few is found
        return list(TASKS) if set(TASKS) & set(source) else list(source)
    columns = list_columns(source) if has_names else []
    return columns if columns and not set(TASKS) & set(columns) else list(TASKS)


def read_paths(path: str | Path) -> dict[str, dict[str, Path]]:
    r"""Read the competition's list of stacks: three lines per exam.

    Parameters
    ----------
    path : path
        No header; one path per line, in the order sagittal, coronal, axial for each exam.
        Backslashes, which scripts write on Windows, are read as slashes.

    Returns
    -------
    dict of str to dict of str to Path
        Exam id to plane to file, in the order of the list. Relative paths are relative to the
        working directory.

    Raises
    ------
    OSError
        If the file does not exist or is not a regular file.
    ValueError
        If it is not text, or there are not three lines per exam in that order.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp(), "valid-paths.csv")
    >>> _ = file.write_text("".join(f"valid/{p}/1130.npy\n" for p in PLANES_OF_PATHS))
    >>> list(read_paths(file)), list(read_paths(file)["1130"])
    (['1130'], ['sagittal', 'coronal', 'axial'])
    """
    lines = [(number, line.strip('"').replace("\\", "/")) for number, line in read_lines(path)]
    if not lines or len(lines) % 3:
        advice = "Add the missing ones."
        if lines and "." not in lines[0][1]:
            advice = f"Line {lines[0][0]} is a header, {quote(lines[0][1])}: delete it."
        raise ValueError(
            f"'{path}' must hold three lines per exam (sagittal, coronal, axial), got {len(lines)} "
            f"lines. {advice}"
        )
    exams: dict[str, dict[str, Path]] = {}
    for start in range(0, len(lines), 3):
        numbers, stacks = zip(*lines[start : start + 3], strict=True)
        found = [tuple(stack.split("/")[-2:]) for stack in stacks]
        exam = found[0][-1].rpartition(".")[0]
        if (
            not exam
            or {name for *_, name in found} != {found[0][-1]}
            or ([folder for *folder, _ in found] != [[plane] for plane in PLANES_OF_PATHS])
        ):
            raise ValueError(
                f"'{path}' lines {numbers[0]} to {numbers[2]} must be the sagittal, coronal and "
                "axial stack of one exam, such as valid/sagittal/1130.npy, got "
                f"{name_some(stacks)}. Put them in that order."
            )
        if exam in exams:
            raise ValueError(
                f"'{path}' line {numbers[0]} must start another exam, got exam {quote(exam)} "
                "again. List each exam once."
            )
        exams[exam] = dict(zip(PLANES_OF_PATHS, map(Path, stacks), strict=True))
    return exams


def _read_competition(
    source: str | Path,
    paths: str | Path,
    tasks: list[str],
    width: int | None,
    known: Collection[str],
) -> pd.DataFrame:
    exams, rows = list(read_paths(paths)), _read_separated(source)
    widths = {len(row.cells) for row in rows}
    if len(rows) != len(exams) or widths != {len(tasks)}:
        has_header = bool(rows) and not set(tasks).isdisjoint(rows[0].cells)
        advice = "Write it again, one row per exam."
        if widths == {len(tasks) + 1}:
            header = "" if has_header else f"add the header {_write_header(tasks)} and "
            advice = f"If the file has ids, {header}leave `paths` out."
        elif has_header:
            advice = f"Line {rows[0].line} is a header: delete it."
        raise ValueError(
            f"'{source}' must hold one row for each of the {len(exams)} exams of '{paths}' and the "
            f"columns {name_some(tasks)}, without a header or ids, got {len(rows)} rows of "
            f"{' to '.join(map(str, sorted({min(widths, default=0), max(widths, default=0)})))} "
            f"cells. {advice}"
        )
    cells = [row.cells for row in rows]
    frame = pd.DataFrame(cells, columns=tasks, dtype=object).assign(exam=exams)
    return index_by_id(frame, f"'{paths}'", width, known)


def _read_table(
    source: str | Path, tasks: list[str], width: int | None, known: Collection[str]
) -> pd.DataFrame:
    where = f"'{source}'"
    if Path(source).suffix.lower() in PARQUET:
        table = read_parquet(source).frame
    else:
        rows = _read_separated(source)
        if rows and holds_numbers(rows[0]):
            advice = f"Add the header, such as {_write_header(tasks)}."
            if len(rows[0].cells) == len(tasks):
                advice = (
                    "It seems to have no header; pass `paths` if it is the competition's "
                    "predictions.csv."
                )
            raise ValueError(
                f"{where} must have a header with a column of exam ids and the columns "
                f"{name_some(tasks)}, but line {rows[0].line} holds numbers: "
                f"{name_some(rows[0].cells)}. {advice}"
            )
        table = build_table(rows, source)
    frame = index_by_id(table, where, width, known)
    missing = [task for task in tasks if task not in frame.columns]
    if missing:
        raise ValueError(
            f"{where} must have the columns {name_some(tasks)}, but lacks {name_some(missing)} "
            f"(present: {name_some(list(table.columns))}). Rename the columns, or name other "
            "tasks in `tasks`."
        )
    return check_fold_columns(frame, where)


def _read_each_task(
    source: Mapping[str, str | Path], tasks: list[str], width: int | None, known: Collection[str]
) -> pd.DataFrame:
    if set(source) != set(tasks):
        raise ValueError(
            f"`source` must give one file for each of {name_some(tasks)}, got "
            f"{name_some(list(source))}. Name the files by task."
        )
    columns: dict[str, pd.Series[Any]] = {}
    for task in tasks:
        path, rows = source[task], _read_separated(source[task])
        wrong = next((row for row in rows if len(row.cells) != 2), None)
        if wrong:
            raise ValueError(
                f"'{path}' line {wrong.line} must be 'id,probability', got {len(wrong.cells)} "
                f"cells: {name_some(wrong.cells)}. Correct that line."
            )
        if rows and is_id_name(rows[0].cells[0]):
            rows = rows[1:]
        cells = [row.cells for row in rows]
        table = pd.DataFrame(cells, columns=["exam", task], dtype=object)
        column = index_by_id(table, f"'{path}'", width, known)[task]
        require_unique_ids(f"'{path}'", column.index)
        columns[task] = column
    for task in tasks[1:]:
        require_same_exams(
            str(source[tasks[0]]), columns[tasks[0]].index, str(source[task]), columns[task].index
        )
    return pd.DataFrame(columns).rename_axis(index="exam")


def _read_separated(source: str | Path) -> list[Row]:
    """Rows of a file; refuses cells that spaces separate, as NumPy prints and saves arrays."""
    rows = read_rows(source)
    if rows and len(rows[0].cells) == 1 and len(rows[0].cells[0].strip("[] ").split()) > 1:
        raise ValueError(
            f"'{source}' must have cells separated by commas, got spaces in line {rows[0].line}: "
            f"{quote(rows[0].cells[0])}. Write the file with commas, for example with "
            "`DataFrame.to_csv` or np.savetxt(..., delimiter=',')."
        )
    return rows


def _write_header(tasks: list[str]) -> str:
    return quote(",".join(["exam", *tasks]))
