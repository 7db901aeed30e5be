"""Command line: one thin command a verb, which parses, calls and shows."""

from __future__ import annotations

import logging
import sys
import warnings
from typing import Annotated, Any, NoReturn

import typer

from mrnet_features.cli import demo, folders, scores
from mrnet_features.cli.app import app

INTERRUPTED = 130  # what a shell reports of a program that Ctrl-C ended, and typer too
STOPPED = "Stopped. Finished exams are kept: knees, extract, reproduce and demo go on from there."

__all__ = ["app", "demo", "folders", "main", "scores"]


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,  # noqa: ARG001
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        from mrnet_features import __version__

        print(__version__)
        raise typer.Exit


def main() -> NoReturn:
    """Run the command line; exit status 0, 1 (failed), 2 (wrong use) or 130 (stopped)."""
    logging.basicConfig(format="%(message)s", level=logging.INFO, stream=sys.stderr)
    warnings.showwarning = _show_warning
    try:
        app()
    except SystemExit as end:
        if end.code == INTERRUPTED:
            _fail(STOPPED, INTERRUPTED)
        raise
    except (OSError, ValueError, TypeError, KeyError, ImportError, RuntimeError) as error:
        text = error.args[0] if isinstance(error, KeyError) and error.args else error
        _fail("\n".join([f"Error: {text}", *getattr(error, "__notes__", [])]))
    sys.exit(0)


def _show_warning(*details: Any, **_: Any) -> None:
    print(f"Warning: {details[0]}", file=sys.stderr)


def _fail(message: str, status: int = 1) -> NoReturn:
    print(message, file=sys.stderr)
    sys.exit(status)
