"""Tables with exam ids in many places, as files of CSV and parquet."""

import io
import json
from random import Random

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from mrnet_features.ids.reading import ID_COLUMNS
from tests.fuzz.mutation import NUMBERS, mutate

REFUSED_NAMES = ("patient", "Unnamed: 0", "index", "row", "", "name")
"""Columns that are not known to hold exam ids."""


def draw_ids(rng: Random, n_exams: int) -> list[str]:
    """Different exam ids of one kind: MRNet's, numbers of one length, or words."""
    kind = rng.randrange(4)
    numbers = sorted(rng.sample(range(1000), n_exams))
    if kind == 0:
        return [f"{i:04d}" for i in numbers]
    if kind == 1:
        return [str(1000 + i) for i in numbers]
    if kind == 2:
        return [f"knee {i}-ö" for i in numbers]
    return [f"1.2.840.113619.{i}" for i in numbers]


def place_ids(frame: pd.DataFrame, ids: list[str], rng: Random) -> tuple[pd.DataFrame, bool]:
    """Table with its ids in some column or index, or with row numbers in their place.

    Parameters
    ----------
    frame : DataFrame
        Values, one row per id.
    ids : list of str
    rng : Random

    Returns
    -------
    frame : DataFrame
        A reader gives exactly these ids or refuses the table.
    is_known : bool
        Whether the place says that these are exam ids, so that it must not be refused.
    """
    place = rng.randrange(9)
    name = rng.choice([*ID_COLUMNS, *(column.upper() for column in ID_COLUMNS)])
    if place <= 1:
        return frame.set_axis(pd.Index(ids, name=name)), True
    if place == 2:
        return frame.set_axis(pd.Index(ids)), True
    if place <= 4:
        frame = frame.copy()
        frame.insert(rng.randrange(len(frame.columns) + 1), name, ids)
        # with an index that is left over from a selection
        return (frame if place == 3 else frame.set_axis(np.arange(len(ids)) * 3 + 1)), True
    if place == 5:
        return frame.set_axis(pd.RangeIndex(len(ids))), False
    if place == 6:
        return frame.set_axis(np.sort(rng.sample(range(5000), len(ids)))), False
    if place == 7:
        return frame.assign(**{rng.choice(REFUSED_NAMES): ids}).reset_index(drop=True), False
    return frame.set_axis(np.arange(len(ids), dtype=np.float64)), False


def to_parquet(frame: pd.DataFrame, metadata: dict[bytes, bytes] | None = None) -> bytes:
    """Bytes of a parquet file."""
    table = pa.Table.from_pandas(frame)
    file = io.BytesIO()
    pq.write_table(
        table.replace_schema_metadata({**(table.schema.metadata or {}), **(metadata or {})}), file
    )
    return file.getvalue()


def draw_parquet(rng: Random, ids: list[str]) -> bytes:
    """Parquet file of odd types, repeated names or broken metadata of pandas."""
    n_rows = len(ids)
    columns = [pa.array(ids)] if rng.random() < 0.7 else [_draw_column(rng, n_rows)]
    columns += [_draw_column(rng, n_rows) for _ in range(rng.choice((0, 1, 3, 3)))]
    words = ["exam", "id", "abnormal", "acl", "meniscus", "__index_level_0__", "", "a\x1b[2J", "é"]
    names = ["exam", "abnormal", "acl", "meniscus"][: len(columns)]
    if rng.random() < 0.5:
        names = [rng.choice(words) for _ in columns]
    table = pa.Table.from_arrays(columns, names=names)
    if rng.random() < 0.5:
        known = pa.Table.from_pandas(pd.DataFrame({"x": ids}, index=ids)).schema.metadata[b"pandas"]
        pandas = json.loads(known)
        key = rng.choice(list(pandas))
        pandas[key] = rng.choice(
            (None, [], {}, "x", ["exam"], [["exam"]], 10**30, [{"kind": "range"}])
        )
        text = rng.choice((json.dumps(pandas).encode(), mutate(known, rng), b"[" * 100_000))
        table = table.replace_schema_metadata({b"pandas": text})
    file = io.BytesIO()
    pq.write_table(table, file)
    return file.getvalue()


def _draw_column(rng: Random, n_rows: int) -> pa.Array:
    """Column of one of the types that a table of features or predictions should not have."""
    numbers = [rng.random() for _ in range(n_rows)]
    draw = rng.choice((
        lambda: pa.array([[x] for x in numbers]),
        lambda: pa.array([{"a": x} for x in numbers]),
        lambda: pa.array([None] * n_rows),
        lambda: pa.array([rng.randbytes(3) for _ in numbers]),
        lambda: pa.array([2**64 - 1] * n_rows, pa.uint64()),
        lambda: pa.array([2**62] * n_rows, pa.timestamp("us")),
        lambda: pa.array([str(x) for x in numbers]).dictionary_encode(),
        lambda: pa.array([rng.choice(NUMBERS).decode() for _ in numbers]),
        lambda: pa.array([x > 0.5 for x in numbers]),
        lambda: pa.array([float("nan") if x < 0.2 else x for x in numbers]),
        lambda: pa.array([f"[{x}]" for x in numbers]),
        lambda: pa.array(numbers),
    ))  # fmt: skip
    return draw()
