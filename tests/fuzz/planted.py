"""Reader with planted faults; the tests of the driver must find each of them."""

import os
import time
import warnings
from pathlib import Path
from random import Random

from tests.fuzz.cases import Case, Target, require
from tests.fuzz.driver import main

KEPT: list[object] = []


def make(rng: Random) -> Case:
    """A fault by name; `PLANTED` in the environment says which one."""
    word = rng.choice(("right", "refused", os.environ.get("PLANTED", "right")))
    return Case({"a.txt": word.encode()}, {"is_sound": word == "sound input refused"})


def _hang():
    time.sleep(60)


def _use_memory():
    KEPT.append(len(b"x" * (150 * 2**20)))


def _use_all_memory():
    while True:
        KEPT.append(b"x" * 2**20)


def _ask_for_too_much():
    bytearray(2**60)


def _raise_wrong_error():
    raise AttributeError("'a.txt' is broken")


def _keep_open():
    KEPT.append(Path(__file__).open(encoding="utf-8"))  # noqa: SIM115


def _warn():
    warnings.warn("invalid value", RuntimeWarning, stacklevel=1)


def _give_wrong_result():
    require(False, "the result is wrong")


FAULTS = {
    "hang": _hang,
    "crash": os.abort,
    "memory": _use_memory,
    "endless memory": _use_all_memory,
    "impossible memory": _ask_for_too_much,
    "wrong error": _raise_wrong_error,
    "wrong result": _give_wrong_result,
    "open file": _keep_open,
    "warning": _warn,
}
MESSAGES = {
    "refused": "'a.txt' is refused.",
    "sound input refused": "'a.txt' is refused.",
    "nameless error": "It is refused.",
    "long error": "'a.txt' is refused. " * 1000,
    "control characters": "'a.txt' holds \x1b[2J.",
}


def read(folder: Path, case: Case) -> None:
    """Fail as the file says."""
    word = (folder / "a.txt").read_text()
    if word in MESSAGES:
        raise ValueError(MESSAGES[word])
    FAULTS.get(word, lambda: None)()


TARGET = Target(make, read, (ValueError,), special_share=0.0)

if __name__ == "__main__":
    raise SystemExit(main(__name__))
