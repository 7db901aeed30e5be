"""Section on provenance: versions, folds, labels, features, models, seeds and the command."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from llvmlite import binding

from mrnet_features.evaluation.checklists.answers import describe_value
from mrnet_features.evaluation.protocol.cross_validation import Evaluation
from mrnet_features.report.page import Text
from mrnet_features.report.review.digests import (
    DIGITS,
    digest_columns,
    digest_rows,
    hash_text,
    hash_texts,
)
from mrnet_features.report.review.inputs import Inputs, Scored
from mrnet_features.report.review.part import Cell, Closed, LeftOut, Part, PartBlock, tabulate
from mrnet_features.versions import find_version

__all__ = ["describe_provenance"]

PACKAGES = ("mrnet-features", "numpy", "pandas", "scipy", "scikit-learn", "lightgbm", "numba")
"""Packages that a score depends on."""

EXPLAINED = (
    "Two reports with equal hashes used the same exams, labels, folds and features. The hashes of "
    "features and predictions are of all bits: another processor, a GPU or another version of a "
    "package can change the last digits of a value, and with them the hash. `mrnet-features report "
    "--diff` names what differs between two reports."
)

SEEDED = (
    "Parameters of the fitted models, also those left at their defaults. The random states of the "
    "fits come from the seed of the study; the table above has their hash."
)


def describe_provenance(inputs: Inputs) -> Sequence[Part | LeftOut]:
    """What another person needs to get the same numbers, or to find out why they differ.

    The facts hold ``digests``, a hash of the labels and one of the features of every exam, so that
    the exams in which two reports differ can be named. The page does not show them.

    Parameters
    ----------
    inputs : Inputs

    Returns
    -------
    sequence of Part or LeftOut
    """
    labels = inputs.all_labels
    label_rows = digest_rows(labels)
    feature_rows = {} if inputs.features is None else digest_rows(inputs.features)
    versions = {"Python": platform.python_version()}
    versions |= {name: find_version(name) for name in PACKAGES}
    system = {
        "system": f"{platform.system()} {platform.release()}",
        "processor": _name_processor(),
        "cores": os.cpu_count(),
    }
    facts: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "command": inputs.command,
        "seed": inputs.seed,
        "versions": versions,
        "system": system,
        "n_exams": len(labels),
        "labels": hash_texts(label_rows),
        "features": None,
        "columns": None,
        "n_columns": None,
        "extraction": {},
        "models": {name: _hash_model(model) for name, model in inputs.models.items()},
        "digests": {exam: [own, feature_rows.get(exam)] for exam, own in label_rows.items()},
    }
    if inputs.features is not None:
        facts |= {
            "features": hash_texts(feature_rows),
            "columns": digest_columns(inputs.features),
            "n_columns": inputs.features.shape[1],
            "extraction": _describe_extraction(inputs.features),
        }
    listed = _list_rows(facts)
    parameters = pd.concat(
        [_list_parameters(name, model) for name, model in inputs.models.items()], ignore_index=True
    )
    tables = {"all": listed, "parameters": parameters}
    heading = {"what": Cell("what"), "value": Cell("value")}
    blocks: list[PartBlock] = [Text(EXPLAINED), tabulate(listed, "Provenance", heading)]
    recipe = _list_recipe(facts["extraction"].get("recipe", {}))
    left_out = []
    if len(recipe):
        tables["recipe"] = recipe
        blocks.append(
            Closed(
                "Recipe of the features",
                [tabulate(recipe, "Recipe", {"part": Cell("part"), "value": Cell("value")})],
            )
        )
    else:
        left_out.append(_miss_recipe(inputs))
    names = ("model", "task", "classifier", "parameter", "value")
    cells = {name: Cell(name) for name in names}
    table = tabulate(parameters, "Parameters of the models", cells)
    blocks.append(Closed("Parameters of the models", [Text(SEEDED), table]))
    return [Part("provenance", "Provenance", blocks, facts, tables), *left_out]


def _miss_recipe(inputs: Inputs) -> LeftOut:
    if inputs.features is None:
        return LeftOut(
            "Hashes and recipe of the features",
            "features=",
            "The report was made without the feature table.",
        )
    return LeftOut(
        "Recipe of the features",
        "features=",
        "The feature table does not carry its recipe. Tables of `extract_features` and "
        "`read_features` do.",
    )


def _hash_model(model: Scored) -> dict[str, Any]:
    """Hashes of what a model was fitted on and of what it predicted."""
    seeds = [
        describe_value(value)
        for fitted in model.models.values()
        if _has(fitted)
        for key, value in sorted(fitted.get_params().items())
        if key.endswith("random_state")
    ]
    hashes: dict[str, Any] = {
        "classifiers": sorted({type(fitted).__name__ for fitted in model.models.values()}),
        "n_fits": len(model.models),
        "seeds": hash_text(",".join(seeds)) if seeds else None,
    }
    predictions = model.predictions
    if isinstance(model, Evaluation):
        hashes |= {"folds": model.folds.hash, "n_splits": model.folds.n_splits}
        hashes |= {"n_repeats": model.folds.n_repeats}
        for name in ("fit_labels", "sample_weight"):
            table = getattr(model, name)
            hashes[name] = None if table is None else hash_texts(digest_rows(pd.DataFrame(table)))
        predictions = predictions.set_index(["exam", "repeat"])
    groups = model.groups
    hashes["groups"] = None if groups is None else hash_texts(digest_rows(groups.to_frame()))
    hashes["predictions"] = hash_texts(digest_rows(predictions))
    return hashes


HASHED = {
    "folds": "hash of the folds",
    "fit_labels": "hash of the labels fitted on",
    "sample_weight": "hash of the weights",
    "groups": "hash of the groups",
    "seeds": "hash of the random states",
    "predictions": "hash of the predictions",
}
"""Entries of a model in the facts, in the words of the page."""


def _list_rows(facts: Mapping[str, Any]) -> pd.DataFrame:
    """Rows of the table that is always seen."""
    rows = [("date of this report (UTC)", facts["date"])]
    if facts["command"]:
        rows.append(("command", facts["command"]))
    rows += [*facts["versions"].items(), *facts["system"].items()]
    rows += [("seed of this report", facts["seed"]), ("exams", f"{facts['n_exams']:,}")]
    rows.append(("hash of the labels", facts["labels"]))
    if facts["features"] is not None:
        rows += [
            ("feature columns", f"{facts['n_columns']:,}"),
            ("hash of the feature columns", facts["columns"]),
            ("hash of the feature values", facts["features"]),
        ]
    extraction = facts["extraction"]
    if extraction.get("recipe"):
        rows += [
            ("hash of the recipe", extraction.get("recipe_digest", "")),
            ("hash of the pixels", extraction.get("data_fingerprint", "")),
            ("features computed on", extraction.get("device", "")),
        ]
        of_table = extraction.get("versions", {})
        same = all(facts["versions"].get(name, own) == own for name, own in of_table.items())
        versions = ", ".join(f"{name} {version}" for name, version in of_table.items())
        rows.append(("features computed with", "the versions above" if same else versions))
    for name, model in facts["models"].items():
        fits = f"{', '.join(model['classifiers'])}, {model['n_fits']:,} fits"
        rows.append((f"{name}: classifier", fits))
        rows += [
            (f"{name}: {HASHED[key]}", model[key][:DIGITS]) for key in HASHED if model.get(key)
        ]
    return pd.DataFrame(
        [(what, str(value)) for what, value in rows if value not in ("", None)],
        columns=["what", "value"],
    )


def _describe_extraction(features: pd.DataFrame) -> dict[str, Any]:
    """Provenance that a feature table carries, without the hashes of single exams."""
    found = features.attrs.get("provenance", {})
    names = ("recipe_digest", "data_fingerprint", "device", "versions", "recipe")
    return {name: found[name] for name in names if name in found}


def _list_recipe(recipe: Mapping[str, Any]) -> pd.DataFrame:
    """Recipe of the features, a row for each family and each setting."""
    rows = []
    for key, value in recipe.items():
        if key == "families":
            for family in value:
                own = {name: part for name, part in family.items() if name != "name"}
                rows.append((f"family {family['name']}", _say(own) or "no parameters"))
        else:
            rows.append((key.replace("_", " "), _say(value)))
    return pd.DataFrame(rows, columns=["part", "value"])


def _say(value: Any) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{key.replace('_', ' ')}: {_say(part)}" for key, part in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _list_parameters(name: str, model: Scored) -> pd.DataFrame:
    """Parameters of the fitted classifiers of each task; one block if those of all are equal."""
    blocks: dict[str, list[tuple[str, str, str]]] = {}
    for task in model.labels.columns:
        fits = [
            fitted
            for key, fitted in model.models.items()
            if (key if isinstance(key, str) else key[0]) == task
        ]
        blocks[str(task)] = _join_parameters(fits)
    first, *others = blocks.values()
    if others and all(block == first for block in others):
        blocks = {"all": first}
    rows = [(name, task, *row) for task, block in blocks.items() for row in block]
    return pd.DataFrame(rows, columns=["model", "task", "classifier", "parameter", "value"])


def _join_parameters(fits: Sequence[Any]) -> list[tuple[str, str, str]]:
    """Classifier, parameter and value of the fits of one task."""
    kinds = ", ".join(sorted({type(fitted).__name__ for fitted in fits}))
    found: dict[str, set[str]] = {}
    for fitted in fits:
        for key, value in fitted.get_params(deep=False).items() if _has(fitted) else ():
            found.setdefault(key, set()).add(describe_value(value))
    if not found:
        return [(kinds, "", "has no `get_params`")]
    return [(kinds, key, _join_values(key, values)) for key, values in sorted(found.items())]


def _join_values(key: str, values: set[str]) -> str:
    if key == "random_state" and len(values) > 1:
        return "another one for each fit"
    return " or ".join(sorted(values)) if len(values) <= 3 else f"{len(values)} different values"


def _has(fitted: Any) -> bool:
    return hasattr(fitted, "get_params")


def _name_processor() -> str:
    """Family of the processor, which decides what compiled code does, and its architecture."""
    name = binding.get_host_cpu_name()
    return ", ".join(part for part in (name, platform.machine()) if part)
