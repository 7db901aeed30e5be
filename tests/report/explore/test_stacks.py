"""Measurements of stacks for an exploration."""

import numpy as np
import pytest

from mrnet_features.data.exam import Exam
from mrnet_features.report.explore.stacks import measure_stack, measure_stacks, tabulate_stacks
from mrnet_features.stacks.foreground import find_foreground
from tests.support.knees import make_knee


def write(folder, name, grey):
    path = folder / f"{name}.npy"
    np.save(path, grey)
    return path


def test_a_histogram_holds_the_pixels_of_the_leg():
    grey = make_knee(66)
    inside = find_foreground(grey)
    measured = measure_stack(grey, "coronal", "0001")
    assert measured[:5] == ("0001", "coronal", *grey.shape)
    assert measured.foreground == inside.mean()
    np.testing.assert_array_equal(measured.histogram, np.bincount(grey[inside], minlength=256))


def test_the_table_has_quartiles_of_the_leg_and_the_distance_in_grey_levels():
    knees = [make_knee(66, bone=150), make_knee(66, bone=150), make_knee(66, bone=150)]
    knees[2] = np.where(find_foreground(knees[2]), knees[2] + 20, knees[2]).astype(np.uint8)
    measures = [measure_stack(grey, "coronal", f"{k}") for k, grey in enumerate(knees)]
    table = tabulate_stacks(measures).set_index("exam")
    inside = knees[0][find_foreground(knees[0])]
    assert table.loc["0", "grey_median"] == np.median(inside)
    assert table.loc["0", "grey_spread"] == np.subtract(*np.percentile(inside, [75, 25]))
    assert table.loc["0", "grey_distance"] == 0
    assert table.loc["2", "grey_distance"] == pytest.approx(20, abs=0.5)  # all pixels moved by 20


def test_a_stack_without_a_leg_has_no_grey_levels():
    table = tabulate_stacks([measure_stack(np.zeros((3, 64, 64), np.uint8), "axial", "0")])
    assert table.loc[0, "foreground"] == 0
    assert table[["grey_median", "grey_distance", "marrow"]].isna().all(axis=None)


def test_unreadable_files_are_listed_and_the_others_measured(tmp_path):
    good = write(tmp_path, "good", make_knee(66))
    (tmp_path / "bad.npy").write_bytes(good.read_bytes()[:5000])
    exam = Exam("0007", {"axial": tmp_path / "bad.npy", "coronal": good})
    measures, findings = measure_stacks([exam], None, False)
    assert [found.plane for found in measures] == ["coronal"]
    [finding] = findings
    assert finding[:4] == ("0007", "axial", "stack-file", "reject")
    assert "bad.npy" in finding.advice


def test_a_plane_of_another_name_is_refused(tmp_path):
    exam = Exam("0007", {"oblique": write(tmp_path, "a", make_knee(66))})
    with pytest.raises(ValueError, match="'sagittal_fluid', got 'oblique' in exam '0007'"):
        measure_stacks([exam], None, False)
