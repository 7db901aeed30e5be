"""Drawn knees: two bones and the cartilage between them."""

import numpy as np


def make_knee(joint, shape=(9, 120, 100), *, bone=150, seed=0):
    """Two bones with a dark cortex and a thin bright layer of cartilage between them, in noise."""
    _, height, width = shape
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    inside = (np.abs(x - (width - 1) / 2) < 0.4 * width) & (y >= 4) & (y < height - 4)
    shaft = np.abs(x - (width - 1) / 2) < 0.25 * width
    grey = np.where(inside, 90.0, 3.0)
    grey[shaft & inside] = bone
    gap = np.abs(y - joint)
    grey[shaft & (gap <= 5)] = 20
    grey[shaft & (gap <= 2)] = 120
    return np.rint(np.clip(grey + rng.normal(0, 3, shape), 0, 255)).astype(np.uint8)
