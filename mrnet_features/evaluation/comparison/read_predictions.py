"""Read predictions of other models from the usual file formats."""

from __future__ import annotations

import itertools
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from mrnet_features.names import TASKS

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["read_paths", "read_predictions"]

PLANES_OF_PATHS = ("sagittal", "coronal", "axial")
ID_COLUMNS = ("exam", "id", "case", "study", "exam_id")
# Tasks are correlated: an order of the columns that is better by less may be chance.
SWAP_GAIN = 0.05
# Mean of another column minus the mean of `abnormal` from which the columns look swapped.
SWAP_GAP = 0.1


def read_predictions(
    source: str | Path | Mapping[str, str | Path],
    *,
    paths: str | Path | None = None,
    tasks: Sequence[str] = TASKS,
    labels: pd.DataFrame | None = None,
    id_width: int | None = None,
    logits: bool = False,
) -> pd.DataFrame:
    r"""Read and check predictions of any model.

    Formats: the ``predictions.csv`` of the competition with its ``valid-paths.csv``; a CSV or
    parquet table with a column of ids (exam, id, case, study or exam_id) and one per task; the
    same with the columns repeat and fold, as `mrnet-features cv` writes it; or one file per task
    with rows ``id,probability``.

    Parameters
    ----------
    source : path, or mapping of task to path
        One file, or one per task.
    paths : path, optional
        The ``valid-paths.csv`` of a ``predictions.csv`` without a header: three lines per exam,
        in the order sagittal, coronal, axial.
    tasks : sequence of str, default ("abnormal", "acl", "meniscus")
        Columns to read; for the file of the competition also their order.
    labels : DataFrame of shape (n_exams, n_tasks), optional
        True labels, to find swapped columns by their AUCs instead of their means.
    id_width : int, optional
        Digits of an id; shorter ids get leading zeros. MRNet has 4.
    logits : bool, default False
        Whether the values are log-odds, to be converted to probabilities.

    Returns
    -------
    DataFrame
        Index exam id as text and one column per task, float64, sorted by exam. If the file has
        folds: the columns exam, repeat, fold and one per task.

    Raises
    ------
    FileNotFoundError
        If a file does not exist.
    ValueError
        If columns or rows are missing, an id is repeated or has lost leading zeros, or a value
        is not a probability.

    Warns
    -----
    UserWarning
        If the columns look swapped; some public scripts write acl, meniscus, abnormal.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp(), "cnn.csv")
    >>> _ = file.write_text("id,abnormal,acl,meniscus\n0007,0.9,0.2,0.5\n")
    >>> read_predictions(file).loc["0007"].tolist()
    [0.9, 0.2, 0.5]
    """
    names = list(tasks)
    if isinstance(source, Mapping):
        frame, where = _read_each_task(source, names), ", ".join(map(str, source.values()))
    else:
        where = str(source)
        frame = _read_competition(source, paths, names) if paths else _read_table(source, names)
    frame["exam"] = _check_ids(frame["exam"], id_width, where)
    frame[names] = _check_values(frame[["exam", *names]].set_index("exam"), logits, where)
    folded = {"repeat", "fold"} <= set(frame.columns)
    key = ["exam", "repeat"] if folded else ["exam"]
    if frame.duplicated(key).any():
        twice = frame.loc[frame.duplicated(key), "exam"].iloc[0]
        raise ValueError(f"'{where}' must hold each exam once, got exam {twice!r} again.")
    _warn_if_swapped(frame, names, labels, where)
    if folded:
        kept = frame[["exam", "repeat", "fold", *names]]
        return kept.sort_values(["repeat", "exam"], ignore_index=True)
    return frame.set_index("exam")[names].sort_index()


