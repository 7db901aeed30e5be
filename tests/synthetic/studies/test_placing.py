"""Places of pictures in the patient and in the knee."""

import numpy as np
import pytest

from mrnet_features.synthetic import Style
from mrnet_features.synthetic.studies.placing import AXES, VIEW_MM, place_localiser, place_series
from mrnet_features.synthetic.studies.study import sample_study


@pytest.fixture(scope="module")
def studies():
    return [sample_study(7, "train", index, Style()) for index in range(8)]


def place(study, plane, kind="usual"):
    return place_series(
        plane, kind, study.scene, study.place, study.site, study.style, np.random.default_rng(0)
    )


def test_lateral_is_to_the_patients_left_in_a_left_knee(studies):
    sides = set()
    for study in studies:
        lateral, medial = study.place.to_patient(np.array([[40.0, 0.0, 0.0], [-40.0, 0.0, 0.0]]))
        assert (lateral[0] > medial[0]) == study.scene.left
        sides.add(study.scene.left)
        front, back = study.place.to_patient(np.array([[0.0, -40.0, 0.0], [0.0, 40.0, 0.0]]))
        assert back[1] > front[1]
        foot, head = study.place.to_patient(np.array([[0.0, 0.0, -40.0], [0.0, 0.0, 40.0]]))
        assert head[2] > foot[2]
    assert sides == {True, False}


@pytest.mark.parametrize("plane", AXES)
def test_positions_in_patient_and_knee_are_the_same_points(studies, plane):
    for study in studies:
        found = place(study, plane)
        steps = found.placement.steps * 256 / found.rows  # of a pixel of this series
        for k, row, column in ((0, 0, 0), (len(found.positions) - 1, 17, 40)):
            in_patient = found.positions[k] + found.pixel_mm * (
                row * found.down + column * found.right
            )
            in_knee = found.placement.origins(found.rows)[k]
            in_knee = in_knee + row * steps[:, 0] + (column + found.first_column) * steps[:, 1]
            assert study.place.to_patient(in_knee) == pytest.approx(in_patient)


@pytest.mark.parametrize("plane", AXES)
def test_the_knee_is_in_the_middle_of_the_pictures(studies, plane):
    for study in studies:
        found = place(study, plane)
        ends = found.positions[0], found.positions[-1]
        middle = np.mean(ends, axis=0) + 0.5 * found.pixel_mm * (
            (found.rows - 1) * found.down + (found.columns - 1) * found.right
        )
        joint = study.place.to_patient(np.array([0.0, -3.0, 8.0]))
        assert np.linalg.norm(middle - joint) < 25
        assert VIEW_MM[0] <= found.rows * found.pixel_mm <= VIEW_MM[1]
        along = np.abs(np.diff(found.positions, axis=0))
        assert np.linalg.norm(along, axis=1) == pytest.approx(found.gap_mm)


def test_a_localiser_has_a_picture_of_each_plane(studies):
    places = place_localiser(studies[0].place)
    normals = np.array([np.cross(place.right, place.down) for place in places])
    assert np.abs(normals @ normals.T) == pytest.approx(np.eye(3))
    assert all(len(place.positions) == 1 for place in places)
