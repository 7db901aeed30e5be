"""A folder of drawn legs in the layout of the release, and faults to put into it."""

import numpy as np

from mrnet_features.names import PLANES
from tests.support.legs import draw_leg

N_TRAIN, N_VALID = 21, 3


def write_legs(root):
    """Write 24 exams without a fault."""
    for split, ids in (("train", range(N_TRAIN)), ("valid", range(N_TRAIN, N_TRAIN + N_VALID))):
        for plane in PLANES:
            (root / split / plane).mkdir(parents=True)
        for task in ("abnormal", "acl", "meniscus"):
            write_labels(root, split, task, {name(k): int(task == "abnormal") for k in ids})
    for k in range(N_TRAIN + N_VALID):
        for number, plane in enumerate(PLANES):
            rng = np.random.default_rng([k, number, 4])
            stack = draw_leg(rng, plane, n_slices=int(rng.integers(9, 14)))
            np.save(stack_path(root, k, plane), stack)


def name(k):
    """Id of exam k."""
    return f"{k:04d}"


def stack_path(root, k, plane):
    return root / ("train" if k < N_TRAIN else "valid") / plane / f"{name(k)}.npy"


def change_stack(root, k, plane, act):
    """Replace a stack by what `act` makes of it."""
    path = stack_path(root, k, plane)
    stack = np.ascontiguousarray(act(np.load(path)))
    path.unlink()  # a link to the folder without faults
    np.save(path, stack)


def write_labels(root, split, task, labels):
    lines = "".join(f"{exam},{label}\n" for exam, label in labels.items())
    (root / f"{split}-{task}.csv").write_text(lines)


def list_findings(table):
    """Findings as a set of (exam, plane, code)."""
    return set(zip(table["exam"], table["plane"], table["code"], strict=True))


def leg(k, plane, **settings):
    """A leg with a fault, seeded by k."""
    return draw_leg(np.random.default_rng([99, k]), plane, **settings)


def add_noise(stack):
    rng = np.random.default_rng(0)
    return np.clip(stack + rng.normal(0, 2, stack.shape), 0, 255).astype(np.uint8)


def blank_two_slices(stack):
    stack[2:4] = 0
    return stack


def repeat_a_slice(stack):
    stack[3] = stack[2]
    return stack


def blur(stack):
    return (sum(np.roll(stack.astype(float), k, 1) for k in range(-4, 5)) / 9).astype(np.uint8)


FAULTS = {
    "ghosting left-right": ("sagittal", lambda s: leg(1, "sagittal", copies=(2, 44, 0.5))),
    "ghosting up-down": ("axial", lambda s: leg(1, "axial", copies=(1, 36, 0.5))),
    "out-of-view to the right": ("sagittal", lambda s: leg(1, "sagittal", moved=(0, 62))),
    "out-of-view to the left": ("coronal", lambda s: leg(1, "coronal", moved=(0, -66))),
    "out-of-view downwards": ("coronal", lambda s: leg(1, "coronal", moved=(52, 0))),
    "out-of-view upwards": ("axial", lambda s: leg(1, "axial", moved=(-60, 0))),
    "orientation: 90 degrees": ("sagittal", lambda s: np.rot90(s, 1, (1, 2))),
    "noise": ("axial", lambda s: leg(1, "axial", noise=16)),
    "blur": ("coronal", blur),
    "saturated": ("axial", lambda s: np.clip(s.astype(int) * 4, 0, 255).astype(np.uint8)),
    "blank-slices": ("axial", blank_two_slices),
    "repeated-slices": ("coronal", repeat_a_slice),
    "slice-count": ("axial", lambda s: leg(1, "axial", n_slices=40)),
}
"""Plane and change, by code and details."""
