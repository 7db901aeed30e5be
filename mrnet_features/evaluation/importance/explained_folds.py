"""Which models of an evaluation explain which exams, and whether features are theirs."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mrnet_features.evaluation.alignment import align_features
from mrnet_features.evaluation.importance.explain_model import CLOSE
from mrnet_features.evaluation.protocol.cross_validation import Evaluation
from mrnet_features.evaluation.protocol.holdout import HoldOut
from mrnet_features.messages import name_some, quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from mrnet_features.tables import FeatureTable

__all__ = ["align_exams", "check_columns", "list_jobs", "require_same_scores", "stack_scores"]


def align_exams(features: FeatureTable, evaluation: Evaluation | HoldOut) -> pd.DataFrame:
    """Checked features of all exams of an evaluation, of a HoldOut those it was fitted on too."""
    if isinstance(evaluation, Evaluation):
        return align_features(features, evaluation.labels)
    try:
        return align_features(features, pd.concat([evaluation.train_labels, evaluation.labels]))
    except ValueError as error:
        error.add_note("For a HoldOut, `features` must hold its training and held-out exams.")
        raise


def stack_scores(evaluation: Evaluation | HoldOut) -> pd.DataFrame:
    """Predictions with the index repeat and exam."""
    if isinstance(evaluation, Evaluation):
        return evaluation.predictions.set_index(["repeat", "exam"])
    return pd.concat({0: evaluation.predictions}, names=["repeat", "exam"])


def list_jobs(
    evaluation: Evaluation | HoldOut,
    tasks: Sequence[str],
    exams: pd.Index[Any],
    wanted: NDArray[np.bool_],
) -> list[tuple[Any, str, int, NDArray[np.intp], NDArray[np.intp]]]:
    """Model, task, repeat, and rows of the exams that it was fitted on and of those to explain."""
    if isinstance(evaluation, HoldOut):
        sets = [(0, 0, evaluation.train_labels.index, evaluation.labels.index)]
        models = {(task, 0, 0): model for task, model in evaluation.models.items()}
        fitted = evaluation.train_labels
    else:
        sets, models = list(evaluation.folds.split()), dict(evaluation.models)
        fitted = evaluation.labels if evaluation.fit_labels is None else evaluation.fit_labels
    jobs = []
    for task, (repeat, fold, train, test) in itertools.product(tasks, sets):
        held_out = exams.get_indexer(test)
        chosen = held_out[wanted[held_out]]
        if len(chosen):
            model = models[task, repeat, fold]
            labelled = train[fitted[task].reindex(train).notna()]
            jobs.append((model, task, repeat, exams.get_indexer(labelled), chosen))
    return jobs


def check_columns(models: Iterable[Any], table: pd.DataFrame) -> None:
    """Raise if the models were fitted on other columns."""
    columns = list(table.columns)
    for model in models:
        names = getattr(model, "feature_names_in_", None)
        if names is None or list(names) == columns:
            continue
        missing = [name for name in names if name not in table.columns]
        added = [name for name in table.columns if name not in set(names)]
        raise ValueError(
            f"`features` must have the {len(names)} columns that the models were fitted on, in "
            f"their order, but lacks {len(missing)} ({name_some(missing) or 'none'}) and has "
            f"{len(added)} others ({name_some(added) or 'none'}). Pass the table that "
            "`evaluation` was made from."
        )


def require_same_scores(known: pd.Series[float], found: NDArray[np.float64]) -> None:
    """Raise if the models predict something else from these features than in the evaluation."""
    wrong = np.abs(known.to_numpy(np.float64) - found) > CLOSE
    if wrong.any():
        first = int(np.argmax(wrong))
        raise ValueError(
            "`features` must hold the values that `evaluation` was made from, but with them the "
            f"models predict something else for {int(wrong.sum())} of {len(found)} exams of a "
            f"fold, such as {quote(known.index[first])}: {found[first]:.4f}, not "
            f"{known.iloc[first]:.4f}. Pass the same table."
        )
