"""Describe exams: stacks of a batch -> one row of features per exam."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from mrnet_features.arrays import (
    Array,
    Device,
    Float32Array,
    Int64Array,
    namespace,
    to_device,
    to_host,
)
from mrnet_features.extraction.pooling import fold_pairs, pool_slices
from mrnet_features.extraction.read import Pixels
from mrnet_features.extraction.recipe import BlockStatistics, ColumnBlock, Recipe
from mrnet_features.names import parse_series, say_series
from mrnet_features.stacks.prepare import prepare_batch
from mrnet_features.stacks.region_sets import find_pair_values
from mrnet_features.stacks.stack import Stack, StackBatch


class StackWarning(UserWarning):
    """A stack is valid, but probably not what it should be, such as an inverted picture."""


class Row(NamedTuple):
    """Features of one exam, with the fingerprint of its pixels.

    Attributes
    ----------
    values : ndarray of shape (n_features,), float32
    fingerprint : str
        BLAKE2 hash of the exam's stacks, in hexadecimal.
    warnings : tuple of str, default ()
        One text per series with faults, for a `StackWarning` in the calling process: warnings of
        worker processes do not reach it.
    """

    values: Float32Array
    fingerprint: str
    warnings: tuple[str, ...] = ()


def warn_of_faults(row: Row) -> None:
    """Give the warnings of a row, which may come from a worker process.

    Parameters
    ----------
    row : Row

    Warns
    -----
    StackWarning
    """
    for text in row.warnings:
        warnings.warn(text, StackWarning, stacklevel=3)


class BlockValues(NamedTuple):
    """Values of one column block for some exams of a batch.

    Attributes
    ----------
    exam_indices : tuple of int
        Indices of the exams in the batch.
    columns : ndarray of shape (n_columns,), int64
        Indices of the columns in the table.
    values : array of shape (n_exams, n_columns), float64
        On the device of the stacks.
    """

    exam_indices: tuple[int, ...]
    columns: Int64Array
    values: Array


def describe_batch(batch: Sequence[Pixels], recipe: Recipe, device: Device) -> Float32Array:
    """Features of several exams, one row per exam.

    On a GPU the exams are described together, which fills the device. On the CPU they are
    described one by one: a batch would take more memory and save no time.

    Parameters
    ----------
    batch : sequence of Pixels
        At least one.
    recipe : Recipe
    device : {"cpu", "cuda"}

    Returns
    -------
    ndarray of shape (n_exams, n_features), float32
        Columns as ``recipe.columns()``.

    Raises
    ------
    ValueError
        If the statistics of a family depend on the content of the stack. Notes on every error
        name exam, series and family; for an error that CUDA reports later, they name the batch.
    MemoryError
        If the device has too little memory for so many exams at once.
    """
    if device == "cpu" or len(batch) == 1:
        return np.concatenate([describe_together([pixels], recipe, device) for pixels in batch])
    try:
        return describe_together(batch, recipe, device)
    except MemoryError:
        raise
    except Exception as error:
        if _is_cuda_error(error):
            error.add_note(f"The batch was {batch[0].label} to {batch[-1].label}.")
            raise
        for pixels in batch:
            describe_together([pixels], recipe, device)  # the exam at fault raises, with its name
        error.add_note("No exam of the batch fails when it is described by itself.")
        raise


def make_row(values: Float32Array, pixels: Pixels, recipe: Recipe) -> Row:
    """Row of an exam, with warnings about its stacks and about series without any value.

    Parameters
    ----------
    values : ndarray of shape (n_features,), float32
        As from `describe_batch`.
    pixels : Pixels
    recipe : Recipe

    Returns
    -------
    Row
    """
    is_nan = np.isnan(values)
    may_be_lost = is_nan.any()
    warnings = []
    for series, of_stack in pixels.faults.items():
        faults = list(of_stack)
        blocks = recipe.column_blocks(series) if may_be_lost else ()
        lost = [is_nan[block.columns].all() for block in blocks if block.columns.size]
        if lost and all(lost):
            advice = "" if faults else " Look at the stack, or leave it out."
            kind = say_series(series).partition(" ")[0]
            faults.append(f"Every feature of this {kind} is NaN.{advice}")
        if faults:
            warnings.append(f"{pixels.label}, {say_series(series)}: {' '.join(faults)}")
    return Row(values, pixels.fingerprint, tuple(warnings))


def describe_together(batch: Sequence[Pixels], recipe: Recipe, device: Device) -> Float32Array:
    """Features of several exams, computed on their concatenated stacks.

    Parameters
    ----------
    batch : sequence of Pixels
        At least one.
    recipe : Recipe
    device : {"cpu", "cuda"}

    Returns
    -------
    ndarray of shape (n_exams, n_features), float32
        From a GPU, all values come in one copy. NaN in the columns of the series that an exam
        lacks.

    Raises
    ------
    ValueError
        If the statistics of a family depend on the content of the stack. Notes on every error
        name series and family, and the exam if it is the only one.
    """
    found: list[BlockValues] = []
    label = batch[0].label if len(batch) == 1 else f"a batch of {len(batch)} exams"
    for series in recipe.planes:
        owners = [k for k, pixels in enumerate(batch) if series in pixels.stacks]
        if not owners:
            continue
        try:
            greys = [to_device(batch[k].stacks[series], device) for k in owners]
            stacks = prepare_batch(
                greys,
                parse_series(series).plane,
                recipe.region_sets(series),
                discretisation=recipe.discretisation,
            )
            found += [
                part._replace(exam_indices=tuple(owners[k] for k in part.exam_indices))
                for part in describe_series(stacks, series, recipe)
            ]
        except Exception as error:
            error.add_note(f"while describing {label}, {say_series(series)}")
            raise
    return gather_rows(found, len(batch), len(recipe.columns()))


def describe_series(
    stacks: Mapping[str, Sequence[StackBatch]], series: str, recipe: Recipe
) -> list[BlockValues]:
    """Values of one series of the exams of a batch, on the device of the stacks.

    Parameters
    ----------
    stacks : mapping of str to sequence of StackBatch
        By region set, as from `prepare_batch`.
    series : str
    recipe : Recipe

    Returns
    -------
    list of BlockValues

    Raises
    ------
    ValueError
        If the statistics of a family depend on the content of the stack. A note on an error of a
        family names the family.
    """
    return [
        BlockValues(batch.exam_indices, block.columns, _describe_block(batch, block, recipe))
        for block in recipe.column_blocks(series)
        for batch in stacks[block.region_set]
    ]


def gather_rows(found: Sequence[BlockValues], n_exams: int, n_columns: int) -> Float32Array:
    """Rows of a batch, copied to the host at once.

    Parameters
    ----------
    found : sequence of BlockValues
        From all series; together they hold each column of each exam at most once.
    n_exams, n_columns : int

    Returns
    -------
    ndarray of shape (n_exams, n_columns), float32
        NaN where there is no value.
    """
    rows = np.full((n_exams, n_columns), np.nan, dtype=np.float32)
    if not found:
        return rows
    xp = namespace(*(part.values for part in found))
    numbers = to_host(xp.concat([xp.reshape(part.values, (-1,)) for part in found]))
    begin = 0
    for part in found:
        shape = (len(part.exam_indices), part.columns.size)
        end = begin + shape[0] * shape[1]
        rows[np.ix_(part.exam_indices, part.columns)] = numbers[begin:end].reshape(shape)
        begin = end
    return rows


def _describe_block(stack: Stack, block: ColumnBlock, recipe: Recipe) -> Array:
    """Values of shape (n_exams, n_columns) of one column block, float64."""
    statistics = recipe.compute_statistics(stack, block.series, block.region_set)
    if statistics.suffixes(recipe.pools) != block.suffixes:
        raise ValueError(
            f"The families gave other statistics for region set '{block.region_set}' than for a "
            "blank stack. The statistics of a family must not depend on the content of the stack."
        )
    pair_values = find_pair_values(block.region_set, block.plane, recipe.sides)
    return _pool_and_fold(statistics, stack, recipe.pools, pair_values)


def _pool_and_fold(
    statistics: BlockStatistics, stack: Stack, pools: Sequence[str], pair_values: Sequence[str]
) -> Array:
    """Values region by region; all families at once, since a GPU prefers a few large operations."""
    tables: list[Array] = []
    if statistics.per_slice:
        pooled = pool_slices(statistics.per_slice, pools, stack.exam_starts)
        shape = (stack.n_exams, stack.n_regions, len(statistics.per_slice) * len(pools))
        tables.append(namespace(pooled).reshape(pooled, shape))
    if statistics.per_stack:
        columns = list(statistics.per_stack.values())
        tables.append(namespace(*columns).stack(columns, axis=-1))
    if not tables:
        xp = namespace(stack.grey)
        return xp.zeros((stack.n_exams, 0), dtype=xp.float64)
    xp = namespace(*tables)
    folded = fold_pairs(stack.region_names, xp.concat(tables, axis=-1), pair_values)
    return xp.concat(list(folded.values()), axis=-1)


def _is_cuda_error(error: Exception) -> bool:
    """Whether CUDA raised it: every later call raises it too, whichever exam is described."""
    import cupy

    kinds = cupy.cuda.runtime.CUDARuntimeError | cupy.cuda.driver.CUDADriverError
    return isinstance(error, kinds)
