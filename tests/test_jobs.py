"""Only the calling process handles Ctrl-C; the progress bar shows where a terminal is."""

import signal
import threading

import pytest
from joblib import delayed
from joblib.externals.loky import get_reusable_executor

from mrnet_features.jobs import run_jobs, show_progress


@pytest.fixture
def handler():
    """Python's handler of Ctrl-C, set because a test runner may ignore the signal."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def test_workers_ignore_interrupts_from_their_start(handler):
    get_reusable_executor().shutdown(wait=True)  # workers of other tests may not ignore it
    found = list(run_jobs([delayed(signal.getsignal)(signal.SIGINT)] * 4, n_jobs=2))
    assert found == [signal.SIG_IGN] * 4
    assert signal.getsignal(signal.SIGINT) is handler


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


@pytest.mark.parametrize(("progress", "is_shown"), [(True, True), (False, False), (None, False)])
def test_the_progress_bar_is_shown_on_request_or_on_a_terminal(capsys, progress, is_shown):
    with show_progress(2, "extract", "exam", progress) as bar:
        bar.update()
    assert ("extract" in capsys.readouterr().err) == is_shown
