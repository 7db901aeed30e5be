"""Synthetic knees in canonical orientation, with their side."""

import numpy as np

from mrnet_features.synthetic import draw_knee


def orient(stack, plane, truth):
    """Array of a drawn stack, with the patient's right on the left and first.

    Drawn stacks show the patient's left on the left, and their slices run either way.
    """
    if plane == "sagittal":
        found = stack if truth["sagittal_reversed"] else stack[::-1]
    else:
        found = stack[:, :, ::-1]
    return np.ascontiguousarray(found)


def draw_sided(seed, index=0, **options):
    """Exam of a synthetic knee: stack by plane, and side."""
    knee = draw_knee(seed, "train", index, **options)
    stacks = {plane: orient(stack, plane, knee.truth) for plane, stack in knee.stacks.items()}
    return {**stacks, "side": knee.truth["laterality"]}
