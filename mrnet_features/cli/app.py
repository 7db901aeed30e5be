"""The application, its error messages and its exit statuses."""

from __future__ import annotations

import contextlib
import functools
import logging
import re
import shlex
import sys
import warnings
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from mrnet_features.cli.stopping import stop_on_signals
from mrnet_features.cli.terminal import (
    EscapedOutput,
    MessageFormatter,
    describe_error,
    print_message,
    shorten,
)
from mrnet_features.messages import escape_controls

FAILED = 1
SHOWN_WARNINGS = 20
"""Most warnings of a kind that are printed."""

INTERRUPTED, TERMINATED = 130, 143  # of a program ended by Ctrl-C or SIGTERM, as in shells

TYPED = "mrnet_features.typed"
"""Key of the arguments that were typed, in the context of a command."""

UsageError: Any = typer.BadParameter.__base__
"""Error of a wrong option: click's, or that of typer's own copy of click."""

STOPPED = (
    "Stopped. If you run it again, knees, extract, reproduce and demo keep the exams that were "
    "finished."
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

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        """Parse the options before the command, and keep what was typed for messages."""
        typed = shlex.join(args)
        with _tidy_usage_errors():
            context = super().make_context(info_name, args, parent, **extra)
        context.meta[TYPED] = typed
        return context

    def invoke(self, ctx: Any) -> Any:
        """Run a command; show errors as one message, without a traceback unless asked for."""
        try:
            with _tidy_usage_errors(), _escape_output():
                return super().invoke(ctx)
        except (typer.Exit, typer.Abort, UsageError, BrokenPipeError):
            raise
        except Exception as error:
            if ctx.params["traceback"]:
                raise
            command = self.commands[ctx.invoked_subcommand]
            options = {name for param in command.params for name in param.opts}
            message = name_options(describe_error(error, ctx.meta[TYPED]), options)
            if message.startswith("`--") and isinstance(error, ValueError | TypeError):
                context = typer.Context(command, info_name=command.name, parent=ctx)
                with _tidy_usage_errors():
                    raise typer.BadParameter(message, ctx=context) from error
            print_message(f"Error: {message}")
            raise typer.Exit(FAILED) from error


@contextlib.contextmanager
def _tidy_usage_errors() -> Iterator[None]:
    """Escape and bound the messages of wrong options, which repeat what was typed."""
    try:
        yield
    except UsageError as error:
        message = escape_controls(shorten(error.format_message()))
        error.format_message = lambda: message
        raise


@contextlib.contextmanager
def _escape_output() -> Iterator[None]:
    """Escape control characters in everything that a command prints to standard output."""
    if sys.stdout is None:  # closed by the shell
        yield
        return
    output: Any = EscapedOutput(sys.stdout)
    with contextlib.redirect_stdout(output):
        try:
            yield
        finally:
            output.flush()


def name_options(message: str, options: Collection[str]) -> str:
    """Message with the options of a command in place of Python arguments.

    Parameters
    ----------
    message : str
        Arguments stand in backticks, or as ``name=True``, ``name=1`` or ``name='value'``.
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
    >>> name_options("Pass id_width=4 to restore the zeros.", {"--id-width"})
    'Pass `--id-width 4` to restore the zeros.'
    """

    def replace(found: re.Match[str]) -> str:
        name = found["quoted"] or found["given"]
        option = f"--{OPTIONS.get(name, name).replace('_', '-')}"
        value = found["value"] or found["number"]
        value = f" {value}" if value else ""
        return f"`{option}{value}`" if option in options else found[0]

    pattern = (
        r"`(?P<quoted>\w+)`|"
        r"\b(?P<given>\w+)=(?:True\b|(?P<number>-?\d+(?:\.\d+)?)\b|'(?P<value>\w+)')"
    )
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
    traceback: Annotated[  # noqa: ARG001 (read by `Commands.invoke`)
        bool, typer.Option("--traceback", help="Show where in the code an error was raised.")
    ] = False,
) -> None:
    """Extract features from knee MRI in the layout of MRNet, and evaluate models on them."""
    if version:
        from mrnet_features import __version__

        print(__version__)
        raise typer.Exit


def main() -> NoReturn:
    """Run the command line; exit status 0, 1 (failed), 2 (wrong use), 130 or 143 (stopped)."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(MessageFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    counts: Counter[Any] = Counter()
    warnings.showwarning = functools.partial(_show_warning, counts)
    try:
        with stop_on_signals(STOPPED):
            app()
    except KeyboardInterrupt:  # before or after typer handles it itself
        print(STOPPED, file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None
    except SystemExit as end:
        if end.code in (INTERRUPTED, TERMINATED):
            print(STOPPED, file=sys.stderr)
        raise
    finally:
        for kind, times in counts.items():
            if times > SHOWN_WARNINGS:
                print_message(f"{times - SHOWN_WARNINGS} more warnings ({kind}) are not shown.")
    sys.exit(0)


def _show_warning(counts: Counter[Any], message: Any, category: Any, *_: Any, **__: Any) -> None:
    """Print a warning, unless many of its kind were printed: a set of exams can have thousands."""
    counts[category.__name__] += 1
    if counts[category.__name__] <= SHOWN_WARNINGS:
        print_message(f"Warning: {message}")
