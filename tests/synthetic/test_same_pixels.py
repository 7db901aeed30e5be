"""Knees of every version of the drawing code have the same pixels, bit by bit."""

import zlib
from dataclasses import replace

import pytest

from mrnet_features.synthetic import Style, draw_knee, sample_style

# Checksums of the three stacks of an exam, drawn before samples were made many at once. Style 0 is
# the default style; one plane of each exam of the second block is bad, some with ghosts.
KNEES = {
    (0, 0, 0.0): 2486654931,
    (0, 1, 0.0): 1415401309,
    (0, 2, 0.0): 24607931,
    (0, 3, 0.0): 1119377270,
    (1, 1, 0.0): 2383002046,
    (2, 2, 0.0): 3369479675,
    (3, 3, 0.0): 3858176513,
    (4, 4, 0.0): 3518271003,
    (5, 5, 0.0): 607278346,
    (6, 6, 0.0): 1827571151,
    (0, 0, 1.0): 2236136663,
    (0, 1, 1.0): 1630645907,
    (0, 5, 1.0): 1902491295,
    (1, 0, 1.0): 3590066303,
    (1, 5, 1.0): 3935765572,
    (2, 0, 1.0): 3632625698,
}
WHOLE = 728171188


@pytest.mark.parametrize(("style", "index", "bad_rate"), KNEES)
def test_pixels_are_those_of_the_first_version(style, index, bad_rate):
    drawn = Style() if style == 0 else sample_style(style)
    drawn = replace(drawn, drawn_pixels=64, bad_rate=bad_rate)
    exam = draw_knee(17, "train", index, style=drawn)
    checksum = 0
    for stack in exam.stacks.values():
        checksum = zlib.crc32(stack.tobytes(), checksum)
    assert checksum == KNEES[style, index, bad_rate]


def test_a_knee_of_all_pixels():
    checksum = 0
    for stack in draw_knee(17, "train", 3).stacks.values():
        checksum = zlib.crc32(stack.tobytes(), checksum)
    assert checksum == WHOLE
