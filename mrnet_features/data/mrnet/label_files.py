"""Label files of an MRNet folder: their names, their labels, and what is wrong with their lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mrnet_features.data.mrnet.leading_zeros import restore_zeros
from mrnet_features.data.problems import MOST_PROBLEMS, Problem, limit_problems
from mrnet_features.files.csv_files import Row, read_rows
from mrnet_features.files.stored_paths import AnyPath
from mrnet_features.ids.rules import find_id_problem
from mrnet_features.messages import quote
from mrnet_features.names import SPLITS, TASKS

__all__ = ["find_label_files", "list_label_ids", "read_label_file"]

LABEL = "label"
"""Start of the cause of a problem with a label."""

MOST_EXAMS = 250_000
"""Most lines of a label file."""

MOST_BYTES = 16 * 2**20
"""Largest label file: `MOST_EXAMS` exams named by DICOM UIDs."""


def find_label_files(root: AnyPath, splits: Sequence[str] = SPLITS) -> list[str]:
    """Names of the label files in a folder, including names with an underscore for the hyphen.

    Parameters
    ----------
    root : Path or StoredPath
    splits : sequence of str, default ("train", "valid")

    Returns
    -------
    list of str
        In the order of splits and tasks.
    """
    names = (f"{split}{dash}{task}.csv" for split in splits for task in TASKS for dash in "-_")
    return [name for name in names if (root / name).is_file()]


def list_label_ids(root: AnyPath, split: str) -> Iterator[str]:
    """Yield the ids in the label files of one split as they stand there.

    Parameters
    ----------
    root : Path or StoredPath
        Folder of the release.
    split : {"train", "valid"}

    Yields
    ------
    str
        First cell of each line, also of broken lines. Files that can't be read have none here;
        `read_label_file` reports them.
    """
    for task in TASKS:
        try:
            rows = _read_rows(root / f"{split}-{task}.csv")
        except ConnectionError:
            raise
        except (OSError, ValueError):
            continue
        for row in rows:
            yield row.cells[0]


def read_label_file(
    root: AnyPath, split: str, task: str, width: int = 0
) -> tuple[dict[str, int], list[Problem]]:
    """Labels of one task by exam id, and the problems of the file.

    Parameters
    ----------
    root : Path or StoredPath
        Folder of the release.
    split : {"train", "valid"}
    task : {"abnormal", "acl", "meniscus"}
    width : int, default 0
        Digits of a numeric id, as `find_width` returns it; 0 for any number.

    Returns
    -------
    labels : dict of str to int
        Label by exam id, without the broken lines. Empty if the file can't be read, or has more
        than `MOST_PROBLEMS` broken lines.
    problems : list of Problem
        In the order of the lines. A file without lines is no problem here.
    """
    path = root / f"{split}-{task}.csv"
    labels: dict[str, int] = {}
    try:
        problems = list(limit_problems(_read_lines(path, width, labels), path.name))
    except FileNotFoundError:
        underscored = root / f"{split}_{task}.csv"
        advice = (
            f"This copy has '{underscored.name}'; rename it."
            if underscored.is_file()
            else "Copy it from the release."
        )
        return {}, [Problem("label-file", "", "", f"'{path}' does not exist. {advice}")]
    except ConnectionError:
        raise
    except (OSError, ValueError) as error:  # not a regular file, no permission, not text
        return {}, [Problem("label-file", "", "", str(error))]
    return {} if len(problems) > MOST_PROBLEMS else labels, problems


def _read_rows(path: AnyPath) -> list[Row]:
    return read_rows(path, most_bytes=MOST_BYTES, most_lines=MOST_EXAMS)


def _read_lines(path: AnyPath, width: int, labels: dict[str, int]) -> Iterator[Problem]:
    """Fill `labels` with the lines that are right, and yield the problems of the others."""
    for number, (line, cells) in enumerate(_read_rows(path)):
        exam_id, label = (*cells, "")[:2]
        problem = _check_id(cells, width, is_first=number == 0)
        is_named = not problem  # else the problem concerns no exam of the set
        kind = ""
        if not problem and len(cells) != 2:
            kind = "cells"
            shown = quote(",".join(cells))
            problem = f"a line must be 'exam id,label' such as '0000,1', got {shown}. Correct it."
        elif not problem and label not in {"0", "1"}:
            kind = LABEL
            problem = (
                f"the label of exam {quote(exam_id)} must be 0 or 1, got {quote(label)}. Correct "
                "that line."
            )
        elif not problem and exam_id in labels:
            problem = (
                f"exam id {quote(exam_id)} appears twice (labels {labels[exam_id]} and {label}). "
                "Keep the right line."
            )
        if problem:
            text = f"{path.name} line {line}: {problem}"
            restored = restore_zeros(exam_id, width)
            kind = kind or ("zeros" if restored else find_id_problem(exam_id) or "")
            yield Problem(
                "label-file",
                exam_id if is_named else "",
                "",
                text,
                cause=f"{kind} {path.name}" if kind else "",
                line=line,
                named=exam_id if is_named else restored or exam_id.lstrip("_"),
            )
        else:
            labels[exam_id] = int(label)


def _check_id(cells: list[str], width: int, *, is_first: bool) -> str:
    """What is wrong with the exam id of a line and what to do, or an empty string."""
    exam_id, label = (*cells, "")[:2]
    if is_first and not re.search("[0-9]", exam_id) and label not in {"0", "1"}:
        line = quote(",".join(cells))
        return f"{line} looks like a header; the release has none. Delete that line."
    is_corrupt = re.fullmatch("_[0-9]+", exam_id) and label.lstrip("_") in {"0", "1"}
    if is_corrupt and (label.startswith("_") or len(exam_id) == width + 1):
        return (
            f"id {quote(exam_id)} is not an exam id. This looks like a re-hosted copy with a "
            f"corrupt first row; change that line to {exam_id[1:]},{label.lstrip('_')}."
        )
    restored = restore_zeros(exam_id, width)
    if restored:
        return (
            f"id {quote(exam_id)} has lost its leading zeros (a program read it as a number). "
            f"Write it as {restored}."
        )
    problem = find_id_problem(exam_id)
    return f"id {quote(exam_id)} {problem}. Correct that line." if problem else ""
