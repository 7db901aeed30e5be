"""Label files of an MRNet folder: their names, their labels, and what is wrong with their lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from mrnet_features.data.problems import Problem
from mrnet_features.names import SPLITS, TASKS

__all__ = ["find_label_files", "read_label_file"]


def find_label_files(root: Path, splits: Sequence[str] = SPLITS) -> list[str]:
    """Names of the label files in a folder, including names with an underscore for the hyphen.

    Parameters
    ----------
    root : Path
    splits : sequence of str, default ("train", "valid")

    Returns
    -------
    list of str
        In the order of splits and tasks.
    """
    names = (f"{split}{dash}{task}.csv" for split in splits for task in TASKS for dash in "-_")
    return [name for name in names if (root / name).is_file()]


def read_label_file(root: Path, split: str, task: str) -> tuple[dict[str, int], list[Problem]]:
    """Labels of one task by exam id, and the problems of the file.

    Parameters
    ----------
    root : Path
        Folder of the release.
    split : {"train", "valid"}
    task : {"abnormal", "acl", "meniscus"}

    Returns
    -------
    labels : dict of str to int
        Label by exam id, without the broken lines.
    problems : list of Problem
        In the order of the lines. A file without lines is no problem here.
    """
    path = root / f"{split}-{task}.csv"
    if not path.is_file():
        underscored = root / f"{split}_{task}.csv"
        advice = (
            f"This copy has '{underscored.name}'; rename it."
            if underscored.is_file()
            else "Copy it from the release."
        )
        return {}, [Problem("label-file", "", "", f"'{path}' does not exist. {advice}")]
    try:
        # utf-8-sig: without it, a spreadsheet's byte order mark would be part of the first id
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        text = (
            f"{path.name} must be text in UTF-8, got other bytes ({error.reason}, byte "
            f"{error.start}). Save it again as CSV in UTF-8, or copy it from the release."
        )
        return {}, [Problem("label-file", "", "", text)]
    labels: dict[str, int] = {}
    problems: list[Problem] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        problem = _check_line(line, number)
        if problem:
            start = line.split(",")[0].strip()
            exam_id = start if re.fullmatch(r"\d{4}", start) else ""
            text = f"{path.name} line {number}: {problem}"
            problems.append(Problem("label-file", exam_id, "", text))
            continue
        exam_id, label = line.strip().split(",")
        if exam_id in labels:
            text = (
                f"{path.name} line {number}: exam id '{exam_id}' appears twice "
                f"(labels {labels[exam_id]} and {label}). Keep the right line."
            )
            problems.append(Problem("label-file", exam_id, "", text))
            continue
        labels[exam_id] = int(label)
    return labels, problems


def _check_line(line: str, number: int) -> str | None:
    """What is wrong with a line of a label file, or None."""
    cells = [cell.strip() for cell in line.strip().split(",")]
    if len(cells) != 2:
        return f"a line must be 'exam id,label' such as '0000,1', got {line.strip()!r}. Correct it."
    exam_id, label = (cell.strip("\"'") for cell in cells)
    if re.fullmatch(r"_\d{4}", exam_id):
        return (
            f"id '{exam_id}' is not a four-digit exam id. This looks like a re-hosted copy with "
            f"a corrupt first row; change that line to {exam_id[1:]},{label.lstrip('_')}."
        )
    if number == 1 and not any(character.isdigit() for character in exam_id):
        return f"{line.strip()!r} looks like a header; the release has none. Delete that line."
    if re.fullmatch(r"\d{1,3}", exam_id):
        return (
            f"id '{exam_id}' has lost its leading zeros (a program read it as a number). "
            f"Write it as {exam_id.zfill(4)}."
        )
    if not re.fullmatch(r"\d{4}", exam_id):
        return f"id '{exam_id}' is not a four-digit exam id. Correct that line."
    if label not in {"0", "1"}:
        return f"the label of exam '{exam_id}' must be 0 or 1, got {label!r}. Correct that line."
    if [exam_id, label] != line.strip().split(","):
        return f"a line must be exactly '{exam_id},{label}', got {line.strip()!r}. Correct it."
    return None
