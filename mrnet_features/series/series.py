"""Series: one stack as read from DICOM or NIfTI, and all that was found out and done."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mrnet_features.arrays import UInt8Array

__all__ = ["Series"]


@dataclass(frozen=True, eq=False, repr=False)
class Series:
    """One series as a stack in canonical orientation and scale.

    It holds no text of the file: no name, birth date, patient id or accession number.

    Attributes
    ----------
    stack : ndarray of shape (n_slices, size, size), uint8
        Sagittal: front to the left, head up. Coronal: head up, the patient's right on the left.
        Axial: front up, the patient's right on the left. Slices run from right to left, from front
        to back and from foot to head.
    plane : {"axial", "coronal", "sagittal"}
    spacing_mm : tuple of 3 floats
        Distance of slices, rows and columns of `stack`. That of slices is NaN if the file does not
        say.
    side : {"left", "right", "unknown"}
        Side of the knee.
    side_source : {"tag", "position", "none"}
        How the side was found: a tag of the file says so, or the picture lies to one side of the
        middle of the scanner.
    side_confidence : float
        Probability that `side` is right, as far as it is known; 0 if the side is unknown.
    fat_suppressed, fluid_bright : bool or None
        From the tags; None if these do not say.
    recipe : dict
        Everything that was done to the pixels, as plain numbers and text for JSON.
    warnings : tuple of str
        What a reader should know, one sentence or two each.
    """

    stack: UInt8Array
    plane: str
    spacing_mm: tuple[float, float, float]
    side: str = "unknown"
    side_source: str = "none"
    side_confidence: float = 0.0
    fat_suppressed: bool | None = None
    fluid_bright: bool | None = None
    recipe: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        n_slices, height, width = self.stack.shape
        spacing = " x ".join(f"{mm:.3g}" for mm in self.spacing_mm)
        n = len(self.warnings)
        return (
            f"Series({self.plane}, {n_slices} slices of {height} x {width}, {spacing} mm, "
            f"side {self.side}{f', {n} warnings' if n > 1 else ', 1 warning' if n else ''})"
        )
