"""The application, and the options that several verbs share."""

from __future__ import annotations

import contextlib
import json
import re
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    name="mrnet-features",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Feature extraction and honest baselines for knee MRI in the layout of MRNet.",
)


class Split(StrEnum):
    """Public splits of MRNet."""

    train = "train"
    valid = "valid"


class Model(StrEnum):
    """Baselines by name."""

    lightgbm = "lightgbm"
    logistic = "logistic"
    prior = "prior"


class Rule(StrEnum):
    """How to choose thresholds."""

    youden = "youden"
    sensitivity = "sensitivity"
    specificity = "specificity"


class Device(StrEnum):
    """Where to count."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


def name_families(text: str) -> str | list[str]:
    """A preset's or a family's name, or the names between commas."""
    names = split_names(text)
    return names[0] if len(names) == 1 else names


def split_names(text: str) -> list[str]:
    """Names between commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def check_jobs(jobs: int) -> int:
    """Number of processes, unless it is none."""
    if jobs == 0:
        raise typer.BadParameter("must be 1 or more, or -1 for every core, got 0.")
    return jobs


def check_families(text: str) -> str:
    """Names of families, unless one is unknown or repeated."""
    from mrnet_features.families.presets import find_families

    try:
        find_families(name_families(text))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    return text


def check_parquet(path: Path) -> Path:
    """Path of a table to write, unless it has another ending."""
    if path.suffix != ".parquet":
        raise typer.BadParameter(f"must end in '.parquet', got '{path}'.")
    return path


def check_output(out: Path | None, *inputs: Path | None) -> None:
    """Raise where a result would be written over what it is made from."""
    read = [path.resolve() for path in inputs if path]
    if out and out.resolve() in read:
        raise typer.BadParameter(f"'{out}' is read here. Choose another file for the result.")


EXCLUDE = "'--exclude'"


def read_exclusion(text: str) -> list[str]:
    """Exam ids between commas, those to reject of an audit's file in its place.

    Parameters
    ----------
    text : str
        Exam ids, and paths of what ``audit --json`` printed.

    Returns
    -------
    list of str
        In order, each once.

    Raises
    ------
    typer.BadParameter
        If a part is neither an id nor such a file.
    """
    parts = split_names(text)
    if text and not parts:
        raise typer.BadParameter(f"must hold exam ids, got '{text}'.", param_hint=EXCLUDE)
    ids = {part for part in parts if re.fullmatch(r"\d{4}", part)}
    return sorted(ids.union(*(_list_rejected(Path(part)) for part in parts if part not in ids)))


def _list_rejected(path: Path) -> list[str]:
    if not path.is_file():
        text = f"must hold exam ids such as 0042, or files of `audit --json`, got '{path}'."
        raise typer.BadParameter(text, param_hint=EXCLUDE)
    rows: object = None
    with contextlib.suppress(ValueError):
        # whatever a shell's `>` wrote: PowerShell writes UTF-16, or a byte order mark
        rows = json.loads(path.read_bytes())
    findings: list[Any] = rows if isinstance(rows, list) else [None]
    if not all(isinstance(row, dict) and {"exam", "severity"} <= set(row) for row in findings):
        text = f"'{path}' must hold the list that `audit --json` prints, but can't be read as it."
        raise typer.BadParameter(text, param_hint=EXCLUDE)
    return [str(row["exam"]) for row in findings if row["severity"] == "reject" and row["exam"]]


Root = Annotated[Path, typer.Argument(help="MRNet folder: holds train/, train-acl.csv, ...")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON value and nothing else.")]
Jobs = Annotated[
    int, typer.Option(callback=check_jobs, help="Processes at a time; -1 for every core.")
]
Seed = Annotated[int, typer.Option(help="Seed; the same seed gives the same result.")]
Families = Annotated[
    str,
    typer.Option(
        callback=check_families, help="A preset, or families by name, separated by commas."
    ),
]
Exclude = Annotated[
    str,
    typer.Option(
        help="Exams to leave out: ids separated by commas; the file of `audit --json` stands for "
        "the ids it rejects."
    ),
]


def say(message: str) -> None:
    """Tell the person at the terminal; results alone go to the standard output."""
    print(message, file=sys.stderr)


def print_json(value: Any) -> None:
    """Print one JSON value."""
    print(json.dumps(value, indent=2))
