"""Filter banks: what a region looks like to spots, waves and steps of several sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mrnet_features.arrays import Array, namespace
from mrnet_features.counts.filter_responses import (
    REACH,
    STEPS,
    check_scale,
    gabor_responses,
    laplacian_responses,
)
from mrnet_features.counts.haar_wavelet import haar_responses
from mrnet_features.families.base import Counts, Family, Statistics
from mrnet_features.formulas.histogram import (
    as_float,
    entropy,
    moment,
    normalise,
    quantile,
)
from mrnet_features.stacks.stack import Stack

ORIENTATIONS = ("horizontal", "vertical", "diagonal")


@dataclass(frozen=True)
class Laplacian(Family):
    """Responses of the Laplacian of Gaussian: spots and ridges of one size.

    X are the responses of a region's pixels in quarters of a grey level, positive in the dark; p
    the fractions of their histogram.

    ========= ================== =========== ==========
    statistic formula            unit        range
    ========= ================== =========== ==========
    energy_*  mean(X^2)          grey^2      0..65025
    abs_*     mean(abs(X))       grey levels 0..255
    entropy_* -sum(p log2 p)     bits        0..9
    p10_*     10th percentile    grey levels -255..255
    p90_*     90th percentile    grey levels -255..255
    ========= ================== =========== ==========

    ``*`` is the standard deviation of the Gaussian in pixels. NaN where the region has no pixel.
    Near the edge of a region the response also sees what lies beyond it.

    Parameters
    ----------
    sigmas : tuple of int, default (1, 2, 4)
        1 to 16 pixels.

    Examples
    --------
    >>> import numpy as np
    >>> ones = np.ones((1, 4, 4), np.uint8)
    >>> family, stack = Laplacian(), Stack(ones, ones, ones, n_levels=1)
    >>> float(family.describe(family.count(stack))["abs_2"][0, 0])
    0.0
    """

    name: ClassVar[str] = "laplacian"
    sigmas: tuple[int, ...] = (1, 2, 4)

    def __post_init__(self) -> None:
        for sigma in self.sigmas:
            check_scale(sigma, "sigmas")

    def count(self, stack: Stack) -> Counts:
        """Histograms of the responses, one a sigma."""
        return tuple(laplacian_responses(stack, sigma=float(sigma)) for sigma in self.sigmas)

    def describe(self, counts: Counts) -> Statistics:
        """Formulae of the table above."""
        statistics: dict[str, Array] = {}
        for sigma, histogram in zip(self.sigmas, counts, strict=True):
            xp = namespace(histogram)
            values = xp.arange(-REACH, REACH + 1, dtype=xp.float64)
            described = _describe_responses(as_float(histogram), values)
            del described["median"]  # next to nothing: responses lie about 0
            statistics |= {f"{name}_{sigma}": found for name, found in described.items()}
        return statistics


@dataclass(frozen=True)
class Haar(Family):
    """Details of the undecimated Haar wavelet: steps between the halves of squares.

    X are the absolute details, to a quarter grey level, of every square of S pixels that lies in
    the region: the difference of the means of its left and right half (``horizontal``), of its
    upper and lower half (``vertical``), and of its two pairs of opposite quarters (``diagonal``);
    p are the fractions of their histogram.

    =========== ================== =========== ========
    statistic   formula            unit        range
    =========== ================== =========== ========
    *_energy_*  mean(X^2)          grey^2      0..65025
    *_abs_*     mean(X)            grey levels 0..255
    *_entropy_* -sum(p log2 p)     bits        0..10
    *_median_*  median             grey levels 0..255
    *_p90_*     90th percentile    grey levels 0..255
    =========== ================== =========== ========

    The last ``*`` is S. NaN where no square fits into the region. S = 2, 4 and 8 are the first
    three levels of the stationary wavelet transform with the Haar filter, up to a factor.

    Parameters
    ----------
    sides : tuple of int, default (2, 4, 8)
        S in pixels: 2, 4, 8, 16, 32 or 64.

    Examples
    --------
    >>> import numpy as np
    >>> ones = np.ones((1, 2, 2), np.uint8)
    >>> family, stack = Haar((2,)), Stack(np.uint8([[[0, 4], [0, 4]]]), ones, ones, n_levels=1)
    >>> float(family.describe(family.count(stack))["horizontal_abs_2"][0, 0])
    4.0
    """

    name: ClassVar[str] = "haar"
    sides: tuple[int, ...] = (2, 4, 8)

    def __post_init__(self) -> None:
        if not self.sides or not set(self.sides) <= {2, 4, 8, 16, 32, 64}:
            raise ValueError(f"`sides` must be 2, 4, 8, 16, 32 or 64 pixels, got {self.sides}.")

    def count(self, stack: Stack) -> Counts:
        """Histograms of the details, one array a side."""
        return tuple(haar_responses(stack, side=side) for side in self.sides)

    def describe(self, counts: Counts) -> Statistics:
        """Formulae of the table above."""
        return _describe_orientations(counts, self.sides)


@dataclass(frozen=True)
class Gabor(Family):
    """Magnitudes of Gabor filters: waves of one length along rows, columns and diagonals.

    X are the magnitudes at the pixels of a region, to a quarter grey level, for a wave along the
    row (``horizontal``), along the column (``vertical``) and along the diagonals (``diagonal``,
    both together, because a mirror image swaps them); p are the fractions of their histogram.

    =========== ================== =========== ========
    statistic   formula            unit        range
    =========== ================== =========== ========
    *_energy_*  mean(X^2)          grey^2      0..65025
    *_abs_*     mean(X)            grey levels 0..255
    *_entropy_* -sum(p log2 p)     bits        0..10
    *_median_*  median             grey levels 0..255
    *_p90_*     90th percentile    grey levels 0..255
    =========== ================== =========== ========

    The last ``*`` is the wavelength in pixels. NaN where the region has no pixel. Near the edge of
    a region the response also sees what lies beyond it. As scikit-image's ``gabor_kernel`` with
    the default bandwidth of one octave.

    Parameters
    ----------
    wavelengths : tuple of int, default (4, 8, 16)
        2 to 32 pixels.

    Examples
    --------
    >>> import numpy as np
    >>> ones = np.ones((1, 4, 4), np.uint8)
    >>> family, stack = Gabor((4,)), Stack(ones, ones, ones, n_levels=1)
    >>> float(family.describe(family.count(stack))["vertical_abs_4"][0, 0])
    0.0
    """

    name: ClassVar[str] = "gabor"
    wavelengths: tuple[int, ...] = (4, 8, 16)

    def __post_init__(self) -> None:
        if not self.wavelengths or not all(2 <= length <= 32 for length in self.wavelengths):
            raise ValueError(f"`wavelengths` must be 2 to 32 pixels, got {self.wavelengths}.")

    def count(self, stack: Stack) -> Counts:
        """Histograms of the magnitudes, one array a wavelength."""
        return tuple(gabor_responses(stack, wavelength=float(n)) for n in self.wavelengths)

    def describe(self, counts: Counts) -> Statistics:
        """Formulae of the table above."""
        return _describe_orientations(counts, self.wavelengths)


def _describe_responses(counts: Array, values: Array) -> dict[str, Array]:
    """Summary of responses with these values in quarters of a grey level, ascending by one."""
    xp = namespace(counts)
    fractions = normalise(counts)
    return {
        "energy": moment(fractions, values, 2) / STEPS**2,
        "abs": moment(fractions, xp.abs(values)) / STEPS,
        "entropy": entropy(fractions),
        "p10": quantile(counts, values, 0.1) / STEPS,
        "median": quantile(counts, values, 0.5) / STEPS,
        "p90": quantile(counts, values, 0.9) / STEPS,
    }


def _describe_orientations(counts: Counts, scales: tuple[int, ...]) -> dict[str, Array]:
    statistics: dict[str, Array] = {}
    for scale, histograms in zip(scales, counts, strict=True):
        xp = namespace(histograms)
        values = xp.arange(REACH + 1, dtype=xp.float64)
        described = _describe_responses(as_float(histograms), values)
        del described["p10"]  # of a magnitude it is next to nothing
        for k, orientation in enumerate(ORIENTATIONS):
            statistics |= {f"{orientation}_{n}_{scale}": v[..., k] for n, v in described.items()}
    return statistics
