"""Figures of ROC, precision-recall, reliability and decision curves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mrnet_features.evaluation.plots import COLOURS, MARKERS, list_errors, make_axes

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["plot_calibration", "plot_decision_curve", "plot_precision_recall", "plot_roc"]


def plot_calibration(table: pd.DataFrame, axes: Axes | None = None) -> Axes:
    """Reliability curve of each task with 95 % Wilson intervals.

    Parameters
    ----------
    table : DataFrame
        `Calibration.frame`.
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    drawn = axes or make_axes(4.5, 4.5)
    drawn.plot([0, 1], [0, 1], color="0.6", linewidth=1, zorder=0)
    for task, rows in table.groupby("task", sort=False):
        expected, observed = rows["expected"].tolist(), rows["observed"].tolist()
        error = list_errors(rows, "observed")
        drawn.errorbar(
            expected, observed, error, marker="o", capsize=2, elinewidth=0.6, label=str(task)
        )
    drawn.set_xlim(-0.02, 1.02)
    drawn.set_ylim(-0.02, 1.02)
    drawn.set_aspect("equal")
    drawn.set_xlabel("Predicted probability")
    drawn.set_ylabel("Fraction positive (95 % CI)")
    drawn.legend(fontsize="small")
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
    drawn = axes or make_axes(5.2, 5.2)
    drawn.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle=":", zorder=0)
    for k, (task, row) in enumerate(aucs.iterrows()):
        rows = curves[curves["task"] == task]
        colour = COLOURS[k % len(COLOURS)]
        label = f"{task}: AUC {_format_interval(row['auc'], row['ci_low'], row['ci_high'])}"
        # The curve starts at the origin and may rise before the first false alarm.
        rates = [0.0, *rows["false_positive_rate"]]
        _draw_band(drawn, rates, rows, "sensitivity", colour, label, start=0.0)
        for marker, (name, table) in zip(MARKERS * len(points), points.items(), strict=False):
            if task in table.index:
                _draw_point(
                    drawn, table.loc[[task]].iloc[0], colour, marker, f"{task}, {name}".strip(", ")
                )
    drawn.set_xlabel("1 − specificity (false positive rate)")
    drawn.set_ylabel("Sensitivity (95 % band)")
    _finish_square(drawn)
    drawn.legend(fontsize="small", loc="lower right")
    return drawn


def plot_precision_recall(
    curves: pd.DataFrame, table: pd.DataFrame, axes: Axes | None = None
) -> Axes:
    """Precision-recall curves with 95 % bands, and the prevalence as a dashed line.

    Parameters
    ----------
    curves, table : DataFrame
        `PrecisionRecall.frame` and `PrecisionRecall.summary`.
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    drawn = axes or make_axes(5.2, 5.2)
    for k, (task, row) in enumerate(table.iterrows()):
        rows = curves[curves["task"] == task]
        colour = COLOURS[k % len(COLOURS)]
        area = _format_interval(row["average_precision"], row["ci_low"], row["ci_high"])
        label = f"{task}: PR-AUC {area}, prevalence {row['prevalence']:.2f}"
        _draw_band(drawn, rows["recall"].tolist(), rows, "precision", colour, label)
        drawn.axhline(row["prevalence"], color=colour, linestyle="--", linewidth=1, zorder=0)
    drawn.set_xlabel("Recall (sensitivity)")
    drawn.set_ylabel("Precision (positive predictive value, 95 % band)")
    _finish_square(drawn)
    drawn.legend(fontsize="small", loc="lower left")
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
    drawn = axes or make_axes(6, 4.2)
    cuts = rows["threshold"].tolist()
    drawn.axhline(0, color="0.2", linewidth=1.2, label="treat none")
    drawn.plot(cuts, rows["treat_all"].tolist(), "--", color="0.45", label="treat all")
    _draw_band(drawn, cuts, rows, "net_benefit", COLOURS[0], "model", "net_benefit_")
    # Treating all falls without bound; what matters lies above none and below the prevalence.
    lowest = min(-0.1 * prevalence, float(rows["net_benefit"].min()) - 0.1 * prevalence)
    drawn.set_ylim(
        max(lowest, -0.5 * prevalence), 1.12 * max(prevalence, rows["net_benefit"].max())
    )
    drawn.set_xlim(0, max(cuts))
    drawn.set_xlabel("Threshold probability")
    drawn.set_ylabel("Net benefit, true positives per exam (95 % band)")
    drawn.set_title(f"{task}, prevalence {prevalence:.2f}")
    drawn.legend(fontsize="small", loc="upper right")
    return drawn


def _draw_band(
    drawn: Any,
    places: list[float],
    rows: pd.DataFrame,
    column: str,
    colour: str,
    label: str,
    prefix: str = "ci_",
    start: float | None = None,
) -> None:
    """Curve with its band; `start` is a first point that has no band."""
    low, high = rows[f"{prefix}low"].to_numpy(), rows[f"{prefix}high"].to_numpy()
    own = places if start is None else places[1:]
    drawn.fill_between(own, low, high, color=colour, alpha=0.15, linewidth=0)
    heights = ([] if start is None else [start]) + rows[column].tolist()
    drawn.plot(places, heights, color=colour, linewidth=1.8, label=label)


def _draw_point(drawn: Any, row: pd.Series[float], colour: str, marker: str, label: str) -> None:
    """Operating point with horizontal and vertical error bars."""
    x, y = 1 - row["specificity"], row["sensitivity"]
    # A high specificity is a low false positive rate.
    left, right = row["specificity_high"] + x - 1, 1 - x - row["specificity_low"]
    drawn.errorbar(
        [x],
        [y],
        xerr=[[left], [right]],
        yerr=[[y - row["sensitivity_low"]], [row["sensitivity_high"] - y]],
        fmt=marker,
        color=colour,
        markeredgecolor="black",
        markersize=7,
        ecolor="black",
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
