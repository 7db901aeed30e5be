"""Feature tables in parquet: `read_features`."""

import json
from random import Random

import numpy as np
import pandas as pd

from mrnet_features.extraction.table_files.features import read_features
from mrnet_features.extraction.table_files.keys import METADATA_KEY
from tests.fuzz.cases import Case, Target, require
from tests.fuzz.driver import main
from tests.fuzz.mutation import mutate
from tests.fuzz.tables import draw_ids, draw_parquet, place_ids, to_parquet

FILE = "train.parquet"
TOKENS = (b"PAR1", b"PARE", b"pandas", b"ARROW:schema", b"exam", METADATA_KEY, b'{"format": 1}')
PROVENANCES = (
    b"{}", b"[]", b"null", b"{", b"\xff", b'{"recipe": {}, "format": 99}', b'{"format": "2"}',
    b'{"recipe": {}}', b'{"recipe": null, "format": 2}', b"[" * 100_000, b'{"a": 1e999}',
    b'{"format": ' + b"9" * 5000 + b"}", b'{"fingerprints": 3}', b'{"a": "\\ud800"}',
)  # fmt: skip


def make(rng: Random) -> Case:
    """Tables of our own and of other tools, whole or with broken bytes or metadata."""
    ids = draw_ids(rng, rng.choice((1, 3, 20)))
    numbers = np.random.default_rng(rng.randrange(2**32))
    values = pd.DataFrame(
        numbers.normal(size=(len(ids), 2)).astype(np.float32),
        columns=["axial__knee__intensity__mean__mean", "age"],
    )
    frame, is_known = place_ids(values, ids, rng)
    facts = {"ids": ids, "sum": float(values.to_numpy().sum())}
    if rng.random() < 0.2:
        data = draw_parquet(rng, ids)
        facts["is_changed"] = True
    else:
        key = {METADATA_KEY: rng.choice(PROVENANCES)} if rng.random() < 0.4 else {}
        facts["is_sound"] = is_known and not key
        data = to_parquet(frame, key)
    if rng.random() < 0.7:
        data = mutate(data, rng, TOKENS, to_parquet(values))
        facts["is_changed"] = True
    return Case({FILE: data}, facts)


def read(folder, case) -> None:
    """The index holds the ids of the file as text, never row numbers."""
    table = read_features(folder / FILE)
    json.dumps(table.attrs["provenance"])
    require(isinstance(table.attrs["provenance"], dict), "provenance is no dict")
    require(all(isinstance(i, str) and i.strip() for i in table.index), "an id is not text")
    if case.facts.get("is_changed"):
        return
    require(list(table.index) == case.facts["ids"], "row numbers or other columns became ids")
    numbers = table.select_dtypes("number").to_numpy()
    require(numbers.shape == (len(table), 2), "columns are lost or invented")
    require(np.isclose(numbers.sum(dtype=float), case.facts["sum"], atol=1e-3), "values differ")


def _warm_up() -> None:
    to_parquet(pd.DataFrame({"a": [1.0]}))


TARGET = Target(make, read, (ValueError, OSError), _warm_up)

if __name__ == "__main__":
    raise SystemExit(main(__name__))
