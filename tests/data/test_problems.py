"""Problems are listed once each, and the list is cut."""

from pathlib import Path

from mrnet_features.data.problems import SHOWN_PROBLEMS, Problem, format_problems


def test_a_long_list_is_cut_and_counted():
    problems = [Problem("label-file", "", "", f"line {k}") for k in range(SHOWN_PROBLEMS + 3)]
    lines = format_problems(Path("a"), "valid", problems).splitlines()
    assert lines[0] == f"'a' (valid) has {SHOWN_PROBLEMS + 3} problems:"
    assert lines[1:-1] == [f"- line {k}" for k in range(SHOWN_PROBLEMS)]
    assert lines[-1] == "- and 3 more"


def test_the_same_text_is_listed_once():
    problems = [Problem("label-file", exam, "", "no line") for exam in ("0000", "0001")]
    assert format_problems(Path("a"), "train", problems) == "'a' (train) has 1 problem:\n- no line"
