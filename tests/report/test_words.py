"""Every column in words: each its own, short, and true about what a higher value means."""

import time
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from scipy.ndimage import uniform_filter

import mrnet_features as mf
from mrnet_features.counts.histogram import histogram
from mrnet_features.extraction.pooling import POOLS
from mrnet_features.families.base import Family, Words
from mrnet_features.families.documentation import match_pattern
from mrnet_features.families.presets import discover_families, find_families
from mrnet_features.report import words as module
from mrnet_features.report.words import describe_column
from mrnet_features.stacks.example_stack import stack_of

EVERYTHING = ("full", "acquisition", "profiles")


@pytest.fixture(scope="module")
def columns():
    """All columns of the library, with all pools."""
    return mf.FeatureExtractor(EVERYTHING, pools=tuple(POOLS)).get_feature_names_out()


@pytest.fixture(scope="module")
def table(columns):
    return mf.describe_columns(columns)


def test_no_two_columns_have_the_same_phrase(table):
    assert len(table) > 10_000
    assert not table.phrase.duplicated().any()
    assert not table.sentence.duplicated().any()


def test_phrases_are_short_and_hold_no_raw_name(table):
    assert table.phrase.str.len().max() <= 70
    for text in ("_", "{", "}", "@", "  ", " ,", "..,"):
        assert not table.phrase.str.contains(text, regex=False).any(), text
        assert not table.sentence.str.contains(text, regex=False).any(), text


def test_sentences_begin_with_a_capital_and_end_with_a_full_stop(table):
    assert table.sentence.str.fullmatch(r"[A-Z0-9].*[a-z0-9]\.").all()


def test_every_phrase_and_sentence_names_the_plane(table):
    for plane in ("axial", "coronal", "sagittal"):
        of_plane = table[table.index.str.startswith(plane)]
        assert of_plane.phrase.str.endswith(f", {plane}").all()
        assert of_plane.sentence.str.contains(f"on {plane} images").all()


def test_every_statistic_has_words_of_its_own(columns):
    families = {family.label: family for family in find_families(EVERYTHING)}
    for label, statistic in {tuple(column.split("__")[2:4]) for column in columns}:
        assert match_pattern(families[label].words, statistic), (label, statistic)


def test_units_and_directions_are_known(table):
    assert (table.unit != "").all()
    unknown = table[table.direction == ""].index.str.split("__").str[3]
    # a wave of a profile means nothing plain; dc_perc is always 1
    assert set(unknown) == {"mean_6", "std_6", "p10_6", "p90_6", "dc_perc"}


def test_ibsi_codes_come_from_the_tables(table):
    assert table.ibsi["axial__knee__glcm__contrast__mean"] == "ACUI"
    assert table.ibsi["axial__knee__hog__row0_column0_magnitude__mean"] == ""


def test_seven_thousand_columns_take_less_than_a_second():
    names = mf.FeatureExtractor("full").get_feature_names_out()
    discover_families()
    module._describe_column.cache_clear()
    module._describe_statistic.cache_clear()
    start = time.process_time()
    assert len(mf.describe_columns(names)) > 6900
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("column", "phrase", "sentence"),
    [
        (
            "sagittal__suprapatellar__fluid__fraction_brightest__top3",
            "free fluid above the kneecap, top 3 slices, sagittal",
            (
                "Share of free fluid (nearly as bright as the brightest tissue) in the "
                "suprapatellar recess above the kneecap on sagittal images, averaged over the "
                "three slices with the highest values."
            ),
        ),
        (
            "sagittal__back_horn_high__meniscus__cleft3_top__stack",
            "3 px cleft in back horn, top 3 slices, max side, sagittal",
            (
                "Share of bright clefts up to 3 pixels wide in the dark wedge around the back "
                "horn of the meniscus on sagittal images, averaged over the three slices with "
                "the highest values. The value is the higher one of the two sides of the knee."
            ),
        ),
        (
            "coronal__femur_difference__marrow__fraction_0p6__stack",
            "dark marrow (0.6 x) in the femur, asymmetry, coronal",
            (
                "Share of marrow at or below 0.6 times its median, as oedema is on T1, in the "
                "femur above the joint line on coronal images, from all slices together. The "
                "value is the difference between the two sides of the knee."
            ),
        ),
        (
            "axial__knee__glcm_distance2__contrast__std",
            "contrast of pixels 2 apart, spread over slices, axial",
            (
                "Mean squared difference in level of pixels 2 apart (co-occurrence) in the knee "
                "on axial images, standard deviation over the slices."
            ),
        ),
        (
            "axial__knee__hog_norientations8__row0_column0_orientation3__mean",
            "edges 67.5° off upright, row 1, column 1, mean of slices, axial",
            (
                "Share of edges 67.5 degrees off upright in row 1 of 3 from the top and column "
                "1 from either side to the middle in the knee on axial images, averaged over "
                "the slices."
            ),
        ),
    ],
)
def test_examples(column, phrase, sentence):
    assert describe_column(column)[:2] == (phrase, sentence)


