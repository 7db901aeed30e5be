"""What an MRNet folder holds, and what is wrong with it: label lines, files, headers."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mrnet_features.names import PLANES, SPLITS, TASKS

SHOWN_PROBLEMS = 50  # a broken copy can have thousands; past this they are counted, not shown


class Problem(NamedTuple):
    """One thing that is not as the release has it.

    Attributes
    ----------
    code : str
        One of label-file, label-conflict, label-missing, stack-file, stack-missing.
    exam : str
        Exam id; empty where the problem belongs to no exam.
    plane : str
        Empty where the problem belongs to no plane.
    text : str
        What it must be, what it was, and what to do.
    """

    code: str
    exam: str
    plane: str
    text: str


class Contents(NamedTuple):
    """What was found in the folder of one split.

    Attributes
    ----------
    ids : tuple of str
        Exams with a label or a stack, in order.
    labels : dict of str to dict of str to int
        Label by task and exam id.
    files : dict of str to dict of str to Path
        Stack by plane and exam id.
    problems : tuple of Problem
    """

    ids: tuple[str, ...]
    labels: dict[str, dict[str, int]]
    files: dict[str, dict[str, Path]]
    problems: tuple[Problem, ...]


def read_contents(
    root: Path,
    split: str,
    planes: Sequence[str] = PLANES,
    *,
    exclude: Collection[str] = (),
) -> Contents:
    """Everything in the folder of one split, right or wrong.

    Parameters
    ----------
    root : Path
        Folder of the release.
    split : {"train", "valid"}
    planes : sequence of str, default ("axial", "coronal", "sagittal")
        Planes to look for; none, to read the labels alone.
    exclude : collection of str, default ()
        Exam ids to pass over, with all that is wrong with them.

    Returns
    -------
    Contents
    """
    problems: list[Problem] = []
    empty: list[Problem] = []  # a fault only where others are not: a split may be absent as a whole
    labels = {task: _read_labels(root, split, task, problems, empty) for task in TASKS}
    files = {plane: _list_stacks(root / split / plane, plane, problems, empty) for plane in planes}
    found = set().union(*files.values(), *labels.values())
    ids = sorted(found - set(exclude))
    if found:
        problems.extend(empty)
    problems.extend(_find_disagreements(ids, labels, files, split))
    for plane in planes:
        for exam_id, path in sorted(files[plane].items()):
            text = None if exam_id in exclude else find_stack_problem(path)
            if text:
                text = f"Exam '{exam_id}', plane '{plane}': {text}"
                problems.append(Problem("stack-file", exam_id, plane, text))
    kept = tuple(problem for problem in problems if problem.exam not in exclude)
    return Contents(tuple(ids), labels, files, kept)


def list_ids(root: Path, split: str) -> set[str]:
    """Ids of the exams of one split that have a label, a broken line of one, or a file.

    Parameters
    ----------
    root : Path
    split : {"train", "valid"}

    Returns
    -------
    set of str
    """
    problems: list[Problem] = []
    labels = [_read_labels(root, split, task, problems, problems) for task in TASKS]
    files = [_list_stacks(root / split / plane, plane, problems, problems) for plane in PLANES]
    named = {problem.exam for problem in problems if problem.exam}
    return named.union(*labels, *files)


def find_stack_problem(path: Path) -> str | None:
    """Say what is wrong with the header or the size of a ``.npy`` stack; None if nothing is.

    Parameters
    ----------
    path : Path

    Returns
    -------
    str or None
        What the file must be, what it was, and what to do.
    """
    try:
        with path.open("rb") as file:
            version = np.lib.format.read_magic(file)
            read = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }.get(version)
            if read is None:
                return f"'{path}' is in .npy format {version}; save it again with numpy.save."
            shape, _, dtype = read(file)
            start = file.tell()
    except (ValueError, OSError) as error:
        return f"'{path}' can't be read as a .npy file ({error}). Copy it again from the release."
    if dtype.hasobject:
        return (
            f"'{path}' holds Python objects, which are never unpickled. "
            "Save the stack as a plain uint8 array."
        )
    if dtype != np.uint8 or len(shape) != 3:
        return (
            f"'{path}' must hold an array of shape (n_slices, height, width) and dtype uint8, "
            f"got {shape} {dtype}. Convert it, or copy it again from the release."
        )
    if 0 in shape:
        return f"'{path}' must hold at least one slice and one pixel, got shape {shape}."
    size, expected = path.stat().st_size - start, int(np.prod(shape, dtype=np.int64))
    if size != expected:
        return (
            f"'{path}' must hold {expected} bytes of pixels for shape {shape}, got {size}. "
            "The copy is truncated or damaged; copy it again."
        )
    return None


def check_request(root: Path, split: str) -> None:
    """Raise unless the split is known and the folder exists."""
    if split not in SPLITS:
        raise ValueError(f"`split` must be 'train' or 'valid', got {split!r}.")
    if not root.is_dir():
        raise FileNotFoundError(
            f"There is no folder '{root}'. Pass the folder that holds '{split}/' and "
            f"'{split}-abnormal.csv'."
        )


def _read_labels(
    root: Path, split: str, task: str, problems: list[Problem], empty: list[Problem]
) -> dict[str, int]:
    """Labels of one task by exam id; what is wrong goes to `problems`, or to `empty`."""
    path = root / f"{split}-{task}.csv"
    if not path.is_file():
        underscored = root / f"{split}_{task}.csv"
        mend = (
            f"This copy has '{underscored.name}'; rename it."
            if underscored.is_file()
            else "Copy it from the release."
        )
        problems.append(Problem("label-file", "", "", f"'{path}' does not exist. {mend}"))
        return {}
    try:
        # utf-8-sig: a spreadsheet's byte order mark is no part of the first id
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        text = (
            f"{path.name} must be text in UTF-8, got other bytes ({error.reason}, byte "
            f"{error.start}). Save it again as CSV in UTF-8, or copy it from the release."
        )
        problems.append(Problem("label-file", "", "", text))
        return {}
    if not any(line.strip() for line in lines):
        text = f"{path.name} has no line. Copy it from the release."
        empty.append(Problem("label-file", "", "", text))
    labels: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        problem = _check_label_line(line, number)
        if problem:
            start = line.split(",")[0].strip()
            exam_id = start if re.fullmatch(r"\d{4}", start) else ""
            text = f"{path.name} line {number}: {problem}"
            problems.append(Problem("label-file", exam_id, "", text))
            continue
        exam_id, label = line.strip().split(",")
        if exam_id in labels:
            text = (
                f"{path.name} line {number}: exam id '{exam_id}' stands there twice "
                f"(labels {labels[exam_id]} and {label}). Keep the right line."
            )
            problems.append(Problem("label-file", exam_id, "", text))
            continue
        labels[exam_id] = int(label)
    return labels


def _check_label_line(line: str, number: int) -> str | None:
    """Say what is wrong with a line of a label file; None if nothing is."""
    cells = [cell.strip() for cell in line.strip().split(",")]
    if len(cells) != 2:
        return f"a line must be 'exam id,label' such as '0000,1', got {line.strip()!r}. Mend it."
    exam_id, label = (cell.strip("\"'") for cell in cells)
    if re.fullmatch(r"_\d{4}", exam_id):
        return (
            f"id '{exam_id}' is not a four-digit exam id. This looks like a re-hosted copy with "
            f"a corrupt first row; mend that line to {exam_id[1:]},{label.lstrip('_')}."
        )
    if number == 1 and not any(character.isdigit() for character in exam_id):
        return f"{line.strip()!r} looks like a header; the release has none. Delete that line."
    if re.fullmatch(r"\d{1,3}", exam_id):
        return (
            f"id '{exam_id}' has lost its leading zeros (a reader took it for a number). "
            f"Write it as {exam_id.zfill(4)}."
        )
    if not re.fullmatch(r"\d{4}", exam_id):
        return f"id '{exam_id}' is not a four-digit exam id. Mend that line."
    if label not in {"0", "1"}:
        return f"the label of exam '{exam_id}' must be 0 or 1, got {label!r}. Mend that line."
    if [exam_id, label] != line.strip().split(","):
        return f"a line must be exactly '{exam_id},{label}', got {line.strip()!r}. Mend it."
    return None


def _list_stacks(
    folder: Path, plane: str, problems: list[Problem], empty: list[Problem]
) -> dict[str, Path]:
    """Stack files of one plane by exam id; what is wrong goes to `problems`, or to `empty`."""
    if not folder.is_dir():
        text = (
            f"'{folder}' does not exist. Copy the plane from the release, or pass the `planes` "
            "you have."
        )
        problems.append(Problem("stack-missing", "", plane, text))
        return {}
    files: dict[str, Path] = {}
    stacks = [path for path in sorted(folder.glob("*.npy")) if not path.name.startswith(".")]
    if not stacks:
        text = (
            f"'{folder}' has no stack. Copy the plane from the release, or pass the `planes` you "
            "have."
        )
        empty.append(Problem("stack-missing", "", plane, text))
    for path in stacks:
        if not re.fullmatch(r"\d{4}", path.stem):
            mend = path.stem.zfill(4) + ".npy" if path.stem.isdigit() else "such as 0042.npy"
            text = f"'{path}' is not named by a four-digit exam id. Rename it to {mend}."
            problems.append(Problem("stack-file", "", plane, text))
            continue
        files[path.stem] = path
    return files


def _find_disagreements(
    ids: Sequence[str],
    labels: Mapping[str, Mapping[str, int]],
    files: Mapping[str, Mapping[str, Path]],
    split: str,
) -> Iterator[Problem]:
    """Yield where files and labels do not speak of the same exams, or contradict each other."""
    tables = {task: known for task, known in labels.items() if known}
    folders = {plane: known for plane, known in files.items() if known}
    for exam_id in ids:
        present = [plane for plane, known in folders.items() if exam_id in known]
        absent = [plane for plane in folders if plane not in present]
        labelled = [task for task, known in tables.items() if exam_id in known]
        unlabelled = [task for task in tables if task not in labelled]
        if not present and folders:
            text = (
                f"Exam '{exam_id}' has labels ({', '.join(labelled)}) but no stack in "
                f"'{split}/'. Copy its files, or delete its label lines."
            )
            yield Problem("stack-missing", exam_id, "", text)
        else:
            for plane in absent:
                text = (
                    f"Exam '{exam_id}' has no file for plane '{plane}' (planes present: "
                    f"{', '.join(present)}). Pass planes={tuple(present)!r} or exclude it."
                )
                yield Problem("stack-missing", exam_id, plane, text)
        for task in unlabelled:
            text = (
                f"Exam '{exam_id}' has no label in {split}-{task}.csv. Add the line, or remove "
                "the exam."
            )
            yield Problem("label-missing", exam_id, "", text)
        yield from find_conflicts(exam_id, {task: tables[task][exam_id] for task in labelled})


def find_conflicts(exam_id: str, labels: Mapping[str, int]) -> Iterator[Problem]:
    """Yield the contradictions between one exam's labels.

    Parameters
    ----------
    exam_id : str
    labels : mapping of str to int
        Label by task; tasks may be absent.

    Yields
    ------
    Problem

    Examples
    --------
    >>> [problem.code for problem in find_conflicts("0042", {"abnormal": 0, "acl": 1})]
    ['label-conflict']
    """
    if labels.get("abnormal") == 0:
        for task in ("acl", "meniscus"):
            if labels.get(task) == 1:
                text = (
                    f"Exam '{exam_id}' has {task} = 1 but abnormal = 0; a tear is always an "
                    "abnormality. Correct one of the two labels."
                )
                yield Problem("label-conflict", exam_id, "", text)


def has_split(root: Path, split: str) -> bool:
    """Whether a folder holds anything of a split: its folder, or one of its label files.

    Parameters
    ----------
    root : Path
    split : {"train", "valid"}

    Returns
    -------
    bool
    """
    return (root / split).is_dir() or bool(find_label_files(root, [split]))


def find_label_files(root: Path, splits: Sequence[str] = SPLITS) -> list[str]:
    """Names of the label files in a folder, those with another dash among them.

    Parameters
    ----------
    root : Path
    splits : sequence of str, default ("train", "valid")

    Returns
    -------
    list of str
        In order of split and task.
    """
    names = (f"{split}{dash}{task}.csv" for split in splits for task in TASKS for dash in "-_")
    return [name for name in names if (root / name).is_file()]


def list_problems(root: Path, split: str, problems: Sequence[Problem]) -> str:
    """One message for all problems of a folder, repeats of one line counted once."""
    lines = list(dict.fromkeys(problem.text for problem in problems))
    shown = "\n".join(f"- {line}" for line in lines[:SHOWN_PROBLEMS])
    rest = len(lines) - SHOWN_PROBLEMS
    more = f"\n- and {rest} more" if rest > 0 else ""
    noun = "problem" if len(lines) == 1 else "problems"
    return f"'{root}' ({split}) has {len(lines)} {noun}:\n{shown}{more}"
