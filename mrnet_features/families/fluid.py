"""Bright fluid on the fluid-sensitive planes: how much, where along the stack, in what pools."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from mrnet_features.arrays import Array, namespace
from mrnet_features.counts.histogram import histogram
from mrnet_features.counts.pools import Pools, pools
from mrnet_features.families.base import Counts, Family, Statistics
from mrnet_features.families.distributions import as_float, divide, moment, quantile
from mrnet_features.stacks.prepare import Stack

MAD_TO_SD = 1.4826  # of a normal distribution
MIN_POOL = 1e-4  # of the region; smaller pools are vessels and noise


class FluidCounts(NamedTuple):
    """What the fluid family counts.

    Attributes
    ----------
    histogram : array of shape (n_slices, n_regions, 256), int32
    thresholds : tuple of int
        The fixed thresholds, then the adaptive one.
    pools : tuple of Pools
        Pools at each threshold.
    """

    histogram: Array
    thresholds: tuple[int, ...]
    pools: tuple[Pools, ...]


@dataclass(frozen=True)
class Fluid(Family):
    """Pixels as bright as fluid, on the planes where fluid is bright.

    Effusion, oedema and a meniscal cyst are bright on fat-suppressed images, and abnormal fluid,
    in amount or place, is the key sign of pathology. A pixel counts as fluid from a grey level T
    on: each of `thresholds`, named in the statistic, and an adaptive one, the median of the
    stack's regions plus `deviations` robust standard deviations (1.4826 times the median absolute
    deviation). f is the fraction of a region's pixels at or above T; f_k of slice k; z_k from 0 to
    1 the depth of slice k. Pools are 3-D, 26-connected.

    ================= ================================================= ======== =======
    statistic         formula                                           unit     range
    ================= ================================================= ======== =======
    fraction_*        f                                                 fraction 0..1
    largest_pool_*    pixels of the largest pool / region (stack only)  fraction 0..1
    top3_pools_*      pixels of the three largest / region (stack only) fraction 0..1
    n_pools_*         pools of at least .0001 region (stack only)       1        0..
    peak_*            max f_k / mean f_k (stack only)                   1        1..
    peak_place_*      abs(2z - 1) at the max, the mean if tied (stack)  1        0..1
    off_centre_*      abs(2c - 1), c = sum(z f) / sum(f) (stack only)   1        0..1
    spread_*          sqrt(sum((z - c)^2 f) / sum(f)) (stack only)      1        0...5
    ================= ================================================= ======== =======

    ``*`` is the threshold, or ``adaptive``. NaN where the region has no pixel; the last four also
    where no pixel is bright. Places are folded about the middle, so that the order of the slices
    does not matter.

    Parameters
    ----------
    thresholds : tuple of int, default (128, 160, 192)
        Grey levels. Released MRNet stacks are standardised per sequence, so fixed ones mean
        the same in every exam.
    deviations : float, default 3.0

    Examples
    --------
    >>> import numpy as np
    >>> ones = np.ones((1, 1, 4), np.uint8)
    >>> family, stack = Fluid(), Stack(np.uint8([[[9, 9, 9, 200]]]), ones, ones, n_levels=1)
    >>> float(family.describe(family.count(stack))["fraction_192"][0, 0])
    0.25
    """

    name: ClassVar[str] = "fluid"
    planes: ClassVar[tuple[str, ...]] = ("axial", "sagittal")
    slices_talk: ClassVar[bool] = True

    thresholds: tuple[int, ...] = (128, 160, 192)
    deviations: float = 3.0

    def __post_init__(self) -> None:
        if not all(1 <= threshold <= 255 for threshold in self.thresholds):
            raise ValueError(f"`thresholds` must be grey levels 1 to 255, got {self.thresholds}.")
        if len(set(self.thresholds)) < len(self.thresholds):
            raise ValueError(f"`thresholds` must differ, got {self.thresholds}.")

    def count(self, stack: Stack) -> Counts:
        """Histogram, and pools at every threshold."""
        counts = histogram(stack.grey, stack.regions, n_values=256, n_regions=stack.n_regions)
        thresholds = (*self.thresholds, self._adapt(counts))
        return FluidCounts(
            counts,
            thresholds,
            tuple(
                pools(stack.grey, stack.regions, threshold=t, n_regions=stack.n_regions)
                for t in thresholds
            ),
        )

    def describe(self, counts: Counts) -> Statistics:
        """Fractions of each slice."""
        return {
            f"fraction_{name}": _fraction(counts.histogram, threshold)
            for name, threshold in zip(self._names(), counts.thresholds, strict=True)
        }

    def describe_stack(self, counts: Counts) -> Statistics:
        """All of the table above."""
        xp = namespace(counts.histogram)
        merged = xp.sum(counts.histogram, axis=0, keepdims=True)
        n_pixels = xp.sum(as_float(merged[0, ...]), axis=-1)
        rows = zip(self._names(), counts.thresholds, counts.pools, strict=True)
        statistics: dict[str, Array] = {}
        for name, threshold, found in rows:
            slices = _fraction(counts.histogram, threshold)
            described = {
                "fraction": _fraction(merged, threshold)[0, :],
                **_describe_pools(found, n_pixels),
                **_describe_profile(slices),
            }
            statistics |= {f"{key}_{name}": values for key, values in described.items()}
        return statistics

    def _names(self) -> list[str]:
        return [*(str(threshold) for threshold in self.thresholds), "adaptive"]

    def _adapt(self, counts: Array) -> int:
        """Grey level that stands out from the stack's regions; 255 at the most."""
        xp = namespace(counts)
        total = as_float(xp.sum(counts, axis=(0, 1)))
        if float(xp.sum(total)) == 0:
            return 255
        grey = xp.arange(256, dtype=xp.float64)
        median = float(quantile(total, grey, 0.5))
        # distances to a median of x.5 end in .5 too: twice the distance is a whole number
        twice = xp.arange(511, dtype=xp.float64)
        distance = xp.abs(2 * grey - 2 * median)
        by_distance = xp.sum(
            xp.where(distance[None, :] == twice[:, None], total[None, :], 0.0), axis=-1
        )
        deviation = MAD_TO_SD * float(quantile(by_distance, twice, 0.5)) / 2
        return min(int(median + self.deviations * max(deviation, 1.0)) + 1, 255)


