"""What all figures share: axes, line styles, labels, forest plots.

Series are told apart without colour: by dashes and marker, or by hatching. Matplotlib is imported
only when a figure is drawn.
"""

from __future__ import annotations

import functools
import io
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mrnet_features.messages import quote
from mrnet_features.names import parse_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

__all__ = [
    "COLOURS",
    "choose_axes",
    "choose_style",
    "draw_forest",
    "label_column",
    "list_errors",
    "make_axes",
    "make_figure",
    "measure_labels",
    "put_legend_below",
    "shorten",
    "wrap",
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

LONGEST_LABEL = 56
"""Most characters of a label on an axis."""

INCHES_PER_LETTER = 0.082  # of the default font


def choose_style(number: int) -> dict[str, Any]:
    """Colour, dashes and marker of a series.

    Parameters
    ----------
    number : int
        Number of the series, from 0.

    Returns
    -------
    dict
        Keys color, linestyle and marker. No two of the first 64 share dashes and marker.

    Examples
    --------
    >>> choose_style(1)
    {'color': '#D55E00', 'linestyle': '--', 'marker': 's'}
    """
    k, turn = number % len(COLOURS), number // len(COLOURS)
    marker = MARKERS[(k + turn) % len(MARKERS)]
    return {"color": COLOURS[k], "linestyle": DASHES[k], "marker": marker}


def shorten(text: Any, longest: int = LONGEST_LABEL) -> str:
    """Text with spaces for underscores, and with its middle cut out if it is long.

    Dollar signs are escaped: matplotlib would read what lies between two of them as a formula.

    Parameters
    ----------
    text : object
    longest : int, default 56
        Most characters as drawn.

    Returns
    -------
    str

    Examples
    --------
    >>> shorten("back_horn"), shorten("suprapatellar", 9)
    ('back horn', 'supr…llar')
    """
    whole = str(text).replace("_", " ").strip()
    if len(whole) > longest:
        tail = longest // 2
        whole = f"{whole[: longest - tail - 1]}…{whole[-tail:]}"
    return whole.replace("$", r"\$")


def wrap(text: str, width: int = 42) -> str:
    r"""Text on several lines of at most `width` characters, as far as its words allow.

    Parameters
    ----------
    text : str
    width : int, default 42

    Returns
    -------
    str

    Examples
    --------
    >>> wrap("one two three", 8)
    'one two\nthree'
    """
    return "\n".join(textwrap.wrap(text, width, break_long_words=False)) or text


def label_column(column: str) -> str:
    """Label of a column on an axis: the parts of its name with spaces.

    Parameters
    ----------
    column : str

    Returns
    -------
    str
        Plane, region, family, statistic and pool; any other name as `shorten` returns it.

    Examples
    --------
    >>> label_column("sagittal__notch__fluid__peak_brightest__stack")
    'sagittal notch · fluid peak brightest, stack'
    """
    try:
        name = parse_name(column)
    except ValueError:
        return shorten(column)
    words = f"{name.series} {name.region} · {name.family} {name.statistic}, {name.pool}"
    return shorten(words)


def measure_labels(labels: Sequence[str]) -> float:
    """Width of the longest label.

    Parameters
    ----------
    labels : sequence of str

    Returns
    -------
    float
        Inches, roughly.
    """
    return INCHES_PER_LETTER * max(map(len, labels), default=0)


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
        handlelength=3.2,  # long enough to see the dashes
        frameon=False,
    )


def draw_forest(
    table: pd.DataFrame,
    column: str,
    names: Sequence[str],
    axes: Axes | None,
    *,
    line: float | None = 0.0,
    missing: str = "not measured",
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
    line : float or None, default 0
        Place of a dashed line.
    missing : str, default "not measured"
        Text in place of a value that is NaN.

    Returns
    -------
    matplotlib Axes
    """
    drawn = choose_axes(axes, 4.2 + measure_labels(names), 1.1 + 0.32 * len(table))
    positions = np.arange(len(table))[::-1]
    if line is not None:
        drawn.axvline(line, color="0.3", linestyle="--", linewidth=1)
    values, error = table[column].astype(float).tolist(), list_errors(table, column)
    drawn.errorbar(values, positions, xerr=error, fmt="o", color=COLOURS[0], capsize=3)
    place = drawn.get_yaxis_transform()  # x in parts of the axes, y in rows
    for position, value in zip(positions, values, strict=True):
        if np.isnan(value):
            drawn.text(0.02, position, missing, transform=place, va="center")
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


def choose_axes(axes: Any, width: float, height: float, keyword: str = "task") -> Axes:
    """The axes of the caller, or those of a new figure.

    Parameters
    ----------
    axes : matplotlib Axes or None
    width, height : float
        Of a new figure, in inches.
    keyword : str, default "task"
        Argument that text in place of the axes was probably meant for.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    TypeError
        If `axes` is anything else.
    ImportError
        If matplotlib is not installed.
    """
    if axes is None:
        made: Axes = make_axes(width, height)
        return made
    from matplotlib.axes import Axes as Kind

    if not isinstance(axes, Kind):
        advice = "Pass axes of `plt.subplots()`."
        if isinstance(axes, str):
            advice = f"Name the argument: plot({keyword}={quote(axes)})."
        raise TypeError(f"`axes` must be matplotlib Axes, got {quote(axes)}. {advice}")
    return axes


def make_axes(width: float, height: float) -> Any:
    """Axes of a new figure.

    Parameters
    ----------
    width, height : float
        Inches.

    Returns
    -------
    matplotlib Axes
        As the last value of a notebook's cell they are shown as their figure.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    figure = make_figure(width, height, layout="constrained")
    axes = figure.subplots()
    axes._repr_png_ = figure._repr_png_
    return axes


def make_figure(width: float, height: float, **options: Any) -> Any:
    """New figure, which a notebook shows as a picture.

    Parameters
    ----------
    width, height : float
        Inches.
    **options
        As for the class Figure.

    Returns
    -------
    matplotlib Figure

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
    # A figure of its own, not pyplot's: nothing is kept open, and no display is needed. So a
    # notebook has to be told how to show it.
    figure: Any = Figure(figsize=(width, height), **options)
    figure._repr_png_ = functools.partial(_draw_png, figure)
    return figure


def _draw_png(figure: Any) -> bytes:
    picture = io.BytesIO()
    figure.savefig(picture, format="png", bbox_inches="tight")  # legends may lie outside
    return picture.getvalue()
