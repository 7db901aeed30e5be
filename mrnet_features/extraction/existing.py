"""Table that an earlier run wrote to the output file: read, or refused if it is another table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from mrnet_features.data.exam import Exam
from mrnet_features.extraction.changes import find_fingerprint, split_states
from mrnet_features.extraction.recipe import Recipe
from mrnet_features.extraction.table import (
    ADVICE,
    FILE_STATES,
    FINGERPRINTS,
    REQUEST,
    SKIPPED,
    read_features,
)
from mrnet_features.files import open_file
from mrnet_features.messages import name_some


def read_existing(
    path: Path, exams: Sequence[Exam], recipe: Recipe, file_states: Mapping[str, str]
) -> pd.DataFrame | None:
    """Table of these exams by this recipe, from an earlier run.

    Parameters
    ----------
    path : Path
    exams : sequence of Exam
    recipe : Recipe
    file_states : mapping of str to str
        State of the files as they are now, by exam id.

    Returns
    -------
    DataFrame or None
        None if there is no file, or one that is empty or all zeros.

    Raises
    ------
    FileExistsError
        If the file is anything else.
    IsADirectoryError
        If it is a folder.
    OSError
        If it is a pipe or a device.
    """
    if not path.exists() or _is_blank(path):
        return None
    table = _read_table(path)
    other = _find_difference(table, exams, recipe, file_states)
    if other:
        raise FileExistsError(
            f"The table in '{path}' {other}. Choose another file, or delete this one."
        )
    return table


def _is_blank(path: Path) -> bool:
    """Whether a file is empty or all zeros, as a crash of the machine can leave it."""
    if not path.is_file():
        return False
    with open_file(path) as file:
        while chunk := file.read(2**20):
            if chunk.count(0) < len(chunk):
                return False
    return True


def _read_table(path: Path) -> pd.DataFrame:
    """Table in the file that is to be written."""
    if path.is_dir():
        raise IsADirectoryError(f"`path` must be a file to write, got the folder '{path}'.")
    try:
        return read_features(path)
    except ValueError as error:
        raise FileExistsError(
            f"`path` must be a new file or a table to resume. {str(error).removesuffix(ADVICE)}"
            "Choose another file, or delete this one."
        ) from error


def _find_difference(
    table: pd.DataFrame, exams: Sequence[Exam], recipe: Recipe, file_states: Mapping[str, str]
) -> str:
    """How a table differs from that of these exams by this recipe; empty if it does not."""
    provenance, ids = table.attrs["provenance"], [exam.id for exam in exams]
    if not _is_whole(provenance, len(table)):
        return "was not extracted by `extract_features`, or was changed since"
    skipped = set(provenance.get(SKIPPED, []))
    if provenance["recipe_digest"] != recipe.digest and not _is_outdated(provenance, recipe):
        return f"has another recipe ({_compare_recipes(provenance['recipe'], recipe.as_dict())})"
    if not skipped <= set(ids) or list(table.index) != [i for i in ids if i not in skipped]:
        return f"has other exams ({_compare_ids([*table.index, *skipped], ids)})"
    if not _has_same_pixels(table, exams, recipe, file_states):
        return "has the same exam ids, but the pixels of every exam differ"
    return ""


def _is_outdated(provenance: dict[str, Any], recipe: Recipe) -> bool:
    """Whether a table is by the same recipe but of another revision; it is extracted again."""
    found, asked = provenance["recipe"], json.loads(json.dumps(recipe.as_dict()))
    if found.get("revision") == asked["revision"]:
        return False
    return bool({**found, "revision": asked["revision"]} == asked)


def _is_whole(provenance: dict[str, Any], n_exams: int) -> bool:
    """Whether a provenance is one that `extract_features` wrote for a table of so many exams."""
    recipe = provenance.get("recipe")
    texts = [provenance.get(name) for name in (REQUEST, "recipe_digest")]
    # tables written before there were file states have none
    fingerprints, states = provenance.get(FINGERPRINTS), provenance.get(FILE_STATES, "- " * n_exams)
    return (
        all(isinstance(text, str) for text in [*texts, states])
        and isinstance(fingerprints, list)
        and len(fingerprints) == len(split_states(states)) == n_exams
        and isinstance(provenance.get(SKIPPED, []), list)
        and isinstance(recipe, dict)
        and all("name" in family for family in recipe.get("families", [{}]))
    )


def _has_same_pixels(
    table: pd.DataFrame, exams: Sequence[Exam], recipe: Recipe, file_states: Mapping[str, str]
) -> bool:
    """Whether at least one exam has the pixels that it had when the table was extracted."""
    provenance = table.attrs["provenance"]
    states = zip(table.index, split_states(provenance.get(FILE_STATES, "")), strict=False)
    if any(state and file_states[exam] == state for exam, state in states):
        return True
    fingerprints = dict(zip(table.index, provenance[FINGERPRINTS], strict=True))
    return any(  # the first exam usually matches, unless it is the one that changed
        exam.id in fingerprints
        and fingerprints[exam.id]
        == find_fingerprint(exam, index, recipe.planes, recipe.missing, recipe.sides)
        for index, exam in enumerate(exams)
    )


def _compare_recipes(found: dict[str, Any], asked: dict[str, Any]) -> str:
    """Difference between two recipes; families by name."""
    names = [", ".join(family["name"] for family in each["families"]) for each in (found, asked)]
    if names[0] != names[1]:
        return f"families {names[0]}; you asked for {names[1]}"
    different = [key for key in {**asked, **found} if found.get(key) != asked.get(key)]
    return f"other {' and '.join(different)}"


def _compare_ids(found: Sequence[str], asked: Sequence[str]) -> str:
    """Difference between two lists of exam ids."""
    if sorted(found) == sorted(asked):
        return "the same ids in another order"
    different = sorted(set(found) ^ set(asked))
    return (
        f"{len(found)}; you asked for {len(asked)}; in only one of the two: {name_some(different)}"
    )
