"""Processes leave Ctrl-C to the one that started them."""

import signal
import threading

from joblib import delayed
from joblib.externals.loky import get_reusable_executor

from mrnet_features.processes import run_jobs


def test_a_process_ignores_interrupts_from_its_first_moment():
    get_reusable_executor().shutdown(wait=True)  # those of other tests began otherwise
    before = signal.getsignal(signal.SIGINT)
    found = list(run_jobs([delayed(signal.getsignal)(signal.SIGINT)] * 4, n_jobs=2))
    assert found == [signal.SIG_IGN] * 4
    assert signal.getsignal(signal.SIGINT) is before


def test_jobs_run_from_any_thread():
    found = []
    jobs = [delayed(pow)(k, 2) for k in range(5)]
    thread = threading.Thread(target=lambda: found.extend(run_jobs(jobs, n_jobs=2)))
    thread.start()
    thread.join()
    assert found == [0, 1, 4, 9, 16]
