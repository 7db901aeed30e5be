"""One fit: which classifier, with which seed, on one thread, and what it scores."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone
from threadpoolctl import threadpool_limits

from mrnet_features.evaluation.protocol.stratify import derive_seed
from mrnet_features.models.baselines import lightgbm_baseline

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["assign_classifiers", "fit_and_score", "predict_positive", "seed_classifier"]


def assign_classifiers(model: Any, tasks: list[str]) -> dict[str, Any]:
    """Look up the classifier of each task.

    Parameters
    ----------
    model : classifier, mapping of task to classifier, or None
        None is `lightgbm_baseline`.
    tasks : list of str

    Returns
    -------
    dict of str to classifier
        Unfitted, as given.

    Raises
    ------
    TypeError
        If a model is no classifier.
    ValueError
        If a mapping names other tasks.

    Examples
    --------
    >>> from mrnet_features.models import prior_baseline
    >>> assign_classifiers(prior_baseline(), ["acl"])
    {'acl': DummyClassifier()}
    """
    if model is None:
        model = lightgbm_baseline()
    chosen = dict(model) if isinstance(model, Mapping) else dict.fromkeys(tasks, model)
    if set(chosen) != set(tasks):
        raise ValueError(
            f"`model` must map each task to a classifier, got {', '.join(map(str, chosen))} for "
            f"the tasks {', '.join(tasks)}."
        )
    for classifier in chosen.values():
        scores = hasattr(classifier, "predict_proba") or hasattr(classifier, "decision_function")
        if isinstance(classifier, type) or not (
            scores and hasattr(classifier, "fit") and hasattr(classifier, "get_params")
        ):
            raise TypeError(
                "`model` must be a scikit-learn classifier with fit, get_params and predict_proba "
                f"or decision_function, got {classifier!r}."
            )
    return chosen


def seed_classifier(classifier: Any, seed: int, task: str, repeat: int, fold: int) -> Any:
    """Clone a classifier and give each of its `random_state` parameters a seed of its own.

    Parameters
    ----------
    classifier : classifier
    seed : int
        The user's seed.
    task : str
    repeat, fold : int

    Returns
    -------
    classifier
        An unfitted clone.

    Examples
    --------
    >>> from mrnet_features.models import lightgbm_baseline
    >>> one, two = (seed_classifier(lightgbm_baseline(), 0, "acl", 0, fold) for fold in (0, 1))
    >>> one.random_state == two.random_state
    False
    """
    fresh = clone(classifier)
    states = {
        name: int(value) if isinstance(value, Integral) else "unset"
        for name, value in fresh.get_params(deep=True).items()
        if name == "random_state" or name.endswith("__random_state")
    }
    return fresh.set_params(
        **{
            name: derive_seed(seed, "model", name, value, task, repeat, fold)
            for name, value in states.items()
        }
    )


def fit_and_score(
    classifier: Any,
    features: pd.DataFrame,
    truth: NDArray[np.int8],
    train: NDArray[np.intp],
    test: NDArray[np.intp],
    where: str,
) -> tuple[Any, NDArray[np.float64]]:
    """Fit a classifier on some rows, on one thread, and score others.

    Parameters
    ----------
    classifier : classifier
        It is fitted in place.
    features : DataFrame of shape (n_exams, n_features)
    truth : ndarray of shape (n_exams,), int8
        0 or 1.
    train, test : ndarray of intp
        Row numbers.
    where : str
        What a note on an error calls this fit.

    Returns
    -------
    fitted : classifier
    scores : ndarray of shape (n_test,), float64

    Raises
    ------
    ValueError
        If the classifier does, or predicts NaN; a note tells `where`.
    """
    try:
        # One thread: another number of threads adds up in another order, in other last bits.
        with threadpool_limits(limits=1):
            fitted = classifier.fit(features.iloc[train], truth[train])
            return fitted, predict_positive(fitted, features.iloc[test])
    except Exception as error:
        error.add_note(f"while fitting and scoring {where}")
        raise


def predict_positive(classifier: Any, features: pd.DataFrame) -> NDArray[np.float64]:
    """Score rows: the probability of class 1, or the decision function where there is none.

    Parameters
    ----------
    classifier : classifier
        Fitted.
    features : DataFrame of shape (n_exams, n_features)

    Returns
    -------
    ndarray of shape (n_exams,), float64

    Raises
    ------
    ValueError
        If a score is not finite.

    Examples
    --------
    >>> import pandas as pd
    >>> from mrnet_features.models import prior_baseline
    >>> table = pd.DataFrame({"size": [1.0, 2.0]})
    >>> predict_positive(prior_baseline().fit(table, [0, 1]), table).tolist()
    [0.5, 0.5]
    """
    if hasattr(classifier, "predict_proba"):
        positive = list(classifier.classes_).index(1)
        scores = classifier.predict_proba(features)[:, positive]
    else:
        scores = classifier.decision_function(features)
    n_bad = int((~np.isfinite(scores)).sum())
    if n_bad:
        raise ValueError(
            f"`model` must predict a finite score for every exam, got NaN or infinity for {n_bad} "
            f"of {len(features)} exams from {classifier!r}."
        )
    return np.asarray(scores, dtype=np.float64)
