"""Leading zeros: ids that have them show the width, and shorter numbers have lost theirs."""

import pytest

from mrnet_features.data.mrnet.leading_zeros import find_width, restore_zeros


@pytest.mark.parametrize(
    ("stacks", "labelled", "width"),
    [
        (["0000", "0001"], ["0", "1"], 4),
        (["8", "12"], ["0008", "0012"], 4),
        (["8", "12"], ["8", "12"], 0),
        (["1130"], ["1130", "1131"], 0),
        ([], [str(k) for k in range(1130)], 4),  # MRNet's train labels without zeros
        ([], [str(k) for k in range(12_000)], 0),
        ([], ["1130", "1131"], 0),
        ([], ["0", "1"], 0),
        (["000001"], ["1"], 6),
        (["0001", "0002", "00003"], [], 4),
        (["001", "0002"], [], 4),
        (["knee", "1.2.840"], ["x"], 0),
        (["0001", "\u0660\u0661"], ["\u0660\u0661\u0662\u0663\u0664"], 4),
        ([], [], 0),
    ],
)
def test_the_width_of_a_split(stacks, labelled, width):
    assert find_width(stacks, labelled) == width


@pytest.mark.parametrize(
    ("exam", "restored"),
    [
        ("7", "0007"),
        ("0", "0000"),
        ("999", "0999"),
        ("007", "0007"),
        ("0007", None),
        ("12345", None),
        ("knee", None),
        ("\u0661", None),
        ("", None),
    ],
)
def test_short_numbers_have_lost_their_zeros(exam, restored):
    assert restore_zeros(exam, 4) == restored
    assert restore_zeros(exam, 0) is None
