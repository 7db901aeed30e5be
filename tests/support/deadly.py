"""Families that fail, or kill their process, where the first pixel of a stack is 7."""

import contextlib
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from mrnet_features.families.base import Family


@dataclass(frozen=True)
class Fragile(Family):
    """A family that fails where the first pixel is 7."""

    name: ClassVar[str] = "fragile"
    error: ClassVar[type[Exception]] = ValueError

    def count(self, stack):
        if bool((stack.grey[:, 0, 0] == 7).any()):
            self.fail()
        return stack.grey

    def fail(self):
        raise self.error("a seven")

    def describe(self, counts):
        return {"x": counts[:, :1, 0] * 1.0}

    def describe_stack(self, counts, starts):
        return {}


@dataclass(frozen=True)
class Unreachable(Fragile):
    """A family that fails as reading does when a server does not answer."""

    name: ClassVar[str] = "unreachable"
    error: ClassVar[type[Exception]] = ConnectionError


@dataclass(frozen=True)
class Deadly(Fragile):
    """A family that kills its process, as the system does when memory runs out."""

    name: ClassVar[str] = "deadly"

    def fail(self):
        os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class DeadlyOnce(Deadly):
    """A family that kills only the first process; `marker` is a file that says so."""

    name: ClassVar[str] = "deadlyonce"
    marker: str = ""

    def fail(self):
        with contextlib.suppress(FileExistsError):
            Path(self.marker).touch(exist_ok=False)
            super().fail()


def spoil(exam, value):
    """Set the first pixel of an exam's axial stack."""
    stack = np.load(exam.paths["axial"])
    stack[0, 0, 0] = value
    np.save(exam.paths["axial"], stack)
