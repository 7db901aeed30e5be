"""The application, its error messages and its exit statuses."""

from __future__ import annotations

import contextlib
import functools
import inspect
import logging
import re
import shlex
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from mrnet_features.cli.stopping import stop_on_signals
from mrnet_features.cli.terminal import (
    EscapedOutput,
    MessageFormatter,
    describe_error,
    hide_home,
    is_terminal,
    print_message,
    send_styles,
    shorten,
)
from mrnet_features.messages import escape_controls, suggest_name

FAILED = 1
SHOWN_WARNINGS = 20
"""Most warnings of a kind that are printed."""

INTERRUPTED, TERMINATED = 130, 143  # of a program ended by Ctrl-C or SIGTERM, as in shells

F = TypeVar("F", bound=Callable[..., Any])

TYPED = "mrnet_features.typed"
"""Key of the arguments that were typed, in the context of a command."""

PANELS = ("Start", "Data", "Table", "Study", "Report")
"""Panels of the commands in ``--help``, in their order."""

UsageError: Any = typer.BadParameter.__base__
"""Error of a wrong option: click's, or that of typer's own copy of click."""

STOPPED = "Stopped."

RESUMED = "Stopped. Run the same command again to continue: finished {} are kept."
"""Of a command that keeps what is finished."""

OPTIONS = {
    "n_exams": "exams",
    "n_jobs": "jobs",
    "n_repeats": "repeats",
    "n_splits": "n-folds",
    "n_train": "train",
    "n_valid": "valid",
}
"""Options by Python argument, where the two have different names."""

DATA = {"data", "exams", "features", "groups", "labels", "models"}
"""Python arguments for what a command reads itself: they are named without backticks."""

PYTHON_ONLY = {
    r"Pass id_width=\d+ to restore .*?, or write ids as text": (
        "Write ids as text, with their zeros"
    ),
    r"read its ids as text or, if .*?, pass id_width=\d+ when you read it": (
        "write its ids as text, with their zeros"
    ),
}
"""Advice in place of that which needs an argument, for commands without its option."""

running: Any = None
"""Context of the command that runs: warnings and messages about a stop need its options."""


class Command(TyperCommand):
    """Command whose help ends with examples."""

    notes = ""
    """Text before the examples, with its own line ends."""

    examples: tuple[str, ...] = ()
    """Command lines. Those of all commands run one after another in a test."""

    resumes = False
    """Whether a stopped run keeps what is finished."""

    unit = "exams"
    """What it keeps."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help, with panels on a terminal, and examples as they are typed."""
        with _style_help(self):
            super().format_help(ctx, formatter)
        # older typer escapes brackets for rich also where rich is not used
        formatter.buffer[:] = [text.replace("\\[", "[") for text in formatter.buffer]
        if self.notes:
            formatter.write(f"\n{self.notes}\n")
        if self.examples:
            formatter.write("\nExamples:\n" + "".join(f"  {line}\n" for line in self.examples))


class Commands(TyperGroup):
    """Command group that prints errors as messages; exit status 2 for a wrong option, else 1."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help, with panels on a terminal."""
        with _style_help(self):
            super().format_help(ctx, formatter)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """Write the first sentence of each command, whole, panel by panel."""
        panels: dict[str, list[tuple[str, str]]] = {panel: [] for panel in PANELS}
        for name, command in self.commands.items():
            panel = getattr(command, "rich_help_panel", None)
            rows = panels.setdefault(panel if isinstance(panel, str) else "Commands", [])
            rows.append((name, (command.help or "").split("\n\n")[0]))
        for panel, rows in panels.items():
            if rows:
                with formatter.section(panel):
                    formatter.write_dl(rows)

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        """Parse the options before the command, and keep what was typed for messages."""
        typed = shlex.join(args)
        with _tidy_usage_errors(self.commands):
            context = super().make_context(info_name, args, parent, **extra)
        context.meta[TYPED] = typed
        return context

    def invoke(self, ctx: Any) -> Any:
        """Run a command; show errors as one message, without a traceback unless asked for."""
        global running
        running = ctx
        try:
            with _tidy_usage_errors(self.commands), _escape_output():
                return super().invoke(ctx)
        except (typer.Exit, typer.Abort, UsageError, BrokenPipeError):
            raise
        except Exception as error:
            if ctx.params["traceback"]:
                raise
            command = self.commands[ctx.invoked_subcommand]
            options = _list_options()
            message = describe_error(error, ctx.meta[TYPED], has_jobs="--jobs" in options)
            message = name_options(message, options)
            if message.startswith("`--") and isinstance(error, ValueError | TypeError):
                context = typer.Context(command, info_name=command.name, parent=ctx)
                with _tidy_usage_errors():
                    raise typer.BadParameter(message, ctx=context) from error
            print_message(f"Error: {message}")
            raise typer.Exit(FAILED) from error


@contextlib.contextmanager
def _tidy_usage_errors(commands: Collection[str] = ()) -> Iterator[None]:
    """Escape and bound messages of wrong options, which repeat what was typed; suggest names."""
    try:
        yield
    except UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # its message is the whole help
            raise
        message = error.format_message().replace(": Value error, ", ": ")  # of newer typer
        message = name_options(message, _list_options())
        message = _suggest_choice(message, commands)
        message = escape_controls(shorten(message))
        error.format_message = lambda: message
        raise


