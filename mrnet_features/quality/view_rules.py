"""Findings about what a stack shows: the joint out of view, the stack turned, another plane."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mrnet_features.arrays import Float32Array
from mrnet_features.names import PLANES, parse_series
from mrnet_features.quality.cohort_rules import CHECK_SDS, MIN_EXAMS, MIN_SPREAD, REJECT_SDS
from mrnet_features.quality.findings import Finding
from mrnet_features.quality.joint_filter import find_joints
from mrnet_features.quality.measurements import Measures
from mrnet_features.quality.similarity import (
    correlate_thumbnails,
    robust_distance,
    upper_distance,
)

RIM = 1 / 7  # of the picture; a joint nearer to an edge has lost a part of its surroundings

# rotations and other planes, tried where a stack is dissimilar to the others
DISSIMILARITY_RATIO = 2.0  # times the median; below it, nothing is tried
SHARED_FAULT = 0.03  # fraction of the set that may have the same fault and still be found
MIN_RANK = 5  # similarity is the one to the fifth most similar exam, or a lower rank
N_REFERENCES = 60  # exams that rotated thumbnails are compared with
MIN_GAIN = 0.1  # in correlation, by which a rotated thumbnail must be more similar
MIN_FIT = 0.75  # correlation that a rotated thumbnail must reach

# a leg cut off at one side of the picture, looked for where there are too few exams to compare
MIN_EMPTY = 0.35  # fraction of the picture without leg on the opposite side
MIN_CUT = 0.5  # fraction of that side covered by leg, relative to the leg's extent


def apply_view_rules(stacks_by_plane: dict[str, list[Measures]]) -> Iterator[Finding]:
    """Yield a finding for each stack that is displaced, turned, or shows another part of the body.

    A filter learned from all stacks of the plane finds the joint in each (`find_joints`). A joint
    within a seventh of the picture from its edge, or outside, is out of view. So is a joint for
    which there is far less evidence than in the other stacks.

    Parameters
    ----------
    stacks_by_plane : dict of str to list of Measures
        All stacks. In planes with fewer than 20, only legs cut off at one side are found.

    Yields
    ------
    Finding
    """
    thumbnails = {
        plane: np.stack([measures.thumbnail for measures in stacks]).astype(np.float32)
        for plane, stacks in stacks_by_plane.items()
    }
    references = {
        plane: thumbnails[plane][_choose_references(len(stacks))]
        for plane, stacks in stacks_by_plane.items()
        if len(stacks) >= MIN_EXAMS
    }
    for plane, stacks in stacks_by_plane.items():
        if plane not in references:
            yield from _find_cuts(stacks)
            continue
        dissimilarity = _measure_dissimilarity(thumbnails[plane])
        distances = robust_distance(np.log(dissimilarity), MIN_SPREAD)
        outlying = distances >= CHECK_SDS
        outlying &= dissimilarity >= DISSIMILARITY_RATIO * np.median(dissimilarity)
        pictures = np.stack([measures.picture for measures in stacks])
        legs = np.stack([_average_leg(measures) for measures in stacks])
        view = parse_series(plane).plane
        joints = find_joints(pictures, legs, mirrored=view != "sagittal", centred=view == "axial")
        usual = abs(float(np.median(joints.evidence)))
        missing = upper_distance(-joints.evidence, MIN_SPREAD * usual)
        for k, measures in enumerate(stacks):
            if outlying[k]:
                turn = _describe_turn(thumbnails[plane][[k]], plane, references)
                if turn:
                    distance = float(distances[k])
                    yield Finding(measures.exam, plane, "orientation", "check", distance, turn)
                    continue
            at_edge = _describe_edge(float(joints.row[k]), float(joints.column[k]))
            if not at_edge and missing[k] < CHECK_SDS:
                continue
            severity = "reject" if at_edge or missing[k] >= REJECT_SDS else "check"
            advice = (
                f"{at_edge or 'No joint was found as in the other exams.'} {describe_cut(measures)}"
            ).strip()
            advice += " Look at it, and leave it out if the joint is not in the picture."
            yield Finding(measures.exam, plane, "out-of-view", severity, float(missing[k]), advice)


def _average_leg(measures: Measures) -> Float32Array:
    """Fraction of leg in each cell over the middle half of the slices, as in the pictures."""
    ends = len(measures.leg) // 4
    return np.asarray(measures.leg[ends:-ends].mean(axis=0) / 255, dtype=np.float32)


def _describe_edge(row: float, column: float) -> str:
    """Sentence that says at which edge of the picture the joint lies; empty if at none."""
    position, names = max(
        (row, ("top", "bottom")), (column, ("left", "right")), key=lambda part: abs(part[0])
    )
    room = 0.5 - abs(position)
    if room > RIM:
        return ""
    edge = names[int(position > 0)]
    if room < 0:
        return f"The joint lies about {-room:.0%} of the picture beyond its {edge} edge."
    return f"The joint lies at the {edge} edge of the picture, about {room:.0%} of it away."


def _find_cuts(stacks: list[Measures]) -> Iterator[Finding]:
    """Yield a finding for each leg that is cut off at one side."""
    for measures in stacks:
        cut = describe_cut(measures)
        if cut:
            advice = f"{cut} Look at it, and leave it out if the joint is not in the picture."
            yield Finding(
                measures.exam, measures.plane, "out-of-view", "reject", float("nan"), advice
            )


def _measure_dissimilarity(thumbnails: Float32Array) -> Float32Array:
    """1 minus the correlation with the fifth most similar stack, or a lower rank in large sets."""
    similarity = correlate_thumbnails(thumbnails, thumbnails)
    np.fill_diagonal(similarity, -1)
    rank = max(MIN_RANK, round(SHARED_FAULT * len(thumbnails)))
    ranked = np.partition(similarity, -rank, axis=1)[:, -rank]
    return np.maximum(1 - ranked, np.float32(1e-6))


def describe_cut(measures: Measures) -> str:
    """Sentence that says at which side the leg is cut off; empty if none.

    Parameters
    ----------
    measures : Measures

    Returns
    -------
    str
        Empty unless the picture cuts the leg off at one side and is empty on the opposite side.
    """
    # leg in more than half of the stack's depth, so that no single slice decides
    leg = measures.leg.astype(np.float32).mean(axis=0) > 127
    if not leg.any():
        return ""
    for axis, sides in ((0, ("top", "bottom")), (1, ("left", "right"))):
        filled = leg.any(axis=1 - axis)
        for side, picture, profile in zip(
            sides,
            (leg, np.flip(leg, axis)),
            (filled, filled[::-1]),
            strict=True,
        ):
            empty = int(np.argmax(profile[::-1])) / len(profile)
            edge = picture.take(1, axis=axis)  # the outermost cells may be too far from the coil
            if edge.mean() >= MIN_CUT * leg.any(axis=axis).mean() and empty >= MIN_EMPTY:
                return (
                    f"The {side} of the picture cuts the leg off, while {empty:.0%} of it is empty "
                    "on the opposite side."
                )
    return ""


def _choose_references(n_exams: int) -> list[int]:
    """Indices of up to 60 exams, evenly spaced over the set."""
    return sorted({round(k) for k in np.linspace(0, n_exams - 1, min(N_REFERENCES, n_exams))})


def _rank_similarity(thumbnail: Float32Array, references: Float32Array) -> float:
    """Correlation of one thumbnail with the fifth most similar of the references."""
    return float(np.sort(correlate_thumbnails(thumbnail, references)[0])[-MIN_RANK])


def _describe_turn(thumbnail: Float32Array, plane: str, references: dict[str, Float32Array]) -> str:
    """Rotation or other plane that makes a thumbnail similar to the others; empty if none does."""
    fits = {
        f"It fits the other {plane} stacks when turned by {90 * quarter} degrees.": (
            _rank_similarity(np.rot90(thumbnail, quarter, axes=(2, 3)), references[plane])
        )
        for quarter in (1, 2, 3)
    }
    for other, of_other in references.items():
        if parse_series(other).plane != parse_series(plane).plane:
            kind = "plane" if other in PLANES else "series"
            text = f"It looks like a stack of the {other} {kind}."
            fits[text] = _rank_similarity(thumbnail, of_other)
    best = max(fits, key=lambda text: fits[text])
    if fits[best] < _rank_similarity(thumbnail, references[plane]) + MIN_GAIN:
        return ""
    if fits[best] < MIN_FIT:
        return ""
    return f"{best} Turn it, move it, or leave it out."
