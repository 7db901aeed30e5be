"""Comparison of models by their prediction files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mrnet_features.evaluation.comparison.added_value import AddedValue, measure_added_value
from mrnet_features.evaluation.comparison.compare import Comparison, compare
from mrnet_features.evaluation.comparison.read_predictions import read_predictions
from mrnet_features.files.csv_files import holds_numbers, read_rows
from mrnet_features.files.parquet_files import PARQUET
from mrnet_features.plain import to_plain


@dataclass(frozen=True, eq=False)
class FileComparison:
    """Results of a comparison of prediction files.

    Attributes
    ----------
    comparison : Comparison
    added_values : dict of str to AddedValue
        Added value of each further model to the first one; empty unless asked for.
    """

    comparison: Comparison
    added_values: Mapping[str, AddedValue]

    def as_dict(self) -> dict[str, Any]:
        """Return all tables in plain types, for a JSON file."""
        return {
            "aucs": to_plain(self.comparison.frame().reset_index()),
            "differences": to_plain(self.comparison.summary()),
            "added_value": {
                name: to_plain(added_value.summary().reset_index())
                for name, added_value in self.added_values.items()
            },
        }


def compare_files(
    files: Mapping[str, Path],
    labels: pd.DataFrame,
    *,
    paths: Path | None = None,
    subset: bool = False,
    added_value: bool = False,
    n_splits: int | None = None,
    id_width: int | None = None,
    logits: bool = False,
) -> FileComparison:
    """Compare models by their prediction files.

    Parameters
    ----------
    files : mapping of str to path
        Prediction file of each model; see `read_predictions`.
    labels : DataFrame of shape (n_exams, n_tasks)
    paths : path, optional
        The ``valid-paths.csv`` for files that have neither header nor ids.
    subset : bool, default False
        See `compare`.
    added_value : bool, default False
        Also measure what each further model adds to the first; see `measure_added_value`.
    n_splits : int, optional
        Folds of the added value; by default 5, or as many as there are exams for.
    id_width, logits
        See `read_predictions`; for all files.

    Returns
    -------
    FileComparison
    """
    models = {
        name: read_predictions(
            file,
            paths=paths if _lacks_header(file) else None,
            tasks=tuple(labels.columns),
            labels=labels,
            id_width=id_width,
            logits=logits,
        )
        for name, file in files.items()
    }
    comparison = compare(models, labels, subset=subset)
    base, *others = models
    shared = labels.loc[next(iter(comparison.scores.values())).influence.index]
    added_values = {
        name: measure_added_value(
            _keep_exams(models[base], shared),
            _keep_exams(models[name], shared),
            labels=shared,
            n_splits=n_splits,
        )
        for name in (others if added_value else [])
    }
    return FileComparison(comparison, added_values)


def _lacks_header(file: Path) -> bool:
    """Whether a file is a CSV whose first row holds numbers only."""
    if file.suffix.lower() in PARQUET:
        return False
    rows = read_rows(file)
    return bool(rows) and holds_numbers(rows[0])


def _keep_exams(model: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    if "exam" in model.columns:
        return model[model["exam"].isin(labels.index)]
    return model.loc[labels.index]
