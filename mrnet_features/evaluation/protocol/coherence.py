"""Predictions that use that one task implies another: a tear makes a knee abnormal."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from mrnet_features.evaluation.protocol.cross_validation import Evaluation
from mrnet_features.evaluation.protocol.holdout import HoldOut
from mrnet_features.messages import quote
from mrnet_features.models.implications import (
    MIN_POSITIVES,
    TEAR_IMPLIES_ABNORMAL,
    apply_implications,
    explain_violations,
    find_implications,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["make_coherent"]

Run = TypeVar("Run", Evaluation, HoldOut)


def make_coherent(
    result: Run,
    implications: Sequence[tuple[str, str]] = TEAR_IMPLIES_ABNORMAL,
    *,
    min_positives: int = MIN_POSITIVES,
) -> Run:
    """Result whose predictions use "a tear implies abnormal", where the labels obey it.

    The probability of the implied task becomes ``1 - (1 - p_abnormal) (1 - p_acl)
    (1 - p_meniscus)``; those of other tasks stay. Nothing is fitted. In each fold a pair is used
    only if no training exam of that fold breaks it, so that no held-out label is looked at.

    It helps where tears are seen better than other lesions, and harms where a tear is predicted
    poorly, so compare the two on your exams before you choose. The result ranks exams. As a
    probability it is too high, because the models of the tasks see the same exam and are not
    independent: `measure_calibration` shows by how much. Choose thresholds on the coherent
    predictions. Importance, SHAP values and `models` are those of the single tasks, as before.

    Parameters
    ----------
    result : Evaluation or HoldOut
        From `cross_validate` or `evaluate`, with models that predict probabilities.
    implications : sequence of (str, str), optional
        Pairs of tasks; an exam that is positive for the first is positive for the second. Default:
        those of MRNet, acl -> abnormal and meniscus -> abnormal.
    min_positives : int, default 10
        Fewest positive training exams of the first task of a pair.

    Returns
    -------
    Evaluation or HoldOut
        A new result; `implications` holds the pairs that were used in at least one fold.

    Raises
    ------
    TypeError
        If `result` is something else.
    ValueError
        If the scores of a task of a pair are not probabilities, or `result` is coherent already.

    Warns
    -----
    UserWarning
        If a pair is not used, or not in all folds, with the reason.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from mrnet_features.evaluation import cross_validate
    >>> from mrnet_features.models import logistic_baseline
    >>> exams = [f"{i:04d}" for i in range(60)]
    >>> features = pd.DataFrame({"a": np.tile([0.0, 1, 2], 20)}, index=exams)
    >>> labels = pd.DataFrame({"abnormal": features["a"] > 0, "acl": features["a"] > 1}).astype(int)
    >>> run = cross_validate(logistic_baseline(), features, labels, n_splits=2, n_repeats=1)
    >>> make_coherent(run, [("acl", "abnormal")]).implications
    (('acl', 'abnormal'),)
    """
    if not isinstance(result, Evaluation | HoldOut):
        raise TypeError(
            f"`result` must be an Evaluation or a HoldOut, got {type(result).__name__}. Pass what "
            "`cross_validate` or `evaluate` returned."
        )
    if result.implications:
        raise ValueError("`result` is coherent already. Pass the result as it was before.")
    predictions = result.predictions.copy()
    if isinstance(result, HoldOut):
        targets, parts = result.train_labels, [(result.train_labels.index, predictions.index)]
    else:
        targets = result.labels if result.fit_labels is None else result.fit_labels
        folds = predictions.groupby(["repeat", "fold"], sort=False).groups
        parts = [(train, folds[repeat, fold]) for repeat, fold, train, _ in result.folds.split()]
    used: dict[tuple[str, str], int] = {}
    for train, rows in parts:
        pairs = find_implications(targets.loc[train], implications, min_positives)
        _require_chances(result, pairs)
        predictions.loc[rows] = apply_implications(result.predictions.loc[rows], pairs)
        for pair in pairs:
            used[pair] = used.get(pair, 0) + 1
    _warn_of_unused(targets, implications, min_positives, used, len(parts))
    return dataclasses.replace(result, predictions=predictions, implications=tuple(used))


def _require_chances(result: Evaluation | HoldOut, pairs: Sequence[tuple[str, str]]) -> None:
    """Raise if a model of a task in a pair has no probabilities."""
    tasks = {task for pair in pairs for task in pair}
    for key, model in result.models.items():
        task = key if isinstance(key, str) else key[0]
        if task in tasks and not hasattr(model, "predict_proba"):
            raise ValueError(
                f"Implications need probabilities, but {type(model).__name__} of {quote(task)} has "
                "no `predict_proba`. Use another model."
            )


def _warn_of_unused(
    labels: pd.DataFrame,
    implications: Sequence[tuple[str, str]],
    min_positives: int,
    used: dict[tuple[str, str], int],
    n_folds: int,
) -> None:
    texts = []
    for pair, problem in explain_violations(labels, implications, min_positives).items():
        n_used = used.get(pair, 0)
        if n_used < n_folds:
            where = f"used in {n_used} of {n_folds} folds" if n_used else "not used"
            reason = problem or "too few training exams are positive"
            texts.append(f"'{pair[0]} implies {pair[1]}' is {where}: {reason}.")
    if texts:
        warnings.warn(" ".join(texts), stacklevel=3)
