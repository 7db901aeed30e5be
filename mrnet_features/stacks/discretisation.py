"""Discretisation: 256 grey levels -> a few levels (IBSI 2.7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mrnet_features.arrays import UInt8Array
from mrnet_features.stacks.stack import MAX_LEVELS

N_LEVELS = 32


@dataclass(frozen=True)
class Discretisation:
    """Discretisation of grey levels by a look-up table.

    Either a fixed number of bins between robust limits of the foreground of each stack, or the same
    edges for all stacks.

    Parameters
    ----------
    n_levels : int, default 32
        Number of bins; given by `edges` if set.
    low, high : float, default 0.005 and 0.995
        Quantiles of the grey levels of the foreground where the first bin begins and the last bin
        ends. Grey levels outside belong to these two bins.
    edges : tuple of int, optional
        Grey levels where the second, third, ... level begins; ascending, 1 to 255.

    Examples
    --------
    >>> Discretisation(edges=(64, 128)).table(np.zeros(256))[[0, 63, 64, 127, 128, 255]]
    array([1, 1, 2, 2, 3, 3], dtype=uint8)
    """

    n_levels: int = N_LEVELS
    low: float = 0.005
    high: float = 0.995
    edges: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if self.edges is not None:
            edges = np.asarray(self.edges)
            if not 1 <= edges.size < MAX_LEVELS or not (
                np.all(np.diff(edges) > 0) and edges[0] >= 1 and edges[-1] <= 255
            ):
                raise ValueError(
                    f"`edges` must be 1 to 254 ascending grey levels from 1 to 255, got "
                    f"{self.edges}."
                )
            if self.n_levels not in {N_LEVELS, edges.size + 1}:
                raise ValueError(
                    f"`n_levels` follows from `edges` ({edges.size + 1}), got {self.n_levels}. "
                    "Omit it."
                )
            # plain integers, because the recipe is hashed and written as JSON
            object.__setattr__(self, "edges", tuple(int(edge) for edge in edges))
            object.__setattr__(self, "n_levels", edges.size + 1)
        for name in ("n_levels", "low", "high"):
            value = getattr(self, name)
            if isinstance(value, np.generic):
                object.__setattr__(self, name, value.item())
        if not isinstance(self.n_levels, int):
            raise TypeError(f"`n_levels` must be a whole number, got {self.n_levels!r}.")
        if not 1 <= self.n_levels <= MAX_LEVELS:
            raise ValueError(f"`n_levels` must be 1 to {MAX_LEVELS}, got {self.n_levels}.")
        if not 0 <= self.low < self.high <= 1:
            raise ValueError(
                f"`low` and `high` must be quantiles with 0 <= low < high <= 1, got {self.low} "
                f"and {self.high}."
            )

    def table(self, histogram: np.ndarray[Any, Any]) -> UInt8Array:
        """Look-up table: the level of each grey level.

        Parameters
        ----------
        histogram : ndarray of shape (256,)
            Number of foreground pixels at each grey level.

        Returns
        -------
        ndarray of shape (256,), uint8
            Levels 1 to `n_levels`.
        """
        grey = np.arange(256)
        if self.edges is not None:
            return (np.searchsorted(self.edges, grey, side="right") + 1).astype(np.uint8)
        share = np.cumsum(histogram)
        if share[-1] == 0:
            lowest, highest = 0, 255
        else:
            lowest = int(np.searchsorted(share, self.low * share[-1], side="right"))
            highest = int(np.searchsorted(share, self.high * share[-1], side="left"))
        # IBSI fixed bin number: equal bins over the closed range, the top value in the last bin
        width = max(highest - lowest, 1)
        level = np.floor(self.n_levels * (grey - lowest) / width) + 1
        return np.asarray(np.clip(level, 1, self.n_levels), dtype=np.uint8)
