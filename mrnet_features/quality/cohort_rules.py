"""Findings by comparison with other exams: noise, blur and slice count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mrnet_features.quality.findings import Finding
from mrnet_features.quality.measurements import Measures
from mrnet_features.quality.similarity import robust_distance

MIN_EXAMS = 20  # of a plane; with fewer, no stack is compared with the others
MIN_SPREAD = 0.03  # of a logarithm: 3 %; no set of scans is more uniform
CHECK_SDS = 4.5  # robust SDs from which a stack is unusual
REJECT_SDS = 6.0  # robust SDs from which it is far from all others
# of noise and blur, times the median: in a very uniform set small differences are many SDs
OUTLIER_RATIO = 1.6


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
        known = values[~np.isnan(values)]
        if not known.size:
            continue
        ratios = values / max(float(np.median(known)), 1e-6)
        distances = robust_distance(np.log(np.maximum(ratios, 1e-6)), MIN_SPREAD)
        for measures, ratio, distance in zip(stacks, ratios, distances, strict=True):
            if distance >= CHECK_SDS and ratio >= OUTLIER_RATIO:
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
