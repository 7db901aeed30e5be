"""Figures of importance and contributions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mrnet_features.evaluation.plots import (
    COLOURS,
    choose_axes,
    label_column,
    list_errors,
    measure_labels,
    put_legend_below,
    shorten,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

__all__ = [
    "arrange_groups",
    "plot_contributions",
    "plot_importance",
    "plot_importance_map",
    "plot_null_importance",
]

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
    names = [label_column(str(name)) for name in rows.index]
    drawn = choose_axes(axes, 4.4 + measure_labels(names), 1.1 + 0.28 * len(rows))
    view = str(rows.columns[1])
    error = list_errors(rows, view, f"{view}_low", f"{view}_high")
    style = {"elinewidth": 1, "ecolor": "0.3", "capsize": 2}
    widths = rows[view].tolist()
    drawn.barh(np.arange(len(rows)), widths, xerr=error, color=COLOURS[5], error_kw=style)
    drawn.set_yticks(np.arange(len(rows)), names)
    drawn.set_ylim(-0.7, len(rows) - 0.3)
    drawn.axvline(0, color="0.3", linewidth=0.8)
    drawn.set_xlabel(f"{VIEW_LABELS[view]} (95 % CI)")
    drawn.set_title(shorten(title))
    return drawn


def arrange_groups(values: pd.Series[float], by: str) -> pd.DataFrame:
    """Values of groups of two parts of the names as a table, largest values first.

    Parameters
    ----------
    values : Series of shape (n_groups,)
        Index: groups by two parts of the names, with a comma between them.
    by : str
        The two parts with a comma between them.

    Returns
    -------
    DataFrame, float64
        First part in the rows, second in the columns, each sorted by its largest value. NaN where
        there is no group.

    Raises
    ------
    ValueError
        If `by` does not name two parts.

    Examples
    --------
    >>> values = pd.Series({"glcm, knee": 0.1, "fluid, notch": 0.2, "fluid, knee": 0.3})
    >>> arrange_groups(values, "family, region").loc["fluid"].tolist()
    [0.3, 0.2]
    """
    parts = by.split(", ")
    if len(parts) != 2:
        raise ValueError(
            f"A heat map needs groups of two parts of the names, got groups by {by}. Measure them: "
            "importance(evaluation, features, by=('family', 'region'))."
        )
    # a part of a name has letters, digits and underscores only, so it holds no comma
    cells = [tuple(str(group).split(", ")) for group in values.index]
    table = values.set_axis(pd.MultiIndex.from_tuples(cells, names=parts)).unstack()
    orders = [
        table.max(axis=axis).sort_values(ascending=False, kind="stable").index for axis in (1, 0)
    ]
    return table.loc[orders[0], orders[1]]


def plot_importance_map(
    values: pd.DataFrame, view: str, title: str, axes: Axes | None = None
) -> Axes:
    """Heat map of the importance of groups of two parts, such as family and region.

    Parameters
    ----------
    values : DataFrame
        One part in the index, the other in the columns; NaN where there is no group.
    view : str
        View of the importance, a key of `VIEW_LABELS`.
    title : str
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    names = [shorten(name) for name in values.index]
    width = 2.4 + measure_labels(names) + 0.6 * values.shape[1]
    drawn = choose_axes(axes, width, 2.4 + 0.3 * len(values))
    numbers = values.to_numpy(np.float64)
    finite = numbers[np.isfinite(numbers)]
    # The AUC of a group alone starts at chance; all others at no importance.
    low = 0.5 if view == "single_group" else 0.0
    high = max(float(finite.max(initial=low)), low + 1e-9)
    image = drawn.imshow(numbers, cmap="Blues", vmin=low, vmax=high, aspect="auto")
    digits = int(np.clip(2 - np.floor(np.log10(high)), 2, 4))
    for (row, column), value in np.ndenumerate(numbers):
        known = np.isfinite(value)
        drawn.text(
            column,
            row,
            f"{value:.{digits}f}" if known else "–",
            ha="center",
            va="center",
            fontsize="small",
            color="white" if known and value - low > 0.6 * (high - low) else "black",
        )
    drawn.set_yticks(range(len(names)), names)
    labels = [shorten(name, 30) for name in values.columns]
    drawn.set_xticks(range(len(labels)), labels, rotation=40, ha="right", rotation_mode="anchor")
    drawn.set_xlabel(str(values.columns.name or "").capitalize())
    drawn.set_ylabel(str(values.index.name or "").capitalize())
    drawn.set_title(shorten(title))
    drawn.figure.colorbar(image, ax=drawn, label=VIEW_LABELS[view], shrink=0.9)
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
    names = [label_column(str(name)) for name in rows.index]
    drawn = choose_axes(axes, 4.4 + measure_labels(names), 1.5 + 0.28 * len(rows))
    for k, group in enumerate(rows.index):
        values = null.loc[null["group"] == group, "value"]
        label = "labels shuffled" if k == 0 else None
        drawn.plot(values, np.full(len(values), k), "|", color="0.5", markersize=9, label=label)
    drawn.plot(rows["observed"], np.arange(len(rows)), "o", color=COLOURS[0], label="observed")
    drawn.set_yticks(np.arange(len(rows)), names)
    drawn.set_ylim(-0.7, len(rows) - 0.3)
    drawn.set_xlabel(VIEW_LABELS[view])
    drawn.set_title(shorten(title))
    put_legend_below(drawn, 2)
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
    order = rows["contribution"].abs().sort_values(ascending=False, kind="stable").index
    shown = rows.loc[order[:top]]
    steps = shown["contribution"].astype(float).tolist()
    labels = [
        f"{shorten(names[column], 72) if column in names else label_column(column)} = {value:.3g}"
        for column, value in zip(shown.index, shown["value"].astype(float), strict=True)
    ]
    if len(order) > top:
        steps.append(float(rows.loc[order[top:], "contribution"].astype(float).sum()))
        labels.append(f"{len(order) - top:,} other columns")
    drawn = choose_axes(axes, 4.6 + measure_labels(labels), 1.9 + 0.3 * len(steps))
    from matplotlib.patches import Patch  # after `make_axes`, which says how to install it

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
        text = f"{step:+.2f}".replace("-", "−")
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
