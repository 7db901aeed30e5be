"""Slice on which a network looks most, to stand beside the slice of the features."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mrnet_features.arrays import UInt8Array
from mrnet_features.cnn.explain import explain_exam
from mrnet_features.data.exam import Exam
from mrnet_features.report.review.inputs import Inputs
from mrnet_features.report.review.marked_slice import draw_marked_slice
from mrnet_features.report.review.part import Thumbnail
from mrnet_features.report.review.viewer_page import is_viewable
from mrnet_features.report.viewer.hanging import title_series
from mrnet_features.stacks.foreground import find_foreground
from mrnet_features.stacks.mark import FeatureMark

__all__ = ["NetworkSlice", "show_network"]

OUTLINE = "outlined is what lowers it most when it is hidden, by {fall:.2f} in log-odds"
LITTLE = (
    "no single place moves it much; hiding the outlined one lowers it by {fall:.2f} in log-odds"
)
MOST = 0.5
"""Fraction of an outline outside the leg above which the words say so."""

FEW_ODDS = 0.1
"""Log-odds that change a probability by 0.025 at most."""

IN_AIR = "; most of it lies outside the leg, in the air"

NOTHING = "the middle one; hiding no part of the exam lowers the probability"


class NetworkSlice(NamedTuple):
    """What a network looks at in one exam.

    Attributes
    ----------
    picture : Thumbnail
    plane, column : str
        Series, and name of the mark in the viewer; no mark where hiding changes nothing.
    slice : int
        From 1.
    n_slices : int
    probability : float
        Mean over the repeats.
    fall : float
        Largest fall in log-odds if a patch is hidden.
    air : float
        Fraction of the outlined pixels that lie outside the leg; 0 where there are none.
    """

    picture: Thumbnail
    plane: str
    column: str
    slice: int
    n_slices: int
    probability: float
    fall: float
    air: float


def show_network(inputs: Inputs, exam: Exam, task: str) -> NetworkSlice | None:
    """Slice whose hiding lowers the network's probability of a task most.

    Parameters
    ----------
    inputs : Inputs
        What the network says about the exam is kept there, for the viewer.
    exam : Exam
    task : str

    Returns
    -------
    NetworkSlice or None
        None without a network that has scored the exam on the task, or without readable files.
    """
    known = inputs.network
    if known is None or not is_viewable(exam):
        return None
    name, network = known
    if task not in network.labels or exam.id not in network.labels.index:
        return None
    if exam.id not in inputs.explained:
        inputs.explained[exam.id] = explain_exam(network, exam)
    explained = inputs.explained[exam.id]
    rows = explained.contributions
    columns = rows.loc[rows["task"] == task, "column"]
    mark = max((explained.marks[column] for column in columns), key=lambda each: each.value)
    grey = exam.load(mark.plane)
    index = mark.best_slice if mark.slices else len(grey) // 2
    probability = _average(network.predictions, exam.id, task)
    said = LITTLE if mark.value < FEW_ODDS else OUTLINE
    air = _measure_air(grey, mark, index)
    what = said.format(fall=mark.value) + IN_AIR * (air > MOST) if mark.slices else NOTHING
    line = f"{title_series(mark.plane)} slice {index + 1} of {len(grey)}: {what}."
    picture = Thumbnail(
        draw_marked_slice(grey, mark, index), f"{name}: probability {probability:.2f}", [line]
    )
    column = mark.column if mark.slices else ""
    return NetworkSlice(
        picture, mark.plane, column, index + 1, len(grey), probability, float(mark.value), air
    )


def _measure_air(grey: UInt8Array, mark: FeatureMark, index: int) -> float:
    """Fraction of the pixels of a mark on a slice that lie outside the leg."""
    outlines = [s.outline for s in mark.slices if s.slice == index and s.outline is not None]
    if not outlines:
        return 0.0
    outline = np.any(outlines, axis=0)
    return 1 - float(find_foreground(grey)[index][outline].mean())


def _average(predictions: pd.DataFrame, exam: Any, task: str) -> float:
    return float(predictions.loc[predictions["exam"] == exam, task].mean())
