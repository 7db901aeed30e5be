"""NIfTI files: any axis order, the JSON beside them, and what is refused."""

import gzip
import json

import numpy as np
import pytest

import mrnet_features as mf
from mrnet_features.series import nifti
from tests.support.dicom_files import draw_stack, write_nifti

nibabel = pytest.importorskip("nibabel", reason="the extra `nifti` is not installed")


@pytest.fixture(scope="module")
def stack():
    return draw_stack().astype(np.int16)


@pytest.fixture(scope="module")
def expected(stack):
    grey = np.zeros((6, 64, 64), np.uint8)
    grey[:, 2:62, 7:57] = mf.to_uint8(stack)
    return grey


def load(path, **options):
    return mf.load_series(path, size=64, **options)


@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
@pytest.mark.parametrize("code", ["RAS", "LPS", "ASL", "SAR", "PIR", "IRP"])
def test_any_order_of_axes_gives_the_same_stack(tmp_path, ending, code, stack, expected):
    path = write_nifti(tmp_path / "a.nii", "sagittal", stack)
    before = nibabel.load(path)
    change = nibabel.orientations.ornt_transform(
        nibabel.io_orientation(before.affine), nibabel.orientations.axcodes2ornt(code)
    )
    nibabel.save(before.as_reoriented(change), tmp_path / f"b{ending}")
    found = load(tmp_path / f"b{ending}")
    assert found.plane == "sagittal"
    assert np.array_equal(found.stack, expected)
    assert found.side == "left"


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
def test_types_and_slope_change_nothing(tmp_path, dtype, stack):
    values = (stack // 20).astype(dtype)
    path = write_nifti(tmp_path / "a.nii.gz", "axial", values)
    picture = nibabel.load(path)
    picture.header.set_slope_inter(2.0, -5.0)
    nibabel.save(picture, tmp_path / "b.nii.gz")
    expected = mf.to_uint8((stack // 20).astype(np.uint16))
    assert np.array_equal(load(path).stack[:, 2:62, 7:57], expected)
    assert np.array_equal(load(tmp_path / "b.nii.gz").stack[:, 2:62, 7:57], expected)


def test_nan_is_black_and_infinity_an_error(tmp_path, stack, expected):
    values = stack.astype(np.float32)
    values[:, :5] = np.nan
    found = load(write_nifti(tmp_path / "a.nii", "axial", values))
    assert np.abs(found.stack[:, 12:].astype(int) - expected[:, 12:]).max() <= 3
    assert found.stack[:, :7].max() < 10
    values[2, 30, 30] = np.inf
    with pytest.raises(ValueError, match=r"a\.nii' must hold finite values, got infinity in slice"):
        load(write_nifti(tmp_path / "a.nii", "axial", values))


@pytest.mark.parametrize(
    "fields",
    [
        {"EchoTime": 0.046, "RepetitionTime": 4.0, "ScanOptions": "FS", "Laterality": "R"},  # BIDS
        {"EchoTime": 46, "RepetitionTime": [4000], "ScanOptions": ["FS"], "ImageLaterality": "R"},
    ],
)
def test_the_json_beside_it_tells_side_and_contrast(tmp_path, fields, stack):
    found = load(write_nifti(tmp_path / "a.nii.gz", "sagittal", stack, fields=fields))
    assert (found.side, found.side_source) == ("right", "tag")
    assert (found.fat_suppressed, found.fluid_bright) == (True, True)


@pytest.mark.parametrize("text", ["{", "[1]", '"x"', '{"EchoTime": {"a": 1}, "ScanOptions": 7}'])
def test_a_broken_json_is_named_or_not_used(tmp_path, text, stack):
    path = write_nifti(tmp_path / "a.nii", "sagittal", stack)
    (tmp_path / "a.json").write_text(text)
    if text == "{":
        with pytest.raises(ValueError, match=r"a\.json' can't be read as JSON"):
            load(path)
    else:
        assert load(path).fat_suppressed is None


def test_no_affine_needs_a_plane(tmp_path, stack, expected):
    path = write_nifti(tmp_path / "a.nii", "sagittal", stack)
    picture = nibabel.load(path)
    picture.header["sform_code"] = picture.header["qform_code"] = 0
    nibabel.Nifti1Image(np.asarray(picture.dataobj), None, picture.header).to_filename(
        tmp_path / "b.nii"
    )
    with pytest.raises(ValueError, match=r"or no affine\). Pass `plane`"):
        load(tmp_path / "b.nii")
    assert np.array_equal(load(tmp_path / "b.nii", plane="sagittal").stack, expected)


def test_what_is_no_single_volume_is_refused(tmp_path, stack):
    affine = np.diag([-0.6, -0.6, 3.0, 1.0])
    for name, values, text in (
        ("four", np.zeros((8, 8, 6, 2), np.int16), "must hold one volume of three axes"),
        ("two", np.zeros((8, 8), np.int16), "must hold one volume of three axes"),
        ("complex", np.zeros((8, 8, 6), np.complex64), "must hold integers or floats"),
    ):
        nibabel.Nifti1Image(values, affine).to_filename(tmp_path / f"{name}.nii")
        with pytest.raises(ValueError, match=text):
            load(tmp_path / f"{name}.nii")


def test_a_stated_size_is_checked_before_it_is_read(tmp_path, stack):
    path = write_nifti(tmp_path / "a.nii", "sagittal", stack)
    data = bytearray(path.read_bytes())
    data[42:48] = np.array([30_000, 30_000, 600], "<i2").tobytes()
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"a\.nii' must have at most 2048 slices of 4096"):
        load(path)


@pytest.mark.parametrize("offset", [1e9, 3e38, -5.0, float("nan")])
def test_a_packed_bomb_before_the_voxels_is_not_unpacked(tmp_path, offset, stack):
    path = write_nifti(tmp_path / "a.nii", "sagittal", stack)
    data = bytearray(path.read_bytes())
    data[108:112] = np.array([offset], "<f4").tobytes()
    (tmp_path / "b.nii.gz").write_bytes(gzip.compress(bytes(data)))
    with pytest.raises(ValueError, match=r"b\.nii\.gz' does not begin as a NIfTI file"):
        load(tmp_path / "b.nii.gz")


@pytest.mark.parametrize("keep", [0, 100, 347, 352, 2000])
def test_a_truncated_file_is_named(tmp_path, keep, stack):
    for name in ("a.nii", "b.nii.gz"):
        path = write_nifti(tmp_path / name, "sagittal", stack)
        path.write_bytes(path.read_bytes()[:keep])
        with pytest.raises(ValueError, match=name):
            load(path)


def test_random_damage_gives_no_other_error(tmp_path, stack):
    path = write_nifti(tmp_path / "a.nii", "sagittal", stack)
    data = path.read_bytes()
    rng = np.random.default_rng(0)
    texts = []
    for _ in range(100):
        changed = bytearray(data)
        for place in rng.integers(0, 352, 6):
            changed[place] = rng.integers(0, 256)
        path.write_bytes(changed)
        with np.errstate(all="ignore"):
            try:
                load(path)
            except (ValueError, OSError) as error:
                texts.append(str(error))
    assert len(texts) > 10
    assert all("a.nii" in text for text in texts)


def test_packing_must_fit_the_name(tmp_path, stack):
    path = write_nifti(tmp_path / "a.nii", "sagittal", stack)
    (tmp_path / "b.nii").write_bytes(gzip.compress(path.read_bytes()))
    (tmp_path / "c.nii.gz").write_bytes(path.read_bytes())
    for name in ("b.nii", "c.nii.gz"):
        with pytest.raises(ValueError, match=f"{name}' must be packed by gzip if its name"):
            load(tmp_path / name)


def test_a_packed_volume_across_its_slices_is_limited(tmp_path, stack, monkeypatch):
    path = write_nifti(tmp_path / "a.nii.gz", "sagittal", stack)
    picture = nibabel.load(path).as_reoriented(np.array([[1, 1], [2, 1], [0, 1]]))
    nibabel.save(picture, tmp_path / "b.nii.gz")
    monkeypatch.setattr(nifti, "MOST_BYTES", 1000)
    load(path)
    with pytest.raises(ValueError, match="its slices are not its last axis.*`gunzip`"):
        load(tmp_path / "b.nii.gz")


def test_without_nibabel_the_extra_is_named(tmp_path, stack, monkeypatch):
    path = write_nifti(tmp_path / "a.nii", "sagittal", stack)

    def refuse(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(nifti.importlib, "import_module", refuse)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'mrnet-features\[nifti\]'"):
        load(path)


def test_the_patient_file_beside_it_is_not_opened(tmp_path, stack):
    path = write_nifti(tmp_path / "a.nii.gz", "sagittal", stack)
    (tmp_path / "a_patient.json").write_text(json.dumps({"Laterality": "R"}))
    assert load(path).side_source == "position"
