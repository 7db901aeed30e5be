"""Pictures of what a family marks, on synthetic knees.

Knees and slices were chosen by eye, so that the picture shows what the family is meant for. How
often a mark lies on the lesion is in benchmarks/results/marks.json.
"""

import functools
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import mrnet_features as mf
from mrnet_features.names import parse_name
from mrnet_features.synthetic import draw_knee

DPI = 230
PLAIN = 106, 13  # a knee and a sagittal slice with fluid, cartilage, meniscus and ligaments


@dataclass(frozen=True)
class Picture:
    """A mark to draw: a column, the number of a knee, and a note for the caption.

    `slice` is by default the best slice of the mark. `zoom` is the side of the part to show, in
    pixels around the mark, by default the whole slice.
    """

    column: str
    knee: int = PLAIN[0]
    slice: int | None = None
    zoom: int | None = None
    note: str = ""


PICTURES: dict[str, tuple[Picture, ...]] = {
    "fluid": (
        Picture(
            "sagittal__suprapatellar__fluid__largest_component_brightest__stack",
            note="Effusion above the kneecap.",
        ),
        Picture(
            "axial__back__fluid__largest_component_brightest__stack",
            knee=61,
            note="Baker's cyst.",
        ),
    ),
    "dark_fluid": (
        Picture(
            "coronal__suprapatellar__dark_fluid__largest_component__stack",
            slice=12,
            note="Muscle is as dark as fluid on T1: most of this mark is muscle.",
        ),
    ),
    "ligament": (
        Picture(
            "sagittal__notch__ligament__acl_contrast__stack",
            knee=155,
            zoom=120,
            note="Intact anterior cruciate ligament.",
        ),
        Picture(
            "sagittal__notch__ligament__acl_contrast__stack",
            knee=138,
            zoom=120,
            note="Complete tear: bright tissue in its place. The band found is no ligament.",
        ),
    ),
    "marrow": (
        Picture(
            "coronal__femur_high__marrow__fraction_0p6__stack",
            knee=72,
            slice=15,
            zoom=150,
            note="Bruise of the lateral condyle, dark on T1; the small patch at the notch is none.",
        ),
        Picture(
            "sagittal__tibia_high__marrow__fraction_1p6__stack",
            knee=50,
            slice=18,
            zoom=150,
            note="Oedema, bright with fat suppression; its upper part lies outside the box.",
        ),
    ),
    "meniscus": (
        Picture(
            "sagittal__back_horn_high__meniscus__residue5_top__stack",
            knee=13,
            slice=25,
            zoom=90,
            note="Horizontal tear of the back horn.",
        ),
    ),
    "cells": (
        Picture(
            "sagittal__row4_column5_high__cells__bright_depth0__stack",
            knee=1,
            zoom=90,
            note="Radial tear.",
        ),
    ),
    "hog": (
        Picture(
            "sagittal__knee__hog__row1_column0_magnitude__mean",
            slice=PLAIN[1],
            note="The outline is that of the leg; cells are in the next picture.",
        ),
    ),
    "intensity": (Picture("sagittal__knee__intensity__p90__mean", slice=PLAIN[1]),),
}


@functools.lru_cache(maxsize=4)
def draw_stacks(knee: int):
    """Stacks of a synthetic exam of the default set."""
    return draw_knee(0, "train", knee).stacks


def choose_pictures(name: str, columns: list[str]) -> tuple[Picture, ...]:
    """Pictures of a family; if none was chosen, its first column on a plain slice.

    Parameters
    ----------
    name : str
        The family.
    columns : list of str
        Its columns.
    """
    if name in PICTURES:
        return PICTURES[name]
    wanted = [c for c in columns if parse_name(c).plane == "sagittal"] or columns
    pooled = [c for c in wanted if parse_name(c).pool == "mean"] or wanted
    in_plain = parse_name(pooled[0]).plane == "sagittal"
    note = "Every pixel within the outline counts."
    return (Picture(pooled[0], slice=PLAIN[1] if in_plain else None, note=note),)


def draw_picture(picture: Picture, family: str, path: Path) -> None:
    """Draw one slice of an exam with the mark of a column.

    Parameters
    ----------
    picture : Picture
    family : str
        Family of the column.
    path : Path
        A PNG.
    """
    stacks = draw_stacks(picture.knee)
    marks = mf.find_marks(stacks, picture.column, families=family)
    mark = marks[picture.column]
    number = mark.best_slice if picture.slice is None else picture.slice
    here = [each for each in mark.slices if each.slice == number]
    if not here:
        raise ValueError(f"Slice {number} of knee {picture.knee} has no mark of {picture.column}.")
    plane = mark.plane
    figure = mf.plot_exam(stacks, planes=plane, slices={plane: [number]}, marks=marks)
    axes = figure.axes[0]
    if picture.zoom:
        ends = here[0].segment or np.argwhere(here[0].outline)
        row, column = np.mean(ends, axis=0)
        half = picture.zoom / 2
        axes.set(xlim=(column - half, column + half), ylim=(row + half, row - half))
    path.write_bytes(save_axes(figure, axes))


def save_axes(figure, axes) -> bytes:
    """PNG of the inside of one axes of a figure."""
    figure.draw_without_rendering()  # the aspect of a picture moves the edges of its axes
    edges = axes.get_window_extent().transformed(figure.dpi_scale_trans.inverted())
    written = io.BytesIO()
    figure.savefig(written, dpi=DPI, bbox_inches=edges)
    return written.getvalue()


def draw_regions(path: Path) -> None:
    """Draw the boxes of all region sets on three slices of each plane.

    Parameters
    ----------
    path : Path
        A PNG.
    """
    figure = mf.plot_exam(draw_stacks(PLAIN[0]), n_slices=3, overlays=["regions"])
    figure.texts[0].remove()  # the page has a caption
    written = io.BytesIO()
    figure.savefig(written, dpi=170, bbox_inches="tight")
    path.write_bytes(written.getvalue())
