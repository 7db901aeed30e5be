"""Contact sheet: a few slices of each series of an exam as one figure."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mrnet_features.arrays import UInt8Array
from mrnet_features.data.exam import Exam
from mrnet_features.evaluation.plots import make_figure
from mrnet_features.extraction.read import ExamLike, hold_stacks, read_exam
from mrnet_features.extraction.slices import find_planes
from mrnet_features.messages import quote
from mrnet_features.names import PLANES, parse_series
from mrnet_features.report.viewer.geometry import EDGES, find_geometry, is_scanned
from mrnet_features.report.viewer.hanging import are_named
from mrnet_features.report.viewer.overlays import (
    OVERLAYS,
    PlaneOverlays,
    Region,
    find_overlays,
)
from mrnet_features.report.viewer.side_words import find_side, say_side
from mrnet_features.report.words import describe_columns
from mrnet_features.stacks.mark import FeatureMark, Segment
from mrnet_features.stacks.windows import shift_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_exam"]

# Told apart without colour too: by line style and width.
STYLES: Mapping[str, dict[str, Any]] = {
    "foreground": {"colors": "#56b4e9", "linewidths": 0.8, "linestyles": "solid"},
    "fluid": {"colors": "#ff8ad8", "linewidths": 0.8, "linestyles": "dotted"},
    "marks": {"colors": "#ff9d3b", "linewidths": 1.6, "linestyles": "solid"},
    "searched": {"colors": "#ff9d3b", "linewidths": 0.9, "linestyles": "dashed"},
}
REGION_STYLE: dict[str, Any] = {"color": "#f0e442", "linewidth": 0.8, "linestyle": "dashed"}
BAND_STYLE = {"color": "#3ddc97", "linewidth": 2.0}
MARK_STYLE = {"color": "#ff9d3b", "linewidth": 2.4}
SIDE = 1.7  # inches of one picture
CAPTION_LINE = 0.19  # inches
MARGIN, MARGIN_OF_TWO_LINES = 0.3, 0.45  # inches, left of the pictures


def plot_exam(
    exam: ExamLike,
    *,
    planes: str | Sequence[str] | None = None,
    n_slices: int = 5,
    slices: Mapping[str, Sequence[int]] | None = None,
    window: tuple[float, float] = (0.0, 255.0),
    overlays: Sequence[str] = (),
    marks: Mapping[str, FeatureMark] | None = None,
) -> Figure:
    """Contact sheet of one exam, for papers and slides. Needs matplotlib.

    Arrays are drawn as stored: nothing is flipped, slices are in the order of the file, pixels
    are square. Series from DICOM and NIfTI are drawn as `load_series` turns them, with letters at
    the left and right: R and L of the patient, A and P for front and back. All pictures have one
    size; the caption says how many pixels they show.

    Parameters
    ----------
    exam : Exam or mapping of series to stack
    planes : str or sequence of str, optional
        Planes or other series to draw, one row each, such as "sagittal_fluid". By default those
        that the exam has.
    n_slices : int, default 5
        Slices per series, in the middles of as many equal parts; of fewer slices all.
    slices : mapping of series to sequence of int, optional
        Slices to draw instead, from 0; titles and caption count from 1. By default, a series with a
        mark includes its best slice.
    window : (low, high), default (0, 255)
        Grey levels drawn black and white.
    overlays : sequence of {"foreground", "regions", "fluid", "band"}, default ()
        As in the viewer.
    marks : mapping of column to FeatureMark, optional
        From `find_marks`; drawn in the slices where a value comes from. Where no pixel gives it,
        the region is drawn dashed, and the caption says so.

    Returns
    -------
    matplotlib Figure
        With a caption that names the slices, the window and the size of the pictures.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    KeyError
        If the exam lacks a series.
    TypeError
        If `exam` is neither an Exam nor a mapping.
    ValueError
        If a series is unknown, a slice does not exist, or an overlay or the window is none.

    Examples
    --------
    >>> figure = plot_exam({"sagittal": np.zeros((9, 16, 16), np.uint8)}, n_slices=3)
    >>> [axes.get_title() for axes in figure.axes]
    ['2 / 9', '5 / 9', '8 / 9']
    """
    _check(n_slices, window, overlays)
    stacks = read_exam(exam, 0, find_planes(exam, planes)).stacks
    found = find_overlays(stacks) if overlays else {}
    drawn = {
        plane: _choose_slices(plane, len(grey), n_slices, slices, marks or {})
        for plane, grey in stacks.items()
    }
    n_columns = max(len(rows) for rows in drawn.values())
    edges = {
        series: EDGES[parse_series(series).plane]
        for series in stacks
        if find_geometry(exam, series) is not None
    }
    caption = _describe(exam, stacks, drawn, window, overlays, marks or {})
    margin = MARGIN_OF_TWO_LINES if are_named(stacks) else MARGIN
    figure, grid = _make_figure(len(stacks), n_columns, caption, margin)
    for line, (plane, grey) in zip(grid, stacks.items(), strict=True):
        line[0].set_ylabel(plane.replace("_", "\n", 1), size=None if plane in PLANES else 8)
        for axes, slice_ in zip(line, drawn[plane], strict=False):
            _draw_slice(axes, grey, slice_, window)
            _draw_edges(axes, edges.get(plane, ()))
            if plane in found:
                _draw_overlays(axes, found[plane], slice_, overlays)
            for mark in (marks or {}).values():
                if mark.plane == plane:
                    _draw_mark(axes, mark, slice_)
        for axes in line[len(drawn[plane]) :]:
            axes.remove()
    return figure


def _check(n_slices: int, window: tuple[float, float], overlays: Sequence[str]) -> None:
    if n_slices < 1:
        raise ValueError(f"`n_slices` must be at least 1, got {n_slices}.")
    low, high = window
    if not low < high:
        raise ValueError(f"`window` must be two rising grey levels, got {(low, high)}.")
    unknown = [name for name in overlays if name not in OVERLAYS]
    if unknown:
        raise ValueError(
            f"`overlays` must be some of {', '.join(OVERLAYS)}, got {quote(unknown[0])}."
        )


def _choose_slices(
    plane: str,
    n: int,
    n_slices: int,
    slices: Mapping[str, Sequence[int]] | None,
    marks: Mapping[str, FeatureMark],
) -> list[int]:
    """Slices of one plane to draw, in order."""
    if slices is not None and plane in slices:
        wanted = [int(slice_) for slice_ in slices[plane]]
        outside = [slice_ for slice_ in wanted if not 0 <= slice_ < n]
        if outside or not wanted:
            got = str(outside[0]) if outside else "none"
            raise ValueError(f"Slices of the {plane} stack must be 0 to {n - 1}, got {got}.")
        return wanted
    # the middles of equal parts: the first and the last slice often show skin alone
    shown = min(n_slices, n)
    even = dict.fromkeys((2 * k + 1) * n // (2 * shown) for k in range(shown))
    best = [mark.best_slice for mark in marks.values() if mark.plane == plane and mark.slices]
    for wanted_slice in dict.fromkeys(best):
        if wanted_slice in even:
            continue
        free = [slice_ for slice_ in even if slice_ not in best]
        if free:  # in place of the nearest that is no mark's
            even.pop(min(free, key=lambda slice_: abs(slice_ - wanted_slice)))
        even[wanted_slice] = None
    return sorted(even)


def _describe(
    exam: ExamLike,
    stacks: Mapping[str, UInt8Array],
    drawn: Mapping[str, Sequence[int]],
    window: tuple[float, float],
    overlays: Sequence[str],
    marks: Mapping[str, FeatureMark],
) -> str:
    """Caption."""
    name = f"Exam {exam.id}. " if isinstance(exam, Exam) else ""
    parts = []
    for plane, grey in stacks.items():
        listed = ", ".join(str(slice_ + 1) for slice_ in drawn[plane])
        _, height, width = grey.shape
        title = plane.replace("_", " ")
        parts.append(f"{title} {listed} of {len(grey)} ({height} x {width} pixels)")
    low, high = window
    text = (
        f"{name}Slices: {'; '.join(parts)}. Grey levels {low:g} (black) to {high:g} (white). "
        f"{_say_origin(exam, stacks)}"
    )
    if overlays:
        text += f" Drawn: {', '.join(overlays)}."
    if marks:
        phrases = zip(describe_columns(list(marks))["phrase"], marks.values(), strict=True)
        named = [
            f"{phrase} (none found; region outlined)" if mark.kind == "region" else phrase
            for phrase, mark in phrases
        ]
        text += f" Marks: {'; '.join(named)}."
    return text


def _say_origin(exam: ExamLike, stacks: Mapping[str, UInt8Array]) -> str:
    """What was done to pixels before."""
    scanned = [series for series in stacks if is_scanned(exam, series)]
    held = exam if isinstance(exam, Exam) else hold_stacks(exam)
    side = say_side(find_side(exam))
    if not scanned:
        text = "As stored, nothing flipped; no spacing is stored, so there is no scale in mm."
        if any(held.find_spacing(series) for series in stacks):
            text = f"Nothing flipped; pixels of {held.scale.pixel_mm:g} mm where spacing was given."
        return f"{text} {side}".strip()
    listed = ", ".join(series.replace("_", " ") for series in scanned)
    whose = "" if len(scanned) == len(stacks) else f"{listed[0].upper()}{listed[1:]}: "
    return (
        f"{whose}Turned as radiologists hang them, pixels of {held.scale.pixel_mm:g} mm. R and L "
        f"are the patient's right and left, A and P front and back. {side}"
    ).strip()


def _make_figure(n_rows: int, n_columns: int, caption: str, margin: float) -> tuple[Figure, Any]:
    width = max(SIDE * n_columns + margin, 3.6)
    lines = textwrap.wrap(caption, int(width * 15))
    below = CAPTION_LINE * (len(lines) + 1)
    height = (SIDE + 0.2) * n_rows + below
    figure = make_figure(width, height)
    grid = figure.subplots(n_rows, n_columns, squeeze=False)
    figure.subplots_adjust(
        left=margin / width,
        right=1,
        top=1 - 0.2 / height,
        bottom=below / height,
        wspace=0.03,
        hspace=0.14,
    )
    figure.text(0.1 / width, below / height - 0.08 / height, "\n".join(lines), va="top", size=8)
    return figure, grid


def _draw_slice(axes: Axes, grey: UInt8Array, slice_: int, window: tuple[float, float]) -> None:
    low, high = window
    axes.imshow(grey[slice_], cmap="gray", vmin=low, vmax=high, interpolation="bilinear")
    axes.set_title(f"{slice_ + 1} / {len(grey)}", size=8, pad=2)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_facecolor("black")
    axes.autoscale(enable=False)


def _draw_edges(axes: Axes, edges: Sequence[str]) -> None:
    """Letters of what lies to the left and right."""
    for letter, x in zip(edges, (0.03, 0.97), strict=False):
        axes.text(
            x, 0.5, letter, transform=axes.transAxes, ha="left" if x < 0.5 else "right",
            va="center", size=8, weight="bold", color="white",
            bbox={"facecolor": "black", "edgecolor": "none", "pad": 0.8},
        )  # fmt: skip


def _draw_overlays(axes: Axes, found: PlaneOverlays, slice_: int, overlays: Sequence[str]) -> None:
    masks = {"foreground": found.foreground, "fluid": found.fluid}
    for name, mask in masks.items():
        if name in overlays and mask is not None:
            _draw_outline(axes, mask[slice_], name)
    if "regions" in overlays:
        for region in found.regions:
            _draw_region(axes, region, slice_)
    if "band" in overlays and slice_ in found.bands:
        _draw_segment(axes, found.bands[slice_], BAND_STYLE)


def _draw_mark(axes: Axes, mark: FeatureMark, slice_: int) -> None:
    for each in mark.slices:
        if each.slice != slice_:
            continue
        if each.segment is not None:
            _draw_segment(axes, each.segment, MARK_STYLE)
        elif each.outline is not None:
            _draw_outline(axes, each.outline, "searched" if mark.kind == "region" else "marks")


def _draw_outline(axes: Axes, mask: Any, name: str) -> None:
    if mask.any():
        padded = np.pad(mask, 1).astype(np.uint8)
        place = np.arange(-1, mask.shape[1] + 1), np.arange(-1, mask.shape[0] + 1)
        axes.contour(*place, padded, levels=[0.5], **STYLES[name])


def _draw_segment(axes: Axes, segment: Segment, style: dict[str, Any]) -> None:
    (row, column), (end_row, end_column) = segment
    axes.plot([column, end_column], [row, end_row], **style)


def _draw_region(axes: Axes, region: Region, slice_: int) -> None:
    first, end, top, bottom, left, right = region.box
    if not first <= slice_ < end or right <= left:
        return
    one, other = (shift_rows(region.tilts, slice_, column) for column in (left, right - 1))
    columns = np.array([left, right, right, left, left]) - 0.5
    rows = np.array([top + one, top + other, bottom + other, bottom + one, top + one]) - 0.5
    axes.plot(columns, rows, **REGION_STYLE)
