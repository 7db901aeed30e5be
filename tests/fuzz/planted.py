"""Reader with planted faults; the tests of the driver must find each of them."""

import os
import time
from pathlib import Path
from random import Random

from tests.fuzz.cases import Case, Target, require
from tests.fuzz.driver import main

FAULTS = (
    "hang", "crash", "memory", "hidden memory", "wrong error", "nameless error", "long error",
    "control characters", "wrong result", "open file", "warning",
)  # fmt: skip
KEPT: list[object] = []


def make(rng: Random) -> Case:
    """A fault by name; `PLANTED` in the environment says which one."""
    word = rng.choice(("right", "refused", os.environ.get("PLANTED", "right")))
    return Case({"a.txt": word.encode()})


def read(folder: Path, case: Case) -> None:
    """Fail as the file says."""
    word = (folder / "a.txt").read_text()
    if word == "hang":
        time.sleep(60)
    elif word == "crash":
        os.abort()
    elif word == "memory":
        bytearray(3 * 2**30)
    elif word == "hidden memory":
        try:
            bytearray(3 * 2**30)
        except MemoryError as error:
            raise ValueError("'a.txt' can't be read.") from error
    elif word == "wrong error":
        raise AttributeError("'a.txt' is broken")
    elif word == "open file":
        KEPT.append(Path(__file__).open(encoding="utf-8"))  # noqa: SIM115
    elif word == "warning":
        import warnings

        warnings.warn("invalid value", RuntimeWarning, stacklevel=1)
    messages = {
        "refused": "'a.txt' is refused.",
        "nameless error": "It is refused.",
        "long error": "'a.txt' is refused. " * 1000,
        "control characters": "'a.txt' holds \x1b[2J.",
    }
    if word in messages:
        raise ValueError(messages[word])
    require(word != "wrong result", "the result is wrong")


TARGET = Target(make, read, (ValueError,), special_share=0.0)

if __name__ == "__main__":
    raise SystemExit(main(__name__))
