"""Findings about series named by plane and weighting: another plane, contrast or part of the body.

Only sets with named series, such as ``sagittal_fluid``, are judged: MRNet has one series per plane.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np

from mrnet_features.names import PLANES, WEIGHTINGS, parse_series
from mrnet_features.quality.agreement import CONTRADICTION, can_be_judged, score_agreement
from mrnet_features.quality.cohort_rules import CHECK_SDS, MIN_EXAMS
from mrnet_features.quality.findings import Finding
from mrnet_features.quality.measurements import Measures
from mrnet_features.quality.view_models import ViewModel, describe_view

FEWEST_PICTURES = 8  # series of knees have at least 11; localisers have 1 to 5 per plane
FIT_SDS = 3.0  # robust SDs within which a stack is like others; 97 % of sound ones are

LEAVE_EMPTY = "Look at it; choose another series, or leave it out of the exam."


def is_named(series: str) -> bool:
    """Whether a series has a name of its own beside its plane."""
    return series not in PLANES


def apply_named_rules(
    by_series: Mapping[str, Sequence[Measures]], found: Collection[tuple[str, str]] = ()
) -> tuple[list[Finding], dict[str, str]]:
    """Findings about stacks that are not what the name of their series says.

    Parameters
    ----------
    by_series : mapping of str to sequence of Measures
        All stacks. Planes without a further name are left out.
    found : collection of (exam, series)
        Stacks that are known to be turned or of another plane.

    Returns
    -------
    findings : list of Finding
    unjudged : dict of str to str
        By plane, why the weighting was not judged.
    """
    named = {series: stacks for series, stacks in by_series.items() if is_named(series)}
    findings = [finding for stacks in named.values() for finding in _check_slices(stacks)]
    views = list(_check_views(named, set(found)))
    findings += views
    known = {(finding.exam, finding.plane) for finding in views} | set(found)
    unjudged: dict[str, str] = {}
    for plane in PLANES:
        stacks = [
            stack
            for series, stacks in named.items()
            if parse_series(series).plane == plane and parse_series(series).weighting in WEIGHTINGS
            for stack in stacks
            if not np.isnan(stack.contrast).any()
        ]
        if stacks:
            of_plane, why = _check_weighting(stacks, known)
            findings += of_plane
            unjudged |= {plane: why} if why else {}
    return findings, unjudged


def _check_slices(stacks: Sequence[Measures]) -> Iterator[Finding]:
    for stack in stacks:
        if stack.n_slices < FEWEST_PICTURES:
            advice = f"Only {stack.n_slices} slices, as a localiser has. {LEAVE_EMPTY}"
            yield Finding(
                stack.exam, stack.plane, "few-slices", "check", float(stack.n_slices), advice
            )


def _check_views(
    named: Mapping[str, Sequence[Measures]], found: set[tuple[str, str]]
) -> Iterator[Finding]:
    """Yield a finding for each stack that shows another plane, is turned, or unlike all others."""
    models = {
        series: ViewModel(stacks) for series, stacks in named.items() if len(stacks) >= MIN_EXAMS
    }
    for finding in _find_other_planes(named, models):
        if (finding.exam, finding.plane) not in found:
            found.add((finding.exam, finding.plane))
            yield finding
    for series, model in models.items():
        for k, (stack, distance) in enumerate(zip(named[series], model.own, strict=True)):
            if distance < CHECK_SDS or (stack.exam, stack.plane) in found:
                continue
            if _fits(stack, parse_series(series).plane, models):
                continue  # another contrast of the same view
            code, text = "body-part", "Leg and edges are unlike those of all other exams: another "
            text += "part of the body, a turned or spoiled picture, or another protocol."
            turned = {quarter: model.measure(stack, quarter, k) for quarter in (1, 2, 3)}
            best = min(turned, key=lambda quarter: turned[quarter])
            if turned[best] < FIT_SDS:
                code = "orientation"
                text = f"It fits the other {series} stacks when turned by {90 * best} degrees."
            advice = f"{text} {LEAVE_EMPTY}"
            yield Finding(stack.exam, stack.plane, code, "check", float(distance), advice)


def _find_other_planes(
    named: Mapping[str, Sequence[Measures]], models: Mapping[str, ViewModel]
) -> Iterator[Finding]:
    """Yield a finding for each stack that looks like, and fits, those of another plane."""
    stacks = [stack for series in models for stack in named[series]]
    planes = [parse_series(stack.plane).plane for stack in stacks]
    if len(set(planes)) < 2:
        return
    rows = np.array([np.concatenate(describe_view(stack)) for stack in stacks], dtype=float)
    agreement, likest = score_agreement(rows, planes, [stack.exam for stack in stacks])
    if not can_be_judged(agreement):
        return
    for stack, value, other in zip(stacks, agreement, likest, strict=True):
        if value <= CONTRADICTION and _fits(stack, other, models):
            advice = f"It looks like a stack of the {other} plane. {LEAVE_EMPTY}"
            nan = float("nan")
            yield Finding(stack.exam, stack.plane, "orientation", "check", nan, advice)


def _fits(stack: Measures, plane: str, models: Mapping[str, ViewModel]) -> bool:
    """Whether a stack is like those of another series of a plane."""
    return any(
        model.measure(stack) < FIT_SDS
        for series, model in models.items()
        if parse_series(series).plane == plane and series != stack.plane
    )


def _check_weighting(
    stacks: Sequence[Measures], known: Collection[tuple[str, str]]
) -> tuple[list[Finding], str]:
    """Findings about the weighting in one plane, or why it was not judged."""
    groups = [parse_series(stack.plane).weighting for stack in stacks]
    for weighting, word in WEIGHTINGS.items():
        n_stacks = groups.count(weighting)
        if n_stacks < MIN_EXAMS:
            return [], f"{n_stacks} {word} stacks; {MIN_EXAMS} are needed"
    rows = np.stack([stack.contrast for stack in stacks])
    agreement, likest = score_agreement(rows, groups, [stack.exam for stack in stacks])
    if not can_be_judged(agreement):
        share = np.mean(agreement <= 0)
        return [], f"{share:.0%} of the pictures contradict the names, so they tell nothing"
    plane = parse_series(stacks[0].plane).plane
    doubted = {
        k: likest[k]
        for k, stack in enumerate(stacks)
        if agreement[k] <= CONTRADICTION and (stack.exam, stack.plane) not in known
    }
    both = [stacks[k].exam for k in doubted]
    findings = []
    for k, other in doubted.items():
        stack = stacks[k]
        text = (
            f"Named {WEIGHTINGS[groups[k]]}, but fat, muscle and fluid look as on the "
            f"{WEIGHTINGS[other]} {plane} stacks."
        )
        if both.count(stack.exam) > 1:
            text += " The exam's other stack of the plane looks wrong, too: they may be swapped."
        advice = f"{text} {LEAVE_EMPTY}"
        value = float(agreement[k])
        findings.append(Finding(stack.exam, stack.plane, "weighting", "check", value, advice))
    return findings, ""
