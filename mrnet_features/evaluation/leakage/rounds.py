"""One round of a procedure, such as a cross-validation, on changed features or labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from mrnet_features.evaluation.alignment import AlignedData, align_data
from mrnet_features.models.estimators import refuse_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from mrnet_features.evaluation.protocol.cross_validation import Evaluation
    from mrnet_features.tables import FeatureTable, LabelTable

__all__ = ["align_rounds", "run_round"]


def align_rounds(
    model: Any,
    features: FeatureTable,
    labels: LabelTable,
    positive: Any,
    options: dict[str, Any],
    usage: str,
) -> tuple[AlignedData, dict[str, Any]]:
    """Match the tables, and the groups and weights among the options, by exam id.

    Parameters
    ----------
    model : classifier, mapping or None
    features, labels, positive
        See `align_data`.
    options : dict
        Options of the procedure.
    usage : str
        Name of the calling function in messages.

    Returns
    -------
    data : AlignedData
    options : dict
        With groups and weights by exam id.

    Raises
    ------
    TypeError, ValueError
        As `align_data`, if `model` is a table, or if there are `fit_labels`.

    Examples
    --------
    >>> data, _ = align_rounds(None, [[1.0], [2.0]], [0, 1], None, {}, "shuffle_labels")
    >>> data.labels["label"].tolist()
    [0, 1]
    """
    refuse_table(model, f"{usage}(model, features, labels)")
    if options.get("fit_labels") is not None:
        raise TypeError(
            f"`{usage}` takes no `fit_labels`: a model must be fitted on the labels it is scored "
            "on. Leave them out."
        )
    given = options.get("groups"), options.get("sample_weight")
    data = align_data(features, labels, *given, positive)
    aligned = {"groups": data.groups, "sample_weight": data.weights}
    known = {name: values for name, values in aligned.items() if values is not None}
    return data, {**options, **known}


def run_round(
    procedure: Callable[..., Evaluation],
    features: pd.DataFrame,
    labels: pd.DataFrame,
    order: pd.Index[Any],
    model: Any,
    seed: int,
    options: dict[str, Any],
) -> pd.Series[float]:
    """AUCs that a procedure gives.

    Parameters
    ----------
    procedure : callable
        Called as ``procedure(model, features, labels, seed=..., **options)``; returns an
        Evaluation.
    features, labels : DataFrame
    order : Index of shape (n_exams,)
        Exam ids in the row order that was passed in: `folds` may be a splitter or pairs of row
        numbers.
    model : classifier, mapping or None
    seed : int
    options : dict

    Returns
    -------
    Series of shape (n_tasks + 1,), float64
        One AUC per task, and the main result last: the mean if there are several tasks.

    Examples
    --------
    >>> from mrnet_features.evaluation import cross_validate
    >>> from mrnet_features.models import logistic_baseline
    >>> features = pd.DataFrame({"size": [1.0, 3.0] * 10})
    >>> labels = pd.DataFrame({"acl": [0, 1] * 10})
    >>> options = {"n_splits": 2}
    >>> run_round(
    ...     cross_validate, features, labels, labels.index, logistic_baseline(), 0, options
    ... ).to_dict()
    {'acl': 1.0}
    """
    found = procedure(model, features.loc[order], labels.loc[order], seed=seed, **options)
    aucs = found.summary()["auc"]
    names = [name for name in aucs.index if name != found.headline]
    return aucs.loc[[*names, found.headline]].astype("float64")
