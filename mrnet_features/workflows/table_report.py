"""A feature table, cross-validated and written as a page for a reviewer."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from mrnet_features.data.dataset import Dataset
from mrnet_features.data.mrnet.load import load_mrnet
from mrnet_features.data.mrnet.release import list_ids
from mrnet_features.data.roots import open_root
from mrnet_features.evaluation.comparison.group_gap import GroupGap, measure_group_gap
from mrnet_features.evaluation.protocol.cross_validation import Evaluation
from mrnet_features.evaluation.protocol.folds import Folds
from mrnet_features.families.presets import discover_families
from mrnet_features.files.csv_files import read_table as read_csv
from mrnet_features.files.stored_paths import AnyPath, Given
from mrnet_features.ids.excluded import list_excluded
from mrnet_features.ids.reading import index_by_id
from mrnet_features.names import PLANES, SPLITS, Name, parse_name
from mrnet_features.quality.findings import read_findings
from mrnet_features.report.review.report import TITLE, Report
from mrnet_features.report.review.write import check_place, require_packages, write_report
from mrnet_features.workflows.audit_folder import audit_folder
from mrnet_features.workflows.exam_folders import MRNET, list_series, load_exams, name_layout
from mrnet_features.workflows.groups import read_groups
from mrnet_features.workflows.named_models import load_model
from mrnet_features.workflows.score import score_table
from mrnet_features.workflows.tables import read_scored_table

__all__ = ["is_release", "name_model", "report_table"]

logger = logging.getLogger("mrnet_features")

RELEASE_SIZES = (1130, 120)
"""Exams of train and valid in MRNet's release."""

MODEL_NAMES = {"lightgbm": "LightGBM", "logistic": "logistic regression", "prior": "prevalence"}
"""Baselines as a reader knows them."""


def report_table(
    table: str | Path,
    root: Given,
    out: str | Path = "report.html",
    *,
    split: str = "train",
    model: str = "lightgbm",
    n_splits: int = 5,
    n_repeats: int = 3,
    folds: Folds | None = None,
    coherent: bool = False,
    exclude: pd.DataFrame | Iterable[str] | None = None,
    tasks: Sequence[str] | None = None,
    groups: str | Path | None = None,
    compare: Mapping[str, str | Path] | None = None,
    findings: str | Path | None = None,
    audit: bool = False,
    subgroups: str | Path | None = None,
    thorough: bool = False,
    viewer: bool = True,
    title: str = TITLE,
    command: str = "",
    seed: int = 0,
    n_jobs: int | None = None,
) -> tuple[Evaluation, Report]:
    """Cross-validate a model on a feature table, and write a page about it.

    Parameters
    ----------
    table : path
        Parquet file; see `read_features`.
    root : path
        Folder, or CSV of labels; see `load_known_labels`. Its stacks are shown if there are any.
    out : path, default "report.html"
        HTML file; see `write_report`.
    split, exclude, tasks
        See `read_table`.
    groups : path or "scanner", optional
        Groups of exams that stay in one fold; see `read_groups`. The page then also shows the
        scores in random folds, and the difference.
    model, n_splits, n_repeats, folds, coherent, seed, n_jobs
        See `score_table`.
    compare, thorough, title, command
        See `write_report`.
    findings : path, optional
        File of ``audit --json``.
    audit : bool, default False
        Audit the folder instead of reading `findings`.
    subgroups : path, optional
        CSV with exam ids and one column per factor.
    viewer : bool, default True
        Also write the page with the viewer, if there are stacks.

    Returns
    -------
    Evaluation
    Report

    Raises
    ------
    ImportError, FileExistsError, ValueError
        If the page can't be made or written; before anything is computed. Or as `score_table`
        and `write_report`.
    """
    require_packages()
    check_place(out)
    excluded = list_excluded(exclude)
    n_splits = folds.n_splits if folds else n_splits
    features, labels = read_scored_table(
        table, root, split, exclude=excluded, tasks=tasks, n_splits=n_splits
    )
    together = None
    if groups is not None:
        together = read_groups(groups, root, split, list(features.index), n_jobs=n_jobs)
    levels = None if subgroups is None else read_subgroups(subgroups, labels)
    found = None if findings is None else read_findings(findings)
    dataset = _load_exams(open_root(root), split, features, excluded)
    logger.info("Cross-validating %s.", name_model(model))
    also: list[GroupGap] = []
    if together is not None and folds is None and not coherent:
        gap = measure_group_gap(
            load_model(model),
            features,
            labels,
            together,
            n_splits=n_splits,
            n_repeats=n_repeats,
            seed=seed,
            n_jobs=n_jobs,
        )
        evaluation = gap.grouped
        also.append(gap)
    else:
        evaluation = score_table(
            features,
            labels,
            model=model,
            n_splits=n_splits,
            n_repeats=n_repeats,
            folds=folds,
            groups=together,
            seed=seed,
            n_jobs=n_jobs,
            coherent=coherent,
        )
    if audit:
        logger.info("Auditing the folder.")
        found = audit_folder(root, n_jobs=n_jobs)
    logger.info("Writing the page.")
    report = write_report(
        {name_model(model): evaluation},
        dataset,
        features,
        compare,
        None if found is None else found[found["split"].isin([split, ""])],
        out,
        subgroups=levels,
        also=also,
        is_release=not excluded and is_release(root),
        thorough=thorough,
        viewer=viewer and dataset is not None,
        families=list_families(features),
        title=title,
        command=command,
        seed=seed,
        n_jobs=n_jobs,
    )
    return evaluation, report


