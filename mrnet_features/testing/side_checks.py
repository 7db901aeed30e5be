"""Check that known sides are named alike in left and right knees."""

from __future__ import annotations

import numpy as np

from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.families.base import Family
from mrnet_features.names import PLANES
from mrnet_features.stacks.mirror import mirror_stack
from mrnet_features.testing.example_stacks import expect, is_close

SIDES = ("medial", "lateral")


def check_sides(family: Family) -> None:
    """A mirrored knee of the other side has the same row, bit for bit.

    With ``FeatureExtractor(sides="known")``. Also, the lower and the higher value of a folded pair
    are those of its medial and its lateral region.
    """
    planes = tuple(plane for plane in PLANES if family.describes(plane))
    known, folded = (
        FeatureExtractor([family], planes=planes, sides=sides, progress=False)
        for sides in ("known", "fold")
    )
    for n_slices, width in ((6, 64), (7, 63)):
        rng = np.random.default_rng(width)
        stacks = {p: rng.integers(30, 256, (n_slices, 72, width), np.uint8) for p in planes}
        mirrored = {plane: mirror_stack(stack, plane) for plane, stack in stacks.items()}
        table = known.fit_transform([{**stacks, "side": "right"}, {**mirrored, "side": "left"}])
        rows = table.to_numpy()
        expect(
            np.array_equal(rows[0], rows[1], equal_nan=True),
            f"{family!r} describes a right knee and its mirror image, a left knee, differently. "
            "Let no statistic depend on anything but the stack.",
        )
        pairs = folded.fit_transform([stacks]).iloc[0]
        for column, value in pairs.items():
            series, region, rest = str(column).split("__", 2)
            stem, _, ending = region.rpartition("_")
            if f"{series}__{stem}_medial__{rest}" not in table or ending == "difference":
                continue
            sides = [table[f"{series}__{stem}_{side}__{rest}"].iloc[0] for side in SIDES]
            expected = np.minimum(*sides) if ending == "low" else np.maximum(*sides)
            expect(
                is_close(value, expected),
                f"{family!r}: {column!r} is {value}, but the medial and the lateral value are "
                f"{sides}. Name regions as `region_names` does.",
            )
