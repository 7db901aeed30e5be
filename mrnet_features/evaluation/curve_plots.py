"""Figures of ROC, precision-recall, reliability and decision curves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mrnet_features.evaluation.plots import (
    COLOURS,
    choose_axes,
    choose_style,
    list_errors,
    put_legend_below,
    shorten,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["plot_calibration", "plot_decision_curve", "plot_precision_recall", "plot_roc"]

LONGEST_TASK = 24
"""Most characters of a task in a legend, beside its numbers."""

FILLS = ("full", "left", "none", "top")
"""How the markers of operating points are filled: the marker is that of the task."""


def plot_calibration(table: pd.DataFrame, axes: Axes | None = None) -> Axes:
    """Reliability curve of each task with 95 % Wilson intervals; markers grow with the exams.

    Parameters
    ----------
    table : DataFrame
        `Calibration.frame`.
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    tasks = list(dict.fromkeys(table["task"]))
    drawn = choose_axes(axes, 5.2, 5.5 + 0.22 * len(tasks))
    drawn.plot([0, 1], [0, 1], color="0.6", linewidth=1, zorder=0)
    largest = max(table["n_exams"], default=1)
    handles: list[Any] = []
    for k, task in enumerate(tasks):
        rows = table[table["task"] == task]
        style = choose_style(k)
        expected, observed = rows["expected"].tolist(), rows["observed"].tolist()
        drawn.errorbar(
            expected,
            observed,
            list_errors(rows, "observed"),
            fmt="none",
            ecolor=style["color"],
            elinewidth=0.8,
            capsize=2,
            alpha=0.9 if len(tasks) < 4 else 0.35,
        )
        sizes = list(dict.fromkeys(sorted(rows["n_exams"])))
        exams = f"{sizes[0]}" if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
        bins = "1 bin" if len(rows) == 1 else f"{len(rows)} bins"
        label = f"{shorten(task, LONGEST_TASK)}: {bins} of {exams} exams"
        handles += drawn.plot(expected, observed, **style, linewidth=1.4, markersize=5, label=label)
        # Over the line's own markers, so that the area of a marker is the number of exams.
        area = (64 * rows["n_exams"] / largest).tolist()
        drawn.scatter(expected, observed, area, style["color"], marker=style["marker"], zorder=3)
    drawn.set_xlabel("Predicted probability")
    drawn.set_ylabel("Fraction positive (95 % CI)")
    _finish_square(drawn)
    put_legend_below(drawn, 1, handles)
    return drawn


def plot_roc(
    curves: pd.DataFrame,
    aucs: pd.DataFrame,
    points: Mapping[str, pd.DataFrame],
    axes: Axes | None = None,
) -> Axes:
    """ROC curves with 95 % bands, and operating points with 95 % intervals.

    Parameters
    ----------
    curves, aucs : DataFrame
        `RocCurves.frame` and `RocCurves.summary`.
    points : mapping of name to DataFrame
        Tables with sensitivity and specificity of each task.
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    tasks = list(aucs.index)
    n_points = sum(task in table.index for table in points.values() for task in tasks)
    drawn = choose_axes(axes, 5.2, 5.5 + 0.22 * (len(tasks) + n_points))
    drawn.plot([0, 1], [0, 1], color="0.7", linewidth=0.8, zorder=0)
    for k, (task, row) in enumerate(aucs.iterrows()):
        rows = curves[curves["task"] == task]
        name = shorten(task, LONGEST_TASK)
        label = f"{name}: AUC {_format_interval(row['auc'], row['ci_low'], row['ci_high'])}"
        # The curve starts at the origin and may rise before the first false alarm.
        rates = [0.0, *rows["false_positive_rate"]]
        style = {**choose_style(k), **_place_markers(k, len(tasks))}
        _draw_band(drawn, rates, rows, "sensitivity", style, label, start=0.0)
        for number, (point, table) in enumerate(points.items()):
            if task in table.index:
                text = f"{name}, {shorten(point, LONGEST_TASK)}".strip(", ")
                look = {"marker": style["marker"], "color": style["color"]}
                look["fillstyle"] = FILLS[number % len(FILLS)]
                _draw_point(drawn, table.loc[[task]].iloc[0], look, text)
    drawn.set_xlabel("1 − specificity (false positive rate)")
    drawn.set_ylabel("Sensitivity (95 % band)")
    _finish_square(drawn)
    put_legend_below(drawn, 1)
    return drawn


def plot_precision_recall(
    curves: pd.DataFrame, table: pd.DataFrame, axes: Axes | None = None
) -> Axes:
    """Precision-recall curves with 95 % bands, and a thin line at the prevalence.

    Parameters
    ----------
    curves, table : DataFrame
        `PrecisionRecall.frame` and `PrecisionRecall.summary`.
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    drawn = choose_axes(axes, 5.4, 5.7 + 0.22 * len(table))
    for k, (task, row) in enumerate(table.iterrows()):
        rows = curves[curves["task"] == task]
        area = _format_interval(row["average_precision"], row["ci_low"], row["ci_high"])
        name = shorten(task, LONGEST_TASK)
        label = f"{name}: PR-AUC {area}, prevalence {row['prevalence']:.2f}"
        style = {**choose_style(k), **_place_markers(k, len(table))}
        _draw_band(drawn, rows["recall"].tolist(), rows, "precision", style, label)
        # The marker at its right end says whose prevalence it is.
        style.update(linewidth=0.8, markevery=[1], markersize=5, zorder=0, gid="prevalence")
        drawn.plot([0, 1], [row["prevalence"]] * 2, **style, clip_on=False)
    drawn.set_xlabel("Recall (sensitivity); thin line: prevalence")
    drawn.set_ylabel("Precision (positive predictive value, 95 % band)")
    _finish_square(drawn)
    put_legend_below(drawn, 1)
    return drawn


