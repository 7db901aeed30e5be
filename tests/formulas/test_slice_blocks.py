"""Statistics of blocks of slices equal those of all slices at once."""

import numpy as np
import pytest

from mrnet_features.formulas import slice_blocks
from mrnet_features.formulas.slice_blocks import describe_in_blocks


@pytest.mark.parametrize("most", [1, 12, 13, 100, 2**17])
def test_blocks_give_the_same_values(monkeypatch, most):
    monkeypatch.setattr(slice_blocks, "_CPU_CELLS", most)
    values = np.random.default_rng(3).integers(0, 9, (7, 2, 6))
    seen = []

    def describe(block, other):
        seen.append(len(block))
        return {"sum": block.sum(axis=-1), "product": block.max(axis=-1) * other}

    found = describe_in_blocks(describe, values, np.arange(7.0)[:, None])
    assert np.array_equal(found["sum"], values.sum(axis=-1))
    assert np.array_equal(found["product"], values.max(axis=-1) * np.arange(7.0)[:, None])
    assert max(seen) == min(max(most // 12, 1), 7)
