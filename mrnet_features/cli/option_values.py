"""How the values of arguments and options are read, checked and completed."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from mrnet_features.cli.terminal import describe_error
from mrnet_features.messages import quote, suggest_name
from mrnet_features.names import PLANES, WEIGHTINGS

if TYPE_CHECKING:
    import pandas as pd

    from mrnet_features.files.stored_paths import AnyPath

FEWEST_JOBS = 64
"""Number of processes that is allowed on every machine."""


SERIES = (*PLANES, *(f"{plane}_{weighting}" for plane in PLANES for weighting in WEIGHTINGS))
"""Names of series that the options of series complete."""


def split_names(text: str) -> list[str]:
    """Comma-separated names as a list, each once.

    Examples
    --------
    >>> split_names("glcm, lbp,glcm")
    ['glcm', 'lbp']
    """
    return list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def name_families(text: str) -> str | list[str]:
    """Name of a preset or family, or list of comma-separated names."""
    names = split_names(text)
    return names[0] if len(names) == 1 else names


def check_jobs(jobs: int) -> int:
    """Number of processes; it must not be 0, and processes beyond the cores only take memory."""
    if jobs == 0:
        raise typer.BadParameter("must not be 0; -1 uses every core.")
    most = max(FEWEST_JOBS, 4 * (os.cpu_count() or 1))
    if not -most <= jobs <= most:
        raise typer.BadParameter(f"must be at most {most}, got {jobs}; -1 uses every core.")
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


def check_planes(text: str | None) -> str | None:
    """Comma-separated names of series, or None."""
    from mrnet_features.names import check_series

    if text is None:
        return None
    planes = split_names(text)
    if not planes:
        raise typer.BadParameter(f"must be one or more of {', '.join(SERIES)}, got none.")
    try:
        check_series(planes)
    except ValueError as error:
        unknown = next((plane for plane in planes if plane not in SERIES), "")
        hint = suggest_name(unknown, SERIES)
        raise typer.BadParameter(_drop_argument(error, "planes") + hint) from error
    return text


def check_model(name: str) -> str:
    """Name of a baseline, or module:object of a classifier, which is imported."""
    from mrnet_features.workflows.named_models import load_model

    try:
        load_model(name)
    except (ValueError, TypeError) as error:
        raise typer.BadParameter(_drop_argument(error, "model")) from error
    except ImportError as error:
        if ":" not in name:  # of LightGBM, which is no fault of the option
            raise
        raise typer.BadParameter(str(error)) from error
    return name


def check_views(text: str) -> str:
    """Comma-separated names of importance views."""
    from mrnet_features.workflows.score import check_views as check

    try:
        check(split_names(text))
    except ValueError as error:
        raise typer.BadParameter(_drop_argument(error, "views")) from error
    return text


def list_tasks(text: str) -> list[str] | None:
    """Names of tasks, or None for all."""
    return split_names(text) or None


def read_groups(
    source: str, root: AnyPath, split: str, exams: Iterable[str], jobs: int
) -> pd.Series[Any] | None:
    """Groups of the exams of a table, or None if none were asked for."""
    from mrnet_features.workflows.groups import read_groups as read

    return read(source, root, split, list(exams), n_jobs=jobs) if source else None


def _drop_argument(error: Exception, name: str) -> str:
    """Message of an error about an argument, without its name: click names the option."""
    return str(error).removeprefix(f"`{name}` ")


def be_quiet(quiet: bool) -> bool:
    """Hide progress and messages that are no warnings, if asked for."""
    if quiet:
        logging.getLogger("mrnet_features").setLevel(logging.WARNING)
    return quiet


def choose_out(argument: Path | None, option: Path | None) -> Path:
    """Output given as an argument or with ``--out``, which must be given once."""
    if (argument is None) == (option is None):
        got = "none" if argument is None else "both"
        raise typer.BadParameter(
            f"must be given once, as an argument or with -o, got {got}.", param_hint="'OUT'"
        )
    chosen = argument or option
    assert chosen is not None  # for the type checker
    return chosen


def complete_names(*names: str) -> Callable[[str], list[str]]:
    """Completion of the last of several comma-separated names."""

    def complete(incomplete: str) -> list[str]:
        before, comma, last = incomplete.rpartition(",")
        return [f"{before}{comma}{name}" for name in names if name.startswith(last)]

    return complete


def complete_families(incomplete: str) -> list[str]:
    """Completion of presets and families; they are imported only here."""
    from mrnet_features.families.presets import PRESETS, discover_families

    return complete_names(*PRESETS, *discover_families())(incomplete)


def check_parquet(path: Path) -> Path:
    """Path of a table to write; it must end in ``.parquet``, and missing folders are made."""
    from mrnet_features.files.paths import require_local_output
    from mrnet_features.workflows.outputs import check_output_file, check_output_folder

    check_output(require_local_output, path)
    if path.suffix != ".parquet":
        raise typer.BadParameter(f"must end in '.parquet', got {quote(str(path))}.")
    if path.parent.is_dir():
        check_output(check_output_file, path)
    else:
        check_output(check_output_folder, path.parent)
    return path


def check_file(out: Path | None, inputs: Iterable[Path | None] = ()) -> None:
    """Raise if a file can't be written, or would replace an input; see `check_output_file`."""
    from mrnet_features.workflows.outputs import check_output_file

    if out:
        check_output(check_output_file, out, [path for path in inputs if path])


def check_folder(out: Path) -> Path:
    """Folder to write, made later if it is new; see `check_output_folder`."""
    from mrnet_features.workflows.outputs import check_output_folder

    check_output(check_output_folder, out)
    return out


def check_output(check: Callable[..., None], *arguments: Any, hint: str = "") -> None:
    """Run a check of an output; an error is one of the option `hint`, or of the one being read."""
    try:
        check(*arguments)
    except (OSError, ValueError) as error:
        param_hint = f"'{hint}'" if hint else None
        raise typer.BadParameter(describe_error(error, ""), param_hint=param_hint) from error


def parse_root(text: str) -> AnyPath:
    """Path of the exams: a local one, in a zip file, or a URL."""
    from mrnet_features.files.paths import to_path

    try:
        return to_path(text)
    except ValueError as error:  # of a zip file that can't be read
        raise typer.BadParameter(str(error)) from error


def list_label_files(root: AnyPath, split: str) -> list[Path]:
    """Files of a folder that no result may replace."""
    from mrnet_features.workflows.exam_folders import list_inputs

    return list_inputs(root, split)
