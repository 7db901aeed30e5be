"""find_marks: the slices and pixels of one exam that give the values of its features."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple

import numpy as np

from mrnet_features.arrays import Float64Array
from mrnet_features.extraction.pooling import POOLS, list_folded, pool_slices, rank_slices
from mrnet_features.extraction.read import ExamLike, read_exam
from mrnet_features.extraction.recipe import STACK_POOL
from mrnet_features.extraction.slices import find_planes
from mrnet_features.families.base import Family, Statistics
from mrnet_features.families.presets import find_families
from mrnet_features.messages import name_some, quote
from mrnet_features.names import Name, is_series, parse_name, parse_series, sort_series
from mrnet_features.stacks.discretisation import Discretisation
from mrnet_features.stacks.mark import FeatureMark, SliceMark
from mrnet_features.stacks.mirror import mirror_mark
from mrnet_features.stacks.prepare import prepare_sets
from mrnet_features.stacks.region_sets import (
    KNOWN_PAIR,
    Sides,
    find_pair_values,
    name_sides,
    region_names,
)
from mrnet_features.stacks.stack import Stack


class _Source(NamedTuple):
    """Family, region set and regions that a column describes."""

    name: Name
    family: Family
    region_set: str
    rows: tuple[int, ...]


def find_marks(
    exam: ExamLike,
    columns: str | Iterable[str],
    *,
    families: str | Family | Sequence[str | Family] = "baseline",
    discretisation: Discretisation | None = None,
) -> dict[str, FeatureMark]:
    """Slices and pixels of one exam that give the values of features.

    A pooled feature marks the slices that the pool uses: ``top3`` the three highest, ``max`` the
    highest, ``p90`` the one or two at that rank, ``middle`` and ``outer`` their thirds, ``mean``
    and ``std`` all. Of a pair of regions, ``low`` and ``high`` mark the one with that value,
    ``difference`` both, of the stack as far as they have pixels to mark. If a column names the
    medial or the lateral side, the side of the exam must be known. Where no pixel gives the value,
    such as no fluid, the region itself is outlined, and `kind` is "region".

    Parameters
    ----------
    exam : Exam or mapping of series to stack
    columns : str or iterable of str
        Names of features, as in the columns of a feature table.
    families : str, Family or sequence of str and Family, default "baseline"
        Families that the features come from, as for `FeatureExtractor`.
    discretisation : Discretisation, optional
        As for `FeatureExtractor`.

    Returns
    -------
    dict of str to FeatureMark
        By column. Each stack is prepared once for all of its columns.

    Raises
    ------
    ValueError
        If a column is not a feature of the families.
    KeyError
        If the exam lacks the series of a column.
    TypeError
        If `exam` is neither an Exam nor a mapping.

    Examples
    --------
    >>> stack = np.zeros((3, 64, 64), np.uint8)
    >>> stack[:, 8:56, 8:56] = np.array([90, 140, 120])[:, None, None]
    >>> column = "axial__knee__intensity__mean__max"
    >>> found = find_marks({"axial": stack}, column, families="minimal")[column]
    >>> found.value, found.best_slice, int(found.slices[0].outline.sum())
    (140.0, 1, 2304)
    """
    asked = (columns,) if isinstance(columns, str) else tuple(columns)
    known = find_families(families)
    sources = {column: _find_source(column, known) for column in asked}
    needed = sort_series({source.name.series for source in sources.values()})
    if not needed:
        find_planes(exam, None)
        return {}
    sides = find_sides_of(asked)
    pixels = read_exam(exam, 0, find_planes(exam, needed), sides=sides)
    found: dict[str, FeatureMark] = {}
    for series in needed:
        here = [source for source in sources.values() if source.name.series == series]
        grey = pixels.stacks[series]
        sets = dict.fromkeys(source.region_set for source in here)
        plane = parse_series(series).plane
        stacks = prepare_sets(grey, plane, sets, discretisation=discretisation)
        for source in here:
            column = "__".join(source.name)
            try:
                mark = _mark_feature(stacks[source.region_set], source, grey.shape)
                if sides == "known":
                    mark = _name_and_mirror(mark, grey.shape, is_mirrored=pixels.is_mirrored)
                found[column] = mark
            except Exception as error:
                error.add_note(f"while marking {quote(column)} on {pixels.label}")
                raise
    return {column: found[column] for column in asked}


def find_sides_of(columns: Iterable[str]) -> Sides:
    """Whether columns come from a table with known sides, from their names.

    Parameters
    ----------
    columns : iterable of str

    Returns
    -------
    {"fold", "known"}
        "fold" too if no column is of a pair of regions.

    Examples
    --------
    >>> find_sides_of(["coronal__meniscus_medial__meniscus__dark_mean__stack"])
    'known'
    """
    regions = (parse_name(column).region for column in columns)
    is_known = any(region.rpartition("_")[2] in KNOWN_PAIR for region in regions)
    return "known" if is_known else "fold"


def _name_and_mirror(
    mark: FeatureMark, shape: tuple[int, ...], *, is_mirrored: bool
) -> FeatureMark:
    """Mark with medial and lateral regions, on the stack as it was before it was mirrored."""
    plane = parse_series(mark.plane).plane
    slices = [part._replace(region=name_sides(part.region)) for part in mark.slices]
    best = mark.best_slice
    if is_mirrored:
        slices = [mirror_mark(part, plane, shape) for part in slices]
        best = mirror_mark(SliceMark(best, np.nan, ""), plane, shape).slice
        slices.sort(key=lambda part: part.slice)
    return mark._replace(slices=tuple(slices), best_slice=best)


def _find_source(column: str, families: Sequence[Family]) -> _Source:
    """Family, region set and regions of a column; an error that lists what there is."""
    name = parse_name(column)
    family = next((each for each in families if each.label == name.family), None)
    if family is None:
        raise ValueError(
            f"No family has the feature {quote(column)}: there is no {quote(name.family)}, only "
            f"{name_some([each.label for each in families])}. Pass the families that the feature "
            "table was made with as `families`."
        )
    if not is_series(name.series) or not family.describes(name.series):
        raise ValueError(
            f"Family {family.label!r} has no feature {quote(column)}: it describes only "
            f"{family.say_scope()}."
        )
    if name.pool != STACK_POOL and name.pool not in POOLS:
        raise ValueError(
            f"There is no feature {quote(column)}: the pool must be {STACK_POOL} or one of "
            f"{', '.join(POOLS)}."
        )
    regions: list[str] = []
    for chosen in family.region_sets:
        pair_values = find_pair_values(chosen, name.plane, find_sides_of([column]))
        folded = list_folded(region_names(chosen, name.plane), pair_values)
        if name.region in folded:
            return _Source(name, family, chosen, folded[name.region])
        regions += folded
    raise ValueError(
        f"Family {family.label!r} has no feature {quote(column)}: its regions on this plane are "
        f"{name_some(regions)}."
    )


def _mark_feature(stack: Stack, source: _Source, shape: tuple[int, ...]) -> FeatureMark:
    """Mark of one feature, with positions in the whole stack."""
    name, family = source.name, source.family
    is_whole = name.pool == STACK_POOL
    statistics = _describe(stack, family)[is_whole]
    if name.statistic not in statistics:
        scope = "the stack" if is_whole else "slices"
        raise ValueError(
            f"Family {family.label!r} has no statistic {quote(name.statistic)} of {scope}. It has "
            f"{name_some(sorted(statistics)) or 'none'}."
        )
    slices = statistics[name.statistic]
    pooled = slices if is_whole else _pool(statistics, name)
    of_regions = {r: float(pooled[0, r]) for r in source.rows}
    value, chosen = _fold(of_regions, name.region)
    mark = family.mark_stack if is_whole else family.mark
    marks = _remember_marks(stack, family, mark, name.statistic)
    kept: list[SliceMark] = []
    for r in () if np.isnan(value) else chosen:
        of_region = [mark for mark in marks if mark.region == stack.region_names[r]]
        if not is_whole:
            ranked = rank_slices(slices[:, r], name.pool)
            by_slice = {mark.slice: mark for mark in of_region}
            of_region = [by_slice[s] for s in ranked if s in by_slice]
        kept += of_region
    is_region = not np.isnan(value) and not any(_has_pixels(mark) for mark in kept)
    if is_region:
        regions = _remember_marks(stack, family, family.mark_regions, name.statistic)
        kept = _outline(kept, regions, {stack.region_names[r] for r in chosen})
    corner = stack.corners[0]
    best = kept[0].slice + corner[0] if kept else shape[0] // 2
    moved = tuple(_move(mark, corner, shape) for mark in sorted(kept, key=lambda mark: mark.slice))
    kind: Literal["pixels", "segment", "region"] = "region" if is_region and kept else "pixels"
    if any(mark.segment is not None for mark in moved):
        kind = "segment"
    return FeatureMark("__".join(name), name.series, value, moved, best, kind)


def _remember_marks(
    stack: Stack,
    family: Family,
    mark: Callable[[Stack, str], tuple[SliceMark, ...]],
    statistic: str,
) -> tuple[SliceMark, ...]:
    """Marks of a statistic; many columns differ only in region or pool."""
    key = (family, mark.__name__, statistic)
    return stack.remember(key, lambda: mark(stack, statistic))


def _has_pixels(mark: SliceMark) -> bool:
    return mark.outline is None or bool(mark.outline.any())


def _outline(
    empty: Sequence[SliceMark], regions: Sequence[SliceMark], chosen: set[str]
) -> list[SliceMark]:
    """Regions on the slices of marks without a pixel, in their order; without marks, on all."""
    if not empty:
        return [mark for mark in regions if mark.region in chosen]
    places = {(mark.slice, mark.region): mark for mark in regions}
    return [places[mark.slice, mark.region] for mark in empty]


def _describe(stack: Stack, family: Family) -> tuple[Statistics, Statistics]:
    """Statistics of the slices and of the stack, computed once."""

    def describe() -> tuple[Statistics, Statistics]:
        counts = family.counts_of(stack)
        return family.describe(counts), family.describe_stack(counts, stack.exam_starts)

    return stack.remember((family, "statistics"), describe)


def _pool(statistics: Statistics, name: Name) -> Float64Array:
    """Pooled values of one statistic, of shape (1, n_regions).

    All statistics are pooled, as NumPy adds many columns in another order than one.
    """
    pooled: Float64Array = pool_slices(statistics, [name.pool])
    return pooled[..., list(statistics).index(name.statistic), 0]


def _fold(values: dict[int, float], region: str) -> tuple[float, tuple[int, ...]]:
    """Value of a column as in the table, and the regions that give it, the most important first."""
    rows = sorted(values, key=lambda r: -values[r])
    ending = region.rpartition("_")[2]
    if len(rows) == 1 or any(np.isnan(list(values.values()))):
        value = values[rows[0]] if len(rows) == 1 else np.nan
    elif ending == "difference":
        value = values[rows[0]] - values[rows[-1]]
    else:
        value = values[rows[0] if ending == "high" else rows[-1]]
        rows = [r for r in rows if values[r] == value]
    return float(np.float32(value)), tuple(rows)


def _move(mark: SliceMark, corner: tuple[int, int, int], shape: tuple[int, ...]) -> SliceMark:
    """Mark with positions in the whole stack, of a mark in a window of it."""
    first, top, left = corner
    outline, segment = mark.outline, mark.segment
    if outline is not None:
        height, width = outline.shape
        whole = np.zeros(shape[1:], bool)
        whole[top : top + height, left : left + width] = outline
        outline = whole
    if segment is not None:
        (y, x), (end_y, end_x) = segment
        segment = (y + top, x + left), (end_y + top, end_x + left)
    return mark._replace(slice=mark.slice + first, outline=outline, segment=segment)
