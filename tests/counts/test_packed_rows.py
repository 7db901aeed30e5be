"""Spans and packed rows equal their definitions on random slices."""

import numpy as np
import pytest
from hypothesis import given

from mrnet_features.counts.packed_rows import PADDING, find_span, make_packed, pack_regions
from tests.support.zoo import stacks


@pytest.mark.parametrize("length", [1, 31, 32, 33, 200, 65535, 65536, 70001])
def test_span_of_sparse_lines(length):
    rng = np.random.default_rng(length)
    for n_inside in (0, 1, 2, length // 2):
        line = np.zeros(length, np.uint8)
        line[rng.choice(length, min(n_inside, length), replace=False)] = 255
        inside = np.flatnonzero(line)
        expected = (inside[0], inside[-1] + 1) if inside.size else (0, 0)
        assert find_span(line) == expected
        assert find_span(line[::-1].copy()) == (
            (length - expected[1], length - expected[0]) if inside.size else (0, 0)
        )


@given(stacks())
def test_neighbours_lie_at_fixed_distances(stack):
    levels, regions, *_ = stack
    height, width = levels.shape[1:]
    for n_rows, n_columns in ((1, 1), (2, 3), (0, 1)):
        packed, spans = make_packed(height, width, n_rows, n_columns)
        packed[:] = 77  # as an earlier slice may have left it
        for level, region in zip(levels, regions, strict=True):
            found, stride, start = pack_regions(level, region, n_rows, n_columns, packed, spans)
            whole = np.where(region > 0, 256 * region.astype(np.uint16) + level, 0)
            rows, columns = np.nonzero(whole)
            assert found == (np.ptp(rows) + 1 if rows.size else 0)
            padded = np.pad(whole, ((n_rows, n_rows), (n_columns, n_columns)))
            for y, x in zip(rows, columns, strict=True):
                at = start + (y - rows.min()) * stride + x - columns.min()
                begin, end = spans[y - rows.min()]
                assert begin <= at < end
                assert end + n_rows * stride + n_columns + PADDING <= packed.size
                for dy in range(-n_rows, n_rows + 1):
                    for dx in range(-n_columns, n_columns + 1):
                        expected = padded[y + n_rows + dy, x + n_columns + dx]
                        assert packed[at + dy * stride + dx] == expected