def _fraction(counts: Array, threshold: int) -> Array:
    """Fraction of pixels at or above a grey level."""
    xp = namespace(counts)
    counts = as_float(counts)
    return divide(xp.sum(counts[..., threshold:], axis=-1), xp.sum(counts, axis=-1))


def _describe_pools(found: Pools, n_pixels: Array) -> dict[str, Array]:
    """Number and size of each region's pools."""
    xp = namespace(n_pixels)
    regions = xp.arange(n_pixels.shape[0], dtype=xp.int32)
    # three empty pools stand in where a region has fewer
    inside = found.region[None, :] == regions[:, None]
    sizes = xp.where(inside, as_float(found.size)[None, :], 0.0)
    sizes = xp.concat([sizes, xp.zeros((n_pixels.shape[0], 3), dtype=xp.float64)], axis=-1)
    largest = xp.sort(sizes, axis=-1, descending=True)[:, :3]
    smallest = xp.maximum(MIN_POOL * n_pixels, xp.ones_like(n_pixels))
    number = xp.sum(xp.astype(sizes >= smallest[:, None], xp.float64), axis=-1)
    return {
        "largest_pool": divide(largest[:, 0], n_pixels),
        "top3_pools": divide(xp.sum(largest, axis=-1), n_pixels),
        "n_pools": xp.where(n_pixels > 0, number, xp.full_like(number, float("nan"))),
    }


def _describe_profile(slices: Array) -> dict[str, Array]:
    """Shape of a fraction's profile over the slices, whichever end comes first."""
    xp = namespace(slices)
    n_slices = slices.shape[0]
    depth = (xp.arange(n_slices, dtype=xp.float64) + 0.5) / n_slices
    profile = xp.permute_dims(xp.where(xp.isnan(slices), 0.0, slices), (1, 0))
    share = divide(profile, xp.sum(profile, axis=-1, keepdims=True))
    highest = xp.max(profile, axis=-1)
    at_peak = xp.astype(profile == highest[:, None], xp.float64)
    place = divide(xp.sum(at_peak * xp.abs(2 * depth - 1), axis=-1), xp.sum(at_peak, axis=-1))
    centre = moment(share, depth)
    return {
        "peak": n_slices * xp.max(share, axis=-1),
        "peak_place": place + 0 * centre,
        "off_centre": xp.abs(2 * centre - 1),
        "spread": xp.sqrt(moment(share, depth, 2, about=centre)),
    }
