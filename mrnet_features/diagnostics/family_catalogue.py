"""Tables of the feature families, their statistics and their cost."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd

from mrnet_features.families.base import Family
from mrnet_features.families.documentation import read_statistics
from mrnet_features.families.presets import PRESETS, discover_families
from mrnet_features.messages import quote, suggest_name
from mrnet_features.names import PLANES
from mrnet_features.stacks.prepare import prepare_sets

COST_SHAPE = (10, 256, 256)  # slices, height and width of the timed stack


def list_families(*, cost: bool = False) -> pd.DataFrame:
    """Table of all families.

    Parameters
    ----------
    cost : bool, default False
        Also time each family on this machine, after a warm-up call, on a noisy disc in ten slices
        of 256 x 256 pixels.

    Returns
    -------
    DataFrame of shape (n_families, 4 or 5)
        Index: the family's name. Columns presets, planes, n_statistics (rows of its docstring's
        table), description (its docstring's first line) and, with `cost`, ms_per_slice.
    """
    families = discover_families()
    table = pd.DataFrame(
        {
            "presets": [_presets_with(name) for name in families],
            "planes": [", ".join(filter(cls.describes, PLANES)) for cls in families.values()],
            "n_statistics": [len(read_statistics(cls)) for cls in families.values()],
            "description": [_first_line(cls) for cls in families.values()],
        },
        index=pd.Index(families, name="family"),
    )
    if cost:
        table["ms_per_slice"] = [_time(cls()) for cls in families.values()]
    return table


def list_statistics(name: str) -> pd.DataFrame:
    """Table of one family's statistics, from its docstring.

    Parameters
    ----------
    name : str
        A family's name.

    Returns
    -------
    DataFrame
        Index: statistic. Columns formula, unit, range and any others of the docstring's table.

    Raises
    ------
    ValueError
        If the family does not exist.
    """
    families = discover_families()
    if name not in families:
        raise ValueError(
            f"There is no family {quote(name)}.{suggest_name(name, families)} Families: "
            f"{', '.join(families)}."
        )
    return pd.DataFrame(read_statistics(families[name])).set_index("statistic")


def _first_line(cls: type[Family]) -> str:
    return (cls.__doc__ or "").split("\n")[0].strip()


def _presets_with(name: str) -> str:
    """Presets that hold a family, separated by commas."""
    members = {
        preset: {choice if isinstance(choice, str) else choice[0] for choice in choices}
        for preset, choices in PRESETS.items()
    }
    return ", ".join(preset for preset, names in members.items() if name in names)


def _time(family: Family) -> float:
    """Milliseconds per slice to count and describe, the shortest of three runs after a warm-up."""
    rng = np.random.default_rng(0)
    _, height, width = COST_SHAPE
    y, x = np.mgrid[:height, :width]
    disc = (y - height / 2) ** 2 + (x - width / 2) ** 2 < (0.4 * width) ** 2
    grey = np.where(disc, rng.integers(40, 220, COST_SHAPE), 2).astype(np.uint8)
    seconds: list[float] = []
    for _ in range(4):
        stacks = prepare_sets(grey, family.planes[0], family.region_sets)
        start = time.perf_counter()
        for region_set in family.region_sets:
            counts = family.count(stacks[region_set])
            family.describe(counts)
            family.describe_stack(counts, stacks[region_set].exam_starts)
        seconds.append(time.perf_counter() - start)
    return round(1000 * min(seconds[1:]) / COST_SHAPE[0], 3)
