"""Full disk, read-only folder, folder removed in mid-run, and two runs at once.

Needs the right to mount a small file system in memory; without it, the full disk is a limit on the
size of files, and the read-only folder is skipped.
"""

import argparse
import contextlib
import functools
import json
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from tests.endurance import commands

COMMANDS = ("extract", "knees", "reproduce")
LONGEST_MESSAGE = 5_000


class Impossible(Exception):
    """A situation that can't be made on this machine."""


def main() -> int:
    """Command line; exit status 1 if any situation shows a fault."""
    parser = argparse.ArgumentParser(prog="python -m tests.endurance.situations")
    parser.add_argument("--command", choices=COMMANDS, action="append")
    parser.add_argument("--situation", choices=tuple(SITUATIONS), action="append")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="file of all results to write")
    given = parser.parse_args()
    commands.exit_on_terminate()
    rows = []
    for command in given.command or COMMANDS:
        with tempfile.TemporaryDirectory(prefix="endurance-") as work:
            rows += try_situations(command, given.situation or SITUATIONS, given.seed, Path(work))
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return int(any(row["faults"] for row in rows))


def try_situations(command: str, names, seed: int, work: Path) -> list[dict]:
    """Each situation once for one command; the next run must give the undisturbed result."""
    root = commands.write_exams(work / "exams") if command != "knees" else work
    out = work / "out"
    arguments = commands.list_arguments(command, root, out)
    out.mkdir()
    whole = commands.run(arguments)
    if whole.status != 0:
        raise SystemExit(f"The undisturbed run fails: {whole.output}")
    expected = commands.hash_folder(out)
    rows = []
    for name in names:
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        trial = Trial(arguments, out, expected, whole.seconds, Random(f"{seed} {name}"))
        try:
            SITUATIONS[name](trial)
            verdict = "; ".join(trial.faults) or "right"
        except Impossible as reason:
            verdict = f"not tried: {reason}"
        rows.append({"command": command, "situation": name, "faults": trial.faults})
        print(f"{command:10} {name:22} {verdict[:1500]}", flush=True)
    return rows


class Trial:
    """One command in one situation, and the faults that it shows."""

    def __init__(self, arguments, out: Path, expected: dict[str, str], seconds: float, rng: Random):
        self.arguments, self.out, self.expected = arguments, out, expected
        self.seconds, self.rng = seconds, rng
        self.faults: list[str] = []

    def judge_failure(self, ended: commands.Ended, *, may_succeed: bool = False) -> None:
        """A run that can't work ends with status 1 or 2 and a message that names the output."""
        self.faults += ended.list_faults()
        if may_succeed and ended.status == 0:
            return
        if ended.status not in (1, 2):  # 2: the output was refused before any work
            self.faults.append(f"exit status {ended.status}")
        message = ended.output.partition("Error")[2]
        if str(self.out) not in message:
            self.faults.append(f"the message does not name the output: {ended.output[-300:]!r}")
        if len(message) > LONGEST_MESSAGE:
            self.faults.append(f"a message of {len(message)} characters")

    def finish(self) -> None:
        """Run once more, undisturbed; the result is the expected one and nothing else is there."""
        self.out.mkdir(exist_ok=True)
        ended = commands.run(self.arguments)
        self.faults += [f"next run: {fault}" for fault in ended.list_faults()]
        if ended.status != 0:
            self.faults.append(f"the next run ends with {ended.status}: {ended.output[-300:]!r}")
        self.faults += commands.compare_folders(self.expected, commands.hash_folder(self.out))

    def measure(self) -> int:
        """Bytes of an undisturbed result."""
        commands.run(self.arguments)
        size = sum(path.stat().st_size for path in self.out.rglob("*") if path.is_file())
        shutil.rmtree(self.out)
        self.out.mkdir()
        return size


@contextlib.contextmanager
def mounted(folder: Path, n_bytes: int) -> Iterator[Callable[[str], None]]:
    """File system in memory on a folder; yields a function that changes its options."""
    size = f"size={max(n_bytes, 4096)}"
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], capture_output=True, check=False
    )
    if made.returncode:
        raise Impossible(made.stderr.decode().strip())

    def change(options: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)

    try:
        yield change
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill_disk(trial: Trial, share: float) -> None:
    """The disk is full after a share of the result; then there is room again."""
    size = trial.measure()
    try:
        with mounted(trial.out, int(size * share)) as change:
            trial.judge_failure(commands.run(trial.arguments))
            if any(path.name.endswith(".partial") for path in trial.out.rglob("*")):
                trial.faults.append("a partial file takes the room")
            change("size=4g")
            trial.finish()
    except Impossible:
        limit = max(4096, int(size * share / 4))
        limits = functools.partial(resource.setrlimit, resource.RLIMIT_FSIZE, (limit, limit))
        trial.judge_failure(commands.run(trial.arguments, limits), may_succeed=True)
        trial.finish()


def forbid_writing(trial: Trial) -> None:
    """The folder of the output is on a read-only file system; later it is not."""
    with mounted(trial.out, 2**32) as change:
        change("ro")
        ended = commands.run(trial.arguments)
        trial.judge_failure(ended)
        if ended.seconds > max(15.0, trial.seconds / 2):
            trial.faults.append(f"refused only after {ended.seconds:.0f} s")
        change("rw")
        trial.finish()


def remove_folder(trial: Trial) -> None:
    """The folder of the output is removed in mid-run."""
    disturbed = commands.Run(trial.arguments)
    disturbed.wait(trial.rng.uniform(0.2, 0.9) * trial.seconds)
    shutil.rmtree(trial.out, ignore_errors=True)
    trial.judge_failure(disturbed.end(), may_succeed=True)
    trial.finish()


def run_twice(trial: Trial) -> None:
    """Two runs of the same output at the same time: one is right, the other too or refused."""
    first = commands.Run(trial.arguments)
    first.wait(trial.rng.uniform(0.0, 0.5) * trial.seconds)
    second = commands.Run(trial.arguments)
    both = [first.end(), second.end()]
    for ended in both:
        trial.judge_failure(ended, may_succeed=True)
    if all(ended.status for ended in both):
        trial.faults.append("both runs fail")
    trial.faults += commands.compare_folders(trial.expected, commands.hash_folder(trial.out))
    trial.finish()


SITUATIONS: dict[str, Callable[[Trial], None]] = {
    "disk full at 10 %": functools.partial(fill_disk, share=0.1),
    "disk full at 60 %": functools.partial(fill_disk, share=0.6),
    "disk full at 95 %": functools.partial(fill_disk, share=0.95),
    "read-only": forbid_writing,
    "folder removed": remove_folder,
    "two at once": run_twice,
}

if __name__ == "__main__":
    raise SystemExit(main())
