import itertools
import json
from random import Random

import pytest

from tests.fuzz import driver
from tests.fuzz.cases import SPECIAL, Case, find_message_problem
from tests.fuzz.mutation import mutate
from tests.fuzz.planted import FAULTS, MESSAGES

PLANTED = "tests.fuzz.planted"
KINDS = {
    "wrong error": "error",
    "endless memory": "memory",
    "impossible memory": "error",
    "nameless error": "message",
    "long error": "message",
    "control characters": "message",
}
"""Kinds of finding that do not have the name of their fault."""


@pytest.mark.parametrize("fault", [*FAULTS, *(word for word in MESSAGES if word != "refused")])
def test_finds_a_planted_fault(fault, tmp_path, monkeypatch):
    monkeypatch.setenv("PLANTED", fault)
    limit, seconds = (0.4, 4.0) if fault == "hang" else (10.0, 1.0)
    assert driver.fuzz(PLANTED, seconds, 0, tmp_path / "found", limit=limit, memory=10**8) == 1
    [found] = (tmp_path / "found").iterdir()
    assert found.name.startswith(KINDS.get(fault, fault).replace(" ", "-"))
    assert (found / "input" / "a.txt").read_text() == fault
    if KINDS.get(fault) in ("error", "message") and fault != "impossible memory":
        assert driver.read_again(PLANTED, found) == 1


def test_names_the_place_of_a_hang(tmp_path, monkeypatch):
    monkeypatch.setenv("PLANTED", "hang")
    driver.fuzz(PLANTED, 4.0, 0, tmp_path / "found", limit=0.4)
    [report] = (tmp_path / "found").glob("*/report.txt")
    assert "planted.py" in report.read_text().splitlines()[0]


def test_a_sound_reader_has_no_finding(tmp_path, capsys):
    assert driver.fuzz(PLANTED, 1.0, 0, tmp_path / "found") == 0
    assert "0 findings" in capsys.readouterr().out


def test_a_run_that_accepts_nothing_shows_nothing(capsys):
    assert driver.report(PLANTED, [], [0, 7], 1.0) == 2
    assert "none was accepted" in capsys.readouterr().out


def test_the_same_seed_gives_the_same_input():
    def draw(seed):
        return [mutate(b"exam,acl\n0042,0.5\n", Random(f"{seed} {n}")) for n in range(50)]

    assert draw(1) == draw(1)
    assert len(set(draw(1) + draw(2))) > 80


@pytest.mark.parametrize("data", [b"", b"a", b"0,1\n" * 30])
def test_any_input_can_be_mutated(data):
    for number in range(2000):
        assert isinstance(mutate(data, Random(number), (b"x",), b"other"), bytes)


@pytest.mark.parametrize("kind", SPECIAL)
def test_a_case_survives_being_saved(kind, tmp_path):
    case = Case({"a/b.txt": b"\xff", "c": kind}, {"ids": ["0042"]})
    case.save(tmp_path / "case")
    assert Case.load(tmp_path / "case") == case
    json.loads((tmp_path / "case" / "case.json").read_text())


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        ("'a.csv' line 3\n- is wrong", None),
        ("line 3 is wrong", "does not name the file"),
        ("'a.csv' " + "x" * 5000, "is too long"),
        *zip(
            (f"'a.csv' has {c!s}" for c in "\x00\x1b\r\x7f\u202e\ud800"),
            itertools.repeat("holds control characters"),
        ),
    ],
)
def test_message_problem(message, problem):
    assert find_message_problem(message, ["a.csv"]) == problem
