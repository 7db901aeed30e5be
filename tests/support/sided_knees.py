"""Synthetic knees in canonical orientation, with their side."""

import numpy as np

from mrnet_features.synthetic import draw_knee


def orient(stack, plane, truth):
    """Array of a drawn stack in canonical orientation: its slices run either way."""
    is_turned = plane == "sagittal" and truth["sagittal_reversed"]
    return np.ascontiguousarray(stack[::-1] if is_turned else stack)


def draw_sided(seed, index=0, **options):
    """Exam of a synthetic knee: stack by plane, and side."""
    knee = draw_knee(seed, "train", index, **options)
    stacks = {plane: orient(stack, plane, knee.truth) for plane, stack in knee.stacks.items()}
    return {**stacks, "side": knee.truth["laterality"]}
