"""Exam axis: merged, padded and repeated slices against plain loops."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mrnet_features.formulas.exam_axis import merge_slices, pad_slices, repeat_exams

lengths = st.lists(st.integers(1, 5), min_size=1, max_size=4)


def make_slices(lengths):
    values = np.random.default_rng(sum(lengths)).integers(0, 99, (sum(lengths), 2, 3))
    return values, tuple(np.cumsum([0, *lengths])[:-1].tolist())


@given(lengths)
def test_slices_are_merged_by_exam(lengths):
    values, exam_starts = make_slices(lengths)
    expected = [part.sum(axis=0) for part in np.split(values, exam_starts[1:])]
    assert np.array_equal(merge_slices(values, exam_starts), expected)


@given(lengths)
def test_exams_are_padded_to_the_longest(lengths):
    values, exam_starts = make_slices(lengths)
    padded = pad_slices(values, exam_starts, fill=-1)
    assert padded.shape[:2] == (len(lengths), max(lengths))
    for exam, part in zip(padded, np.split(values, exam_starts[1:]), strict=True):
        assert np.array_equal(exam[: len(part)], part)
        assert (exam[len(part) :] == -1).all()


@given(lengths)
def test_exam_values_are_repeated_for_each_slice(lengths):
    exam_starts = make_slices(lengths)[1]
    found = repeat_exams(np.arange(len(lengths)), exam_starts, sum(lengths))
    assert found.tolist() == np.repeat(np.arange(len(lengths)), lengths).tolist()
