"""Presets: named, fixed sets of families, and families found by name."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import inspect
import json
import pkgutil
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import mrnet_features.families as folder
from mrnet_features.families.base import Family
from mrnet_features.messages import name_some, quote, suggest_name

Choice: TypeAlias = str | tuple[str, Mapping[str, Any]]
"""A family by name, or by name and parameters."""

PRESETS: Mapping[str, tuple[Choice, ...]] = {
    "minimal": ("intensity",),
    # Grey levels relative to the knee, and lesions by position: features that should transfer to
    # another scanner. Texture, dark fluid and profiles hardly change the mean AUC of synthetic
    # knees of any style, see benchmarks/results/styles.json.
    "baseline": ("intensity", "fluid", "marrow", "ligament", "meniscus", "cells"),
    # All that the reference values of the IBSI define for slices and stacks.
    "texture": (
        *("intensity", "histogram", "volume"),
        *("glcm", "glrlm", "glszm", "gldzm", "ngtdm", "ngldm"),
    ),
    "full": (
        *("intensity", "histogram", "volume"),
        *("glcm", ("glcm", {"distance": 2}), "glrlm", "glszm", "gldzm", "ngtdm", "ngldm"),
        *("lbp", ("lbp", {"radius": 2}), ("lbp", {"radius": 3})),
        *("hog", "laplacian", "haar", "gabor", "shape"),
        *("fluid", "dark_fluid", "marrow", "ligament", "meniscus", "cells"),
    ),
}
"""Named, fixed sets of families. A new family joins a preset only by an entry here, so that it
can't change a published score unnoticed."""

_PRESETS_LIST = f"Presets: {', '.join(PRESETS)}."


def discover_families() -> dict[str, type[Family]]:
    """Families of this folder by name, in alphabetical order.

    Returns
    -------
    dict of str to subclass of Family

    Examples
    --------
    >>> discover_families()["glcm"].__name__
    'Glcm'
    """
    return dict(_discover_families())


@functools.cache
def _discover_families() -> Mapping[str, type[Family]]:
    """The same, found once: looking through all modules takes milliseconds."""
    found: dict[str, type[Family]] = {}
    for module_info in pkgutil.iter_modules(folder.__path__):
        module = importlib.import_module(f"{folder.__name__}.{module_info.name}")
        for _, cls in inspect.getmembers(module, inspect.isclass):
            if (
                issubclass(cls, Family)
                and cls.__module__ == module.__name__
                and not inspect.isabstract(cls)
            ):
                if cls.name in found:
                    raise TypeError(
                        f"Two families are called {cls.name!r}: {found[cls.name].__name__} and "
                        f"{cls.__name__}. Rename one."
                    )
                found[cls.name] = cls
    return dict(sorted(found.items()))


def find_families(families: str | Family | Sequence[str | Family]) -> tuple[Family, ...]:
    """Families of a preset, or of a list of names and instances.

    Parameters
    ----------
    families : str, Family, or sequence of str and Family
        Name of a preset, name of a family, or an instance; or several of them.

    Returns
    -------
    tuple of Family

    Raises
    ------
    TypeError
        If an item is neither a name nor an instance of `Family`, or a parameter of one is neither a
        number, a text, None nor a tuple of such.
    ValueError
        If a name is unknown, there is no family, or two families have the same column names.

    Examples
    --------
    >>> find_families("minimal")
    (Intensity(),)
    >>> find_families(["minimal", "acquisition"])
    (Intensity(), Acquisition())
    """
    choices: list[Choice | Family]
    asked = (families,) if isinstance(families, str | Family) else families
    choices = [
        choice
        for item in asked
        for choice in (PRESETS.get(item, (item,)) if isinstance(item, str) else (item,))
    ]
    known = discover_families()
    found = tuple(_find_family(item, known) for item in choices)
    for family in found:
        _check_parameters(family)
    labels = [family.label for family in found]
    repeated = sorted(label for label, times in Counter(labels).items() if times > 1)
    if repeated or not found:
        raise ValueError(
            "`families` must name at least one family and each once, got "
            f"{name_some(labels) or 'none'}. "
            + (f"Remove the repeats of {name_some(repeated)}." if found else _PRESETS_LIST)
        )
    return found


def list_explicit(families: str | Family | Sequence[str | Family]) -> tuple[Family, ...]:
    """Families that were asked for by their own name or as an instance, not through a preset.

    Parameters
    ----------
    families
        As for `find_families`.

    Returns
    -------
    tuple of Family

    Raises
    ------
    TypeError, ValueError
        As `find_families`.

    Examples
    --------
    >>> list_explicit(["minimal", "acquisition"])
    (Acquisition(),)
    """
    asked = (families,) if isinstance(families, str | Family) else families
    known = discover_families()
    return tuple(
        _find_family(item, known)
        for item in asked
        if not (isinstance(item, str) and item in PRESETS)
    )


def _find_family(item: object, known: Mapping[str, type[Family]]) -> Family:
    if isinstance(item, Family):
        if not getattr(getattr(item, "__dataclass_params__", None), "frozen", False):
            raise TypeError(
                f"{type(item).__name__} must be a frozen dataclass: its fields are its parameters, "
                "and equal parameters give equal features. Decorate it with "
                "@dataclass(frozen=True)."
            )
        return item
    parameters: Mapping[str, Any] = {}
    if isinstance(item, tuple) and len(item) == 2:
        item, parameters = item
    if not isinstance(item, str):
        raise TypeError(
            "`families` must hold names or instances of Family, got "
            f"{item.__name__ + ' (a class)' if isinstance(item, type) else type(item).__name__}. "
            "Pass an instance, such as Glcm()."
        )
    if item not in known:
        raise ValueError(
            f"There is no preset or family {quote(item)}.{suggest_name(item, [*PRESETS, *known])} "
            f"Presets: {', '.join(PRESETS)}; families: {', '.join(known)}."
        )
    return known[item](**parameters)


def _check_parameters(family: Family) -> None:
    """Raise unless a family has a hash and can be written as JSON, as its recipe is."""
    try:
        hash(family)
        json.dumps(dataclasses.asdict(family))  # type: ignore[call-overload]
    except TypeError as error:
        raise TypeError(
            "The parameters of a family must be numbers, text, None or tuples of these, got "
            f"{quote(repr(family))} ({error}). Pass a tuple in place of a list or set, and a plain "
            "number in place of NumPy's."
        ) from error
