"""The result object."""

import numpy as np

from mrnet_features.series.series import Series


def test_repr_says_what_a_reader_asks():
    stack = np.zeros((30, 256, 256), np.uint8)
    series = Series(stack, "sagittal", (3.3, 0.6, 0.6), side="left", warnings=("One.", "Two."))
    text = "Series(sagittal, 30 slices of 256 x 256, 3.3 x 0.6 x 0.6 mm, side left, 2 warnings)"
    assert repr(series) == text
    assert "warning" not in repr(Series(stack, "axial", (3.3, 0.6, 0.6)))
