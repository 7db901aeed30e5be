"""Figures of AUCs, of their differences and of negative controls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mrnet_features.evaluation.plots import (
    COLOURS,
    choose_axes,
    draw_forest,
    list_errors,
    put_legend_below,
    shorten,
    wrap,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "plot_changes",
    "plot_differences",
    "plot_exclusion",
    "plot_negative_control",
    "plot_permutations",
    "plot_scores",
    "plot_subgroups",
]


def plot_scores(table: pd.DataFrame, folds: pd.DataFrame, axes: Axes | None = None) -> Axes:
    """AUC of each task with its 95 % interval, and the AUC of each fold as a cross.

    Parameters
    ----------
    table, folds : DataFrame
        `Scores.summary` and `Scores.frame`.
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    several = len(folds) > 1
    drawn = choose_axes(axes, 2.2 + 1.1 * len(table), 3.9 if several else 3.5)
    positions = np.arange(len(table))
    if several:
        spread = np.linspace(-0.12, 0.12, len(folds))
        for position, task in zip(positions, table.index, strict=True):
            label = "single folds" if position == 0 else None
            drawn.plot(
                position + 0.22 + spread,
                folds[task],
                linestyle="none",
                marker="x",
                markersize=4,
                color="0.55",
                label=label,
            )
    drawn.errorbar(
        positions,
        table["auc"],
        list_errors(table, "auc"),
        fmt="o",
        color=COLOURS[0],
        capsize=3,
        label="mean of the folds",
    )
    drawn.axhline(0.5, color="0.8", linewidth=1, zorder=0)
    drawn.set_xticks(positions, [wrap(shorten(task, 36), 13) for task in table.index])
    drawn.tick_params(axis="x", labelsize="small" if len(table) > 4 else "medium")
    drawn.set_xlim(-0.6, len(table) - 0.4)
    drawn.set_ylabel("AUC (95 % CI)")
    if several:
        n_columns = 2 if len(table) > 1 else 1
        drawn.legend(fontsize="small", ncols=n_columns, loc="lower right", bbox_to_anchor=(1, 1))
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
    pairs = [f"{shorten(row.first, 24)} − {shorten(row.second, 24)}" for row in table.itertuples()]
    names, title = [shorten(task) for task in table["task"]], pairs[0]
    if len(set(pairs)) > 1:
        tasks = table["task"]
        names = [f"{pair}: {shorten(task, 24)}" for pair, task in zip(pairs, tasks, strict=True)]
        title = ""
    drawn = draw_forest(table, "difference", names, axes)
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
    drawn = draw_forest(table, column, [shorten(task) for task in table.index], axes)
    drawn.set_xlabel(wrap(f"{label} (95 % CI)"))
    return drawn


def plot_exclusion(table: pd.DataFrame, n_excluded: int, axes: Axes | None = None) -> Axes:
    """Change of the AUC of each task without the flagged exams, with its 95 % interval.

    Parameters
    ----------
    table : DataFrame
        `Exclusion.summary`.
    n_excluded : int
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    changes = zip(table.index, table["auc_all"], table["auc_kept"], strict=True)
    names = [f"{shorten(task, 28)}: {before:.3f} to {after:.3f}" for task, before, after in changes]
    drawn = draw_forest(table, "difference", names, axes)
    drawn.set_xlabel("Change of the AUC (95 % CI)")
    drawn.set_title(f"{n_excluded:,} of {int(table['n_exams'].iloc[-1]):,} exams left out")
    return drawn


def plot_subgroups(table: pd.DataFrame, overall: float, axes: Axes | None = None) -> Axes:
    """AUC of each level with its 95 % interval, and a line at the AUC of all exams.

    Parameters
    ----------
    table : DataFrame
        Rows of `Subgroups.summary` of one task.
    overall : float
        AUC of all exams.
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    positives = ["" if pd.isna(n) else f", {n} positive" for n in table["n_positive"]]
    names = [
        f"{shorten(row.factor, 20)}: {shorten(row.level, 28)} (n = {row.n_exams}{positive})"
        for row, positive in zip(table.itertuples(), positives, strict=True)
    ]
    drawn = draw_forest(table, "auc", names, axes, line=overall, missing="too few exams")
    shaded = (pd.factorize(table["factor"])[0] % 2).tolist()
    for row, shade in enumerate(shaded):
        position = len(table) - 1 - row
        if shade:
            drawn.axhspan(position - 0.5, position + 0.5, color="0.95", zorder=0)
    drawn.set_xlabel("AUC (95 % CI); dashed: all exams")
    drawn.set_title(shorten(table["task"].iloc[0]))
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
    drawn = choose_axes(axes, 5.6, 2.4)
    drawn.axvline(expected, color="0.3", linestyle="--", linewidth=1, label="expected")
    drawn.plot(aucs, np.zeros(len(aucs)), "|", color="0.4", markersize=16, label="rounds")
    drawn.plot([aucs.mean()], [0], "o", color=COLOURS[0], label="mean of the rounds")
    drawn.set_yticks([])
    drawn.set_ylim(-1, 1)
    drawn.set_xlim(min(0.4, aucs.min() - 0.02), max(0.6, aucs.max() + 0.02))
    drawn.set_xlabel("AUC")
    drawn.set_title(title)
    put_legend_below(drawn, 3)
    return drawn


def plot_permutations(
    null: pd.Series[float], observed: float, title: str, axes: Axes | None = None
) -> Axes:
    """Histogram of the AUCs of shuffled exams, with a line at the observed AUC.

    Parameters
    ----------
    null : Series
        AUC of each permutation.
    observed : float
    title : str
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    drawn = choose_axes(axes, 5, 3.1)
    bins = int(np.clip(len(null) // 5, 5, 40))
    drawn.hist(
        null, bins=bins, color="0.75", edgecolor="0.4", linewidth=0.5, label="shuffled exams"
    )
    drawn.axvline(observed, color=COLOURS[0], linestyle="--", linewidth=2, label="observed")
    drawn.set_xlabel("AUC")
    drawn.set_ylabel("Permutations")
    drawn.set_title(title)
    put_legend_below(drawn, 2)
    return drawn
