"""Models by name: the baselines, and classifiers of your own as ``module:object``."""

from __future__ import annotations

import importlib
import inspect
import os
import sys
from collections.abc import Callable
from typing import Any

from mrnet_features.messages import describe_cause, quote, suggest_name
from mrnet_features.models.baselines import lightgbm_baseline, logistic_baseline, prior_baseline
from mrnet_features.models.estimators import check_classifier

MODELS: dict[str, Callable[[], Any]] = {
    "lightgbm": lightgbm_baseline,
    "logistic": logistic_baseline,
    "prior": prior_baseline,
}
"""Baselines by name."""


def load_model(name: str) -> Any:
    """Classifier by name.

    Parameters
    ----------
    name : str
        A key of `MODELS`, or ``module:object``: a classifier, or a class or function without
        required arguments that makes one. The module is looked for in the working folder first,
        and importing it runs its code.

    Returns
    -------
    classifier
        Not fitted.

    Raises
    ------
    ValueError
        If there is no such baseline, or the module has no such object or can't make a classifier.
    ImportError
        If the module can't be imported.
    TypeError
        If the object is no classifier.

    Examples
    --------
    >>> load_model("sklearn.naive_bayes:GaussianNB")
    GaussianNB()
    """
    if name in MODELS:
        return MODELS[name]()
    path, colon, attribute = name.partition(":")
    if not (path and colon and attribute):
        raise ValueError(
            f"`model` must be {', '.join(MODELS)}, or a classifier as module:object such as "
            f"sklearn.naive_bayes:GaussianNB, got {quote(name)}.{suggest_name(name, MODELS)}"
        )
    found: Any = _import_module(path)
    for part in attribute.split("."):
        if not hasattr(found, part):
            known = [known for known in vars(found) if not known.startswith("_")]
            raise ValueError(
                f"`model` must name an object of the module {quote(path)}, but it has no "
                f"{quote(part)}.{suggest_name(part, known)}"
            )
        found = getattr(found, part)
    if isinstance(found, type) or inspect.isroutine(found):
        try:
            found = found()
        except Exception as error:
            raise ValueError(
                f"`model` must be made without arguments, but {quote(attribute)} failed "
                f"({describe_cause(error)}). Write a function that makes it, and name that."
            ) from error
    check_classifier(found)
    return found


def _import_module(path: str) -> Any:
    folder = os.getcwd()  # where a module of one's own usually lies  # noqa: PTH109
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        return importlib.import_module(path)
    except Exception as error:
        raise ImportError(
            f"The module {quote(path)} of `model` can't be imported "
            f"({describe_cause(error)}). It is looked for in '{folder}' and among the installed "
            "packages."
        ) from error
