"""Run a fuzz target in child processes with limits of time and memory.

A child runs many inputs in a loop and notes the number of the current one in a shared file, so
that this process can tell which input hung or crashed, and start a new child at the next one.
"""

import argparse
import faulthandler
import importlib
import mmap
import os
import re
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.cases import Case, Finding, Target, judge

SECONDS_PER_INPUT = 10
MEMORY_PER_INPUT = 2**30
SECONDS_TO_START = 120
SPACE_TO_READ_AGAIN = 2**33
ENVIRONMENT = {"ARROW_DEFAULT_MEMORY_POOL": "system"}
"""Memory goes back to the system at once, so that one input does not count for the next."""

NOTE = struct.Struct("qdqq")
"""Shared note of a child: number of the input, when it began, accepted and refused inputs."""


class Note:
    """Note that a child writes and its parent reads."""

    def __init__(self, path: Path):
        with path.open("a+b") as file:
            file.truncate(NOTE.size)
            self._map = mmap.mmap(file.fileno(), NOTE.size)

    def write(self, *values: float) -> None:
        NOTE.pack_into(self._map, 0, *values)

    def read(self) -> tuple[int, float, int, int]:
        return NOTE.unpack_from(self._map)  # type: ignore[return-value]


def main(module: str, arguments: list[str] | None = None) -> int:
    """Command line of a target; exit status 1 if there are findings, 2 if it shows nothing."""
    name = module.rpartition(".")[2] if module != "__main__" else Path(sys.argv[0]).stem
    parser = argparse.ArgumentParser(prog=f"python -m tests.fuzz.{name}")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--findings", type=Path, default=Path(tempfile.gettempdir(), "findings"))
    parser.add_argument("--input", type=Path, help="folder of one finding, to be read again")
    given = parser.parse_args(arguments)
    path = f"tests.fuzz.{name}"
    if given.input:
        resource.setrlimit(resource.RLIMIT_AS, (SPACE_TO_READ_AGAIN, SPACE_TO_READ_AGAIN))
        faulthandler.dump_traceback_later(SECONDS_PER_INPUT, exit=True)
        return read_again(path, given.input)
    return fuzz(path, given.seconds, given.seed, given.findings / name)


def fuzz(
    module: str,
    seconds: float,
    seed: int,
    findings: Path,
    *,
    limit: float = SECONDS_PER_INPUT,
    memory: int = MEMORY_PER_INPUT,
) -> int:
    """Run a target for some time; findings go to a folder.

    Parameters
    ----------
    module : str
        Module that holds ``TARGET``.
    seconds : float
        Time in all.
    seed : int
    findings : Path
        Gets a folder per fault: ``input/``, ``case.json`` and ``report.txt``.
    limit : float
        Seconds per input; an input that takes longer twice is a finding.
    memory : int
        Bytes that an input may need beyond those of the imported libraries.

    Returns
    -------
    int
        Exit status: 0, 1 if there is a finding, 2 if nothing was accepted or nothing refused.
    """
    target: Target = importlib.import_module(module).TARGET
    known = set(findings.iterdir()) if findings.is_dir() else set()
    end, started, number, counts = time.monotonic() + seconds, time.monotonic(), 0, [0, 0]
    slow = -1
    with tempfile.TemporaryDirectory(prefix="fuzz-") as work:
        while time.monotonic() < end:
            note = Note(Path(work, "note"))
            note.write(number, 0.0, 0, 0)
            command = [module, work, str(findings), seed, number, end, memory]
            with (
                Path(work, "log").open("wb") as log,
                subprocess.Popen(
                    [sys.executable, "-m", "tests.fuzz.child", *map(str, command)],
                    env={**os.environ, **ENVIRONMENT},
                    stdout=subprocess.DEVNULL,
                    stderr=log,
                ) as child,
            ):
                ending = _watch(child, note, limit, memory)
            number, began, *more = note.read()
            counts = [a + b for a, b in zip(counts, more, strict=True)]
            said = Path(work, "log").read_text(errors="replace")
            if ending and not began:
                print(f"{module}: the process did not start.\n{said[-3000:]}", file=sys.stderr)
                return 2
            if ending == "hang" and number != slow:
                slow = number  # other programs may have held the processor: once more, alone
                continue
            if ending:
                _note_end(ending, said).save(findings, target.draw(seed, number), number)
            number += 1
    return report(module, sorted(set(findings.glob("*")) - known), counts,
                   time.monotonic() - started)  # fmt: skip


def _watch(child: subprocess.Popen[bytes], note: Note, limit: float, memory: int) -> str:
    """How a child ended: nothing, or what it died of; one that hangs or grows is killed."""
    born, at_start = time.monotonic(), 0
    while child.poll() is None:
        time.sleep(0.02)
        _, began, *_ = note.read()
        now, resident = time.monotonic(), _measure(child.pid)
        at_start = at_start or (resident if began else 0)
        if (began and now - began > limit) or (not began and now - born > SECONDS_TO_START):
            child.send_signal(signal.SIGUSR1)  # it writes where it is
            time.sleep(0.3)
            child.kill()
            child.wait()
            return "hang"
        if at_start and resident - at_start > 2 * memory:
            child.send_signal(signal.SIGUSR1)
            time.sleep(0.05)
            child.kill()
            child.wait()
            return "memory"
    if child.returncode < 0:
        return signal.Signals(-child.returncode).name
    return f"exit status {child.returncode}" if child.returncode else ""


def _measure(pid: int) -> int:
    """Resident memory of a process in bytes, 0 if it has ended."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return 0
    return int(pages) * mmap.PAGESIZE


def _note_end(ending: str, log: str) -> Finding:
    """Finding of a child that hung or died; its key is where it was."""
    found = re.findall(r'File "(.*)", line (\d+) in (.*)', log)
    own = [place for place in found if "/mrnet_features/" in place[0]]
    places = [f"{Path(file).name}:{line} {name}" for file, line, name in (*found[:1], *own[:1])]
    where = " ".join(dict.fromkeys(places))
    kind = ending if ending in ("hang", "memory") else "crash"
    return Finding(kind, f"{ending} {where}", log[-20_000:])


def report(module: str, found: list[Path], counts: list[int], seconds: float) -> int:
    """Print what a run has shown, and return its exit status."""
    accepted, refused = counts
    print(
        f"{module}: {accepted + refused} inputs in {seconds:.0f} s, {accepted} accepted, "
        f"{refused} refused, {len(found)} findings"
    )
    for folder in found:
        print(f"- {(folder / 'report.txt').read_text().splitlines()[0]}\n  {folder}")
    if found:
        return 1
    if not accepted or not refused:
        print("Too few inputs to show anything: none was accepted, or none refused.")
        return 2
    return 0


def read_again(module: str, folder: Path) -> int:
    """Read one saved case in this process; exit status 1 if its answer is wrong."""
    target: Target = importlib.import_module(module).TARGET
    with tempfile.TemporaryDirectory(prefix="fuzz-") as work:
        is_accepted, finding = judge(target, Case.load(folder), Path(work, "input"))
    if finding:
        print(f"{finding.kind}: {finding.key}\n{finding.report}")
        return 1
    print("accepted" if is_accepted else "refused")
    return 0
