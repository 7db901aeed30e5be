"""Problems are listed once each, and the list is cut."""

import itertools
from pathlib import Path

from mrnet_features.data.problems import (
    MOST_PROBLEMS,
    SHOWN_PROBLEMS,
    Problem,
    format_problems,
    limit_problems,
)


def test_a_long_list_is_cut_and_counted():
    problems = [Problem("label-file", "", "", f"line {k}") for k in range(SHOWN_PROBLEMS + 3)]
    lines = format_problems(Path("a"), "valid", problems).splitlines()
    assert lines[0] == f"'a' (valid) has {SHOWN_PROBLEMS + 3} problems:"
    assert lines[1:-1] == [f"- line {k}" for k in range(SHOWN_PROBLEMS)]
    assert lines[-1] == "- and 3 more"


def test_the_same_text_is_listed_once():
    problems = [Problem("label-file", exam, "", "no line") for exam in ("0000", "0001")]
    assert format_problems(Path("a"), "train", problems) == "'a' (train) has 1 problem:\n- no line"


def test_lines_of_the_same_cause_are_one_problem_of_each_file():
    problems = [
        Problem("label-file", "", "", f"{file} line {line}: broken.", f"zeros {file}", line)
        for file in ("a.csv", "b.csv")
        for line in range(1, 13)
    ]
    last = Problem("label-file", "", "", "c.csv line 7: broken.", "zeros c.csv", 7)
    assert format_problems(Path("a"), "train", [*problems, last]).splitlines() == [
        "'a' (train) has 3 problems:",
        "- a.csv line 1: broken. The same in 11 more lines: 2, 3, 4 and 8 more.",
        "- b.csv line 1: broken. The same in 11 more lines: 2, 3, 4 and 8 more.",
        "- c.csv line 7: broken.",
    ]


def test_an_endless_number_of_problems_ends():
    endless = (Problem("stack-file", f"{k}", "axial", f"line {k}") for k in itertools.count())
    *kept, last = limit_problems(endless, "'a'")
    assert [problem.exam for problem in kept] == [f"{k}" for k in range(MOST_PROBLEMS)]
    assert last.text == "'a' has more than 10000 problems. Correct these first."
    assert last[:3] == ("stack-file", "", "axial")


def test_as_many_problems_as_are_kept_are_all_kept():
    problems = [Problem("stack-file", f"{k}", "", "") for k in range(MOST_PROBLEMS)]
    assert list(limit_problems(problems, "'a'")) == problems
