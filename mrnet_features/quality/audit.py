"""Folder or Dataset -> table of findings, in one pass over the pixels."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from joblib import delayed

from mrnet_features.data.exam import Dataset, Exam
from mrnet_features.data.label_files import find_label_files
from mrnet_features.data.problems import Problem
from mrnet_features.data.release import (
    Contents,
    check_request,
    find_conflicts,
    has_split,
    read_contents,
)
from mrnet_features.data.release_hints import guess_layout, guess_renaming
from mrnet_features.jobs import run_jobs, show_progress
from mrnet_features.names import PLANES, SPLITS
from mrnet_features.quality.cohort_rules import LEAST_EXAMS, judge_values, judge_views
from mrnet_features.quality.duplicates import find_duplicates, find_near_duplicates
from mrnet_features.quality.findings import (
    FOLDER_CODES,
    SET_CODES,
    Finding,
    choose_codes,
    tabulate,
)
from mrnet_features.quality.measurements import Measures, measure_exam
from mrnet_features.quality.stack_rules import judge_stack

REJECTED_PROBLEMS = {"label-conflict", "stack-file"}


def audit(
    data: Dataset | str | Path,
    *,
    codes: str | Iterable[str] | None = None,
    skip: str | Iterable[str] = (),
    n_jobs: int | None = None,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Exams that a reader would reject or look at twice: one row a finding.

    Parameters
    ----------
    data : Dataset or path
        Exams of one split; or an MRNet folder, whose splits are then examined together, copies
        across them included, and whose broken labels and files become findings instead of errors.
    codes : str or iterable of str, optional
        Codes to look for; all of ``mrnet_features.quality.CODES`` where None. If all of them
        concern labels and files, no pixel is read.
    skip : str or iterable of str, default ()
        Codes to leave out.
    n_jobs : int, optional
        Exams measured at a time, as joblib reads it.
    progress : bool, optional
        Show a progress bar; where None, only on a terminal.

    Returns
    -------
    DataFrame
        Columns: exam, plane (empty where a finding concerns none), code, severity ("reject":
        leave it out; "check": look at it), value (float64, NaN where there is none; `CODES` says
        what it is), advice. ``load_mrnet(root, exclude=findings[findings["severity"] ==
        "reject"])`` leaves those exams out. ``attrs["examined"]`` says what was looked at:
        "exams", how many by split ("" for a Dataset); "needed", how many of a plane are needed to
        judge them against each other; "few", how many by plane where they were fewer;
        "unjudged", which codes were left out there. pandas drops it where tables of different
        audits are joined.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist or holds no split.
    TypeError
        If `data` is neither a Dataset nor a path.
    ValueError
        If a code does not exist or none is left, or a file of a Dataset has been damaged since.

    Notes
    -----
    Noise, blur, slice count and all of orientation and out-of-view but the leg cut off at a side
    are judged against the other exams of a plane, and need 20 of them. Of two copies the one in
    train is named where the other is in valid, else the one with the later id: leaving out what
    is named leaves one of each.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> folder = Path(tempfile.mkdtemp())
    >>> np.save(folder / "blank.npy", np.zeros((4, 64, 64), np.uint8))
    >>> exam = Exam("0000", {"axial": folder / "blank.npy"})
    >>> labels = pd.DataFrame({"abnormal": [0], "acl": [1], "meniscus": [0]}, index=["0000"])
    >>> audit(Dataset((exam,), labels))[["exam", "plane", "code", "severity", "value"]]
       exam  plane            code severity  value
    0  0000         label-conflict   reject    NaN
    1  0000  axial    blank-slices   reject    4.0
    """
    wanted = choose_codes(codes, skip)
    if isinstance(data, Dataset):
        splits = {"": _Part.of_dataset(data)}
        planes = sorted({plane for exam in data.exams for plane in exam.paths})
    elif isinstance(data, str | Path):
        splits = _read_folder(Path(data))
        planes = list(PLANES)
    else:
        raise TypeError(
            f"`data` must be a Dataset or the path of an MRNet folder, got "
            f"{type(data).__name__}. Make one with `load_mrnet`."
        )
    findings = [finding for part in splits.values() for finding in part.findings]
    unjudged: dict[str, Any] = {"few": {}, "unjudged": []}
    if not set(wanted) <= set(FOLDER_CODES):
        exams = [exam for part in splits.values() for exam in part.exams]
        measures = _measure_exams(exams, n_jobs, progress)
        findings.extend(_judge_measures(measures, splits))
        unjudged = _find_unjudged(measures, planes, wanted)
    table = tabulate(findings, wanted)
    table.attrs["examined"] = {
        "exams": {split: part.n_exams for split, part in splits.items()},
        "needed": LEAST_EXAMS,
        **unjudged,
    }
    return table


