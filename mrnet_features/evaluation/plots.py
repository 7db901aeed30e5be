"""Figures from the tables of results. Matplotlib is imported only when a figure is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

__all__ = [
    "draw_forest",
    "list_errors",
    "make_axes",
    "plot_changes",
    "plot_checklist",
    "plot_differences",
    "plot_importance",
    "plot_negative_control",
    "plot_null_importance",
    "plot_scores",
]

VIEW_LABELS = {
    "shap": "Mean |SHAP value| (log-odds)",
    "permutation": "AUC drop, group permuted",
    "drop_group": "AUC drop, group left out",
    "single_group": "AUC of the group alone",
}


def plot_scores(table: pd.DataFrame, folds: pd.DataFrame, axes: Axes | None = None) -> Axes:
    """AUC of each task with its 95 % interval, and the AUC of each fold as a dot.

    Parameters
    ----------
    table, folds : DataFrame
        `Scores.summary` and `Scores.frame`.
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    drawn = axes or make_axes(2.2 + 1.0 * len(table), 3.5)
    positions = np.arange(len(table))
    if len(folds) > 1:
        spread = np.linspace(-0.12, 0.12, len(folds))
        for position, task in zip(positions, table.index, strict=True):
            label = "folds" if position == 0 else None
            drawn.plot(position + 0.22 + spread, folds[task], ".", color="0.6", label=label)
    error = list_errors(table, "auc")
    drawn.errorbar(
        positions,
        table["auc"],
        error,
        fmt="o",
        color="tab:blue",
        capsize=3,
        label="mean of folds",
    )
    if len(folds) > 1:
        drawn.legend(fontsize="small", loc="lower right")
    drawn.axhline(0.5, color="0.8", linewidth=1, zorder=0)
    drawn.set_xticks(positions, list(table.index))
    drawn.set_xlim(-0.6, len(table) - 0.4)
    drawn.set_ylabel("AUC (95 % CI)")
    return drawn


def plot_differences(table: pd.DataFrame, axes: Axes | None = None) -> Axes:
    """Difference in AUC of each pair of models and task with its 95 % interval.

    Parameters
    ----------
    table : DataFrame
        `Comparison.summary`.
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    pairs = table["first"] + " − " + table["second"]
    if pairs.nunique() > 1:
        names, title = pairs + ": " + table["task"], ""
    else:
        names, title = table["task"], pairs.iloc[0]
    drawn = draw_forest(table, "difference", list(names), axes)
    drawn.set_xlabel("Difference in AUC (95 % CI)")
    drawn.set_title(title)
    return drawn


def plot_changes(table: pd.DataFrame, column: str, label: str, axes: Axes | None = None) -> Axes:
    """Change of the AUC of each task with its 95 % interval.

    Parameters
    ----------
    table : DataFrame
        `AddedValue.summary` or `GroupGap.summary`.
    column : str
        Column of the change.
    label : str
        What the change is.
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    drawn = draw_forest(table, column, list(table.index), axes)
    drawn.set_xlabel(f"{label} (95 % CI)")
    return drawn


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


def plot_checklist(table: pd.DataFrame, axes: Axes | None = None) -> Axes:
    """Number of items in each state for each checklist, as stacked bars.

    Parameters
    ----------
    table : DataFrame
        `Checklist.summary`.
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    drawn = axes or make_axes(6, 1.2 + 0.4 * len(table))
    positions = np.arange(len(table))[::-1]
    left = np.zeros(len(table))
    colors = {"computed": "tab:blue", "stated": "lightsteelblue", "open": "0.9"}
    for state, color in colors.items():
        widths = table[state].to_numpy()
        drawn.barh(positions, widths, left=left, color=color, label=state)
        left = left + widths
    drawn.set_yticks(positions, list(table.index))
    drawn.set_xlabel("Items")
    drawn.legend(fontsize="small", ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return drawn


def plot_negative_control(
    aucs: pd.Series[float], expected: float, title: str, axes: Axes | None = None
) -> Axes:
    """Mean AUC of each round of a negative control, with a line at the expected AUC.

    Parameters
    ----------
    aucs : Series
        Mean AUC of each round.
    expected : float
        AUC of a correct procedure.
    title : str
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    drawn = axes or make_axes(5, 2.2)
    drawn.axvline(expected, color="0.3", linestyle="--", linewidth=1, label="expected")
    drawn.plot(aucs, np.zeros(len(aucs)), "|", color="0.4", markersize=16, label="rounds")
    drawn.plot([aucs.mean()], [0], "o", color="tab:blue", label="mean of the rounds")
    drawn.set_yticks([])
    drawn.set_ylim(-1, 2.5)
    drawn.set_xlim(min(0.4, aucs.min() - 0.02), max(0.6, aucs.max() + 0.02))
    drawn.set_xlabel("AUC")
    drawn.set_title(title)
    drawn.legend(fontsize="small", ncols=3, loc="upper left")
    return drawn


def draw_forest(
    table: pd.DataFrame,
    column: str,
    names: Sequence[str],
    axes: Axes | None,
    *,
    line: float = 0.0,
    width: float = 6.0,
) -> Axes:
    """Estimates as points with horizontal intervals, the first row on top.

    Parameters
    ----------
    table : DataFrame
        Columns `column`, ci_low and ci_high.
    column : str
    names : sequence of str
        Label of each row.
    axes : matplotlib Axes or None
    line : float, default 0
        Place of a dashed line.
    width : float, default 6
        Inches.

    Returns
    -------
    matplotlib Axes
    """
    drawn = axes or make_axes(width, 1.1 + 0.32 * len(table))
    positions = np.arange(len(table))[::-1]
    drawn.axvline(line, color="0.3", linestyle="--", linewidth=1)
    values, error = table[column].tolist(), list_errors(table, column)
    drawn.errorbar(values, positions, xerr=error, fmt="o", color="tab:blue", capsize=3)
    drawn.set_yticks(positions, list(names))
    drawn.set_ylim(-0.6, len(table) - 0.4)
    return drawn


def list_errors(
    table: pd.DataFrame, column: str, low: str = "ci_low", high: str = "ci_high"
) -> list[list[float]]:
    """Lengths of the error bars below and above each value.

    Parameters
    ----------
    table : DataFrame
    column, low, high : str
        Columns of the value and of the ends of its interval.

    Returns
    -------
    list of two lists of float
    """
    values = table[column].astype(float)
    # Lists: older matplotlib takes an array of one point for a number, and pandas or NumPy warn.
    return [(values - table[low]).tolist(), (table[high] - values).tolist()]


def make_axes(width: float, height: float) -> Any:
    """Axes of a new figure.

    Parameters
    ----------
    width, height : float
        Inches.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            "Figures need matplotlib: pip install 'mrnet-features[report]'."
        ) from error
    # A figure of its own, not pyplot's: nothing is kept open, and no display is needed.
    return Figure(figsize=(width, height), layout="constrained").subplots()
