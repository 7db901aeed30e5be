"""Feature groups in words: families, structures and planes."""

from __future__ import annotations

import re

from mrnet_features.families.presets import discover_families
from mrnet_features.report.region_words import describe_region
from mrnet_features.report.words import describe_column

__all__ = ["describe_group"]

FAMILIES = {
    "acquisition": "size of the scan (not the knee)",
    "cells": "grid of cells on the joint",
    "dark_fluid": "dark fluid (T1 images)",
    "fluid": "bright free fluid",
    "gabor": "stripes (Gabor filters)",
    "glcm": "texture: co-occurrence",
    "gldzm": "texture: distance zones",
    "glrlm": "texture: run lengths",
    "glszm": "texture: size zones",
    "haar": "local differences (Haar wavelet)",
    "histogram": "histogram of levels",
    "hog": "directions of edges",
    "intensity": "brightness",
    "laplacian": "spots and ridges",
    "lbp": "texture: local binary patterns",
    "ligament": "dark bands in the notch",
    "marrow": "bright patches in the marrow",
    "meniscus": "bright clefts in the menisci",
    "ngldm": "texture: dependence",
    "ngtdm": "texture: grey tone differences",
    "profiles": "change over the depth",
    "shape": "shape of thresholded masks",
    "volume": "intensity-volume histogram",
}
"""A few words for an axis; the families' docstrings say more."""

STRUCTURES = {
    "bone": "bone behind the kneecap",
    "cell": "cells of the grid on the joint",
    "joint": "front of the joint",
}
"""Parts of the knee whose name in a column's phrase would say too little by itself."""


def describe_group(by: str, group: str) -> str:
    """Feature group in a few words.

    Parameters
    ----------
    by : str
        How the columns were grouped, such as "family"; see `Importance.by`.
    group : str

    Returns
    -------
    str
        The name itself, with spaces, if it is not one of the library.

    Examples
    --------
    >>> describe_group("family", "glcm"), describe_group("structure", "front_horn")
    ('texture: co-occurrence', 'front horn')
    >>> describe_group("family", "fluid_thresholds224"), describe_group("plane", "axial")
    ('bright free fluid (thresholds224)', 'axial')
    """
    parts = by.split(", ")
    names = group.split(", ")
    if len(parts) > 1 and len(parts) == len(names):
        return ", ".join(map(describe_group, parts, names))
    if by == "family":
        return _describe_family(group)
    if by in ("structure", "region"):
        words = STRUCTURES.get(group) or describe_region(group, "")
        if isinstance(words, str):
            return words
        place = re.sub(r"^in (the )?", "", words.phrase)
        return f"{place}, {words.side}" if words.side else place
    if by in ("cluster", "column"):
        return describe_column(group).phrase
    return group.replace("_", " ")


def _describe_family(label: str) -> str:
    known = [name for name in discover_families() if f"{label}_".startswith(f"{name}_")]
    if not known:
        return label.replace("_", " ")
    name = max(known, key=len)
    words = FAMILIES.get(name, name.replace("_", " "))
    rest = label[len(name) + 1 :].replace("_", " ")
    return f"{words} ({rest})" if rest else words
