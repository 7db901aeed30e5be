"""The same stack in many forms gives one series."""

import os
import warnings

import numpy as np
import pytest

import mrnet_features as mf
from mrnet_features.synthetic import draw_knee
from tests.support.dicom_files import (
    draw_stack,
    make_dataset,
    make_enhanced,
    turn,
    write_dataset,
    write_nifti,
    write_series,
    zoom,
)

pydicom = pytest.importorskip("pydicom", reason="the extra `dicom` is not installed")
pytest.importorskip("nibabel", reason="the extra `nifti` is not installed")

PLANES = ("axial", "coronal", "sagittal")


@pytest.fixture(scope="module")
def stack():
    return draw_stack()


@pytest.fixture(scope="module")
def expected(stack):
    """Grey levels of the stack itself, in the middle of 64 x 64 pixels."""
    grey = np.zeros((6, 64, 64), np.uint8)
    grey[:, 2:62, 7:57] = mf.to_uint8(stack)
    return grey


def load(path, **options):
    return mf.load_series(path, size=64, **options)


@pytest.mark.parametrize("plane", PLANES)
def test_a_stack_of_the_same_scale_keeps_its_pixels(tmp_path, plane, stack, expected):
    found = load(write_series(tmp_path / "s", plane, stack))
    assert found.plane == plane
    assert found.stack.dtype == np.uint8
    assert np.array_equal(found.stack, expected)
    assert found.spacing_mm == pytest.approx((3.3, 0.6, 0.6))


def test_names_and_numbers_in_any_order_change_nothing(tmp_path, stack, expected):
    names = [f"x{k}" for k in np.random.default_rng(1).permutation(6)]

    def renumber(dataset, k):
        dataset.InstanceNumber = (5 * k + 3) % 7

    path = write_series(tmp_path / "s", "sagittal", stack, names=names, edit=renumber)
    assert np.array_equal(load(path).stack, expected)


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("transpose", [False, True])
@pytest.mark.parametrize("flips", [(False, False), (True, False), (False, True), (True, True)])
def test_turned_slices_are_turned_back(tmp_path, plane, transpose, flips, stack, expected):
    def edit(dataset, k):
        turn(dataset, transpose=transpose, flip_rows=flips[0], flip_columns=flips[1])

    found = load(write_series(tmp_path / "s", plane, stack, edit=edit))
    assert np.array_equal(found.stack, expected)
    done = (found.recipe["transposed"], found.recipe["flipped_rows"])
    assert (*done, found.recipe["flipped_columns"]) == (transpose, *flips)


@pytest.mark.parametrize("kind", ["monochrome1", "signed", "rescaled", "overlay", "big", "files"])
def test_pixels_stored_in_another_way_give_the_same_stack(tmp_path, kind, stack, expected):
    values = stack
    if kind == "monochrome1":
        values = (4095 - stack).astype(np.uint16)
    elif kind == "signed":
        values = (stack.astype(np.int16) - 2000).astype(np.int16)
    elif kind == "overlay":
        values = stack | np.uint16(0x3000)

    def edit(dataset, k):
        if kind == "monochrome1":
            dataset.PhotometricInterpretation = "MONOCHROME1"
        elif kind == "rescaled":
            dataset.RescaleSlope, dataset.RescaleIntercept = 0.5, -100.0
        elif kind == "overlay":
            dataset.BitsStored, dataset.HighBit = 12, 11
        elif kind == "big":
            dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRBigEndian
            dataset.PixelData = values[k].byteswap().tobytes()

    path = tmp_path / "deep" / "er" if kind == "files" else tmp_path / "s"
    write_series(path, "coronal", values, edit=edit)
    found = load(tmp_path / "deep" if kind == "files" else path)
    assert np.array_equal(found.stack, expected)
    assert found.recipe["inverted"] == (kind == "monochrome1")


def test_eight_bits_are_read(tmp_path, stack):
    grey = mf.to_uint8(stack)
    found = load(write_series(tmp_path / "s", "axial", grey), percentiles=(0, 100))
    assert np.array_equal(found.stack[:, 2:62, 7:57], grey)


@pytest.mark.parametrize("form", ["enhanced", "shuffled", "nifti", "nifti.gz", "reversed nifti"])
def test_other_forms_give_the_same_stack(tmp_path, form, stack, expected):
    if "nifti" in form:
        used = stack[::-1] if "reversed" in form else stack
        options = {"gap_mm": -3.3} if "reversed" in form else {}
        path = write_nifti(
            tmp_path / ("s.nii.gz" if "gz" in form else "s.nii"),
            "sagittal", used.astype(np.int16), **options,
        )  # fmt: skip
    else:
        dataset = make_enhanced("sagittal", stack)
        if form == "shuffled":
            groups = list(dataset.PerFrameFunctionalGroupsSequence)
            order = [3, 0, 5, 1, 4, 2]
            dataset.PerFrameFunctionalGroupsSequence = [groups[k] for k in order]
            dataset.PixelData = np.ascontiguousarray(stack[order]).tobytes()
        path = write_dataset(tmp_path / "s.dcm", dataset)
    found = load(path)
    assert np.array_equal(found.stack, expected)
    assert found.spacing_mm == pytest.approx((3.3, 0.6, 0.6))


