"""Files named on the command line: predictions of models, and exams to leave out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import typer

from mrnet_features.cli.option_values import split_names
from mrnet_features.cli.terminal import describe_error
from mrnet_features.messages import quote


def read_models(
    arguments: Sequence[str], fewest: int = 2, hint: str = "NAME=FILE"
) -> dict[str, Path]:
    """Files by model name, from arguments of the form NAME=FILE.

    Parameters
    ----------
    arguments : sequence of str
    fewest : int, default 2
        Fewest models.
    hint : str, default "NAME=FILE"
        Argument or option, for errors.

    Returns
    -------
    dict of str to Path

    Raises
    ------
    typer.BadParameter
        If an argument has no name, a name is repeated, or there are too few models.

    Examples
    --------
    >>> list(read_models(["baseline=a.csv", "cnn=b.csv"]))
    ['baseline', 'cnn']
    """
    files: dict[str, Path] = {}
    for argument in arguments:
        name, sign, file = argument.partition("=")
        problem = ""
        if not (name and sign and file):
            problem = f"must be given as NAME=FILE, got {quote(argument)}."
        elif name in files:
            problem = f"must have different names, got {quote(name)} twice."
        if problem:
            raise typer.BadParameter(problem, param_hint=f"'{hint}'")
        files[name] = Path(file)
    if len(files) < fewest:
        raise typer.BadParameter(f"must be two or more, got {len(files)}.", param_hint=f"'{hint}'")
    return files


def read_exclusion(text: str) -> list[str]:
    """Comma-separated exam ids; a file of ``audit --json`` stands for the exams it rejects.

    Parameters
    ----------
    text : str
        Exam ids and paths. A part that is no number and names something that exists, has a folder
        or ends in ``.json`` is a path.

    Returns
    -------
    list of str
        Sorted, without duplicates.

    Raises
    ------
    typer.BadParameter
        If a part is neither an id nor such a file.
    """
    from mrnet_features.ids.rules import find_id_problem

    parts = split_names(text)
    if text and not parts:
        raise _bad_exclusion(f"must hold exam ids, got {quote(text)}.")
    ids: set[str] = set()
    for part in parts:
        if _is_path(part):
            ids.update(_read_rejected(Path(part)))
            continue
        problem = find_id_problem(part)
        if problem:
            raise _bad_exclusion(
                "must hold exam ids such as 0042, or files of `audit --json`, but "
                f"{quote(part)} {problem}."
            )
        ids.add(part)
    return sorted(ids)


def _is_path(part: str) -> bool:
    """Whether a part of ``--exclude`` is a path and not an exam id."""
    if part.isdecimal():
        return False
    return os.path.lexists(part) or "/" in part or os.sep in part or part.endswith(".json")


def _read_rejected(path: Path) -> set[str]:
    """Ids of the exams that an audit rejects."""
    from mrnet_features.ids.excluded import REJECT
    from mrnet_features.quality.findings import read_finding_rows

    try:
        rows = read_finding_rows(path, ("exam", "severity"))
    except (OSError, ValueError) as error:
        raise _bad_exclusion(describe_error(error, "")) from error
    # the exam is empty in a finding about the folder
    return {row["exam"] for row in rows if row["severity"] == REJECT and row["exam"]}


def _bad_exclusion(message: str) -> typer.BadParameter:
    return typer.BadParameter(message, param_hint="'--exclude'")
