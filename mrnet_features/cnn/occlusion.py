"""occlude: where a network looks, by hiding one patch of one slice at a time."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy import ndimage

from mrnet_features.arrays import Float64Array, UInt8Array
from mrnet_features.cnn.augment import can_mirror
from mrnet_features.cnn.combine import FoldNetworks, NetworkClassifier
from mrnet_features.cnn.libraries import import_torch, run_repeatably
from mrnet_features.cnn.networks import pool_pictures, score_pooled
from mrnet_features.cnn.pictures import resize
from mrnet_features.cnn.scoring import to_tensor
from mrnet_features.data.exam import Exam
from mrnet_features.extraction.read import list_stacks
from mrnet_features.names import Name, format_name
from mrnet_features.stacks.mark import FeatureMark, SliceMark

__all__ = ["Occlusion", "occlude", "occlude_tasks"]

PATCHES = 8
"""Patches along a side of a slice."""

OUTLINED = 0.5
"""Fraction of the largest fall from which pixels are outlined in a mark."""

FAMILY, REGION = "network", "picture"

NO_WORD = re.compile(r"[^A-Za-z0-9]+")
"""What names of tasks may hold, and parts of a column may not."""


class Occlusion(NamedTuple):
    """What one series of an exam adds to a network's prediction, patch by patch.

    Attributes
    ----------
    series : str
    falls : ndarray of shape (n_slices, n_patches, n_patches), float64
        Fall in the log-odds of the task, all series combined, if a patch of a slice is grey.
        Negative where the patch lowers the prediction.
    shape : tuple of 3 ints
        Of the stack: (n_slices, height, width).
    """

    series: str
    falls: Float64Array
    shape: tuple[int, int, int]

    @property
    def best_slice(self) -> int:
        """Slice with the largest fall."""
        return int(np.argmax(np.max(self.falls, axis=(1, 2))))

    def draw(self, index: int) -> Float64Array:
        """Falls of one slice on the pixels of the stack, shape (height, width), interpolated."""
        height, width = self.shape[1:]
        side = max(height, width)
        factor = side / self.falls.shape[1]
        drawn = ndimage.zoom(self.falls[index], factor, order=1, mode="nearest", grid_mode=True)
        top, left = (side - height) // 2, (side - width) // 2
        return np.asarray(drawn[top : top + height, left : left + width], dtype=np.float64)

    def mark(self, task: str) -> FeatureMark:
        """Mark like that of a feature, for `plot_slices` and pages.

        Parameters
        ----------
        task : str
            Name of the task, which becomes part of the column.

        Returns
        -------
        FeatureMark
            It outlines the pixels that cause at least half of the largest fall; none where no
            patch lowers the prediction.
        """
        word = NO_WORD.sub("_", task).strip("_") or "task"
        column = format_name(Name(self.series, REGION, FAMILY, word, "max"))
        highest = float(np.max(self.falls))
        slices = []
        for index in range(len(self.falls)) if highest > 0 else ():
            fall = float(np.max(self.falls[index]))
            if fall >= OUTLINED * highest:
                outline = self.draw(index) >= OUTLINED * highest
                slices.append(SliceMark(index, fall, REGION, outline))
        return FeatureMark(
            column, self.series, highest, tuple(slices), self.best_slice, kind="pixels"
        )


def occlude(model: NetworkClassifier, exam: Exam) -> dict[str, Occlusion]:
    """Fall of a network's prediction if a patch of a slice is hidden.

    Each patch is replaced by the median grey level of the stack, on one slice at a time. A finding
    that several slices show falls less than its weight: the others still show it.

    Parameters
    ----------
    model : NetworkClassifier
        One of `NetworkEvaluation.models`; for an honest picture that of the exam's own fold, which
        has not been trained on it.
    exam : Exam

    Returns
    -------
    dict of str to Occlusion
        By series.

    Examples
    --------
    The exam ``0042`` and the network that has not seen it::

        rows = evaluation.predictions.query("exam == '0042' and repeat == 0")
        model = evaluation.models["acl", 0, int(rows["fold"].iloc[0])]
        found = occlude(model, train["0042"])
        found["sagittal"].best_slice
    """
    return occlude_tasks(model.networks, exam)[model.task]


def occlude_tasks(networks: FoldNetworks, exam: Exam) -> dict[str, dict[str, Occlusion]]:
    """As `occlude`, for all tasks at once: each slice is looked at once.

    Parameters
    ----------
    networks : FoldNetworks
    exam : Exam

    Returns
    -------
    dict of str to dict of str to Occlusion
        By task and series.
    """
    known = {
        series: _Series(networks, series, exam.load(series))
        for series in networks.states
        if series in list_stacks(exam)
    }
    odds = {series: each.score(each.pooled) for series, each in known.items()}
    whole = networks.combine_odds(odds)
    found: dict[str, dict[str, Occlusion]] = {task: {} for task in networks.tasks}
    for series, each in known.items():
        n_slices, n_patches = len(each.slices), PATCHES * PATCHES
        falls = {task: np.empty((n_slices, PATCHES, PATCHES)) for task in networks.tasks}
        changed = {name: np.repeat(values, n_patches, axis=0) for name, values in odds.items()}
        for index in range(n_slices):
            changed[series] = each.score(each.hide_patches(index))
            for task, combined in networks.combine_odds(changed).items():
                falls[task][index] = (whole[task] - combined).reshape(PATCHES, PATCHES)
        for task, values in falls.items():
            found[task][series] = Occlusion(series, values, each.shape)
    return found


class _Series:
    """One series of an exam, with the pooled channels of its slices, one row per view."""

    def __init__(self, networks: FoldNetworks, series: str, stack: UInt8Array) -> None:
        n_slices, height, width = stack.shape
        self.shape = (n_slices, height, width)
        self.slices = resize(stack, networks.settings.resolution)
        self._settings = networks.settings
        self._modules = networks.load(series)
        self._flips = (False, True) if can_mirror(series) else (False,)
        self._grey = float(np.median(self.slices))
        by_slice = self._pool(self.slices)
        self.pooled = [values.amax(dim=0, keepdim=True) for values in by_slice]
        self._by_slice = by_slice

    def score(self, pooled: list[Any]) -> Float64Array:
        """Log-odds of pooled channels of exams, mean over the views, (n_exams, n_tasks)."""
        torch = import_torch()
        with torch.no_grad(), run_repeatably(self._settings.device):
            views = [score_pooled(self._modules, values).double() for values in pooled]
            mean: Float64Array = torch.stack(views).mean(dim=0).cpu().numpy()
        return mean

    def hide_patches(self, index: int) -> list[Any]:
        """Pooled channels of the exam with each patch of a slice hidden, one row per patch."""
        torch = import_torch()
        hidden = np.repeat(self.slices[index][None], PATCHES * PATCHES, axis=0)
        for patch, (rows, columns) in zip(hidden, self._list_patches(), strict=True):
            patch[rows, columns] = self._grey
        found = []
        for changed, by_slice in zip(self._pool(hidden), self._by_slice, strict=True):
            others = torch.cat([by_slice[:index], by_slice[index + 1 :]])
            rest = others.amax(dim=0, keepdim=True) if len(others) else changed
            found.append(torch.maximum(changed, rest))
        return found

    def _pool(self, slices: UInt8Array) -> list[Any]:
        """Pooled channels of slices, for each view."""
        torch = import_torch()
        tensor = to_tensor(slices, self._settings.device)
        with torch.no_grad(), run_repeatably(self._settings.device):
            views = [tensor.flip(2) if flips else tensor for flips in self._flips]
            name = self._settings.network
            return [pool_pictures(name, self._modules, view) for view in views]

    def _list_patches(self) -> Iterator[tuple[slice, slice]]:
        edges = np.linspace(0, self.slices.shape[1], PATCHES + 1).round().astype(int)
        parts = [slice(a, b) for a, b in itertools.pairwise(edges)]
        for rows in parts:
            for columns in parts:
                yield rows, columns
