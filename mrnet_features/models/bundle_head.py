"""``bundle.json``: everything of a bundle but the trees, with a hash over all of it.

The hashes show accidents, such as files of two models in one folder or half a copy. They do not
protect against an attacker, who can compute them again; use a signature for that.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mrnet_features.files.reading import read_json
from mrnet_features.messages import name_some, quote
from mrnet_features.models.lightgbm import SeedAveragedLightGBM

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "BOOSTER",
    "HEAD",
    "LEFTOVER",
    "LOCK",
    "check_thresholds",
    "format_head",
    "hash_head",
    "hash_text",
    "is_head",
    "read_head",
]

HEAD = "bundle.json"
BOOSTER = re.compile(r"task[0-9]+_seed[0-9]+\.txt")
"""Pattern of the names of booster files."""

LEFTOVER = re.compile(rf"\.({re.escape(HEAD)}|{BOOSTER.pattern})\.[0-9]+\.partial")
"""Pattern of the names of temporary files."""

LOCK = f".{HEAD}.lock"
"""Name of the lock of `Bundle.save`; a killed process leaves it."""

FORMAT = 3
"""Version of the files. Format 1 has other column names, format 2 no hash of the head."""

WITH_IMPLICATIONS = 4
"""Format 3 and the entry ``implications``: a version that does not know it refuses the bundle."""

NOTHING_ABOVE = float(np.nextafter(1.0, 2.0))
"""Threshold above every probability, if no exam is to be called positive."""

KEYS = {
    "format", "tasks", "columns", "parameters", "boosters", "thresholds", "versions", "provenance",
    "sha256",
}  # fmt: skip


def hash_text(text: str) -> str:
    """SHA-256 of a text in hexadecimal.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> hash_text("")[:12]
    'e3b0c44298fc'
    """
    return hashlib.sha256(text.encode()).hexdigest()


def format_head(fields: Mapping[str, Any]) -> str:
    """Text of ``bundle.json``.

    Parameters
    ----------
    fields : mapping of str to value
        Everything but the format and the hash.

    Returns
    -------
    str

    Raises
    ------
    TypeError
        If a value can't be written as JSON.
    ValueError
        If `read_head` would refuse it.
    """
    version = WITH_IMPLICATIONS if "implications" in fields else FORMAT
    head = json.loads(json.dumps({"format": version, **fields}, default=_to_plain))
    head["sha256"] = hash_head(head)
    problem = _find_problem(head)
    if problem:
        raise ValueError(f"The bundle can't be saved: {problem}.")
    return json.dumps(head, indent=1) + "\n"


def read_head(path: Path) -> dict[str, Any]:
    """Content of a ``bundle.json``, checked.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict

    Raises
    ------
    OSError
        If it can't be read or is not a regular file.
    ValueError
        If it is not JSON, was written by another version of this library, was changed after it
        was written, or holds values that a bundle can't have.
    """
    advice = "Copy the whole folder again, or fit the model again."
    head = read_json(path, advice)
    version = head.get("format") if isinstance(head, dict) else None
    if version in (1, 2) and type(version) is int:
        raise ValueError(
            f"'{path}' was written by an older version of mrnet_features (format {version}, now "
            f"{FORMAT} or {WITH_IMPLICATIONS}). Extract the features and fit the model again."
        )
    if version not in (FORMAT, WITH_IMPLICATIONS) or type(version) is not int:
        found = quote(version) if isinstance(version, str | int | float) else "none"
        raise ValueError(
            f"'{path}' must be a bundle of format {FORMAT} or {WITH_IMPLICATIONS}, got format "
            f"{found}. Fit the model again with this version."
        )
    if head.get("sha256") != hash_head(head):
        raise ValueError(f"'{path}' was changed after it was saved (its hash differs). {advice}")
    problem = _find_problem(head)
    if problem:
        raise ValueError(f"'{path}' is not a sound bundle: {problem}. {advice}")
    return dict(head)


def is_head(path: Path) -> bool:
    """Whether a file is the head of a bundle of any format, sound or not.

    Parameters
    ----------
    path : Path

    Returns
    -------
    bool
    """
    if not path.is_file():
        return False
    try:
        head = read_json(path, "")
    except (OSError, ValueError):
        return False
    return isinstance(head, dict) and {"format", "tasks", "boosters"} <= head.keys()


def check_thresholds(thresholds: Any, tasks: list[str]) -> dict[str, float]:
    """Thresholds as plain numbers, checked.

    Parameters
    ----------
    thresholds : mapping of str to float
    tasks : list of str

    Returns
    -------
    dict of str to float

    Raises
    ------
    ValueError
        If a threshold is not a probability or belongs to no task.

    Examples
    --------
    >>> check_thresholds({"acl": 0.25}, ["acl"])
    {'acl': 0.25}
    """
    problem = _find_threshold_problem(thresholds, tasks)
    if problem:
        raise ValueError(f"{problem[0].upper()}{problem[1:]}.")
    return {task: float(value) for task, value in thresholds.items()}


def hash_head(head: Mapping[str, Any]) -> str:
    """Hash of everything but the hash itself, whatever the order of the keys."""
    rest = {key: value for key, value in head.items() if key != "sha256"}
    return hash_text(json.dumps(rest, sort_keys=True, separators=(",", ":")))


def _find_problem(head: dict[str, Any]) -> str:
    """First problem of a head of this format; empty if there is none."""
    keys = KEYS | ({"implications"} if head.get("format") == WITH_IMPLICATIONS else set())
    if head.keys() != keys:
        return f"it must have the entries {', '.join(sorted(keys))}"
    for name in ("tasks", "columns"):
        if not _is_names(head[name]):
            return f"`{name}` must be a list of different names, at least one"
    for name in ("parameters", "boosters"):
        if not isinstance(head[name], dict) or head[name].keys() != set(head["tasks"]):
            return f"`{name}` must have one entry per task"
    for name in ("versions", "provenance"):
        if not isinstance(head[name], dict):
            return f"`{name}` must be a mapping"
    for number, task in enumerate(head["tasks"]):
        problem = _find_booster_problem(number, head["parameters"][task], head["boosters"][task])
        if problem:
            return f"{problem} of task {quote(task)}"
    return _find_threshold_problem(head["thresholds"], head["tasks"]) or _find_pair_problem(head)


def _find_pair_problem(head: dict[str, Any]) -> str:
    values, tasks = head.get("implications"), head["tasks"]
    are_pairs = (
        isinstance(values, list)
        and len(values) > 0
        and all(
            isinstance(pair, list)
            and len(pair) == 2
            and all(isinstance(task, str) and task in tasks for task in pair)
            and pair[0] != pair[1]
            and values.count(pair) == 1
            for pair in values
        )
    )
    if are_pairs or "implications" not in head:
        return ""
    return "`implications` must be a list of different pairs of tasks, at least one"


def _is_names(values: Any) -> bool:
    return (
        isinstance(values, list)
        and len(values) > 0
        and all(isinstance(value, str) and value for value in values)
        and len(set(values)) == len(values)
    )


def _find_booster_problem(number: int, parameters: Any, boosters: Any) -> str:
    known = SeedAveragedLightGBM().get_params().keys()
    if not isinstance(parameters, dict) or parameters.keys() != known:
        return f"`parameters` must be {', '.join(sorted(known))}"
    if not all(value is None or _is_finite(value) for value in parameters.values()):
        return "`parameters` must be numbers"
    if not isinstance(boosters, list) or not boosters or len(boosters) != parameters["n_seeds"]:
        return "`boosters` must be as many as `n_seeds`, at least one,"
    for seed, entry in enumerate(boosters):
        name = f"task{number}_seed{seed}.txt"
        if (
            not isinstance(entry, dict)
            or entry.keys() != {"file", "sha256"}
            or entry["file"] != name
            or not isinstance(entry["sha256"], str)
        ):
            return f"booster {seed} must have the file '{name}' and its sha256"
    return ""


def _find_threshold_problem(thresholds: Any, tasks: list[str]) -> str:
    if not isinstance(thresholds, Mapping) or not set(thresholds) <= set(tasks):
        return f"`thresholds` must be a mapping from the tasks {name_some(tasks)} to numbers"
    for task, value in thresholds.items():
        if not _is_finite(value) or not 0 <= value <= NOTHING_ABOVE:
            found = quote(value) if isinstance(value, str | float | int) else type(value).__name__
            return f"`thresholds` must be probabilities from 0 to 1, got {found} for {quote(task)}"
    return ""


def _is_finite(value: Any) -> bool:
    """Whether a value is a finite number; booleans are none."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond the range of floats
        return False


def _to_plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(
        f"The bundle can't be saved: JSON has no {type(value).__name__}. Use numbers and text, for "
        "example an integer as `random_state`."
    )