def test_a_spread_and_an_asymmetry_have_directions_and_ranges_of_their_own():
    spread = describe_column("sagittal__knee__intensity__mean__std")
    assert (spread.range, spread.direction) == ("0..", "higher: varies more from slice to slice")
    differing = describe_column("coronal__femur_difference__marrow__level_p1__stack")
    assert differing.direction == "higher: the two sides differ more"
    assert describe_column("sagittal__knee__intensity__mean__mean").range == "0..255"


@dataclass(frozen=True)
class Bright(Family):
    """Share of bright pixels.

    ========= ==================== ======== =====
    statistic formula              unit     range
    ========= ==================== ======== =====
    share     pixels >= T / pixels fraction 0..1
    ========= ==================== ======== =====
    """

    name: ClassVar[str] = "bright"
    threshold: int = 200
    tones: tuple[float, ...] = (0.5,)

    def count(self, stack):
        return histogram(stack)

    def describe(self, counts):
        return {}


@dataclass(frozen=True)
class Worded(Bright):
    """Without a table."""

    name: ClassVar[str] = "worded"
    words: ClassVar = {
        "share": Words("pixels from {threshold} up", "more of them"),
        "tone_*": Words("tone {0} {where}, sharp"),
        "wrong_*": Words("tone {1}"),
    }


def describe_own(column):
    return describe_column(column, [Bright(), Worded()])


def test_a_family_without_words_takes_them_from_its_name_and_table():
    found = describe_own("axial__knee__bright_threshold180_tones0p25_0p75__share__mean")
    extra = "(threshold 180; tones 0.25, 0.75)"
    assert found.phrase == f"bright: share {extra}, mean of slices, axial"
    assert found.sentence == (
        f"Bright: share = pixels >= T / pixels {extra} in the knee on axial images, averaged over "
        "the slices."
    )
    assert found[2:] == ("fraction", "0..1", "", "")


def test_a_family_of_ones_own_may_have_words():
    found = describe_own("axial__knee__worded_threshold180__share__max")
    assert found.phrase == "pixels from 180 up, highest slice, axial"
    assert (found.direction, found.unit) == ("higher: more of them", "")
    found = describe_own("axial__femur_low__worded_tones2p5__tone_7__p90")
    assert found.phrase == (
        "tone 7 (tones 2.5) in the femur, sharp, min side, P90 of slices, axial"
    )


def test_braces_that_name_nothing_are_an_error():
    with pytest.raises(ValueError, match=r"`words` of Worded hold 'tone \{1\}', but braces must"):
        describe_own("axial__knee__worded__wrong_1__mean")


def test_a_family_that_is_not_given_keeps_its_name():
    assert describe_column("axial__front__my_cnn_net18__f12__mean").phrase == (
        "my cnn net18: f12 around the kneecap, mean of slices, axial"
    )
    assert describe_column("axial__my_region__x__y__my_pool").phrase == (
        "x: y in my region, my pool, axial"
    )


@pytest.mark.parametrize("column", ["cnn_12", "age", "a__b", "", "axial__knee__glcm__contrast_"])
def test_a_column_that_is_not_of_the_library_keeps_its_name(column):
    found = describe_column(column)
    assert found.phrase == column
    assert found[2:] == ("", "", "", "")


def test_a_table_may_hold_any_columns_in_any_order():
    found = mf.describe_columns(["age", 7, "axial__knee__glcm__energy__std", "age"])
    assert list(found.index) == ["age", 7, "axial__knee__glcm__energy__std", "age"]
    assert list(found.phrase[:2]) == ["age", "7"]
    assert mf.describe_columns([]).shape == (0, 6)


def test_one_name_is_one_row():
    column = "sagittal__notch__ligament__acl_angle__stack"
    assert list(mf.describe_columns(column).index) == [column]


