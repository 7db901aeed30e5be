"""Classifiers for feature tables, one per task."""

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
