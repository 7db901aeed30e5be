"""Loop of a child process over the inputs of a target; started by `tests.fuzz.driver`."""

import faulthandler
import importlib
import resource
import signal
import sys
import time
from pathlib import Path

from tests.fuzz.cases import judge
from tests.fuzz.driver import Note

INPUTS_PER_CHILD = 5_000
"""Then a new process is started, so that memory kept by a library does not add up."""


LARGEST_SPACE = 2**36
"""Bytes of address space: a machine of another size then gives the same MemoryError."""


def main() -> None:
    """Run inputs until the end of the time; every finding is saved at once."""
    module, work, findings, *numbers = sys.argv[1:]
    seed, start, end, memory = int(numbers[0]), int(numbers[1]), float(numbers[2]), int(numbers[3])
    faulthandler.enable(all_threads=False)
    faulthandler.register(signal.SIGUSR1, all_threads=False)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (LARGEST_SPACE, LARGEST_SPACE))
    target = importlib.import_module(module).TARGET
    target.warm_up()
    note, folder = Note(Path(work, "note")), Path(work, "input")
    counts = [0, 0]
    for number in range(start, start + INPUTS_PER_CHILD):
        case = target.draw(seed, number)
        note.write(number, time.monotonic(), *counts)
        is_accepted, finding = judge(target, case, folder, memory)
        counts[not is_accepted] += 1
        if finding:
            finding.save(Path(findings), case, number)
        note.write(number, time.monotonic(), *counts)
        if time.monotonic() > end:
            break


if __name__ == "__main__":
    main()
