"""Figures of the results. Matplotlib is imported only when a figure is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mrnet_features.evaluation.published import PUBLISHED

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes

    from mrnet_features.evaluation.comparison.added_value import AddedValue
    from mrnet_features.evaluation.comparison.compare import Comparison
    from mrnet_features.evaluation.importance.importance import Importance
    from mrnet_features.evaluation.importance.null_importance import NullImportance
    from mrnet_features.evaluation.leakage.negative_controls import NegativeControl
    from mrnet_features.evaluation.metrics.calibration import Calibration
    from mrnet_features.evaluation.metrics.scores import Scores

__all__ = [
    "plot_added_value",
    "plot_aucs",
    "plot_calibration",
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


def plot_scores(scores: Scores, axes: Axes | None = None) -> Axes:
    """AUC of each task with its 95 % interval, and the AUC of each fold as a dot.

    Parameters
    ----------
    scores : Scores
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    table, folds = scores.summary(), scores.fold_scores
    drawn = axes or _make_axes(2.2 + 1.0 * len(table), 3.5)
    positions = np.arange(len(table))
    if len(folds) > 1:
        spread = np.linspace(-0.12, 0.12, len(folds))
        for position, task in zip(positions, table.index, strict=True):
            label = "folds" if position == 0 else None
            drawn.plot(position + 0.22 + spread, folds[task], ".", color="0.6", label=label)
    error = _list_errors(table, "auc")
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


def plot_aucs(comparison: Comparison, axes: Axes | None = None, published: bool = True) -> Axes:
    """AUC of each model and task with its 95 % interval, and published mean AUCs as lines.

    Parameters
    ----------
    comparison : Comparison
    axes : matplotlib Axes, optional
    published : bool, default True
        Draw the lines if there are several tasks. They are mean AUCs on MRNet: leave them out
        for other data.

    Returns
    -------
    matplotlib Axes
    """
    drawn = axes or _make_axes(6, 3.5)
    table = comparison.frame()
    tasks = list(table.index.get_level_values("task").unique())
    models = list(table.index.get_level_values("model").unique())
    for k, model in enumerate(models):
        rows = table.loc[model].loc[tasks]
        positions = np.arange(len(tasks)) + 0.6 * (k + 0.5) / len(models) - 0.3
        error = _list_errors(rows, "auc")
        drawn.errorbar(positions, rows["auc"].tolist(), error, fmt="o", capsize=3, label=model)
    if published and comparison.headline == "mean":
        for line, style in zip(PUBLISHED, ("--", ":"), strict=True):
            label = f"{line.name}: mean {line.auc:.3f} ({line.scored_on})"
            drawn.axhline(line.auc, color="0.4", linestyle=style, linewidth=1, label=label)
    drawn.set_xticks(np.arange(len(tasks)), tasks)
    drawn.set_xlim(-0.5, len(tasks) - 0.5)
    drawn.set_ylabel("AUC (95 % CI)")
    drawn.legend(fontsize="small", loc="upper left", bbox_to_anchor=(0, -0.12))
    return drawn


def plot_differences(comparison: Comparison, axes: Axes | None = None) -> Axes:
    """Difference in AUC of each pair of models and task with its 95 % interval.

    Parameters
    ----------
    comparison : Comparison
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    table = comparison.summary()
    pairs = table["first"] + " − " + table["second"]
    if pairs.nunique() > 1:
        names, title = pairs + ": " + table["task"], ""
    else:
        names, title = table["task"], pairs.iloc[0]
    drawn = _draw_forest(table, "difference", list(names), axes)
    drawn.set_xlabel("Difference in AUC (95 % CI)")
    drawn.set_title(title)
    return drawn


def plot_added_value(found: AddedValue, axes: Axes | None = None) -> Axes:
    """Gain in AUC over the base model, for each task, with its 95 % interval.

    Parameters
    ----------
    found : AddedValue
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    table = found.summary()
    drawn = _draw_forest(table, "gain", list(table.index), axes)
    drawn.set_xlabel("Gain in AUC over the base (95 % CI)")
    return drawn


