"""Command `doctor`: what this machine has and what is missing."""

from __future__ import annotations

import typer

from mrnet_features.cli.app import FAILED, app
from mrnet_features.cli.options import Json


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check the packages and the GPU of this machine.

    Exit status 1 if something that the library needs is missing, or the GPU fails.
    """
    from mrnet_features.cli.format import format_machine_checks, print_json
    from mrnet_features.diagnostics.doctor import check_machine

    checks = check_machine()
    if as_json:
        print_json([check.as_dict() for check in checks])
    else:
        print(format_machine_checks(checks))
    if any(check.state in {"missing", "failed"} for check in checks):
        raise typer.Exit(FAILED)
