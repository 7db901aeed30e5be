"""Stacks of a stated pixel size -> the pixel size and size that `load_series` gives."""

from __future__ import annotations

import numpy as np

from mrnet_features.arrays import Float32Array, UInt8Array
from mrnet_features.series.assemble import Scale, resample_slices
from mrnet_features.series.orientation import Turn
from mrnet_features.series.volume import Volume, find_size_problem

__all__ = ["resample_stack"]


def resample_stack(
    stack: UInt8Array,
    spacing_mm: tuple[float, float],
    plane: str,
    *,
    label: str = "stack",
    scale: Scale = Scale(),  # noqa: B008 (immutable)
) -> UInt8Array:
    """Stack of another pixel size, cut or padded to one size around the leg as by `load_series`.

    Grey levels are not stretched: they are interpolated and rounded. What lies outside the picture
    is 0.

    Parameters
    ----------
    stack : ndarray of shape (n_slices, height, width), uint8
        In canonical orientation; slices are not turned.
    spacing_mm : tuple of 2 floats
        Distance of rows, and of columns.
    plane : {"axial", "coronal", "sagittal"}
    label : str, default "stack"
        File of the stack, for messages.
    scale : Scale, optional
        Default: 0.6 mm and 256 pixels. Its percentiles are not used.

    Returns
    -------
    ndarray of shape (n_slices, size, size), uint8

    Raises
    ------
    ValueError
        If it is too large, or shows two legs side by side.

    Examples
    --------
    >>> stack = np.full((1, 512, 400), 90, np.uint8)
    >>> found = resample_stack(stack, (0.3, 0.3), "sagittal")
    >>> found.shape, int((found == 90).sum()) == 256 * 200, int(found.max())
    ((1, 256, 256), True, 90)
    """
    n_slices, height, width = stack.shape
    if problem := find_size_problem(n_slices, height, width):
        raise ValueError(f"'{label}' {problem}. Cut it to the knee, or make it coarser.")

    def read(k: int) -> Float32Array:
        image: Float32Array = stack[k].astype(np.float32)
        return image

    volume = Volume(n_slices, (height, width), spacing_mm, read)
    values, _ = resample_slices(volume, Turn(), scale, plane, label)
    np.nan_to_num(values, copy=False, nan=0.0)
    found: UInt8Array = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return found
