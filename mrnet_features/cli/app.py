"""The application, and the options that several verbs share."""

from __future__ import annotations

import json
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


Root = Annotated[Path, typer.Argument(help="MRNet folder: holds train/, train-acl.csv, ...")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON value and nothing else.")]
Jobs = Annotated[int, typer.Option(help="Processes at a time; -1 for every core.")]
Seed = Annotated[int, typer.Option(help="Seed; the same seed gives the same result.")]


def name_families(text: str) -> str | list[str]:
    """A preset's or a family's name, or the names between commas."""
    names = [name.strip() for name in text.split(",")]
    return names if len(names) > 1 else names[0]


def say(message: str) -> None:
    """Tell the person at the terminal; results alone go to the standard output."""
    print(message, file=sys.stderr)


def print_json(value: Any) -> None:
    """Print one JSON value."""
    print(json.dumps(value, indent=2))
