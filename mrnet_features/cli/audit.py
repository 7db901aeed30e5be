"""Command `audit`: exams to reject or to check."""

from __future__ import annotations

from typing import Annotated

import typer

from mrnet_features.cli.app import app
from mrnet_features.cli.options import Jobs, Json, Root, split_names
from mrnet_features.cli.terminal import print_message

# written out, since importing `quality.findings` here would import pandas for every command
CODES_HELP = """\b
Codes: label-file, label-missing, label-conflict, stack-file, stack-missing,
  blank-slices, repeated-slices, saturated, ghosting, out-of-view, orientation,
  noise, blur, slice-count, duplicate, near-duplicate
"""


@app.command(epilog=CODES_HELP)
def audit(
    root: Root,
    codes: Annotated[
        str | None, typer.Option(help="Codes to look for, comma-separated; default: all.")
    ] = None,
    skip: Annotated[str, typer.Option(help="Codes to skip, comma-separated.")] = "",
    jobs: Jobs = -1,
    as_json: Json = False,
) -> None:
    """Find exams to reject or to check, in both splits."""
    from mrnet_features.cli.format import (
        describe_unjudged,
        format_audit,
        print_json,
        table_as_rows,
    )
    from mrnet_features.quality.audit import audit as run_audit

    chosen = None if codes is None else split_names(codes)
    findings = run_audit(root, codes=chosen, skip=split_names(skip), n_jobs=jobs)
    if as_json:
        print_json(table_as_rows(findings))
        print_message(describe_unjudged(findings))
    else:
        print(format_audit(findings))
