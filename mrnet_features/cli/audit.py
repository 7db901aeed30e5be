"""Command `audit`: exams to reject or to check."""

from __future__ import annotations

import textwrap
from typing import Annotated, Any

import typer

from mrnet_features.cli.app import command
from mrnet_features.cli.option_values import complete_names, split_names
from mrnet_features.cli.options import Jobs, Json, Quiet, Root
from mrnet_features.cli.terminal import print_message, print_next, quote_path

# written out, since importing `quality.findings` here would import pandas for every command
CODES = (
    *("label-file", "label-missing", "label-conflict", "stack-file", "stack-missing"),
    *("blank-slices", "repeated-slices", "saturated", "ghosting", "out-of-view", "orientation"),
    *("few-slices", "body-part", "weighting"),
    *("noise", "blur", "slice-count", "duplicate", "near-duplicate"),
    *("header-plane", "header-weighting", "header-side", "header-body-part", "header-localiser"),
)
INDENT: Any = {"initial_indent": "  ", "subsequent_indent": "  "}


@command(
    "Data",
    "mrnet-features audit MRNet-v1.0",
    "mrnet-features audit MRNet-v1.0 --codes stack-file,duplicate",
    "mrnet-features audit MRNet-v1.0 --json > audit.json",
    notes=f"Codes:\n{textwrap.fill(', '.join(CODES), 78, break_on_hyphens=False, **INDENT)}",
)
def audit(
    root: Root,
    codes: Annotated[
        str | None,
        typer.Option(
            autocompletion=complete_names(*CODES),
            show_default=False,
            help="Codes to look for, comma-separated; by default all.",
        ),
    ] = None,
    skip: Annotated[
        str,
        typer.Option(autocompletion=complete_names(*CODES), help="Codes to skip, comma-separated."),
    ] = "",
    jobs: Jobs = -1,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Find exams to reject or to check, in all splits of a folder.

    One line per finding, exams to reject first: the split, exam and plane, what is wrong, and what
    to do about it. Then how many exams lack which series, and what could not be checked.
    """
    from mrnet_features.cli.format import (
        describe_missing,
        describe_unjudged,
        print_audit,
        print_json,
        table_as_rows,
    )
    from mrnet_features.workflows.audit_folder import audit_folder

    chosen = None if codes is None else split_names(codes)
    findings = audit_folder(root, codes=chosen, skip=split_names(skip), n_jobs=jobs)
    if as_json:
        print_json(table_as_rows(findings))
        print_message(describe_missing(findings))
        print_message(describe_unjudged(findings))
    else:
        print_audit(findings)
    place = quote_path(root)
    if (findings["severity"] == "reject").any():
        print_next(f"audit {place} --json > audit.json", quiet=quiet or as_json)
    else:
        print_next(f"extract {place} --out train.parquet", quiet=quiet or as_json)
