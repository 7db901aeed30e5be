"""Classifiers of any origin: check, copy, fit with sample weights, score."""

from __future__ import annotations

import contextlib
import copy
import inspect
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mrnet_features.messages import describe_cause, name_some
from mrnet_features.models.targets import split_labels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "check_classifier",
    "copy_classifier",
    "find_group_parameter",
    "find_weight_parameter",
    "fit_classifier",
    "predict_positive",
    "refuse_table",
    "take_rows",
]


def refuse_table(model: Any, usage: str) -> None:
    """Raise if a table was passed as the model.

    Parameters
    ----------
    model : object
    usage : str
        Call with the right order, for the message.

    Raises
    ------
    TypeError
        If `model` is a DataFrame, a Series, an array, a list or a tuple.

    Examples
    --------
    >>> refuse_table(None, "cross_validate(model, features, labels)")
    """
    if isinstance(model, pd.DataFrame | pd.Series | np.ndarray | list | tuple):
        raise TypeError(
            f"`model` must be a classifier or None, got a {type(model).__name__}. The order is "
            f"{usage}; pass None for the default model."
        )


def check_classifier(model: Any, usage: str = "cross_validate(model, features, labels)") -> None:
    """Raise unless an object is a classifier: `fit` and `predict_proba` or `decision_function`.

    Parameters
    ----------
    model : object
    usage : str
        Call with the right order, for the message about a table.

    Raises
    ------
    TypeError
        If it is a table, a class or lacks a method.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> check_classifier(DummyClassifier())
    """
    refuse_table(model, usage)
    if isinstance(model, type):
        raise TypeError(
            f"`model` must be a classifier object, got the class {model.__name__}. Create one: "
            f"{model.__name__}()."
        )
    if inspect.isroutine(model):
        raise TypeError(
            f"`model` must be a classifier object, got the function {model.__name__}. Call it: "
            f"{model.__name__}()."
        )
    missing = [] if hasattr(model, "fit") else ["fit"]
    if not (hasattr(model, "predict_proba") or hasattr(model, "decision_function")):
        missing.append("predict_proba")
    if missing:
        raise TypeError(
            "`model` must have the methods `fit` and `predict_proba` (or `decision_function`), "
            f"but {type(model).__name__} has no {' and no '.join(f'`{name}`' for name in missing)}."
        )


def copy_classifier(model: Any) -> Any:
    """Copy a classifier: scikit-learn's `clone`, or a deep copy if it has no `get_params`.

    Parameters
    ----------
    model : classifier

    Returns
    -------
    classifier
        Unfitted if `model` has `get_params`.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> copy_classifier(DummyClassifier(strategy="prior"))
    DummyClassifier()
    """
    if not hasattr(model, "get_params"):
        return copy.deepcopy(model)
    # here: scikit-learn takes a second to import
    from sklearn.base import clone

    return clone(model)


def find_weight_parameter(model: Any, wanted: str = "`sample_weight`") -> str:
    """Name under which `fit` takes sample weights.

    Parameters
    ----------
    model : classifier
    wanted : str, default "`sample_weight`"
        What needs the weights, for the message.

    Returns
    -------
    str
        "sample_weight"; with the name of the last step in front for a pipeline.

    Raises
    ------
    TypeError
        If `fit` takes no sample weights, or is a threshold classifier that does not pass them on.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> find_weight_parameter(make_pipeline(LogisticRegression()))
    'logisticregression__sample_weight'
    """
    # here: most users of this module never get to these lines
    from sklearn import get_config
    from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
    from sklearn.pipeline import Pipeline

    if isinstance(model, Pipeline):
        name, last = model.steps[-1]
        return f"{name}__{find_weight_parameter(last, wanted)}"
    thresholding = (FixedThresholdClassifier, TunedThresholdClassifierCV)
    if isinstance(model, thresholding) and not get_config()["enable_metadata_routing"]:
        raise TypeError(
            f"`sample_weight` is not passed on by scikit-learn's {type(model).__name__}. Pass its "
            "`estimator` as the model, and choose the threshold afterwards with "
            "`choose_thresholds`; or enable scikit-learn's metadata routing."
        )
    parameters = inspect.signature(model.fit).parameters
    kinds = {parameter.kind for parameter in parameters.values()}
    if "sample_weight" not in parameters and inspect.Parameter.VAR_KEYWORD not in kinds:
        raise TypeError(
            f"{wanted} needs a classifier whose `fit` takes `sample_weight`, but "
            f"{type(model).__name__}.fit does not. Leave it out, or use another model."
        )
    return "sample_weight"


def find_group_parameter(model: Any) -> str | None:
    """Name under which `fit` takes the groups of the exams, for folds of its own.

    Parameters
    ----------
    model : classifier

    Returns
    -------
    str or None
        "groups", with the name of the last step in front for a pipeline; None if `fit` has no
        such parameter.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> find_group_parameter(LogisticRegression()) is None
    True
    """
    from sklearn.pipeline import Pipeline

    if isinstance(model, Pipeline):
        name, last = model.steps[-1]
        found = find_group_parameter(last)
        return found and f"{name}__{found}"
    return "groups" if "groups" in inspect.signature(model.fit).parameters else None


