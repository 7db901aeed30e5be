"""Contents of an MRNet folder, and every difference between the folder and the release."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from mrnet_features.data.mrnet.label_files import (
    LABEL,
    find_label_files,
    list_label_ids,
    read_label_file,
)
from mrnet_features.data.mrnet.leading_zeros import find_width
from mrnet_features.data.problems import Problem, limit_problems
from mrnet_features.data.stack_files import (
    StackFiles,
    find_stack_problem,
    list_stack_files,
    list_stack_ids,
)
from mrnet_features.files.stored_paths import AnyPath
from mrnet_features.messages import quote
from mrnet_features.names import PLANES, SPLITS, TASKS

__all__ = ["Contents", "check_request", "find_conflicts", "has_split", "list_ids", "read_contents"]


class Contents(NamedTuple):
    """Exams, labels, stack files and problems of one split.

    Attributes
    ----------
    ids : tuple of str
        Exams with a label or a stack, in order.
    labels : dict of str to dict of str to int
        Label by task and exam id.
    files : dict of str to StackFiles
        Stack file by plane and exam id.
    problems : tuple of Problem
    """

    ids: tuple[str, ...]
    labels: dict[str, dict[str, int]]
    files: dict[str, StackFiles]
    problems: tuple[Problem, ...]


def read_contents(
    root: AnyPath,
    split: str,
    planes: Sequence[str] = PLANES,
    *,
    exclude: Collection[str] = (),
) -> Contents:
    """Contents of one split, with all its problems.

    Parameters
    ----------
    root : Path or StoredPath
        Folder of the release.
    split : {"train", "valid"}
    planes : sequence of str, default ("axial", "coronal", "sagittal")
        Planes to look for; an empty sequence reads the labels only.
    exclude : collection of str, default ()
        Exam ids to leave out, with all their problems.

    Returns
    -------
    Contents
    """
    labels, files, problems, empty, broken = _read_files(root, split, planes)
    excluded = frozenset(exclude)
    found: set[str] = set().union(*files.values(), *labels.values())
    ids = sorted(found - excluded)
    if found:  # if all files are empty, the split has no exam at all, which the caller reports
        problems.extend(empty)
    disagreements = _find_disagreements(ids, labels, files, split, broken)
    problems.extend(limit_problems(disagreements, f"'{root}' ({split})"))
    for plane in planes:
        unreadable = _find_broken_stacks(plane, files[plane], excluded)
        problems.extend(limit_problems(unreadable, f"'{root / split / plane}'"))
    kept = tuple(problem for problem in problems if problem.exam not in excluded)
    return Contents(tuple(ids), labels, files, kept)


def list_ids(root: AnyPath, split: str) -> set[str]:
    """Ids of the exams of one split that have a stack file or a line in a label file.

    Parameters
    ----------
    root : Path or StoredPath
        Folder of the release.
    split : {"train", "valid"}

    Returns
    -------
    set of str
        Ids in broken lines are included.
    """
    labels, files, problems, *_ = _read_files(root, split, PLANES)
    named = {problem.exam for problem in problems if problem.exam}
    return named.union(*labels.values(), *files.values())


def check_request(root: AnyPath, split: str) -> None:
    """Raise an error unless the split is known and the folder exists.

    Parameters
    ----------
    root : Path or StoredPath
        Folder of the release.
    split : str

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ValueError
        If `split` is neither "train" nor "valid".
    """
    if split not in SPLITS:
        raise ValueError(f"`split` must be 'train' or 'valid', got {quote(split)}.")
    if not root.is_dir():
        raise FileNotFoundError(
            f"There is no folder '{root}'. Pass the folder that holds '{split}/' and "
            f"'{split}-abnormal.csv'."
        )


def has_split(root: AnyPath, split: str) -> bool:
    """Whether a folder holds the folder of a split (train/ or valid/) or one of its label files.

    Parameters
    ----------
    root : Path or StoredPath
        Folder of the release.
    split : {"train", "valid"}

    Returns
    -------
    bool
    """
    return (root / split).is_dir() or bool(find_label_files(root, [split]))


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
                    f"Exam {quote(exam_id)} has {task} = 1 but abnormal = 0; a tear is always an "
                    "abnormality. Correct one of the two labels."
                )
                yield Problem("label-conflict", exam_id, "", text)


class _Files(NamedTuple):
    """Labels and stack files as they were read."""

    labels: dict[str, dict[str, int]]
    files: dict[str, StackFiles]
    problems: list[Problem]
    empty: list[Problem]
    """Label files without a line and planes without a stack."""
    broken: dict[str, list[Problem]]
    """Broken lines by task."""


def _read_files(root: AnyPath, split: str, planes: Sequence[str]) -> _Files:
    """Labels by task and stack files by plane; headers of the stacks are not read yet."""
    read = _Files({}, {}, [], [], {})
    stacks: set[str] = set()
    for plane in PLANES:  # the names of all stacks show whether numbers have leading zeros
        try:
            stacks.update(list_stack_ids(root / split / plane))
        except ConnectionError:
            raise
        except OSError:  # reported below
            continue
    width = find_width(stacks, list_label_ids(root, split))
    for task in TASKS:
        read.labels[task], problems = read_label_file(root, split, task, width)
        read.broken[task] = problems
        read.problems.extend(problems)
        if not read.labels[task] and not problems:
            text = f"{split}-{task}.csv has no line. Copy it from the release."
            read.empty.append(Problem("label-file", "", "", text))
    for plane in planes:
        read.files[plane], problems = list_stack_files(root / split / plane, plane, width)
        read.problems.extend(problems)
        if not read.files[plane] and not problems:
            text = (
                f"'{root / split / plane}' has no stack. Copy the plane from the release, or pass "
                "the `planes` you have."
            )
            read.empty.append(Problem("stack-missing", "", plane, text))
    return read


def _find_broken_stacks(
    plane: str, files: Mapping[str, AnyPath], excluded: Collection[str]
) -> Iterator[Problem]:
    """Yield the stack files of one plane that are not complete stacks."""
    for exam_id, path in files.items():
        text = None if exam_id in excluded else find_stack_problem(path)
        if text:
            text = f"Exam {quote(exam_id)}, plane '{plane}': {text}"
            yield Problem("stack-file", exam_id, plane, text)


def _find_disagreements(
    ids: Sequence[str],
    labels: Mapping[str, Mapping[str, int]],
    files: Mapping[str, Mapping[str, AnyPath]],
    split: str,
    broken: Mapping[str, Sequence[Problem]],
) -> Iterator[Problem]:
    """Yield exams that lack a label or a stack, and contradictory labels.

    A broken line is a problem of its own: no label is missing that it would hold.
    """
    named = {task: {problem.named for problem in found} for task, found in broken.items()}
    tables = {task: known for task, known in labels.items() if known}
    # labels of 1 and 2: nobody knows yet what a 1 means
    recoded = {
        task
        for task, known in tables.items()
        if 0 not in known.values() and any(p.cause.startswith(LABEL) for p in broken[task])
    }
    folders = {plane: known for plane, known in files.items() if known}
    for exam_id in ids:
        present = [plane for plane, known in folders.items() if exam_id in known]
        absent = [plane for plane in folders if plane not in present]
        labelled = [task for task, known in tables.items() if exam_id in known]
        unlabelled = [task for task in tables if task not in labelled]
        if not present and folders:
            text = (
                f"Exam {quote(exam_id)} has labels ({', '.join(labelled)}) but no stack in "
                f"'{split}/'. Copy its files, or delete its label lines."
            )
            yield Problem("stack-missing", exam_id, "", text)
        else:
            for plane in absent:
                text = (
                    f"Exam {quote(exam_id)} has no file for plane '{plane}' (planes present: "
                    f"{', '.join(present)}). Pass planes={tuple(present)!r} or exclude it."
                )
                yield Problem("stack-missing", exam_id, plane, text)
        for task in unlabelled:
            if exam_id in named[task]:
                continue
            text = (
                f"Exam {quote(exam_id)} has no label in {split}-{task}.csv. Add the line, or "
                "remove the exam."
            )
            yield Problem("label-missing", exam_id, "", text)
        yield from find_conflicts(
            exam_id, {task: tables[task][exam_id] for task in labelled if task not in recoded}
        )
