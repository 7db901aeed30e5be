"""describe_slices: statistics of every slice of one exam."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from mrnet_features.arrays import Array, Float64Array
from mrnet_features.data.exam import Exam
from mrnet_features.extraction.read import ExamLike, list_stacks, read_exam
from mrnet_features.families.base import Family
from mrnet_features.families.presets import find_families
from mrnet_features.messages import name_some
from mrnet_features.names import check_series, parse_series, say_series, sort_series
from mrnet_features.stacks.discretisation import Discretisation
from mrnet_features.stacks.mirror import AXES
from mrnet_features.stacks.prepare import prepare_sets
from mrnet_features.stacks.region_sets import Sides, name_sides


def describe_slices(
    exam: ExamLike,
    families: str | Family | Sequence[str | Family] = "baseline",
    *,
    planes: str | Sequence[str] | None = None,
    discretisation: Discretisation | None = None,
    sides: Sides = "fold",
) -> pd.DataFrame:
    """Statistics of every slice of one exam, one row per slice.

    Features pool the slices of a stack or describe it as a whole; here are the slices behind them.
    Regions are not folded: the two sides of the knee are apart, as ``one`` and ``other`` if it is
    unknown which is medial.

    Parameters
    ----------
    exam : Exam or mapping of series to stack
    families : str, Family or sequence of str and Family, default "baseline"
        As for `FeatureExtractor`.
    planes : str or sequence of str, optional
        Planes or other series of the exam, such as "sagittal_fluid". Default: all.
    discretisation : Discretisation, optional
        As for `FeatureExtractor`.
    sides : {"fold", "known", "guess"}, default "fold"
        With "known" the two sides of the knee are named medial and lateral; the side of the exam
        must be known, or guessed with "guess". Slices keep their order.

    Returns
    -------
    DataFrame of shape (n_slices, n_statistics), float64
        Index: plane (name of the series), and slice from 0, for the whole stack. Columns:
        ``region__family__statistic``, of the statistics that have a value per slice. NaN where the
        region has no pixel on the slice or the family does not describe the series.

    Raises
    ------
    KeyError
        If the exam lacks a series.
    TypeError, ValueError
        If a parameter is invalid or a stack can't be read.

    Examples
    --------
    >>> stack = np.zeros((2, 64, 64), np.uint8)
    >>> stack[:, 8:56, 8:56] = [[[90]], [[120]]]
    >>> describe_slices({"axial": stack}, "minimal")["knee__intensity__mean"].to_list()
    [90.0, 120.0]
    """
    chosen, asked = find_families(families), find_planes(exam, planes)
    pixels = read_exam(exam, 0, asked, sides=sides)
    frames: dict[str, pd.DataFrame] = {}
    for series, grey in pixels.stacks.items():
        frame = _describe_stack(grey, series, chosen, discretisation)
        if pixels.is_mirrored and AXES[parse_series(series).plane] == 0:
            frame = frame[::-1].reset_index(drop=True)
        if sides != "fold":
            frame = frame.rename(columns=_name_sides)
        frames[series] = frame
    return pd.concat(frames, names=["plane", "slice"])


def find_planes(exam: ExamLike, planes: str | Sequence[str] | None) -> tuple[str, ...]:
    """Series of one exam to describe.

    Parameters
    ----------
    exam : Exam or mapping of series to stack
    planes : str or sequence of str, optional
        Default: all series that the exam has, by plane.

    Returns
    -------
    tuple of str

    Raises
    ------
    TypeError
        If `exam` is neither an Exam nor a mapping.
    ValueError
        If a series is unknown or named twice, or there is none.
    """
    if not isinstance(exam, Exam | Mapping):
        raise TypeError(
            "`exam` must be an Exam or a mapping of series to stack, got "
            f"{type(exam).__name__}. Pass one exam, such as dataset[0] or {{'sagittal': stack}}."
        )
    present = list_stacks(exam)
    try:
        return check_series(sort_series(present) if planes is None else planes)
    except ValueError as error:
        listed = name_some([str(name) for name in present])
        raise ValueError(f"{error} The exam has {listed or 'none'}.") from error


def _name_sides(column: str) -> str:
    region, separator, rest = column.partition("__")
    return f"{name_sides(region)}{separator}{rest}"


def _describe_stack(
    grey: Array, series: str, families: Sequence[Family], discretisation: Discretisation | None
) -> pd.DataFrame:
    """Statistics of the slices of one stack; region sets cover some of them."""
    described = [family for family in families if family.describes(series)]
    sets = dict.fromkeys(name for family in described for name in family.region_sets)
    plane = parse_series(series).plane
    stacks = prepare_sets(grey, plane, sets, discretisation=discretisation)
    columns: dict[str, Float64Array] = {}
    for family in described:
        for region_set in family.region_sets:
            stack = stacks[region_set]
            first = stack.corners[0][0]
            try:
                statistics = family.describe_slices(stack)
            except Exception as error:
                error.add_note(
                    f"while describing slices, {say_series(series)}, with family {family!r}"
                )
                raise
            for r, region in enumerate(stack.region_names):
                for name, values in statistics.items():
                    column = np.full(len(grey), np.nan)
                    column[first : first + stack.n_slices] = values[:, r]
                    columns[f"{region}__{family.label}__{name}"] = column
    return pd.DataFrame(columns, index=pd.RangeIndex(len(grey)))
