"""Command with planted faults; the tests of this folder must find each of them."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    """Fail as the first argument says."""
    fault = sys.argv[1]
    if fault == "orphan":
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    elif fault == "temporary file":
        Path(tempfile.gettempdir(), "left").write_text("x")
    elif fault == "semaphore":
        Path("/dev/shm", f"sem.loky-{os.getpid()}-x").write_text("x")
        time.sleep(0.2)  # long enough to be seen by its process id
    elif fault == "traceback":
        print('Traceback (most recent call last):\n  File "/mrnet_features/a.py"\nValueError')
    elif fault == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("ready", flush=True)
        time.sleep(60)


if __name__ == "__main__":
    main()
