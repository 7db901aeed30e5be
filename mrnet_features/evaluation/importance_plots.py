"""Figures of importance and contributions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mrnet_features.evaluation.plots import (
    COLOURS,
    label_column,
    list_errors,
    make_axes,
    put_legend_below,
    shorten,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

__all__ = ["plot_contributions", "plot_importance", "plot_null_importance"]

VIEW_LABELS = {
    "shap": "Mean |SHAP value| (log-odds)",
    "permutation": "AUC drop, group permuted",
    "drop_group": "AUC drop, group left out",
    "single_group": "AUC of the group alone",
}

RAISES: dict[str, Any] = {"facecolor": COLOURS[1], "hatch": "", "label": "raises the probability"}
LOWERS: dict[str, Any] = {"facecolor": COLOURS[5], "hatch": "////", "label": "lowers it"}


def plot_importance(table: pd.DataFrame, title: str, axes: Axes | None = None) -> Axes:
    """First view of an importance: groups as bars with their 95 % intervals.

    Parameters
    ----------
    table : DataFrame
        Rows of `Importance.summary` to draw, from top to bottom.
    title : str
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    rows = table[::-1]
    drawn = axes or make_axes(6, 0.9 + 0.28 * len(rows))
    view = str(rows.columns[1])
    error = list_errors(rows, view, f"{view}_low", f"{view}_high")
    style = {"elinewidth": 1, "ecolor": "0.3", "capsize": 2}
    widths = rows[view].tolist()
    drawn.barh(np.arange(len(rows)), widths, xerr=error, color="lightsteelblue", error_kw=style)
    drawn.set_yticks(np.arange(len(rows)), list(rows.index))
    drawn.axvline(0, color="0.3", linewidth=0.8)
    drawn.set_xlabel(f"{VIEW_LABELS[view]} (95 % CI)")
    drawn.set_title(title)
    return drawn


def plot_null_importance(
    table: pd.DataFrame, null: pd.DataFrame, view: str, title: str, axes: Axes | None = None
) -> Axes:
    """Importance of the groups of one task against its distribution for shuffled labels.

    Parameters
    ----------
    table : DataFrame
        Rows of `NullImportance.summary` of one task, from top to bottom. Index group.
    null : DataFrame
        Rows of `NullImportance.frame` of that task.
    view : str
        View of the importance, a key of `VIEW_LABELS`.
    title : str
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    rows = table[::-1]
    drawn = axes or make_axes(6, 1.2 + 0.28 * len(rows))
    for k, group in enumerate(rows.index):
        values = null.loc[null["group"] == group, "value"]
        label = "labels shuffled" if k == 0 else None
        drawn.plot(values, np.full(len(values), k), "|", color="0.5", markersize=9, label=label)
    drawn.plot(rows["observed"], np.arange(len(rows)), "o", color="tab:blue", label="observed")
    drawn.set_yticks(np.arange(len(rows)), list(rows.index))
    drawn.set_xlabel(VIEW_LABELS[view])
    drawn.set_title(title)
    drawn.legend(fontsize="small", loc="lower right")
    return drawn


def plot_contributions(
    rows: pd.DataFrame,
    baseline: float,
    title: str,
    top: int,
    names: Mapping[str, str],
    axes: Axes | None = None,
) -> Axes:
    """Waterfall from the baseline to the log-odds of one exam, the largest step on top.

    Parameters
    ----------
    rows : DataFrame
        Index column; columns value and contribution.
    baseline : float
        Log-odds of a typical exam.
    title : str
    top : int
        Columns with a bar of their own.
    names : mapping of column to str
        Labels of some columns.
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    drawn = axes or make_axes(7.2, 1.7 + 0.3 * min(top + 1, len(rows)))
    from matplotlib.patches import Patch  # after `make_axes`, which says how to install it

    order = rows["contribution"].abs().sort_values(ascending=False, kind="stable").index
    shown = rows.loc[order[:top]]
    steps = shown["contribution"].astype(float).tolist()
    labels = [
        f"{shorten(names[column]) if column in names else label_column(column)} = {value:.3g}"
        for column, value in zip(shown.index, shown["value"].astype(float), strict=True)
    ]
    if len(order) > top:
        steps.append(float(rows.loc[order[top:], "contribution"].astype(float).sum()))
        labels.append(f"{len(order) - top:,} other columns")
    ends = baseline + np.cumsum(steps)
    starts = np.concatenate([[baseline], ends[:-1]])
    places = np.arange(len(steps))[::-1]
    raised = [step >= 0 for step in steps]
    drawn.barh(
        places,
        steps,
        left=starts.tolist(),
        height=0.62,
        color=[RAISES["facecolor"] if up else LOWERS["facecolor"] for up in raised],
        hatch=[RAISES["hatch"] if up else LOWERS["hatch"] for up in raised],
        edgecolor="black",
        linewidth=0.6,
    )
    for place, end in zip(places[:-1], ends[:-1], strict=True):
        drawn.plot([end, end], [place - 0.69, place - 0.31], color="0.5", linewidth=0.8)
    lines = [
        drawn.axvline(baseline, color="0.4", linestyle=":", linewidth=1.2, label="typical exam"),
        drawn.axvline(ends[-1], color="black", linestyle="--", linewidth=1.2, label="this exam"),
    ]
    for place, start, end, step in zip(places, starts, ends, steps, strict=True):
        text = f"{step:+.2f}"
        drawn.annotate(
            text,
            (max(start, end), place),
            (4, 0),
            textcoords="offset points",
            va="center",
            fontsize="small",
            bbox={"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none"},
        )
    low, high = min(*starts, *ends), max(*starts, *ends)
    drawn.set_xlim(low - 0.06 * (high - low), high + 0.16 * (high - low))
    drawn.set_yticks(places, labels)
    drawn.set_ylim(-0.6, len(steps) - 0.4)
    drawn.set_xlabel("Log-odds")
    drawn.set_title(title)
    patches = [Patch(edgecolor="black", **RAISES), Patch(edgecolor="black", **LOWERS)]
    put_legend_below(drawn, 2, [*patches, *lines])
    return drawn
