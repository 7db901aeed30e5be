"""Measurements of each stack for `explore`, from one pass over its pixels."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from joblib import delayed

from mrnet_features.arrays import Float64Array, Int64Array, UInt8Array
from mrnet_features.data.exam import Exam
from mrnet_features.jobs import run_jobs, show_progress
from mrnet_features.messages import quote
from mrnet_features.names import PLANES, parse_series, sort_series
from mrnet_features.quality.findings import Finding
from mrnet_features.quality.measurements import measure_readable
from mrnet_features.report.explore.tissue_levels import measure_tissues, quantile_of
from mrnet_features.report.explore.tissues import SIGNALS
from mrnet_features.stacks.atlas import find_frame
from mrnet_features.stacks.exam_slices import index_slices
from mrnet_features.stacks.foreground import find_foreground
from mrnet_features.stacks.pixel_passes import count_grey

__all__ = ["StackMeasures", "measure_stack", "measure_stacks", "tabulate_stacks"]


class StackMeasures(NamedTuple):
    """Measurements of one stack.

    Attributes
    ----------
    exam, plane : str
    n_slices, height, width : int
    foreground : float
        Fraction of the pixels inside the leg.
    histogram : ndarray of shape (256,), int64
        Pixels of the leg at each grey level.
    centre : float
        Median grey level of the middle third of the rows and columns: leg in every knee.
    tissues : dict of str to float
        As from `measure_tissues`.
    """

    exam: str
    plane: str
    n_slices: int
    height: int
    width: int
    foreground: float
    histogram: Int64Array
    centre: float
    tissues: dict[str, float]


def measure_stack(grey: UInt8Array, plane: str, exam: str = "") -> StackMeasures:
    """Measurements of one stack.

    Parameters
    ----------
    grey : ndarray of shape (n_slices, height, width), uint8
        Grey levels 0 to 255.
    plane : str
        Plane, or a series of it.
    exam : str, default ""

    Returns
    -------
    StackMeasures
    """
    grey = np.ascontiguousarray(grey)
    inside = find_foreground(grey).view(np.uint8)
    owner = index_slices((0,), grey).owner
    counts = count_grey(grey, inside, owner, 1)[0]
    frame = find_frame(grey, inside, parse_series(plane).plane)
    return StackMeasures(
        exam,
        plane,
        n_slices=len(grey),
        height=grey.shape[1],
        width=grey.shape[2],
        foreground=float(counts.sum() / grey.size),
        histogram=counts,
        centre=_measure_centre(grey),
        tissues=measure_tissues(grey, inside, frame, plane),
    )


def _measure_centre(grey: UInt8Array) -> float:
    rows, columns = (slice(size // 3, size - size // 3) for size in grey.shape[1:])
    return float(np.median(grey[:, rows, columns]))


def measure_stacks(
    exams: Sequence[Exam], n_jobs: int | None, progress: bool | None
) -> tuple[list[StackMeasures], list[Finding]]:
    """Measurements of all stacks, and findings for the files that can't be read.

    Exams are read one by one in each process, and only the measurements are kept: 2 KB per stack.

    Parameters
    ----------
    exams : sequence of Exam
    n_jobs : int or None
        Exams in parallel, as in joblib.
    progress : bool or None
        Whether to show a progress bar; None: on a terminal.

    Returns
    -------
    measures : list of StackMeasures
        In the order of the exams.
    findings : list of Finding
        With the code "stack-file".

    Raises
    ------
    ValueError
        If a series is not named by its plane.
    """
    calls = (delayed(_measure_exam)(exam) for exam in exams)
    measures: list[StackMeasures] = []
    unreadable: list[Finding] = []
    with (
        contextlib.closing(run_jobs(calls, n_jobs)) as results,
        show_progress(len(exams), "explore", "exam", progress) as bar,
    ):
        for found, findings in results:
            measures += found
            unreadable += findings
            bar.update()
    return measures, unreadable


def _measure_exam(exam: Exam) -> tuple[list[StackMeasures], list[Finding]]:
    series = sort_series(exam.paths)
    unknown = [name for name in exam.paths if name not in series]
    if unknown:
        raise ValueError(
            f"The series of an exam must be named by their plane ({', '.join(PLANES)}), or by "
            f"plane and weighting such as 'sagittal_fluid', got {quote(unknown[0])} in exam "
            f"{quote(exam.id)}. Rename it."
        )
    return measure_readable(exam, series, measure_stack, "exploring")


def tabulate_stacks(measures: Sequence[StackMeasures]) -> pd.DataFrame:
    """Table of the measurements, one row per stack.

    Parameters
    ----------
    measures : sequence of StackMeasures

    Returns
    -------
    DataFrame
        Columns: exam, plane, n_slices, height, width, foreground (fraction of the pixels),
        grey_median and grey_spread (of the foreground, grey levels; spread is between the
        quartiles), grey_distance (grey levels, area between the cumulative histograms of the stack
        and of the median stack of its plane), centre (median grey level of the middle of the
        picture), and one column per tissue with its grey level. NaN without a foreground, or where
        a tissue has no region.
    """
    rows = []
    for stack in measures:
        low, middle, high = (quantile_of(stack.histogram, share) for share in (0.25, 0.5, 0.75))
        rows.append(
            {
                **{name: getattr(stack, name) for name in StackMeasures._fields[:6]},
                "grey_median": middle,
                "grey_spread": high - low,
                "grey_distance": np.nan,
                "centre": stack.centre,
                **{tissue: stack.tissues.get(tissue, np.nan) for tissue in SIGNALS},
            }
        )
    columns = [*StackMeasures._fields[:6], "grey_median", "grey_spread", "grey_distance"]
    table = pd.DataFrame(rows, columns=[*columns, "centre", *SIGNALS])
    for plane in table["plane"].unique():
        of_plane = [stack for stack in measures if stack.plane == plane]
        table.loc[table["plane"] == plane, "grey_distance"] = _measure_distances(of_plane)
    return table


def _measure_distances(stacks: Sequence[StackMeasures]) -> Float64Array:
    """Area between each cumulative histogram and the median one, in grey levels."""
    counts = np.array([stack.histogram for stack in stacks], float)
    total = counts.sum(axis=1, keepdims=True)
    share = np.cumsum(counts, axis=1) / np.where(total > 0, total, np.nan)
    known = share[total[:, 0] > 0]
    if not len(known):
        return np.full(len(stacks), np.nan)
    return np.asarray(np.abs(share - np.median(known, axis=0)).sum(axis=1))