@pytest.mark.parametrize(
    ("family", "statistic", "said"),
    [
        ("ligament", "acl_angel", "family ligament. Did you mean 'acl_angle'?"),
        ("fluid", "fraction_brigtest", "family fluid. Did you mean 'fraction_brightest'?"),
        ("laplacian", "energy_x", "family laplacian."),
        ("glcm_distance2", "contrst", "family glcm. Did you mean 'contrast'?"),
    ],
)
def test_a_statistic_that_a_family_does_not_have_is_said_to_be_unknown(family, statistic, said):
    column = f"sagittal__notch__{family}__{statistic}__stack"
    found = describe_column(column)
    assert found.phrase == f"{column} (unknown statistic)"
    assert f"{statistic!r} is not a statistic of the {said}" in found.sentence
    assert found[2:] == ("", "", "", "")


# What a higher value is said to mean, and a change of the picture that must raise or lower it.
BLOBS = np.random.default_rng(0).integers(20, 180, (2, 8, 8)).repeat(6, axis=1).repeat(6, axis=2)
PICTURE = (BLOBS + np.random.default_rng(1).integers(0, 40, BLOBS.shape)).astype(np.uint8)
CHANGES = {
    "brighter": PICTURE + np.uint8(33),
    "blurred": np.stack([uniform_filter(each, 3) for each in PICTURE]),
    "flatter": (0.6 * PICTURE + 40).astype(np.uint8),
}
EFFECTS = {
    "brighter": ("brighter", 1),
    "the darkest pixel is brighter": ("brighter", 1),
    "dark tissue is brighter": ("brighter", 1),
    "bright tissue is brighter": ("brighter", 1),
    "the brightest pixel is brighter": ("brighter", 1),
    "the commonest tissue is brighter": ("brighter", 1),
    "more bright pixels": ("brighter", 1),
    "rougher": ("blurred", -1),
    "finer texture": ("blurred", -1),
    "more varied pairs of levels": ("blurred", -1),
    "more short runs of equal level": ("blurred", -1),
    "more small zones of equal level": ("blurred", -1),
    "more spots and ridges of this size": ("blurred", -1),
    "fewer bright spots": ("blurred", 1),
    "more dark spots": ("blurred", -1),
    "smoother": ("blurred", 1),
    "larger even areas": ("blurred", 1),
    "more long runs of equal level": ("blurred", 1),
    "more large zones of equal level": ("blurred", 1),
    "more pixels with many like neighbours": ("blurred", 1),
    "coarser texture": ("blurred", 1),
    "more contrast": ("flatter", -1),
    "more contrast for the brightness": ("flatter", -1),
    "more contrast between near pixels": ("flatter", -1),
    **{
        f"more bright {what}": ("brighter", 1)
        for what in ("runs of any length", "zones of any size")
    },
    **{
        f"more dark {what}": ("brighter", -1)
        for what in ("runs of any length", "zones of any size")
    },
}


def describe_picture(family, grey):
    stack = stack_of(grey, np.ones_like(grey), 16)
    return family.describe_stack(family.count(stack), stack.exam_starts)


TEXTURE = ("glcm", "glrlm", "glszm", "gldzm", "ngldm", "ngtdm", "laplacian", "shape")


@pytest.mark.parametrize("name", ["intensity", "histogram", "volume", *TEXTURE])
def test_a_higher_value_means_what_is_said(name):
    family = discover_families()[name]()
    before = describe_picture(family, PICTURE)
    after = {change: describe_picture(family, grey) for change, grey in CHANGES.items()}
    checked = 0
    for statistic, values in before.items():
        higher = family.words[match_pattern(family.words, statistic)[0]].higher
        if higher in EFFECTS:
            change, sign = EFFECTS[higher]
            assert sign * (after[change][statistic][0, 0] - values[0, 0]) > 0, (statistic, higher)
            checked += 1
    assert checked


def test_a_column_of_single_slices_has_neither_plane_nor_pool():
    found = describe_column("back__fluid__core_brightest")
    assert found.phrase == "thick free fluid behind the joint"
    assert found.sentence == (
        "Share of free fluid (nearly as bright as the brightest tissue) in layers of 5 pixels or "
        "more behind the joint (where a Baker's cyst lies), on one slice."
    )
    found = describe_column("row3_column7_other__cells__bright_depth1")
    assert found.phrase == "bright line at upper menisci, column 8, inner slices, other side"
    assert found.sentence.endswith("column 8, on one slice. On the other side of the knee.")
    assert describe_column("a__b__c").phrase == "a__b__c"
