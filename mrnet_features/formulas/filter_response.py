"""Statistics of filter responses, from histograms with bins of a quarter grey level."""

from __future__ import annotations

from collections.abc import Sequence

from mrnet_features.arrays import Array, namespace
from mrnet_features.counts.filter_responses import STEPS
from mrnet_features.formulas.histogram import as_float, count_entropy, divide, quantiles

ORIENTATIONS = ("horizontal", "vertical", "diagonal")
PERCENTILES = {"p10": 0.1, "median": 0.5, "p90": 0.9}


def describe_responses(
    counts: Array, percentiles: Sequence[str], *, lowest: int = 0
) -> dict[str, Array]:
    """Energy, mean absolute value, entropy and percentiles of responses.

    Parameters
    ----------
    counts : array of shape (..., n_values), integer
        Histograms; values ascend by a quarter of a grey level.
    percentiles : sequence of str
        Names of `PERCENTILES`.
    lowest : int, default 0
        First value, in units of 1/4 grey level.

    Returns
    -------
    dict of str to array of shape (...), float64
        NaN where nothing is counted.

    Examples
    --------
    >>> import numpy as np
    >>> counts = np.array([0, 1, 0, 1])  # 1/4 and 3/4 of a grey level
    >>> float(describe_responses(counts, ["p90"])["abs"])
    0.5
    """
    xp = namespace(counts)
    values = xp.arange(lowest, lowest + counts.shape[-1], dtype=xp.float64)
    number = as_float(counts)
    # sums of whole numbers are exact
    sums = xp.matmul(number, xp.stack([xp.ones_like(values), values**2, xp.abs(values)], axis=-1))
    total = sums[..., 0]
    levels = quantiles(counts, values, [PERCENTILES[name] for name in percentiles])
    return {
        "energy": divide(sums[..., 1], total) / STEPS**2,
        "abs": divide(sums[..., 2], total) / STEPS,
        "entropy": count_entropy(counts),
        **{name: level / STEPS for name, level in zip(percentiles, levels, strict=True)},
    }


def describe_orientations(histograms: Sequence[Array], scales: Sequence[int]) -> dict[str, Array]:
    """Statistics of the magnitudes of each orientation at each scale.

    Parameters
    ----------
    histograms : sequence of array of shape (..., 3, n_values), integer
        One per scale; the second last axis is `ORIENTATIONS`.
    scales : sequence of int
        Last part of the names.

    Returns
    -------
    dict of str to array of shape (...), float64
        By ``{orientation}_{statistic}_{scale}``; as `describe_responses`, without ``p10``, which is
        close to 0 for a magnitude.
    """
    statistics: dict[str, Array] = {}
    for scale, counts in zip(scales, histograms, strict=True):
        described = describe_responses(counts, ("median", "p90"))
        for k, orientation in enumerate(ORIENTATIONS):
            statistics |= {f"{orientation}_{n}_{scale}": v[..., k] for n, v in described.items()}
    return statistics
