"""Prediction files -> a comparison as text or plain types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mrnet_features.evaluation.comparison.added_value import AddedValue, measure_added_value
from mrnet_features.evaluation.comparison.compare import Comparison, compare
from mrnet_features.evaluation.comparison.read_predictions import read_predictions
from mrnet_features.evaluation.plain import to_plain


@dataclass(frozen=True, eq=False)
class FileComparison:
    """Models compared by their files.

    Attributes
    ----------
    comparison : Comparison
    added_values : dict of str to AddedValue
        For each model but the first: what stacking it on the first gains. Empty unless asked for.
    """

    comparison: Comparison
    added_values: Mapping[str, AddedValue]

    def as_dict(self) -> dict[str, Any]:
        """Return everything in plain types, for a JSON file."""
        return {
            "aucs": to_plain(self.comparison.frame().reset_index()),
            "differences": to_plain(self.comparison.summary()),
            "stacked": {
                name: to_plain(added_value.summary().reset_index())
                for name, added_value in self.added_values.items()
            },
        }


def name_files(arguments: Sequence[str]) -> dict[str, Path]:
    """Names and files of arguments of the form NAME=FILE.

    Parameters
    ----------
    arguments : sequence of str

    Returns
    -------
    dict of str to Path

    Raises
    ------
    ValueError
        If an argument has no name, or a name stands there twice.

    Examples
    --------
    >>> list(name_files(["baseline=a.csv", "cnn=b.csv"]))
    ['baseline', 'cnn']
    """
    files: dict[str, Path] = {}
    for argument in arguments:
        name, sign, file = argument.partition("=")
        if not (name and sign and file):
            raise ValueError(f"Models must be given as NAME=FILE, got {argument!r}.")
        if name in files:
            raise ValueError(f"Each model must have a name of its own, got {name!r} twice.")
        files[name] = Path(file)
    return files


def compare_files(
    files: Mapping[str, Path],
    labels: pd.DataFrame,
    *,
    paths: Path | None = None,
    subset: bool = False,
    stack: bool = False,
    id_width: int | None = None,
) -> FileComparison:
    """Compare models by their prediction files.

    Parameters
    ----------
    files : mapping of str to path
        As `read_predictions` takes them.
    labels : DataFrame of shape (n_exams, n_tasks)
    paths : path, optional
        The ``valid-paths.csv`` of those files that have neither header nor ids.
    subset : bool, default False
        See `compare`.
    stack : bool, default False
        Also stack each further model on the first one.
    id_width : int, optional
        See `read_predictions`.

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
        )
        for name, file in files.items()
    }
    comparison = compare(models, labels, subset=subset)
    base, *others = models
    shared = labels.loc[next(iter(comparison.scores.values())).influence.index]
    added_values = {
        name: measure_added_value(_cut(models[base], shared), _cut(models[name], shared), shared)
        for name in (others if stack else [])
    }
    return FileComparison(comparison, added_values)


def format_comparison(result: FileComparison) -> str:
    """Comparison as text: the AUCs, the differences, and what stacking gains.

    Parameters
    ----------
    result : FileComparison

    Returns
    -------
    str
    """
    aucs = result.comparison.frame()[["auc", "se", "ci_low", "ci_high"]].reset_index()
    blocks = [_show(aucs), _show(result.comparison.summary())]
    base = next(iter(result.comparison.scores))
    for name, added_value in result.added_values.items():
        title = f"{name} stacked on {base}, against {base} alone:"
        blocks.append(f"{title}\n{_show(added_value.summary().reset_index())}")
    return "\n\n".join(blocks)


def _lacks_header(file: Path) -> bool:
    if file.suffix == ".parquet" or not file.is_file():
        return False
    with file.open(encoding="utf-8") as lines:
        cells = lines.readline().strip().split(",")
    return all(map(_is_number, cells))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _cut(model: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    if "exam" in model.columns:
        return model[model["exam"].isin(labels.index)]
    return model.loc[labels.index]


def _show(table: pd.DataFrame) -> str:
    return table.rename(columns={"minimum_detectable_difference": "detectable"}).to_string(
        index=False, float_format=lambda value: f"{value:.3f}", na_rep="-"
    )
