"""Values from outside in messages: cut, and without control characters."""

import numpy as np
import pytest

from mrnet_features.messages import describe_cause, escape_controls, name_some, quote


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0042", "'0042'"),
        (np.str_("0042"), "'0042'"),
        (7, "7"),
        (np.int64(7), "7"),
        (np.array([7]), "7"),
        (0.1, "0.1"),
        (None, "None"),
        (True, "True"),
        ("a\x1b[2Jb", r"'a\x1b[2Jb'"),
        ("knee\u202e7", r"'knee\u202e7'"),
        ("a\udcff", r"'a\udcff'"),
    ],
)
def test_short_values_are_shown_as_they_are_typed(value, text):
    assert quote(value) == text


def test_long_values_are_cut():
    for value in ("9" * 10**6, "\U0010ffff" * 10**6, 10**5000, -(10**5000), np.arange(10**6)):
        assert len(quote(value)) < 1000


def test_an_error_of_another_library_becomes_one_short_line():
    assert describe_cause(KeyError("no plane")) == "no plane"
    assert describe_cause(OSError(5, "a\nb\x1b[2J")) == r"[Errno 5] a b\x1b[2J"
    assert len(describe_cause(ValueError("\x1b" * 10**6), 300)) == 300


def test_a_number_that_python_does_not_print_is_described():
    assert quote(10**5000) == "a whole number of about 5000 digits"


def test_three_names_and_the_number_of_the_others():
    assert name_some([]) == ""
    assert name_some([np.int64(1), 2]) == "1, 2"
    assert name_some(list("abcdef")) == "'a', 'b', 'c' and 3 more"
    assert len(name_some(["x" * 10**6] * 10**5)) < 500


def test_a_terminal_gets_no_control_characters_except_line_ends_and_tabs():
    text = "".join(map(chr, range(0x3000)))
    shown = escape_controls(text)
    assert all(c.isprintable() or c in "\n\t" for c in shown)
    assert escape_controls("Zürich\n\t0042") == "Zürich\n\t0042"
