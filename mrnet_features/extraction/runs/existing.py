"""Table that an earlier run wrote to the output file: read, or refused if it is another table."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from mrnet_features.arrays import Float32Array
from mrnet_features.data.exam import Exam
from mrnet_features.extraction.recipe import Recipe
from mrnet_features.extraction.runs.changes import find_fingerprint
from mrnet_features.extraction.table_files.features import read_features
from mrnet_features.extraction.table_files.file import open_table
from mrnet_features.extraction.table_files.keys import (
    ADVICE,
    DELETE,
    FILE_STATES,
    FINGERPRINTS,
    REQUEST,
    SKIPPED,
    split_hashes,
)
from mrnet_features.files.reading import open_file
from mrnet_features.messages import name_some


class TableHead(NamedTuple):
    """What a table says of itself; its values are not read.

    Attributes
    ----------
    path : Path
    ids, columns : list of str
    provenance : dict
    is_sealed : bool
        See `TableFile.is_sealed`.
    """

    path: Path
    ids: list[str]
    columns: list[str]
    provenance: dict[str, Any]
    is_sealed: bool

    def verify(self) -> None:
        """Raise FileExistsError if the values are not those of the checksum."""
        with _refuse_damage(), open_table(self.path) as table:
            table.verify()

    def load(self) -> pd.DataFrame:
        """Whole table."""
        with _refuse_damage():
            return read_features(self.path)

    def iterate_rows(self) -> Generator[tuple[str, Float32Array], None, None]:
        """Exam id and features of each row, in the order of the table."""
        with _refuse_damage(), open_table(self.path) as table:
            yield from zip(self.ids, table.iterate_rows(), strict=True)


def read_head(path: Path) -> TableHead:
    """Ids, columns and provenance of a table.

    Parameters
    ----------
    path : Path

    Returns
    -------
    TableHead

    Raises
    ------
    OSError, ValueError
        As `read_features`.
    """
    with open_table(path) as table:
        return TableHead(path, table.ids, table.columns, table.provenance, table.is_sealed)


def find_existing(
    path: Path, exams: Sequence[Exam], recipe: Recipe, file_states: Mapping[str, str]
) -> TableHead | None:
    """Table of these exams by this recipe, from an earlier run; its values are not read.

    Parameters
    ----------
    path : Path
    exams : sequence of Exam
    recipe : Recipe
    file_states : mapping of str to str
        State of the files as they are now, by exam id.

    Returns
    -------
    TableHead or None
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
    if path.is_dir():
        raise IsADirectoryError(f"`path` must be a file to write, got the folder '{path}'.")
    with _refuse_damage():
        head = read_head(path)
    other = _find_difference(head, exams, recipe, file_states)
    if other:
        raise FileExistsError(
            f"The table in '{path}' {other}. Choose another file, or delete this one."
        )
    return head


def _is_blank(path: Path) -> bool:
    """Whether a file is empty or all zeros, as a crash of the machine can leave it."""
    if not path.is_file():
        return False
    with open_file(path) as file:
        while chunk := file.read(2**20):
            if chunk.count(0) < len(chunk):
                return False
    return True


@contextlib.contextmanager
def _refuse_damage() -> Iterator[None]:
    """Raise FileExistsError if the file that is to be written can't be read as a table."""
    try:
        yield
    except ValueError as error:
        raise FileExistsError(
            "`path` must be a new file or a table to resume. "
            f"{str(error).removesuffix(ADVICE).removesuffix(DELETE)}"
            "Choose another file, or delete this one."
        ) from error


def _find_difference(
    head: TableHead, exams: Sequence[Exam], recipe: Recipe, file_states: Mapping[str, str]
) -> str:
    """How a table differs from that of these exams by this recipe; empty if it does not."""
    provenance, ids = head.provenance, [exam.id for exam in exams]
    if not _is_whole(provenance, len(head.ids)):
        return "was not extracted by `extract_features`, or was changed since"
    skipped = set(provenance.get(SKIPPED, []))
    if provenance["recipe_digest"] != recipe.digest and not _is_outdated(provenance, recipe):
        return f"has another recipe ({_compare_recipes(provenance['recipe'], recipe.as_dict())})"
    if not skipped <= set(ids) or head.ids != [i for i in ids if i not in skipped]:
        return f"has other exams ({_compare_ids([*head.ids, *skipped], ids)})"
    if not _has_same_pixels(head, exams, recipe, file_states):
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
        and isinstance(fingerprints, str | list)
        and len(split_hashes(fingerprints)) == len(split_hashes(states)) == n_exams
        and isinstance(provenance.get(SKIPPED, []), list)
        and isinstance(recipe, dict)
        and all("name" in family for family in recipe.get("families", [{}]))
    )


def _has_same_pixels(
    head: TableHead, exams: Sequence[Exam], recipe: Recipe, file_states: Mapping[str, str]
) -> bool:
    """Whether at least one exam has the pixels that it had when the table was extracted."""
    states = zip(head.ids, split_hashes(head.provenance.get(FILE_STATES, "")), strict=False)
    if any(state and file_states[exam] == state for exam, state in states):
        return True
    fingerprints = dict(zip(head.ids, split_hashes(head.provenance[FINGERPRINTS]), strict=True))
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
