"""Table -> probabilities: one classifier per task."""

from mrnet_features.models.baselines import lightgbm_baseline, logistic_baseline, prior_baseline
from mrnet_features.models.boosting import SeedAveragedLightGBM, import_lightgbm
from mrnet_features.models.logistic import ScaledLogistic

__all__ = [
    "ScaledLogistic",
    "SeedAveragedLightGBM",
    "import_lightgbm",
    "lightgbm_baseline",
    "logistic_baseline",
    "prior_baseline",
]
