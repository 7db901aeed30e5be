"""One exam for the viewer: pictures, masks, marks and words, as JSON and bytes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from mrnet_features.cnn.explain import NetworkExplanation
from mrnet_features.extraction.read import ExamLike, read_exam
from mrnet_features.extraction.slices import find_planes
from mrnet_features.names import PLANES, parse_series
from mrnet_features.report.viewer.geometry import EDGES, find_geometry, is_scanned
from mrnet_features.report.viewer.network_words import describe_parts
from mrnet_features.report.viewer.overlays import (
    Families,
    PlaneOverlays,
    find_feature_marks,
    find_overlays,
)
from mrnet_features.report.viewer.pictures import MaskStore, encode_stack
from mrnet_features.report.viewer.side_words import find_side, say_side
from mrnet_features.report.words import describe_column
from mrnet_features.stacks.mark import FeatureMark

SHOWN_UNITS = {"1": "", "fraction": "", "contrast S": "x contrast of the stack"}
"""Units that are shown otherwise than they stand in the documentation of a family."""


class ExamContent(NamedTuple):
    """What the viewer gets of one exam.

    Attributes
    ----------
    detail : dict
        In plain types, for JSON.
    buffers : list of bytes
        Pictures and masks; `detail` refers to them by position.
    """

    detail: dict[str, Any]
    buffers: list[bytes]


def describe_exam(
    exam_id: str,
    exam: ExamLike,
    contributions: pd.DataFrame,
    findings: pd.DataFrame,
    families: Families,
    *,
    networks: NetworkExplanation | None = None,
    most_bytes: int | None = None,
) -> ExamContent:
    """Pictures, overlays, contributions and findings of one exam.

    Parameters
    ----------
    exam_id : str
    exam : Exam or mapping of series to stack
    contributions : DataFrame
        Columns task, column, value, contribution, n_columns, total, as from `Cases.explain`; rows
        in the order to show.
    findings : DataFrame
        Columns plane, code, severity, advice.
    families
        Families of the columns, as for `find_marks`.
    networks : NetworkExplanation, optional
        What networks say about the exam; it is listed after the features.
    most_bytes : int, optional
        Size that the pictures together should not exceed; without it they are lossless.

    Returns
    -------
    ExamContent

    Raises
    ------
    KeyError, TypeError, ValueError, OSError
        If a stack is missing or can't be read; a note names exam and plane.
    """
    planes = find_planes(exam, None)
    pixels = read_exam(exam, 0, planes)
    stacks = pixels.stacks
    places = {series: find_geometry(exam, series) for series in stacks}
    side = find_side(exam)
    unplaced = [s for s, place in places.items() if place is None and is_scanned(exam, s)]
    overlays = find_overlays(stacks, side, unplaced=unplaced)
    columns = dict.fromkeys(contributions["column"].astype(str))
    marks = find_feature_marks(stacks, columns, planes, families, side, unplaced=unplaced)
    listed = describe_contributions(contributions, planes, marks, families)
    if networks is not None:
        marks |= networks.marks
        for task, parts in describe_parts(networks).items():
            listed.setdefault(task, []).extend(parts)
    n_pixels = sum(stack.size for stack in stacks.values())
    buffers: list[bytes] = []
    described = []
    stores = {plane: MaskStore() for plane in planes}
    shown = {column: _describe_mark(mark, stores[mark.plane]) for column, mark in marks.items()}
    for plane, grey in stacks.items():
        share = None if most_bytes is None else most_bytes * grey.size // n_pixels
        picture = encode_stack(grey, share)
        overlay = _describe_overlays(overlays[plane], plane, stores[plane])
        sizes = dict(zip(("n_slices", "height", "width"), grey.shape, strict=True))
        geometry = places[plane]
        place = {} if geometry is None else {**geometry._asdict(), "edges": EDGES[_plane(plane)]}
        described.append(
            {
                "plane": plane,
                **sizes,
                **place,
                "tiles_across": picture.tiles_across,
                "quality": picture.quality,
                "picture": len(buffers),
                "masks": len(buffers) + 1,
                **overlay,
            }
        )
        buffers += [picture.data, stores[plane].compress()]
    detail = {
        "id": exam_id,
        "fingerprint": pixels.fingerprint,
        "planes": described,
        "is_measured": None not in places.values(),
        "side": say_side(side),
        "marks": {column: mark for column, mark in shown.items() if mark["slices"]},
        "contributions": listed,
        "others": sum_others(contributions),
        "findings": findings[["plane", "code", "severity", "advice"]].to_dict("records"),
    }
    return ExamContent(detail, buffers)


def describe_contributions(
    rows: pd.DataFrame,
    planes: Sequence[str],
    marks: Mapping[str, FeatureMark],
    families: Families,
) -> dict[str, list[dict[str, Any]]]:
    """Contributions of one exam in words, by task.

    Parameters
    ----------
    rows : DataFrame
        Columns task, column, value, contribution.
    planes : sequence of str
        Series that the exam has.
    marks : mapping of column to FeatureMark
    families
        As for `find_marks`.

    Returns
    -------
    dict of str to list of dict
        Keys of a contribution: column, phrase, sentence, value (text with unit), contribution
        (log-odds), unmarked (why there is no mark, else empty).
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows.to_dict("records"):
        column, contribution = str(row["column"]), float(row["contribution"])
        if not math.isfinite(contribution):
            continue
        words = describe_column(column, families)
        value, unmarked = format_value(row["value"], words.unit), ""
        if column not in marks:
            plane = column.split("__")[0]
            is_missing = "__" in column and plane not in planes
            lacks = f"{plane} stack" if plane in PLANES else f"{plane.replace('_', ' ')} series"
            unmarked = f"The exam has no {lacks}." if is_missing else "It has no mark."
            value = "series missing" if is_missing else value
        elif not marks[column].slices:
            unmarked = "It has no value, so no mark."
        found.setdefault(str(row["task"]), []).append(
            {
                "column": column,
                "phrase": words.phrase,
                "sentence": words.sentence,
                "value": value,
                "contribution": contribution,
                "unmarked": unmarked,
            }
        )
    return found


