"""NetworkEvaluation: an evaluation with learning curves, cost, and predictions of another split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from mrnet_features.evaluation.plots import choose_axes
from mrnet_features.evaluation.protocol.cross_validation import Evaluation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["NetworkEvaluation"]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class NetworkEvaluation(Evaluation):
    """Result of `cross_validate_cnn`: an `Evaluation`, with what training adds.

    Attributes
    ----------
    curves : DataFrame of shape (n_networks * n_epochs, 7)
        Learning curves: series, repeat, fold, epoch, train_loss, tuning_loss, and is_kept for the
        epoch whose weights are used. Losses are mean cross-entropies per label, in which both
        classes weigh the same; log 2 = 0.693 is chance.
    cost : DataFrame of shape (n_series, 7)
        Index series. Columns n_networks; n_weights per network; train_seconds per training exam,
        over all epochs; predict_seconds per exam; total_seconds of all networks, and
        processor_seconds, which other programs don't change; peak_mib, the largest memory of a
        process, or of the GPU. On the CPU times are of one process with one thread.
    other_predictions : DataFrame of shape (n_other, n_tasks), float64, or None
        Predictions of the exams in `other`: mean over all folds and repeats. None without any.
    start : str
        Where the weights are from that training starts with.
    """

    curves: pd.DataFrame
    cost: pd.DataFrame
    other_predictions: pd.DataFrame | None = None
    start: str = ""

    def _list_notes(self) -> list[str]:
        return [*super()._list_notes(), f"Networks start with {self.start}."]

    def plot_curves(self, axes: Axes | None = None) -> Axes:
        """Learning curves: the mean over the folds, by series.

        Parameters
        ----------
        axes : matplotlib Axes, optional

        Returns
        -------
        matplotlib Axes
        """
        drawn = choose_axes(axes, 6.4, 4.0)
        losses = self.curves.groupby(["series", "epoch"])[["train_loss", "tuning_loss"]].mean()
        for number, series in enumerate(self.cost.index):
            rows = losses.loc[series]
            color = f"C{number}"
            drawn.plot(rows.index + 1, rows["train_loss"], color=color, ls="--")
            drawn.plot(rows.index + 1, rows["tuning_loss"], color=color, label=str(series))
        drawn.set(xlabel="epoch", ylabel="loss (dashed: training exams)")
        drawn.legend()
        return drawn
