"""Ghosts: what periodic motion during the scan adds to a picture.

Motion with a period changes the signal from one line of k-space to the next. In the picture, this
is a modulation: copies of what moves, displaced along the phase-encoding direction by one, two,
three... times the same distance [1]_.

.. [1] Perman WH, Moran PR, Moran RA, Bernstein MA. Artifacts from pulsatile flow in MR imaging. J
   Comput Assist Tomogr 1986;10(3):473-483.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage, special

SIZE = 256  # pixels of the picture, the unit of displacements


def add_ghosts(
    stack: NDArray[np.float32],
    flow: NDArray[np.uint8],
    plane: str,
    generator: np.random.Generator,
) -> None:
    """Add the ghosts of one stack, in place, displaced along rows or along columns.

    On coronal and sagittal slices, vessels run along the leg: copies displaced along the leg would
    lie on the vessels themselves. Ghosts in that direction are therefore those of a leg that moves.

    Parameters
    ----------
    stack : ndarray of shape (n_slices, height, width), float32
        Signal before noise.
    flow : ndarray of shape (n_slices, height, width), uint8
        1 where samples lie in vessels.
    plane : {"axial", "coronal", "sagittal"}
        Direction of the slices.
    generator : numpy.random.Generator
        Random numbers.
    """
    axis = int(generator.integers(1, 3))
    if axis == 1 and plane != "axial":
        add_motion_ghosts(stack, generator)
    else:
        add_flow_ghosts(stack, flow, axis, generator)


def add_flow_ghosts(
    stack: NDArray[np.float32],
    flow: NDArray[np.uint8],
    axis: int,
    generator: np.random.Generator,
) -> None:
    """Add bright and dark copies of pulsating vessels, displaced along an axis.

    The pulse changes the phase of flowing blood: a frequency modulation. The vessels themselves do
    not change.
    """
    size = stack.shape[axis]
    shift = generator.uniform(28.0, 60.0) * size / SIZE
    swing = generator.uniform(0.8, 1.6)  # radians
    level = generator.uniform(0.8, 2.0) * float(np.median(stack[stack > 0]))
    # each slice is excited at another time of the cardiac cycle
    starts = generator.uniform(0.0, 2.0 * np.pi, len(stack))
    # The flow is known on a checkerboard, at alternating depths of the slice. This mean fills the
    # gaps and weights both depths equally.
    blood = 2.0 * level * flow.astype(np.float32)
    for blurred in (1, 2):
        blood = ndimage.correlate1d(blood, (0.25, 0.5, 0.25), axis=blurred, mode="constant")
    times = starts[:, None] + 2.0 * np.pi * shift * fft.fftfreq(size)
    modulation = (np.exp(1j * swing * np.cos(times)) - special.j0(swing)).astype(np.complex64)
    lines = fft.fft(blood, axis=axis) * np.expand_dims(modulation, 3 - axis)
    pulsating = fft.ifft(lines, axis=axis)
    stack[:] = np.abs(stack + pulsating)


def add_motion_ghosts(stack: NDArray[np.float32], generator: np.random.Generator) -> None:
    """Add copies of edges across the leg, displaced along it.

    The leg moves up and down by some pixels, which multiplies the lines of k-space by a phase that
    grows with the spatial frequency: copies are those of edges.
    """
    size = stack.shape[1]
    shift = generator.uniform(20.0, 50.0) * size / SIZE
    swing = generator.uniform(1.0, 2.0) * size / SIZE  # pixels
    starts = generator.uniform(0.0, 2.0 * np.pi, len(stack))
    frequency = fft.fftfreq(size)
    times = starts[:, None] + 2.0 * np.pi * shift * frequency
    phase = 2.0 * np.pi * swing * frequency * np.cos(times)
    modulation = np.exp(1j * phase).astype(np.complex64)
    stack[:] = np.abs(fft.ifft(fft.fft(stack, axis=1) * modulation[:, :, None], axis=1))
