"""Classifiers for feature tables, one per task."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

# Names are loaded when they are first used: scikit-learn and SciPy take a second.
_HOMES = {
    "Bundle": "bundle",
    "LIGHTGBM_GRID": "tuning",
    "PlaneEnsemble": "plane_ensemble",
    "ScaledLogistic": "logistic",
    "SeedAveragedLightGBM": "lightgbm",
    "StableColumns": "stable_columns",
    "TunedClassifier": "tuning",
    "fit_bundle": "bundle",
    "import_lightgbm": "lightgbm",
    "lightgbm_baseline": "baselines",
    "load_bundle": "bundle",
    "logistic_baseline": "baselines",
    "prior_baseline": "baselines",
    "select_stable": "stable_columns",
}

if TYPE_CHECKING:
    from mrnet_features.models.baselines import lightgbm_baseline, logistic_baseline, prior_baseline
    from mrnet_features.models.bundle import Bundle, fit_bundle, load_bundle
    from mrnet_features.models.lightgbm import SeedAveragedLightGBM, import_lightgbm
    from mrnet_features.models.logistic import ScaledLogistic
    from mrnet_features.models.plane_ensemble import PlaneEnsemble
    from mrnet_features.models.stable_columns import StableColumns, select_stable
    from mrnet_features.models.tuning import LIGHTGBM_GRID, TunedClassifier

__all__ = [
    "LIGHTGBM_GRID",
    "Bundle",
    "PlaneEnsemble",
    "ScaledLogistic",
    "SeedAveragedLightGBM",
    "StableColumns",
    "TunedClassifier",
    "fit_bundle",
    "import_lightgbm",
    "lightgbm_baseline",
    "load_bundle",
    "logistic_baseline",
    "prior_baseline",
    "select_stable",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
