"""Command `doctor`: what this machine has and what is missing; compiled code."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from mrnet_features.cli.app import FAILED, command
from mrnet_features.cli.options import Json, Quiet
from mrnet_features.cli.terminal import print_next
from mrnet_features.names import NO_DEVICE


@command(
    "Start",
    "mrnet-features doctor",
    "mrnet-features doctor --compile",
    "mrnet-features doctor --clear-cache",
)
def doctor(
    clear_cache: Annotated[
        bool,
        typer.Option(
            "--clear-cache", help="Remove the compiled code of this package, and check nothing."
        ),
    ] = False,
    compile_code: Annotated[
        bool,
        typer.Option(
            "--compile",
            help="Compile all counts on all cores, so that the first extraction doesn't, and check "
            "nothing.",
        ),
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Check the packages and the GPU of this machine, or remove or fill the compiled code.

    Exit status 1 if something that the library needs is missing, the GPU fails, or a file can't be
    removed.
    """
    from mrnet_features.cli.format import print_json, print_machine_checks
    from mrnet_features.diagnostics.doctor import check_machine

    if clear_cache:
        _clear_cache(as_json)
    if compile_code:
        _compile(as_json, quiet)
    if clear_cache or compile_code:
        return
    checks = check_machine()
    if as_json:
        print_json([check.as_dict() for check in checks])
    else:
        print_machine_checks(checks)
        typer.echo(NO_DEVICE)
    if any(check.state in {"missing", "failed"} for check in checks):
        raise typer.Exit(FAILED)
    print_next("demo", quiet=quiet or as_json)


def _clear_cache(as_json: bool) -> None:
    """Remove compiled code, and say what was removed from where."""
    from mrnet_features.cli.format import print_json
    from mrnet_features.compiled_files import clear_compiled_code

    cleared = clear_compiled_code()
    n_files = sum(part.n_files for part in cleared)
    n_bytes = sum(part.n_bytes for part in cleared)
    if as_json:
        folders = [{**dataclasses.asdict(part), "folder": str(part.folder)} for part in cleared]
        print_json({"n_files": n_files, "n_bytes": n_bytes, "folders": folders})
    else:
        for part in cleared:
            typer.echo(f"{part.n_files} files, {part.n_bytes} bytes: {part.folder}")
            if part.problem:
                typer.echo(part.problem, err=True)
        typer.echo(f"Removed {n_files} files of compiled code, {n_bytes} bytes.")
    if any(part.problem for part in cleared):
        raise typer.Exit(FAILED)


def _compile(as_json: bool, quiet: bool) -> None:
    """Compile everything, with a bar, and say where it is kept."""
    from mrnet_features.cli.format import print_json
    from mrnet_features.compiled_files import find_compiled_code
    from mrnet_features.extraction.compile_ahead import compile_ahead

    parts = compile_ahead(progress=False if quiet else None)
    found = find_compiled_code()
    if as_json:
        folders = [{**dataclasses.asdict(part), "folder": str(part.folder)} for part in found]
        print_json({"parts": parts, "folders": folders})
    else:
        n_files, n_bytes = sum(part.n_files for part in found), sum(part.n_bytes for part in found)
        typer.echo(f"Compiled {len(parts)} parts: {n_files} files, {n_bytes / 2**20:.1f} MiB.")
