"""Random changes of training slices: shift, rotation, size and mirroring."""

from __future__ import annotations

import math
from typing import Any

from mrnet_features.cnn.libraries import import_torch
from mrnet_features.names import parse_series

__all__ = ["can_mirror", "change_exam"]

MOST_DEGREES, MOST_SHIFT, MOST_SIZE = 10.0, 0.05, 0.1
"""Rotation in degrees, shift as a fraction of the picture, and change of size: less than the 25
degrees and 0.1 of the published network, since few exams then teach a network of ours more."""


def can_mirror(series: str) -> bool:
    """Whether mirroring a slice of a series gives the slice of a knee of the other side.

    Parameters
    ----------
    series : str

    Returns
    -------
    bool
        False for sagittal series: the front of the knee would become its back.

    Examples
    --------
    >>> can_mirror("coronal"), can_mirror("sagittal_fluid")
    (True, False)
    """
    return parse_series(series).plane != "sagittal"


def change_exam(slices: Any, series: str, generator: Any) -> Any:
    """Slices of one exam, all changed in the same way.

    Parameters
    ----------
    slices : tensor of shape (n_slices, height, width), float32
        Grey levels 0 to 255.
    series : str
        Its plane decides whether slices are mirrored.
    generator : torch.Generator
        On the CPU.

    Returns
    -------
    tensor of shape (n_slices, height, width), float32
        Black where the slice came from outside of the picture.
    """
    torch = import_torch()
    angle, across, down, size, side = (torch.rand(5, generator=generator) * 2 - 1).tolist()
    angle *= math.radians(MOST_DEGREES)
    scale = 1 + MOST_SIZE * size
    mirror = -1.0 if side < 0 and can_mirror(series) else 1.0
    cos, sin = math.cos(angle) * scale, math.sin(angle) * scale
    # a shift of 2 is the whole picture
    rows = [
        [mirror * cos, -sin, 2 * MOST_SHIFT * across],
        [mirror * sin, cos, 2 * MOST_SHIFT * down],
    ]
    matrix = torch.tensor([rows], dtype=torch.float32, device=slices.device)
    # one grid for all slices, which are channels here
    grid = torch.nn.functional.affine_grid(matrix, (1, 1, *slices.shape[1:]), align_corners=False)
    return torch.nn.functional.grid_sample(slices[None], grid, align_corners=False)[0]