def list_families(features: pd.DataFrame) -> list[str]:
    """Names of the known families that the columns of a table belong to.

    Parameters
    ----------
    features : DataFrame
        Columns series__region__family__statistic__pool; others count for nothing.

    Returns
    -------
    list of str
        In the order of the columns.
    """
    known = discover_families()
    found = dict.fromkeys(name.family for name in _parse_columns(features))
    return [name for name in found if name in known]


def _parse_columns(features: pd.DataFrame) -> Iterator[Name]:
    """Parts of the columns that have names of features."""
    for column in features.columns:
        with contextlib.suppress(ValueError):  # a column of another tool
            yield parse_name(str(column))


def name_model(model: str) -> str:
    """Name of a model for readers.

    Parameters
    ----------
    model : str
        As for `load_model`.

    Returns
    -------
    str

    Examples
    --------
    >>> name_model("lightgbm"), name_model("sklearn.naive_bayes:GaussianNB")
    ('LightGBM', 'GaussianNB')
    """
    return MODEL_NAMES.get(model, model.rpartition(":")[2])


def is_release(root: Given) -> bool:
    """Whether a folder has as many exams per split as MRNet's release.

    Parameters
    ----------
    root : path

    Returns
    -------
    bool
    """
    return tuple(len(list_ids(open_root(root), split)) for split in SPLITS) == RELEASE_SIZES


def read_subgroups(path: str | Path, labels: pd.DataFrame) -> pd.DataFrame:
    """Levels of each exam from a CSV.

    Parameters
    ----------
    path : path
        Its header names the column of the exam ids, such as "exam", and the factors. An empty cell
        is an unknown level.
    labels : DataFrame
        Index: exam ids, which restore lost leading zeros.

    Returns
    -------
    DataFrame of shape (n_rows, n_factors), object
        Index: exam id. Text; None where the level is unknown.

    Raises
    ------
    OSError, ValueError
        If the file can't be read, or has no column with exam ids.
    """
    lengths = {len(exam) for exam in labels.index if str(exam).isdecimal()}
    width = lengths.pop() if len(lengths) == 1 else None  # of zeros that a spreadsheet drops
    table = index_by_id(read_csv(path), f"'{path}'", width)
    return table.replace({"": None})


def _load_exams(
    root: AnyPath, split: str, features: pd.DataFrame, excluded: frozenset[str]
) -> Dataset | None:
    """Exams with the series of a table that the folder has, or None if it has none."""
    if root.is_file():
        return None
    used = {name.series for name in _parse_columns(features)}
    if name_layout(root) != MRNET:
        dataset = load_exams(root, split, exclude=excluded)
        described = set(features.index)
        dataset = dataset[[exam in described for exam in dataset.ids]]
        return dataset if used & set(list_series(dataset)) else None
    planes = [plane for plane in PLANES if plane in used and (root / split / plane).is_dir()]
    return load_mrnet(root, split, planes=planes, exclude=excluded) if planes else None
