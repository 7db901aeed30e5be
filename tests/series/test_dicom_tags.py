"""Values of tags from their bytes."""

import math

import pytest

from mrnet_features.series.dicom_tags import ALL_TAGS, GROUP_TAGS, TAGS, TagValues

pydicom = pytest.importorskip("pydicom", reason="the extra `dicom` is not installed")


def make(name, value, kind, *, is_little=True):
    dataset = pydicom.Dataset()
    tag = pydicom.tag.BaseTag(ALL_TAGS[name])
    dataset[tag] = pydicom.dataelem.RawDataElement(
        tag, kind, len(value), value, 0, kind is None, is_little
    )
    return TagValues(dataset)


def test_tags_are_what_they_are_called():
    for name, tag in ALL_TAGS.items():
        assert pydicom.datadict.keyword_for_tag(tag) == name
    assert not set(TAGS) & set(GROUP_TAGS)


def test_no_tag_of_a_patient_is_listed():
    for name, tag in ALL_TAGS.items():
        assert tag >> 16 != 0x0010, name
        assert pydicom.datadict.dictionary_VR(tag) not in ("PN", "DA", "DT", "AS"), name
    assert ALL_TAGS.keys().isdisjoint({"AccessionNumber", "StudyID", "InstitutionName"})


@pytest.mark.parametrize("kind", ["US", None])
def test_numbers_of_two_bytes(kind):
    assert make("Rows", b"\x00\x02", kind).number("Rows") == 512
    assert make("Rows", b"\x02\x00", kind, is_little=False).number("Rows") == 512


@pytest.mark.parametrize(
    ("value", "numbers"),
    [
        (b"0.5\\0.25 ", (0.5, 0.25)),
        (b"1e-1\\-3\0", (0.1, -3.0)),
        (b"", ()),
        (b"  ", ()),
        (b"abc", ()),
        (b"1\\", ()),
        (b"nan\\1", ()),
        (b"inf\\1", ()),
        (b"1" * 9000, ()),
        (b"\xff\xfe", ()),
    ],
)
def test_numbers_as_text(value, numbers):
    assert make("PixelSpacing", value, "DS").numbers("PixelSpacing") == numbers


def test_text_is_split_and_stripped():
    tags = make("ScanOptions", b"FS \\ PFP\0", "CS")
    assert tags.text("ScanOptions") == ("FS", "PFP")
    assert tags.word("ScanOptions") == "FS"
    assert tags.word("Modality") == ""
    assert math.isnan(tags.number("EchoTime"))
    assert tags.number("EchoTime", 7.0) == 7.0
    assert tags.items("PerFrameFunctionalGroupsSequence") == []


def test_a_sequence_that_is_none_has_no_items():
    tags = make("PerFrameFunctionalGroupsSequence", b"text", "LO")
    assert tags.items("PerFrameFunctionalGroupsSequence") == []
