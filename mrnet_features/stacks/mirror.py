"""Mirror stacks and marks about the middle of the knee, so that a left knee becomes a right one.

Stacks must be in canonical orientation, as `mrnet_features.load_series` gives them: coronal and
axial slices with the patient's right on the left of the picture, sagittal slices from right to
left.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from mrnet_features.stacks.mark import SliceMark

AXES = {"axial": 2, "coronal": 2, "sagittal": 0}
"""Axis of a stack that runs from the patient's right to the left: columns, or slices."""

T = TypeVar("T", bound=np.generic)


def mirror_stack(
    stack: np.ndarray[tuple[int, ...], np.dtype[T]], plane: str
) -> np.ndarray[tuple[int, ...], np.dtype[T]]:
    """Stack of the mirrored knee.

    Parameters
    ----------
    stack : ndarray of shape (n_slices, height, width)
        In canonical orientation.
    plane : {"axial", "coronal", "sagittal"}

    Returns
    -------
    ndarray of shape (n_slices, height, width)
        In canonical orientation. Mirrored again, it is the stack.

    Examples
    --------
    >>> stack = np.arange(4).reshape(2, 1, 2)
    >>> mirror_stack(stack, "coronal").tolist(), mirror_stack(stack, "sagittal").tolist()
    ([[[1, 0]], [[3, 2]]], [[[2, 3]], [[0, 1]]])
    """
    return np.ascontiguousarray(np.flip(stack, axis=AXES[plane]))


def mirror_mark(mark: SliceMark, plane: str, shape: tuple[int, ...]) -> SliceMark:
    """Mark on the mirrored stack.

    Parameters
    ----------
    mark : SliceMark
        With positions in the whole stack.
    plane : {"axial", "coronal", "sagittal"}
    shape : tuple of int
        Of the stack.

    Returns
    -------
    SliceMark
    """
    n_slices, _, width = shape
    if AXES[plane] == 0:
        return mark._replace(slice=n_slices - 1 - mark.slice)
    outline, segment = mark.outline, mark.segment
    if outline is not None:
        outline = np.ascontiguousarray(outline[:, ::-1])
    if segment is not None:
        (y, x), (end_y, end_x) = segment
        segment = (y, width - 1 - x), (end_y, width - 1 - end_x)
    return mark._replace(outline=outline, segment=segment)
