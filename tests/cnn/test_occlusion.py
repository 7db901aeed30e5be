"""Hiding the planted square lowers the prediction; hiding anything else does not."""

import numpy as np
import pytest
from scipy.special import logit

from mrnet_features.extraction.read import hold_stacks

pytest.importorskip("torch", reason="the extra `cnn` is not installed")


def find_square(stack):
    """Slice, row and column of the middle of the square."""
    bright = (stack > 170).astype(float)
    sums = np.cumsum(np.cumsum(np.pad(bright, ((0, 0), (1, 0), (1, 0))), axis=1), axis=2)
    boxes = sums[:, 10:, 10:] - sums[:, :-10, 10:] - sums[:, 10:, :-10] + sums[:, :-10, :-10]
    index, row, column = np.unravel_index(boxes.argmax(), boxes.shape)
    return index, row + 5, column + 5


def test_the_largest_fall_is_at_the_planted_square(squares, squares_run):
    from mrnet_features.cnn.occlusion import occlude

    exams, labels = squares
    fold = squares_run.predictions.set_index("exam")["fold"]
    hits = []
    for exam in [exam for exam in exams if labels.loc[exam.id, "acl"] == 1][:12]:
        stack = exam.stacks["axial"]
        found = occlude(squares_run.models["acl", 0, int(fold[exam.id])], exam)["axial"]
        index, row, column = find_square(stack)
        mark = found.mark("acl")
        assert mark.column == "axial__picture__network__acl__max"
        outline = next(part.outline for part in mark.slices if part.slice == mark.best_slice)
        assert outline.shape == stack.shape[1:]
        assert outline.mean() < 0.3
        near = outline[max(row - 5, 0) : row + 5, max(column - 5, 0) : column + 5]
        hits.append(mark.best_slice == index and near.any())
    assert np.mean(hits) >= 0.75


def test_a_fall_is_that_of_the_prediction_of_an_exam_without_the_patch(squares, squares_run):
    from mrnet_features.cnn.occlusion import PATCHES, occlude

    exam = squares[0][1]
    model = squares_run.models["acl", 0, 0]
    found = occlude(model, exam)["axial"]
    stack = exam.stacks["axial"].copy()
    side = stack.shape[1] // PATCHES
    stack[2, 3 * side : 4 * side, 5 * side : 6 * side] = np.median(stack)
    before, after = (
        logit(model.predict_proba([hold_stacks({"axial": grey}, "a")])[0, 1])
        for grey in (exam.stacks["axial"], stack)
    )
    assert found.falls[2, 3, 5] == pytest.approx(before - after, abs=1e-5)


def test_pictures_that_are_not_square_are_drawn_as_the_stack_lies(squares_run):
    from mrnet_features.cnn.occlusion import Occlusion

    falls = np.zeros((1, 8, 8))
    falls[0, 4, 4] = 1.0
    drawn = Occlusion("axial", falls, (1, 64, 32)).draw(0)
    assert drawn.shape == (64, 32)
    assert np.unravel_index(drawn.argmax(), drawn.shape)[0] in range(32, 40)
    nothing = Occlusion("axial", -np.ones((2, 8, 8)), (2, 64, 64)).mark("acl")
    assert nothing.slices == ()
