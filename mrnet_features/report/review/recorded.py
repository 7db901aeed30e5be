"""`Recorded`: what the JSON file of a report says of its study, read as a file of a stranger."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mrnet_features.files.reading import read_json
from mrnet_features.messages import quote
from mrnet_features.report.review.earlier import FORMAT
from mrnet_features.report.review.report import Report

__all__ = ["Recorded", "read_recorded"]

AGAIN = "Make the report again with `mrnet-features report`."

MOST_EXAMS = 100_000
"""Most exams of a report."""


@dataclass(frozen=True, eq=False)
class Recorded:
    """What a report records of its study. Texts are empty where nothing is recorded.

    Attributes
    ----------
    place : str
        File of the report, or "report" for one in memory.
    seed : str
        Seed that the report was made with.
    labels, features : dict of str to str
        Hash of each exam; the features' are missing if the report was made without the table.
    n_columns, columns, recipe, pixels : str
        Number of feature columns, hash of their names, of their recipe and of the pixels.
    families : dict of str to str
        Settings of each family and the other settings of the recipe, as JSON.
    extraction : dict of str to str
        Versions of packages and device that the features were computed with.
    model : dict of str to str
        Hashes and numbers of the model that the report is about, by name.
    parameters : dict of str to str
        Parameters of the classifiers, by task and name.
    versions, system : dict of str to str
    scores : DataFrame
        Index task. Columns auc, ci_low, ci_high.
    folds : DataFrame
        Columns repeat, fold, task, auc; empty for held-out exams.
    """

    place: str
    seed: str
    labels: Mapping[str, str]
    features: Mapping[str, str]
    n_columns: str
    columns: str
    recipe: str
    pixels: str
    families: Mapping[str, str]
    extraction: Mapping[str, str]
    model: Mapping[str, str]
    parameters: Mapping[str, str]
    versions: Mapping[str, str]
    system: Mapping[str, str]
    scores: pd.DataFrame
    folds: pd.DataFrame


def read_recorded(report: Report | str | Path) -> Recorded:
    """What a report records of its study.

    Parameters
    ----------
    report : Report or path
        Path of its JSON file.

    Returns
    -------
    Recorded

    Raises
    ------
    TypeError
        If it is neither.
    OSError, ValueError
        If the file can't be read or is not one of a report.
    """
    if isinstance(report, Report):
        return _Reader("report", report.numbers).read()
    if not isinstance(report, str | Path):
        raise TypeError(
            "`first` and `second` must be a Report or the path of its JSON file, got "
            f"{type(report).__name__}."
        )
    path = Path(report)
    if path.suffix.lower() in {".html", ".htm"}:
        numbers = path.with_suffix(".json")
        raise ValueError(
            f"'{path}' is the page of a report. Pass the JSON file beside it, '{numbers}'."
        )
    return _Reader(f"'{path}'", read_json(path, AGAIN)).read()


class _Reader:
    """Checks every value that it takes: a file may hold anything."""

    def __init__(self, place: str, numbers: Any) -> None:
        found = numbers.get("format") if isinstance(numbers, dict) else None
        if found != FORMAT:
            said = quote(found) if isinstance(found, str) else "another file"
            raise ValueError(
                f"{place} must be the JSON file of a report, with the format {quote(FORMAT)}, got "
                f"{said}. {AGAIN}"
            )
        self.place, self.numbers = place, numbers

    def read(self) -> Recorded:
        parts = self.take(self.numbers, "parts")
        provenance, scores = self.take(parts, "provenance"), self.take(parts, "scores")
        facts, tables = self.take(provenance, "facts"), self.take(scores, "tables")
        models = self.take(facts, "models")
        extraction = self.take(facts, "extraction")
        labels, features = self.read_digests(self.take(facts, "digests"))
        parameters = self.read_rows(
            self.take(provenance, "tables"), "parameters", ("model", "task", "parameter", "value")
        )
        first = next(iter(models), "")
        measured = self.read_scores(tables)
        tasks = [task for task in measured.index if task != "mean"]
        model = {key: self.say(value) for key, value in self.take(models, first).items()}
        return Recorded(
            place=self.place,
            seed=self.say(facts.get("seed")),
            labels=labels,
            features=features,
            n_columns=self.say(facts.get("n_columns")),
            columns=self.say(facts.get("columns")),
            recipe=self.say(extraction.get("recipe_digest")),
            pixels=self.say(extraction.get("data_fingerprint")),
            families=self.read_families(self.take(extraction, "recipe", {})),
            extraction={
                "device": self.say(extraction.get("device")),
                **{k: self.say(v) for k, v in self.take(extraction, "versions", {}).items()},
            },
            model=model,
            parameters={
                f"{task}: {self.say(row['parameter'])}": self.say(row["value"])
                for row in parameters
                if row["model"] == first
                for task in (tasks if row["task"] == "all" else [self.say(row["task"])])
            },
            versions={k: self.say(v) for k, v in self.take(facts, "versions").items()},
            system={k: self.say(v) for k, v in self.take(facts, "system").items()},
            scores=measured,
            folds=self.read_folds(tables),
        )

    def take(self, holder: Any, key: str, default: Any = None) -> dict[str, Any]:
        """Mapping in a mapping."""
        found = holder.get(key, default) if isinstance(holder, dict) else None
        if not isinstance(found, dict):
            raise self.fail(f"an object {quote(key)}")
        return found

    def say(self, value: Any) -> str:
        """Simple value as text; nothing for null."""
        if value is None:
            return ""
        if isinstance(value, list) and len(value) <= 20:
            return ", ".join(self.say(None if isinstance(item, list) else item) for item in value)
        if isinstance(value, str) and not value.isprintable():
            return quote(value)  # a lone surrogate can't be printed
        if isinstance(value, float | str | bool):
            return str(value)
        if isinstance(value, int):
            return quote(value)
        raise self.fail("simple values in its provenance")

    def read_families(self, recipe: dict[str, Any]) -> dict[str, str]:
        """Settings of each family, and the other settings."""
        families = recipe.get("families", [])
        if not isinstance(families, list) or not all(
            isinstance(family, dict) and isinstance(family.get("name"), str) for family in families
        ):
            raise self.fail("families with names in its recipe")
        settings = {f"family {family['name']}": family for family in families}
        settings |= {key: value for key, value in recipe.items() if key != "families"}
        try:
            return {key: json.dumps(value, sort_keys=True) for key, value in settings.items()}
        except RecursionError:
            raise self.fail("simple settings in its recipe") from None

    def read_digests(self, digests: dict[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
        """Hashes of the labels and the features of each exam."""
        if len(digests) > MOST_EXAMS or not all(
            isinstance(pair, list)
            and len(pair) == 2
            and isinstance(pair[0], str)
            and isinstance(pair[1], str | None)
            for pair in digests.values()
        ):
            raise self.fail("two hashes for each exam")
        features = {exam: pair[1] for exam, pair in digests.items() if pair[1] is not None}
        return {exam: pair[0] for exam, pair in digests.items()}, features

    def read_rows(self, tables: dict[str, Any], name: str, keys: tuple[str, ...]) -> list[Any]:
        """Rows of a table that has some columns."""
        rows = tables.get(name)
        if not isinstance(rows, list) or not all(
            isinstance(row, dict) and set(keys) <= set(row) for row in rows
        ):
            raise self.fail(f"a table {quote(name)} with {', '.join(keys)}")
        return rows

    def read_number(self, value: Any) -> float:
        """Number; NaN for null."""
        if value is None:
            return math.nan
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e9:
            raise self.fail("numbers in the tables of its scores")
        return float(value)

    def read_scores(self, tables: dict[str, Any]) -> pd.DataFrame:
        """AUC of each task with its interval."""
        columns = ("auc", "ci_low", "ci_high")
        rows = {
            self.say(row["task"]): {name: self.read_number(row[name]) for name in columns}
            for row in self.read_rows(tables, "summary", ("task", *columns))
        }
        if not rows:
            raise self.fail("the AUC of at least one task")
        return pd.DataFrame.from_dict(rows, orient="index", columns=list(columns))

    def read_folds(self, tables: dict[str, Any]) -> pd.DataFrame:
        """AUC of each fold and task."""
        keys = ("repeat", "fold")
        if "folds" not in tables:
            return pd.DataFrame(columns=[*keys, "task", "auc"])
        found: dict[tuple[int, int, str], float] = {}
        for row in self.read_rows(tables, "folds", keys):
            repeat, fold = (self.read_number(row[key]) for key in keys)
            if not (repeat.is_integer() and fold.is_integer()):
                raise self.fail("whole numbers of repeats and folds")
            for task in row.keys() - {*keys, "n_exams"}:
                found[int(repeat), int(fold), self.say(task)] = self.read_number(row[task])
        rows = [(*place, auc) for place, auc in found.items()]
        return pd.DataFrame(rows, columns=[*keys, "task", "auc"])

    def fail(self, what: str) -> ValueError:
        return ValueError(f"{self.place} must hold {what}, as the JSON file of a report. {AGAIN}")