def sum_others(rows: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Number and sum of the contributions of one exam that aren't listed, by task.

    Parameters
    ----------
    rows : DataFrame
        Columns task, contribution, n_columns, total.

    Returns
    -------
    dict of str to dict
        Keys n and sum (log-odds). No task of which all columns are listed.

    Examples
    --------
    >>> rows = pd.DataFrame({"task": "acl", "contribution": [2.0, -0.5], "n_columns": 5})
    >>> sum_others(rows.assign(total=1.75))
    {'acl': {'n': 3, 'sum': 0.25}}
    """
    found: dict[str, dict[str, Any]] = {}
    for task, listed in rows.groupby("task", sort=False):
        n = int(listed["n_columns"].iloc[0]) - len(listed)
        rest = float(listed["total"].iloc[0] - listed["contribution"].sum())
        if n and math.isfinite(rest):
            found[str(task)] = {"n": n, "sum": rest}
    return found


def format_value(value: Any, unit: str) -> str:
    """Value of a feature with its unit.

    Examples
    --------
    >>> import numpy as np
    >>> format_value(12.3456, "grey levels"), format_value(0.25, "1"), format_value(np.nan, "")
    ('12.3 grey levels', '0.25', 'no value')
    >>> format_value(0.25, "fraction"), format_value(0.42, "contrast S")
    ('0.25', '0.42 x contrast of the stack')
    """
    number = float(value)
    if math.isnan(number):
        return "no value"
    return f"{number:.3g} {SHOWN_UNITS.get(unit, unit)}".strip()


def _plane(series: str) -> str:
    return parse_series(series).plane


def _describe_overlays(found: PlaneOverlays, plane: str, store: MaskStore) -> dict[str, Any]:
    """Overlays of one plane in plain types."""
    frame, n_slices = found.frame, len(found.foreground)
    box = frame.box
    linked = {
        "top": box.row_start,
        "bottom": box.row_stop,
        "left": box.column_start,
        "right": box.column_stop,
        "anchor": frame.anchor,
        "tilts": frame.tilts(n_slices),
    }
    fluid = [] if found.fluid is None else [store.add(mask) for mask in found.fluid]
    return {
        "frame": None if _plane(plane) == "axial" else linked,
        "foreground": [store.add(mask) for mask in found.foreground],
        "fluid": fluid,
        "regions": [region._asdict() for region in found.regions],
        "bands": {str(slice_): segment for slice_, segment in found.bands.items()},
    }


def _describe_mark(mark: FeatureMark, store: MaskStore) -> dict[str, Any]:
    """Mark of a feature in plain types; masks by their number in the store."""
    slices: dict[str, list[dict[str, Any]]] = {}
    for each in mark.slices:
        number = -1 if each.outline is None else store.add(each.outline)
        entry = {"region": each.region, "mask": number, "segment": each.segment}
        slices.setdefault(str(each.slice), []).append(entry)
    return {
        "plane": mark.plane,
        "kind": mark.kind,
        "best_slice": mark.best_slice,
        "slices": slices,
    }
