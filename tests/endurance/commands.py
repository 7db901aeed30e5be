"""Commands under test on a small set of exams: start them, and look at what they leave behind."""

import atexit
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

import mrnet_features
from mrnet_features.names import PLANES, SPLITS, TASKS
from tests.support.knees import make_knee

N_EXAMS = {"train": 48, "valid": 24}
SECONDS_TO_END = 5.0
"""Time that a stopped command and its worker processes have to end."""
LONGEST_RUN = 600.0
SHARED = Path("/dev/shm")
"""Where joblib keeps semaphores and arrays that its processes share."""


@dataclass(frozen=True)
class Ended:
    """One run of a command.

    Attributes
    ----------
    status : int
        Exit status; negative if a signal ended the process.
    output : str
        Standard output and error.
    seconds : float
        From the start to the end of the process.
    megabytes : float
        Peak memory of the process, without its workers.
    orphans : tuple of str
        Processes of the run that lived longer than `SECONDS_TO_END` after it; they are killed.
    files : tuple of str
        Temporary files and semaphores that the run left behind.
    """

    status: int
    output: str
    seconds: float
    megabytes: float
    orphans: tuple[str, ...]
    files: tuple[str, ...]

    def list_faults(self) -> list[str]:
        """Faults that no run may have, however it ends."""
        faults = [f"still alive after {SECONDS_TO_END:.0f} s: {name}" for name in self.orphans]
        faults += [f"left behind: {name}" for name in self.files]
        if "Traceback" in self.output and "/mrnet_features/" in self.output:
            faults.append(f"traceback, at its end {self.output.strip().splitlines()[-1][:300]}")
        return faults


_RUNNING: set["Run"] = set()


class Run:
    """A command in its own session, with its own folder for temporary files."""

    def __init__(
        self,
        arguments: list[str],
        limits: Callable[[], None] | None = None,
        module: str = "mrnet_features",
    ):
        # not a TemporaryDirectory, which would be gone before `_end_all` reads the log
        self.folder = Path(tempfile.mkdtemp(prefix="endurance-run-"))
        self._before = _list_shared()
        work = self.folder
        (work / "tmp").mkdir()
        self._log = (work / "log").open("wb")
        self._pids: set[int] = set()
        self._peak = 0.0
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
            preexec_fn=limits,
            env={
                **os.environ,
                "PYTHONPATH": str(Path(mrnet_features.__file__).parents[1]),
                "TMPDIR": str(work / "tmp"),
            },
        )
        _RUNNING.add(self)

    def wait(self, seconds: float) -> bool:
        """Wait at most so long for the end; whether the process has ended."""
        end = time.monotonic() + seconds
        while self.process.returncode is None:
            self._pids.update(process.pid for process in self._list_session())
            pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
            if pid:
                self.process.returncode = os.waitstatus_to_exitcode(status)
                self._peak = usage.ru_maxrss / 1024
            elif time.monotonic() >= end:
                return False
            else:
                time.sleep(min(0.05, max(0.001, end - time.monotonic())))
        return True

    def send(self, number: signal.Signals) -> None:
        """Send a signal: Ctrl-C to all processes as a terminal does, others to the first one."""
        self._pids.update(process.pid for process in self._list_session())
        if number == signal.SIGINT:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)

    def end(self, seconds: float = LONGEST_RUN) -> Ended:
        """Wait at most so long for the end, kill what still lives, and look at what is left."""
        latest = time.monotonic() + seconds
        self.wait(seconds)
        ended = time.monotonic()
        latest = min(latest, ended + SECONDS_TO_END)
        while self._list_session() and time.monotonic() < latest:
            self._pids.update(process.pid for process in self._list_session())
            time.sleep(0.05)
        orphans = self._kill_rest()
        self.wait(LONGEST_RUN)
        status = self.process.returncode
        _RUNNING.discard(self)
        self._log.close()
        output = (self.folder / "log").read_text(errors="replace")
        files = [path.name for path in (self.folder / "tmp").iterdir()]
        shared = [name for name in _list_shared() - self._before if self._is_own(name)]
        for name in shared:  # reported, and not left to fill the memory
            _remove(SHARED / name)
        files += shared
        shutil.rmtree(self.folder, ignore_errors=True)
        seconds = ended - self.started
        return Ended(status, output, seconds, self._peak, tuple(orphans), tuple(sorted(files)))

    def _kill_rest(self) -> list[str]:
        """Kill what still lives, trackers last, since they remove what the others leave behind."""
        rest = self._list_session()
        orphans = [_describe_process(process) for process in rest]
        for process in rest:
            if "resource_tracker" not in _read_command(process):
                process.kill()
        ended = time.monotonic()
        while self._list_session() and time.monotonic() - ended < SECONDS_TO_END:
            time.sleep(0.05)
        for process in self._list_session():
            process.kill()
        return orphans

    def _list_session(self) -> list[psutil.Process]:
        """Living processes of the session."""
        found = []
        for pid in psutil.pids():
            try:
                if os.getsid(pid) == self.process.pid:
                    process = psutil.Process(pid)
                    if process.status() != psutil.STATUS_ZOMBIE:
                        found.append(process)
            except (ProcessLookupError, PermissionError, psutil.NoSuchProcess):
                continue
        return found

    def _is_own(self, name: str) -> bool:
        return any(f"_{pid}_" in name or f"-{pid}-" in name for pid in self._pids)