def test_compressed_pixels_are_those_before(tmp_path, stack, expected):
    def edit(dataset, k):
        syntax = [pydicom.uid.RLELossless, pydicom.uid.JPEG2000Lossless][k % 2]
        dataset.compress(syntax, encoding_plugin="pylibjpeg", generate_instance_uid=False)

    found = load(write_series(tmp_path / "s", "sagittal", stack, edit=edit))
    assert np.array_equal(found.stack, expected)
    assert found.recipe["transfer_syntax"] == ["JPEG 2000 Lossless", "RLE Lossless"]


@pytest.mark.parametrize("n_offsets", [0, 6])
def test_compressed_frames_of_one_file_are_read_one_by_one(tmp_path, n_offsets, stack, expected):
    dataset = make_enhanced("sagittal", stack)
    dataset.compress(
        pydicom.uid.JPEG2000Lossless, encoding_plugin="pylibjpeg", generate_instance_uid=False
    )
    frames = list(pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=6))
    dataset.PixelData = pydicom.encaps.encapsulate(frames, has_bot=n_offsets > 0)
    found = load(write_dataset(tmp_path / "s.dcm", dataset))
    assert np.array_equal(found.stack, expected)


def test_a_finer_pixel_size_gives_nearly_the_same_stack(tmp_path):
    """Stated tolerance: 1 grey level on average, 3 in 99 of 100 pixels."""
    knee = draw_knee(3).stacks["sagittal"][10:30:4].astype(np.float64)
    loaded = {}
    for side in (256, 320, 384, 512):
        values = np.clip(np.rint(16 * zoom(knee, (side, side))), 0, 4095).astype(np.uint16)
        path = write_series(tmp_path / str(side), "sagittal", values, pixel_mm=153.6 / side)
        loaded[side] = mf.load_series(path).stack.astype(int)
    for side in (320, 384, 512):
        apart = np.abs(loaded[side] - loaded[256])
        assert apart.mean() < 1
        assert np.percentile(apart, 99) <= 3
    assert np.abs(loaded[512] - loaded[320]).mean() < 0.15


def test_features_hardly_depend_on_the_pixel_size(tmp_path):
    """A column's difference between 0.3 and 0.48 mm, in its spread over knees.

    benchmarks/bench_dicom.py measures it on whole exams.
    """
    tables = {}
    for side in (320, 512):
        exams = {}
        for seed in range(4):
            knee = draw_knee(20 + seed).stacks["sagittal"][8:32:3].astype(np.float64)
            values = np.clip(np.rint(16 * zoom(knee, (side, side))), 0, 4095).astype(np.uint16)
            path = tmp_path / f"{seed}-{side}"
            write_series(path, "sagittal", values, pixel_mm=153.6 / side)
            exams[f"k{seed}"] = {"sagittal": mf.load_series(path).stack}
        extractor = mf.FeatureExtractor("minimal", planes=("sagittal",), progress=False)
        tables[side] = extractor.fit_transform(exams)
    spread = tables[320].std()
    varied = spread > 1e-6 * tables[320].abs().mean()
    apart = ((tables[320] - tables[512]).abs() / spread)[spread.index[varied]].median()
    assert len(apart) > 70
    assert apart.median() < 0.01
    assert apart.quantile(0.95) < 0.05


def test_a_wide_picture_is_cut_around_the_leg(tmp_path):
    stack = draw_stack(4, 60, 50)
    wide = np.full((4, 60, 200), 30, np.uint16)
    wide[:, :, 120:170] = stack
    found = load(write_series(tmp_path / "s", "coronal", wide))
    columns = np.flatnonzero((found.stack > 60).mean(axis=(0, 1)) > 0.2)
    assert abs(columns.mean() - 31.5) <= 5
    assert found.recipe["leg_looked_for"] == [False, True]


def test_two_legs_are_refused(tmp_path):
    stack = draw_stack(3, 60, 250)
    both = np.concatenate([stack, stack], axis=2)
    path = write_series(tmp_path / "s", "coronal", both)
    with pytest.raises(ValueError, match="two legs side by side"):
        mf.load_series(path, size=128)


def test_what_was_not_scanned_is_black_and_does_not_count(tmp_path, stack, expected):
    padded = stack.astype(np.int16)
    padded[:, :, :5] = -2000

    def edit(dataset, k):
        dataset.PixelPaddingValue = -2000

    found = load(write_series(tmp_path / "s", "axial", padded, edit=edit))
    apart = np.abs(found.stack.astype(int) - expected)
    assert apart[:, 2:62, 12:57].max() <= 1
    assert found.stack[:, 2:62, 7:12].max() < 10
    assert found.recipe["padding_to_black"]


