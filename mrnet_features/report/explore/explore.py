"""Exploration of a set: labels, slices, grey levels, tissues and unusual exams."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from mrnet_features.arrays import Float64Array
from mrnet_features.data.dataset import Dataset
from mrnet_features.names import sort_series
from mrnet_features.quality.findings import Finding, check_findings
from mrnet_features.report.explore.flags import find_outliers, list_flags, take_thumbnails
from mrnet_features.report.explore.labels import (
    choose_tasks,
    find_conflicts,
    measure_cooccurrence,
    measure_pairs,
    measure_prevalence,
    measure_shortcut,
    measure_tears,
    take_labels,
)
from mrnet_features.report.explore.order import check_order, find_reversals, summarise_tissues
from mrnet_features.report.explore.result import STEP, Exploration
from mrnet_features.report.explore.stacks import measure_stacks, tabulate_stacks
from mrnet_features.report.explore.tissues import check_sequences, find_sequences

__all__ = ["explore"]


def explore(
    dataset: Dataset,
    findings: pd.DataFrame | None = None,
    *,
    tasks: Sequence[str] | None = None,
    sequences: Mapping[str, str | None] | None = None,
    n_thumbnails: int = 36,
    n_jobs: int | None = None,
    progress: bool | None = None,
) -> Exploration:
    """Look at a set before modelling it: labels, slices, grey levels, tissues, unusual exams.

    Every stack is read once, and only its measurements are kept.

    Parameters
    ----------
    dataset : Dataset
        Exams of one split, with or without labels. An exam may lack series and labels.
    findings : DataFrame, optional
        Table of `audit`. Its findings are listed among the flags, also those of exams that the
        dataset lacks.
    tasks : sequence of str, optional
        Tasks to look at; default: all. Of more than four, the four with the most positive exams
        are compared with each other and with the measurements; the prevalence is that of all.
    sequences : mapping of series to str, optional
        "T1", "T1 fs", "T2", "T2 fs", "PD" or "PD fs" (fs: with fat saturation) of planes that
        differ from MRNet's, which are axial "PD fs", coronal "T1" and sagittal "T2 fs", and of
        other series. Of fluid-sensitive series, such as ``sagittal_fluid``, T2 or PD with fat
        saturation is expected, of structural ones T1 or PD. None if the sequence is unknown.
    n_thumbnails : int, default 36
        Most slices that are kept to be shown.
    n_jobs : int, optional
        Number of exams measured in parallel, as in joblib.
    progress : bool, optional
        Whether to show a progress bar; by default only on a terminal.

    Returns
    -------
    Exploration
        ``.frame(part)``, ``.plot(part=...)``, and ``.save_as_html(path)`` for the page of all.

    Raises
    ------
    TypeError
        If `dataset` is not a Dataset or `findings` not a DataFrame.
    ValueError
        If the dataset is empty, its labels are not 0 or 1 or belong to other exams, or an argument
        names something that does not exist.

    Notes
    -----
    A stack that can't be read becomes a flag with the code "stack-file" instead of an error.
    Outliers need 20 stacks of a series.
    """
    if not isinstance(dataset, Dataset):
        raise TypeError(
            f"`dataset` must be a Dataset, got {type(dataset).__name__}. Make one with "
            "`load_mrnet`."
        )
    if not len(dataset):
        raise ValueError("`dataset` must hold at least one exam, got none.")
    if n_thumbnails < 0:
        raise ValueError(f"`n_thumbnails` must be 0 or more, got {n_thumbnails}.")
    labels = take_labels(dataset, tasks)
    check_sequences(sequences)
    compared = choose_tasks(labels)
    audited = check_findings(findings)
    start = time.perf_counter()
    measures, unreadable = measure_stacks(dataset.exams, n_jobs, progress)
    seconds = time.perf_counter() - start
    stacks = tabulate_stacks(measures)
    known_sequences = find_sequences(sort_series(stacks["plane"].unique()), sequences)
    order = check_order(stacks, known_sequences)
    outliers = [*_list_problems(labels, unreadable, audited), *find_outliers(stacks)]
    flags = list_flags(audited, outliers, find_reversals(stacks, known_sequences, order))
    tables = {
        "planes": _summarise_planes(stacks, flags, len(dataset)),
        "stacks": stacks,
        "labels": labels,
        "prevalence": measure_prevalence(labels),
        "cooccurrence": measure_cooccurrence(labels[compared]),
        "tears": measure_tears(labels),
        "pairs": measure_pairs(labels[compared]),
        "slices": measure_shortcut(stacks, labels[compared], "n_slices"),
        "grey": measure_shortcut(stacks, labels[compared], "grey_median"),
        "tissues": summarise_tissues(stacks, known_sequences, order),
        "order": order,
        "flags": flags,
    }
    histograms: dict[str, list[Float64Array]] = {}
    for stack in measures:
        bins = stack.histogram.reshape(-1, STEP).sum(axis=1)
        share = bins / bins.sum() if bins.any() else np.full(len(bins), np.nan)
        histograms.setdefault(stack.plane, []).append(share)
    return Exploration(
        tables=tables,
        histograms={plane: np.array(rows) for plane, rows in histograms.items()},
        thumbnails=tuple(take_thumbnails(dataset, flags, n_thumbnails)),
        sequences=known_sequences,
        compared=tuple(compared),
        n_exams=len(dataset),
        seconds=seconds,
        audited=findings is not None,
    )


def _list_problems(
    labels: pd.DataFrame, unreadable: Sequence[Finding], audited: pd.DataFrame
) -> list[Finding]:
    """Unreadable stacks and contradictory labels that no audit has found already."""
    known = set(zip(audited["exam"], audited["plane"], audited["code"], strict=True))
    nan = float("nan")
    problems = list(unreadable)
    for (tear, abnormal), exams in find_conflicts(labels).items():
        text = f"{tear} is 1, but {abnormal} is 0. Correct one of them."
        problems += [Finding(exam, "", "label-conflict", "reject", nan, text) for exam in exams]
    return [found for found in problems if tuple(found[:3]) not in known]


def _summarise_planes(stacks: pd.DataFrame, flags: pd.DataFrame, n_exams: int) -> pd.DataFrame:
    """Table that `Exploration.summary` describes."""
    rows = {}
    for plane in sort_series(stacks["plane"].unique()):
        here = stacks[stacks["plane"] == plane]
        sizes = (here["height"].astype(str) + " x " + here["width"].astype(str)).value_counts()
        rows[plane] = {
            "n_exams": len(here),
            "n_missing": n_exams - len(here),
            "sizes": "; ".join(f"{size}: {count:,}" for size, count in sizes.items()),
            "n_slices": float(here["n_slices"].median()),
            "slices_low": int(here["n_slices"].min()),
            "slices_high": int(here["n_slices"].max()),
            "grey_median": float(here["grey_median"].quantile()),
            "n_flagged": int(flags.loc[flags["plane"] == plane, "exam"].nunique()),
        }
    names = ["n_exams", "n_missing", "sizes", "n_slices", "slices_low", "slices_high"]
    table = pd.DataFrame.from_dict(
        rows, orient="index", columns=[*names, "grey_median", "n_flagged"]
    )
    return table.rename_axis(index="plane")