class _Part:
    """Exams, labels and folder findings of one split."""

    def __init__(
        self,
        exams: Iterable[Exam],
        labels: Mapping[str, Mapping[str, int]],
        findings: Iterable[Finding],
        n_exams: int,
    ) -> None:
        self.exams = tuple(exams)
        self.n_exams = n_exams  # those without a stack, or with a broken one, among them
        self.labels = labels
        self.findings = tuple(findings)

    @classmethod
    def of_dataset(cls, dataset: Dataset) -> _Part:
        """A Dataset was read strictly; only labels made by hand can contradict each other."""
        labels = {
            str(exam): {str(task): int(label) for task, label in row.items()}
            for exam, row in dataset.labels.to_dict("index").items()
        }
        problems = [
            problem for exam, row in labels.items() for problem in find_conflicts(exam, row)
        ]
        contents = Contents((), {}, {}, tuple(problems))
        return cls(dataset.exams, labels, _tell_problems(contents), len(dataset.exams))

    @classmethod
    def of_folder(cls, contents: Contents) -> _Part:
        """Whatever of a folder can be read; the rest is findings."""
        broken = {(p.exam, p.plane) for p in contents.problems if p.code == "stack-file"}
        exams = []
        for exam in contents.ids:
            paths = {
                plane: files[exam]
                for plane, files in contents.files.items()
                if exam in files and (exam, plane) not in broken
            }
            if paths:
                exams.append(Exam(exam, paths))
        labels = {
            exam: {task: known[exam] for task, known in contents.labels.items() if exam in known}
            for exam in contents.ids
        }
        return cls(exams, labels, _tell_problems(contents), len(contents.ids))


def _tell_problems(contents: Contents) -> Iterator[Finding]:
    """Yield the problems of a folder as findings."""
    for problem in contents.problems:
        severity = "reject" if problem.code in REJECTED_PROBLEMS and problem.exam else "check"
        place = problem.exam, problem.plane
        yield Finding(*place, problem.code, severity, float("nan"), problem.text)


def _read_folder(root: Path) -> dict[str, _Part]:
    """Both splits of a folder, or the one that is there."""
    check_request(root, SPLITS[0])
    if not any((root / split).is_dir() for split in SPLITS):
        raise FileNotFoundError(
            f"'{root}' has no folder '{SPLITS[0]}' or '{SPLITS[1]}'. "
            f"{guess_layout(root, SPLITS[0])}"
        )
    return {
        split: _Part.of_folder(_read_split(root, split))
        for split in SPLITS
        if has_split(root, split)
    }


def _read_split(root: Path, split: str) -> Contents:
    """Contents of a split; where its folder is missing, its labels, and that as a problem."""
    if (root / split).is_dir():
        return read_contents(root, split)
    labels = read_contents(root, split, planes=())
    files = ", ".join(find_label_files(root, [split]))
    mend = guess_renaming(root, split) or "Copy the folder from the release, or delete the labels."
    text = f"'{root}' has labels of '{split}' ({files}), but no folder '{split}'. {mend}"
    missing = Problem("stack-missing", "", "", text)
    return labels._replace(problems=(missing, *labels.problems))


def _measure_exams(exams: list[Exam], n_jobs: int | None, progress: bool | None) -> list[Measures]:
    """Measures of all stacks, in order."""
    calls = (delayed(measure_exam)(exam) for exam in exams)
    measures: list[Measures] = []
    with (
        contextlib.closing(run_jobs(calls, n_jobs)) as results,
        show_progress(len(exams), "audit", "exam", progress) as bar,
    ):
        for of_exam in results:
            measures += of_exam
            bar.update()
    return measures


def _find_unjudged(
    measures: list[Measures], planes: Iterable[str], wanted: Iterable[str]
) -> dict[str, Any]:
    """Planes with too few exams to be judged against each other, and the codes that need them."""
    counts = Counter(stack.plane for stack in measures)
    few = {plane: counts[plane] for plane in planes if counts[plane] < LEAST_EXAMS}
    return {"few": few, "unjudged": [code for code in wanted if few and code in SET_CODES]}


def _judge_measures(measures: list[Measures], splits: Mapping[str, _Part]) -> Iterator[Finding]:
    """Yield all findings that rest on pixels."""
    home = {exam.id: split for split, part in splits.items() for exam in part.exams}
    labels = {exam: known for part in splits.values() for exam, known in part.labels.items()}

    def leave(one: str, two: str) -> str:
        """The copy in train, which must not be learned from; else the later one."""
        if home[one] != home[two]:
            return one if home[one] == "train" else two
        return max(one, two)

    def note(one: str, two: str) -> str:
        first, second = labels.get(one, {}), labels.get(two, {})
        differ = any(first[task] != second[task] for task in first.keys() & second.keys())
        across = home[one] != home[two]
        return (" Their labels differ." if differ else "") + (
            " One is in train, the other in valid: scores on valid would be too high."
            if across
            else ""
        )

    groups: dict[str, list[Measures]] = {}
    for stack in measures:
        groups.setdefault(stack.plane, []).append(stack)
        yield from judge_stack(stack)
    yield from judge_views(groups)
    yield from find_duplicates(measures, leave, note)
    for group in groups.values():
        yield from judge_values(group)
        yield from find_near_duplicates(group, leave, note)