def take_rows(table: Any, rows: NDArray[np.intp]) -> Any:
    """Rows of a DataFrame or an array.

    Parameters
    ----------
    table : DataFrame or array of shape (n_rows, n_columns)
    rows : ndarray of intp
        Row numbers.

    Returns
    -------
    DataFrame or ndarray

    Examples
    --------
    >>> take_rows([[1.0], [2.0]], np.array([1])).tolist()
    [[2.0]]
    """
    return table.iloc[rows] if hasattr(table, "iloc") else np.asarray(table)[rows]


def fit_classifier(
    model: Any,
    features: Any,
    truth: ArrayLike,
    weights: ArrayLike | None = None,
    groups: ArrayLike | None = None,
) -> Any:
    """Fit a classifier in place, on the rows that have a label.

    A soft label, between 0 and 1, is fitted as two weighted rows; see `split_labels`.

    Parameters
    ----------
    model : classifier
    features : DataFrame or array of shape (n_exams, n_features)
    truth : array of shape (n_exams,)
        0 or 1; as floats also between them, and NaN for an exam without a label.
    weights : array of shape (n_exams,), optional
        Sample weights.
    groups : array of shape (n_exams,), optional
        Passed on if `fit` takes `groups`. Then the two rows of a soft label are a group if there
        are no others: an inner fold must not hold one of them without the other.

    Returns
    -------
    classifier
        `model` itself, whatever its `fit` returns.

    Raises
    ------
    TypeError
        If there are soft labels and `fit` takes no sample weights.
    ValueError
        If there is one class only, among the rows with a weight above 0, or LightGBM refuses its
        parameters or the rows.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> model = DummyClassifier(strategy="prior")
    >>> fit_classifier(model, pd.DataFrame({"size": [1.0, 2.0]}), [0, 1], [1.0, 3.0]).class_prior_
    array([0.25, 0.75])
    """
    codes = np.asarray(truth)
    n_exams = len(codes)
    if codes.dtype.kind == "f":
        given = None if weights is None else np.asarray(weights, dtype=np.float64)
        rows, codes, weights = split_labels(codes.astype(np.float64), given)
        features, n_exams = take_rows(features, rows), len(np.unique(rows))
        if groups is None and len(rows) > n_exams:
            groups = rows
        elif groups is not None:
            groups = np.asarray(groups)[rows]
        if weights is not None and given is None:
            find_weight_parameter(model, "A label between 0 and 1")
    counted = codes if weights is None else codes[np.asarray(weights) > 0]
    classes = np.unique(counted).tolist()
    if len(classes) < 2:
        raise ValueError(
            f"`labels` must hold both classes to fit a model, got {name_some(classes) or 'none'} "
            f"in {n_exams} exams{'' if weights is None else ' with weights above 0'}. Leave the "
            "task out."
        )
    options: dict[str, Any] = {}
    if weights is not None:
        options[find_weight_parameter(model)] = weights
    by_group = None if groups is None else find_group_parameter(model)
    if by_group:
        options[by_group] = groups
    with _explain_lightgbm():
        fitted = model.fit(features, codes, **options)
    return model if fitted is None else fitted


def predict_positive(classifier: Any, features: pd.DataFrame) -> NDArray[np.float64]:
    """Score of each row: probability of class 1, or the decision function.

    Parameters
    ----------
    classifier : classifier
        Fitted. Without `classes_`, the last column of `predict_proba` is class 1.
    features : DataFrame of shape (n_exams, n_features)

    Returns
    -------
    ndarray of shape (n_exams,), float64

    Raises
    ------
    ValueError
        If the scores have another shape or are not finite.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> table = pd.DataFrame({"size": [1.0, 2.0]})
    >>> predict_positive(DummyClassifier(strategy="prior").fit(table, [0, 1]), table).tolist()
    [0.5, 0.5]
    """
    if hasattr(classifier, "predict_proba"):
        with _explain_lightgbm():
            scores = np.asarray(classifier.predict_proba(features))
        if scores.ndim == 2:
            classes = list(getattr(classifier, "classes_", [0, 1]))
            scores = scores[:, classes.index(1)]
    else:
        scores = np.asarray(classifier.decision_function(features))
    if scores.shape != (len(features),):
        raise ValueError(
            f"`model` must predict one score per exam, shape ({len(features)},) or "
            f"({len(features)}, 2), got {scores.shape} from {classifier!r}."
        )
    n_bad = int((~np.isfinite(scores)).sum())
    if n_bad:
        raise ValueError(
            f"`model` must predict a finite score for every exam, got NaN or infinity for {n_bad} "
            f"of {len(features)} exams from {classifier!r}."
        )
    return np.asarray(scores, dtype=np.float64)


@contextlib.contextmanager
def _explain_lightgbm() -> Iterator[None]:
    """Raise LightGBM's own errors as ValueError; they have no other base than Exception."""
    try:
        yield
    except Exception as error:
        if type(error).__name__ != "LightGBMError":
            raise
        raise ValueError(
            f"LightGBM refused the model ({describe_cause(error)}). Check its parameters and the "
            "number of exams."
        ) from error
