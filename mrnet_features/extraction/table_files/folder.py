"""Feature tables in a folder that are parts of one, such as those of the jobs of a Slurm array."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mrnet_features.extraction.table_files.keys import (
    FILE_STATES,
    FINGERPRINTS,
    IDS_DIGEST,
    MISSING,
    REQUEST,
    SCALES,
    SIDES,
    SKIPPED,
    hash_texts,
    join_hashes,
    split_hashes,
)
from mrnet_features.files.parquet_files import PARQUET
from mrnet_features.messages import name_some, quote


def list_tables(folder: Path) -> list[Path]:
    """Parquet files of a folder by name, without hidden ones.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    list of Path
    """
    files = (file for file in folder.iterdir() if file.suffix.lower() in PARQUET)
    return sorted(file for file in files if not file.name.startswith("."))


def require_parts(parts: Mapping[Path, tuple[Sequence[str], Mapping[str, Any]]]) -> None:
    """Raise unless tables have the same columns and recipe.

    Parameters
    ----------
    parts : mapping of Path to tuple
        Columns and provenance of each table.

    Raises
    ------
    ValueError
        The message names two tables that differ.
    """
    (first, (columns, provenance)), *others = parts.items()
    for path, (names, other) in others:
        if provenance.get("recipe_digest") != other.get("recipe_digest"):
            difference = "other recipes"
        elif list(names) != list(columns):
            odd = sorted(set(names) ^ set(columns))
            difference = f"other columns ({name_some(odd) or 'another order'})"
        else:
            continue
        raise ValueError(
            f"The tables of a folder must be parts of one, but '{first}' and '{path}' have "
            f"{difference}. Move one of them to another folder."
        )


def require_distinct(ids: Mapping[Path, Iterable[str]]) -> None:
    """Raise if an exam is in two tables.

    Parameters
    ----------
    ids : mapping of Path to iterable of str
        Exam ids of each table.

    Raises
    ------
    ValueError
        The message names exam and tables.
    """
    seen: dict[str, Path] = {}
    for path, exams in ids.items():
        for exam in exams:
            if seen.setdefault(exam, path) != path:
                raise ValueError(
                    f"The tables of a folder must hold each exam once, but {quote(exam)} is in "
                    f"'{seen[exam]}' and in '{path}'. Delete one of the tables."
                )


def join_provenance(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Provenance of tables that are read as one.

    Parameters
    ----------
    parts : sequence of mapping
        Of tables with the same recipe.

    Returns
    -------
    dict
        That of one table of all exams. Texts that differ, such as versions and devices, are joined
        by " and "; the hash of the request is there only if it is the same.

    Examples
    --------
    >>> join_provenance([{"device": "cpu", "n_exams": 2}, {"device": "cuda", "n_exams": 3}])
    {'device': 'cpu and cuda', 'n_exams': 5}
    """
    joined = {key: value for part in reversed(parts) for key, value in part.items()}
    for key in tuple(joined):
        held = [part[key] for part in parts if key in part]
        if key in PER_EXAM and len(held) < len(parts):
            del joined[key]  # of some of the exams it would mislead
        elif key in JOIN:
            joined[key] = JOIN[key](held)
    if FINGERPRINTS in joined:
        joined["data_fingerprint"] = hash_texts(split_hashes(joined[FINGERPRINTS]))
    if len({part.get(REQUEST) for part in parts}) > 1:
        joined.pop(REQUEST, None)
    return joined


def _join_texts(texts: Sequence[str]) -> str:
    """The text that all have, or the different ones."""
    return " and ".join(dict.fromkeys(texts))


def _join_scales(parts: Sequence[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Scales of all parts, each once."""
    scales: list[dict[str, Any]] = []
    for part in parts:
        scales += [scale for scale in part if scale not in scales]
    return scales


def _join_versions(parts: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Versions of each package."""
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: _join_texts([part[name] for part in parts if name in part]) for name in names}


def _join_per_exam(parts: Sequence[str | list[str]]) -> str:
    """Hashes of all exams."""
    return join_hashes(text for part in parts for text in split_hashes(part))


def _join_missing(parts: Sequence[Mapping[str, list[str]]]) -> dict[str, list[str]]:
    """Exams by the series that they lack."""
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: [exam for part in parts for exam in part.get(name, [])] for name in names}


def _add_counts(parts: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """Sums by key."""
    return dict(sum(map(Counter, parts), Counter[str]()))


PER_EXAM = (FINGERPRINTS, FILE_STATES, IDS_DIGEST, "data_fingerprint")
JOIN: Mapping[str, Callable[[Any], Any]] = {
    "device": _join_texts,
    "versions": _join_versions,
    "n_exams": sum,
    FINGERPRINTS: _join_per_exam,
    FILE_STATES: _join_per_exam,
    SKIPPED: lambda parts: [exam for part in parts for exam in part],
    SCALES: _join_scales,
    MISSING: _join_missing,
    SIDES: _add_counts,
}
"""How the values of some keys become one; of other keys the first value is kept."""
