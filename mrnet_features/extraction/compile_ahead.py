"""Fill the cache of compiled code ahead of the first extraction, in parallel."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from joblib import cpu_count, delayed, effective_n_jobs, parallel_config

from mrnet_features.arrays import UInt8Array
from mrnet_features.compiling import (
    NotCompiledError,
    has_lost_code,
    hide_announcement,
    refuse_compiling,
    say_compiling,
)
from mrnet_features.extraction.recipe import Recipe
from mrnet_features.extraction.rows import describe_exam
from mrnet_features.families.presets import discover_families, find_families
from mrnet_features.jobs import run_jobs, show_progress
from mrnet_features.messages import describe_cause
from mrnet_features.names import PLANES, parse_series
from mrnet_features.stacks.discretisation import Discretisation
from mrnet_features.stacks.prepare import prepare_batch

__all__ = ["KNEES", "compile_ahead", "compile_missing", "list_parts"]

KNEES = "synthetic knees"
"""Part that draws knees; the other parts are families."""

FIRST = "intensity"
"""Compiled before the others, with the preparation of the pixels, which all of them share."""

TOGETHER = (
    ("fluid", "marrow", "dark_fluid"),
    ("cells", "meniscus"),
    ("gabor", "laplacian"),
    ("gldzm", "glszm"),
    ("ngldm", "ngtdm"),
)
"""Families of the same counts: one process compiles them. Those that take longest come first."""

MOST_PROCESSES = 8
"""More would wait for the family that takes longest."""

IDLE_SECONDS = 2
"""After them the worker processes end, unless the extraction uses them; joblib's default is 300."""

logger = logging.getLogger("mrnet_features")


def list_parts(families: str | Sequence[str] | None = None) -> list[str]:
    """Parts that are compiled for some families, the one whose code all share first.

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
    return list(dict.fromkeys([FIRST, *names]))


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
    parts = list_parts(families)
    known = find_families([part for part in parts if part != KNEES])
    recipe = Recipe(known, PLANES, ("mean",), Discretisation(), extensive=False)
    _compile_parts(parts, recipe, n_jobs, progress)
    return parts


def compile_missing(recipe: Recipe, n_jobs: int | None, progress: bool | None = None) -> None:
    """Compile in parallel what an extraction needs, if the cache lacks it; say so once.

    Nothing is done where it would not help: for a single family, with one core, in a worker
    process, and where compiled code can't be kept. The extraction itself compiles then.

    Parameters
    ----------
    recipe : Recipe
        Families that have no name in `discover_families` are left out.
    n_jobs : int or None
        Number of parallel processes, as in joblib, but None is all cores; at most 8.
    progress : bool, optional
        Whether to show a progress bar; by default only on a terminal.
    """
    known = discover_families()
    # families of the user's own may not be sent to other processes: this one compiles them
    families = tuple(f for f in recipe.families if type(f) is known.get(f.name))
    parts = list(dict.fromkeys([FIRST, *(f.name for f in families)]))
    n_processes = _count_processes(-1 if n_jobs is None else n_jobs, len(_group(parts)) - 1)
    if n_processes < 2 or multiprocessing.current_process().name != "MainProcess":
        return
    recipe = replace(recipe, families=families)
    folder = _find_missing(recipe)
    if not folder:
        return
    say_compiling(n_processes)
    try:
        # idle workers would hold memory beside an extraction that doesn't use them
        is_used = effective_n_jobs(n_jobs) > 1
        settings = {} if is_used else {"idle_worker_timeout": IDLE_SECONDS}
        with parallel_config("loky", **settings):
            _compile_parts(parts, recipe, n_processes, progress)
        is_kept = not _find_missing(recipe)
    except Exception as error:  # noqa: BLE001 (the extraction compiles, or raises it for an exam)
        logger.warning(
            "Compiling in parallel failed (%s); compiling in this process.", describe_cause(error)
        )
        return
    if is_kept:
        logger.warning("Compiled counts are kept in '%s' for later calls.", folder)
    else:
        logger.warning("Compiled counts are not kept in '%s': each process compiles.", folder)


def _find_missing(recipe: Recipe) -> str:
    """Folder that lacks compiled code for a recipe; empty if none does."""
    try:
        with refuse_compiling():
            recipe.columns()
    except NotCompiledError as missing:
        return missing.folder
    return ""


def _count_processes(n_jobs: int, n_groups: int) -> int:
    """Number of processes; a negative `n_jobs` as in joblib."""
    n_cores: int = cpu_count()
    wanted = n_jobs if n_jobs > 0 else n_cores + 1 + n_jobs
    return min(wanted, n_cores, n_groups, MOST_PROCESSES)


def _compile_parts(
    parts: Sequence[str], recipe: Recipe, n_jobs: int | None, progress: bool | None
) -> None:
    """Compile parts with a bar; the first one alone if its code can't be kept."""
    first, *others = _group(parts)
    with show_progress(len(parts), "compile", "part", progress) as bar:
        # alone, and done when the others start: else each process would compile the same
        compile_parts(first, recipe)
        bar.update()
        if has_lost_code():  # as would be what other processes compile
            return
        calls = (delayed(compile_parts)(group, recipe) for group in others)
        with contextlib.closing(run_jobs(calls, n_jobs)) as finished:
            for group, _ in zip(others, finished, strict=True):
                bar.update(len(group))


def _group(parts: Sequence[str]) -> list[list[str]]:
    """Parts for one process each, in the order in which they start.

    Examples
    --------
    >>> _group(["intensity", "hog", "marrow", "fluid"])
    [['intensity'], ['fluid', 'marrow'], ['hog']]
    """
    groups = [[FIRST], [KNEES], *TOGETHER]
    groups += [[part] for part in parts if not any(part in group for group in groups)]
    kept = [[part for part in group if part in parts] for group in groups]
    return [group for group in kept if group]


def compile_parts(parts: Sequence[str], recipe: Recipe) -> None:
    """Call every compiled function of some parts once; those not in the cache are compiled."""
    with hide_announcement():
        for part in parts:
            _compile_part(part, recipe)


def _compile_part(part: str, recipe: Recipe) -> None:
    """Describe a made-up exam by one family, or draw a knee."""
    if part == KNEES:
        from mrnet_features.synthetic.scan import draw_knee
        from mrnet_features.synthetic.style import Style

        draw_knee(0, style=Style(drawn_pixels=64, blur=1.0))
        return
    stacks = {series: _make_stack(k) for k, series in enumerate(recipe.planes)}
    if part == FIRST:
        for series, stack in stacks.items():
            plane, region_sets = parse_series(series).plane, recipe.region_sets(series)
            prepare_batch([stack], plane, region_sets, discretisation=recipe.discretisation)
    families = tuple(f for f in recipe.families if f.name == part) or find_families(part)
    planes = tuple(s for s in recipe.planes if any(f.describes(s) for f in families))
    if planes:
        recipe = replace(recipe, families=families, planes=planes, missing="error", sides="fold")
        describe_exam(stacks, 0, recipe, "cpu")


def _make_stack(seed: int) -> UInt8Array:
    """Leg of noise, (5, 256, 256)."""
    generator = np.random.default_rng(seed)
    rows, columns = np.ogrid[-1.0:1.0:256j, -1.0:1.0:256j]
    leg = np.where(rows**2 / 2 + columns**2 < 0.5, 120, 5)
    return (leg + generator.integers(0, 60, (5, 256, 256))).astype(np.uint8)
