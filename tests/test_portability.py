"""What only POSIX or Linux has is asked for before it is used, and the library works without it.

Only Linux is tested. This makes nothing work on Windows or macOS; it keeps what would fail at once
from being written unnoticed.
"""

import ast
import subprocess
import sys
from pathlib import Path

import mrnet_features

PACKAGE = Path(mrnet_features.__file__).parent

MODULES = "crypt curses fcntl grp nis posix pty pwd readline resource spwd syslog termios tty"
OS = """
EX_OK O_DIRECTORY O_NOFOLLOW O_NONBLOCK O_SYNC chown fchmod fchown fork forkpty getegid geteuid
getgid getgroups getloadavg getpgid getpgrp getpriority getresuid getsid getuid killpg lchown mkfifo
mknod nice openpty pathconf pidfd_open posix_fadvise posix_fallocate posix_spawn pread pwrite
register_at_fork sched_getaffinity sched_setaffinity sched_yield sendfile setgid setpgid setsid
setuid statvfs sync sysconf tcgetpgrp ttyname uname wait wait3 wait4 waitid waitpid
"""
SIGNAL = """
ITIMER_REAL SIGALRM SIGCHLD SIGCONT SIGHUP SIGKILL SIGPIPE SIGQUIT SIGSTOP SIGTSTP SIGUSR1 SIGUSR2
SIGWINCH SIG_BLOCK SIG_SETMASK SIG_UNBLOCK alarm getitimer pause pthread_kill pthread_sigmask
setitimer siginterrupt sigpending sigtimedwait sigwait
"""
POSIX_MODULES = MODULES.split()
POSIX_NAMES = {"os": OS.split(), "signal": SIGNAL.split()}
GUARDED = {
    ("cnn/training.py", "import resource"),  # ImportError: memory is NaN
    ("compiled_files.py", "os.getuid"),  # AttributeError: no private folder
    ("diagnostics/doctor.py", "os.sched_getaffinity"),  # hasattr, else os.cpu_count
    (
        "files/writing.py",
        "os.O_DIRECTORY",
    ),  # hasattr, else the folder is not synced
    ("files/locks.py", "import fcntl"),  # ImportError: a warning
    ("worker_processes.py", "signal.SIG_BLOCK"),  # after hasattr(signal, "pthread_sigmask")
    ("worker_processes.py", "signal.SIG_SETMASK"),
    ("worker_processes.py", "signal.pthread_sigmask"),
}

RUN = f"""
import contextlib, multiprocessing, os, pathlib, signal, sys, tempfile, warnings
import joblib, lightgbm, numba, numpy as np, pandas, pyarrow.parquet, scipy.stats, sklearn, tqdm
import sklearn.linear_model, sklearn.model_selection, typer.testing

for name in {POSIX_MODULES!r}:
    sys.modules[name] = None  # importing it is an ImportError
for module, names in {POSIX_NAMES!r}.items():
    for name in names:
        with contextlib.suppress(AttributeError):
            delattr(sys.modules[module], name)

import mrnet_features as mf
from mrnet_features.cli.stopping import stop_on_signals
from mrnet_features.compiled_files import find_compiled_code, find_private_folder
from mrnet_features.diagnostics.doctor import _count_cores
from mrnet_features.files.locks import hold_lock
from mrnet_features.worker_processes import _hold_signals

stack = np.tile(np.arange(64, dtype=np.uint8), (3, 64, 1))
folder = pathlib.Path(tempfile.mkdtemp())
extractor = mf.FeatureExtractor("minimal", planes=("sagittal",), progress=False)
with stop_on_signals(lambda: ""), _hold_signals():
    table = extractor.fit_transform({{"0042": {{"sagittal": stack}}}})
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    with hold_lock(folder / "train.parquet"):
        mf.write_features(table, folder / "train.parquet")
assert mf.read_features(folder / "train.parquet").equals(table)
print(*{{str(warning.message) for warning in caught}}, sep="; ")
assert find_private_folder() is None
find_compiled_code()
assert "core" in _count_cores()
"""


def list_uses(path):
    """Names of POSIX that a module uses."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = getattr(node, "module", None)
            names = [module or ""] if module else [alias.name for alias in node.names]
            yield from (f"import {name}" for name in names if name in POSIX_MODULES)
        elif isinstance(node, ast.Attribute):
            owner = getattr(node.value, "id", "")
            if node.attr in POSIX_NAMES.get(owner, ()):
                yield f"{owner}.{node.attr}"


def test_what_only_posix_has_is_used_in_guarded_places_alone():
    found = {
        (path.relative_to(PACKAGE).as_posix(), use)
        for path in PACKAGE.rglob("*.py")
        for use in list_uses(path)
    }
    assert found == GUARDED


def test_no_path_of_linux_is_written_in_the_code():
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not node.value.startswith(("/proc", "/dev/", "/tmp/", "/etc/")), path


def test_a_table_is_extracted_and_written_without_posix():
    done = subprocess.run([sys.executable, "-c", RUN], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "This system has no locks that are used here. Do not run two commands on the same output "
        "at the same time.\n"
    )