def _suggest_choice(message: str, commands: Collection[str]) -> str:
    """Message of a wrong choice or command, with the name that may have been meant."""
    if "Did you mean" in message:
        return message
    choice = re.search(r"'([^']*)' is not one of ('.*')", message)
    if choice:
        return message + suggest_name(choice[1], re.findall(r"'([^']*)'", choice[2]))
    command = re.search(r"No such command '([^']*)'", message)
    return message + suggest_name(command[1], commands) if command else message


@contextlib.contextmanager
def _style_help(command: Any) -> Iterator[None]:
    """Rich help on a terminal; plain text elsewhere."""
    if not is_terminal():
        yield
        return
    command.rich_markup_mode = "rich"
    try:
        with send_styles():
            yield
    finally:
        command.rich_markup_mode = None


def _find_command() -> Any:
    """Command that runs, if any."""
    name = running and running.invoked_subcommand
    return running.command.commands.get(name) if name else None


def _list_options() -> set[str]:
    """Options of the command that runs."""
    command = _find_command()
    return {name for param in command.params for name in param.opts} if command else set()


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
    '`--n-folds` must be at least 2. Fit labels again.'
    >>> name_options("Pass subset=True or device='cpu'.", {"--subset", "--device"})
    'Pass `--subset` or `--device cpu`.'
    >>> name_options("Pass id_width=4 to restore the zeros.", {"--id-width"})
    'Pass `--id-width 4` to restore the zeros.'
    """

    def replace(found: re.Match[str]) -> str:
        name = found["quoted"] or found["given"]
        if found["quoted"] in DATA and options:
            return found["quoted"]
        option = f"--{OPTIONS.get(name, name).replace('_', '-')}"
        value = found["value"] or found["number"]
        value = f" {value}" if value else ""
        return f"`{option}{value}`" if option in options else found[0]

    pattern = (
        r"`(?P<quoted>\w+)`|"
        r"\b(?P<given>\w+)=(?:True\b|(?P<number>-?\d+(?:\.\d+)?)\b|'(?P<value>\w+)')"
    )
    if options and "--id-width" not in options:
        for advice, other in PYTHON_ONLY.items():
            message = re.sub(advice, other, message)
    named = re.sub(pattern, replace, message)
    if "--tasks" in options:  # of Python, where one leaves out a column of the labels
        named = named.replace("leave the task out", "name the other tasks in `--tasks`")
    return named


app = typer.Typer(
    name="mrnet-features",
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # of error messages; see `_style_help`
    context_settings={"help_option_names": ["-h", "--help"]},
)


def command(
    panel: str, *examples: str, notes: str = "", resumes: bool = False, unit: str = "exams"
) -> Callable[[F], F]:
    """Register a function as a command.

    Parameters
    ----------
    panel : str
        One of `PANELS`.
    *examples : str
        Command lines for the end of its help; a test runs them.
    notes : str, default ""
        Text before the examples, with its own line ends.
    resumes : bool, default False
        Whether a stopped run keeps what is finished.
    unit : str, default "exams"
        What it keeps.

    Returns
    -------
    callable
        Decorator.
    """
    settings = {"examples": examples, "notes": notes, "resumes": resumes, "unit": unit}

    def register(function: F) -> F:
        paragraphs = inspect.cleandoc(function.__doc__ or "").split("\n\n")
        text = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
        kind = type("Command", (Command,), settings)
        return app.command(cls=kind, help=text, rich_help_panel=panel)(function)

    return register


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
    global running
    running = None
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(MessageFormatter())
    logging.basicConfig(handlers=[handler])  # of other packages warnings only
    logging.getLogger("mrnet_features").setLevel(logging.INFO)
    counts: Counter[Any] = Counter()
    warnings.showwarning = functools.partial(_show_warning, counts, set())
    try:
        with stop_on_signals(describe_stop):
            app(prog_name="mrnet-features")
    except KeyboardInterrupt:  # before or after typer handles it itself
        print(describe_stop(), file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None
    except SystemExit as end:
        if end.code in (INTERRUPTED, TERMINATED):
            print(describe_stop(), file=sys.stderr)
        raise
    finally:
        for kind, times in counts.items():
            if times > SHOWN_WARNINGS:
                print_message(f"{times - SHOWN_WARNINGS} more warnings ({kind}) are not shown.")
    sys.exit(0)


def say_command(context: typer.Context) -> str:
    """The command as it was typed, without the path of the home folder.

    Parameters
    ----------
    context : typer.Context
        Of the command that runs.

    Returns
    -------
    str
    """
    return f"mrnet-features {hide_home(context.meta[TYPED])}"


def describe_stop() -> str:
    """Message about a stop: what the next run need not do again, if anything."""
    command = _find_command()
    return RESUMED.format(command.unit) if getattr(command, "resumes", False) else STOPPED


def _show_warning(
    counts: Counter[Any], shown: set[str], message: Any, category: Any, *_: Any, **__: Any
) -> None:
    """Print a warning once, unless many of its kind were printed: exams can have thousands."""
    if str(message) in shown:
        return
    shown.add(str(message))
    counts[category.__name__] += 1
    if counts[category.__name__] <= SHOWN_WARNINGS:
        print_message(f"Warning: {name_options(str(message), _list_options())}")
