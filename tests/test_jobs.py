"""Processes leave Ctrl-C to the one that started them."""

import signal
import threading

import pytest
from joblib import delayed
from joblib.externals.loky import get_reusable_executor

from mrnet_features.jobs import run_jobs


@pytest.fixture
def handler():
    """What a terminal's Ctrl-C calls; whatever runs the tests may ignore it instead."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def test_a_process_ignores_interrupts_from_its_first_moment(handler):
    get_reusable_executor().shutdown(wait=True)  # those of other tests began otherwise
    found = list(run_jobs([delayed(signal.getsignal)(signal.SIGINT)] * 4, n_jobs=2))
    assert found == [signal.SIG_IGN] * 4
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_job_of_this_process_is_interrupted(handler):
    jobs = [delayed(signal.getsignal)(signal.SIGINT), delayed(signal.raise_signal)(signal.SIGINT)]
    results = run_jobs(jobs, n_jobs=1)
    assert next(results) is handler
    with pytest.raises(KeyboardInterrupt):
        next(results)


def test_a_list_of_jobs_that_breaks_off_leaves_interrupts_as_they_were(handler):
    def break_off():
        yield delayed(abs)(-1)
        raise OSError("the list ends here")

    with pytest.raises(OSError, match="ends here"):
        list(run_jobs(break_off(), n_jobs=2))
    assert signal.getsignal(signal.SIGINT) is handler


def test_jobs_run_from_any_thread():
    found = []
    jobs = [delayed(pow)(k, 2) for k in range(5)]
    thread = threading.Thread(target=lambda: found.extend(run_jobs(jobs, n_jobs=2)))
    thread.start()
    thread.join()
    assert found == [0, 1, 4, 9, 16]
