"""Networks of one fold: their log-odds combined by a logistic regression per task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from mrnet_features.arrays import Float64Array
from mrnet_features.cnn.pictures import read_pictures
from mrnet_features.cnn.scoring import load_network, score_pictures
from mrnet_features.cnn.settings import Settings
from mrnet_features.data.exam import Exam
from mrnet_features.models.estimators import fit_classifier, predict_positive
from mrnet_features.models.logistic import ScaledLogistic

__all__ = ["FoldNetworks", "NetworkClassifier", "combine_series"]


@dataclass(frozen=True, eq=False, repr=False)
class FoldNetworks:
    """Networks of all series of one fold, and what combines them.

    Attributes
    ----------
    tasks : tuple of str
    settings : Settings
    states : dict of str to bytes
        Weights of the network of each series, as ``torch.save`` writes a state dict.
    combinations : dict of str to ScaledLogistic
        For each task, from the log-odds of the series to a probability.
    """

    tasks: tuple[str, ...]
    settings: Settings
    states: Mapping[str, bytes]
    combinations: Mapping[str, Any]
    _loaded: dict[str, Any] = field(default_factory=dict)

    def load(self, series: str) -> Any:
        """Network of one series, in memory from the first call on."""
        if series not in self._loaded:
            state = self.states[series]
            self._loaded[series] = load_network(state, self.settings, len(self.tasks))
        return self._loaded[series]

    def predict(self, exams: Sequence[Exam], *, n_jobs: int | None = None) -> pd.DataFrame:
        """Probabilities of exams.

        Parameters
        ----------
        exams : sequence of Exam
        n_jobs : int, optional
            Parallel processes that read files.

        Returns
        -------
        DataFrame of shape (n_exams, n_tasks), float64
            Index exam id.
        """
        resolution, rows = self.settings.resolution, range(len(exams))
        scores = {
            series: score_pictures(
                self.load(series),
                read_pictures(exams, series, resolution, n_jobs),
                rows,
                self.settings,
            )
            for series in self.states
        }
        ids = pd.Index([exam.id for exam in exams], name="exam")
        return pd.DataFrame(self.combine(scores), index=ids)

    def combine(self, scores: Mapping[str, Float64Array]) -> dict[str, Float64Array]:
        """Probability of each task from the log-odds of the series, shape (n_exams, n_tasks)."""
        with threadpool_limits(limits=1):  # as in the fit
            return {
                task: predict_positive(self.combinations[task], _take_task(scores, k))
                for k, task in enumerate(self.tasks)
            }

    def combine_odds(self, scores: Mapping[str, Float64Array]) -> dict[str, Float64Array]:
        """Log-odds of each task from those of the series; series may be missing.

        Parameters
        ----------
        scores : mapping of series to ndarray of shape (n_exams, n_tasks), float64

        Returns
        -------
        dict of str to ndarray of shape (n_exams,), float64
        """
        parts = self.split_odds(scores)
        return {task: start + values.sum(axis=1) for task, (start, values) in parts.items()}

    def split_odds(
        self, scores: Mapping[str, Float64Array]
    ) -> dict[str, tuple[float, Float64Array]]:
        """Log-odds of each task as a sum over the series.

        Parameters
        ----------
        scores : mapping of series to ndarray of shape (n_exams, n_tasks), float64

        Returns
        -------
        dict of str to (float, ndarray of shape (n_exams, n_series))
            Log-odds of an exam whose series are all at the mean of the exams that they were
            combined on, and what each series adds to them.
        """
        nothing = np.full_like(next(iter(scores.values())), np.nan)
        whole = {series: scores.get(series, nothing) for series in self.states}
        found = {}
        for k, task in enumerate(self.tasks):
            fitted = self.combinations[task].pipeline_
            scaled = fitted[:-1].transform(_take_task(whole, k).to_numpy())
            found[task] = float(fitted[-1].intercept_[0]), scaled * fitted[-1].coef_[0]
        return found


@dataclass(frozen=True, eq=False, repr=False)
class NetworkClassifier:
    """Networks of one fold as the classifier of one task.

    Attributes
    ----------
    task : str
    networks : FoldNetworks
    classes_ : tuple of 2 ints
    """

    task: str
    networks: FoldNetworks
    classes_: tuple[int, int] = (0, 1)

    def predict_proba(self, exams: Any) -> Float64Array:
        """Probability of each class; it takes exams, not a feature table.

        Parameters
        ----------
        exams : sequence of Exam

        Returns
        -------
        ndarray of shape (n_exams, 2), float64
        """
        if isinstance(exams, pd.DataFrame | np.ndarray):
            raise TypeError(
                f"A network predicts from exams, got a {type(exams).__name__}. Pass exams, such as "
                "`dataset.exams`; features are explained by models of features."
            )
        positive = self.networks.predict(exams)[self.task].to_numpy()
        return np.column_stack([1 - positive, positive])


def combine_series(
    tasks: Sequence[str], scores: Mapping[str, Float64Array], targets: Float64Array
) -> dict[str, Any]:
    """Logistic regression of each task on the log-odds of all series.

    Parameters
    ----------
    tasks : sequence of str
    scores : mapping of series to ndarray of shape (n_exams, n_tasks), float64
        Of exams that the networks were not fitted to; NaN for an exam without the series, which is
        replaced by the median.
    targets : ndarray of shape (n_exams, n_tasks), float64
        0 to 1, or NaN.

    Returns
    -------
    dict of str to ScaledLogistic

    Raises
    ------
    ValueError
        If a task has one class only.

    Examples
    --------
    >>> odds = {"axial": np.array([[-1.0], [1.0], [-2.0], [2.0]])}
    >>> fitted = combine_series(["acl"], odds, np.array([[0.0], [1.0], [0.0], [1.0]]))["acl"]
    >>> bool(fitted.predict_proba(pd.DataFrame({"axial": [0.5]}))[0, 1] > 0.5)
    True
    """
    fitted = {}
    with threadpool_limits(limits=1):
        for k, task in enumerate(tasks):
            model = ScaledLogistic()
            fitted[task] = fit_classifier(model, _take_task(scores, k), targets[:, k])
    return fitted


def _take_task(scores: Mapping[str, Float64Array], k: int) -> pd.DataFrame:
    return pd.DataFrame({series: values[:, k] for series, values in scores.items()})
