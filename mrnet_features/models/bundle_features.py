"""Whether a feature table fits the models of a bundle, and what a bundle keeps of a table."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from mrnet_features.messages import quote
from mrnet_features.models.bundle_head import HEAD

OF_EXAMS = ("fingerprints", "ids_digest", "file_states", "skipped", "missing")
"""Keys of a table's provenance that hold ids of exams, or a value per exam."""


def check_features(
    features: pd.DataFrame, columns: Sequence[str], provenance: Mapping[str, Any]
) -> None:
    """Raise unless a table fits the models of a bundle.

    Parameters
    ----------
    features : DataFrame of shape (n_exams, n_features)
    columns : sequence of str
        Columns that the models were fitted on.
    provenance : mapping
        Of the training table.

    Raises
    ------
    TypeError
        If `features` is not a DataFrame.
    ValueError
        If the table was extracted by another recipe; from pictures of another scale, or of an
        unknown pixel size where that of the model is known; or lacks a column.

    Warns
    -----
    UserWarning
        If only the pixel size of the model's pictures is unknown.
    """
    if not isinstance(features, pd.DataFrame):
        raise TypeError(
            f"`features` must be a pandas DataFrame with the columns of the model, got "
            f"{type(features).__name__}."
        )
    given = features.attrs.get("provenance", {})
    own, other = provenance.get("recipe_digest"), given.get("recipe_digest")
    if own and other and own != other:
        raise ValueError(
            f"`features` were extracted by another recipe (digest {quote(other)}) than the "
            f"model's (digest {quote(own)}). Extract them with the families, planes, pools, "
            f"discretisation and revision that '{HEAD}' lists under 'provenance'. If this "
            "version of mrnet_features has another revision, fit the model again."
        )
    _check_scales(provenance, given)
    missing = [column for column in columns if column not in features.columns]
    if missing:
        raise ValueError(
            f"`features` must have the {len(columns)} columns of the model, but lacks "
            f"{len(missing)}, such as {quote(missing[0])}. Extract it with the same recipe."
        )


def keep_shareable(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Provenance of a table without ids and hashes of exams, which a model must not carry.

    Parameters
    ----------
    provenance : mapping

    Returns
    -------
    dict

    Examples
    --------
    >>> keep_shareable({"device": "cpu", "missing": {"axial": ["0042"]}})
    {'device': 'cpu'}
    """
    return {key: value for key, value in provenance.items() if key not in OF_EXAMS}


def _check_scales(provenance: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Raise if the pictures of a table have another scale than those of the model."""
    own, other = provenance.get("scales") or [], given.get("scales") or []
    if own and any(scale not in own for scale in other):
        raise ValueError(
            f"`features` were extracted from pictures of another scale ({quote(str(other))}) "
            f"than those of the model ({quote(str(own))}). Read them with the same pixel_mm, "
            "size and percentiles."
        )
    # only a table that this library extracted states a scale
    if own and not other and given.get("recipe_digest"):
        raise ValueError(
            "`features` were extracted from arrays whose pixel size is not given, but those of "
            f"the model have a known scale ({quote(str(own))}). Pass `spacing_mm` of each exam, "
            "and the same pixel_mm and size."
        )
    if other and not own and provenance.get("recipe_digest"):
        warnings.warn(
            "The model was fitted on arrays whose pixel size is not given, as those of MRNet, but "
            f"`features` were extracted from pictures of a known scale ({quote(str(other))}). "
            "Its predictions hold only if its own pictures have about this pixel size.",
            stacklevel=5,
        )
