"""Pictures of what families that read the whole knee count, on one slice of a synthetic knee."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import ndimage

from generate.marks import PLAIN, draw_stacks
from mrnet_features.counts.binary_patterns import binary_patterns
from mrnet_features.counts.cooccurrence import cooccurrence
from mrnet_features.counts.distance_zone import distance_zones
from mrnet_features.counts.histogram import histogram
from mrnet_features.counts.neighbourhood import neighbourhoods
from mrnet_features.counts.run_length import run_lengths
from mrnet_features.counts.size_zone import size_zones
from mrnet_features.evaluation.plots import make_figure
from mrnet_features.stacks.prepare import prepare_sets
from mrnet_features.stacks.stack import Stack

SLICE = PLAIN[1]
BAR = {"color": "#0072B2", "width": 0.9}


def draw_counted(name: str, path: Path) -> str:
    """Draw what a family counts.

    Parameters
    ----------
    name : str
        A family.
    path : Path
        A PNG.

    Returns
    -------
    str
        Caption; empty if there is no picture.
    """
    if name not in DRAWINGS:
        return ""
    draw, caption = DRAWINGS[name]
    figure = make_figure(3.2, 3.0)
    axes = figure.subplots()
    draw(axes, prepare_sets(draw_stacks(PLAIN[0])["sagittal"], "sagittal", ["knee"])["knee"])
    written = io.BytesIO()
    figure.savefig(written, dpi=150, bbox_inches="tight")
    path.write_bytes(written.getvalue())
    return f"What is counted on a slice: {caption}"


def _draw_image(axes, image, inside, **options) -> None:
    axes.imshow(np.ma.masked_where(~inside, image), interpolation="nearest", **options)
    axes.set(xticks=[], yticks=[], facecolor="black")


def _draw_levels(axes, stack: Stack) -> None:
    _draw_image(axes, stack.levels[SLICE], stack.regions[SLICE] > 0, cmap="gray")


def _draw_matrix(axes, counts, across: str, up: str = "level") -> None:
    shown = np.ma.masked_equal(counts, 0)
    extent = (0.5, counts.shape[1] + 0.5, 0.5, counts.shape[0] + 0.5)
    axes.imshow(np.ma.log10(shown), origin="lower", extent=extent, aspect="auto", cmap="viridis")
    axes.set(xlabel=across, ylabel=up)


def _draw_pairs(axes, stack: Stack) -> None:
    _draw_matrix(axes, cooccurrence(stack)[SLICE, 0].sum(axis=0), "level of the other pixel")


def _draw_runs(axes, stack: Stack) -> None:
    counts = run_lengths(stack)[SLICE, 0].sum(axis=0)
    _draw_matrix(axes, counts[:, : np.flatnonzero(counts.sum(axis=0))[-1] + 1], "length of the run")


def _draw_zones(axes, stack: Stack) -> None:
    found = size_zones(stack)
    level, size, number = (part[SLICE, 0] for part in found[:3])
    axes.scatter(size, level, s=4 + 12 * np.log10(np.maximum(number, 1)), color=BAR["color"])
    axes.set(xscale="log", xlabel="size of the zone in pixels", ylabel="level")


def _draw_distances(axes, stack: Stack) -> None:
    _draw_matrix(axes, distance_zones(stack).distances[SLICE, 0], "distance to the edge")


def _draw_differences(axes, stack: Stack) -> None:
    found = neighbourhoods(stack)
    differences = found.difference[SLICE, 0] / np.arange(1, 9)
    number = np.maximum(found.number[SLICE, 0], 1)
    axes.bar(np.arange(1, stack.n_levels + 1), differences.sum(axis=1) / number, **BAR)
    axes.set(xlabel="level", ylabel="mean difference from neighbours")


def _draw_dependence(axes, stack: Stack) -> None:
    counts = neighbourhoods(stack).dependence[SLICE, 0]
    _draw_matrix(axes, counts, "like neighbours + 1")


def _draw_level_bars(axes, stack: Stack) -> None:
    counts = histogram(stack, of="levels")[SLICE, 0]
    axes.bar(np.arange(1, len(counts) + 1), counts, **BAR)
    axes.set(xlabel="level", ylabel="pixels")


def _draw_grey_bars(axes, stack: Stack) -> None:
    counts = histogram(stack)[SLICE, 0]
    axes.fill_between(np.arange(256), counts, step="mid", color=BAR["color"])
    grey = stack.grey[SLICE][stack.regions[SLICE] > 0]
    for percent, dashes in ((10, ":"), (50, "-"), (90, "--")):
        axes.axvline(np.percentile(grey, percent), color="black", ls=dashes, label=f"P{percent}")
    axes.set(xlabel="grey level", ylabel="pixels")
    axes.legend()


def _draw_volume(axes, stack: Stack) -> None:
    counts = histogram(stack)[SLICE, 0]
    axes.plot(np.arange(256), counts[::-1].cumsum()[::-1] / counts.sum(), color=BAR["color"])
    axes.set(xlabel="grey level", ylabel="fraction at or above it")


def _draw_patterns(axes, stack: Stack) -> None:
    counts = binary_patterns(stack, radius=1)[SLICE, 0]
    axes.bar(range(len(counts)), counts / counts.sum(), **BAR)
    axes.set_xticks(range(len(counts)), [*range(len(counts) - 1), "mix"])
    axes.set(xlabel="bright points around a pixel", ylabel="fraction of pixels")


def _draw_gradients(axes, stack: Stack) -> None:
    inside = stack.regions[SLICE] > 0
    rows, columns = np.gradient(stack.grey[SLICE].astype(float))
    _draw_image(axes, np.hypot(rows, columns), inside, cmap="gray", vmax=40)
    places = np.argwhere(inside)
    top, left = np.percentile(places, 1, axis=0)
    bottom, right = np.percentile(places, 99, axis=0)
    for part in np.linspace(0, 1, 4):
        row, column = top + part * (bottom - top), left + part * (right - left)
        axes.plot([left, right], [row, row], color="#ff9d3b")
        axes.plot([column, column], [top, bottom], color="#ff9d3b")


def _draw_spots(axes, stack: Stack) -> None:
    found = ndimage.gaussian_laplace(stack.grey[SLICE].astype(float), 2)
    _draw_image(axes, found, stack.regions[SLICE] > 0, cmap="gray", vmin=-10, vmax=10)


def _draw_steps(axes, stack: Stack) -> None:
    means = ndimage.uniform_filter(stack.grey[SLICE].astype(float), (4, 2))
    steps = np.abs(means - np.roll(means, 2, axis=1))
    _draw_image(axes, steps, stack.regions[SLICE] > 0, cmap="gray", vmax=40)


def _draw_waves(axes, stack: Stack) -> None:
    row, column = np.mgrid[-12:13, -12:13]
    wave = np.exp(-(row**2 + column**2) / 40 + 2j * np.pi * column / 8)
    wave -= wave.mean()
    grey = stack.grey[SLICE].astype(float)
    found = np.hypot(ndimage.convolve(grey, wave.real), ndimage.convolve(grey, wave.imag))
    _draw_image(axes, found, stack.regions[SLICE] > 0, cmap="gray", vmax=np.percentile(found, 99))


def _draw_mask(axes, stack: Stack) -> None:
    mask = stack.levels[SLICE] > stack.n_levels // 2
    _draw_image(axes, mask, stack.regions[SLICE] > 0, cmap="gray")


def _draw_profile(axes, stack: Stack) -> None:
    inside = np.where(stack.regions > 0, stack.grey, np.nan)
    axes.plot(np.arange(1, len(inside) + 1), np.nanmean(inside, axis=(1, 2)), "o-", ms=3)
    axes.set(xlabel="slice", ylabel="mean grey level")


_Drawing = tuple[Callable[..., None], str]
_COLOURS = "Brighter cells hold more, on a logarithmic scale."
DRAWINGS: dict[str, _Drawing] = {
    "intensity": (_draw_grey_bars, "grey levels, with three percentiles."),
    "histogram": (_draw_level_bars, "pixels of each of 32 levels."),
    "volume": (_draw_volume, "the fraction of pixels at or above each grey level."),
    "profiles": (_draw_profile, "here for all slices: the mean grey level of each."),
    "glcm": (_draw_pairs, f"pairs of neighbouring levels. {_COLOURS}"),
    "glrlm": (_draw_runs, f"runs of one level. {_COLOURS}"),
    "glszm": (_draw_zones, "zones of one level. Larger dots stand for more zones."),
    "gldzm": (_draw_distances, f"zones of one level, by distance to the edge. {_COLOURS}"),
    "ngtdm": (_draw_differences, "how far pixels are from their neighbours, by level."),
    "ngldm": (_draw_dependence, f"pixels by number of like neighbours. {_COLOURS}"),
    "lbp": (_draw_patterns, "patterns of radius 1; in a mix, bright points are not adjacent."),
    "hog": (_draw_gradients, "gradients (white: strong) in 3 x 3 cells."),
    "laplacian": (_draw_spots, "responses of 2 pixels: white on dark spots and lines."),
    "haar": (_draw_steps, "horizontal steps over squares of 4 pixels."),
    "gabor": (_draw_waves, "horizontal waves of 8 pixels."),
    "shape": (_draw_mask, "the mask of the levels above 50 %."),
}
"""Function and caption for each family that reads the whole knee."""
