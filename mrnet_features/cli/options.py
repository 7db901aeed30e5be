"""Arguments and options that several commands share, and how their values are read."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer


class Split(StrEnum):
    """Public splits of MRNet."""

    train = "train"
    valid = "valid"


class Task(StrEnum):
    """Tasks of MRNet, and their mean."""

    abnormal = "abnormal"
    acl = "acl"
    meniscus = "meniscus"
    mean = "mean"


class Model(StrEnum):
    """Baselines by name."""

    lightgbm = "lightgbm"
    logistic = "logistic"
    prior = "prior"


class Rule(StrEnum):
    """Rules that choose a threshold."""

    youden = "youden"
    sensitivity = "sensitivity"
    specificity = "specificity"


class Device(StrEnum):
    """Devices to compute on."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


class Grouping(StrEnum):
    """What columns are grouped by."""

    family = "family"
    statistic = "statistic"
    region = "region"
    plane = "plane"
    pool = "pool"
    cluster = "cluster"
    column = "column"


def split_names(text: str) -> list[str]:
    """Comma-separated names as a list.

    Examples
    --------
    >>> split_names("glcm, lbp")
    ['glcm', 'lbp']
    """
    return [name.strip() for name in text.split(",") if name.strip()]


def name_families(text: str) -> str | list[str]:
    """Name of a preset or family, or list of comma-separated names."""
    names = split_names(text)
    return names[0] if len(names) == 1 else names


def check_jobs(jobs: int) -> int:
    """Number of processes; it must not be 0."""
    if jobs == 0:
        raise typer.BadParameter("must not be 0; -1 uses every core.")
    return jobs


def check_target(target: float) -> float:
    """Sensitivity or specificity; it must be above 0 and at most 1."""
    if not 0 < target <= 1:
        raise typer.BadParameter(f"must be above 0 and at most 1, got {target}.")
    return target


def check_families(text: str) -> str:
    """Names of families; each must exist and be named once."""
    from mrnet_features.families.presets import find_families

    try:
        find_families(name_families(text))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    return text


def check_views(text: str) -> str:
    """Comma-separated names of importance views."""
    from mrnet_features.evaluation.importance.per_fold import VIEWS

    views = split_names(text)
    unknown = [view for view in views if view not in VIEWS]
    if unknown or not views:
        got = repr(unknown[0]) if unknown else "none"
        raise typer.BadParameter(f"must be one or more of {', '.join(VIEWS)}, got {got}.")
    return text


def check_parquet(path: Path) -> Path:
    """Path of a table to write; it must end in ``.parquet``."""
    if path.suffix != ".parquet":
        raise typer.BadParameter(f"must end in '.parquet', got '{path}'.")
    return path


def check_output(out: Path | None, *inputs: Path | None) -> None:
    """Raise if a result can't be written, or would overwrite a file that it is made from."""
    if out and not out.absolute().parent.is_dir():
        raise typer.BadParameter(f"'{out.parent}' is not a folder. Create the folder first.")
    read = [path.resolve() for path in inputs if path]
    if out and out.resolve() in read:
        raise typer.BadParameter(f"'{out}' is an input. Choose another file for the result.")


def read_models(arguments: Sequence[str]) -> dict[str, Path]:
    """Files by model name, from arguments of the form NAME=FILE.

    Parameters
    ----------
    arguments : sequence of str

    Returns
    -------
    dict of str to Path

    Raises
    ------
    typer.BadParameter
        If an argument has no name, a name is repeated, or there is one model only.

    Examples
    --------
    >>> list(read_models(["baseline=a.csv", "cnn=b.csv"]))
    ['baseline', 'cnn']
    """
    files: dict[str, Path] = {}
    for argument in arguments:
        name, sign, file = argument.partition("=")
        if not (name and sign and file):
            raise _bad_models(f"must be given as NAME=FILE, got {argument!r}.")
        if name in files:
            raise _bad_models(f"must have different names, got {name!r} twice.")
        files[name] = Path(file)
    if len(files) < 2:
        raise _bad_models(f"must be two or more, got {len(files)}.")
    return files


def _bad_models(message: str) -> typer.BadParameter:
    return typer.BadParameter(message, param_hint="'NAME=FILE'")


def read_exclusion(text: str) -> list[str]:
    """Comma-separated exam ids; a file of ``audit --json`` stands for the exams it rejects.

    Parameters
    ----------
    text : str
        Exam ids and paths.

    Returns
    -------
    list of str
        Sorted, without duplicates.

    Raises
    ------
    typer.BadParameter
        If a part is neither an id nor such a file.
    """
    parts = split_names(text)
    if text and not parts:
        raise _bad_exclusion(f"must hold exam ids, got '{text}'.")
    ids = {part for part in parts if re.fullmatch(r"\d{4}", part)}
    return sorted(ids.union(*(_list_rejected(Path(part)) for part in parts if part not in ids)))


def _list_rejected(path: Path) -> list[str]:
    if not path.is_file():
        raise _bad_exclusion(
            f"must hold exam ids such as 0042, or files of `audit --json`, got '{path}'."
        )
    rows: object = None
    with contextlib.suppress(ValueError):
        # bytes, since PowerShell's `>` writes UTF-16 or a byte order mark
        rows = json.loads(path.read_bytes())
    findings: list[Any] = rows if isinstance(rows, list) else [None]
    if not all(isinstance(row, dict) and {"exam", "severity"} <= set(row) for row in findings):
        raise _bad_exclusion(f"'{path}' must hold the list that `audit --json` prints. Write it "
                             "again with `audit ROOT --json`.")  # fmt: skip
    return [str(row["exam"]) for row in findings if row["severity"] == "reject" and row["exam"]]


def _bad_exclusion(message: str) -> typer.BadParameter:
    return typer.BadParameter(message, param_hint="'--exclude'")


Root = Annotated[
    Path, typer.Argument(help="Folder in the layout of MRNet: train/, train-acl.csv, ...")
]
Table = Annotated[Path, typer.Argument(help="Feature table, a parquet file.")]
LabelSplit = Annotated[Split, typer.Option(help="Split of the exams in the table.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Jobs = Annotated[
    int, typer.Option(callback=check_jobs, help="Parallel processes; -1 for every core.")
]
Seed = Annotated[int, typer.Option(min=0, help="Random seed; the same seed gives the same result.")]
OnDevice = Annotated[
    Device, typer.Option(help="Device to extract features on; auto is the CPU in this version.")
]
Families = Annotated[
    str,
    typer.Option(
        callback=check_families,
        help="A preset (minimal, baseline or full), or names of families separated by commas.",
    ),
]
Exclude = Annotated[
    str,
    typer.Option(
        help="Exam ids such as 0042, comma-separated, or the output of `audit --json` saved to a "
        "file, which excludes all exams it rejects."
    ),
]
