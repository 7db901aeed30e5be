"""Workers end with the calling process, which alone is stopped; the progress bar on a terminal."""

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from joblib import delayed, parallel_config, register_parallel_backend
from joblib._parallel_backends import ThreadingBackend
from joblib.externals.loky import get_reusable_executor
from joblib.parallel import BACKENDS

import mrnet_features
from mrnet_features import jobs
from mrnet_features.jobs import KilledJobError, run_jobs, show_progress
from tests.support.processes import wait_for_end

SLEEP = """
import signal, sys, time
from joblib import delayed
from mrnet_features.jobs import run_jobs

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    print("start", flush=True)
    for result in run_jobs((delayed(time.sleep)(0.2) for _ in range(1000)), 2):
        print("result", flush=True)
"""


@pytest.fixture
def handler():
    """Python's handler of Ctrl-C, set because a test runner may ignore the signal."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def test_workers_ignore_interrupts_from_their_start(handler):
    get_reusable_executor().shutdown(wait=True)  # workers of other tests may not ignore it
    numbers = [signal.SIGINT, signal.SIGTERM] * 2
    found = list(run_jobs([delayed(signal.getsignal)(number) for number in numbers], n_jobs=2))
    assert found == [signal.SIG_IGN] * 4
    masks = list(run_jobs([delayed(signal.pthread_sigmask)(signal.SIG_BLOCK, ())] * 2, n_jobs=2))
    assert all(mask >= {signal.SIGINT, signal.SIGTERM} for mask in masks)  # while they loaded
    assert signal.getsignal(signal.SIGINT) is handler
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ()) & {signal.SIGINT, signal.SIGTERM}


def test_ctrl_c_while_workers_start_is_raised(handler):
    get_reusable_executor().shutdown(wait=True)

    def interrupt_midway():
        yield delayed(time.sleep)(0)
        os.kill(os.getpid(), signal.SIGINT)
        yield delayed(time.sleep)(60)

    with pytest.raises(KeyboardInterrupt):
        run_jobs(interrupt_midway(), n_jobs=2)
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ()) & {signal.SIGINT, signal.SIGTERM}
    start = time.monotonic()
    assert list(run_jobs([delayed(abs)(-1)] * 2, n_jobs=2)) == [1, 1]
    assert time.monotonic() - start < 30  # the jobs before were ended


def test_results_left_over_end_without_a_warning():
    results = run_jobs((delayed(abs)(k) for k in range(100)), n_jobs=2)
    assert next(results) == 0
    time.sleep(0.2)  # more results are ready
    results.close()


def start_sleeping():
    """Process group of a run with two workers; its first line is printed before they start."""
    env = os.environ | {"PYTHONPATH": str(Path(mrnet_features.__file__).parent.parent)}
    process = subprocess.Popen(
        [sys.executable, "-c", SLEEP],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdout.readline() == "start\n"
    return process


@pytest.mark.parametrize(
    ("number", "delay"),
    [
        *((signal.SIGKILL, delay) for delay in (0, 0.05, 0.2, 0.5, None)),
        (signal.SIGTERM, 0.1),
        (signal.SIGINT, 0.1),
        (signal.SIGINT, None),
    ],
)
def test_workers_end_with_the_calling_process(number, delay):
    with start_sleeping() as process:
        if delay is None:
            assert process.stdout.readline() == "result\n"
        else:
            time.sleep(delay)
        process.send_signal(number)
        try:
            assert process.wait(timeout=5) == -number
            assert wait_for_end(process.pid) == []
        finally:
            if wait_for_end(process.pid, 0):
                os.killpg(process.pid, signal.SIGKILL)


def test_a_job_in_the_calling_process_is_interrupted(handler):
    jobs = [delayed(signal.getsignal)(signal.SIGINT), delayed(signal.raise_signal)(signal.SIGINT)]
    results = run_jobs(jobs, n_jobs=1)
    assert next(results) is handler
    with pytest.raises(KeyboardInterrupt):
        next(results)


def test_an_error_in_the_list_of_jobs_restores_the_handler(handler):
    def fail_midway():
        yield delayed(abs)(-1)
        raise OSError("the list ends here")

    with pytest.raises(OSError, match="ends here"):
        list(run_jobs(fail_midway(), n_jobs=2))
    assert signal.getsignal(signal.SIGINT) is handler


def test_jobs_run_from_any_thread():
    found = []
    jobs = [delayed(pow)(k, 2) for k in range(5)]
    thread = threading.Thread(target=lambda: found.extend(run_jobs(jobs, n_jobs=2)))
    thread.start()
    thread.join()
    assert found == [0, 1, 4, 9, 16]


def find_workers(code):
    calls = (delayed(lambda _: (time.sleep(0.05), os.getpid())[1])(k) for k in range(8))
    return set(run_jobs(calls, 2, code=code))


def test_workers_that_hold_other_code_are_replaced():
    first = find_workers("one")
    assert find_workers("one") & first
    assert not find_workers("other") & first


def be_killed(folder, times, number):
    """Square of a number, after the worker process was killed some times."""
    if len(list(folder.iterdir())) < times:
        (folder / f"{os.getpid()}").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number**2


@pytest.mark.parametrize("times", [1, 3])
def test_jobs_of_killed_workers_run_again_in_their_order(tmp_path, caplog, times):
    jobs = (delayed(be_killed)(tmp_path, times if k == 5 else 0, k) for k in range(20))
    assert list(run_jobs(jobs, n_jobs=2)) == [k**2 for k in range(20)]
    assert len(list(tmp_path.iterdir())) == times
    assert 1 <= len(caplog.messages) <= 2
    assert all("A worker process was killed" in message for message in caplog.messages)


def test_a_job_that_kills_every_worker_is_named_after_the_results_before_it(tmp_path):
    jobs = (delayed(be_killed)(tmp_path, 1000 if k == 5 else 0, k) for k in range(20))
    results, found = run_jobs(jobs, n_jobs=2), []
    with pytest.raises(KilledJobError, match="job 5 was killed each time") as raised:
        found.extend(results)
    assert raised.value.index == 5
    assert pickle.loads(pickle.dumps(raised.value)).index == 5
    assert len(list(tmp_path.iterdir())) == 4


class ListsOnly(ThreadingBackend):
    """A backend of joblib that returns only lists, as Ray's does."""

    supports_return_generator = False


