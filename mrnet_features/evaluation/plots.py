"""Figures from the tables of results. Matplotlib is imported only when a figure is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mrnet_features.names import parse_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

__all__ = [
    "COLOURS",
    "DASHES",
    "MARKERS",
    "draw_forest",
    "label_column",
    "list_errors",
    "make_axes",
    "plot_changes",
    "plot_checklist",
    "plot_differences",
    "plot_negative_control",
    "plot_scores",
    "put_legend_below",
    "shorten",
]

# Colours that people with colour blindness can tell apart (Okabe and Ito 2008). In grey they are
# alike, so each comes with its own dashes and marker.
COLOURS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8B6914"
)  # fmt: skip
DASHES: tuple[Any, ...] = (
    "-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)), (0, (8, 3)), (0, (1, 2.5)), (0, (4, 1, 1, 3))
)  # fmt: skip
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")

LONGEST_LABEL = 44
"""Most characters of a label on an axis."""


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


def put_legend_below(axes: Any, n_columns: int, handles: Sequence[Any] | None = None) -> None:
    """Legend under the label of the x axis, where it covers nothing.

    Parameters
    ----------
    axes : matplotlib Axes
    n_columns : int
    handles : sequence of artists, optional
        By default those with a label.
    """
    axes.legend(
        handles=axes.get_legend_handles_labels()[0] if handles is None else handles,
        fontsize="small",
        ncols=n_columns,
        loc="upper center",
        bbox_to_anchor=(0.5, 0),
        borderaxespad=4.5,  # in font sizes: ticks and label of the axis
        frameon=False,
    )


def shorten(text: Any, longest: int = LONGEST_LABEL) -> str:
    """Text with its middle cut out if it is long.

    Parameters
    ----------
    text : object
    longest : int, default 44
        Most characters.

    Returns
    -------
    str

    Examples
    --------
    >>> shorten("suprapatellar", 9)
    'supr…llar'
    """
    whole = str(text)
    if len(whole) <= longest:
        return whole
    tail = longest // 2
    return f"{whole[: longest - tail - 1]}…{whole[-tail:]}"


def label_column(column: str, longest: int = LONGEST_LABEL) -> str:
    """Label of a column on an axis: the parts of its name with spaces.

    Parameters
    ----------
    column : str
    longest : int, default 44
        Most characters.

    Returns
    -------
    str
        Plane, region, family, statistic and pool; any other name unchanged, but cut.

    Examples
    --------
    >>> label_column("sagittal__notch__fluid__peak_brightest__stack")
    'sagittal notch · fluid peak brightest, stack'
    """
    try:
        name = parse_name(column)
    except ValueError:
        return shorten(column, longest)
    words = f"{name.plane} {name.region} · {name.family} {name.statistic}, {name.pool}"
    return shorten(words.replace("_", " "), longest)


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