def read_paths(path: str | Path) -> dict[str, dict[str, Path]]:
    r"""Read the competition's list of stacks: three lines per exam.

    Parameters
    ----------
    path : path
        No header; one path per line, in the order sagittal, coronal, axial for each exam.

    Returns
    -------
    dict of str to dict of str to Path
        Exam id to plane to file, in the order of the list. Relative paths are relative to the
        working directory.

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    ValueError
        If there are not three lines per exam in that order.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp(), "valid-paths.csv")
    >>> _ = file.write_text("".join(f"valid/{p}/1130.npy\n" for p in PLANES_OF_PATHS))
    >>> list(read_paths(file)), list(read_paths(file)["1130"])
    (['1130'], ['sagittal', 'coronal', 'axial'])
    """
    file = _require_file(path)
    lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
    lines = [line for line in lines if line]
    if not lines or len(lines) % 3:
        raise ValueError(
            f"'{file}' must hold three lines per exam (sagittal, coronal, axial), got {len(lines)} "
            "lines. Add the missing ones."
        )
    exams: dict[str, dict[str, Path]] = {}
    for start in range(0, len(lines), 3):
        stacks = [Path(line) for line in lines[start : start + 3]]
        found = [(stack.parent.name, stack.stem) for stack in stacks]
        exam = found[0][1]
        if found != [(plane, exam) for plane in PLANES_OF_PATHS]:
            raise ValueError(
                f"'{file}' lines {start + 1} to {start + 3} must be the sagittal, coronal and "
                f"axial stack of one exam, such as valid/sagittal/1130.npy, got {lines[start]!r}, "
                f"{lines[start + 1]!r}, {lines[start + 2]!r}. Put them in that order."
            )
        if exam in exams:
            raise ValueError(f"'{file}' must hold each exam once, got exam {exam!r} again.")
        exams[exam] = dict(zip(PLANES_OF_PATHS, stacks, strict=True))
    return exams


def _require_file(path: str | Path) -> Path:
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"There is no file '{file}'.")
    return file


def _read_cells(path: str | Path) -> pd.DataFrame:
    return pd.read_csv(
        _require_file(path), header=None, dtype=str, keep_default_na=False, skipinitialspace=True
    )


def _read_competition(source: str | Path, paths: str | Path, tasks: list[str]) -> pd.DataFrame:
    exams, cells = list(read_paths(paths)), _read_cells(source)
    if cells.shape != (len(exams), len(tasks)):
        raise ValueError(
            f"'{source}' must hold one row for each of the {len(exams)} exams of '{paths}' and the "
            f"columns {', '.join(tasks)}, without a header or ids, got {cells.shape[0]} rows of "
            f"{cells.shape[1]}. If the file has ids, leave `paths` out."
        )
    return pd.DataFrame(cells.to_numpy(), columns=tasks).assign(exam=exams)


def _read_table(source: str | Path, tasks: list[str]) -> pd.DataFrame:
    file = _require_file(source)
    if file.suffix == ".parquet":
        frame = pd.read_parquet(file)
        if frame.index.name in ID_COLUMNS or "__index_level_0__" in frame:
            frame = frame.reset_index()
        elif not set(ID_COLUMNS) & set(frame.columns):
            frame = frame.rename_axis(index="exam").reset_index()
    else:
        frame = pd.read_csv(file, dtype=str, keep_default_na=False, comment="#")
    ids = [name for name in ID_COLUMNS if name in frame.columns]
    missing = [task for task in tasks if task not in frame.columns]
    if missing or not ids:
        hint = (
            " It seems to have no header; pass `paths` if it is the competition's predictions.csv."
            if all(re.fullmatch(r"[-+.\deE]+", str(name)) for name in frame.columns)
            else ""
        )
        lacking = [*([] if ids else ["a column of ids such as 'id'"]), *map(repr, missing)]
        raise ValueError(
            f"'{file}' must have a column of ids and the columns {', '.join(tasks)}, but lacks "
            f"{', '.join(lacking)} (present: {', '.join(map(str, frame.columns[:8]))}).{hint}"
        )
    frame = frame.rename(columns={ids[0]: "exam"})
    for name in {"repeat", "fold"} & set(frame.columns):
        frame[name] = frame[name].astype("int64")
    return frame


