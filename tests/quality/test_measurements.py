"""Measurements of a stack: equal stacks have equal digests, and errors name exam and plane."""

import numpy as np
import pytest

from mrnet_features.data.exam import Exam
from mrnet_features.quality import measurements
from mrnet_features.quality.ghost_rules import AIR_CHECK
from mrnet_features.quality.ghosts import find_highest
from mrnet_features.quality.measurements import measure_exam, measure_stack
from tests.support.legs import draw_leg


@pytest.fixture
def stack():
    return draw_leg(np.random.default_rng(5), n_slices=12, noise=5.0)


def test_the_digest_depends_on_pixels_and_shape(stack):
    digest = measure_stack(stack, "sagittal").digest
    assert measure_stack(stack.copy(), "coronal").digest == digest
    assert measure_stack(stack.reshape(6, 256, 128), "sagittal").digest != digest
    changed = stack.copy()
    changed[3, 60, 60] += 1
    assert measure_stack(changed, "sagittal").digest != digest


def test_blank_and_repeated_slices_are_left_out_of_ghosts_and_thumbnail(stack):
    stack[4] = stack[3]
    stack[8:10] = 0
    measures = measure_stack(stack, "sagittal")
    assert (measures.n_slices, measures.n_repeated, measures.n_blank) == (12, 1, 2)
    assert np.count_nonzero(np.isfinite(measures.ghosts.by_slice[:, 1])) == 9
    assert np.isnan(measures.ghosts.by_slice[[4, 8, 9]]).all()
    assert max(map(find_highest, measures.ghosts))[0] < AIR_CHECK
    shown = measure_stack(np.delete(stack, [8, 9], axis=0), "sagittal")
    assert np.array_equal(measures.thumbnail, shown.thumbnail)


def test_a_blank_stack_is_measured():
    measures = measure_stack(np.zeros((3, 140, 140), np.uint8), "axial")
    assert (measures.n_blank, measures.n_repeated) == (3, 0)
    assert measures.thumbnail.max() == measures.leg.max() == 0
    assert np.isnan(measures.noise)


def test_noise_is_a_fraction_of_the_grey_level_of_the_leg(stack):
    brighter = (stack // 2 * 2).astype(np.uint8)
    darker = (stack // 2).astype(np.uint8)
    expected = measure_stack(brighter, "sagittal").noise
    assert measure_stack(darker, "sagittal").noise == pytest.approx(expected, rel=0.15)


@pytest.mark.parametrize("size", [128, 129, 131])
def test_large_stacks_of_any_size_are_halved_to_find_the_leg(size):
    stack = np.zeros((3, size, size), np.uint8)
    stack[:, :, 40:90] = 100
    leg = measure_stack(stack, "sagittal").leg
    assert (leg[:, :, 11:20] == 255).all()
    assert (leg[:, :, :8] == 0).all()


def test_saturation_is_the_fraction_of_the_leg_at_255():
    grey = np.zeros((3, 64, 64), np.uint8)
    grey[:, :, 16:48] = 100
    grey[:, 8:16, 24:40] = 255
    measures = measure_stack(grey, "sagittal")
    assert measures.saturation == pytest.approx(8 * 16 / (64 * 32), rel=0.1)
    assert measure_stack(np.full((3, 64, 64), 255, np.uint8), "axial").saturation == 1


def test_an_exam_is_measured_plane_by_plane(tmp_path, stack):
    for plane in ("sagittal", "axial"):
        np.save(tmp_path / f"{plane}.npy", stack)
    exam = Exam("0007", {plane: tmp_path / f"{plane}.npy" for plane in ("sagittal", "axial")})
    measures, findings = measure_exam(exam)
    assert [(m.exam, m.plane) for m in measures] == [("0007", "sagittal"), ("0007", "axial")]
    assert findings == []


def test_a_file_that_is_gone_is_a_finding_and_the_other_planes_are_measured(tmp_path, stack):
    np.save(tmp_path / "axial.npy", stack)
    exam = Exam("0007", {plane: tmp_path / f"{plane}.npy" for plane in ("sagittal", "axial")})
    (measures,), (finding,) = measure_exam(exam)
    assert measures.plane == "axial"
    assert finding[:4] == ("0007", "sagittal", "stack-file", "reject")
    assert "There is no file" in finding.advice


def test_an_error_while_measuring_names_exam_and_plane(tmp_path, stack, monkeypatch):
    def fail(grey, leg):
        raise ZeroDivisionError(f"{grey.shape} {leg.shape}")

    np.save(tmp_path / "0000.npy", stack)
    monkeypatch.setattr(measurements, "measure_noise", fail)
    with pytest.raises(ZeroDivisionError) as caught:
        measure_exam(Exam("0000", {"axial": tmp_path / "0000.npy"}))
    assert caught.value.__notes__ == ["while measuring exam '0000', plane 'axial'"]


def test_an_unknown_plane_is_refused(stack):
    with pytest.raises(ValueError, match="must be named by its plane .* got 'oblique'"):
        measure_stack(stack, "oblique")


def test_a_series_is_measured_as_a_stack_of_its_plane():
    grey = draw_leg(np.random.default_rng(5), n_slices=4)
    bare, named = (measure_stack(grey, name) for name in ("coronal", "coronal_fluid"))
    assert named.plane == "coronal_fluid"
    np.testing.assert_array_equal(named.ghosts.by_slice, bare.ghosts.by_slice)
    with pytest.raises(ValueError, match="A series must be named by its plane"):
        measure_stack(grey, "fluid_coronal")
