"""View of a series: leg and edges around the leg's middle, and how unlike the other exams they are.

The exams of a series share a view: leg and edges differ from their mean by a few principal
components. What these leave over is small for a picture of the same view, whatever its contrast,
and large for another part of the body, another plane or a turned picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from sklearn.decomposition import PCA

from mrnet_features.arrays import Float32Array, Float64Array
from mrnet_features.quality.measurements import Measures
from mrnet_features.quality.similarity import robust_sd

N_COMPONENTS = 12  # of the exams of a series
N_FOLDS = 6  # an exam is compared with a model that has not seen it
MIN_SPREAD = 0.03  # of a logarithm, as in `cohort_rules`


class View(NamedTuple):
    """Two descriptions of a stack, each shifted so that the leg's middle is in the middle.

    Attributes
    ----------
    edges : ndarray of shape (256,), float32
        Edges between rows and between columns, means and differences of left and right; mirroring
        changes nothing.
    leg : ndarray of shape (256,), float32
        Fraction of leg, mean of left and right.
    """

    edges: Float32Array
    leg: Float32Array


def describe_view(measures: Measures, quarter: int = 0) -> View:
    """View of a stack.

    Parameters
    ----------
    measures : Measures
    quarter : int, default 0
        Quarter turns to apply before.

    Returns
    -------
    View
    """
    ends = len(measures.leg) // 4
    leg = np.asarray(measures.leg[ends:-ends].mean(axis=0) / 255, dtype=np.float32)
    picture = np.rot90(measures.picture[:2], quarter, axes=(1, 2))  # without brightness
    if quarter % 2:  # edges between rows become edges between columns
        picture = picture[::-1]
    leg = np.asarray(np.rot90(leg, quarter))
    shift = [_find_shift(leg.sum(axis=1 - axis)) for axis in (0, 1)]
    leg = _halve(np.roll(leg, shift, axis=(0, 1))[None])[0]
    picture = _halve(_halve(np.roll(picture, shift, axis=(1, 2))))
    mirrored = picture[..., ::-1]
    edges = np.stack([picture + mirrored, np.abs(picture - mirrored)]) / 2
    both = (leg + leg[:, ::-1]) / 2
    return View(edges.ravel().astype(np.float32), both.ravel().astype(np.float32))


def _find_shift(profile: Float32Array | Float64Array) -> int:
    """Cells from the middle of a profile to the middle of the axis."""
    total = float(profile.sum())
    if not total:
        return 0
    middle = float(profile @ np.arange(len(profile))) / total
    return round((len(profile) - 1) / 2 - middle)


def _halve(pictures: Float32Array) -> Float32Array:
    """Means of 2 x 2 cells."""
    n, height, width = pictures.shape
    cells = pictures.reshape(n, height // 2, 2, width // 2, 2)
    return np.asarray(cells.mean(axis=(2, 4)), dtype=np.float32)


class ViewModel:
    """What the stacks of one series have in common.

    Parameters
    ----------
    stacks : sequence of Measures
        At least 20 stacks of one series.
    """

    def __init__(self, stacks: Sequence[Measures]) -> None:
        views = [describe_view(stack) for stack in stacks]
        self._parts = [_Part(np.stack(part)) for part in zip(*views, strict=True)]

    @property
    def own(self) -> Float64Array:
        """Distance of each stack from the others, by models without it, in robust SDs."""
        return np.asarray(np.max([part.own for part in self._parts], axis=0), dtype=np.float64)

    def measure(self, stack: Measures, quarter: int = 0, index: int | None = None) -> float:
        """Distance of a stack of another series, or of a turned one, in robust SDs.

        Parameters
        ----------
        stack : Measures
        quarter : int, default 0
            Quarter turns to apply before.
        index : int, optional
            Number of the stack if it is one of the series; the model is then one without it.

        Returns
        -------
        float
            The larger one of the distances of edges and leg.
        """
        view = describe_view(stack, quarter)
        return max(part.measure(x, index) for part, x in zip(self._parts, view, strict=True))


class _Part:
    """Principal components of one description, and the usual remainder."""

    def __init__(self, rows: Float32Array) -> None:
        remainders = np.zeros(len(rows))
        fold = np.arange(len(rows)) % N_FOLDS
        self._models = [_fit(rows[fold != k]) for k in range(N_FOLDS)]
        for k, model in enumerate(self._models):
            remainders[fold == k] = _find_remainder(model, rows[fold == k])
        self._whole = _fit(rows)
        self._middle = float(np.median(remainders))
        self._spread = max(robust_sd(remainders), MIN_SPREAD)
        self.own = (remainders - self._middle) / self._spread

    def measure(self, row: Float32Array, index: int | None) -> float:
        """Distance of a row in robust SDs, by a model without the row of an index."""
        model = self._whole if index is None else self._models[index % N_FOLDS]
        return float((_find_remainder(model, row[None])[0] - self._middle) / self._spread)


def _fit(rows: Float32Array) -> PCA:
    n_components = min(N_COMPONENTS, len(rows) // 2)
    with np.errstate(invalid="ignore"):  # equal rows have no variance to give fractions of
        return PCA(n_components, svd_solver="covariance_eigh").fit(rows)


def _find_remainder(model: PCA, rows: Float32Array) -> Float64Array:
    """Logarithm of the distance of rows from their projections."""
    rest = rows - model.inverse_transform(model.transform(rows))
    return np.asarray(np.log(np.maximum(np.linalg.norm(rest, axis=1), 1e-6)), dtype=np.float64)
