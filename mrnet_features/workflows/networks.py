"""Cross-validation of a network on the exams of a folder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from mrnet_features.cnn.cross_validate import cross_validate_cnn
from mrnet_features.cnn.evaluation import NetworkEvaluation
from mrnet_features.cnn.parts import holds_networks
from mrnet_features.data.dataset import Dataset
from mrnet_features.data.layouts import LAYOUT_SPLITS
from mrnet_features.data.roots import open_root
from mrnet_features.evaluation.protocol.folds import Folds
from mrnet_features.files.csv_format import format_csv
from mrnet_features.files.paths import Given
from mrnet_features.files.writing import explain_write_errors, write_text
from mrnet_features.workflows.exam_folders import MRNET, STUDIES, load_exams, name_layout
from mrnet_features.workflows.groups import read_groups
from mrnet_features.workflows.score import refuse_evaluation, write_evaluation
from mrnet_features.workflows.tasks import choose_tasks

__all__ = ["refuse_other_results", "train_networks"]


def train_networks(
    root: Given,
    out: str | Path,
    *,
    split: str = "train",
    tasks: Sequence[str] | None = None,
    exclude: pd.DataFrame | Iterable[str] | None = None,
    groups: str = "",
    folds: Folds | None = None,
    n_splits: int = 5,
    n_jobs: int | None = None,
    **options: Any,
) -> NetworkEvaluation:
    """Train networks on the folds of a split; predict it out of fold, and the other split.

    Parameters
    ----------
    root : path
        Folder in the layout of MRNet or of the RSNA set, or a zip file or URL of it.
    out : path
        Folder for the results: those of `write_evaluation`; ``valid.csv`` or ``test.csv``,
        predictions of the other split if the folder has one; ``curves.csv``, ``cost.csv`` and the
        networks.
    split : str, default "train"
    tasks, exclude
        See `choose_tasks` and `load_mrnet`.
    groups : str, default ""
        See `read_groups`.
    folds, n_splits, n_jobs, **options
        See `cross_validate_cnn`.

    Returns
    -------
    NetworkEvaluation

    Raises
    ------
    OSError, ValueError, ModuleNotFoundError
        As the readers and `cross_validate_cnn`.
    """
    if name_layout(root) == STUDIES:
        raise ValueError(
            f"'{root}' holds DICOM studies without labels, which a network is trained on. In "
            "Python, pass exams and labels to `cross_validate_cnn`."
        )
    dataset = load_exams(root, split, exclude=exclude, n_jobs=n_jobs)
    n_folds = folds.n_splits if folds else n_splits
    labels = choose_tasks(dataset.labels, tasks, n_splits=n_folds)
    name, other = _load_other_split(root, split)
    grouping = read_groups(groups, root, split, dataset.ids, n_jobs=n_jobs) if groups else None
    evaluation = cross_validate_cnn(
        dataset.exams,
        labels,
        folds=folds,
        n_splits=n_splits,
        groups=grouping,
        other=other,
        out=out,
        n_jobs=n_jobs,
        **options,
    )
    _write_networks(evaluation, Path(out), name)
    return evaluation


def refuse_other_results(folder: str | Path) -> None:
    """Raise if a folder holds results of another command, which would be replaced.

    Parameters
    ----------
    folder : path

    Raises
    ------
    FileExistsError
        If it has results but no networks. Networks of other settings are refused later.
    """
    if not holds_networks(folder):
        refuse_evaluation(folder)


def _load_other_split(root: Given, split: str) -> tuple[str, Iterable[Any]]:
    """Name and exams of the split that is not trained on; no exams if there are none."""
    layout: Any = name_layout(root)
    first, other = LAYOUT_SPLITS[layout]
    folder = open_root(root) / (other if layout == MRNET else f"{other}_series")
    if split != first or not folder.is_dir() or not any(folder.iterdir()):  # as `knees --valid 0`
        return other, ()
    found: Dataset = load_exams(root, other)
    return other, found.exams


def _write_networks(evaluation: NetworkEvaluation, folder: Path, name: str) -> None:
    write_evaluation(evaluation, folder)
    with explain_write_errors(folder):
        write_text(folder / "curves.csv", format_csv(evaluation.curves))
        write_text(folder / "cost.csv", format_csv(evaluation.cost, index=True))
        if evaluation.other_predictions is not None:
            table = format_csv(evaluation.other_predictions, index=True)
            write_text(folder / f"{name}.csv", table)
