import signal
import time

import pytest

from tests.endurance import commands
from tests.endurance.mixed import judge_memory, judge_rounds

PLANTED = "tests.endurance.planted"


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    monkeypatch.setattr(commands, "SECONDS_TO_END", 0.3)


def run_planted(fault):
    return commands.Run([fault], module=PLANTED).end()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("orphan", "still alive"),
        ("temporary file", "left behind: left"),
        ("semaphore", "left behind: sem.loky-"),
        ("traceback", "traceback, at its end ValueError"),
    ],
)
def test_finds_a_planted_fault(fault, words):
    ended = run_planted(fault)
    assert ended.status == 0
    [found] = ended.list_faults()
    assert words in found


def test_a_sound_run_has_no_fault():
    ended = run_planted("nothing")
    assert (ended.status, ended.list_faults()) == (0, [])
    assert ended.megabytes > 1


def test_a_process_that_ignores_the_signal_is_killed_and_named():
    started = commands.Run(["deaf"], module=PLANTED)
    while not (started.folder / "log").read_text():
        time.sleep(0.01)
    started.send(signal.SIGTERM)
    ended = started.end(0.3)
    assert ended.status == -signal.SIGKILL
    assert "still alive" in ended.list_faults()[0]


def test_differences_of_folders():
    expected = {"a": "1", "b": "2", "c": "3"}
    found = {"a": "1", "b": "9", ".d.partial": "4"}
    assert commands.compare_folders(expected, found) == [
        "missing: c",
        "left over: .d.partial",
        "other bytes: b",
    ]
    assert commands.compare_folders(expected, expected) == []


def test_memory_that_grows_is_a_fault():
    flat = [{"command": "cv", "megabytes": 200.0 + k % 3} for k in range(20)]
    rising = [{"command": "cv", "megabytes": 200.0 + 5 * k} for k in range(20)]
    assert judge_memory(flat) == []
    assert "memory grew" in judge_memory(rising)[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, ""),
        ({"megabytes": 10.0}, "megabytes grew"),
        ({"n_open": 1}, "n_open grew"),
        ({"n_threads": 1}, "n_threads grew"),
    ],
)
def test_a_caller_that_grows_is_a_fault(change, words):
    flat = {"megabytes": 300.0, "n_open": 9, "n_threads": 4, "n_processes": 2, "digest": "a"}
    rounds = [{k: v + n * change.get(k, 0) if k != "digest" else v for k, v in flat.items()}
              for n in range(20)]  # fmt: skip
    assert (words in "".join(judge_rounds(rounds))) if words else judge_rounds(rounds) == []


def test_a_caller_with_other_results_is_a_fault():
    flat = {"megabytes": 300.0, "n_open": 9, "n_threads": 4, "n_processes": 2}
    rounds = [{**flat, "digest": str(n == 12)} for n in range(20)]
    assert judge_rounds(rounds) == ["caller: results changed"]


def test_the_exams_have_enough_of_each_class(tmp_path, monkeypatch):
    import mrnet_features as mf

    monkeypatch.setattr(commands.np, "save", lambda path, _: path.touch())
    labels = mf.load_labels(commands.write_exams(tmp_path))
    assert len(labels) == commands.N_EXAMS["train"]
    assert min(labels.sum().min(), (1 - labels).sum().min()) >= 10  # two per fold of five
