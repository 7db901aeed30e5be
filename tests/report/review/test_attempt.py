"""A measure that the data don't allow is a sentence; a programming error is raised."""

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


def test_warnings_for_users_are_quiet_and_others_are_not():
    assert attempt(lambda: warnings.warn("few exams", UserWarning, stacklevel=1)) is None
    with pytest.warns(RuntimeWarning, match="overflow"):
        attempt(lambda: warnings.warn("overflow", RuntimeWarning, stacklevel=1))
