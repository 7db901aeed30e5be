"""The application, its error messages and its exit statuses."""

from __future__ import annotations

import logging
import re
import sys
import warnings
from collections.abc import Collection
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from mrnet_features.cli.stopping import stop_on_signals

FAILED = 1
INTERRUPTED, TERMINATED = 130, 143  # of a program ended by Ctrl-C or SIGTERM, as in shells

STOPPED = (
    "Stopped. Finished exams are kept: run knees, extract, reproduce or demo again to continue."
)

OPTIONS = {
    "n_jobs": "jobs",
    "n_repeats": "repeats",
    "n_splits": "n-folds",
    "n_train": "train",
    "n_valid": "valid",
}
"""Options by Python argument, where the two have different names."""


class Commands(TyperGroup):
    """Command group that prints errors as messages; exit status 2 for a wrong option, else 1."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command; show errors caused by the user as one message, without a traceback."""
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except (OSError, ValueError, TypeError, KeyError, ImportError, RuntimeError) as error:
            text = error.args[0] if isinstance(error, KeyError) and error.args else error
            command = self.commands[ctx.invoked_subcommand]
            options = {name for param in command.params for name in param.opts}
            lines = [str(text), *getattr(error, "__notes__", [])]
            message = name_options("\n".join(lines), options)
            if message.startswith("`--") and isinstance(error, ValueError | TypeError):
                context = typer.Context(command, info_name=command.name, parent=ctx)
                raise typer.BadParameter(message, ctx=context) from error
            print(f"Error: {message}", file=sys.stderr)
            raise typer.Exit(FAILED) from error


def name_options(message: str, options: Collection[str]) -> str:
    """Message with the options of a command in place of Python arguments.

    Parameters
    ----------
    message : str
        Arguments stand in backticks, or as ``name=True`` or ``name='value'``.
    options : collection of str
        Options of the command; other arguments are left as they are.

    Returns
    -------
    str

    Examples
    --------
    >>> name_options("`n_splits` must be at least 2. Fit `labels` again.", {"--n-folds"})
    '`--n-folds` must be at least 2. Fit `labels` again.'
    >>> name_options("Pass subset=True or device='cpu'.", {"--subset", "--device"})
    'Pass `--subset` or `--device cpu`.'
    """

    def replace(found: re.Match[str]) -> str:
        name = found["quoted"] or found["given"]
        option = f"--{OPTIONS.get(name, name).replace('_', '-')}"
        value = f" {found['value']}" if found["value"] else ""
        return f"`{option}{value}`" if option in options else found[0]

    pattern = r"`(?P<quoted>\w+)`|\b(?P<given>\w+)=(?:True\b|'(?P<value>\w+)')"
    return re.sub(pattern, replace, message)


app = typer.Typer(
    name="mrnet-features",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,  # noqa: ARG001
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Extract features from knee MRI in the layout of MRNet, and evaluate models on them."""
    if version:
        from mrnet_features import __version__

        print(__version__)
        raise typer.Exit


def main() -> NoReturn:
    """Run the command line; exit status 0, 1 (failed), 2 (wrong use), 130 or 143 (stopped)."""
    logging.basicConfig(format="%(message)s", level=logging.INFO, stream=sys.stderr)
    warnings.showwarning = _show_warning
    try:
        with stop_on_signals(STOPPED):
            app()
    except SystemExit as end:
        if end.code in (INTERRUPTED, TERMINATED):
            print(STOPPED, file=sys.stderr)
        raise
    sys.exit(0)


def _show_warning(*details: Any, **_: Any) -> None:
    print(f"Warning: {details[0]}", file=sys.stderr)
