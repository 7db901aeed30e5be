"""Section on provenance: versions, folds, labels, features and the command."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Sequence
from importlib import metadata
from typing import Any

import pandas as pd

from mrnet_features.report.page import Text
from mrnet_features.report.review.inputs import Inputs
from mrnet_features.report.review.part import Cell, LeftOut, Part, PartBlock, tabulate

__all__ = ["describe_provenance"]

PACKAGES = ("mrnet-features", "numpy", "pandas", "scipy", "scikit-learn", "lightgbm", "numba")
"""Packages that a score depends on."""


def describe_provenance(inputs: Inputs) -> Sequence[Part | LeftOut]:
    """What another person needs to get the same numbers, or to find out why they differ.

    Parameters
    ----------
    inputs : Inputs

    Returns
    -------
    sequence of Part or LeftOut
    """
    rows = [
        ("Python", platform.python_version()),
        *((name, metadata.version(name)) for name in PACKAGES),
        ("machine", platform.machine()),
        ("system", platform.system()),
    ]
    if inputs.command:
        rows.append(("command", inputs.command))
    rows += [("labels, hash", _hash_table(inputs.labels))]
    for name, model in inputs.models.items():
        kinds = sorted({type(fitted).__name__ for fitted in model.models.values()})
        rows.append((f"{name}, classifier", ", ".join(kinds)))
    if inputs.evaluation is not None:
        rows.append(("folds, hash", inputs.evaluation.folds.hash))
    if inputs.features is not None:
        table = inputs.features
        rows += [
            ("feature columns", f"{table.shape[1]:,}"),
            ("feature columns, hash", _hash(json.dumps(list(map(str, table.columns))))),
            ("feature values, hash", _hash_table(table)),
        ]
    listed = pd.DataFrame(rows, columns=["what", "value"])
    blocks: list[PartBlock] = [
        Text(
            "Two reports with equal hashes used the same exams, labels, folds and features. "
            "`mrnet-features report --diff` names what differs between two reports."
        ),
        tabulate(listed, "Provenance", {"what": Cell("what"), "value": Cell("value")}),
    ]
    facts: dict[str, Any] = {"n_columns": None, **dict(rows)}
    return [Part("provenance", "Provenance", blocks, facts, {"all": listed})]


def _hash_table(table: pd.DataFrame) -> str:
    """Hash of ids, columns and values of a table, whatever the order of its rows."""
    rows = table.sort_index()
    digest = hashlib.sha256(json.dumps([list(map(str, rows.index)), list(map(str, rows))]).encode())
    digest.update(rows.to_numpy("float64").tobytes())
    return digest.hexdigest()[:16]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
