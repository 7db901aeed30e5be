"""Predictions of other models: `read_predictions` from CSV and parquet, with and without paths."""

from random import Random

import numpy as np
import pandas as pd

from mrnet_features.evaluation.comparison.read_predictions import PLANES_OF_PATHS, read_predictions
from mrnet_features.names import TASKS
from tests.fuzz.cases import Case, Target, require
from tests.fuzz.driver import main
from tests.fuzz.mutation import mutate
from tests.fuzz.tables import draw_ids, draw_parquet, place_ids, to_parquet

TOKENS = (
    b"id,abnormal,acl,meniscus\n", b"exam,repeat,fold,abnormal,acl,meniscus\n", b"0.5",
    b"1.0000001", b"[[0.9]]", b"valid/sagittal/0001.npy\n", b"valid\\axial\\0001.npy\n", b"id",
    b"# x\n", b"0042,0.5,0.5,0.5\n", b"PAR1",
)  # fmt: skip


def make(rng: Random) -> Case:
    """Predictions of 1 to 40 exams in one of the formats, sound or broken."""
    ids = draw_ids(rng, rng.choice((1, 2, 8, 40)))
    chances = np.random.default_rng(rng.randrange(2**32)).random((len(ids), 3)).round(4)
    values = pd.DataFrame(chances, columns=list(TASKS))
    facts = {"ids": ids, "id_width": rng.choice((None, None, 4)), "logits": rng.random() < 0.1}
    files, facts["is_sound"] = rng.choice(FORMATS)(values, ids, rng)
    facts["is_changed"] = "odd.parquet" in files or rng.random() < 0.7
    if facts["is_changed"]:
        name = rng.choice(sorted(files))
        files[name] = mutate(files[name], rng, TOKENS, files[min(files)])
    return Case(files, facts)


def _make_csv(values, ids, rng):
    frame, is_known = place_ids(values, ids, rng)
    has_index = frame.index.name is not None or rng.random() < 0.5
    # an index without a name is a first column without a name, which may hold row numbers
    is_known = is_known and (frame.index.name is not None or len(frame.columns) > len(TASKS))
    return {"p.csv": frame.to_csv(index=has_index).encode()}, is_known


def _make_folds(values, ids, rng):
    frame = values.assign(exam=ids, repeat=0, fold=[k % 2 for k in range(len(ids))])
    return {"p.csv": frame.to_csv(index=False).encode()}, True


def _make_parquet(values, ids, rng):
    frame, is_known = place_ids(values, ids, rng)
    return {"p.parquet": to_parquet(frame)}, is_known


def _make_odd_parquet(values, ids, rng):
    return {"odd.parquet": draw_parquet(rng, ids)}, False


def _make_competition(values, ids, rng):
    lines = (f"valid/{plane}/{i}.npy\n" for i in ids for plane in PLANES_OF_PATHS)
    table = values.to_csv(index=False, header=False)
    return {"p.csv": table.encode(), "paths.csv": "".join(lines).encode()}, True


def _make_each_task(values, ids, rng):
    texts = {
        f"{task}.csv": "".join(f"{i},{x}\n" for i, x in zip(ids, values[task], strict=True))
        for task in TASKS
    }
    return {name: text.encode() for name, text in texts.items()}, True


FORMATS = (
    _make_csv, _make_csv, _make_folds, _make_parquet, _make_parquet, _make_odd_parquet,
    _make_competition, _make_each_task,
)  # fmt: skip


def read(folder, case) -> None:
    """Ids are those of the file, never row numbers; probabilities lie from 0 to 1."""
    facts = case.facts
    paths = folder / "paths.csv" if "paths.csv" in case.files else None
    if "acl.csv" in case.files:
        source = {task: folder / f"{task}.csv" for task in TASKS}
    else:
        source = folder / min(case.files, key=lambda name: name == "paths.csv")
    table = read_predictions(
        source, paths=paths, id_width=facts["id_width"], logits=facts["logits"]
    )
    # a file with none of MRNet's tasks is read with the tasks it has
    tasks = [name for name in table.columns if name not in ("exam", "repeat", "fold")]
    require(bool(tasks), "there are no tasks")
    require(facts["is_changed"] or tasks == list(TASKS), "MRNet's tasks were not read")
    require((table[tasks].dtypes == "float64").all(), "values are not float64")
    values = table[tasks].to_numpy()
    is_chance = np.isfinite(values) & (values >= 0) & (values <= 1)
    require(is_chance.all(), "a value is no probability")
    found = list(table.get("exam", table.index))
    require(all(isinstance(i, str) and i.strip() for i in found), "an id is not text")
    if not facts["is_changed"]:
        width = facts["id_width"] or 0
        ids = [i.zfill(width) if i.isdecimal() else i for i in facts["ids"]]
        require(sorted(found) == sorted(ids), "row numbers or other columns became ids")


def _warm_up() -> None:
    frame = pd.DataFrame(0.5, index=pd.Index(["a"], name="exam"), columns=list(TASKS))
    to_parquet(frame)


TARGET = Target(make, read, (ValueError, OSError), _warm_up)

if __name__ == "__main__":
    raise SystemExit(main(__name__))
