"""Saved models: `load_bundle` and `Bundle.predict`."""

import copy
import dataclasses
import functools
import json
import os
import tempfile
from pathlib import Path
from random import Random
from unittest import mock

import numpy as np
import pandas as pd

from mrnet_features.models.bundle import Bundle, fit_bundle, load_bundle
from mrnet_features.models.bundle_head import hash_head, hash_text
from mrnet_features.models.lightgbm import SeedAveragedLightGBM
from tests.fuzz.cases import Case, Target, WrongResultError, require
from tests.fuzz.driver import main
from tests.fuzz.mutation import NUMBERS, mutate

HEAD = "bundle.json"
TOKENS = (
    b"tree", b"num_leaves=", b"split_feature=", b"left_child=", b"right_child=", b"leaf_value=",
    b"threshold=", b"decision_type=", b"num_cat=", b"cat_boundaries=", b"max_feature_idx=",
    b"feature_names=", b"objective=binary sigmoid:1", b"objective=none", b"num_class=",
    b"tree_sizes=", b"end of trees\n", b"Tree=0\n", b"is_linear=1", b"end of parameters\n",
    b"pandas_categorical:null\n", b"pandas_categorical:[[",
)  # fmt: skip
VALUES = (
    None, True, -1, 0, 2, 10**30, 1.5, "", "x", "../../etc/passwd", "/dev/zero", [], {}, [[]],
    [None], {"a": 1}, "acl", "size", "\x1b[2J", ["size"] * 3,
)  # fmt: skip


@functools.cache
def _table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    ids = pd.Index([f"{i:04d}" for i in range(60)], name="exam")
    return pd.DataFrame(rng.normal(size=(60, 3)), index=ids, columns=["size", "age", "noise"])


@functools.cache
def _model() -> Bundle:
    table = _table()
    labels = pd.DataFrame({"acl": table["size"] > 0, "meniscus": table["age"] > 0}).astype(int)
    model = SeedAveragedLightGBM(n_seeds=2, n_estimators=3, min_child_samples=4, colsample_bytree=1)
    bundle = fit_bundle(model, table, labels, thresholds={"acl": 0.4, "meniscus": 0.6})
    return dataclasses.replace(bundle, implications=(("acl", "meniscus"),))


def _save(bundle: Bundle) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        with mock.patch.object(os, "fsync"):  # the slowest part, and nothing here outlives a crash
            bundle.save(folder)
        return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}


@functools.cache
def _saved() -> dict[str, bytes]:
    return _save(_model())


@functools.cache
def _predicted() -> dict[str, list[float]]:
    return _model().predict(_table()).to_dict("list")


def make(rng: Random) -> Case:
    """A saved bundle: sound, changed by accident, or changed on purpose with hashes that fit."""
    files = dict(_saved())
    kind = rng.random()
    if kind < 0.03:
        return Case(files, {"is_sound": True})
    if kind < 0.25:  # bytes of a file, as a bad copy or an editor changes them
        name = rng.choice(sorted(files))
        files[name] = mutate(files[name], rng, TOKENS, files[HEAD])
        return Case(files, {})
    if kind < 0.3:  # two files swapped, or one lost
        first, second = rng.sample(sorted(files), 2)
        files[first], files[second] = files[second], files[first]
        if rng.random() < 0.5:
            del files[first]
        return Case(files, {})
    if kind < 0.6:
        head = json.loads(files[HEAD])
        for _ in range(rng.choice((1, 1, 2))):
            _change_value(head, rng)
        files[HEAD] = json.dumps(head).encode()
        return Case(files, {})
    return Case(_forge(files, rng), {"is_forged": True})


def _change_value(value, rng: Random) -> None:
    """Change one value somewhere in nested lists and dicts."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    if not keys:
        return
    key = rng.choice(keys)
    inner = value[key]
    if isinstance(inner, dict | list) and inner and rng.random() < 0.6:
        _change_value(inner, rng)
    elif rng.random() < 0.2:
        del value[key]
    elif isinstance(inner, list) and rng.random() < 0.5:
        inner.reverse()
    elif isinstance(value, dict) and len(keys) > 1 and rng.random() < 0.3:
        other = rng.choice(keys)
        value[key], value[other] = value[other], value[key]
    else:
        value[key] = copy.deepcopy(rng.choice(VALUES))


def _forge(files: dict[str, bytes], rng: Random) -> dict[str, bytes]:
    """Bundle whose hashes are right and whose text is not: what an attacker would write."""
    head = json.loads(files[HEAD])
    if rng.random() < 0.8:
        name = rng.choice(sorted(set(files) - {HEAD}))
        files[name] = _break_text(files[name], rng)
    for booster in (booster for entries in head["boosters"].values() for booster in entries):
        booster["sha256"] = hash_text(files[booster["file"]].decode("utf-8", "replace"))
    if rng.random() < 0.2:
        columns = head["columns"]
        head["columns"] = rng.choice((columns[::-1], columns[:2], [], columns * 2, list("abc")))
    if rng.random() < 0.2:
        _change_value(head, rng)
    head["sha256"] = hash_head(head)
    return {**files, HEAD: json.dumps(head).encode()}


def _break_text(text: bytes, rng: Random) -> bytes:
    """Text of a booster with one array of a tree changed, or any bytes."""
    if rng.random() < 0.4:
        return mutate(text, rng, TOKENS, text)
    lines = text.split(b"\n")
    fields = [k for k, line in enumerate(lines) if b"=" in line]
    at = rng.choice(fields)
    name, _, value = lines[at].partition(b"=")
    numbers = value.split(b" ")
    numbers[rng.randrange(len(numbers))] = rng.choice((*NUMBERS, b"3", b"-2", b"1000"))
    if rng.random() < 0.2:
        numbers = numbers[: rng.randrange(len(numbers) + 1)]
    lines[at] = name + b"=" + b" ".join(numbers)
    return b"\n".join(lines)


def read(folder, case) -> None:
    """Probabilities are finite; a bundle changed by accident predicts as before or is refused."""
    bundle = load_bundle(folder)
    is_forged = case.facts.get("is_forged")
    table = _table()
    if is_forged:  # it may name other columns, but not another number of them
        require(len(bundle.columns) == 3, "the columns do not fit the trees")
        table = table.set_axis(list(bundle.columns), axis=1)
    try:
        predicted = bundle.predict(table)
    except Exception as error:
        kind = type(error).__name__
        raise WrongResultError(f"a loaded bundle can't predict ({kind})") from error
    values = predicted.to_numpy()
    require(values.shape[0] == len(_table()) and values.shape[1], "no prediction")
    is_chance = np.isfinite(values) & (values >= 0) & (values <= 1)
    require(is_chance.all(), "a value is no probability")
    require(all(model.boosters_ for model in bundle.models.values()), "a task has no booster")
    if not is_forged:
        require(predicted.to_dict("list") == _predicted(), "changed, and other predictions")
        require(dict(bundle.thresholds) == {"acl": 0.4, "meniscus": 0.6}, "changed thresholds")


TARGET = Target(make, read, (ValueError, OSError), _predicted)

if __name__ == "__main__":
    raise SystemExit(main(__name__))