@pytest.fixture
def lists_only():
    register_parallel_backend("lists_only", ListsOnly)
    yield
    del BACKENDS["lists_only"]


def test_a_backend_that_returns_only_lists_gets_groups_of_jobs(lists_only, caplog):
    caplog.set_level("INFO", "mrnet_features")
    taken = []

    def list_jobs():
        for k in range(100):
            taken.append(k)
            yield delayed(pow)(k, 2)

    with parallel_config("lists_only", n_jobs=2):
        results = run_jobs(list_jobs(), n_jobs=None)
        assert next(results) == 0
        assert len(taken) == 32
        assert [0, *results] == [k**2 for k in range(100)]
    assert caplog.messages == ["joblib's ListsOnly returns results in groups of 32."]


def test_a_backend_that_does_not_start_is_named(lists_only, monkeypatch):
    def fail(*_, **__):
        raise OSError("no cluster")

    monkeypatch.setattr(ListsOnly, "configure", fail)
    said = r"joblib's ListsOnly does not start \(no cluster\)"
    with parallel_config("lists_only"), pytest.raises(RuntimeError, match=said):
        list(run_jobs([delayed(abs)(-1)] * 2, n_jobs=2))


@pytest.mark.parametrize(("progress", "is_shown"), [(True, True), (False, False), (None, False)])
def test_the_progress_bar_is_shown_on_request_or_on_a_terminal(capsys, progress, is_shown):
    with show_progress(2, "extract", "exam", progress) as bar:
        bar.update()
    assert ("extract" in capsys.readouterr().err) == is_shown


@pytest.mark.parametrize(
    ("progress", "level", "n_messages"),
    [(None, "INFO", 2), (None, "WARNING", 0), (False, "INFO", 0)],
)
def test_a_run_without_a_terminal_is_not_silent_for_minutes(
    monkeypatch, caplog, progress, level, n_messages
):
    now = iter(range(0, 10_000, 40))  # 40 seconds per exam
    caplog.set_level(level, "mrnet_features")
    monkeypatch.setattr(jobs.time, "monotonic", lambda: float(next(now)))
    with show_progress(110, "extract", "exam", progress, done=100) as bar:
        for _ in range(4):
            bar.update()
    assert len(caplog.messages) == n_messages
    if n_messages:
        assert caplog.messages[0] == (
            "extract: 102 of 110 exams, 1.5 per minute, about 6 minutes left."
        )


def test_the_time_left_does_not_count_the_wait_for_the_first_exam(monkeypatch, caplog):
    now = iter([0.0, 300.0, 330.0, 360.0])
    caplog.set_level("INFO", "mrnet_features")
    monkeypatch.setattr(jobs.time, "monotonic", lambda: next(now))
    with show_progress(163, "knees", "exam", None) as bar:
        for _ in range(3):
            bar.update()
    assert caplog.messages == [
        "knees: 1 of 163 exams.",
        "knees: 3 of 163 exams, 2 per minute, about 80 minutes left.",
    ]


@pytest.mark.parametrize(
    ("n_jobs", "n_cores", "seconds", "n_messages"),
    [(None, 8, 5.0, 1), (None, 8, 0.5, 0), (None, 1, 5.0, 0), (1, 8, 5.0, 0), (-1, 8, 5.0, 0)],
)
def test_long_work_on_one_of_many_cores_is_mentioned_once(
    monkeypatch, caplog, n_jobs, n_cores, seconds, n_messages
):
    clock = iter([0.0, seconds, 0.0, seconds])
    monkeypatch.setattr(jobs.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(jobs, "cpu_count", lambda: n_cores)
    monkeypatch.setattr(jobs.CoreAdvice, "_has_spoken", False)
    for _ in range(2):
        advice = jobs.CoreAdvice(n_jobs, 30, "Cross-validation")
        for _ in range(30):
            advice.finish_job()
    assert len(caplog.messages) == n_messages
    for message in caplog.messages:
        assert message.startswith("Cross-validation uses one of 8 cores, about 3 minutes left.")
        assert "n_jobs=-1" in message
