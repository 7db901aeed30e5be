"""Holm's correction equals statsmodels."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from mrnet_features.evaluation.comparison.holm import adjust_holm


@settings(max_examples=20)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_equals_statsmodels(p):
    theirs = multipletests(p, method="holm")[1]
    np.testing.assert_allclose(adjust_holm(p), theirs, atol=1e-15)


def test_holm_leaves_nan_out_of_the_count():
    np.testing.assert_array_equal(adjust_holm([0.01, np.nan, 0.04]), [0.02, np.nan, 0.04])
