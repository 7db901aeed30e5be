"""Figures of a set of exams, told apart in grey."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mrnet_features.arrays import Float64Array
from mrnet_features.evaluation.plots import choose_axes, draw_forest, list_errors, shorten, wrap
from mrnet_features.report.explore.labels import say_ratio
from mrnet_features.report.svg import WIDTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "draw_cooccurrence",
    "draw_histograms",
    "draw_prevalence",
    "draw_quantiles",
    "draw_tissues",
]

LONGEST_TASK = 24
NAME_WIDTH = 32  # characters of a line of the name of a combination
DARK, MIDDLE, LIGHT = "0.15", "0.45", "0.85"
MARKERS = {
    "dark": ("s", "black"),
    "dark to intermediate": ("v", "0.35"),
    "intermediate": ("D", "0.6"),
    "intermediate to bright": ("^", "0.8"),
    "bright": ("o", "white"),
    "": ("X", "0.6"),
}
"""Marker and its grey level by the expected signal of a tissue; empty if it is unknown."""


def draw_prevalence(table: pd.DataFrame, axes: Axes | None = None) -> Axes:
    """Fraction of positive exams of each task with its 95 % interval.

    Parameters
    ----------
    table : DataFrame
        As from `measure_prevalence`.
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    names = [f"{shorten(task)} ({count:,})" for task, count in table["n_positive"].items()]
    drawn = draw_forest(table, "prevalence", names, axes, line=None)
    drawn.set_xlim(0, 1)
    drawn.set_xlabel("Fraction of positive exams (95 % CI)")
    return drawn


def draw_cooccurrence(table: pd.DataFrame, tasks: Sequence[str], axes: Axes | None = None) -> Axes:
    """Exams with each combination of labels as bars, and the number if tasks were independent.

    Parameters
    ----------
    table : DataFrame
        As from `measure_cooccurrence`.
    tasks : sequence of str
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    drawn = choose_axes(axes, WIDTH, 1.3 + 0.33 * len(table), "part")
    at = np.arange(len(table))[::-1]
    style: dict[str, Any] = {"color": LIGHT, "edgecolor": MIDDLE, "hatch": "///"}
    drawn.barh(at, table["observed"], 0.6, label="observed", **style)
    words = "expected if independent"
    drawn.plot(table["expected"], at, "D", color=DARK, markersize=6, label=words)
    names = [shorten(name_cell(row, tasks), 4 * NAME_WIDTH) for row in table.to_dict("records")]
    names = [wrap(name, NAME_WIDTH) for name in names]
    is_long = any("\n" in name for name in names)
    drawn.set_yticks(at, names, fontsize="x-small" if is_long else None)
    most = max(float(table[["observed", "expected"]].to_numpy().max(initial=0.0)), 1.0)
    for position, row in zip(at.tolist(), table.to_dict("records"), strict=True):
        if np.isfinite(row["ratio"]):
            end = max(row["observed"], row["expected"]) + 0.06 * most
            text = say_ratio(row, f"× {row['ratio']:.2f}")
            drawn.text(end, position, text, va="center", fontsize="small")
    drawn.set_xlim(0, 1.4 * most)
    drawn.set_xlabel("Exams (× observed / expected)")
    _put_legend_above(drawn)
    return drawn


def name_cell(row: Mapping[Any, Any], tasks: Sequence[str]) -> str:
    """Positive tasks of a combination of labels.

    Examples
    --------
    >>> name_cell({"acl": 1, "meniscus": 0}, ["acl", "meniscus"]), name_cell({"acl": 0}, ["acl"])
    ('acl', 'none')
    """
    return " + ".join(task for task in tasks if row[task] == 1) or "none"


def draw_quantiles(table: pd.DataFrame, label: str, axes: Axes | None = None) -> Axes:
    """Quantiles of one measurement for positive and negative exams of each task.

    Parameters
    ----------
    table : DataFrame
        Rows of one plane, as from `measure_shortcut`.
    label : str
        Name and unit of the measurement.
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    drawn = choose_axes(axes, WIDTH, 1.3 + 0.75 * len(table))
    names: list[tuple[float, str]] = []
    for k, row in enumerate(table.to_dict("records")):
        for name, offset in (("positive", 0.18), ("negative", -0.18)):
            at = len(table) - 1 - k + offset
            ends, box, middle = (
                [row[f"{name}_{share}"] for share in shares]
                for shares in (("05", "95"), ("25", "75"), ("50",))
            )
            drawn.plot(ends, [at, at], color=MIDDLE, linewidth=1, zorder=0)
            style: dict[str, Any] = {"hatch": "////"} if name == "positive" else {}
            words = f"{name} exams" if k == 0 else None
            drawn.barh(
                at, box[1] - box[0], 0.28, left=box[0], color="white" if style else LIGHT,
                edgecolor=DARK, label=words, **style,
            )  # fmt: skip
            drawn.plot([middle[0]] * 2, [at - 0.14, at + 0.14], color="black", linewidth=2.5)
        task = shorten(row["task"], LONGEST_TASK)
        auc = (
            f"{task}\nAUC {row['auc']:.2f}\n({row['ci_low']:.2f} to {row['ci_high']:.2f})"
            if np.isfinite(row["auc"])
            else f"{task}\nno AUC"
        )
        names.append((len(table) - 1 - k, auc))
    drawn.set_yticks([at for at, _ in names], [text for _, text in names], fontsize="small")
    drawn.set_ylim(-0.5, len(table) - 0.5)
    drawn.set_xlabel(f"{shorten(label)}: median, quartiles, 5 and 95 %")
    _put_legend_above(drawn)
    return drawn


