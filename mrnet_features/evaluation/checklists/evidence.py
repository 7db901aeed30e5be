"""What a run and the results measured on it hold, checked to belong together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mrnet_features.evaluation.alignment import align_features
from mrnet_features.evaluation.comparison.compare import Comparison
from mrnet_features.evaluation.importance.importance import Importance
from mrnet_features.evaluation.metrics.calibration import Calibration
from mrnet_features.evaluation.protocol.cross_validation import Evaluation
from mrnet_features.evaluation.protocol.holdout import HoldOut
from mrnet_features.messages import name_some, quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mrnet_features.evaluation.metrics.scores import Scores

__all__ = ["Evidence", "collect_evidence"]

KINDS = "an Evaluation, HoldOut, Comparison, Calibration or Importance, or a DataFrame"


@dataclass(frozen=True, eq=False)
class Evidence:
    """Results that belong to one run.

    Attributes
    ----------
    run : Evaluation, HoldOut or None
    scores : dict of str to Scores
        AUCs of each model; the name of the run alone is empty.
    models : dict of str to list of classifier
        Fitted models of each task; empty without a run.
    comparison : Comparison or None
    calibration : Calibration or None
    importance : Importance or None
    features : DataFrame or None
        Table that the run was made on.
    seed : int
        Seed that the run is said to have.
    problem : str
        Why the run has no AUC, if it has none.
    """

    run: Evaluation | HoldOut | None
    scores: Mapping[str, Scores]
    models: Mapping[str, list[Any]]
    comparison: Comparison | None
    calibration: Calibration | None
    importance: Importance | None
    features: pd.DataFrame | None
    seed: int
    problem: str = ""

    @property
    def cross_validated(self) -> Evaluation | None:
        """The run, if it is a cross-validation."""
        return self.run if isinstance(self.run, Evaluation) else None

    @property
    def held_out(self) -> HoldOut | None:
        """The run, if it is a held-out split."""
        return self.run if isinstance(self.run, HoldOut) else None


def collect_evidence(results: tuple[Any, ...], features: Any, seed: int) -> Evidence:
    """Sort results by kind and check that they belong to one run.

    Parameters
    ----------
    results : tuple
        At most one of each kind: Evaluation or HoldOut, Comparison, Calibration, Importance,
        DataFrame of predictions.
    features : DataFrame, array or None
        Table that the run was made on.
    seed : int

    Returns
    -------
    Evidence

    Raises
    ------
    TypeError
        If a result is of another kind.
    ValueError
        If there are two of a kind, or a result was measured on another run.
    """
    found: dict[str, Any] = {}
    for result in results:
        kind = _name_kind(result)
        if kind in found:
            raise ValueError(
                f"`results` must hold one {kind}, got two. Fill one checklist for each."
            )
        found[kind] = result
    run, comparison = found.get("run"), found.get("Comparison")
    scores: Mapping[str, Scores] = {} if comparison is None else comparison.scores
    problem = ""
    if run is None:
        _refuse_orphans(found, features)
    else:
        if "DataFrame" in found:
            raise ValueError(
                "`results` must not hold a table beside the run: it answers no item. State what "
                "operating points, curves or subgroups show."
            )
        try:
            scores = {"": run.scores}
        except ValueError as error:
            scores, problem = {}, str(error)
        _require_same_run(run, found, scores)
    models = {} if run is None else _list_models(run)
    return Evidence(
        run=run,
        scores=scores,
        models=models,
        comparison=comparison,
        calibration=found.get("Calibration"),
        importance=found.get("Importance"),
        features=None if features is None else _check_features(features, run, models),
        seed=seed,
        problem=problem,
    )


def _refuse_orphans(found: Mapping[str, Any], features: Any) -> None:
    """Refuse what was measured on a run that is not there."""
    for kind in ("Calibration", "Importance"):
        if kind in found:
            raise ValueError(
                f"`results` must hold the run that the {kind} was measured on. Pass the "
                "Evaluation or HoldOut as well."
            )
    if features is not None:
        raise ValueError("`features` need the Evaluation or HoldOut that they were used for.")


def _require_same_run(run: Any, found: Mapping[str, Any], scores: Mapping[str, Scores]) -> None:
    if "Comparison" in found:
        _require_among(scores, found["Comparison"])
    if "Calibration" in found:
        _require_same_probabilities(run, found["Calibration"])
    if "Importance" in found:
        _require_same_models(run, found["Importance"])


def _name_kind(result: Any) -> str:
    if isinstance(result, Evaluation | HoldOut):
        return "run"
    if isinstance(result, Comparison | Calibration | Importance | pd.DataFrame):
        return type(result).__name__
    raise TypeError(
        f"`results` must each be {KINDS}, got {type(result).__name__}. Leave it out, and state "
        "what it shows in `stated`."
    )


def _list_models(run: Evaluation | HoldOut) -> dict[str, list[Any]]:
    """Fitted models of each task."""
    models: dict[str, list[Any]] = {}
    for key, model in run.models.items():
        models.setdefault(key if isinstance(key, str) else key[0], []).append(model)
    return models


def _require_among(scores: Mapping[str, Scores], comparison: Comparison) -> None:
    others = list(comparison.scores.values())
    if not any(_are_equal(own, other) for own in scores.values() for other in others):
        raise ValueError(
            "The Comparison must hold the run, with all its exams and in its folds, but none of "
            f"{name_some(list(comparison.scores))} has the same AUCs. Compare the run itself."
        )


def _are_equal(one: Scores, other: Scores) -> bool:
    tasks = [name for name in one.n_positive.index if name in other.n_positive.index]
    columns = ["repeat", "fold", "n_exams", *tasks]
    return (
        bool(tasks)
        and one.influence.index.equals(other.influence.index)
        and np.array_equal(one.fold_scores[columns], other.fold_scores[columns], equal_nan=True)
    )


def _require_same_probabilities(run: Evaluation | HoldOut, calibration: Calibration) -> None:
    rows = run.predictions
    if isinstance(run, Evaluation):
        rows = rows[rows["repeat"] == rows["repeat"].min()].set_index("exam")
    other = calibration.probabilities
    names = list(other.columns)
    same = set(names) <= set(rows.columns) and set(other.index) == set(rows.index)
    if not same or not np.array_equal(other, rows.loc[other.index, names], equal_nan=True):
        raise ValueError(
            "The Calibration must be that of the run, but has other exams or probabilities. "
            "Measure it with `measure_calibration(run)`."
        )


def _require_same_models(run: Evaluation | HoldOut, importance: Importance) -> None:
    rows = importance.by_fold[["task", "repeat", "fold"]].drop_duplicates()
    folds = set(rows.itertuples(index=False, name=None))
    own = {key for key in folds if key[0] in run.labels.columns}
    same = isinstance(run, Evaluation) and own == set(run.models)
    columns = {name for names in importance.groups.values() for name in names}
    for fit in run.models.values():
        same = same and set(getattr(fit, "feature_names_in_", columns)) == columns
    if not same:
        raise ValueError(
            "The Importance must be that of the run, but has other tasks, folds or columns. "
            "Measure it with `importance(run, features)`."
        )


def _check_features(features: Any, run: Any, models: Mapping[str, list[Any]]) -> pd.DataFrame:
    """Features of exactly the exams and columns of the run."""
    labels = run.labels
    if isinstance(run, HoldOut):
        labels = pd.concat([run.train_labels, run.labels]).sort_index()
    table = align_features(features, labels)
    for task, fits in models.items():
        known = getattr(fits[0], "feature_names_in_", None)
        if known is not None and set(known) != set(table.columns):
            other = sorted(set(map(str, known)) ^ set(map(str, table.columns)))
            raise ValueError(
                f"`features` must have the columns that the model of {quote(task)} was fitted on, "
                f"but differ in {name_some(other)}. Pass the table of the run."
            )
    return table
