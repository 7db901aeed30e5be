"""MRNet folder -> Dataset: exams and labels, checked before any work begins."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

PLANES = ("axial", "coronal", "sagittal")
TASKS = ("abnormal", "acl", "meniscus")
SPLITS = ("train", "valid")

SHOWN_PROBLEMS = 50  # a broken copy can have thousands; past this they are counted, not shown

Uint8Array = np.ndarray[Any, np.dtype[np.uint8]]


@dataclass(frozen=True)
class Exam:
    """One knee examination: an id and a file for each plane.

    Parameters
    ----------
    id : str
        Exam id as text with its leading zeros, such as "0042".
    paths : mapping of str to Path
        The ``.npy`` file of each plane.
    """

    id: str
    paths: Mapping[str, Path]

    def load(self, plane: str, *, mmap: bool = False) -> Uint8Array:
        """Stack of one plane.

        Parameters
        ----------
        plane : str
            One of the exam's planes.
        mmap : bool, default False
            Map the file into memory, read-only, instead of reading it.

        Returns
        -------
        ndarray of shape (n_slices, height, width), uint8
            Grey levels 0 to 255.

        Raises
        ------
        KeyError
            If the exam has no file for the plane.
        ValueError
            If the file is not a whole uint8 stack of at least one slice.
        """
        if plane not in self.paths:
            raise KeyError(
                f"Exam '{self.id}' has no file for plane '{plane}' (planes present: "
                f"{', '.join(self.paths) or 'none'}). Pass the planes you have, or exclude it."
            )
        path = self.paths[plane]
        problem = find_stack_problem(path)
        if problem:
            raise ValueError(f"Exam '{self.id}', plane '{plane}': {problem}")
        return np.load(path, mmap_mode="r" if mmap else None, allow_pickle=False)  # type: ignore[no-any-return]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Exams and labels of one split, in one order.

    Parameters
    ----------
    exams : tuple of Exam
        In the order of their ids.
    labels : DataFrame of shape (n_exams, 3), int8
        Index: exam id as text, named "exam"; columns abnormal, acl, meniscus, each 0 or 1.
    """

    exams: tuple[Exam, ...]
    labels: pd.DataFrame

    def __len__(self) -> int:
        return len(self.exams)


def load_mrnet(
    root: str | Path, split: str = "train", *, planes: Sequence[str] = PLANES
) -> Dataset:
    """Exams and labels of one split of an MRNet folder.

    Every label file and the header of every stack is checked; no pixel is read. All problems
    of the folder are reported together.

    Parameters
    ----------
    root : path
        Folder that holds ``train/axial/0000.npy`` and so on, and ``train-abnormal.csv`` and
        so on (no header, rows ``0000,1``).
    split : {"train", "valid"}, default "train"
    planes : sequence of str, default ("axial", "coronal", "sagittal")
        Planes that every exam must have.

    Returns
    -------
    Dataset

    Raises
    ------
    FileNotFoundError
        If the folder, or its folder of the split, does not exist.
    ValueError
        If `split` or `planes` is not one of those named, or anything in the folder is not as
        the release has it; the message lists each problem and its mend.
    """
    root = Path(root)
    _check_request(root, split)
    unknown = [plane for plane in planes if plane not in PLANES]
    if unknown or not planes:
        raise ValueError(f"`planes` must be some of {', '.join(PLANES)}, got {tuple(planes)!r}.")
    if not (root / split).is_dir():
        raise FileNotFoundError(f"'{root}' has no folder '{split}'. {_guess_layout(root, split)}")

    problems: list[str] = []
    labels = {task: _read_labels(root, split, task, problems) for task in TASKS}
    files = {plane: _list_stacks(root / split / plane, problems) for plane in planes}
    ids = sorted(set().union(*files.values()) | set().union(*labels.values()))
    problems.extend(_find_disagreements(ids, labels, files, split))
    for plane in planes:
        for exam_id, path in sorted(files[plane].items()):
            problem = find_stack_problem(path)
            if problem:
                problems.append(f"Exam '{exam_id}', plane '{plane}': {problem}")
    if not ids and not problems:
        problems.append(f"'{root / split}' has no exam. Pass the folder of a whole release.")
    if problems:
        raise ValueError(_list_problems(root, split, problems))
    exams = tuple(Exam(i, {plane: files[plane][i] for plane in planes}) for i in ids)
    return Dataset(exams, _label_frame(ids, labels))


def load_labels(root: str | Path, split: str = "train") -> pd.DataFrame:
    """Labels of one split of an MRNet folder; the stacks need not be there.

    Parameters
    ----------
    root : path
        Folder that holds ``train-abnormal.csv`` and so on.
    split : {"train", "valid"}, default "train"

    Returns
    -------
    DataFrame of shape (n_exams, 3), int8
        As `Dataset.labels`.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist.
    ValueError
        If `split` is not one of those named, or anything in the label files is not as the
        release has it; the message lists each problem and its mend.
    """
    root = Path(root)
    _check_request(root, split)
    problems: list[str] = []
    labels = {task: _read_labels(root, split, task, problems) for task in TASKS}
    ids = sorted(set().union(*labels.values()))
    problems.extend(_find_disagreements(ids, labels, {}, split))
    if not ids and not problems:
        problems.append(f"the label files are empty. Copy {split}-*.csv from the release.")
    if problems:
        raise ValueError(_list_problems(root, split, problems))
    return _label_frame(ids, labels)


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


