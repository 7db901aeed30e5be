"""Where the pixels of a stack lie in the knee: orientation, field of view, offset, slices."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mrnet_features.names import PLANES
from mrnet_features.synthetic.style import Style

Floats = NDArray[np.float64]

SIZE = 256  # pixels, rows and columns
# Field of view in mm, and middle of the picture (x, y, z) in the default set.
FIELD_OF_VIEW = {"axial": 132.0, "coronal": 165.0, "sagittal": 178.0}
CENTRE = {"axial": (0.0, -3.0, 14.0), "coronal": (0.0, -6.0, 4.0), "sagittal": (0.0, -3.0, 4.0)}
LARGEST_OFFSET = 1.0 / 3.0  # of the picture, in an exam that isn't bad
OUT_OF_VIEW = (0.46, 0.62)  # offset of the joint in a bad exam, as a fraction of the picture
BLOCK_SPREAD = 0.052  # SD of the extent of all slices, as a fraction

# Number of slices in the release: least, mean, most.
SLICE_COUNTS = {"axial": (19, 34.3, 61), "coronal": (17, 29.8, 58), "sagittal": (17, 30.4, 51)}
# Difference of the logarithm between normal and abnormal exams. In the release, the number of
# slices alone separates them with an AUC near 0.7, a shortcut for models; here it is about 0.65.
SLICE_COUNT_SHORTCUT = 0.085


@dataclass(frozen=True)
class Placement:
    """Position of every pixel of a stack, in mm of the canonical left knee.

    `first` is the position of the first pixel of the first slice, in a picture of 256 x 256
    pixels. `steps`, of shape (3, 3), holds the vectors to the next row, the next column and the
    next slice as columns.
    """

    first: Floats
    steps: Floats
    n_slices: int
    reversed_slices: bool

    def origins(self, n_pixels: int) -> Floats:
        """Position of the first pixel of each slice if the picture has `n_pixels` columns."""
        # the picture's corner is half a pixel before the middle of its first pixel
        inset = 0.5 * (SIZE / n_pixels - 1.0)
        corner = self.first + inset * (self.steps[:, 0] + self.steps[:, 1])
        return corner + np.arange(self.n_slices)[:, None] * self.steps[:, 2]


def rotation(degrees: Floats) -> Floats:
    """Matrix of the rotations about x, then y, then z, by three angles in degrees."""
    a, b, c = np.deg2rad(degrees)
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    product: Floats = about_z @ about_y @ about_x
    return product


def sample_slice_count(
    generator: np.random.Generator, plane: str, abnormal: int, style: Style
) -> int:
    """Random number of slices, with the range of the release and the mean of the style."""
    least, _, most = SLICE_COUNTS[plane]
    mean = style.slices[PLANES.index(plane)]
    centre = np.log(mean) - 0.5 * style.slice_spread**2 + SLICE_COUNT_SHORTCUT * (abnormal - 0.8)
    count = np.exp(generator.normal(centre, style.slice_spread))
    if generator.random() < 0.01:  # the rare long protocol
        count = generator.uniform(mean, most)
    return int(np.clip(np.rint(count), least, most))


def place_stack(
    plane: str,
    generator: np.random.Generator,
    style: Style,
    *,
    pose: Floats,
    scale: float,
    left: bool,
    abnormal: int = 1,
    out_of_view: bool = False,
) -> Placement:
    """Random position of one stack.

    Parameters
    ----------
    plane : {"axial", "coronal", "sagittal"}
        Direction of the slices.
    generator : numpy.random.Generator
        Random numbers of this plane.
    style : Style
        What the exams of the set have in common.
    pose : ndarray of shape (3, 3), float64
        Rotation of the knee in the scanner.
    scale : float
        Size of the person, 1 for the measured knee.
    left : bool
        Whether it is a left knee; a right one is the mirror image. The patient's right is on the
        left of coronal and axial pictures, so that a left knee's lateral side is on the right.
    abnormal : {0, 1}
        Has a small effect on the number of slices.
    out_of_view : bool
        Whether the joint lies at the edge of the picture or outside: at any of the four sides.

    Returns
    -------
    Placement
    """
    k = PLANES.index(plane)
    n_slices = sample_slice_count(generator, plane, abnormal, style)
    reversed_slices = bool(generator.random() < 0.5)
    depth = style.block_mm[k] * generator.normal(1.0, BLOCK_SPREAD) * scale**0.5
    view = FIELD_OF_VIEW[plane] * style.view[k]
    view *= generator.normal(1.0, style.view_spread) * scale**0.7
    # unit vectors of the scanner along the canonical axes x (lateral), y (posterior), z (superior)
    mirror = 1.0 if left else -1.0
    x, y, z = np.diag([mirror, 1.0, 1.0])
    row, column, through = {
        "axial": (y, x, z),
        "coronal": (-z, x, y),
        "sagittal": (-z, y, x),
    }[plane]
    if reversed_slices:
        through = -through
    offset = np.array([style.offset_rows[k], style.offset_columns[k]])
    offset += generator.normal(0.0, style.offset_spread, 2)
    offset = np.clip(offset, -LARGEST_OFFSET, LARGEST_OFFSET)
    side = generator.choice([-1.0, 1.0]) * generator.uniform(*OUT_OF_VIEW)
    along = int(generator.integers(2))
    if out_of_view:
        offset[along] = side
    centre = np.array(CENTRE[plane]) + generator.normal(0.0, 2.0, 3) * np.abs(through)
    turn = pose @ rotation(generator.normal(0.0, style.plane_rotation, 3)) / scale
    gap = depth / n_slices
    pixel = view / SIZE
    steps = turn @ np.column_stack([row * pixel, column * pixel, through * gap])
    middle = np.array([0.5 * (SIZE - 1), 0.5 * (SIZE - 1), 0.5 * (n_slices - 1)])
    middle[:2] += SIZE * offset
    return Placement(centre - steps @ middle, steps, n_slices, reversed_slices)