def plot_decision_curve(
    rows: pd.DataFrame, task: str, prevalence: float, axes: Axes | None = None
) -> Axes:
    """Net benefit of a model with its 95 % band, of treating all and of treating none.

    Parameters
    ----------
    rows : DataFrame
        Rows of `DecisionCurves.frame` of one task.
    task : str
        Title.
    prevalence : float
        Prevalence, the net benefit of a perfect model.
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    drawn = choose_axes(axes, 6, 4.5)
    cuts = rows["threshold"].tolist()
    drawn.axhline(0, color="0.2", linewidth=1.2, linestyle=":", label="treat none")
    drawn.plot(cuts, rows["treat_all"].tolist(), "--", color="0.45", label="treat all")
    style = {"color": COLOURS[0], "linestyle": "-", "edges": True}
    _draw_band(drawn, cuts, rows, "net_benefit", style, "model", "net_benefit_")
    # Treating all falls without bound; what matters lies above none and below the prevalence.
    lowest = min(-0.1 * prevalence, float(rows["net_benefit"].min()) - 0.1 * prevalence)
    drawn.set_ylim(
        max(lowest, -0.5 * prevalence), 1.12 * max(prevalence, rows["net_benefit"].max())
    )
    drawn.set_xlim(0, max(cuts))
    drawn.set_xlabel("Threshold probability")
    drawn.set_ylabel("Net benefit,\ntrue positives per exam (95 % band)")
    drawn.set_title(f"{shorten(task)}, prevalence {prevalence:.2f}")
    put_legend_below(drawn, 3)
    return drawn


def _place_markers(number: int, n_series: int) -> dict[str, Any]:
    """Few markers on each curve, at other places than those of the other curves."""
    step = 0.16
    return {
        "markevery": (step * (number + 0.5) / n_series, step),
        "markersize": 5,
        "edges": n_series < 4,
    }


def _draw_band(
    drawn: Any,
    places: list[float],
    rows: pd.DataFrame,
    column: str,
    style: dict[str, Any],
    label: str,
    prefix: str = "ci_",
    start: float | None = None,
) -> None:
    """Curve with its band; `start` is a first point that has no band."""
    low, high = rows[f"{prefix}low"].to_numpy(), rows[f"{prefix}high"].to_numpy()
    own = places if start is None else places[1:]
    edges = style.pop("edges")
    drawn.fill_between(
        own, low, high, color=style["color"], alpha=0.15 if edges else 0.06, linewidth=0
    )
    if edges:
        for values in (low, high):
            thin = {"color": style["color"], "linestyle": style["linestyle"]}
            drawn.plot(own, values, **thin, linewidth=0.6, alpha=0.6)
    heights = ([] if start is None else [start]) + rows[column].tolist()
    drawn.plot(places, heights, **style, linewidth=1.8, label=label)


def _draw_point(drawn: Any, row: pd.Series[float], look: dict[str, Any], label: str) -> None:
    """Operating point with horizontal and vertical error bars."""
    x, y = 1 - row["specificity"], row["sensitivity"]
    # A high specificity is a low false positive rate.
    left, right = row["specificity_high"] + x - 1, 1 - x - row["specificity_low"]
    drawn.errorbar(
        [x],
        [y],
        xerr=[[left], [right]],
        yerr=[[y - row["sensitivity_low"]], [row["sensitivity_high"] - y]],
        linestyle="none",
        **look,
        markerfacecoloralt="white",
        markeredgecolor="black",
        markersize=9,
        ecolor="0.25",
        elinewidth=1,
        capsize=3,
        zorder=5,
        label=f"{label}: sens. {y:.2f}, spec. {row['specificity']:.2f}",
    )


def _finish_square(drawn: Any) -> None:
    drawn.set_xlim(-0.01, 1.01)
    drawn.set_ylim(-0.01, 1.01)
    drawn.set_aspect("equal")
    drawn.set_xticks(np.linspace(0, 1, 6))
    drawn.set_yticks(np.linspace(0, 1, 6))
    drawn.grid(color="0.9", linewidth=0.6)
    drawn.set_axisbelow(True)


def _format_interval(value: float, low: float, high: float) -> str:
    return f"{value:.2f}" + ("" if np.isnan(low) else f" ({low:.2f} to {high:.2f})")
