"""Unusual exams: findings of an audit, outliers and reversed tissues, and their thumbnails."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mrnet_features.arrays import UInt8Array
from mrnet_features.data.dataset import Dataset
from mrnet_features.quality.cohort_rules import CHECK_SDS, MIN_EXAMS
from mrnet_features.quality.findings import COLUMNS, Finding
from mrnet_features.quality.similarity import robust_distance, robust_sd, upper_distance
from mrnet_features.quality.slice_checks import (
    count_levels,
    find_blank_slices,
    find_repeated_slices,
)
from mrnet_features.report.explore.order import Reversal

__all__ = ["Thumbnail", "find_outliers", "list_flags", "take_thumbnails"]

SEVERITIES = ("reject", "check", "unusual")
"""Severities from the most severe."""

TOP = 255  # grey level of a saturated pixel
SIDE = 256  # pixels of the longer side of a thumbnail


class Measure(NamedTuple):
    """Measurement that is compared between exams: its column, words and least robust SD."""

    column: str
    words: str
    least: float
    is_log: bool = False
    digits: int = 0


MEASURES = (
    Measure("n_slices", "number of slices", 0.1, is_log=True),
    Measure("foreground", "fraction of the picture that is leg", 0.02, digits=2),
    Measure("grey_median", "median grey level", 3.0),
    Measure("grey_spread", "spread of grey levels", 3.0),
    Measure("grey_distance", "distance of its grey levels from the usual ones", 2.0, digits=1),
)


class Thumbnail(NamedTuple):
    """One slice of a flagged stack.

    Attributes
    ----------
    exam, plane, severity : str
    slice, n_slices : int
        Slice, from 0, and number of slices.
    picture : ndarray of shape (height, width), uint8
    reasons : tuple of str
    """

    exam: str
    plane: str
    severity: str
    slice: int
    n_slices: int
    picture: UInt8Array
    reasons: tuple[str, ...]


def find_outliers(stacks: pd.DataFrame) -> Iterator[Finding]:
    """Yield a finding for each stack and measurement far from the other stacks of the plane.

    Far means 4.5 robust SDs from the median. Planes with fewer than 20 stacks have no outliers,
    except stacks without a leg.

    Parameters
    ----------
    stacks : DataFrame
        As from `tabulate_stacks`.

    Yields
    ------
    Finding
        With the code "outlier" and the distance in robust SDs as value.
    """
    for plane in stacks["plane"].unique():
        here = stacks[stacks["plane"] == plane]
        for exam in here.loc[here["foreground"] == 0, "exam"]:
            yield Finding(exam, plane, "outlier", "unusual", np.inf, "No leg was found.")
        if len(here) < MIN_EXAMS:
            continue
        for measure in MEASURES:
            values = here[measure.column].to_numpy(float)
            for k, distance in enumerate(_measure_distance(values, measure)):
                if (
                    abs(distance) < CHECK_SDS
                    or np.isnan(values[k])
                    or not here["foreground"].iloc[k]
                ):
                    continue
                text = (
                    f"{measure.words[0].upper()}{measure.words[1:]}: {values[k]:.{measure.digits}f}"
                    f", usually {np.nanmedian(values):.{measure.digits}f} ({abs(distance):.1f} "
                    "robust SDs away)."
                )
                exam = here["exam"].iloc[k]
                yield Finding(exam, plane, "outlier", "unusual", float(abs(distance)), text)


def _measure_distance(values: np.ndarray[Any, np.dtype[np.float64]], measure: Measure) -> Any:
    """Distance from the median in robust SDs."""
    if measure.is_log:
        return robust_distance(np.log(values), measure.least)
    if measure.column != "grey_distance":
        return robust_distance(values, measure.least)
    distances = np.full(len(values), np.nan)
    known = ~np.isnan(values)
    if known.any():  # skewed: no stack is less than 0 away
        least = max(measure.least, robust_sd(values[known]))
        distances[known] = upper_distance(values[known], least)
    return distances


def list_flags(
    findings: pd.DataFrame, outliers: Iterable[Finding], reversals: Iterable[Reversal]
) -> pd.DataFrame:
    """Table of everything unusual, the most severe first.

    Parameters
    ----------
    findings : DataFrame
        As from `check_findings`.
    outliers : iterable of Finding
    reversals : iterable of Reversal

    Returns
    -------
    DataFrame
        Columns exam, plane, code, severity ("reject", "check" or "unusual"), value, advice, as the
        table of `audit`. Stacks are sorted by their most severe flag, then by their number of flags
        and the largest value of their outliers; the flags of a stack stay together.
    """
    rows = [Finding(*row) for row in findings.itertuples(index=False, name=None)]
    rows += outliers
    rows += [
        Finding(r.exam, r.plane, "tissue-order", "unusual", r.ratio, r.reason) for r in reversals
    ]
    by_stack: dict[tuple[str, str], list[Finding]] = {}
    for row in rows:
        by_stack.setdefault((row.exam, row.plane), []).append(row)

    def rank(flags: list[Finding]) -> tuple[Any, ...]:
        far = max((flag.value for flag in flags if flag.code == "outlier"), default=0.0)
        return min(map(_rank, flags)), -len(flags), -far, flags[0].exam, flags[0].plane

    ordered = [
        flag for flags in sorted(by_stack.values(), key=rank) for flag in sorted(flags, key=_rank)
    ]
    return pd.DataFrame(ordered, columns=list(COLUMNS)).astype({"value": "float64"})


def _rank(flag: Finding) -> int:
    return SEVERITIES.index(flag.severity) if flag.severity in SEVERITIES else len(SEVERITIES)


def take_thumbnails(dataset: Dataset, flags: pd.DataFrame, most: int) -> list[Thumbnail]:
    """Slices of the first flagged stacks: the slice at fault if it is known, else the middle one.

    Parameters
    ----------
    dataset : Dataset
    flags : DataFrame
        As from `list_flags`.
    most : int
        Most thumbnails.

    Returns
    -------
    list of Thumbnail
        In the order of the flags. Exams that the dataset lacks and stacks that can't be read are
        left out; findings on a whole exam are shown on its first plane.
    """
    thumbnails: list[Thumbnail] = []
    for key, rows in flags.groupby(["exam", "plane"], sort=False):
        if len(thumbnails) >= most:
            break
        exam, plane = map(str, key)
        if exam not in dataset or "stack-file" in set(rows["code"]):
            continue
        shown = plane or next(iter(dataset[exam].paths), "")
        if shown not in dataset[exam].paths:
            continue
        try:
            grey = dataset[exam].load(shown)
        except ConnectionError:
            raise
        except (OSError, ValueError):
            continue  # it has a finding of its own
        index = _choose_slice(grey, list(rows["code"]), " ".join(rows["advice"]))
        step = max(1, -(-max(grey.shape[1:]) // SIDE))
        reasons = tuple(f"{row['code']}: {row['advice']}" for row in rows.to_dict("records"))
        picture = np.array(grey[index, ::step, ::step])
        severity = str(rows["severity"].iloc[0])
        thumbnails.append(Thumbnail(exam, shown, severity, index, len(grey), picture, reasons))
    return thumbnails


def _choose_slice(grey: UInt8Array, codes: Sequence[str], advice: str) -> int:
    """Slice at fault, or the middle one."""
    chosen = np.zeros(len(grey), dtype=bool)
    named = re.search(r"\bstrongest on slice (\d{1,4})", advice)
    if named and 1 <= int(named[1]) <= len(grey):
        return int(named[1]) - 1  # texts count from 1
    if "blank-slices" in codes:
        chosen = find_blank_slices(count_levels(grey))
    elif "repeated-slices" in codes:
        chosen = find_repeated_slices(grey)
    elif "saturated" in codes:
        saturated = (grey == TOP).sum(axis=(1, 2))
        chosen = saturated == saturated.max()
    middle = len(grey) // 2
    if not chosen.any():
        return middle
    return int(min(np.flatnonzero(chosen), key=lambda index: abs(int(index) - middle)))