def plot_importance(
    found: Importance, task: str | None = None, top: int = 15, axes: Axes | None = None
) -> Axes:
    """First view of an importance: groups as bars with their 95 % intervals.

    Parameters
    ----------
    found : Importance
    task : str, optional
        By default the mean of the tasks.
    top : int, default 15
        How many groups to draw.
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    rows = found.summary(task).iloc[:top][::-1]
    drawn = axes or _make_axes(6, 0.9 + 0.28 * len(rows))
    view = str(rows.columns[1])
    error = _list_errors(rows, view, f"{view}_low", f"{view}_high")
    style = {"elinewidth": 1, "ecolor": "0.3", "capsize": 2}
    widths = rows[view].tolist()
    drawn.barh(np.arange(len(rows)), widths, xerr=error, color="lightsteelblue", error_kw=style)
    drawn.set_yticks(np.arange(len(rows)), list(rows.index))
    drawn.axvline(0, color="0.3", linewidth=0.8)
    drawn.set_xlabel(f"{VIEW_LABELS[view]} (95 % CI)")
    drawn.set_title(task or found.headline)
    return drawn


def plot_null_importance(
    found: NullImportance, task: str | None = None, top: int = 15, axes: Axes | None = None
) -> Axes:
    """Importance of the groups of one task against its distribution for shuffled labels.

    Parameters
    ----------
    found : NullImportance
    task : str, optional
        By default the first task.
    top : int, default 15
        How many groups to draw.
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    chosen = task or str(found.summary().index[0][0])
    rows = found.summary().loc[chosen].iloc[:top][::-1]
    drawn = axes or _make_axes(6, 1.2 + 0.28 * len(rows))
    null = found.frame()
    null = null[null["task"] == chosen]
    for k, group in enumerate(rows.index):
        values = null.loc[null["group"] == group, "value"]
        label = "labels shuffled" if k == 0 else None
        drawn.plot(values, np.full(len(values), k), "|", color="0.5", markersize=9, label=label)
    drawn.plot(rows["observed"], np.arange(len(rows)), "o", color="tab:blue", label="observed")
    drawn.set_yticks(np.arange(len(rows)), list(rows.index))
    drawn.set_xlabel(VIEW_LABELS[found.view])
    drawn.set_title(chosen)
    drawn.legend(fontsize="small", loc="lower right")
    return drawn


def plot_calibration(calibration: Calibration, n_bins: int = 10, axes: Axes | None = None) -> Axes:
    """Reliability curve of each task with 95 % Wilson intervals.

    Parameters
    ----------
    calibration : Calibration
    n_bins : int, default 10
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    drawn = axes or _make_axes(4.5, 4.5)
    drawn.plot([0, 1], [0, 1], color="0.6", linewidth=1, zorder=0)
    for task, rows in calibration.frame(n_bins).groupby("task", sort=False):
        expected, observed = rows["expected"].tolist(), rows["observed"].tolist()
        error = _list_errors(rows, "observed")
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


def plot_negative_control(found: NegativeControl, axes: Axes | None = None) -> Axes:
    """Mean AUC of each round of a negative control, with a line at the expected AUC.

    Parameters
    ----------
    found : NegativeControl
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    drawn = axes or _make_axes(5, 2.2)
    drawn.axvline(found.expected, color="0.3", linestyle="--", linewidth=1, label="expected")
    drawn.plot(
        found.aucs, np.zeros(len(found.aucs)), "|", color="0.4", markersize=16, label="rounds"
    )
    drawn.plot([found.aucs.mean()], [0], "o", color="tab:blue", label="mean of the rounds")
    drawn.set_yticks([])
    drawn.set_ylim(-1, 2.5)
    drawn.set_xlim(min(0.4, found.aucs.min() - 0.02), max(0.6, found.aucs.max() + 0.02))
    drawn.set_xlabel("AUC")
    drawn.set_title(f"{found.kind}: {'passed' if found.passed else 'failed'}")
    drawn.legend(fontsize="small", ncols=3, loc="upper left")
    return drawn


def _draw_forest(table: pd.DataFrame, column: str, names: Sequence[str], axes: Axes | None) -> Axes:
    """Estimates as points with horizontal intervals, the first row on top."""
    drawn = axes or _make_axes(6, 1.1 + 0.32 * len(table))
    positions = np.arange(len(table))[::-1]
    drawn.axvline(0, color="0.3", linestyle="--", linewidth=1)
    values, error = table[column].tolist(), _list_errors(table, column)
    drawn.errorbar(values, positions, xerr=error, fmt="o", color="tab:blue", capsize=3)
    drawn.set_yticks(positions, list(names))
    drawn.set_ylim(-0.6, len(table) - 0.4)
    return drawn


def _list_errors(
    table: pd.DataFrame, column: str, low: str = "ci_low", high: str = "ci_high"
) -> list[list[float]]:
    """Lengths of the error bars below and above each value."""
    values = table[column].astype(float)
    # Lists: older matplotlib takes an array of one point for a number, and pandas or NumPy warn.
    return [(values - table[low]).tolist(), (table[high] - values).tolist()]


def _make_axes(width: float, height: float) -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            "Figures need matplotlib: pip install 'mrnet-features[report]'."
        ) from error
    # A figure of its own, not pyplot's: nothing is kept open, and no display is needed.
    return Figure(figsize=(width, height), layout="constrained").subplots()
