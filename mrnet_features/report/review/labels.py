"""Labels of all exams that a model was fitted or scored on."""

from __future__ import annotations

import pandas as pd

from mrnet_features.evaluation.protocol.holdout import HoldOut
from mrnet_features.report.review.inputs import Scored

__all__ = ["stack_labels"]


def stack_labels(model: Scored) -> pd.DataFrame:
    """Labels of the scored exams; for a HoldOut also those of the training exams.

    Parameters
    ----------
    model : Evaluation or HoldOut

    Returns
    -------
    DataFrame of shape (n_exams, n_tasks)
    """
    if isinstance(model, HoldOut):
        tasks = list(model.labels.columns)
        return pd.concat([model.train_labels[tasks], model.labels])
    return model.labels
