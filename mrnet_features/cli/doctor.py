"""Command `doctor`: what this machine has and what is missing."""

from __future__ import annotations

import typer

from mrnet_features.cli.app import FAILED, command
from mrnet_features.cli.options import Json, Quiet
from mrnet_features.cli.terminal import print_next


@command("Start", "mrnet-features doctor", "mrnet-features doctor --json")
def doctor(as_json: Json = False, quiet: Quiet = False) -> None:
    """Check the packages and the GPU of this machine.

    Exit status 1 if something that the library needs is missing, or the GPU fails.
    """
    from mrnet_features.cli.format import print_json, print_machine_checks
    from mrnet_features.diagnostics.doctor import check_machine

    checks = check_machine()
    if as_json:
        print_json([check.as_dict() for check in checks])
    else:
        print_machine_checks(checks)
    if any(check.state in {"missing", "failed"} for check in checks):
        raise typer.Exit(FAILED)
    print_next("demo", quiet=quiet or as_json)
