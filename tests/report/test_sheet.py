"""Contact sheets."""

import numpy as np
import pytest

import mrnet_features as mf
from mrnet_features.stacks.mark import FeatureMark, SliceMark
from tests.support.dicom_files import draw_stack, write_series
from tests.support.viewed_exams import make_stack

STACKS = {"axial": make_stack((9, 64, 64)), "sagittal": make_stack((2, 40, 60))}


def titles(figure):
    return [axes.get_title() for axes in figure.axes]


def test_slices_are_the_middles_of_equal_parts():
    figure = mf.plot_exam(STACKS, n_slices=3)
    assert titles(figure) == ["2 / 9", "5 / 9", "8 / 9", "1 / 2", "2 / 2"]
    assert titles(mf.plot_exam(STACKS, n_slices=1, planes=["axial"])) == ["5 / 9"]


def test_pixels_are_drawn_as_stored():
    figure = mf.plot_exam(STACKS, slices={"axial": [4], "sagittal": [0]}, window=(10, 200))
    for axes, (plane, k) in zip(figure.axes, (("axial", 4), ("sagittal", 0)), strict=True):
        image = axes.images[0]
        np.testing.assert_array_equal(image.get_array(), STACKS[plane][k])
        assert image.get_clim() == (10, 200)
        assert axes.get_ylim()[0] > axes.get_ylim()[1]  # row 0 on top
        assert axes.get_aspect() == 1


def test_the_caption_says_what_is_shown():
    figure = mf.plot_exam(STACKS, n_slices=2, window=(10, 200), overlays=["foreground"])
    caption = figure.texts[0].get_text().replace("\n", " ")
    assert "axial 3, 7 of 9 (64 x 64 pixels); sagittal 1, 2 of 2 (40 x 60 pixels)" in caption
    assert "10 (black) to 200 (white)" in caption
    assert "no scale in mm" in caption
    assert "Drawn: foreground" in caption


def test_a_mark_is_drawn_in_its_slices_only():
    outline = np.zeros((64, 64), bool)
    outline[10:20, 30:40] = True
    marks = {
        "a": FeatureMark("a", "axial", 1.0, (SliceMark(6, 1.0, "knee", outline),), 6, "pixels"),
        "b": FeatureMark(
            "b", "sagittal", 1.0, (SliceMark(1, 1.0, "x", None, ((3, 4), (8, 9))),), 1, "segment"
        ),
    }
    figure = mf.plot_exam(STACKS, n_slices=3, marks=marks)
    assert titles(figure) == ["2 / 9", "5 / 9", "7 / 9", "1 / 2", "2 / 2"]  # the best is shown
    drawn = [len(axes.collections) + len(axes.lines) for axes in figure.axes]
    assert drawn == [0, 0, 1, 0, 1]
    vertices = figure.axes[2].collections[0].get_paths()[0].vertices
    assert (vertices.min(axis=0), vertices.max(axis=0)) == (
        pytest.approx([29.5, 9.5]),
        pytest.approx([39.5, 19.5]),
    )
    assert figure.axes[4].lines[0].get_xydata().tolist() == [[4, 3], [9, 8]]


def test_a_region_in_which_nothing_was_found_is_dashed_and_named_so():
    outline = np.zeros((64, 64), bool)
    outline[10:20, 30:40] = True
    column = "axial__knee__fluid__core_192__stack"
    part = SliceMark(4, 0.0, "knee", outline)
    drawn = {}
    for kind in ("pixels", "region"):
        mark = FeatureMark(column, "axial", 0.0, (part,), 4, kind)
        figure = mf.plot_exam(STACKS, planes="axial", n_slices=1, marks={column: mark})
        caption = figure.texts[0].get_text().replace("\n", " ")
        assert ("none found; region outlined" in caption) == (kind == "region")
        [drawn[kind]] = figure.axes[0].collections
    assert drawn["region"].get_linewidth()[0] < drawn["pixels"].get_linewidth()[0]
    assert drawn["region"].get_linestyle() != drawn["pixels"].get_linestyle()


def test_overlays_are_drawn():
    figure = mf.plot_exam(
        {"sagittal": make_stack((9, 96, 96))},
        n_slices=3,
        overlays=["foreground", "regions", "fluid", "band"],
    )
    assert all(axes.collections for axes in figure.axes)
    assert figure.axes[1].lines


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_slices": 0}, "at least 1, got 0"),
        ({"window": (9, 9)}, "two rising grey levels"),
        ({"overlays": ["bones"]}, "foreground, regions, fluid, band, got 'bones'"),
        ({"slices": {"axial": [9]}}, "axial stack must be 0 to 8, got 9"),
        ({"slices": {"axial": []}}, "got none"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        mf.plot_exam(STACKS, **arguments)


def test_what_is_no_exam_is_refused():
    with pytest.raises(TypeError, match="`exam` must be an Exam or a mapping of series to stack"):
        mf.plot_exam(STACKS["axial"])
    with pytest.raises(ValueError, match="each once, got 'oblique'. The exam has 'axial'"):
        mf.plot_exam(STACKS, planes=["oblique"])


def test_figures_need_matplotlib(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"mrnet-features\[report\]"):
        mf.plot_exam(STACKS)


def test_named_series_have_a_row_each_and_letters_only_from_files_that_say(tmp_path):
    pytest.importorskip("pydicom", reason="pydicom is not installed")
    np.save(tmp_path / "a.npy", np.zeros((5, 64, 64), np.uint8))
    paths = {
        "sagittal_structural": tmp_path / "a.npy",
        "coronal_fluid": write_series(tmp_path / "b", "coronal", draw_stack(6)),
    }
    figure = mf.plot_exam(mf.Exam("1", paths), n_slices=2)
    rows = [axes.get_ylabel() for axes in figure.axes if axes.get_ylabel()]
    assert rows == ["coronal\nfluid", "sagittal\nstructural"]
    letters = [[text.get_text() for text in axes.texts] for axes in figure.axes]
    assert letters == [["R", "L"], ["R", "L"], [], []]
    caption = " ".join(figure.texts[0].get_text().split())
    assert "Coronal fluid: Turned as radiologists hang them, pixels of 0.6 mm." in caption
