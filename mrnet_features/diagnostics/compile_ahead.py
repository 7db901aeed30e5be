"""Fill the cache of compiled code ahead of the first extraction, in parallel."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence

import numpy as np
from joblib import delayed

from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.families.presets import discover_families, find_families
from mrnet_features.jobs import run_jobs, show_progress
from mrnet_features.names import PLANES
from mrnet_features.synthetic.scan import draw_knee
from mrnet_features.synthetic.style import Style

__all__ = ["KNEES", "compile_ahead", "list_parts"]

KNEES = "synthetic knees"
"""Part that draws knees; the other parts are families."""

FIRST = "minimal"
"""Preset compiled before the others: all of them share the preparation of the pixels."""

logger = logging.getLogger("mrnet_features")


def list_parts(families: str | Sequence[str] | None = None) -> list[str]:
    """Parts that are compiled for some families, those that all share first.

    Parameters
    ----------
    families : str or sequence of str, optional
        A preset or names of families; by default all families and the synthetic knees.

    Returns
    -------
    list of str

    Examples
    --------
    >>> list_parts("minimal")
    ['intensity']
    >>> list_parts(["lbp", "hog"])
    ['intensity', 'lbp', 'hog']
    """
    if families is None:
        names = [KNEES, *discover_families()]
    else:
        names = [family.name for family in find_families(families)]
    first = [family.name for family in find_families(FIRST)]
    return list(dict.fromkeys([*first, *names]))


def compile_ahead(
    families: str | Sequence[str] | None = None,
    *,
    n_jobs: int | None = -1,
    progress: bool | None = None,
) -> list[str]:
    """Compile what an extraction on the CPU needs, and keep it for later processes.

    A small made-up exam is described, so that the code is compiled for just those types of arrays
    that real exams have. What is in the cache already is not compiled again.

    Parameters
    ----------
    families : str or sequence of str, optional
        A preset or names of families; by default all families and the synthetic knees.
    n_jobs : int or None, default -1
        Number of parallel processes, as in joblib: -1 for all cores.
    progress : bool, optional
        Whether to show a progress bar; by default only on a terminal.

    Returns
    -------
    list of str
        The parts, as `list_parts` lists them.

    Raises
    ------
    ValueError
        If a family is unknown.
    """
    first, *others = list_parts(families)
    with show_progress(1 + len(others), "compile", "part", progress) as bar:
        # alone, and done when the others start: else each process would compile the same
        compile_part(first)
        bar.update()
        calls = (delayed(compile_part)(part) for part in others)
        with contextlib.closing(run_jobs(calls, n_jobs)) as finished:
            for _ in finished:
                bar.update()
    return [first, *others]


def compile_part(part: str) -> None:
    """Call every compiled function of one part once; it is compiled if it is not in the cache."""
    # the bar of the caller tells what happens: no message from each process
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        if part == KNEES:
            draw_knee(0, style=Style(drawn_pixels=64, blur=1.0))
            return
        generator = np.random.default_rng(0)
        rows, columns = np.ogrid[-1.0:1.0:256j, -1.0:1.0:256j]
        leg = np.where(rows**2 / 2 + columns**2 < 0.5, 120, 5)
        noise = generator.integers(0, 60, (len(PLANES), 5, 256, 256))
        stacks = dict(zip(PLANES, (leg + noise).astype(np.uint8), strict=True))
        FeatureExtractor([part], device="cpu", progress=False).fit_transform([stacks])
    finally:
        logger.setLevel(level)
