"""Level matrices: lists of cells give the statistics of the full matrix."""

import numpy as np
from hypothesis import given
from hypothesis.extra import numpy as hnp

from mrnet_features.formulas.level_matrix import describe_emphases, read_cells, read_matrix

NAMES = tuple(f"s{k}" for k in range(16))


@given(hnp.arrays(np.int32, (2, 4, 5), elements={"min_value": 0, "max_value": 3}))
def test_cells_and_matrix_have_equal_statistics(counts):
    level, value = (index.ravel() + 1 for index in np.indices((4, 5)))
    cells = [np.broadcast_to(part, (2, 20)) for part in (level, value)]
    listed = read_cells(*cells, counts.reshape(2, 20), counts.sum(axis=-1))
    n_pixels = np.array([50.0, 60.0])
    ours = describe_emphases(listed, n_pixels, NAMES)
    expected = describe_emphases(read_matrix(counts), n_pixels, NAMES)
    for name, values in expected.items():
        np.testing.assert_allclose(ours[name], values, rtol=1e-12, atol=1e-12, err_msg=name)


@given(hnp.arrays(np.int32, (1, 3, 4), elements={"min_value": 0, "max_value": 5}))
def test_repeated_cells_are_merged(counts):
    level, value = (index.ravel() + 1 for index in np.indices((3, 4)))
    once = [part[None] for part in (level, value, counts.ravel())]
    twice = [np.concatenate([part, part], axis=-1) for part in once]
    ours = describe_emphases(read_cells(*twice, 2 * counts.sum(axis=-1)), np.ones(1), NAMES)
    expected = describe_emphases(read_matrix(2 * counts), np.ones(1), NAMES)
    for name, values in expected.items():
        np.testing.assert_allclose(ours[name], values, rtol=1e-12, atol=1e-12, err_msg=name)
