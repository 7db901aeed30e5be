"""Command `audit`: exams to reject or to check."""

from __future__ import annotations

from typing import Annotated

import typer

from mrnet_features.cli.app import app
from mrnet_features.cli.options import Jobs, Json, Root, split_names


@app.command()
def audit(
    root: Root,
    codes: Annotated[
        str | None, typer.Option(help="Findings to look for, such as ghosting,noise; default: all.")
    ] = None,
    skip: Annotated[str, typer.Option(help="Findings not to look for.")] = "",
    jobs: Jobs = -1,
    as_json: Json = False,
) -> None:
    """Find exams to reject or to check, in both splits."""
    from mrnet_features.cli.format import (
        describe_unjudged,
        format_audit,
        print_json,
        print_note,
        table_as_rows,
    )
    from mrnet_features.quality.audit import audit as run_audit

    chosen = None if codes is None else split_names(codes)
    findings = run_audit(root, codes=chosen, skip=split_names(skip), n_jobs=jobs)
    if as_json:
        print_json(table_as_rows(findings))
        print_note(describe_unjudged(findings))
    else:
        print(format_audit(findings))