@atexit.register
def _end_all() -> None:
    """End what still runs if this script is stopped."""
    for started in list(_RUNNING):
        started.end(0.0)


def exit_on_terminate() -> None:
    """Let SIGTERM end this process as Ctrl-C does: started commands are ended too.

    Ctrl-C is set too: a shell lets its background jobs ignore it, and commands would inherit that.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def run(arguments: list[str], limits: Callable[[], None] | None = None) -> Ended:
    """Run a command to its end."""
    return Run(arguments, limits).end()


def list_arguments(command: str, root: Path, out: Path, jobs: int = 2) -> list[str]:
    """Arguments of a command that writes into a folder.

    Parameters
    ----------
    command : {"extract", "knees", "reproduce"}
    root : Path
        Exams; see `write_exams`.
    out : Path
        Folder that exists. Everything in it is compared.
    jobs : int, default 2

    Returns
    -------
    list of str
    """
    more = {
        "extract": [root, "--out", out / "train.parquet", "--families", "baseline"],
        "knees": [out / "knees", "--train", 6, "--valid", 2],
        "reproduce": [root, "--out", out / "report", "--families", "minimal"],
    }[command]
    return [command, *map(str, more), "--jobs", str(jobs)]


def write_exams(root: Path) -> Path:
    """Write a set of drawn knees whose brightness tells the label, in the layout of MRNet."""
    rng = np.random.default_rng(0)
    number = 0
    for split in SPLITS:
        rows: dict[str, list[str]] = {task: [] for task in TASKS}
        for k in range(N_EXAMS[split]):
            label = int(k % 2)
            for plane in PLANES:
                shape = (int(rng.integers(3, 6)), 128, 112)
                bone = 120 + 20 * label + int(rng.integers(0, 40))
                folder = root / split / plane
                folder.mkdir(parents=True, exist_ok=True)
                knee = make_knee(58 + k % 9, shape, bone=bone, seed=int(rng.integers(2**31)))
                np.save(folder / f"{number:04d}.npy", knee)
            for task in TASKS:  # every second abnormal knee has a torn ACL
                rows[task].append(f"{number:04d},{int(k % 4 == 1) if task == 'acl' else label}\n")
            number += 1
        for task in TASKS:
            (root / f"{split}-{task}.csv").write_text("".join(rows[task]))
    return root


def hash_folder(folder: Path) -> dict[str, str]:
    """SHA-256 of each file by its path in a folder; folders are listed too."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else "folder"
        for path in sorted(folder.rglob("*"))
    }


def compare_folders(expected: dict[str, str], found: dict[str, str]) -> list[str]:
    """Differences between two results of `hash_folder`."""
    return [
        *(f"missing: {name}" for name in sorted(set(expected) - set(found))),
        *(f"left over: {name}" for name in sorted(set(found) - set(expected))),
        *(
            f"other bytes: {name}"
            for name in sorted(set(found) & set(expected))
            if expected[name] != found[name]
        ),
    ]


def _list_shared() -> set[str]:
    return {path.name for path in SHARED.iterdir()} if SHARED.is_dir() else set()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _read_command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def _describe_process(process: psutil.Process) -> str:
    try:
        megabytes = process.memory_info().rss // 2**20
    except psutil.NoSuchProcess:
        megabytes = 0
    return f"process {process.pid} with {megabytes} MB, {_read_command(process)[-60:]}"
