"""Audit of a folder or Dataset: a table of findings about labels, files and pixels."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from joblib import delayed

from mrnet_features.data.dataset import Dataset
from mrnet_features.data.exam import Exam
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
from mrnet_features.quality.cohort_rules import MIN_EXAMS, apply_value_rules
from mrnet_features.quality.duplicates import find_duplicates, find_near_duplicates
from mrnet_features.quality.findings import (
    FOLDER_CODES,
    SET_CODES,
    Finding,
    choose_codes,
    tabulate,
)
from mrnet_features.quality.ghost_rules import apply_ghost_rules
from mrnet_features.quality.ghosts import find_highest
from mrnet_features.quality.image_quality import ImageQuality
from mrnet_features.quality.measurements import Measures, measure_exam
from mrnet_features.quality.stack_rules import apply_stack_rules
from mrnet_features.quality.view_rules import apply_view_rules

MEASUREMENTS = (
    *("exam", "plane", "n_slices", "noise", "sharpness", "saturation", "ghosts"),
    *ImageQuality._fields,
)
REJECTED_PROBLEMS = {"label-conflict", "stack-file"}


def audit(
    data: Dataset | str | Path,
    *,
    codes: str | Iterable[str] | None = None,
    skip: str | Iterable[str] = (),
    n_jobs: int | None = None,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Exams that a reader would reject or look at twice: one row per finding.

    Parameters
    ----------
    data : Dataset or path
        Exams of one split, or an MRNet folder. Of a folder, both splits are examined together,
        so that duplicates across them are found. Broken labels and files become findings instead
        of errors.
    codes : str or iterable of str, optional
        Codes to look for, by default all of ``mrnet_features.quality.CODES``. If all of them
        concern labels and files, no pixel is read.
    skip : str or iterable of str, default ()
        Codes to leave out.
    n_jobs : int, optional
        Number of exams measured in parallel, as in joblib.
    progress : bool, optional
        Whether to show a progress bar; by default only on a terminal.

    Returns
    -------
    DataFrame
        Columns: exam and plane (empty if the finding concerns no single one), code, severity
        ("reject": leave the exam out; "check": look at it), value (float64, NaN if the code has
        none; described in `CODES`), advice, split (empty for a Dataset), unit of the value.
        ``load_mrnet(root, exclude=findings)`` leaves the rejected exams out.

        ``attrs["examined"]`` describes the audit: "exams", the number of exams by split ("" for a
        Dataset); "needed", the number of exams of a plane needed to compare them; "few", the
        number of exams by plane, for planes with fewer; "unjudged", the codes that were not
        looked for in those planes. pandas drops ``attrs`` when tables of different audits are
        joined.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist or holds no split.
    TypeError
        If `data` is neither a Dataset nor a path.
    ValueError
        If a code does not exist or none is left.

    Notes
    -----
    Noise, blur, slice count, orientation, out-of-view and repeated edges inside the leg compare an
    exam with the other exams of the plane and need 20 of them; a leg cut off at one side and copies
    in the air are found with fewer. Unusual means 4.5 robust SDs from the median. Of two duplicates
    in different splits, the finding names the one in train; in the same split, the one with the
    higher id. Leaving out the named exams keeps one of each pair.

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
    splits, planes = _read(data)
    findings = [
        found._replace(split=name) for name, split in splits.items() for found in split.findings
    ]
    unjudged: dict[str, Any] = {"few": {}, "unjudged": []}
    if not set(wanted) <= set(FOLDER_CODES):
        exams = [exam for split in splits.values() for exam in split.exams]
        stacks, unreadable = _measure_exams(exams, n_jobs, progress)
        split_of = {exam.id: name for name, split in splits.items() for exam in split.exams}
        found = [*unreadable, *_check_stacks(stacks, splits, split_of)]
        findings.extend(finding._replace(split=split_of[finding.exam]) for finding in found)
        unjudged = _find_unjudged(stacks, planes, wanted)
    table = tabulate(findings, wanted)
    table.attrs["examined"] = {
        "exams": {name: split.n_exams for name, split in splits.items()},
        "needed": MIN_EXAMS,
        **unjudged,
    }
    return table


def measure_quality(
    data: Dataset | str | Path, *, n_jobs: int | None = None, progress: bool | None = None
) -> pd.DataFrame:
    """Measurements of each stack, for a look at a whole set: noise, sharpness, EFC, FBER, SNR, CJV.

    Parameters
    ----------
    data : Dataset or path
        As for `audit`. Files that can't be read are left out.
    n_jobs, progress
        As for `audit`.

    Returns
    -------
    DataFrame
        One row per stack. Columns: exam, plane, n_slices; noise (SD as a fraction of the leg's
        median grey level); sharpness (about 0, blurred, to 1); saturation (fraction of the leg at
        grey level 255); ghosts (copies in the air, as a fraction of the leg's grey level; 0 without
        air); efc, fber, snr, snr_dietrich and cjv, as `mrnet_features.quality.image_quality`
        defines them. NaN where a measurement is not possible.

    Raises
    ------
    FileNotFoundError, TypeError
        As from `audit`.
    """
    splits, _ = _read(data)
    exams = [exam for split in splits.values() for exam in split.exams]
    stacks, _ = _measure_exams(exams, n_jobs, progress)
    rows = [
        {
            "exam": stack.exam,
            "plane": stack.plane,
            "n_slices": stack.n_slices,
            "noise": stack.noise,
            "sharpness": stack.sharpness,
            "saturation": stack.saturation,
            "ghosts": max(find_highest(scores) for scores in stack.ghosts)[0],
            **stack.quality._asdict(),
        }
        for stack in stacks
    ]
    return pd.DataFrame(rows, columns=list(MEASUREMENTS))


class _Split:
    """Exams, labels and folder findings of one split."""

    def __init__(
        self,
        exams: Iterable[Exam],
        labels: Mapping[str, Mapping[str, int]],
        findings: Iterable[Finding],
        n_exams: int,
    ) -> None:
        self.exams = tuple(exams)
        self.n_exams = n_exams  # including exams without a stack or with a broken one
        self.labels = labels
        self.findings = tuple(findings)

    @classmethod
    def of_dataset(cls, dataset: Dataset) -> _Split:
        """Split of a Dataset, whose files were checked already; its labels may be made by hand."""
        labels = {
            str(exam): {str(task): int(label) for task, label in row.items()}
            for exam, row in dataset.labels.to_dict("index").items()
        }
        problems = [
            problem for exam, row in labels.items() for problem in find_conflicts(exam, row)
        ]
        contents = Contents((), {}, {}, tuple(problems))
        return cls(dataset.exams, labels, _convert_problems(contents), len(dataset.exams))

    @classmethod
    def of_folder(cls, contents: Contents) -> _Split:
        """Split of a folder: what can be read, and findings for the rest."""
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
        return cls(exams, labels, _convert_problems(contents), len(contents.ids))


def _convert_problems(contents: Contents) -> Iterator[Finding]:
    """Yield the problems of a folder as findings."""
    for problem in contents.problems:
        severity = "reject" if problem.code in REJECTED_PROBLEMS and problem.exam else "check"
        yield Finding(
            problem.exam, problem.plane, problem.code, severity, float("nan"), problem.text
        )


def _read(data: Dataset | str | Path) -> tuple[dict[str, _Split], list[str]]:
    """Splits by name, and the planes that are expected."""
    if isinstance(data, Dataset):
        planes = sorted({plane for exam in data.exams for plane in exam.paths})
        return {"": _Split.of_dataset(data)}, planes
    if isinstance(data, str | Path):
        return _read_folder(Path(data)), list(PLANES)
    raise TypeError(
        f"`data` must be a Dataset or the path of an MRNet folder, got "
        f"{type(data).__name__}. Make one with `load_mrnet`."
    )


def _read_folder(root: Path) -> dict[str, _Split]:
    """The splits that a folder has, by name."""
    check_request(root, SPLITS[0])
    if not any((root / split).is_dir() for split in SPLITS):
        raise FileNotFoundError(
            f"'{root}' has no folder '{SPLITS[0]}' or '{SPLITS[1]}'. "
            f"{guess_layout(root, SPLITS[0])}"
        )
    return {
        split: _Split.of_folder(_read_split(root, split))
        for split in SPLITS
        if has_split(root, split)
    }


def _read_split(root: Path, split: str) -> Contents:
    """Contents of a split; a missing folder is a problem, and the labels are read all the same."""
    if (root / split).is_dir():
        return read_contents(root, split)
    labels = read_contents(root, split, planes=())
    files = ", ".join(find_label_files(root, [split]))
    advice = guess_renaming(root, split) or (
        "Copy the folder from the release, or delete the labels."
    )
    text = f"'{root}' has labels of '{split}' ({files}), but no folder '{split}'. {advice}"
    missing = Problem("stack-missing", "", "", text)
    return labels._replace(problems=(missing, *labels.problems))


def _measure_exams(
    exams: list[Exam], n_jobs: int | None, progress: bool | None
) -> tuple[list[Measures], list[Finding]]:
    """Measurements of all stacks in the order of the exams, and findings for unreadable files."""
    calls = (delayed(measure_exam)(exam) for exam in exams)
    stacks: list[Measures] = []
    unreadable: list[Finding] = []
    with (
        contextlib.closing(run_jobs(calls, n_jobs)) as results,
        show_progress(len(exams), "audit", "exam", progress) as bar,
    ):
        for measures, findings in results:
            stacks += measures
            unreadable += findings
            bar.update()
    return stacks, unreadable


def _find_unjudged(
    stacks: list[Measures], planes: Iterable[str], wanted: Iterable[str]
) -> dict[str, Any]:
    """Planes with too few exams to compare them, and the codes that need the comparison."""
    counts = Counter(stack.plane for stack in stacks)
    few = {plane: counts[plane] for plane in planes if counts[plane] < MIN_EXAMS}
    return {"few": few, "unjudged": [code for code in wanted if few and code in SET_CODES]}


def _check_stacks(
    stacks: list[Measures], splits: Mapping[str, _Split], split_of: Mapping[str, str]
) -> Iterator[Finding]:
    """Yield all findings about pixels."""
    labels = {exam: known for split in splits.values() for exam, known in split.labels.items()}

    def choose_dropped(one: str, other: str) -> str:
        """The duplicate in train if the other is in valid, else the one with the higher id."""
        if split_of[one] != split_of[other]:
            return one if split_of[one] == "train" else other
        return max(one, other)

    def describe_pair(one: str, other: str) -> str:
        first, second = labels.get(one, {}), labels.get(other, {})
        text = ""
        if any(first[task] != second[task] for task in first.keys() & second.keys()):
            text += " Their labels differ."
        if split_of[one] != split_of[other]:
            text += " One is in train, the other in valid: scores on valid would be too high."
        return text

    by_plane: dict[str, list[Measures]] = {}
    for stack in stacks:
        by_plane.setdefault(stack.plane, []).append(stack)
        yield from apply_stack_rules(stack)
    views = list(apply_view_rules(by_plane))
    yield from views
    yield from find_duplicates(stacks, choose_dropped, describe_pair)
    for plane, of_plane in by_plane.items():
        yield from apply_value_rules(of_plane)
        other_view = {finding.exam for finding in views if finding.plane == plane}
        yield from apply_ghost_rules(of_plane, other_view)
        yield from find_near_duplicates(of_plane, choose_dropped, describe_pair)
