"""Folds: `Folds.read`."""

import csv
import os
import tempfile
from pathlib import Path
from random import Random
from unittest import mock

import pandas as pd

from mrnet_features.evaluation.protocol.folds import Folds
from tests.fuzz.cases import Case, Target, require
from tests.fuzz.driver import main
from tests.fuzz.mutation import NUMBERS, mutate
from tests.fuzz.tables import draw_ids

FILE = "folds.csv"
TOKENS = (b"exam,repeat,fold\n", b"# sha256: ", b"0001,0,1\n", b"a,1,0\n", b"0.0", b"0001", b"fold")


def make(rng: Random) -> Case:
    """Folds as `save` writes them, as a spreadsheet does, or with broken rows."""
    ids = draw_ids(rng, rng.choice((2, 5, 30)))
    rows = [
        (exam, repeat, (k + repeat) % 2)
        for repeat in range(rng.choice((1, 1, 3)))
        for k, exam in enumerate(ids)
    ]
    frame = pd.DataFrame(rows, columns=["exam", "repeat", "fold"])
    is_number = all(map(str.isdecimal, ids)) and rng.random() < 0.2
    if is_number:
        frame = frame.astype({"exam": "int64"})
    text = _save(Folds(frame))
    if rng.random() < 0.4:
        text = text.partition(b"\n")[2]  # without the hash
    facts = {"ids": [str(int(i)) for i in ids] if is_number else ids}
    kind = rng.random()
    if kind < 0.2:  # also in the hands of other programs
        words = text.decode()
        written = rng.choice((
            text, words.encode("utf-8-sig"), words.encode("utf-16"),
            words.replace("\n", "\r\n").encode(), words.replace(",", ";").encode(),
        ))  # fmt: skip
        return Case({FILE: written}, {**facts, "is_sound": True})
    if kind < 0.25:
        quoted = frame.astype(str).to_csv(index=False, quoting=csv.QUOTE_ALL)
        return Case({FILE: rng.choice((frame.to_csv(), quoted)).encode()}, facts)
    if kind < 0.4:
        column = rng.choice(("exam", "repeat", "fold", "fold"))
        broken = frame.astype(object)
        for row in rng.sample(range(len(broken)), rng.choice((1, 2))):
            broken.loc[row, column] = rng.choice(NUMBERS).decode()
        return Case({FILE: broken.to_csv(index=False).encode()}, {})
    return Case({FILE: mutate(text, rng, TOKENS, _OTHER)}, {})


def _save(folds: Folds) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, FILE)
        with mock.patch.object(os, "fsync"):  # the slowest part, and nothing here outlives a crash
            folds.save(path)
        return path.read_bytes()


_OTHER = b"exam,repeat,fold\na,0,0\nb,0,1\na,1,1\nb,1,0\n"


def read(folder, case) -> None:
    """Every repeat tests each exam once, and no fold is empty."""
    folds = Folds.read(folder / FILE)
    exams = list(folds.exams)
    require(len(exams) == len(set(exams)) and len(exams) > 1, "an exam twice, or too few")
    tested: dict[int, list[object]] = {}
    for repeat, _, train, test in folds.split():
        require(len(train) and len(test), "a fold is empty")
        tested.setdefault(repeat, []).extend(test)
    require(sorted(tested) == list(range(folds.n_repeats)), "repeats are missing")
    require(all(sorted(t) == sorted(exams) for t in tested.values()), "no partition")
    require(len(folds.hash) == 64, "no hash")
    known = case.facts.get("ids")
    if known and not case.facts.get("is_changed"):
        require(sorted(map(str, exams)) == sorted(known), "ids differ from those of the file")


TARGET = Target(make, read, (ValueError, OSError))

if __name__ == "__main__":
    raise SystemExit(main(__name__))
