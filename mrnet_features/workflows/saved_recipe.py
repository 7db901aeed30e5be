"""The extractor of a saved model, rebuilt from its recipe."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from typing import Any

from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.extraction.table_files.keys import IF_MISSING
from mrnet_features.families.presets import discover_families
from mrnet_features.messages import quote
from mrnet_features.models.bundle import Bundle
from mrnet_features.stacks.discretisation import Discretisation
from mrnet_features.versions import find_version

__all__ = ["rebuild_extractor"]


def rebuild_extractor(
    bundle: Bundle, *, device: str = "auto", n_jobs: int | None = None
) -> FeatureExtractor:
    """Extractor with the recipe of a bundle.

    Exams may lack a series if those of the training table might (``missing="nan"``).

    Parameters
    ----------
    bundle : Bundle
    device, n_jobs
        See `FeatureExtractor`.

    Returns
    -------
    FeatureExtractor

    Raises
    ------
    ValueError
        If the bundle has no recipe, or this version makes another one of it.

    Warns
    -----
    UserWarning
        If the training table was extracted by another version of the library.
    """
    recipe = bundle.provenance.get("recipe")
    if not recipe:
        raise ValueError(
            "The model was fitted on a table without a recipe, so features can't be extracted "
            "for it. Predict from a feature table with `Bundle.predict`."
        )
    try:
        missing = str(bundle.provenance.get(IF_MISSING, "error"))
        extractor = _read_recipe(recipe, missing, device, n_jobs)
        extractor.recipe()
    except Exception as error:
        # a family takes its parameters from the file, and a wrong one can raise anything
        said = quote(f"{type(error).__name__}: {error}")
        raise ValueError(
            f"The model's recipe can't be read by this version ({said}). Install mrnet-features "
            f"{_version_of(bundle)}, which wrote it, or fit the model again."
        ) from error
    digest = extractor.recipe().digest
    if digest != bundle.provenance.get("recipe_digest"):
        raise ValueError(
            f"This version computes other features from the model's recipe (digest {digest}, saved "
            f"{bundle.provenance.get('recipe_digest')}). Fit the model again, or install "
            f"mrnet-features {_version_of(bundle)}."
        )
    installed = find_version("mrnet-features")
    if _version_of(bundle) != installed:
        warnings.warn(
            f"The training table was extracted by mrnet-features {_version_of(bundle)}, but "
            f"{installed} is installed. The recipe is the same, but single statistics may differ; "
            "see the changelog.",
            stacklevel=2,
        )
    return extractor


class _SavedExtractor(FeatureExtractor):
    """Extractor of a saved recipe, which does not say which families a preset has chosen.

    A single exam may lack a series.
    """

    refuses_unused = False


def _read_recipe(
    recipe: Mapping[str, Any], missing: str, device: str, n_jobs: int | None
) -> FeatureExtractor:
    known = discover_families()
    settings = json.loads(json.dumps(recipe), object_hook=_freeze)
    families = [
        known[entry["name"]](**{key: value for key, value in entry.items() if key != "name"})
        for entry in settings["families"]
    ]
    return _SavedExtractor(
        families,
        planes=settings["planes"],
        pools=settings["pools"],
        discretisation=Discretisation(**settings["discretisation"]),
        extensive=settings["extensive"],
        sides=settings.get("sides", "fold"),
        missing=missing,
        device=device,
        n_jobs=n_jobs,
    )


def _freeze(entry: dict[str, Any]) -> dict[str, Any]:
    """Turn JSON's lists into tuples, which frozen dataclasses hold."""

    def freeze(value: Any) -> Any:
        return tuple(freeze(item) for item in value) if isinstance(value, list) else value

    return {key: freeze(value) for key, value in entry.items()}


def _version_of(bundle: Bundle) -> str:
    versions = bundle.provenance.get("versions")
    found = versions.get("mrnet-features") if isinstance(versions, dict) else None
    return found[:20] if isinstance(found, str) else "(unknown version)"