def _check_request(root: Path, split: str) -> None:
    """Raise unless the split is known and the folder exists."""
    if split not in SPLITS:
        raise ValueError(f"`split` must be 'train' or 'valid', got {split!r}.")
    if not root.is_dir():
        raise FileNotFoundError(
            f"There is no folder '{root}'. Pass the folder that holds '{split}/' and "
            f"'{split}-abnormal.csv'."
        )


def _label_frame(ids: Sequence[str], labels: Mapping[str, Mapping[str, int]]) -> pd.DataFrame:
    """Labels as a table, one row an exam."""
    columns = {task: [known[i] for i in ids] for task, known in labels.items()}
    return pd.DataFrame(columns, index=pd.Index(ids, name="exam"), dtype=np.int8)


def _read_labels(root: Path, split: str, task: str, problems: list[str]) -> dict[str, int]:
    """Labels of one task by exam id; what is wrong goes to `problems`."""
    path = root / f"{split}-{task}.csv"
    if not path.is_file():
        underscored = root / f"{split}_{task}.csv"
        mend = (
            f"This copy has '{underscored.name}'; rename it."
            if underscored.is_file()
            else "Copy it from the release."
        )
        problems.append(f"'{path}' does not exist. {mend}")
        return {}
    labels: dict[str, int] = {}
    # utf-8-sig: a spreadsheet's byte order mark is no part of the first id
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
        if not line.strip():
            continue
        problem = _check_label_line(line, number)
        if problem:
            problems.append(f"{path.name} line {number}: {problem}")
            continue
        exam_id, label = line.strip().split(",")
        if exam_id in labels:
            problems.append(
                f"{path.name} line {number}: exam id '{exam_id}' stands there twice "
                f"(labels {labels[exam_id]} and {label}). Keep the right line."
            )
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


def _list_stacks(folder: Path, problems: list[str]) -> dict[str, Path]:
    """Stack files of one plane by exam id; what is wrong goes to `problems`."""
    if not folder.is_dir():
        problems.append(
            f"'{folder}' does not exist. Copy the plane from the release, or pass the `planes` "
            "you have."
        )
        return {}
    files: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.suffix != ".npy":
            continue
        if not re.fullmatch(r"\d{4}", path.stem):
            problems.append(
                f"'{path}' is not named by a four-digit exam id. Rename it to "
                f"{path.stem.zfill(4) + '.npy' if path.stem.isdigit() else 'such as 0042.npy'}."
            )
            continue
        files[path.stem] = path
    return files


def _find_disagreements(
    ids: Sequence[str],
    labels: Mapping[str, Mapping[str, int]],
    files: Mapping[str, Mapping[str, Path]],
    split: str,
) -> Iterator[str]:
    """Yield where files and labels do not speak of the same exams, or contradict each other."""
    tables = {task: known for task, known in labels.items() if known}
    folders = {plane: known for plane, known in files.items() if known}
    for exam_id in ids:
        present = [plane for plane, known in folders.items() if exam_id in known]
        absent = [plane for plane in folders if plane not in present]
        labelled = [task for task, known in tables.items() if exam_id in known]
        unlabelled = [task for task in tables if task not in labelled]
        if not present and folders:
            yield (
                f"Exam '{exam_id}' has labels ({', '.join(labelled)}) but no stack in "
                f"'{split}/'. Copy its files, or delete its label lines."
            )
        else:
            for plane in absent:
                yield (
                    f"Exam '{exam_id}' has no file for plane '{plane}' (planes present: "
                    f"{', '.join(present)}). Pass planes={tuple(present)!r} or exclude it."
                )
        for task in unlabelled:
            yield (
                f"Exam '{exam_id}' has no label in {split}-{task}.csv. Add the line, or remove "
                "the exam."
            )
        known = {task: tables[task][exam_id] for task in labelled}
        if known.get("abnormal") == 0:
            for task in ("acl", "meniscus"):
                if known.get(task) == 1:
                    yield (
                        f"Exam '{exam_id}' has {task} = 1 but abnormal = 0; a tear is always an "
                        "abnormality. Correct one of the two labels."
                    )


def _guess_layout(root: Path, split: str) -> str:
    """Advice for a folder that is not laid out as the release is."""
    folders = sorted(path.name for path in root.iterdir() if path.is_dir())
    nested = [path.name for path in root.iterdir() if path.is_dir() and (path / split).is_dir()]
    if nested:
        return f"Pass '{root / nested[0]}', which has it."
    renamed = [name for name in ("val", "validation", "test") if name in folders]
    if split == "valid" and renamed:
        return f"This copy has '{renamed[0]}/'; rename it to 'valid'."
    if set(PLANES) & set(folders):
        return f"The planes lie flat in it; move them into '{root / split}/'."
    return f"Folders present: {', '.join(folders) or 'none'}. Pass the folder of the release."


def _list_problems(root: Path, split: str, problems: Sequence[str]) -> str:
    """One message for all problems of a folder, repeats of one line counted once."""
    lines = list(Counter(problems))
    shown = "\n".join(f"- {line}" for line in lines[:SHOWN_PROBLEMS])
    rest = len(lines) - SHOWN_PROBLEMS
    more = f"\n- and {rest} more" if rest > 0 else ""
    noun = "problem" if len(lines) == 1 else "problems"
    return f"'{root}' ({split}) has {len(lines)} {noun}:\n{shown}{more}"