def draw_histograms(
    groups: Mapping[str, Float64Array], step: int, axes: Axes | None = None
) -> Axes:
    """Mean histogram of each group of exams, with the band that holds eight tenths of them.

    Parameters
    ----------
    groups : mapping of str to ndarray of shape (n_exams, n_bins), float64
        Fraction of the foreground of each exam in each bin. One or two groups.
    step : int
        Grey levels of a bin.
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    drawn = choose_axes(axes, WIDTH, 2.9)
    styles: tuple[dict[str, Any], ...] = (
        {"line": "-", "color": DARK, "face": "none", "hatch": "////", "edge": MIDDLE},
        {"line": "--", "color": "black", "face": LIGHT, "hatch": None, "edge": "none"},
    )
    # the hatched band lies over the plain one
    for (name, shares), style in list(zip(groups.items(), styles, strict=False))[::-1]:
        if not len(shares):
            continue
        grey = (np.arange(shares.shape[1]) + 0.5) * step
        low, high = np.percentile(100 * shares, [10, 90], axis=0)
        drawn.fill_between(
            grey, low, high, facecolor=style["face"], hatch=style["hatch"],
            edgecolor=style["edge"], linewidth=0, alpha=None,
        )  # fmt: skip
        words = f"{shorten(name)} ({len(shares):,})"
        mean = 100 * shares.mean(axis=0)
        drawn.plot(grey, mean, style["line"], color=style["color"], linewidth=1.8, label=words)
    drawn.set_xlim(0, 256)
    drawn.set_ylim(bottom=0)
    drawn.set_xlabel("Grey level")
    drawn.set_ylabel(f"% of the leg per {step} levels")
    handles, names = drawn.get_legend_handles_labels()
    drawn.legend(handles[::-1], names[::-1], fontsize="small")
    return drawn


def draw_tissues(table: pd.DataFrame, axes: Axes | None = None) -> Axes:
    """Measured signal of each tissue of one plane; the marker says what is expected.

    Parameters
    ----------
    table : DataFrame
        Rows of one plane, as from `summarise_tissues`.
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    rows = table[table["ratio"].notna()].iloc[::-1]
    drawn = choose_axes(axes, WIDTH, 1.4 + 0.3 * len(rows), "part")
    drawn.axvline(1, color=MIDDLE, linestyle="--", linewidth=1)
    for expected, (shape, face) in MARKERS.items():
        at = np.flatnonzero(rows["expected"] == expected)
        if len(at):
            chosen = rows.iloc[at]
            error = list_errors(chosen, "ratio", "ratio_25", "ratio_75")
            words = f"expected {expected}" if expected else "sequence unknown"
            drawn.errorbar(
                chosen["ratio"].tolist(), at.tolist(), xerr=error, fmt=shape, markersize=8,
                color=DARK, markerfacecolor=face, capsize=3, label=words,
            )  # fmt: skip
    drawn.set_yticks(np.arange(len(rows)), [shorten(name) for name in rows["tissue"]])
    drawn.set_ylim(-0.6, max(len(rows), 1) - 0.4)
    drawn.set_xlim(left=0)
    drawn.set_xlabel("Grey level / median of the leg")
    if len(rows):
        _put_legend_above(drawn)
    return drawn


def _put_legend_above(axes: Axes) -> None:
    """Legend above the axes; bars come before points, as they are drawn."""
    handles, words = axes.get_legend_handles_labels()
    order = sorted(range(len(words)), key=lambda k: not hasattr(handles[k], "patches"))
    axes.legend(
        [handles[k] for k in order],
        [words[k] for k in order],
        fontsize="small",
        ncols=2,
        loc="lower center",
        bbox_to_anchor=(0.4, 1.0),
    )
