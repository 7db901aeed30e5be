"""Thresholds from and into scikit-learn's classifiers with a decision threshold."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV

from mrnet_features.messages import name_some, quote
from mrnet_features.models.estimators import check_classifier

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["as_classifier", "match_threshold", "read_threshold", "read_thresholds"]


def as_classifier(estimator: Any, threshold: Any) -> Any:
    """Classifier that calls an exam positive from a threshold on.

    Parameters
    ----------
    estimator : classifier, or mapping of task to classifier
        Fitted or not. A fitted one predicts at once; `fit` fits a copy. The threshold of a
        `FixedThresholdClassifier` or `TunedThresholdClassifierCV` is replaced.
    threshold : float, or mapping of task to float
        From `choose_threshold`, or all those from `choose_thresholds`.

    Returns
    -------
    FixedThresholdClassifier, or dict of task to FixedThresholdClassifier
        scikit-learn's. A dict if one of the arguments is a mapping.

    Raises
    ------
    TypeError
        If `estimator` is not a classifier, or `threshold` is not a number.
    ValueError
        If the two mappings have different tasks, or a threshold is NaN.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    >>> as_classifier(model, 0.2).predict([[0.0], [1.0]]).tolist()
    [1, 1]
    """
    if isinstance(estimator, Mapping) or isinstance(threshold, Mapping):
        several = [given for given in (estimator, threshold) if isinstance(given, Mapping)]
        tasks = list(several[-1])
        if set(tasks) != set(several[0]):
            raise ValueError(
                "`estimator` and `threshold` must have the same tasks, got "
                f"{name_some(list(several[0]))} and {name_some(tasks)}."
            )
        return {
            task: as_classifier(
                estimator[task] if isinstance(estimator, Mapping) else estimator,
                threshold[task] if isinstance(threshold, Mapping) else threshold,
            )
            for task in tasks
        }
    check_classifier(estimator, "as_classifier(estimator, threshold)")
    cut = _check_number(threshold)
    if isinstance(estimator, FixedThresholdClassifier | TunedThresholdClassifierCV):
        estimator = getattr(estimator, "estimator_", estimator.estimator)
    return FixedThresholdClassifier(estimator, threshold=cut)


def read_threshold(model: Any) -> float:
    """Threshold of a classifier that has one.

    Parameters
    ----------
    model : FixedThresholdClassifier, TunedThresholdClassifierCV or float
        The second must be fitted. A search, such as `GridSearchCV`, over one of them, if fitted.

    Returns
    -------
    float
        For "auto" .5, or 0 for a decision function, as scikit-learn.

    Raises
    ------
    TypeError
        If the object has no threshold.
    ValueError
        If it is not fitted, or the threshold is NaN.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> read_threshold(as_classifier(LogisticRegression(), 0.2))
    0.2
    """
    if isinstance(model, Real):
        return _check_number(model)
    model = getattr(model, "best_estimator_", model)
    if isinstance(model, TunedThresholdClassifierCV):
        if not hasattr(model, "best_threshold_"):
            raise ValueError(
                "TunedThresholdClassifierCV has a threshold only after `fit`. Fit it, or pass a "
                "fitted one, such as a model of an Evaluation."
            )
        return _check_number(model.best_threshold_)
    if isinstance(model, FixedThresholdClassifier):
        if model.threshold != "auto":
            return _check_number(model.threshold)
        return 0.5 if _uses_probabilities(model) else 0.0
    raise TypeError(
        "A threshold must be a number, a FixedThresholdClassifier or a "
        f"TunedThresholdClassifierCV, got {type(model).__name__}. Choose one with "
        "`choose_threshold`."
    )


def match_threshold(model: Any, *, probabilities: bool, positive: Any = 1) -> float:
    """Threshold of a classifier, for scores of the same kind and class alone.

    Parameters
    ----------
    model : FixedThresholdClassifier, TunedThresholdClassifierCV or float
        See `read_threshold`. A number is on the scale of the scores.
    probabilities : bool
        Whether the scores are probabilities; else they are those of a decision function.
    positive : value, default 1
        Class that high scores stand for. If the classifier was fitted on other classes, its last.

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        As `read_threshold`; if the threshold is for a decision function and the scores are
        probabilities, or the other way round; or if it is for the other class.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> match_threshold(as_classifier(LogisticRegression(), 0.2), probabilities=True)
    0.2
    """
    cut = read_threshold(model)
    model = getattr(model, "best_estimator_", model)
    if not isinstance(model, FixedThresholdClassifier | TunedThresholdClassifierCV):
        return cut
    kinds = {True: "probability", False: "decision function"}
    if _uses_probabilities(model) != probabilities:
        raise ValueError(
            f"The threshold of a {type(model).__name__} must be on the scale of the scores, a "
            f"{kinds[probabilities]}, but is for a {kinds[not probabilities]}. Use "
            'response_method="predict_proba", or pass a threshold for the scores as a number.'
        )
    classes = np.asarray(getattr(model, "classes_", [])).tolist()
    own = _find_class(model)
    if classes:
        other = positive if positive in classes else classes[-1]
        own = classes[-1] if own is None else own
    else:
        other = positive if own == positive else 1
    if own is not None and own != other:
        raise ValueError(
            f"The threshold of a {type(model).__name__} must be for the class that high scores "
            f"stand for, {quote(other)}, but is for {quote(own)}. Use pos_label={other!r} and a "
            "threshold for its probability."
        )
    return cut


def _find_class(model: Any) -> Any:
    """Class that is predicted from the threshold on; None for the last."""
    if isinstance(model, FixedThresholdClassifier):
        return model.pos_label
    return getattr(model.scoring, "_kwargs", {}).get("pos_label")  # as scikit-learn reads it


def _uses_probabilities(model: Any) -> bool:
    return bool(
        model.response_method == "predict_proba"
        or (model.response_method == "auto" and hasattr(model.estimator, "predict_proba"))
    )


def read_thresholds(
    thresholds: Any, tasks: Sequence[str], positive: Any = None
) -> dict[str, float]:
    """Threshold of each task, for probabilities of the positive class.

    Parameters
    ----------
    thresholds : mapping of task to float or classifier, or classifier for all tasks
        See `read_threshold`.
    tasks : sequence of str
    positive : value or mapping of task to value, optional
        Value of a positive exam. By default 1.

    Returns
    -------
    dict of str to float

    Raises
    ------
    TypeError, ValueError
        As `match_threshold`, or if a task has none.

    Examples
    --------
    >>> read_thresholds({"acl": 0.3}, ["acl"])
    {'acl': 0.3}
    """
    if not hasattr(thresholds, "keys"):
        thresholds = dict.fromkeys(tasks, thresholds)
    missing = [task for task in tasks if task not in thresholds]
    if missing:
        raise ValueError(f"`thresholds` must name every task, got none for {name_some(missing)}.")
    found = {}
    for task in tasks:
        value = positive.get(task) if isinstance(positive, Mapping) else positive
        found[task] = match_threshold(
            thresholds[task], probabilities=True, positive=1 if value is None else value
        )
    return found


def _check_number(threshold: Any) -> float:
    if not isinstance(threshold, Real):
        raise TypeError(f"`threshold` must be a number, got {type(threshold).__name__}.")
    value = float(threshold)
    if np.isnan(value):
        raise ValueError("`threshold` must be a number, got NaN.")
    return value