def _read_each_task(source: Mapping[str, str | Path], tasks: list[str]) -> pd.DataFrame:
    if set(source) != set(tasks):
        raise ValueError(
            f"`source` must give one file for each of {', '.join(tasks)}, got {', '.join(source)}."
        )
    columns: dict[str, pd.Series[Any]] = {}
    for task in tasks:
        cells = _read_cells(source[task])
        if cells.shape[1] != 2:
            raise ValueError(
                f"'{source[task]}' must hold rows 'id,probability', got {cells.shape[1]} columns."
            )
        if cells.iloc[0, 0] in ID_COLUMNS:
            cells = cells.iloc[1:]
        column = cells.set_index(0)[1]
        if column.index.has_duplicates:
            twice = column.index[column.index.duplicated()][0]
            raise ValueError(
                f"'{source[task]}' must hold each exam once, got exam {twice!r} again."
            )
        columns[task] = column
    first = columns[tasks[0]].index
    for task, column in columns.items():
        if set(column.index) != set(first):
            raise ValueError(
                f"The files of {tasks[0]!r} and {task!r} must hold the same exams, got "
                f"{len(first)} and {len(column)} with {len(set(first) & set(column.index))} in "
                "both."
            )
    return pd.DataFrame(columns).rename_axis(index="exam").reset_index()


def _check_ids(ids: pd.Series[Any], width: int | None, where: str) -> pd.Series[Any]:
    text = ids.map(str).str.strip()
    if width is not None:
        return text.str.zfill(width)
    numeric = text.str.fullmatch(r"\d+")
    if numeric.all() and text.str.len().nunique() > 1:
        shortest, longest = text.str.len().min(), text.str.len().max()
        example = text.iloc[int(text.str.len().argmin())]
        raise ValueError(
            f"'{where}': ids must have their leading zeros, got numbers of {shortest} to "
            f"{longest} digits such as {example!r}. Pass id_width={max(4, int(longest))} to "
            "restore them, or write ids as text."
        )
    return text


def _check_values(frame: pd.DataFrame, logits: bool, where: str) -> Any:
    numbers = frame.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=np.float64)
    if not np.isfinite(numbers).all():
        row, column = np.argwhere(~np.isfinite(numbers))[0]
        raise ValueError(
            f"'{where}' must hold a number for every exam and task, got {frame.iat[row, column]!r} "
            f"for exam {frame.index[row]!r}, task {frame.columns[column]!r} "
            f"({int((~np.isfinite(numbers)).sum())} such cells). Predict every exam."
        )
    if logits:
        return expit(numbers)
    if numbers.min() < 0 or numbers.max() > 1:
        raise ValueError(
            f"'{where}' must hold probabilities from 0 to 1, got {numbers.min():.3g} to "
            f"{numbers.max():.3g}. If these are log-odds, pass logits=True."
        )
    return numbers


def _warn_if_swapped(
    frame: pd.DataFrame, tasks: list[str], labels: pd.DataFrame | None, where: str
) -> None:
    if labels is not None and len(tasks) > 1:
        better = _find_better_order(frame, tasks, labels)
        if better:
            warnings.warn(
                f"The columns {', '.join(tasks)} of '{where}' look swapped: read as "
                f"{', '.join(better)} they agree better with the labels. If they are, pass "
                f"tasks={tuple(better)!r}.",
                stacklevel=3,
            )
    elif "abnormal" in tasks and len(tasks) > 1:
        # A tear is an abnormality, so its probability can't be the larger one.
        means = frame[tasks].mean()
        if means.max() > means["abnormal"] + SWAP_GAP:
            warnings.warn(
                f"The columns {', '.join(tasks)} of '{where}' look swapped: {means.idxmax()!r} has "
                f"a mean of {means.max():.2f}, 'abnormal' only {means['abnormal']:.2f}. Some "
                "scripts write acl, meniscus, abnormal; if this is such a file, pass "
                "tasks=('acl', 'meniscus', 'abnormal').",
                stacklevel=3,
            )


def _find_better_order(
    frame: pd.DataFrame, tasks: list[str], labels: pd.DataFrame
) -> tuple[str, ...] | None:
    """Order of the columns that agrees better with the labels, if there is one."""
    shared = frame[frame["exam"].isin(labels.index)]
    truth = labels.loc[shared["exam"], tasks]
    if not len(truth) or (truth.nunique() < 2).any():
        return None
    auc = {
        (task, column): float(roc_auc_score(truth[task], shared[column]))
        for task in tasks
        for column in tasks
    }

    def total(order: tuple[str, ...]) -> float:
        return sum(auc[pair] for pair in zip(order, tasks, strict=True)) / len(tasks)

    best = max(itertools.permutations(tasks), key=total)
    return best if total(best) > total(tuple(tasks)) + SWAP_GAIN else None