def test_a_folder_with_other_files_says_so(tmp_path, stack, expected):
    path = write_series(tmp_path / "s", "sagittal", stack)
    (path / "note.txt").write_text("hello")
    (path / "DICOMDIR").write_bytes(b"")
    found = load(path)
    assert np.array_equal(found.stack, expected)
    assert any("1 of 7 files" in text for text in found.warnings)


def test_several_series_in_a_folder_are_told_apart(tmp_path, stack, expected):
    path = write_series(tmp_path / "s", "sagittal", stack)
    write_series(path / "other", "axial", stack, SeriesNumber=2)
    with pytest.raises(ValueError, match=r"holds 2 series.*\.7\.1' \(6 files\)"):
        load(path)
    found = load(path, series="1.2.826.0.1.3680043.8.498.7.1")
    assert np.array_equal(found.stack, expected)


def test_missing_tags_are_named_with_a_way_out(tmp_path, stack, expected):
    def edit(dataset, k):
        for name in ("ImageOrientationPatient", "ImagePositionPatient", "PixelSpacing"):
            delattr(dataset, name)

    path = write_series(tmp_path / "s", "sagittal", stack, edit=edit)
    with pytest.raises(ValueError, match=r"no PixelSpacing\). Pass `spacing_mm=\(row, column\)`"):
        load(path)
    with pytest.raises(ValueError, match=r"ImageOrientationPatient.*Pass `plane`"):
        load(path, spacing_mm=(0.6, 0.6))
    found = load(path, spacing_mm=(0.6, 0.6), plane="sagittal")
    assert np.array_equal(found.stack, expected)
    assert found.side == "unknown"
    assert found.recipe["order"] == "InstanceNumber, then name"
    assert len(found.warnings) == 2


def test_no_position_gives_the_order_of_instance_numbers(tmp_path, stack, expected):
    def edit(dataset, k):
        del dataset.ImagePositionPatient

    names = [f"{9 - k}" for k in range(6)]
    found = load(write_series(tmp_path / "s", "axial", stack, names=names, edit=edit))
    assert np.array_equal(found.stack, expected)
    assert "position of the slices is not stated" in found.warnings[0]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"plane": "oblique"}, "`plane` must be one of axial"),
        ({"plane": 3}, "`plane` must be one of axial"),
        ({"pixel_mm": 0}, "`pixel_mm` must be a number"),
        ({"pixel_mm": "x"}, "`pixel_mm` must be a number"),
        ({"size": 7}, "`size` must be a whole number"),
        ({"size": 64.0}, "`size` must be a whole number"),
        ({"percentiles": (5, 5)}, "`percentiles` must be"),
        ({"spacing_mm": (0, 1)}, "`spacing_mm` must have rows"),
        ({"spacing_mm": 1}, "`spacing_mm` must be two numbers"),
    ],
)
def test_invalid_parameters_are_named(tmp_path, options, text):
    with pytest.raises(ValueError, match=text):
        mf.load_series(tmp_path, **options)


def test_a_wrong_plane_is_an_error(tmp_path, stack):
    path = write_series(tmp_path / "s", "sagittal", stack)
    with pytest.raises(ValueError, match="must be of the coronal plane, but its tags say sagittal"):
        load(path, plane="coronal")


def test_missing_paths_are_errors_of_the_system(tmp_path):
    for name in ("gone", "gone.nii.gz"):
        with pytest.raises(FileNotFoundError, match="gone"):
            mf.load_series(tmp_path / name)


def test_a_constant_series_names_its_folder(tmp_path):
    path = write_series(tmp_path / "s", "axial", np.full((3, 20, 20), 7, np.uint16))
    with pytest.raises(ValueError, match=r"'.*s' can't be scaled to grey levels.*contrast"):
        load(path)


def test_an_exam_of_such_paths_is_described(tmp_path, stack):
    paths = {
        "sagittal": write_series(tmp_path / "s", "sagittal", stack),
        "axial": write_nifti(tmp_path / "a.nii.gz", "axial", stack.astype(np.int16)),
        "coronal": write_dataset(tmp_path / "c.dcm", make_enhanced("coronal", stack)),
    }
    exam = mf.Exam("0042", paths)
    for plane, path in paths.items():
        assert np.array_equal(exam.load(plane), mf.load_series(path).stack)
    before = exam.describe_files("sagittal")
    os.utime(tmp_path / "s" / "IM0003", ns=(5, 5))
    assert exam.describe_files("sagittal") != before
    with pytest.raises(ValueError, match=r"Exam '0042', plane 'axial'.*must be of the axial plane"):
        mf.Exam("0042", {"axial": paths["sagittal"]}).load("axial")


def test_no_warning_of_another_library_comes_through(tmp_path, stack):
    dataset = make_dataset("axial", 0, stack[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset.PatientBirthDate = "not a date"
        path = write_dataset(tmp_path / "x.dcm", dataset)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        load(path)
    assert not caught
