"""Findings that need the other exams: far from the rest, out of view, turned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mrnet_features.arrays import Float32Array
from mrnet_features.quality.findings import Finding
from mrnet_features.quality.measurements import Measures
from mrnet_features.quality.similarity import correlate_sketches, robust_distance

LEAST_EXAMS = 20  # with fewer there is no rest to be far from
FAR = 4.5  # robust SDs of noise and blur ...
LEAST_SPREAD = 0.03  # of a logarithm: 3 %; no set of scans is more even
FACTOR = 1.6  # ... and times the median: a very even set must not make trifles stand out
SUSPECT = 4.0  # robust SDs of the unlikeness to other exams, from which turns are tried
UNLIKE = 4.75  # the same, from which a view is told that no turn makes like the others
VERY_UNLIKE = 6.0  # the same, from which it is to reject
TWICE = 2.0  # times the usual unlikeness, below which none of it holds: see `FACTOR`
CLUMP = 0.03  # part of the set that may share one fault without vouching for itself
LEAST_ALIKE = 5
GAIN = 0.1  # in correlation, from which a displaced or turned picture fits better
WITNESSES = 60  # exams a suspect is compared with
FIT = 0.75  # correlation that a turned picture must reach
SHIFTS = tuple(range(4, 19, 2))  # parts of the sketch, 1/32 of the picture each
FAR_AIR = 0.35  # of the picture, free of the leg on the side away from the cut
CUT = 0.5  # of a side of the picture, taken up by the leg


def judge_values(group: Sequence[Measures]) -> Iterator[Finding]:
    """Yield stacks of one plane whose noise, blur or number of slices is far from the rest.

    Parameters
    ----------
    group : sequence of Measures
        All stacks of one plane; fewer than 20 give no finding.

    Yields
    ------
    Finding
    """
    if len(group) < LEAST_EXAMS:
        return
    for code, values in {
        "noise": np.array([measures.noise for measures in group]),
        "blur": 1 / np.maximum([measures.sharpness for measures in group], 1e-6),
    }.items():
        ratios = values / np.nanmedian(values)
        distances = robust_distance(np.log(np.maximum(ratios, 1e-6)), LEAST_SPREAD)
        for measures, ratio, distance in zip(group, ratios, distances, strict=True):
            if distance >= FAR and ratio >= FACTOR:
                advice = (
                    f"{ratio:.1f} times the {code} of the usual {measures.plane} stack: motion, "
                    "a weak signal, or another protocol. Look at it."
                )
                place = measures.exam, measures.plane
                yield Finding(*place, code, "check", float(distance), advice)
    usual = float(np.median([measures.n_slices for measures in group]))
    for measures in group:
        if not usual / 2 <= measures.n_slices <= usual * 2:
            advice = (
                f"{measures.n_slices} slices where {usual:g} are usual: a truncated series, or "
                "another protocol. Compare with its source."
            )
            place = measures.exam, measures.plane
            yield Finding(*place, "slice-count", "check", float(measures.n_slices), advice)


def judge_views(groups: dict[str, list[Measures]]) -> Iterator[Finding]:
    """Yield stacks that show another part of the body than the rest, or show it turned.

    A knee displaced out of the picture is like no other exam: its likeness is the correlation of
    its sketch with the one that more than 3 % of the set exceed, so that a few exams with the
    same fault don't vouch for each other.

    Parameters
    ----------
    groups : dict of str to list of Measures
        All stacks, by plane. Of fewer than 20 only those cut off at one side of the picture are
        found.

    Yields
    ------
    Finding
    """
    sketches = {
        plane: np.stack([measures.sketch for measures in group]).astype(np.float32)
        for plane, group in groups.items()
    }
    for plane, group in groups.items():
        distances, outlying = np.full(len(group), np.nan), np.zeros(len(group), dtype=bool)
        if len(group) >= LEAST_EXAMS:
            likeness = correlate_sketches(sketches[plane], sketches[plane])
            np.fill_diagonal(likeness, -1)
            rank = max(LEAST_ALIKE, round(CLUMP * len(group)))
            nearest = np.partition(likeness, -rank, axis=1)[:, -rank]
            unlikeness = np.maximum(1 - nearest, 1e-6)
            distances = robust_distance(np.log(unlikeness), LEAST_SPREAD)
            outlying = (distances >= SUSPECT) & (unlikeness >= TWICE * np.median(unlikeness))
        usual = {
            other: sketches[other][_spread_out(len(sketches[other]))]
            for other in groups
            if len(groups[other]) >= LEAST_EXAMS
        }
        for k, measures in enumerate(group):
            far, cut = float(distances[k]), describe_cut(measures)
            if cut or outlying[k]:
                turned = "" if cut else _find_turn(sketches[plane][[k]], plane, usual)
                place = measures.exam, measures.plane
                if turned:
                    yield Finding(*place, "orientation", "check", far, turned)
                    continue
                if not cut and far < UNLIKE:
                    continue
                reject = cut or far >= VERY_UNLIKE
                shift = _find_shift(sketches[plane][[k]], usual[plane]) if plane in usual else ""
                advice = (
                    " ".join(text for text in (cut, shift) if text)
                    or "No other exam of the plane shows the same parts in the same places."
                )
                advice += " Look at it, and leave it out if the joint is not in the picture."
                yield Finding(*place, "out-of-view", "reject" if reject else "check", far, advice)


def describe_cut(measures: Measures) -> str:
    """Say at which side the picture cuts the leg off while the opposite side is empty.

    Parameters
    ----------
    measures : Measures

    Returns
    -------
    str
        Empty where the leg is not cut off so.
    """
    # where half of the depths show leg, so that no single slice decides
    leg = measures.outline.astype(np.float32).mean(axis=0) > 127
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
            free = int(np.argmax(profile[::-1])) / len(profile)
            edge = picture.take(1, axis=axis)  # the outermost part may lie beyond the coil's reach
            if edge.mean() >= CUT * leg.any(axis=axis).mean() and free >= FAR_AIR:
                return (
                    f"The {side} of the picture cuts the leg off, while {free:.0%} of it is empty "
                    "on the opposite side."
                )
    return ""


def _spread_out(n_exams: int) -> list[int]:
    """Indices of the witnesses: evenly spread over the set."""
    return sorted({round(k) for k in np.linspace(0, n_exams - 1, min(WITNESSES, n_exams))})


def _rank_likeness(sketch: Float32Array, witnesses: Float32Array) -> float:
    """Likeness of one sketch to the fifth most alike of several."""
    return float(np.sort(correlate_sketches(sketch, witnesses)[0])[-LEAST_ALIKE])


def _find_turn(sketch: Float32Array, plane: str, usual: dict[str, Float32Array]) -> str:
    """Say how a sketch must be turned, or to which plane it belongs, to be like the rest."""
    if plane not in usual:
        return ""
    turns = {
        f"It fits the other {plane} stacks when turned by {90 * quarter} degrees.": _rank_likeness(
            np.rot90(sketch, quarter, axes=(2, 3)), usual[plane]
        )
        for quarter in (1, 2, 3)
    }
    for other, witnesses in usual.items():
        if other != plane:
            text = f"It looks like a stack of the {other} plane."
            turns[text] = _rank_likeness(sketch, witnesses)
    best = max(turns, key=lambda text: turns[text])
    if turns[best] < _rank_likeness(sketch, usual[plane]) + GAIN or turns[best] < FIT:
        return ""
    return f"{best} Turn it, move it, or leave it out."


def _find_shift(sketch: Float32Array, witnesses: Float32Array) -> str:
    """Say by how much a sketch is displaced against the rest; empty where no shift fits."""
    start = _rank_likeness(sketch, witnesses)
    best, text = start + GAIN, ""
    for axis, names in ((2, ("down", "up")), (3, ("right", "left"))):
        for shift in SHIFTS:
            for name, sign in zip(names, (1, -1), strict=True):
                size = sketch.shape[axis]
                low, high = slice(shift, size), slice(0, size - shift)
                ours, theirs = (low, high) if sign > 0 else (high, low)
                index = [slice(None)] * 4
                index[axis] = ours
                part = sketch[tuple(index)]
                index[axis] = theirs
                fit = _rank_likeness(part, witnesses[tuple(index)])
                if fit > best:
                    best = fit
                    text = f"The knee lies about {shift / size:.0%} of the picture too far {name}."
    return text
