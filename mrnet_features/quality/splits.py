"""Exams, labels and folder findings of the splits that are audited together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from mrnet_features.data.dataset import Dataset
from mrnet_features.data.exam import Exam
from mrnet_features.data.mrnet.label_files import find_label_files
from mrnet_features.data.mrnet.release import (
    Contents,
    check_request,
    find_conflicts,
    has_split,
    read_contents,
)
from mrnet_features.data.mrnet.release_hints import guess_layout, guess_renaming
from mrnet_features.data.problems import Problem
from mrnet_features.data.roots import open_root
from mrnet_features.data.rsna.files import SPLITS as RSNA_SPLITS
from mrnet_features.data.rsna.files import read_studies
from mrnet_features.data.rsna.hints import has_rsna_layout
from mrnet_features.data.rsna.load import load_rsna_knee
from mrnet_features.files.stored_paths import AnyPath, Given, StoredPath
from mrnet_features.names import PLANES, SPLITS, sort_series
from mrnet_features.quality.findings import Finding

REJECTED_PROBLEMS = {"label-conflict", "stack-file"}


class Split:
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
    def of_dataset(cls, dataset: Dataset) -> Split:
        """Split of a Dataset, whose files were checked already; its labels may be made by hand."""
        labels = {
            str(exam): {str(task): int(label) for task, label in row.items() if label == label}
            for exam, row in dataset.labels.to_dict("index").items()
        }
        problems = [
            problem for exam, row in labels.items() for problem in find_conflicts(exam, row)
        ]
        contents = Contents((), {}, {}, tuple(problems))
        return cls(dataset.exams, labels, _convert_problems(contents), len(dataset.exams))

    @classmethod
    def of_folder(cls, contents: Contents) -> Split:
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


def read_splits(data: Dataset | Given) -> tuple[dict[str, Split], list[str]]:
    """Splits that are audited together, and the planes or other series that are expected.

    Parameters
    ----------
    data : Dataset or path
        As for `audit`.

    Returns
    -------
    splits : dict of str to Split
        By name; that of a Dataset is empty.
    series : list of str

    Raises
    ------
    FileNotFoundError, TypeError, ValueError
        As from `audit`.
    """
    if isinstance(data, Dataset):
        planes = sorted({plane for exam in data.exams for plane in exam.paths})
        return {"": Split.of_dataset(data)}, planes
    if not (isinstance(data, str | Path | StoredPath) or hasattr(data, "storage_options")):
        raise TypeError(
            f"`data` must be a Dataset or the path of an MRNet folder, got "
            f"{type(data).__name__}. Make one with `load_mrnet`."
        )
    root = open_root(data)
    if has_rsna_layout(root):
        return _read_studies(root)
    return _read_folder(root), list(PLANES)


def name_apart(splits: Mapping[str, Split]) -> dict[str, str]:
    """Rename exams whose id several splits have, such as to "train/0003".

    Parameters
    ----------
    splits : mapping of str to Split
        Their exams and labels are changed.

    Returns
    -------
    dict of str to str
        Id of each renamed exam by its new name.
    """
    counts = Counter(exam for split in splits.values() for exam in {e.id for e in split.exams})
    shared = {exam for exam, n in counts.items() if n > 1}
    ids: dict[str, str] = {}
    for name, split in splits.items() if shared else ():
        names = {exam: f"{name}/{exam}" for exam in shared}
        ids |= {names[exam]: exam for exam in shared}
        split.exams = tuple(replace(e, id=names.get(e.id, e.id)) for e in split.exams)
        split.labels = {names.get(exam, exam): known for exam, known in split.labels.items()}
    return ids


def _read_studies(root: AnyPath) -> tuple[dict[str, Split], list[str]]:
    """Splits of a folder in the RSNA layout, and the series that its exams have."""
    present = [
        split
        for split in RSNA_SPLITS
        if (root / f"{split}_series.csv").is_file() and not _is_empty(root / f"{split}.csv")
    ]
    loaded = {split: load_rsna_knee(root, split, missing="drop") for split in present}
    series = {name for dataset in loaded.values() for exam in dataset for name in exam.paths}
    splits = {split: Split.of_dataset(dataset) for split, dataset in loaded.items()}
    return splits, sort_series(series)


def _is_empty(path: AnyPath) -> bool:
    """Whether a table of studies is there and lists none, as of a set without a test split."""
    return path.is_file() and not read_studies(path).labels


def _read_folder(root: AnyPath) -> dict[str, Split]:
    """The splits that a folder has, by name."""
    check_request(root, SPLITS[0])
    if not any((root / split).is_dir() for split in SPLITS):
        raise FileNotFoundError(
            f"'{root}' has no folder '{SPLITS[0]}' or '{SPLITS[1]}'. "
            f"{guess_layout(root, SPLITS[0])}"
        )
    return {
        split: Split.of_folder(_read_split(root, split))
        for split in SPLITS
        if has_split(root, split)
    }


def _read_split(root: AnyPath, split: str) -> Contents:
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
