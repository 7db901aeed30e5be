"""to_uint8: linear between two values of the stack, for every type of number; clear errors."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import mrnet_features as mf

RNG = np.random.default_rng(0)
PICTURE = RNG.integers(0, 256, (4, 16, 12), np.uint8)
PICTURE.flat[:256] = np.arange(256)
ALL = (0, 100)
"""Percentiles of minimum and maximum."""

COPIES = {
    "12 bit": (PICTURE * np.int16(16), ALL),
    "16 bit": (PICTURE * np.uint16(257), ALL),
    "signed 16 bit": (PICTURE.astype(np.int16) - 1000, ALL),
    "signed 8 bit": ((PICTURE.astype(np.int16) - 128).astype(np.int8), ALL),
    "other byte order": (PICTURE.astype(">i2"), ALL),
    "32 bit": (PICTURE.astype(np.int32) * 8_000_000 - 2**30, ALL),
    "64 bit": (PICTURE.astype(np.int64) * 2**55 - 2**62, ALL),
    "0 to 1": (PICTURE / 255, ALL),
    "0 to 1 in single precision": (PICTURE.astype(np.float32) / 255, ALL),
    "0 to 1 in half precision": ((PICTURE / 255).astype(np.float16), ALL),
    "-1 to 1": (PICTURE / 127.5 - 1, ALL),
    "huge floats": (PICTURE * 6e305, ALL),
    "tiny floats": (PICTURE * 5e-324, ALL),
    "strided view": (np.repeat(PICTURE / 255, 2, axis=2)[:, :, ::2], ALL),
}


@pytest.mark.parametrize("kind", COPIES)
def test_a_picture_stored_in_another_type_is_recovered(kind):
    stack, percentiles = COPIES[kind]
    before = stack.copy()
    converted = mf.to_uint8(stack, percentiles=percentiles)
    assert converted.dtype == np.uint8
    assert np.array_equal(converted, PICTURE)
    assert np.array_equal(stack, before)


def test_a_stack_on_disk_is_converted_slice_by_slice(tmp_path):
    np.save(tmp_path / "a.npy", PICTURE * np.uint16(257))
    stack = np.load(tmp_path / "a.npy", mmap_mode="r")
    assert np.array_equal(mf.to_uint8(stack, percentiles=ALL), PICTURE)


def test_uint8_is_returned_unchanged():
    assert mf.to_uint8(PICTURE) is PICTURE
    assert mf.to_uint8(PICTURE, percentiles=(40, 60)) is PICTURE


def test_slices_keep_their_brightness_relative_to_each_other():
    dim = RNG.integers(0, 100, (1, 20, 20))
    converted = mf.to_uint8(np.concatenate([dim, 10 * dim]), percentiles=ALL)
    np.testing.assert_allclose(converted[1], 10.0 * converted[0], atol=6)  # 10 roundings of a half


def test_values_beyond_the_percentiles_are_saturated():
    stack = np.arange(-100, 900, dtype=np.int16).reshape(10, 10, 10)
    converted = mf.to_uint8(stack, percentiles=(10.1, 90))
    assert converted.flat[100:102].tolist() == [0, 0]  # value 0, at which 10.1 % are reached
    assert (converted.flat[:100] == 0).all()
    assert converted.flat[898:901].tolist() == [255, 255, 255]
    assert (converted.flat[900:] == 255).all()
    assert (np.diff(converted.ravel().astype(int)) >= 0).all()


def test_halves_are_rounded_to_even():
    stack = np.arange(511, dtype=np.int16).reshape(1, 7, 73)  # steps of half a grey level
    converted = mf.to_uint8(stack, percentiles=ALL)
    assert converted.flat[[1, 3, 5, 7]].tolist() == [0, 2, 2, 4]


def test_few_outliers_hardly_change_the_rest():
    stack = RNG.normal(300, 50, (20, 50, 50))
    expected = mf.to_uint8(stack)
    stack.flat[RNG.choice(stack.size, 10, replace=False)] = [1e9, -1e9] * 5
    assert np.abs(mf.to_uint8(stack).astype(int) - expected)[np.abs(stack) < 1e9].max() <= 1


@pytest.mark.parametrize(
    ("padding", "dtype"), [(-2000, np.int16), (-2000, np.float32), (np.nan, np.float32)]
)
def test_padding_takes_no_contrast_and_becomes_air(padding, dtype):
    stack = RNG.integers(0, 1000, (3, 20, 20)).astype(dtype)
    padded = np.full((3, 30, 30), padding, dtype)
    padded[:, 5:25, 5:25] = stack
    converted = mf.to_uint8(padded, padding=padding)
    assert np.array_equal(converted[:, 5:25, 5:25], mf.to_uint8(stack))
    assert not converted[:, :5].any()
    assert not converted[:, :, 25:].any()


def test_inverted_pictures_become_those_of_the_negative_values():
    stack = RNG.integers(-500, 1000, (3, 20, 20))
    options = {"percentiles": ALL, "invert": True}
    assert np.array_equal(mf.to_uint8(stack, **options), mf.to_uint8(-stack, percentiles=ALL))
    assert np.array_equal(mf.to_uint8(PICTURE, invert=True), 255 - PICTURE)
    padded = mf.to_uint8(PICTURE, invert=True, padding=7)
    assert np.array_equal(padded, np.where(PICTURE == 7, 0, 255 - PICTURE))


@given(
    hnp.arrays(np.float32, (2, 5, 5), elements=st.floats(-1e6, 1e6, width=32), unique=True),
    st.floats(0, 49),
    st.floats(51, 100),
)
def test_a_brighter_pixel_is_never_darker_afterwards(stack, lower, upper):
    converted = mf.to_uint8(stack, percentiles=(lower, upper)).ravel()[np.argsort(stack.ravel())]
    assert (np.diff(converted.astype(int)) >= 0).all()
    assert converted[0] == 0
    assert converted[-1] == 255


def test_memory_stays_below_two_copies_in_the_type_of_the_stack():
    stack = np.arange(64 * 256 * 256, dtype=np.int16).reshape(64, 256, 256)
    tracemalloc.start()
    mf.to_uint8(stack)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2.2 * stack.nbytes  # float64 would take 4 times the stack


@pytest.mark.parametrize(
    ("stack", "error", "message"),
    [
        (None, TypeError, "got NoneType"),
        ([[[1, 2]]], TypeError, r"got list.*np\.stack"),
        (PICTURE > 9, TypeError, r"integers or floats, got \(4, 16, 12\) bool. A mask"),
        (PICTURE * 1j, TypeError, r"complex128. Pass its magnitude, `np\.abs"),
        (PICTURE.astype(object), TypeError, r"object. Stack slices"),
        (PICTURE.astype(str), TypeError, "Pass the pixels as numbers"),
        (np.ma.masked_less(PICTURE, 9), TypeError, "a masked array. Fill the mask"),
        (PICTURE[0] * 1.0, ValueError, r"got \(16, 12\) float64. One slice is `image\[np"),
        (PICTURE[0], ValueError, r"got \(16, 12\) uint8"),
        (PICTURE[..., None] * 1.0, ValueError, "pictures in colour"),
        (PICTURE[:0] * 1.0, ValueError, "at least one pixel"),
        (np.where(PICTURE > 250, np.nan, 1.0), ValueError, r"NaN or infinity in \d+ of 768 pixels"),
        (np.where(PICTURE > 250, np.inf, 1.0), ValueError, "replace infinite values"),
        (PICTURE * 0.0 + 7, ValueError, r"contrast, got 7 at both percentiles \(0\.1, 99\.9\)"),
        ((PICTURE - 128.0) * 1.2e306, ValueError, "less than the largest float64"),
    ],
)
def test_what_can_not_be_converted_is_refused(stack, error, message):
    with pytest.raises(error, match=message):
        mf.to_uint8(stack)


@pytest.mark.parametrize(
    "percentiles", [(50, 50), (90, 10), (-1, 99), (1, 101), (np.nan, 99), 99, (1, 2, 3), "ab", None]
)
def test_percentiles_that_are_no_range_are_refused(percentiles):
    with pytest.raises(ValueError, match="`percentiles` must be two numbers"):
        mf.to_uint8(PICTURE * 1.0, percentiles=percentiles)


@pytest.mark.parametrize("padding", [np.inf, -np.inf, "-2000", (1, 2)])
def test_padding_that_is_no_value_is_refused(padding):
    with pytest.raises(ValueError, match="`padding` must be a finite number, NaN or None"):
        mf.to_uint8(PICTURE * 1.0, padding=padding)


def test_a_stack_of_padding_is_refused():
    with pytest.raises(ValueError, match="pixels other than the padding, got -2000 in all"):
        mf.to_uint8(np.full((2, 3, 4), -2000, np.int16), padding=-2000)
