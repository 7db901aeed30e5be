"""Launch CUDA kernels: read the sources, compile each once, pass arguments."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mrnet_features.arrays import Array

FOLDERS = tuple(Path(__file__).parent / name / "cuda" for name in ("stacks", "counts"))
"""Folders of the CUDA sources, beside the functions they implement. File names are unique."""

N_THREADS = 256
"""Threads per block, for kernels that work with any number."""

MAX_ITEMS = 2**31 - 1
"""Pixels or other items per launch: kernels index them with 32 bits."""

SHARED_BYTES = 48 * 1024
"""Shared memory per block that every device offers by default."""

TILE_ROWS, TILE_COLUMNS = 64, 256  # must equal those in tiles.cuh


@functools.cache
def read_source(name: str) -> str:
    """Text of a CUDA source, with our own headers in place of their ``#include`` lines.

    A single text needs no search path, so the compiler never reads a file.

    Parameters
    ----------
    name : str
        File name in one of `FOLDERS`.

    Returns
    -------
    str
    """
    [path] = (folder / name for folder in FOLDERS if (folder / name).is_file())
    text = path.read_text(encoding="utf-8")
    return re.sub(
        r'^#include "(\w+\.cuh)"$', lambda found: read_source(found[1]), text, flags=re.MULTILINE
    )


def count_tiles(n_slices: int, n_regions: int, height: int, width: int) -> int:
    """Number of blocks: one per slice, region and tile. See ``counts/cuda/tiles.cuh``.

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
    """Number of blocks for threads that loop over 16 items, so that thread set-up costs little.

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
    """Raise ValueError if there are more than `MAX_ITEMS` items."""
    if n_items > MAX_ITEMS:
        raise ValueError(
            f"A stack on a GPU must have at most {MAX_ITEMS} pixels, got {n_items}. "
            "Pass fewer slices at once."
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
    """Launch a kernel on the current device and stream, without waiting for it to end.

    Parameters
    ----------
    source : str
        File name in one of `FOLDERS`.
    kernel : str
        Name of a kernel in it.
    n_blocks, n_threads : int
        Number of blocks, in one dimension, and of threads per block.
    args : sequence of CuPy array, NumPy scalar or int
        Arguments of the kernel, in order. A Python int is passed as C's `int`.
    shared : int, default 0
        Bytes of dynamic shared memory, at most `SHARED_BYTES`.

    Raises
    ------
    ValueError
        If an array is not contiguous: a kernel receives its address without strides.
    """
    import cupy

    for index, arg in enumerate(args):
        if isinstance(arg, cupy.ndarray) and not arg.flags.c_contiguous:
            raise ValueError(
                f"Argument {index} of kernel `{kernel}` must be contiguous, got strides "
                f"{arg.strides} for shape {arg.shape}. Convert it with `contiguous(array)`."
            )
    function = _find_kernel(source, kernel, int(cupy.cuda.runtime.getDevice()))
    passed = tuple(np.int32(arg) if isinstance(arg, int) else arg for arg in args)
    function((n_blocks,), (n_threads,), passed, shared_mem=shared)


def launch_each(
    source: str, kernel: str, n_items: int, args: Sequence[Array | np.generic | int]
) -> None:
    """Launch a kernel with one thread per item; spare threads of the last block do nothing.

    Parameters
    ----------
    source, kernel : str
        As in `launch`.
    n_items : int
        If 0, nothing is launched.
    args : sequence of CuPy array, NumPy scalar or int
        As in `launch`.

    Raises
    ------
    ValueError
        If there are more than `MAX_ITEMS` items.
    """
    check_items(n_items)
    if n_items > 0:
        launch(source, kernel, -(-n_items // N_THREADS), N_THREADS, args)


@functools.cache
def _find_kernel(source: str, kernel: str, device: int) -> Any:
    return _load(source, device).get_function(kernel)


@functools.cache
def _load(source: str, device: int) -> Any:  # noqa: ARG001 (a module belongs to a device)
    import cupy

    return cupy.RawModule(code=read_source(source), options=("-std=c++17",))
