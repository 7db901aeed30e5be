"""Fitted parts of a classifier: pipeline steps, inner models, boosters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

__all__ = ["count_fits", "list_fitted_parts", "list_packages"]

MOST_PARTS = 1000
"""A forest has hundreds of equal trees; they are not looked through one by one."""


def list_fitted_parts(model: Any) -> list[Any]:
    """A fitted model and everything fitted inside it, outermost first.

    Parameters
    ----------
    model : object
        Inner estimators are found in the steps of a pipeline, in the parameters, and in the
        attributes that end with an underscore. Estimators that were never fitted, such as the
        template of a search, are left out.

    Returns
    -------
    list

    Examples
    --------
    >>> from mrnet_features.models import logistic_baseline
    >>> model = logistic_baseline().fit([[0.0], [1.0]], [0, 1])
    >>> [type(part).__name__ for part in list_fitted_parts(model)][-3:]
    ['SimpleImputer', 'StandardScaler', 'LogisticRegression']
    """
    found: list[Any] = []
    seen: set[int] = set()
    waiting = [model]
    while waiting and len(found) < MOST_PARTS:
        part = waiting.pop(0)
        if id(part) in seen or (part is not model and not _is_fitted(part)):
            continue
        seen.add(id(part))
        found.append(part)
        waiting += [inner for inner in _list_inner(part) if hasattr(inner, "fit")]
    return found


def list_packages(model: Any) -> list[str]:
    """Top-level packages of the classes in a fitted model.

    Parameters
    ----------
    model : object

    Returns
    -------
    list of str
        Sorted. Boosters count, though they have no `fit`.

    Examples
    --------
    >>> from mrnet_features.models import logistic_baseline
    >>> list_packages(logistic_baseline().fit([[0.0], [1.0]], [0, 1]))
    ['mrnet_features', 'sklearn']
    """
    parts = list_fitted_parts(model)
    inner = [each for part in parts for each in _list_inner(part)]
    kinds = {type(each) for each in [*parts, *inner]}
    roots = {kind.__module__.partition(".")[0] for kind in kinds}
    return sorted(roots - {"builtins", "numpy", "scipy"})


def count_fits(models: Mapping[str, list[Any]]) -> int:
    """Number of fitted models.

    Parameters
    ----------
    models : mapping of task to list of classifier

    Returns
    -------
    int
    """
    return sum(len(fits) for fits in models.values())


def _is_fitted(part: Any) -> bool:
    if isinstance(part, type):
        return False
    try:
        check_is_fitted(part)
    except (NotFittedError, TypeError):
        return False
    return True


def _list_inner(part: Any) -> Iterator[Any]:
    """Objects inside an estimator, in the order of its parameters and attributes."""
    own = getattr(part, "__dict__", {})
    values = [own[name] for name in own if not name.startswith("_")]
    for value in values:
        yield from _open(value)


def _open(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for one in value.values():
            yield from _open(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _open(one)
    elif hasattr(value, "__dict__") and not isinstance(value, type):
        yield value
