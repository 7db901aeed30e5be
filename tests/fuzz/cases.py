"""Inputs of a fuzz target, what a right answer to them is, and how a wrong one is described."""

import gc
import hashlib
import json
import os
import shutil
import traceback
import unicodedata
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

LONGEST_MESSAGE = 5_000
HIDDEN = {"Cc", "Cf", "Cs"}
"""Unicode categories that change a terminal, turn the text round, or can't be printed."""
SPECIAL = ("pipe", "folder", "endless device", "link to itself", "nothing")
"""What can stand in the place of a file."""


class WrongResultError(Exception):
    """A reader gave a result that is not what the file says."""


@dataclass(frozen=True)
class Case:
    """One input.

    Attributes
    ----------
    files : dict of str to bytes or str
        Content by file name, or a word of `SPECIAL`.
    facts : dict
        What `Target.read` must know, in plain types. With "is_sound" a refusal is a fault, unless
        "is_changed" says that the files are not as they were meant to be.
    """

    files: dict[str, bytes | str]
    facts: dict[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write the files into a folder, which is emptied first."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name, content in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                path.write_bytes(content)
            elif content == "pipe":
                os.mkfifo(path)
            elif content == "folder":
                path.mkdir()
            elif content == "endless device":
                path.symlink_to("/dev/zero")
            elif content == "link to itself":
                path.symlink_to(path)

    def save(self, folder: Path) -> None:
        """Write the files and the facts, to be read by `load`."""
        self.write(folder / "input")
        special = {name: kind for name, kind in self.files.items() if isinstance(kind, str)}
        content = {"facts": self.facts, "special": special}
        (folder / "case.json").write_text(json.dumps(content), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Case":
        """Case that was written by `save`."""
        content = json.loads((folder / "case.json").read_text(encoding="utf-8"))
        files: dict[str, bytes | str] = dict(content["special"])
        root = folder / "input"
        for path in sorted(root.rglob("*")):
            name = str(path.relative_to(root))
            if name not in files and path.is_file():
                files[name] = path.read_bytes()
        return cls(files, content["facts"])


@dataclass(frozen=True)
class Target:
    """One reader.

    Attributes
    ----------
    make : callable
        Case from a random state; the same state gives the same case.
    read : callable
        Reads the files in a folder and checks the result: `WrongResultError` if it is wrong.
    errors : tuple of types
        Errors that the docstring of the reader names.
    warm_up : callable
        Imports what the reader needs, so that it counts neither as time nor as memory.
    special_share : float
        Share of the inputs in which one file is replaced by something of `SPECIAL`.
    """

    make: Callable[[Random], Case]
    read: Callable[[Path, Case], None]
    errors: tuple[type[Exception], ...]
    warm_up: Callable[[], object] = lambda: None
    special_share: float = 0.01

    def draw(self, seed: int, number: int) -> Case:
        """Case of one number."""
        rng = Random(f"{seed} {number}")
        case = self.make(rng)
        if rng.random() < self.special_share:
            name = rng.choice(sorted(case.files))
            facts = {**case.facts, "is_changed": True}
            return Case({**case.files, name: rng.choice(SPECIAL)}, facts)
        return case


@dataclass(frozen=True)
class Finding:
    """What went wrong, with a key that is the same for the same fault."""

    kind: str
    key: str
    report: str

    def save(self, folder: Path, case: Case, number: int) -> bool:
        """Save the first case of a fault; whether it is the first."""
        digest = hashlib.sha256(f"{self.kind} {self.key}".encode()).hexdigest()[:12]
        own = folder / f"{self.kind.replace(' ', '-')}-{digest}"
        if own.exists():
            return False
        case.save(own)
        (own / "report.txt").write_text(
            f"{self.kind}: {self.key}\ninput {number}\n\n{self.report}\n",
            encoding="utf-8",
            errors="backslashreplace",
        )
        return True


def judge(
    target: Target, case: Case, folder: Path, memory: int = 2**30
) -> tuple[bool, Finding | None]:
    """Whether the reader accepts a case, and what is wrong with its answer.

    Parameters
    ----------
    target : Target
    case : Case
    folder : Path
        Folder for the files of the case.
    memory : int
        Bytes that the reader may use.

    Returns
    -------
    is_accepted : bool
    finding : Finding or None
    """
    case.write(folder)
    n_open = _count_open()
    before = measure_memory(is_reset=True)
    with warnings.catch_warnings(record=True) as raised:
        warnings.simplefilter("always")
        is_accepted, finding = _read(target, case, folder)
    if finding is None:
        foreign = [w for w in raised if not issubclass(w.category, UserWarning)]
        if foreign:
            first = foreign[0]
            key = f"{first.category.__name__} {Path(first.filename).name}:{first.lineno}"
            finding = Finding("warning", key, str(first.message)[:LONGEST_MESSAGE])
    if _count_open() > n_open:
        gc.collect()  # an error can hold its frames in a cycle
    used = measure_memory() - before
    if used > memory:
        # by the kind of input, since an input that is only long is the same fault each time
        key = f"{'accepted' if is_accepted else 'refused'} {' '.join(sorted(case.files))}"
        finding = Finding("memory", key, f"{used / 2**20:.0f} MB")
    if finding is None and _count_open() > n_open:
        finding = Finding("open file", "after the read", "More files are open than before.")
    return is_accepted, finding


def measure_memory(*, is_reset: bool = False) -> int:
    """Largest resident memory of this process in bytes, since it was reset."""
    if is_reset:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


def _count_open():
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 (a Path for each would be slow)


def _read(target, case, folder):
    try:
        target.read(folder, case)
    except target.errors as error:
        if case.facts.get("is_sound") and not case.facts.get("is_changed"):
            return False, _describe("sound input refused", error)
        problem = find_message_problem(str(error), [str(folder), *case.files])
        return False, _describe("message", error, problem) if problem else None
    except WrongResultError as error:
        return True, _describe("wrong result", error)
    except BaseException as error:  # noqa: BLE001 (whatever comes is a finding)
        return False, _describe("error", error)
    return True, None


def find_message_problem(message: str, names: list[str]) -> str | None:
    """Problem of an error message, or None.

    Parameters
    ----------
    message : str
    names : list of str
        Names of files, one of which must be in the message.

    Returns
    -------
    str or None
    """
    if not any(name in message for name in names):
        return "does not name the file"
    if len(message) >= LONGEST_MESSAGE:
        return "is too long"
    is_hidden = any(unicodedata.category(c) in HIDDEN and c not in "\n\t" for c in message)
    return "holds control characters" if is_hidden else None


def require(holds: object, what: str) -> None:
    """Raise WrongResultError unless something holds."""
    if not holds:
        raise WrongResultError(what)


def _describe(kind, error, problem=""):
    """Finding of an error; its key is the innermost line of our own and of all code."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if "/mrnet_features/" in f.filename] or frames
    places = [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in (own[-1], frames[-1])]
    if kind == "wrong result":
        return Finding(kind, str(error), "")
    key = " ".join([type(error).__name__, *dict.fromkeys(places), problem]).strip()
    trace = "".join(traceback.format_exception(error, limit=-30))
    return Finding(kind, key, f"{trace[:10_000]}\n{str(error)[:500]!a}")
