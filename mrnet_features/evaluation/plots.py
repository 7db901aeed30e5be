"""Figures of what the evaluation found; matplotlib is imported where it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mrnet_features.evaluation.published import PUBLISHED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mrnet_features.evaluation.comparison.compare import Comparison
    from mrnet_features.evaluation.importance.importance import Importance
    from mrnet_features.evaluation.metrics.calibration import Calibration


def plot_aucs(comparison: Comparison, axes: Axes | None = None, published: bool = True) -> Axes:
    """AUC of each model and task with its interval, and the published mean AUCs as lines.

    Parameters
    ----------
    comparison : Comparison
    axes : matplotlib Axes, optional
    published : bool, default True
        Draw the lines. They are mean AUCs on MRNet: leave them out for another set.

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
        place = np.arange(len(tasks)) + 0.6 * (k + 0.5) / len(models) - 0.3
        error = [rows["auc"] - rows["ci_low"], rows["ci_high"] - rows["auc"]]
        drawn.errorbar(place, rows["auc"], error, fmt="o", capsize=3, label=model)
    if published:
        for line, style in zip(PUBLISHED, ("--", ":"), strict=True):
            label = f"{line.name}: mean {line.auc:.3f} ({line.scored_on})"
            drawn.axhline(line.auc, color="0.4", linestyle=style, linewidth=1, label=label)
    drawn.set_xticks(np.arange(len(tasks)), tasks)
    drawn.set_ylabel("AUC (95 % interval)")
    drawn.legend(fontsize="small")
    return drawn


def plot_importance(
    found: Importance, task: str = "mean", top: int = 15, axes: Axes | None = None
) -> Axes:
    """First view of an importance: groups as bars with their intervals.

    Parameters
    ----------
    found : Importance
    task : str, default "mean"
    top : int, default 15
        How many groups to draw.
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    rows = found.summary(task).iloc[:top][::-1]
    drawn = axes or _make_axes(6, 0.8 + 0.28 * len(rows))
    view = str(rows.columns[1])
    error = [rows[view] - rows[f"{view}_low"], rows[f"{view}_high"] - rows[view]]
    drawn.barh(np.arange(len(rows)), rows[view], xerr=error, color="tab:blue", alpha=0.7)
    drawn.set_yticks(np.arange(len(rows)), list(rows.index))
    units = {"shap": "mean |contribution| (log-odds)", "single_group": "AUC alone"}
    drawn.set_xlabel(units.get(view, f"AUC drop by {view}"))
    drawn.set_title(task)
    return drawn


def plot_calibration(calibration: Calibration, n_bins: int = 10, axes: Axes | None = None) -> Axes:
    """Reliability curve of each task with Wilson intervals.

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
    drawn.plot([0, 1], [0, 1], color="0.6", linewidth=1)
    for task, rows in calibration.frame(n_bins).groupby("task", sort=False):
        columns = ["expected", "observed", "ci_low", "ci_high"]
        expected, observed, low, high = rows[columns].to_numpy(dtype=np.float64).T
        # lists: of one point, matplotlib would take an array for a number, and NumPy warn
        error = [(observed - low).tolist(), (high - observed).tolist()]
        drawn.errorbar(expected, observed, error, marker="o", capsize=2, label=str(task))
    drawn.set_xlabel("predicted probability")
    drawn.set_ylabel("fraction positive")
    drawn.legend()
    return drawn


def _make_axes(width: float, height: float) -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            "Figures need matplotlib: pip install 'mrnet-features[report]'."
        ) from error
    # A figure of its own, not pyplot's: nothing is kept open, and no display is needed.
    return Figure(figsize=(width, height), layout="constrained").subplots()
