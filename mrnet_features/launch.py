"""CUDA sources: read, compiled once, launched; the one place that hands anything to a kernel."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mrnet_features.arrays import Array

FOLDERS = tuple(Path(__file__).parent / name / "cuda" for name in ("stacks", "counts"))
"""Where the sources lie: beside the functions whose bodies they are. No two have one name."""

N_THREADS = 256
"""Threads of a block, for kernels that don't care."""

MOST_ITEMS = 2**31 - 1
"""Pixels, or what else a thread takes, of one launch: kernels count them in 32 bits."""

SHARED_BYTES = 48 * 1024
"""Shared memory that a block has on every device without asking for more."""

TILE_ROWS, TILE_COLUMNS = 64, 256  # as tiles.cuh has them


@functools.cache
def read_source(name: str) -> str:
    """Text of a CUDA source, our own headers put in where they are included.

    A single text needs no search path, so that the compiler never reads a file.

    Parameters
    ----------
    name : str
        File in one of `FOLDERS`.

    Returns
    -------
    str
    """
    [path] = (folder / name for folder in FOLDERS if (folder / name).is_file())
    text = path.read_text(encoding="utf-8")
    return re.sub(
        r'^#include "(\w+\.cuh)"$', lambda found: read_source(found[1]), text, flags=re.MULTILINE
    )


def list_sources() -> list[str]:
    """Names of the CUDA sources that hold kernels.

    Returns
    -------
    list of str
    """
    return sorted(path.name for folder in FOLDERS for path in folder.glob("*.cu"))


def count_tiles(n_slices: int, n_regions: int, height: int, width: int) -> int:
    """Blocks that take a stack by region and tile, see ``counts/cuda/tiles.cuh``.

    Parameters
    ----------
    n_slices, n_regions, height, width : int

    Returns
    -------
    int

    Examples
    --------
    >>> count_tiles(2, 3, 65, 256)
    12
    """
    return n_slices * n_regions * -(-height // TILE_ROWS) * -(-width // TILE_COLUMNS)


def count_walks(n_items: int) -> int:
    """Blocks whose threads walk over many items each, so that what they begin with pays off.

    Parameters
    ----------
    n_items : int

    Returns
    -------
    int

    Examples
    --------
    >>> count_walks(256 * 256)
    16
    """
    return -(-n_items // (16 * N_THREADS))


def check_items(n_items: int) -> None:
    """Raise if there are more than `MOST_ITEMS` items."""
    if n_items > MOST_ITEMS:
        raise ValueError(
            f"A GPU takes at most {MOST_ITEMS} pixels at once, got {n_items}. "
            "Count fewer slices at once."
        )


def launch(
    source: str,
    kernel: str,
    n_blocks: int,
    n_threads: int,
    args: Sequence[Array | np.generic | int],
    *,
    shared: int = 0,
) -> None:
    """Launch a kernel on the current device and stream; it does not wait for the end.

    Parameters
    ----------
    source : str
        File in one of `FOLDERS`.
    kernel : str
        Name of a kernel in it.
    n_blocks, n_threads : int
        Blocks, in one dimension, and threads of a block.
    args : sequence of CuPy array, NumPy scalar or int
        What the kernel takes, in its order. Integers become the kernel's `int`.
    shared : int, default 0
        Bytes of dynamic shared memory, at most `SHARED_BYTES`.

    Raises
    ------
    ValueError
        If an array is not contiguous: a kernel gets an address and no strides.
    """
    import cupy

    for place, arg in enumerate(args):
        if isinstance(arg, cupy.ndarray) and not arg.flags.c_contiguous:
            raise ValueError(f"Argument {place} of kernel `{kernel}` must be contiguous.")
    function = _find_kernel(source, kernel, int(cupy.cuda.runtime.getDevice()))
    taken = tuple(np.int32(arg) if isinstance(arg, int) else arg for arg in args)
    function((n_blocks,), (n_threads,), taken, shared_mem=shared)


def launch_each(
    source: str, kernel: str, n_items: int, args: Sequence[Array | np.generic | int]
) -> None:
    """Launch a kernel with one thread an item, those of the last block that are left over idle.

    Parameters
    ----------
    source, kernel : str
        As `launch` has them.
    n_items : int
        Nothing is launched for none.
    args : sequence of CuPy array, NumPy scalar or int
        As `launch` has them.

    Raises
    ------
    ValueError
        If there are more than `MOST_ITEMS`.
    """
    check_items(n_items)
    if n_items > 0:
        launch(source, kernel, -(-n_items // N_THREADS), N_THREADS, args)


@functools.cache
def _find_kernel(source: str, kernel: str, device: int) -> Any:
    return _load(source, device).get_function(kernel)


@functools.cache
def _load(source: str, device: int) -> Any:  # noqa: ARG001 (modules belong to a device)
    import cupy

    return cupy.RawModule(code=read_source(source), options=("-std=c++17",))
