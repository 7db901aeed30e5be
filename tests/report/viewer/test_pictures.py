"""Pictures and masks of the viewer."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image

from mrnet_features.report.viewer.pictures import MaskStore, encode_stack


def cut_tiles(picture, shape):
    n_slices, height, width = shape
    sheet = np.asarray(Image.open(io.BytesIO(picture.data)).convert("L"))
    across = picture.tiles_across
    return np.stack(
        [
            sheet[k // across * height :, k % across * width :][:height, :width]
            for k in range(n_slices)
        ]
    )


@pytest.mark.parametrize("shape", [(1, 9, 7), (5, 8, 8), (61, 20, 33), (3, 64, 10)])
def test_a_lossless_picture_has_every_pixel(shape):
    stack = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    picture = encode_stack(stack)
    assert picture.quality is None
    np.testing.assert_array_equal(cut_tiles(picture, shape), stack)


def test_quality_is_lowered_until_the_picture_is_small_enough():
    noise = np.random.default_rng(0).integers(0, 256, (4, 64, 64), dtype=np.uint8)
    fine = encode_stack(noise, 10**6)
    small = encode_stack(noise, len(fine.data) - 1)
    assert fine.quality == 85 > small.quality
    assert len(small.data) < len(fine.data)
    smooth = np.full((4, 64, 64), 90, np.uint8)
    assert abs(cut_tiles(encode_stack(smooth, 10**6), smooth.shape).astype(int) - 90).max() <= 1


def test_a_picture_is_small_enough_even_if_the_sampled_slices_are_the_emptiest():
    noise = np.random.default_rng(0).integers(0, 256, (10, 64, 64), dtype=np.uint8)
    noise[::5] = 90
    fine = encode_stack(noise, 10**6)
    small = encode_stack(noise, len(fine.data) * 9 // 10)
    assert fine.quality == 85 > small.quality
    assert len(small.data) <= len(fine.data) * 9 // 10


def test_a_stack_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="16383 pixels along each side"):
        encode_stack(np.zeros((1, 1, 20000), np.uint8))


def test_equal_masks_are_kept_once():
    store = MaskStore()
    one, other = np.eye(5, dtype=bool), np.ones((5, 5), bool)
    assert [store.add(mask) for mask in (one, other, one, other & False)] == [0, 1, 0, -1]
    bits = np.frombuffer(zlib.decompress(store.compress()), np.uint8).reshape(2, 4)
    assert (np.unpackbits(bits, axis=1)[:, :25].reshape(2, 5, 5) == [one, other]).all()
