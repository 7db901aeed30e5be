"""Findings by comparison with other exams: noise, blur, slice count, view and orientation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mrnet_features.arrays import Float32Array
from mrnet_features.quality.findings import Finding
from mrnet_features.quality.measurements import Measures
from mrnet_features.quality.similarity import correlate_thumbnails, robust_distance

MIN_EXAMS = 20  # of a plane; with fewer, no stack is compared with the others
MIN_SPREAD = 0.03  # of a logarithm: 3 %; no set of scans is more uniform

# noise and blur: a stack must exceed both limits, since in a very uniform set small differences
# are many SDs
OUTLIER_SDS = 4.5  # robust SDs
OUTLIER_RATIO = 1.6  # times the median

# views, by the dissimilarity to the other stacks of the plane
TURN_SDS = 4.0  # robust SDs from which rotations and other planes are tried
VIEW_SDS = 4.75  # robust SDs from which a view that no rotation explains is a finding
VIEW_REJECT_SDS = 6.0  # robust SDs from which that finding is "reject"
DISSIMILARITY_RATIO = 2.0  # times the median; below it there is no finding, as for OUTLIER_RATIO
SHARED_FAULT = 0.03  # fraction of the set that may have the same fault and still be found
MIN_RANK = 5  # similarity is the one to the fifth most similar exam, or a lower rank
N_REFERENCES = 60  # exams that rotated and shifted thumbnails are compared with
MIN_GAIN = 0.1  # in correlation, by which a rotated or shifted thumbnail must be more similar
MIN_FIT = 0.75  # correlation that a rotated thumbnail must reach
SHIFTS = tuple(range(4, 19, 2))  # cells of the thumbnail, 1/32 of the picture each

# a leg cut off at one side of the picture
MIN_EMPTY = 0.35  # fraction of the picture without leg on the opposite side
MIN_CUT = 0.5  # fraction of that side covered by leg, relative to the leg's extent


def apply_value_rules(stacks: Sequence[Measures]) -> Iterator[Finding]:
    """Yield a finding for each stack with far more noise or blur, or another number of slices.

    Parameters
    ----------
    stacks : sequence of Measures
        All stacks of one plane; fewer than 20 give no finding.

    Yields
    ------
    Finding
    """
    if len(stacks) < MIN_EXAMS:
        return
    for code, values in {
        "noise": np.array([measures.noise for measures in stacks]),
        "blur": 1 / np.maximum([measures.sharpness for measures in stacks], 1e-6),
    }.items():
        ratios = values / np.nanmedian(values)
        distances = robust_distance(np.log(np.maximum(ratios, 1e-6)), MIN_SPREAD)
        for measures, ratio, distance in zip(stacks, ratios, distances, strict=True):
            if distance >= OUTLIER_SDS and ratio >= OUTLIER_RATIO:
                advice = (
                    f"{ratio:.1f} times the median {code} of {measures.plane} stacks: motion, "
                    "a weak signal, or another protocol. Look at it."
                )
                yield Finding(measures.exam, measures.plane, code, "check", float(distance), advice)
    usual = float(np.median([measures.n_slices for measures in stacks]))
    for measures in stacks:
        n_slices = measures.n_slices
        if not usual / 2 <= n_slices <= usual * 2:
            what = "is truncated" if n_slices < usual else "holds two series"
            advice = (
                f"{n_slices} slices; the median of {measures.plane} stacks is {usual:g}. The "
                f"file {what}, or the protocol is another. Compare it with its source."
            )
            yield Finding(
                measures.exam, measures.plane, "slice-count", "check", float(n_slices), advice
            )


def apply_view_rules(stacks_by_plane: dict[str, list[Measures]]) -> Iterator[Finding]:
    """Yield a finding for each stack that is displaced, turned, or shows another part of the body.

    A displaced knee is dissimilar to all others. The similarity of a stack is the correlation
    with the fifth most similar stack of the plane (in large sets, with the one at rank 3 %), so
    that a few exams with the same fault are found as well.

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
        distances, outlying = np.full(len(stacks), np.nan), np.zeros(len(stacks), dtype=bool)
        if len(stacks) >= MIN_EXAMS:
            similarity = correlate_thumbnails(thumbnails[plane], thumbnails[plane])
            np.fill_diagonal(similarity, -1)
            rank = max(MIN_RANK, round(SHARED_FAULT * len(stacks)))
            ranked = np.partition(similarity, -rank, axis=1)[:, -rank]
            dissimilarity = np.maximum(1 - ranked, 1e-6)
            distances = robust_distance(np.log(dissimilarity), MIN_SPREAD)
            usual = np.median(dissimilarity)
            outlying = (distances >= TURN_SDS) & (dissimilarity >= DISSIMILARITY_RATIO * usual)
        for k, measures in enumerate(stacks):
            distance, cut = float(distances[k]), describe_cut(measures)
            if not cut and not outlying[k]:
                continue
            turn = "" if cut else _describe_turn(thumbnails[plane][[k]], plane, references)
            if turn:
                yield Finding(measures.exam, plane, "orientation", "check", distance, turn)
                continue
            if not cut and distance < VIEW_SDS:
                continue
            severity = "reject" if cut or distance >= VIEW_REJECT_SDS else "check"
            shift = ""
            if plane in references:
                shift = _describe_shift(thumbnails[plane][[k]], references[plane])
            advice = (
                " ".join(text for text in (cut, shift) if text)
                or "No other exam of the plane shows the same structures in the same position."
            )
            advice += " Look at it, and leave it out if the joint is not in the picture."
            yield Finding(measures.exam, plane, "out-of-view", severity, distance, advice)


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
    if plane not in references:
        return ""
    fits = {
        f"It fits the other {plane} stacks when turned by {90 * quarter} degrees.": (
            _rank_similarity(np.rot90(thumbnail, quarter, axes=(2, 3)), references[plane])
        )
        for quarter in (1, 2, 3)
    }
    for other, of_other in references.items():
        if other != plane:
            text = f"It looks like a stack of the {other} plane."
            fits[text] = _rank_similarity(thumbnail, of_other)
    best = max(fits, key=lambda text: fits[text])
    if fits[best] < _rank_similarity(thumbnail, references[plane]) + MIN_GAIN:
        return ""
    if fits[best] < MIN_FIT:
        return ""
    return f"{best} Turn it, move it, or leave it out."


def _describe_shift(thumbnail: Float32Array, references: Float32Array) -> str:
    """Distance and direction by which the knee is displaced; empty if no shift fits."""
    best, text = _rank_similarity(thumbnail, references) + MIN_GAIN, ""
    for axis, names in ((2, ("down", "up")), (3, ("right", "left"))):
        size = thumbnail.shape[axis]
        for shift in SHIFTS:
            for name, sign in zip(names, (1, -1), strict=True):
                end, start = slice(shift, size), slice(0, size - shift)
                ours, theirs = (end, start) if sign > 0 else (start, end)
                index = [slice(None)] * 4
                index[axis] = ours
                part = thumbnail[tuple(index)]
                index[axis] = theirs
                fit = _rank_similarity(part, references[tuple(index)])
                if fit > best:
                    best = fit
                    text = f"The knee lies about {shift / size:.0%} of the picture too far {name}."
    return text
