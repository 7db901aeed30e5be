"""Which pictures of a series are kept, and in which order."""

import numpy as np
import pytest

import mrnet_features as mf
from tests.support.dicom_files import draw_stack, make_dataset, write_dataset, write_series

pydicom = pytest.importorskip("pydicom", reason="the extra `dicom` is not installed")


def load(path, **options):
    return mf.load_series(path, size=64, **options)


@pytest.fixture(scope="module")
def stack():
    return draw_stack()


def test_slices_lie_from_right_to_left_front_to_back_and_foot_to_head(tmp_path):
    for plane in ("axial", "coronal", "sagittal"):
        bright = np.stack([np.full((20, 20), 100 * k, np.uint16) for k in range(1, 5)])
        bright[:, 5:15, 5:15] += 1000
        path = write_series(tmp_path / plane, plane, bright[::-1], gap_mm=-3.3)
        means = load(path).stack.mean(axis=(1, 2))
        assert np.all(np.diff(means) > 0)


def test_of_repeats_the_shortest_echo_then_the_lowest_number_is_kept(tmp_path, stack):
    def first(dataset, k):
        dataset.EchoTime, dataset.InstanceNumber = 20.0, 100 + k

    def second(dataset, k):
        dataset.EchoTime, dataset.InstanceNumber = 80.0, 1 + k

    def third(dataset, k):
        dataset.EchoTime, dataset.InstanceNumber = 20.0, 200 + k

    path = write_series(tmp_path / "s", "axial", stack, edit=first)
    for edit, values, letter in ((second, stack[::-1], "a"), (third, stack // 2, "b")):
        names = [f"{letter}{k}" for k in range(6)]
        write_series(path, "axial", values, edit=edit, names=names)
    found = load(path)
    assert len(found.stack) == 6
    assert np.array_equal(found.stack[:, 2:62, 7:57], mf.to_uint8(stack))
    assert found.recipe["pictures_left_out_at_same_position"] == 12
    assert found.warnings[0].startswith("12 of 18 pictures lie at the same position")
    assert "the shortest echo time was kept" in found.warnings[0]


def test_slices_near_45_degrees_lie_in_the_order_of_the_plane_that_is_stated(tmp_path, stack):
    """The two planes count them in opposite directions, whichever is nearer."""

    def rotate(dataset, k):
        turned = np.eye(3)
        turned[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        ahead = np.reshape(dataset.ImageOrientationPatient, (2, 3)).astype(float)
        dataset.ImageOrientationPatient = [round(v, 6) for v in (ahead @ turned.T).ravel()]
        place = np.array(dataset.ImagePositionPatient, float)
        dataset.ImagePositionPatient = [round(v, 6) for v in turned @ place]

    for angle in np.radians([-44, -46]):
        path = write_series(tmp_path / f"{angle:.3f}", "sagittal", stack, edit=rotate)
        found = {plane: load(path, plane=plane) for plane in ("sagittal", "coronal")}
        assert np.array_equal(found["sagittal"].stack[:, 2:62, 7:57], mf.to_uint8(stack))
        assert found["coronal"].spacing_mm[0] == pytest.approx(3.3)


def test_pictures_at_one_position_are_no_stack(tmp_path, stack):
    def overwrite(dataset, k):
        dataset.ImagePositionPatient = [0, 0, 0]

    path = write_series(tmp_path / "s", "axial", stack, edit=overwrite)
    with pytest.raises(ValueError, match="different positions, got 6 pictures at the same one"):
        load(path)


def test_pictures_of_a_rarer_size_are_left_out(tmp_path, stack):
    path = write_series(tmp_path / "s", "axial", stack)
    write_dataset(path / "odd", make_dataset("axial", 9, stack[0, :40]))
    found = load(path)
    assert len(found.stack) == 6
    assert "1 of 7 pictures" in found.warnings[0]
    assert "60 x 50 pixels that were kept" in found.warnings[0]


def test_a_localiser_is_refused_or_split(tmp_path, stack):
    path = tmp_path / "s"
    for plane in ("axial", "coronal", "sagittal"):
        write_series(path, plane, stack, names=[f"{plane}{k}" for k in range(6)])
    text = r"got 3 orientations \(6 axial, 6 coronal, 6 sagittal\).*Leave it out, or pass `plane`"
    with pytest.raises(ValueError, match=text):
        load(path)
    found = load(path, plane="coronal")
    assert found.plane == "coronal"
    assert np.array_equal(found.stack[:, 2:62, 7:57], mf.to_uint8(stack))
    assert "3 orientations; the 6 coronal ones were kept" in found.warnings[0]


def test_slices_turned_about_an_axis_are_refused(tmp_path, stack):
    def edit(dataset, k):
        angle = np.deg2rad(8 * k)
        dataset.ImageOrientationPatient = [0, 1, 0, float(np.sin(angle)), 0, -float(np.cos(angle))]

    path = write_series(tmp_path / "s", "sagittal", stack, edit=edit)
    with pytest.raises(ValueError, match="as a localiser or a radial series has"):
        load(path, plane="sagittal")


def test_slices_halfway_between_planes_need_a_plane(tmp_path, stack):
    def edit(dataset, k):
        half = float(np.sqrt(0.5))
        dataset.ImageOrientationPatient = [half, half, 0, 0, 0, -1]
        dataset.ImagePositionPatient = [3.0 * half * k, -3.0 * half * k, 0.0]

    path = write_series(tmp_path / "s", "sagittal", stack, edit=edit)
    with pytest.raises(ValueError, match="lies halfway between two planes. Pass `plane`"):
        load(path)
    found = load(path, plane="sagittal")
    assert any("45 degrees from the sagittal plane" in text for text in found.warnings)
    assert found.spacing_mm[0] == pytest.approx(3.0)


def test_gaps_and_shifts_are_said(tmp_path, stack):
    def edit(dataset, k):
        position = [float(v) for v in dataset.ImagePositionPatient]
        dataset.ImagePositionPatient = [position[0] + 4.0 * (k == 2), *position[1:]]

    path = write_series(tmp_path / "s", "axial", stack, edit=edit)
    (path / "IM0004").unlink()
    texts = " ".join(load(path).warnings)
    assert "3.30 to 6.60 mm apart: some may be missing" in texts
    assert "shifted against each other by up to 4.0 mm" in texts


def test_another_modality_is_said_without_its_text(tmp_path, stack):
    path = write_series(tmp_path / "a", "axial", stack, Modality="CT")
    assert "The modality is CT, not MR." in load(path).warnings
    path = write_series(tmp_path / "b", "axial", stack, Modality="JOHN")
    assert "The modality is another one, not MR." in load(path).warnings


def test_a_plain_multi_frame_file_is_read_in_stored_order(tmp_path, stack):
    dataset = make_dataset("sagittal", 0, stack[0], SpacingBetweenSlices=4.0)
    dataset.NumberOfFrames = 6
    dataset.PixelData = stack.tobytes()
    found = load(write_dataset(tmp_path / "x.dcm", dataset))
    assert np.array_equal(found.stack[:, 2:62, 7:57], mf.to_uint8(stack))
    assert found.spacing_mm[0] == 4.0
    assert "position of the slices is not stated" in found.warnings[0]


def test_an_enhanced_file_must_describe_every_frame(tmp_path, stack):
    from tests.support.dicom_files import make_enhanced

    dataset = make_enhanced("axial", stack)
    dataset.PerFrameFunctionalGroupsSequence = dataset.PerFrameFunctionalGroupsSequence[:4]
    path = write_dataset(tmp_path / "x.dcm", dataset)
    with pytest.raises(ValueError, match="must describe each of its 6 pictures, got 4"):
        load(path)


def test_one_slice_is_a_series(tmp_path, stack):
    found = load(write_dataset(tmp_path / "x.dcm", make_dataset("axial", 0, stack[0])))
    assert found.stack.shape == (1, 64, 64)
    assert found.spacing_mm[0] == 3.0  # SliceThickness
