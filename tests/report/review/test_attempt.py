"""A measure that the data don't allow is a sentence; a programming error is raised."""

import functools
import warnings

import pytest

from mrnet_features.report.review.attempt import Refusal, attempt


def refuse():
    error = ValueError("too few\nexams")
    error.add_note("task 'acl'")
    raise error


def test_a_value_error_becomes_a_reason_with_its_notes():
    assert attempt(refuse) == Refusal("too few exams (task 'acl')")


def test_other_errors_surface():
    with pytest.raises(KeyError):
        attempt(lambda: {}["key"])


def test_warnings_of_the_library_are_quiet_and_others_are_not():
    def warn(category, module):
        warnings.warn_explicit("a warning", category, "a file", 1, module=module)

    assert attempt(lambda: warn(UserWarning, "mrnet_features.evaluation.metrics.roc")) is None
    for category, module in (
        (UserWarning, "sklearn.linear_model"),
        (RuntimeWarning, "mrnet_features.evaluation.metrics.roc"),
    ):
        with pytest.warns(category, match="a warning"):
            attempt(functools.partial(warn, category, module))
