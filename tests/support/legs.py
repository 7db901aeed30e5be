"""Simple drawings of legs for tests of the audit, made in milliseconds."""

import numpy as np
from scipy import ndimage

SIZE = 128


def draw_leg(rng, plane="sagittal", *, n_slices=10, noise=2.0, copies=None, moved=(0, 0)):
    """A stack of a leg with bones, a joint and random spots.

    The leg extends from top to bottom; on axial slices it is round. `copies` (axis, shift,
    strength) adds displaced copies of a vessel. `moved` (rows, columns) displaces the knee.
    """
    y, x = np.mgrid[:SIZE, :SIZE] - np.array(moved)[:, None, None]
    bend = rng.normal(0, 2) + rng.normal(0, 1.5) * np.sin(y / 20)
    if plane == "axial":
        leg = ((y - 64) / 46) ** 2 + ((x - 64 - bend) / 42) ** 2 < 1
        bone = ((y - 58) / 20) ** 2 + ((x - 64) / 26) ** 2 < 1
        joint = abs(np.hypot(y - 58, x - 64) - 28) < 3
    else:
        half = {"sagittal": 34, "coronal": 40}[plane]
        leg = abs(x - 64 - bend) < half
        bone = (abs(y - 62) > 5) & (abs(x - 60) < 16 + 8 * np.exp(-(((y - 62) / 16) ** 2)))
        joint = (abs(y - 62) <= 4) & (abs(x - 60) < 22)
        if plane == "coronal":
            bone = bone & (abs(x - 60) > 4)
    base = 90.0 * leg - 50 * (bone & leg) + 90 * (joint & leg)
    # squares of 8 by 8 pixels at random positions
    strength = rng.normal(0, 20, (n_slices, SIZE * SIZE // 64))
    indices = rng.spawn(1)[0].integers(0, SIZE * SIZE, strength.shape)
    spots = np.zeros((n_slices, SIZE * SIZE))
    np.add.at(spots, (np.arange(n_slices)[:, None], indices), strength)
    spots = spots.reshape(n_slices, SIZE, SIZE)
    for axis in (1, 2):
        spots = 8 * ndimage.uniform_filter1d(spots, 8, axis=axis, mode="wrap")
    stack = base + leg * spots
    # left and right knees are mirror images; the slices may be in either order
    depth = np.linspace(-1, 1, n_slices)[:, None, None]
    stack = stack * (1 - 0.3 * np.abs(depth)) + 12 * depth * leg
    if plane != "sagittal" and rng.random() < 0.5:
        stack = stack[:, :, ::-1]
    if rng.random() < 0.5:
        stack = stack[::-1]
    if copies:
        axis, shift, strength = copies
        vessel = np.zeros(stack.shape)
        inside = np.hypot(y - 84, x - 64) < 4 if plane == "axial" else abs(x - 84) < 3
        vessel[4:7] = inside * 90.0
        stack = add_copies(stack, vessel, axis, shift, strength)
    stack = np.hypot(stack + rng.normal(0, noise, stack.shape), rng.normal(0, noise, stack.shape))
    return np.clip(np.rint(stack), 0, 255).astype(np.uint8)


def add_copies(stack, moving, axis, shift, strength):
    """Magnitude image after modulating the signal of `moving` over the lines of k-space."""
    n_lines = stack.shape[axis]
    shape = [1, 1, 1]
    shape[axis] = n_lines
    line = np.fft.fftfreq(n_lines) * n_lines
    wave = (2 * strength * np.cos(2 * np.pi * line * shift / n_lines)).reshape(shape)
    return np.abs(stack + np.fft.ifft(np.fft.fft(moving, axis=axis) * wave, axis=axis))
