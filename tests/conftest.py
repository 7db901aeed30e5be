"""What several test files share: hypothesis' profile and scikit-learn's checks."""

import importlib
import os
from unittest import mock

import scipy.stats  # noqa: F401 (before the variable below is set: it changes what scipy accepts)
import sklearn
from hypothesis import HealthCheck, settings

settings.register_profile(
    "default", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("default")

if sklearn.__version__.startswith("1.6."):
    # Beside array-api-compat its checks can't be imported unless this variable is set.
    with mock.patch.dict(os.environ, {"SCIPY_ARRAY_API": "1"}):
        importlib.import_module("sklearn.utils.estimator_checks")
