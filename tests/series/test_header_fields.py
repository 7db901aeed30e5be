"""Header fields that are passed on: numbers in their range, known words, codes."""

import math

import pytest

from mrnet_features.series.dicom_files import read_dicom_header
from mrnet_features.series.dicom_tags import ALL_TAGS, HASHED_TAGS
from mrnet_features.series.header_fields import (
    CODES,
    KEPT_TAGS,
    LISTED,
    NUMBERS,
    WORDS,
    make_code,
    read_fields,
)
from tests.support.dicom_files import draw_stack, make_dataset, make_enhanced, write_dataset

pydicom = pytest.importorskip("pydicom", reason="the extra `dicom` is not installed")

SALT = b"a salt of the test"


def read(path, dataset):
    write_dataset(path, dataset)
    return read_fields(read_dicom_header(path, KEPT_TAGS), SALT)


def make(**tags):
    return make_dataset("axial", 0, draw_stack(1)[0], **tags)


def test_numbers_and_words_of_a_slice(tmp_path):
    fields = read(
        tmp_path / "a.dcm",
        make(
            MagneticFieldStrength=2.8936, EchoTime=37.04, RepetitionTime=3201.7, FlipAngle=150,
            InversionTime=0, EchoTrainLength=9, PixelBandwidth=201,
            AcquisitionMatrix=[320, 0, 0, 256],
            ManufacturerModelName="MAGNETOM Skyra Fit 4711", ScanningSequence=["SE", "IR"],
            SequenceVariant="SK", ScanOptions=["FS", "SMITH"], MRAcquisitionType="2D",
            ImageType=["ORIGINAL", "PRIMARY", "M", "SMITH"], PatientPosition="FFS",
            SeriesDescription="t2_tse_FS sag Mr. Smith", BodyPartExamined="KNEE",
            SpecificCharacterSet="ISO_IR 100", SliceThickness=3, SpacingBetweenSlices=3.3,
        ),
    )  # fmt: skip
    assert fields["maker"] == "Siemens"
    assert fields["model"] == "magnetom skyra"
    assert fields["sequence"] == "IR SE SK"
    assert fields["scan_options"] == "FS"
    assert fields["description"] == "fs sag t2 tse"
    assert fields["image_type"] == "M ORIGINAL PRIMARY"
    assert (fields["body_part"], fields["character_set"]) == ("knee", "ISO_IR 100")
    assert fields["syntax"] == "Explicit VR Little Endian"
    assert fields["position"] == "FFS"
    assert (fields["field_t"], fields["echo_ms"], fields["repetition_ms"]) == (2.9, 37.0, 3202)
    assert (fields["acquired_columns"], fields["rows"], fields["columns"]) == (320, 60, 50)
    assert (fields["row_mm"], fields["thickness_mm"], fields["spacing_mm"]) == (0.6, 3, 3.3)
    assert (fields["frames"], fields["bits_stored"], fields["is_signed"]) == (1, 16, 0)
    assert set(fields) == {*NUMBERS, *WORDS, *CODES}


def test_a_header_without_fields_has_empty_ones(tmp_path):
    fields = read(tmp_path / "a.dcm", make(Manufacturer="", PatientID=""))
    assert fields["maker"] == fields["model"] == fields["scan_options"] == ""
    assert fields["model_code"] == fields["patient"] == fields["software_code"] == ""
    assert math.isnan(fields["field_t"])
    assert math.isnan(fields["echo_ms"])


@pytest.mark.parametrize("value", [19420317, -1, 1e300])
def test_numbers_out_of_range_are_missing(tmp_path, value):
    fields = read(tmp_path / "a.dcm", make(EchoTime=value, MagneticFieldStrength=value))
    assert math.isnan(fields["echo_ms"])
    assert math.isnan(fields["field_t"])


def test_enhanced_files_state_them_in_their_groups(tmp_path):
    dataset = make_enhanced("sagittal", draw_stack(3), MagneticFieldStrength=1.5)
    shared = dataset.SharedFunctionalGroupsSequence[0]
    echo, timing, bandwidth = pydicom.Dataset(), pydicom.Dataset(), pydicom.Dataset()
    echo.EffectiveEchoTime = 41.5
    timing.RepetitionTime, timing.FlipAngle, timing.EchoTrainLength = 2800, 90, 7
    bandwidth.PixelBandwidth = 180
    shared.MREchoSequence = pydicom.Sequence([echo])
    shared.MRTimingAndRelatedParametersSequence = pydicom.Sequence([timing])
    shared.MRImagingModifierSequence = pydicom.Sequence([bandwidth])
    fields = read(tmp_path / "a.dcm", dataset)
    names = ("frames", "field_t", "echo_ms", "repetition_ms", "flip_deg", "echo_train")
    assert [fields[name] for name in names] == [3, 1.5, 41.5, 2800, 90, 7]
    assert (fields["bandwidth_hz"], fields["row_mm"], fields["thickness_mm"]) == (180, 0.6, 3)


def test_codes_tell_equal_from_unequal_and_depend_on_salt_and_field():
    one = make_code(b"12345", SALT, "patient")
    assert one == make_code(b" 12345\0", SALT, "patient")
    assert len({one, make_code(b"12346", SALT, "patient"), make_code(b"12345", b"x", "patient"),
                make_code(b"12345", SALT, "model_code")}) == 4  # fmt: skip
    assert len(one) == 16


@pytest.mark.parametrize("text", [b"", b"  ", b"Anonymous", b"0000", b"XXX", b"UNKNOWN^", b"N/A"])
def test_placeholders_have_no_code(text):
    assert make_code(text, SALT, "patient") == ""


@pytest.mark.parametrize("text", [b"anon0001", b"1", b"7777", b"10", "Ł".encode()])
def test_short_ids_and_pseudonyms_are_ids(text):
    assert make_code(text, SALT, "patient") != ""


def test_free_text_is_in_no_list_of_words():
    listed = {tag for tags in LISTED.values() for tag in tags}
    hashed = {tag for tags in CODES.values() for tag in tags}
    assert listed <= set(ALL_TAGS)
    assert set(HASHED_TAGS) <= hashed
    assert not set(HASHED_TAGS) & {field.tag for field in NUMBERS.values()}
    assert not listed & hashed
