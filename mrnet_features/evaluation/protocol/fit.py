"""Fit one classifier with its own seed on one thread, and score the exams left out."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral
from typing import TYPE_CHECKING, Any

from threadpoolctl import threadpool_limits

from mrnet_features.evaluation.protocol.stratify import derive_seed
from mrnet_features.messages import name_some
from mrnet_features.models.estimators import (
    check_classifier,
    copy_classifier,
    find_weight_parameter,
    fit_classifier,
    predict_positive,
    refuse_table,
)

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["assign_classifiers", "fit_and_score", "require_weights", "seed_classifier"]

GREEDY = {"lightgbm", "xgboost"}
"""Packages whose classifiers take all cores if `n_jobs` is None."""

ALIASES = ("num_threads", "num_thread", "nthread", "nthreads")
"""Other names under which they take the number of threads."""


def assign_classifiers(model: Any, tasks: list[str]) -> dict[str, Any]:
    """Classifier of each task.

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
        If a model is not a classifier.
    ValueError
        If a mapping has other tasks.

    Examples
    --------
    >>> from mrnet_features.models import prior_baseline
    >>> assign_classifiers(prior_baseline(), ["acl"])
    {'acl': DummyClassifier()}
    """
    refuse_table(model, "cross_validate(model, features, labels)")
    if model is None:
        # here: it needs scikit-learn, which takes a second to import
        from mrnet_features.models.baselines import lightgbm_baseline

        model = lightgbm_baseline()
    chosen = dict(model) if isinstance(model, Mapping) else dict.fromkeys(tasks, model)
    if set(chosen) != set(tasks):
        raise ValueError(
            f"`model` must map each task to a classifier, got {name_some(list(chosen))} for "
            f"the tasks {name_some(list(tasks))}."
        )
    for classifier in chosen.values():
        check_classifier(classifier)
    return chosen


def require_weights(classifiers: Mapping[str, Any], weights: Any, labels: pd.DataFrame) -> None:
    """Raise before the first fit if a classifier can't take the sample weights that it needs.

    Parameters
    ----------
    classifiers : mapping of task to classifier
    weights : Series, DataFrame or None
        Sample weights.
    labels : DataFrame of shape (n_exams, n_tasks)
        Labels to fit on. Those between 0 and 1 need weights.

    Raises
    ------
    TypeError
        If `fit` of a classifier takes no sample weights.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> import pandas as pd
    >>> require_weights({"acl": KNeighborsClassifier()}, None, pd.DataFrame({"acl": [0, 1]}))
    """
    for task, classifier in classifiers.items():
        if weights is not None:
            find_weight_parameter(classifier)
        elif ((labels[task] > 0) & (labels[task] < 1)).any():
            find_weight_parameter(classifier, "A label between 0 and 1 in `fit_labels`")


def seed_classifier(classifier: Any, seed: int, task: str, repeat: int, fold: int) -> Any:
    """Copy of a classifier with its own seed in each of its `random_state` parameters.

    LightGBM and XGBoost use all cores unless `n_jobs` is set, and no limit from outside holds for
    them. Their `n_jobs` is set to 1 wherever it is None, also inside pipelines; other values stay.

    Parameters
    ----------
    classifier : classifier
        Without `get_params` it is copied as it is.
    seed : int
        Seed of the user.
    task : str
    repeat, fold : int

    Returns
    -------
    classifier
        An unfitted copy.

    Examples
    --------
    >>> from mrnet_features.models import lightgbm_baseline
    >>> one, two = (seed_classifier(lightgbm_baseline(), 0, "acl", 0, fold) for fold in (0, 1))
    >>> one.random_state == two.random_state
    False
    """
    fresh = copy_classifier(classifier)
    if not hasattr(fresh, "get_params"):
        return fresh
    parameters = fresh.get_params(deep=True)
    states = {
        name: int(value) if isinstance(value, Integral) else "unset"
        for name, value in parameters.items()
        if name == "random_state" or name.endswith("__random_state")
    }
    seeds = {
        name: derive_seed(seed, "model", name, value, task, repeat, fold)
        for name, value in states.items()
    }
    return fresh.set_params(**seeds, **dict.fromkeys(_find_unset_threads(fresh, parameters), 1))


def _find_unset_threads(classifier: Any, parameters: Mapping[str, Any]) -> list[str]:
    """`n_jobs` parameters that mean all cores because they are None."""
    found = []
    for name, value in parameters.items():
        prefix, _, last = name.rpartition("__")
        if last != "n_jobs" or value is not None:
            continue
        owner = parameters[prefix] if prefix else classifier
        packages = {kind.__module__.partition(".")[0] for kind in type(owner).__mro__}
        inner = f"{prefix}__" if prefix else ""
        if packages & GREEDY and not any(f"{inner}{alias}" in parameters for alias in ALIASES):
            found.append(name)
    return found


def fit_and_score(
    classifier: Any,
    features: pd.DataFrame,
    truth: NDArray[Any],
    train: NDArray[np.intp],
    test: NDArray[np.intp],
    where: str,
    weights: NDArray[np.float64] | None = None,
    groups: NDArray[np.int64] | None = None,
) -> tuple[Any, NDArray[np.float64]]:
    """Fit a classifier on some rows, on one thread, and score others.

    Training rows without a label are left out; test rows need none.

    Parameters
    ----------
    classifier : classifier
        It is fitted in place.
    features : DataFrame of shape (n_exams, n_features)
    truth : ndarray of shape (n_exams,), int8 or float64
        Labels to fit on; see `fit_classifier`.
    train, test : ndarray of intp
        Row numbers.
    where : str
        Name of this fit in notes on errors.
    weights : ndarray of shape (n_exams,), float64, optional
        Sample weights.
    groups : ndarray of shape (n_exams,), int64, optional
        Group of each exam, for classifiers with inner folds.

    Returns
    -------
    fitted : classifier
    scores : ndarray of shape (n_test,), float64

    Raises
    ------
    ValueError
        If the classifier raises it or predicts NaN. A note names `where`.
    """
    try:
        # One thread: another number of threads adds in another order and changes the last bits.
        with threadpool_limits(limits=1):
            own = [None if values is None else values[train] for values in (weights, groups)]
            fitted = fit_classifier(classifier, features.iloc[train], truth[train], *own)
            return fitted, predict_positive(fitted, features.iloc[test])
    except Exception as error:
        error.add_note(f"while fitting and scoring {where}")
        raise
