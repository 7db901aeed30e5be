"""Hints of the contrast."""

import pytest

from mrnet_features.series.weighting import Tags, find_weighting


@pytest.mark.parametrize(
    ("tags", "suppressed", "bright"),
    [
        (Tags(), None, None),
        (Tags(echo=12, repetition=600), None, False),  # T1
        (Tags(echo=80, repetition=4000), None, True),  # T2
        (Tags(echo=35, repetition=3000), None, None),  # proton density
        (Tags(echo=35, repetition=3000, scan_options=("FS",)), True, True),
        (Tags(echo=12, repetition=600, scan_options=("FS",)), True, None),
        (Tags(echo=12, repetition=600, scan_options=("PFP",)), False, False),
        (Tags(echo=10, repetition=500, is_gradient_echo=True), None, None),
        (Tags(inversion=150, echo=30, repetition=4000), True, True),  # STIR
        (Tags(inversion=2400, echo=30, repetition=9000), None, None),
        (Tags(suppression="FAT"), True, None),
        (Tags(suppression="NONE", words="PD fs"), False, None),
        (Tags(words="sag PD_FS tse"), True, None),
        (Tags(words="cor STIR"), True, None),
        (Tags(words="AX PD SPAIR"), True, None),
        (Tags(words="cor T1 no FS"), False, None),
        (Tags(words="cor T1 w/o FS"), False, None),
        (Tags(words="offset"), None, None),
    ],
)
def test_tags_of_known_sequences(tags, suppressed, bright):
    found = find_weighting(tags)
    assert (found.fat_suppressed, found.fluid_bright) == (suppressed, bright)
    assert (found.source == "") == (suppressed is None and bright is None)
