"""Figures of the number of exams, of stability and of checklists."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mrnet_features.evaluation.plots import (
    COLOURS,
    choose_axes,
    measure_labels,
    put_legend_below,
    shorten,
    wrap,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["plot_checklist", "plot_sample_size", "plot_stability"]


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
    drawn = choose_axes(axes, 5, 3.2)
    drawn.plot(table["n_exams"], table[value], color=COLOURS[0])
    drawn.axhline(target, color="0.6", linestyle="--", linewidth=1)
    drawn.plot(
        [n_exams], [target], "o", linestyle="none", color=COLOURS[0], label=f"{n_exams:,} exams"
    )
    drawn.set_ylim(0, 1.02 if value == "power" else None)
    drawn.set_xlim(0, None)
    drawn.set_xlabel("Test exams")
    drawn.set_ylabel("Power" if value == "power" else "Half width of the interval")
    drawn.legend(loc="lower right" if value == "power" else "upper right")
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
    names = [f"{shorten(name)} ({n})" for name, n in table["n_columns"].items()]
    width = 1.2 + measure_labels(names) + max(2.6, 0.6 * shares.shape[1])
    drawn = choose_axes(axes, width, 1.8 + 0.26 * len(shares))
    drawn.imshow(shares.astype(float), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for row, values in enumerate(shares.to_numpy(np.float64)):
        for column, share in enumerate(values):
            drawn.text(
                column,
                row,
                "–" if np.isnan(share) else f"{100 * share:.0f}",
                ha="center",
                va="center",
                color="white" if share > 0.6 else "black",
                fontsize="small",
            )
    drawn.set_yticks(range(len(names)), names)
    labels = [wrap(shorten(name, 32), 18) for name in shares.columns]
    drawn.set_xticks(range(len(labels)), labels, rotation=35, ha="right", rotation_mode="anchor")
    title = f"Columns with ICC(2,1) of {min_icc:g} or more, in percent"
    drawn.set_title(wrap(title, 30), fontsize="medium")
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
    drawn = choose_axes(axes, 6, 1.5 + 0.4 * len(table))
    positions = np.arange(len(table))[::-1]
    left = np.zeros(len(table))
    looks = {"computed": (COLOURS[0], ""), "stated": (COLOURS[5], "////"), "open": ("white", "")}
    for state, (colour, hatch) in looks.items():
        widths = table[state].to_numpy()
        drawn.barh(
            positions,
            widths,
            left=left,
            height=0.65,
            color=colour,
            edgecolor="black",
            linewidth=0.6,
            hatch=hatch,
            label=state,
        )
        left = left + widths
    drawn.set_yticks(positions, list(table.index))
    drawn.set_xlabel("Items")
    put_legend_below(drawn, 3)
    return drawn
