"""Figures of subgroups, of the number of exams, of permutation tests and of stability."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mrnet_features.evaluation.plots import draw_forest, make_axes, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "plot_exclusion",
    "plot_permutations",
    "plot_sample_size",
    "plot_stability",
    "plot_subgroups",
]


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
        f"{row.factor}: {row.level} (n = {row.n_exams}{positive})"
        for row, positive in zip(table.itertuples(), positives, strict=True)
    ]
    drawn = draw_forest(table, "auc", names, axes, line=overall, width=7)
    place = drawn.get_yaxis_transform()  # x in parts of the axes, y in rows
    shaded = (pd.factorize(table["factor"])[0] % 2).tolist()
    for row, (shade, auc) in enumerate(zip(shaded, table["auc"], strict=True)):
        position = len(table) - 1 - row
        if shade:
            drawn.axhspan(position - 0.5, position + 0.5, color="0.95", zorder=0)
        if np.isnan(auc):
            drawn.text(0.02, position, "too few exams", transform=place, va="center")
    drawn.set_xlabel("AUC (95 % CI); dashed: all exams")
    drawn.set_title(str(table["task"].iloc[0]))
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
    names = [
        f"{shorten(task)}: {before:.3f} to {after:.3f}"
        for task, before, after in zip(
            table.index, table["auc_all"], table["auc_kept"], strict=True
        )
    ]
    drawn = draw_forest(table, "difference", names, axes, width=7)
    drawn.set_xlabel("AUC without the flagged exams minus AUC of all exams (95 % CI)")
    drawn.set_title(f"{n_excluded:,} of {int(table['n_exams'].iloc[-1]):,} exams left out")
    return drawn


def plot_sample_size(
    table: pd.DataFrame, value: str, target: float, n_exams: int, axes: Axes | None = None
) -> Axes:
    """Half width or power against the number of exams, with the number that reaches the aim.

    Parameters
    ----------
    table : DataFrame
        `SampleSize.frame`.
    value : {"half_width", "power"}
    target : float
        Aim.
    n_exams : int
        Number of exams that reaches it.
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    drawn = axes or make_axes(5, 3.2)
    drawn.plot(table["n_exams"], table[value], color="tab:blue")
    drawn.axhline(target, color="0.6", linestyle="--", linewidth=1)
    drawn.plot([n_exams], [target], "o", color="tab:blue", label=f"{n_exams:,} exams")
    drawn.set_ylim(0, 1.02 if value == "power" else None)
    drawn.set_xlim(0, None)
    drawn.set_xlabel("Test exams")
    drawn.set_ylabel("Power" if value == "power" else "Half width of the interval")
    drawn.legend(loc="lower right" if value == "power" else "upper right")
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
    drawn = axes or make_axes(5, 2.8)
    bins = int(np.clip(len(null) // 5, 5, 40))
    drawn.hist(null, bins=bins, color="0.75", label="no association")
    drawn.axvline(observed, color="tab:blue", label="observed")
    drawn.set_xlabel("AUC")
    drawn.set_ylabel("Permutations")
    drawn.set_title(title)
    drawn.legend(fontsize="small", loc="upper left")
    return drawn


def plot_stability(table: pd.DataFrame, min_icc: float, axes: Axes | None = None) -> Axes:
    """Heat map of the share of stable columns per feature group and perturbation.

    Parameters
    ----------
    table : DataFrame
        `Stability.summary`.
    min_icc : float
        ICC from which a column counts as stable.
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    shares = table.drop(columns="n_columns")
    drawn = axes or make_axes(2.5 + 0.6 * shares.shape[1], 1.4 + 0.26 * len(shares))
    drawn.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for row, values in enumerate(shares.to_numpy()):
        for column, share in enumerate(values):
            colour = "white" if share > 0.6 else "black"
            drawn.text(
                column, row, f"{100 * share:.0f}", ha="center", va="center", color=colour, size=8
            )
    names = [f"{name} ({n})" for name, n in table["n_columns"].items()]
    drawn.set_yticks(range(len(names)), names)
    labels = [str(name).replace("_", " ") for name in shares.columns]
    drawn.set_xticks(range(len(labels)), labels, rotation=35, ha="right")
    drawn.set_title(f"Columns with ICC(2,1) of {min_icc:g} or more, in percent", fontsize="medium")
    return drawn
