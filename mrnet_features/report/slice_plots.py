"""Slice profiles: the values of an exam's slices, and which of them give its features."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mrnet_features.evaluation.plots import COLOURS, choose_style, make_axes, shorten, wrap
from mrnet_features.extraction.marks import find_marks, find_sides_of
from mrnet_features.extraction.slices import describe_slices
from mrnet_features.families.presets import find_families
from mrnet_features.names import parse_name
from mrnet_features.report.words import describe_columns

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mrnet_features.extraction.read import ExamLike
    from mrnet_features.families.base import Family
    from mrnet_features.stacks.discretisation import Discretisation
    from mrnet_features.stacks.mark import FeatureMark

__all__ = ["plot_slices"]

MOST_COLUMNS = 12
NO_UNIT = ("", "1")
OTHER_SCALE = ("_difference",)
"""Endings of regions whose value is on another scale than those of the slices."""


def plot_slices(
    exam: ExamLike,
    columns: str | Iterable[str],
    *,
    families: str | Family | Sequence[str | Family] = "baseline",
    discretisation: Discretisation | None = None,
    names: Mapping[str, str] | None = None,
) -> Figure:
    """Values of the slices behind features, and the slices that give each feature.

    Each feature has axes of its own: a line per region with the value of each slice, circles on
    the slices that the pool uses, and a dashed line at the value of the feature. A statistic of
    the stack as a whole has no value per slice; bars then show how many of the pixels that give it
    are on each slice. The axis counts slices from 1, as the viewer does; indices in Python start at
    0. See `find_marks`.

    Parameters
    ----------
    exam : Exam or mapping of plane to stack
    columns : str or iterable of str
        Names of features, as in the columns of a feature table; at most 12.
    families : str, Family or sequence of str and Family, default "baseline"
        Families that the features come from, as for `FeatureExtractor`.
    discretisation : Discretisation, optional
        As for `FeatureExtractor`.
    names : mapping of column to str, optional
        Title for each column. By default its phrase of `describe_columns`.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there are no columns or too many, or one is not a feature of the families.

    Examples
    --------
    >>> stack = np.zeros((5, 64, 64), np.uint8)
    >>> stack[:, 8:56, 8:56] = np.array([90, 140, 120, 80, 70])[:, None, None]
    >>> column = "axial__knee__intensity__mean__max"
    >>> figure = plot_slices({"axial": stack}, column, families="minimal")
    >>> figure.axes[0].lines[0].get_ydata().tolist()
    [90.0, 140.0, 120.0, 80.0, 70.0]
    """
    asked = [columns] if isinstance(columns, str) else list(dict.fromkeys(columns))
    if not 0 < len(asked) <= MOST_COLUMNS:
        raise ValueError(
            f"`columns` must hold 1 to {MOST_COLUMNS} features, got {len(asked)}. Draw several "
            "figures."
        )
    figure: Figure = make_axes(7.4, 0.5 + 2.1 * len(asked)).figure
    figure.clear()
    options: dict[str, Any] = {"families": families, "discretisation": discretisation}
    marks = find_marks(exam, asked, **options)
    parsed = [parse_name(column) for column in asked]
    needed = {name.family for name in parsed}
    used = [family for family in find_families(families) if family.label in needed]
    planes = list(dict.fromkeys(name.series for name in parsed))
    chosen: dict[str, Any] = {"discretisation": discretisation, "sides": find_sides_of(asked)}
    values = describe_slices(exam, used, planes=planes, **chosen)
    words = describe_columns(asked, used)
    titles = {**words["phrase"], **({} if names is None else dict(names))}
    panels = figure.subplots(len(asked), 1, squeeze=False)[:, 0]
    for drawn, column in zip(panels, asked, strict=True):
        mark = marks[column]
        _draw_profile(drawn, mark, values[values.index.get_level_values("plane") == mark.plane])
        drawn.set_title(wrap(shorten(titles[column], 120), 64), fontsize="medium", loc="left")
        unit = str(words["unit"].loc[column])
        if len(drawn.lines) and unit not in NO_UNIT and len(unit) <= 24:
            drawn.set_ylabel(unit, fontsize="small")
    panels[-1].set_xlabel("Slice")
    figure.align_ylabels()
    return figure


def _draw_profile(drawn: Any, mark: FeatureMark, values: pd.DataFrame) -> None:
    """Axes of one feature; `values` are those of the slices of its plane."""
    values = values.droplevel("plane")
    name = parse_name(mark.column)
    regions = list(dict.fromkeys(part.region for part in mark.slices))
    known = [region for region in regions if f"{region}__{name.family}__{name.statistic}" in values]
    if known:
        _draw_lines(drawn, mark, values, known)
    else:
        _draw_bars(drawn, mark)
    drawn.set_xlim(0.4, len(values) + 0.6)
    drawn.locator_params(axis="x", integer=True)
    if regions:
        drawn.legend(
            fontsize="small",
            loc="center left",
            bbox_to_anchor=(1.01, 0.5),
            frameon=False,
            handlelength=3,
        )


def _draw_lines(
    drawn: Any, mark: FeatureMark, values: pd.DataFrame, regions: Sequence[str]
) -> None:
    name = parse_name(mark.column)
    places, heights = [], []
    for k, region in enumerate(regions):
        profile = values[f"{region}__{name.family}__{name.statistic}"]
        label = wrap(shorten(region, 30), 18)
        drawn.plot(profile.index + 1, profile, **choose_style(k), markersize=3, label=label)
        chosen = [part.slice for part in mark.slices if part.region == region]
        places += [slice_ + 1 for slice_ in chosen]
        heights += profile.loc[chosen].tolist()
    drawn.plot(
        places,
        heights,
        "o",
        color="black",
        markerfacecolor="none",
        markersize=9,
        label="slices searched,\nnone found"
        if mark.kind == "region"
        else "slices that\ngive the value",
    )
    text = f"feature: {mark.value:.4g}"
    if name.region.endswith(OTHER_SCALE) or name.pool == "std":
        # It is a difference or a spread of the values drawn, not one of them.
        drawn.plot([], [], linestyle="none", label=text)
    else:
        drawn.axhline(mark.value, color="0.35", linestyle=(0, (8, 3)), linewidth=1.1, label=text)


def _draw_bars(drawn: Any, mark: FeatureMark) -> None:
    """Number of pixels that give the value, slice by slice."""
    if not mark.slices or mark.kind == "region":
        note = "no slice gives a value" if np.isnan(mark.value) else "no pixel gives the value"
        drawn.text(0.5, 0.5, note, transform=drawn.transAxes, ha="center", va="center")
        drawn.set_yticks([])
        return
    counts: dict[int, int] = {}
    for part in mark.slices:
        n_pixels = 1 if part.outline is None else int(part.outline.sum())
        counts[part.slice] = counts.get(part.slice, 0) + n_pixels
    drawn.bar(
        [slice_ + 1 for slice_ in counts],
        list(counts.values()),
        color=COLOURS[5],
        edgecolor="black",
        width=0.8,
    )
    drawn.containers[-1].set_label(f"feature: {mark.value:.4g}")
    drawn.set_ylabel("Pixels that\ngive the value", fontsize="small")
